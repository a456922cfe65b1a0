"""corpora/pairs.py: parallel text in every form is the same corpus; what is wrong is told by line."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from babelreel.corpora.audit import audit
from babelreel.corpora.check import check
from babelreel.corpora.manifest import read_manifest, write_manifest
from babelreel.corpora.pairs import as_text, read_pairs
from babelreel.corpora.registry import open_corpus
from babelreel.errors import CorpusError
from babelreel.types import Caption, Corpus, MediaItem

LINES = [(f'a "dog", number {n}', f"pes číslo {n}") for n in range(60)]


def write(path: Path, text: str) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def forms(root: Path) -> list[Path]:
    table = "".join(f"{a}\t{b}\n" for a, b in LINES)
    quoted = "".join('"' + a.replace('"', '""') + f'",{b}\r\n' for a, b in LINES)
    objects = "\n".join(json.dumps({"en": a, "cs": b}) for a, b in LINES)
    return [
        write(root / "p.tsv", "\ufeffen\tcs\r\n" + table), write(root / "p.tsv.gz", "en\tcs\n" + table),
        write(root / "p.csv", "en,cs\r\n" + quoted), write(root / "p.jsonl", objects),
        write(root / "p.jsonl.gz", objects),
    ]  # fmt: skip


def said(corpus: Corpus) -> list[tuple[str, ...]]:
    return [(item.split, *(f"{c.lang} {c.text}" for c in item.captions)) for item in corpus.items]


def test_every_form_is_the_same_corpus(tmp_path: Path) -> None:
    read = [open_corpus(str(path)) for path in forms(tmp_path)]
    read.append(read_pairs(write(tmp_path / "bare.tsv", "".join(f"{a}\t{b}\n" for a, b in LINES)), ("en", "cs")))
    assert [(c.captions[0].text, c.captions[1].text) for c in read[0].items] == LINES
    for corpus in read:
        assert said(corpus) == said(read[0])
        assert corpus.text_only
    assert [corpus.name for corpus in read] == ["p"] * 5 + ["bare"]
    assert [corpus.items[4].id for corpus in read] == ["6", "6", "6", "5", "5", "5"]  # the line, header counted
    assert not [finding for finding in audit(read[0]) if finding.kind in ("missing media", "same file", "leak")]
    assert check(read[0]) == {}


def test_a_manifest_keeps_it_and_a_manifest_with_media_is_not_taken_for_it(tmp_path: Path) -> None:
    corpus = read_pairs(forms(tmp_path)[0])
    write_manifest(corpus, tmp_path / "m.jsonl")
    assert open_corpus(str(tmp_path / "m.jsonl")).items == corpus.items == read_manifest(tmp_path / "m.jsonl").items
    media = Corpus("x", tmp_path, (MediaItem("a", "a.png", "image", captions=LINES and (Caption("a", "en"),)),))
    write_manifest(media, tmp_path / "media.jsonl")
    assert open_corpus(str(tmp_path / "media.jsonl")).items == media.items
    assert [item.captions for item in as_text(media).items] == [media.items[0].captions]
    assert as_text(media).text_only
    with pytest.raises(CorpusError, match="text alone, so there is no file"):
        corpus.path(corpus.items[0])


def test_splits_never_share_a_sentence_and_do_not_move(tmp_path: Path) -> None:
    lines = [f"sentence {n % 300}\tvěta {n}" for n in range(600)]  # every sentence twice, with two translations
    corpus = read_pairs(write(tmp_path / "p.tsv", "en\tcs\n" + "\n".join(lines)))
    split_of: dict[str, set[str]] = {}
    for item in corpus.items:
        split_of.setdefault(item.captions[0].text, set()).add(item.split)
    assert all(len(splits) == 1 for splits in split_of.values())
    assert Counter(next(iter(s)) for s in split_of.values()) == {"train": 270, "val": 15, "test": 15}
    turned = read_pairs(write(tmp_path / "q.tsv", "en\tcs\n" + "\n".join(reversed(lines))))
    assert {i.captions[0].text: {i.split} for i in turned.items} == split_of


def test_gaps_and_empty_lines(tmp_path: Path) -> None:
    text = "en\tde\tcs\na dog\t\tpes\n\n\t\t\nno\tne\tnon\n"
    corpus = read_pairs(write(tmp_path / "p.tsv", text))
    assert [[(c.lang, c.text) for c in item.captions] for item in corpus.items] == [
        [("en", "a dog"), ("cs", "pes")], [], [("en", "no"), ("de", "ne"), ("cs", "non")],
    ]  # fmt: skip
    assert [item.id for item in corpus.items] == ["2", "4", "5"]
    assert len({c.group for item in corpus.items for c in item.captions}) == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.tsv", "a dog runs\tpes běží\n", "does not say which language"),
        ("p.tsv", "en\tcs\na\tb\tc\nd\ne\tf\n", r"2 wrong line\(s\):\n  line 2: 3 fields, not 2\n  line 3: 1 fields"),
        ("p.tsv", "en\tcs\n" + "x\n" * 30, "and 10 more"),
        ("p.csv", "en;cs\na;b\n", "does not say which language"),
        ("p.tsv", "", "holds no lines"),
        ("p.tsv", "en\tcs\n", "holds no lines"),
        ("p.jsonl", '{"en": "a", "cs": "b"}\n[1]\n{"en": 3}\nno\n', "line 2: not an object.*\n.*line 3: a text is no"),
    ],
)
def test_wrong_files_are_told(name: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=message):
        read_pairs(write(tmp_path / name, text))


def test_missing_damaged_and_other_encodings_are_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="There is no file"):
        read_pairs(tmp_path / "none.tsv")
    (tmp_path / "p.tsv").write_bytes("en\tcs\na dog\tskáče\n".encode("cp1250"))
    with pytest.raises(CorpusError, match="not UTF-8"):
        read_pairs(tmp_path / "p.tsv")
    (tmp_path / "q.tsv.gz").write_bytes(gzip.compress(b"en\tcs\n")[:-4])
    with pytest.raises(CorpusError, match="damaged"):
        read_pairs(tmp_path / "q.tsv.gz")


def test_the_first_line_is_no_header_where_it_names_other_languages(tmp_path: Path) -> None:
    corpus = read_pairs(write(tmp_path / "p.tsv", "no\tne\nyes\tano\n"), ("en", "cs"))
    assert corpus.items[0].captions[1] == Caption("ne", "cs", group="pair")
    with pytest.raises(CorpusError, match="is text, so it cannot have a 'path'"):
        MediaItem("a", "a.png", "text")
