"""report/beside.py: whose a figure is stands beside it, ours are the evaluation's, and every difference is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_evaluations import HEADER, LANGS, evaluation

from babelreel.evaluate import Evaluation
from babelreel.published import Line, Paper, Published, find
from babelreel.report.beside import beside, differences

TABLE = Published(
    "paper-table-1", "Table 1", "a test of the corpus", ("corpus",), "test",
    columns=("de t2v R@1", "zh v2t MdR", "sw t2v R@1", "en both SumR", "en both mAR", "mean t2v R@10"),
    rows=(Line("Theirs", "20.50 7 - 300.1 50 61", own=True, setting="all"), Line("Other", "1 2 3 4 5 6", note="odd")),
    candidates=40, mean_of=3, taken="from elsewhere", paper=Paper("An et al. 2020", arxiv="2001.00001"),
)  # fmt: skip
CORRECTED = replace(evaluation(), header=replace(HEADER, correction="dual softmax"))


def test_ours_stand_below_theirs() -> None:
    ours = evaluation(header=replace(HEADER, trained=("de", "en")))
    table = beside(TABLE, [ours])
    assert table.columns[:4] == ("method", "figures", "trained on", "differs in")
    assert table.rows[0] == ("Theirs", "published", "all", "", "20.50", "7", "-", "300.1", "50", "61")
    assert table.rows[1][:4] == ("Other", "published, not its own", "", "")
    assert table.ours == (2,)
    name, whose, trained, differs, *cells = table.rows[2]
    assert (name, whose, trained, differs) == ("model", "measured here", "de en", "nothing known")
    row, back = ours.row("de", "t2v"), ours.row("zh", "v2t")
    low, high = row.ci95["R@1"]
    assert cells[0] == f"{row.measures['R@1']:.1f} [{low:.1f}, {high:.1f}]"
    low, high = back.ci95["MdR"]
    assert cells[1] == f"{back.measures['MdR']:.1f} [{low:.1f}, {high:.1f}]"
    assert cells[2] == "-"  # not measured here
    total, mean = ours.summaries()["en"]
    assert cells[3:5] == [f"{total:.1f}", f"{mean:.1f}"]
    assert cells[5] == f"{np.mean([ours.row(lang, 't2v').measures['R@10'] for lang in LANGS]):.1f}"


def test_notes_name_the_source() -> None:
    notes = "\n".join(beside(TABLE, [evaluation(), evaluation(failed=3)]).notes)
    assert "Published: An et al. 2020, arXiv 2001.00001, Table 1; exactly as printed there, not ours" in notes
    assert "Published, not its own: from elsewhere." in notes
    assert "Other: odd." in notes
    assert "model [f00d] (1), measured here: some/model [f00d] on corpus (test), measured at commit c0ffee" in notes
    assert "model [f00d] (2), measured here: some/model [f00d] on corpus (test), measured at commit c0ffee" in notes
    assert "3 media failed" in notes


def test_rows_of_one_note_share_its_line() -> None:
    notes = beside(find("mlmm-table-1-mscoco"), []).notes
    assert sum("pretrained on Trans(CC3M)" in note for note in notes) == 2
    assert "UC2 (zero-shot), UC2 (English): pretrained on Trans(CC3M)." in notes


@pytest.mark.parametrize(
    ("table", "ours", "word", "said"),
    [
        (replace(TABLE, corpora=("msvd", "msvd-cn")), evaluation(), "corpus", "ours is corpus, theirs msvd or msvd-cn"),
        (replace(TABLE, corpora=()), evaluation(), "corpus", "theirs a test of the corpus, which is no corpus here"),
        (TABLE, evaluation(header=replace(HEADER, split="val")), "split", "ours is val, theirs test"),
        (TABLE, evaluation(header=replace(HEADER, split="")), "split", "ours is all items, theirs test"),
        (TABLE, evaluation(items=41), "candidates", "ours are 41, theirs 40"),
        (replace(TABLE, candidates=None), evaluation(), "candidates", "ours are 40, theirs are not said"),
        (TABLE, evaluation(langs=("en", "de")), "mean", "ours is over 2 languages, theirs over 3"),
        (replace(TABLE, protocol="paragraphs"), evaluation(), "protocol", "ours is plain, theirs paragraphs"),
        (
            TABLE,
            evaluation(header=replace(HEADER, protocol="first 1")),
            "protocol",
            "ours is first 1, theirs plain, as",
        ),
        (TABLE, CORRECTED, "scores", "ours are corrected by dual softmax, theirs plain"),
    ],
)
def test_each_difference_is_told(table: Published, ours: Evaluation, word: str, said: str) -> None:
    found = differences(table, ours)
    assert list(found) == [word]
    assert said in found[word]
    shown = beside(table, [ours])
    assert shown.rows[2][3] == word
    assert any(f"Differs in {word}: {found[word]}." in note for note in shown.notes)


def test_a_corpus_of_paragraphs_asks_for_paragraphs() -> None:
    table = find("mumur-table-4")
    ours = evaluation(langs=("en",), header=replace(HEADER, corpus="didemo-paragraphs"))
    assert set(differences(table, ours)) == {"candidates"}  # theirs are not said


def test_images_and_videos_have_the_same_two_directions() -> None:
    ours = evaluation(kind="image", langs=("en",), header=replace(HEADER, corpus="flickr30k"))
    cells = beside(find("mumur-table-6"), [ours]).rows[-1][4:]
    for cell, (way, name) in zip(cells, [(w, f"R@{k}") for w in ("i2t", "t2i") for k in (1, 5, 10)], strict=True):
        assert cell.startswith(f"{ours.row('en', way).measures[name]:.1f} [")  # type: ignore[arg-type]
