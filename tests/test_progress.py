"""progress.py: a bar on a terminal, a line now and then elsewhere, nothing for what is quickly done."""

from __future__ import annotations

import io
import sys

import pytest

from babelreel import progress
from babelreel.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_long_work_prints_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress_bar("training", "steps") as report:
        for done in range(1, 41):  # the features first, quicker than a line
            clock[0] += 0.125
            report(done, 40)
        for done in range(1, 31):  # then a step a second
            clock[0] += 1.0
            report(done, 30, f"loss {31 - done}")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "training: 5 of 30, 1.0 steps/s, 25 s left, loss 26",
        "training: 15 of 30, 1.0 steps/s, 15 s left, loss 16",
        "training: 25 of 30, 1.0 steps/s, 5 s left, loss 6",
    ]


def test_short_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("indexing") as report:
        report(1, 1)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("training", "steps") as report:
        report(1, 2, "loss 0.500")
        report(2, 2, "loss 0.250")
    assert "training" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()
    assert "loss 0.250" in terminal.getvalue()
