"""index/scan.py: what happened to the files since an index last looked, against a model of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelreel.errors import MediaError
from babelreel.index import scan as scan_module
from babelreel.index.scan import Found, Scan, entry_id, scan
from babelreel.index.store import Entry
from babelreel.media.files import content_hash

EARLY = 1_700_000_000.0


def write(path: Path, content: str, modified: float = EARLY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (modified, modified))
    return path


def entries_of(path: Path | str, windows: int = 1) -> list[Entry]:
    """What an index holds of a file as it lies there now, as if it were a video of so many windows of 5 seconds."""
    state = os.stat(path)
    return [
        Entry(
            id=entry_id(path, 5.0 * n),
            file=content_hash(path),
            path=str(path),
            kind="video",
            start=5.0 * n,
            end=5.0 * n + 5,
            duration=5.0 * windows,
            modified=state.st_mtime,
            size=state.st_size,
        )
        for n in range(windows)
    ]


def apply(result: Scan, held: list[Entry]) -> list[Entry]:
    """The index after doing what the scan says, in its order."""

    def placed(found: Found, like: list[Entry]) -> list[Entry]:
        assert like
        return [
            replace(e, id=entry_id(found.path, e.start), path=found.path, modified=found.modified, size=found.size)
            for e in like
        ]

    def of(path: str) -> list[Entry]:
        return [e for e in held if e.path == path]

    def drop(path: str) -> None:
        held[:] = [e for e in held if e.path != path]

    held = list(held)
    for found in result.new:
        held += entries_of(found.path)
    for found in result.copied + result.moved:
        assert {e.file for e in of(found.source)} == {found.file}
        held += placed(found, of(found.source))
    for found in result.moved:
        drop(found.source)
    for found in result.changed:
        fresh = placed(found, of(found.source)) if found.source else entries_of(found.path)
        assert {e.file for e in fresh} == {found.file}
        drop(found.path)
        held += fresh
    for found in result.touched:
        fresh = placed(found, of(found.path))
        drop(found.path)
        held += fresh
    for path in result.gone:
        drop(path)
    return held


def paths(found: list[Found]) -> set[str]:
    return {Path(f.path).name for f in found}


def test_each_fate_is_told(tmp_path: Path) -> None:
    for name in ("same", "touched", "changed", "moved", "gone", "copied"):
        write(tmp_path / f"{name}.mp4", f"content of {name}")
    held = [e for p in tmp_path.iterdir() for e in entries_of(p, 2)]
    write(tmp_path / "touched.mp4", "content of touched", EARLY + 9)
    write(tmp_path / "changed.mp4", "content of CHANGED", EARLY + 9)
    (tmp_path / "moved.mp4").rename(tmp_path / "elsewhere.mp4")
    (tmp_path / "gone.mp4").unlink()
    write(tmp_path / "copy.mp4", "content of copied", EARLY + 9)
    write(tmp_path / "new.mp4", "content of new")
    result = scan([tmp_path], held)
    assert paths(result.new) == {"new.mp4"}
    assert paths(result.touched) == {"touched.mp4"}
    assert paths(result.changed) == {"changed.mp4"}
    assert [(Path(f.path).name, Path(f.source).name) for f in result.moved] == [("elsewhere.mp4", "moved.mp4")]
    assert [(Path(f.path).name, Path(f.source).name) for f in result.copied] == [("copy.mp4", "copied.mp4")]
    assert result.gone == [str(tmp_path / "gone.mp4")]
    assert [Path(p).name for p in result.same] == ["copied.mp4", "same.mp4"]
    assert result.failures == {}
    new = result.new[0]
    assert (new.file, new.size, new.modified) == (content_hash(new.path), len("content of new"), EARLY)


def test_what_has_its_time_and_size_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(5):
        write(tmp_path / f"{n}.mp4", f"content {n}")
    held = [e for p in tmp_path.iterdir() for e in entries_of(p)]
    read: list[str] = []

    def counted(path: str) -> str:
        read.append(Path(path).name)
        return content_hash(path)

    monkeypatch.setattr(scan_module, "content_hash", counted)
    write(tmp_path / "3.mp4", "content 3", EARLY + 1)
    write(tmp_path / "4.mp4", "content 4 and more")
    result = scan([tmp_path], held)
    assert sorted(read) == ["3.mp4", "4.mp4"]
    assert (paths(result.touched), paths(result.changed), len(result.same)) == ({"3.mp4"}, {"4.mp4"}, 3)


OPERATION = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 5), st.integers(0, 3)),
    st.tuples(st.just("move"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("copy"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("swap"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("delete"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("touch"), st.integers(0, 5), st.just(0)),
)


def do(root: Path, operation: tuple[str, int, int], clock: float) -> None:
    """One thing that users do to their files."""
    what, first, second = operation
    # Names a to f lie in two folders.
    a, b = (root / ("one" if n % 2 else "two") / f"{'abcdef'[n]}.mp4" for n in (first, second))
    if what == "write":
        write(a, f"content {second}", clock)
    elif not a.exists() or (what in ("move", "copy", "swap") and a == b):
        return
    elif what == "move":
        b.parent.mkdir(exist_ok=True)
        a.replace(b)
    elif what == "copy":
        write(b, a.read_text(), clock)
    elif what == "swap" and b.exists():
        ours, theirs = a.read_text(), b.read_text()
        write(a, theirs, clock)
        write(b, ours, clock + 0.5)
    elif what == "delete":
        a.unlink()
    elif what == "touch":
        os.utime(a, (clock, clock))


def expected(before: dict[str, tuple[str, float]], after: dict[str, tuple[str, float]]) -> dict[str, set[str]]:
    """The fates by path, said plainly, from content and time of modification by path then and now."""
    fates: dict[str, set[str]] = {name: set() for name in ("new", "copied or moved", "changed", "touched", "same")}
    held = {content for content, _ in before.values()}
    for path, (content, modified) in after.items():
        if path not in before:
            fates["copied or moved" if content in held else "new"].add(path)
        elif before[path][0] != content:
            fates["changed"].add(path)
        else:
            fates["same" if before[path][1] == modified else "touched"].add(path)
    return fates


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(OPERATION, max_size=8), min_size=2, max_size=4))
def test_random_histories_come_out_as_the_model_says(rounds: list[list[tuple[str, int, int]]]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        held: list[Entry] = []
        clock = EARLY
        for operations in rounds:
            before = {e.path: (e.file, e.modified) for e in held}
            for operation in operations:
                clock += 1
                do(root, operation, clock)
            after = {str(p): (content_hash(p), p.stat().st_mtime) for p in root.glob("*/*.mp4")}
            result = scan([root], held)
            fates = expected(before, after)
            assert {f.path for f in result.new} == fates["new"]
            assert {f.path for f in result.copied + result.moved} == fates["copied or moved"]
            assert {f.path for f in result.changed} == fates["changed"]
            assert {f.path for f in result.touched} == fates["touched"]
            assert set(result.same) == fates["same"]
            left = [f.source for f in result.moved]
            assert len(left) == len(set(left))
            assert set(left) | set(result.gone) == before.keys() - after.keys()
            assert not set(left) & set(result.gone)
            # A file moved where a lost one held its content, whatever copies there are besides.
            lost = [content for path, (content, _) in before.items() if path not in after]
            homeless = [after[p][0] for p in fates["copied or moved"]]
            assert len(left) == sum(min(lost.count(c), homeless.count(c)) for c in set(lost))
            held = apply(result, held)
            assert {e.path: (e.file, e.modified) for e in held} == after
            again = scan([root], held)
            assert len(again.same) == len(after)
            assert again == Scan(same=again.same)


def test_one_lost_file_and_two_new_ones(tmp_path: Path) -> None:
    old = write(tmp_path / "old.mp4", "content")
    held = entries_of(old)
    for name in ("a", "b"):
        write(tmp_path / f"{name}.mp4", "content")
    old.unlink()
    result = scan([tmp_path], held)
    assert (paths(result.moved), paths(result.copied), result.new, result.gone) == ({"a.mp4"}, {"b.mp4"}, [], [])
    assert result.copied[0].source == str(old)


def test_two_files_that_swapped_their_places_are_no_source_for_each_other(tmp_path: Path) -> None:
    a, b, c = (write(tmp_path / f"{name}.mp4", f"content {name}") for name in "abc")
    held = [e for p in (a, b, c) for e in entries_of(p)]
    write(a, "content b", EARLY + 1)
    write(b, "content a", EARLY + 1)
    assert [f.source for f in scan([tmp_path], held).changed] == ["", ""]
    write(b, "content c", EARLY + 1)
    assert [f.source for f in scan([tmp_path], held).changed] == ["", str(c)]


def test_only_what_lay_below_the_roots_is_gone(tmp_path: Path) -> None:
    inside, outside = write(tmp_path / "in/a.mp4", "a"), write(tmp_path / "in-other/b.mp4", "b")
    there = write(tmp_path / "other/c.mp4", "c")
    held = [e for p in (inside, outside, there) for e in entries_of(p)]
    inside.unlink()
    outside.unlink()
    assert scan([tmp_path / "in"], held).gone == [str(inside)]
    assert scan([tmp_path / "in"], held, everywhere=True).gone == [str(outside), str(inside)]


def test_a_video_of_which_windows_are_missing_is_done_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", "a")
    windows = entries_of(path, 4)
    assert scan([tmp_path], windows[::-1]).same == [str(path)]
    for missing in range(4):
        some = windows[:missing] + windows[missing + 1 :]
        assert paths(scan([tmp_path], some).changed) == {"a.mp4"}
    mixed = [*windows[:3], replace(windows[3], file="of an earlier version")]
    assert paths(scan([tmp_path], mixed).changed) == {"a.mp4"}


def test_an_image_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", "a")
    entry = replace(entries_of(path)[0], kind="image", start=None, end=None, duration=0.0)
    assert scan([path], [entry]).same == [str(path)]


def test_relative_roots_are_known_by_their_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "sub/a.mp4", "a")
    monkeypatch.chdir(tmp_path)
    assert scan(["sub"], entries_of(path)).same == [str(path)]
    assert scan(["sub/../sub/a.mp4"], []).new[0].path == str(path)


def test_a_file_that_cannot_be_read_is_a_failure_and_not_gone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", "a")
    held = entries_of(path)
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    result = scan([tmp_path], held)
    assert list(result.failures) == [str(path)]
    assert "There is no file" in result.failures[str(path)] or "No such file" in result.failures[str(path)]
    assert result.gone == []


def test_a_name_that_is_not_text_is_a_failure(tmp_path: Path) -> None:
    try:
        write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")), "a")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    result = scan([tmp_path], [])
    assert result.new == []
    assert list(result.failures) == [str(tmp_path / "caf\\xe9.mp4")]
    assert "UTF-8" in next(iter(result.failures.values()))


def test_progress_counts_files(tmp_path: Path) -> None:
    for n in range(3):
        write(tmp_path / f"{n}.mp4", str(n))
    told: list[tuple[int, int]] = []
    scan([tmp_path], [], progress=lambda done, total, note="": told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_root_must_exist(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no file or folder"):
        scan([tmp_path / "nowhere"], [])


def test_ids_sort_by_file_then_time_and_hide_the_path() -> None:
    ids = [entry_id("/a/secret.mp4", start) for start in (None, 0.0015, 5.0, 12.3456, 36_000.0)]
    assert ids == sorted(ids)
    assert ids[0].endswith("-000000000")
    assert [i.split("-")[1] for i in ids[2:]] == ["000005000", "000012346", "036000000"]
    assert len({i.split("-")[0] for i in ids}) == 1
    assert entry_id("/a/other.mp4", None) != ids[0]
    assert "secret" not in ids[0]
    assert entry_id("a.mp4", 1.0) == entry_id(Path.cwd() / "a.mp4", 1.0)
