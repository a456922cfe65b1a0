"""commands/doctor.py: findings in words and as JSON, and an exit code that tells."""

from __future__ import annotations

import json
from pathlib import Path

from families import write_family
from typer.testing import CliRunner

from babelreel.cli import app
from babelreel.doctor.finding import Verdict, fault, passed, unknown
from babelreel.doctor.run import CHECKS, to_text


def test_a_healthy_model_exits_with_0_and_a_lacking_language_with_1(tmp_path: Path) -> None:
    folder = write_family("metaclip2", tmp_path / "model")
    told = tmp_path / "findings.json"
    healthy = CliRunner().invoke(app, ["doctor", str(folder), "--frames", "3", "--json", str(told)])
    assert healthy.exit_code == 0, healthy.output
    assert f"{len(CHECKS)} checks: {len(CHECKS)} passed, 0 found a fault" in healthy.stdout
    found = json.loads(told.read_text())
    assert found["model"] == str(folder)
    assert [finding["check"] for finding in found["findings"]] == list(CHECKS)

    lacking = CliRunner().invoke(app, ["doctor", str(folder), "--frames", "1", "--langs", "de,th"])
    assert lacking.exit_code == 1
    assert "!! languages" in lacking.stdout
    assert "read: de; hardly: th (100% unknown)" in lacking.stdout


def test_a_report_marks_faults_and_says_what_to_do() -> None:
    findings = [passed("well"), fault("red and blue", "Swap them."), unknown("no clip")]
    lines = to_text(findings).splitlines()
    assert [line[:2] for line in lines[:2]] == ["  ", "!!"]
    assert lines[2].strip() == "-> Swap them."
    assert lines[3].startswith(" ?")
    assert lines[-1] == "3 checks: 1 passed, 1 found a fault, 1 cannot tell"
    assert [finding.verdict for finding in findings] == [Verdict.PASS, Verdict.FAULT, Verdict.UNKNOWN]
