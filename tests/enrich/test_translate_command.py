"""commands/translate.py: from the shell, with real signals to a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from translators import LEARNED

from babelreel import cli
from babelreel.corpora.manifest import read_manifest, write_manifest
from babelreel.types import Caption, Corpus, MediaItem


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    items = [MediaItem(f"{n}", f"{n}.mp4", "video", captions=(Caption(LEARNED[n]["en"], "en"),)) for n in range(4)]
    path = tmp_path / "media" / "m.jsonl"
    write_manifest(Corpus("m", path.parent, tuple(items)), path)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["babelreel", "translate", *map(str, arguments)])
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_a_manifest_becomes_a_larger_one(
    manifest: Path, learned: Path, converted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(manifest.parent)
    given = (manifest, "--to", "de, fr", "--model", learned, "--cache", converted, "--round-trip", 50)
    assert run(monkeypatch, *given) == 0
    said = capsys.readouterr()
    assert "de               4        4        4        4    1." in said.out
    assert "  100.0  none" in said.out
    assert "fr               4        4        4        0       -      -  " in said.out
    assert "The corpus: m.de-fr.jsonl" in said.out
    assert "--media-root" not in said.out
    made = read_manifest("m.de-fr.jsonl")
    assert [c.text for item in made.items for c in item.captions if c.lang == "de"] == [t["de"] for t in LEARNED]
    dropped = [json.loads(line) for line in Path("m.de-fr.dropped.jsonl").read_text("utf-8").splitlines()]
    assert [(row["item"], row["lang"], row["source"]) for row in dropped] == [
        (f"{n}", "fr", LEARNED[n]["en"]) for n in range(4)
    ]
    assert all(row["reason"] and "text" in row for row in dropped)
    rows = json.loads(Path("m.de-fr.statistics.json").read_text("utf-8"))
    assert [(row["lang"], row["kept"], sum(row["dropped"].values())) for row in rows] == [("de", 4, 0), ("fr", 0, 4)]
    again = ("m.de-fr.jsonl", "--to", "de", "--model", learned, "--cache", converted, "-o", "x/o.jsonl")
    assert run(monkeypatch, *again) == 0
    said = capsys.readouterr()
    assert "each group has a caption in de already" in said.out
    assert "Its paths start from" in said.out


def test_mistakes_are_told_in_words(
    manifest: Path, learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = (manifest, "--model", learned, "--cache", tmp_path)
    assert run(monkeypatch, *given, "--to", "xx") == 1
    assert f"{learned.name} does not know the language 'xx'" in capsys.readouterr().err
    assert run(monkeypatch, *given, "--to", "de,en") == 1
    assert "both the source and a target" in capsys.readouterr().err
    (journal,) = (tmp_path / "translations").iterdir()
    with journal.open("a") as file:
        file.write("{half")
    assert run(monkeypatch, *given, "--to", "de", "-o", tmp_path / "o.jsonl") == 0
    assert "1 damaged line(s)" in capsys.readouterr().err


TWICE = """
import sys
from babelreel import cli
try:
    cli.main()
except SystemExit as end:
    print("ended with", end.code, flush=True)
cli.main()
"""


def test_ctrl_c_loses_nothing_and_a_kill_at_most_a_batch(
    learned: Path, converted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One process is stopped by Ctrl-C, begins again, and is killed; another ends the work."""
    count = 200
    captions = tuple(Caption(f"a dog {n}", "en") for n in range(count))
    write_manifest(Corpus("m", tmp_path, (MediaItem("a", "a.mp4", "video", captions=captions),)), tmp_path / "m.jsonl")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "converted").symlink_to(converted / "converted")
    arguments = [tmp_path / "m.jsonl", "--to", "de", "--model", learned, "--engine", "ctranslate2", "--beam", 1]
    arguments += ["--batch", 1, "--cache", cache, "-o", tmp_path / "o.jsonl"]
    command = [sys.executable, "-c", TWICE, "translate", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finished() -> list[str]:
        found = list((cache / "translations").glob("*.jsonl"))
        return found[0].read_text("utf-8").splitlines()[1:] if found else []

    def wait_for(lines: int) -> None:
        end = time.monotonic() + 300
        while len(finished()) < lines and time.monotonic() < end:
            assert process.poll() is None, process.stderr
            time.sleep(0.002)

    wait_for(37)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "ended with 130\n"
    first = len(finished())
    assert 37 <= first < count
    wait_for(first + 20)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    second = len(finished())
    assert run(monkeypatch, *arguments) == 0
    row = json.loads((tmp_path / "o.statistics.json").read_text("utf-8"))[0]
    assert count - second <= row["new"] <= count - second + 1  # a line that was half written is done again
    keys = [json.loads(line)["key"] for line in finished()]
    assert len(keys) == len(set(keys)) == count
    assert "The corpus:" in capsys.readouterr().out
    process.stdout.close()
    assert process.stderr is not None
    assert "The same command goes on from here." in process.stderr.read()
    process.stderr.close()
