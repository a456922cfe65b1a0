"""enrich/journal.py: what was finished is there again, whatever happened to the process or the file."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from babelreel.enrich.journal import Journal, content_key, uninterrupted
from babelreel.errors import JournalError

ENTRY = {"text": 'Ein\nHund\u2028mit "Anführung"', "finished": True}


def test_what_was_added_is_there_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "j.jsonl", "m")
    journal.add({"a": ENTRY, "b": {"text": ""}})
    journal.add({})
    again = Journal(journal.path, "m")
    assert again["a"] == ENTRY
    assert "b" in again
    assert "c" not in again
    assert len(again) == 2
    assert again.damaged == 0


def test_a_key_hangs_on_every_part() -> None:
    keys = {
        content_key("a", "en"),
        content_key("aen"),
        content_key("a", "de"),
        content_key("en", "a"),
        content_key("a"),
    }
    assert len(keys) == 5
    assert content_key("ä", 1) == content_key("ä", 1)
    assert all(len(key) == 32 for key in keys)


@pytest.mark.parametrize("cut", [1, 7, 20])
def test_a_half_written_last_line_is_dropped_and_said_once(tmp_path: Path, cut: int) -> None:
    journal = Journal(tmp_path / "j.jsonl", "m")
    journal.add({"a": ENTRY})
    before = journal.path.read_bytes()
    journal.add({"b": ENTRY})
    os.truncate(journal.path, journal.path.stat().st_size - cut)
    again = Journal(journal.path, "m")
    assert (len(again), again.damaged) == (1, 1)
    assert journal.path.read_bytes() == before
    again.add({"b": ENTRY})
    third = Journal(journal.path, "m")
    assert (len(third), third.damaged) == (2, 0)


def test_a_half_written_first_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"journal": 1, "mo')
    Journal(path, "m").add({"a": ENTRY})
    assert "a" in Journal(path, "m")


@pytest.mark.parametrize("line", [b"{broken", b"[1]", b'{"text": "no key"}', b"\xff\xfe", b""])
def test_a_damaged_line_costs_only_itself(tmp_path: Path, line: bytes) -> None:
    journal = Journal(tmp_path / "j.jsonl", "m")
    journal.add({"a": ENTRY})
    with journal.path.open("ab") as file:
        file.write(line + b"\n")
    journal.add({"b": ENTRY})
    again = Journal(journal.path, "m")
    assert (len(again), again.damaged) == (2, 1)


def test_another_models_journal_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "j.jsonl", "one").add({"a": ENTRY})
    with pytest.raises(JournalError, match="is of the model one, not of other"):
        Journal(tmp_path / "j.jsonl", "other")


@pytest.mark.parametrize("content", [b"hello\n", b'{"journal": 99, "model": "m"}\n', b"\n"])
def test_what_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="is no journal of this version"):
        Journal(path, "m")
    assert path.read_bytes() == content


def test_a_full_disk_keeps_what_is_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", "m")
    journal.add({"a": ENTRY})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + 10, hard))
    try:
        with pytest.raises(JournalError, match=r"j.jsonl cannot be kept \(File too large\). What it holds stays"):
            journal.add({"b": ENTRY})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "b" not in journal
    again = Journal(journal.path, "m")
    assert (len(again), again.damaged) == (1, 1)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="Is a directory"):
        Journal(tmp_path, "m")


def test_an_interruption_waits_for_the_work_under_way() -> None:
    done: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        _work(done, interruptions=1)
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interruption_does_not_wait() -> None:
    done: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        _work(done, interruptions=2)
    assert done == [1]


def _work(done: list[int], interruptions: int) -> None:
    with uninterrupted():
        for n in range(interruptions):
            os.kill(os.getpid(), signal.SIGINT)
            done.append(n + 1)
