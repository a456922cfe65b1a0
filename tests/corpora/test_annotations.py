"""corpora/annotations.py, parsing.py: official files with their faults, each named by its line; media by name."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official import put

from babelreel.corpora import parsing
from babelreel.corpora.annotations import Annotations
from babelreel.corpora.parsing import json_entries
from babelreel.errors import CorpusError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=5), st.sampled_from([None, 2]), st.integers(1, 9))
@settings(max_examples=150, deadline=None)
def test_entries_of_a_json_object_are_the_same_in_pieces_of_any_size(
    value: dict[str, Any], indent: int | None, chunk: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "CHUNK", chunk)
        assert list(json_entries(io.StringIO(json.dumps(value, indent=indent)))) == list(value.items())


@pytest.mark.parametrize("text", ["[1]", '{"a": 1', '{"a" 1}', '{"a": nonsense}', ""])
def test_a_large_json_file_that_is_wrong_is_named(tmp_path: Path, text: str) -> None:
    folder = Annotations(put(tmp_path, {"a.json": text}), "c")
    with pytest.raises(CorpusError, match=r"a\.json is not a JSON object, or is damaged"):
        list(folder.json_items("a.json"))
    with pytest.raises(CorpusError, match=r"needs b\.json below"):
        list(folder.json_items("b.json"))


def test_plain_and_packed_files_read_alike_and_alternatives_in_order(tmp_path: Path) -> None:
    folder = Annotations(put(tmp_path, {"a.json": [1], "b.json.gz": [2], "c.json.gz": {"k": 3}}), "c")
    assert (folder.json("a.json"), folder.json("b.json"), folder.json("x.json or b.json or a.json")) == ([1], [2], [2])
    assert list(folder.json_items("c.json")) == [("k", 3)]
    assert folder.has("x.json or a.json")
    assert not folder.has("x.json")
    with pytest.raises(CorpusError, match=r"c needs x\.json below .*, and it is not there"):
        folder.text("x.json")


def test_a_damaged_or_wrongly_encoded_file_is_named_with_its_line(tmp_path: Path) -> None:
    put(tmp_path, {"a.txt.gz": "text" * 500, "b.txt": "gut\nschön\n".encode("latin-1")})
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(packed.read_bytes()[:-12])
    folder = Annotations(tmp_path, "c")
    with pytest.raises(CorpusError, match=r"a\.txt\.gz is damaged"):
        folder.text("a.txt")
    with pytest.raises(CorpusError, match=r"b\.txt, line 2, is not UTF-8 text \(the byte 0xf6\)\. Save it as UTF-8"):
        folder.text("b.txt")


def test_lines_end_at_newlines_alone(tmp_path: Path) -> None:
    folder = Annotations(put(tmp_path, {"a.txt": "\ufeffone\u2028still one\r\n\n  \nfour\x85too\n"}), "c")
    assert list(folder.lines("a.txt")) == [(1, "one\u2028still one"), (4, "four\x85too")]
    assert folder.rows("a.txt") == ["one\u2028still one", "", "", "four\x85too"]


def test_tables_say_which_column_or_line_is_wrong(tmp_path: Path) -> None:
    folder = Annotations(put(tmp_path, {"a.csv": 'id,text\n1,"two\nlines"\n\n2,b,c\n', "e.csv": ""}), "c")
    rows = folder.table("a.csv", ("id", "text"))
    assert next(rows) == (3, {"id": "1", "text": "two\nlines"})
    with pytest.raises(CorpusError, match=r"a\.csv, line 5, has 3 fields where the header has 2"):
        next(rows)
    with pytest.raises(CorpusError, match=r"line 1, has the columns id, text and lacks video_id"):
        list(folder.table("a.csv", ("video_id",)))
    with pytest.raises(CorpusError, match=r"has the columns \(none\) and lacks id"):
        list(folder.table("e.csv", ("id",)))


def test_json_says_where_it_is_wrong(tmp_path: Path) -> None:
    put(tmp_path, {"a.json": '{\n"a": }', "b.json": {}, "c.jsonl": '{"a": 1}\n[2]\n', "d.jsonl": "\n{\n"})
    folder = Annotations(tmp_path, "c")
    with pytest.raises(CorpusError, match=r"a\.json, line 2, is not JSON"):
        folder.json("a.json", dict)
    with pytest.raises(CorpusError, match=r"b\.json, line 1, holds a dict, not a list"):
        folder.json("b.json")
    with pytest.raises(CorpusError, match=r"c\.jsonl, line 2, holds a list, not an object"):
        list(folder.jsonl("c.jsonl"))
    with pytest.raises(CorpusError, match=r"d\.jsonl, line 2, is not JSON"):
        list(folder.jsonl("d.jsonl"))
    for record in ({"x": 1}, [1], "text", None):
        with pytest.raises(CorpusError, match=r"b\.json, entry 7, must have a; found"):
            folder.values(record, ("a",), "b.json", 7)


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "harm",))

    put(tmp_path, {"a.pkl": pickle.dumps({"clip": [["a", "dog"]]}, 2), "b.pkl": pickle.dumps(Harmful()), "c.pkl": b""})
    folder = Annotations(tmp_path, "c")
    assert folder.pickle("a.pkl") == {"clip": [["a", "dog"]]}
    with pytest.raises(CorpusError, match=r"b\.pkl is not a pickle of plain captions"):
        folder.pickle("b.pkl")
    with pytest.raises(CorpusError, match=r"c\.pkl is not a pickle"):
        folder.pickle("c.pkl")
    assert not (tmp_path / "harm").exists()


def test_media_are_found_by_name_with_any_extension_anywhere(tmp_path: Path) -> None:
    names = ("v/a.WEBM", "v/deep/0001_Film_00.00.51.926-00.00.54.129.avi", "b.mkv", "a.json", ".hidden/c.mp4", "plain")
    put(tmp_path, {**dict.fromkeys(names, b"x"), "y/b.mp4": b"x"})
    (tmp_path / "v" / "loop").symlink_to(tmp_path)
    folder = Annotations(tmp_path, "c")
    assert folder.media("a", default="d") == "v/a.WEBM"
    assert folder.media("0001_Film_00.00.51.926-00.00.54.129", default="d") == names[1]
    assert folder.media("none", "plain", default="d") == "plain"
    assert folder.media("c", default="videos/c.mp4") == "videos/c.mp4"
    assert folder.media("b", default="d") == folder.media("b", default="d") == "b.mkv"
    assert folder.notes == ["2 files are named b: b.mkv, y/b.mp4; the first is read"]


def test_what_is_odd_but_harmless_is_noted(tmp_path: Path) -> None:
    folder = Annotations(tmp_path, "c")
    folder.item("1", "test", "1.mp4")
    folder.item("1", "train", "1.mp4")
    folder.caption("1", " a dog \n", "en", "f", 1)
    folder.caption("1", " ", "en", "f", 2)
    folder.caption("1", None, "en", "f", 3)
    folder.caption("2", "a cat", "en", "f", 4)
    (only,) = folder.corpus().items
    assert (only.split, [c.text for c in only.captions]) == ("test", ["a dog"])
    assert folder.notes == [
        "1 is in test and in train; it is left in test",
        "f, 2: the caption of 1 in en is empty and left out",
        "f, 3: the caption of 1 in en is empty and left out",
        "f, 4: the caption of 2, which no split lists, is left out",
    ]
    for lang in ("en", "de", "de"):
        folder.caption("1", "another", lang, "f", 5)
    assert folder.count("1") == 2
