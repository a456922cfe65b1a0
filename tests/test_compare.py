"""compare.py: two evaluations are paired query by query, whatever else they hold; what cannot be paired is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from random_evaluations import HEADER, LANGS, evaluation

from babelreel import scoring
from babelreel.compare import compare, to_table
from babelreel.errors import CorpusError, ScoreError
from babelreel.evaluate import Evaluation, evaluate
from babelreel.metrics import holm, paired, paired_mean
from babelreel.report.table import as_text
from babelreel.types import Caption, Corpus, MediaItem, Representation


def better_and_worse() -> tuple[Evaluation, Evaluation]:
    return evaluation(captions=2, noise=1.0), evaluation(captions=2, noise=1.6, seed=5)


def test_every_language_its_correction_and_the_mean() -> None:
    one, two = better_and_worse()
    found = compare(one, two, "R@5", draws=200, seed=3)
    assert [(row.lang, row.direction) for row in found.rows] == [
        (lang, way) for way in ("t2v", "v2t") for lang in (*sorted(LANGS), "mean")
    ]
    for way in ("t2v", "v2t"):
        rows = {row.lang: row for row in found.rows if row.direction == way}
        pairs = {lang: (one.ranks[lang, way], two.ranks[lang, way]) for lang in sorted(LANGS)}
        plain = {lang: paired(*pair, "R@5", 3, 200) for lang, pair in pairs.items()}
        corrected = holm({lang: difference.p for lang, difference in plain.items()})
        for lang in LANGS:
            assert rows[lang].difference == plain[lang]
            assert rows[lang].corrected == corrected[lang]
            assert rows[lang].values == tuple(each.row(lang, way).measures["R@5"] for each in (one, two))
            assert rows[lang].queries == one.row(lang, way).queries
        assert rows["mean"].difference == paired_mean(list(pairs.values()), "R@5", 3, 200)
        assert rows["mean"].corrected is None
        assert rows["mean"].values[0] == pytest.approx(np.mean([rows[lang].values[0] for lang in LANGS]))


def test_several_seeds_are_means_of_the_same_draws() -> None:
    (one, two), (again, other) = better_and_worse(), (evaluation(captions=2, seed=7), evaluation(captions=2, seed=8))
    found = compare(one, two, "R@10", draws=200, seed=3, more=[(again, other)])
    singles = [compare(a, b, "R@10", draws=200, seed=3) for a, b in ((one, two), (again, other))]
    for row, *each in zip(found.rows, *(single.rows for single in singles), strict=True):
        langs = sorted(LANGS) if row.lang == "mean" else [row.lang]
        pairs = [(a.ranks[lang, row.direction], b.ranks[lang, row.direction]) for lang in langs
                 for a, b in ((one, two), (again, other))]  # fmt: skip
        assert row.difference == paired_mean(pairs, "R@10", 3, 200)
        assert row.by_seed == pytest.approx([one_seed.difference.value for one_seed in each])
        assert row.difference.value == pytest.approx(np.mean(row.by_seed))
        assert row.values == pytest.approx(np.mean([one_seed.values for one_seed in each], axis=0))
        assert row.queries == each[0].queries
    said = " ".join(as_text(to_table(found)).split())
    last = found.rows[-1].by_seed
    assert "Means of 2 pairs; the interval is over items, not over seeds" in said
    assert f"mean v2t {last[0]:+.2f}, {last[1]:+.2f}" in said
    with pytest.raises(CorpusError, match="40 are in the first alone"):
        compare(one, two, draws=100, more=[(again, evaluation(captions=1))])


def test_the_table_says_which_is_which() -> None:
    one, two = better_and_worse()
    two = replace(two, header=replace(two.header, model="the other", seed=8, trained=("en", "de")))
    steps: list[tuple[int, int, str]] = []
    text = as_text(to_table(compare(one, two, draws=100, progress=lambda *step: steps.append(step))))
    row = compare(one, two, draws=100).rows[0]
    cells = next(line.split() for line in text.splitlines() if line.split()[:2] == ["de", "t2v"])
    assert cells[2:6] == ["80", f"{row.values[0]:.2f}", f"{row.values[1]:.2f}", f"{row.values[0] - row.values[1]:+.2f}"]
    said = " ".join(text.split())
    assert "A: some/model [f00d] on corpus (test), measured at commit c0ffee, draws with seed 7" in said
    assert "B: the other [f00d]" in text
    assert "seed: 7 and 8; trained: none and en de" in said
    assert "100 draws" in text
    assert steps[0] == (0, 8, "de t2v")
    assert steps[-1] == (7, 8, "mean v2t")
    assert "less is better" not in text
    assert "Of MdR less is better" in as_text(to_table(compare(one, two, "MdR", draws=100)))


def test_one_language_measured_alone_is_paired_with_all() -> None:
    """Items without a German caption have other places, and captions other numbers, where German is measured alone."""
    captions = [("en",), ("en", "de"), ("en", "en"), ("de", "en", "de"), ("en", "de"), ("de",)]
    items = tuple(
        MediaItem(f"i{n}", f"{n}.x", "video", captions=tuple(Caption(f"{n} {k}", lang) for k, lang in enumerate(langs)))
        for n, langs in enumerate(captions)
    )
    whole = Corpus("corpus", Path(), items)
    vectors = {
        c.text: torch.randn(4, generator=torch.Generator().manual_seed(n))
        for n, c in enumerate(c for i in items for c in i.captions)
    }
    media = Representation(torch.randn(6, 4, generator=torch.Generator().manual_seed(1)))

    def measured(corpus: Corpus) -> Evaluation:
        texts = Representation(torch.stack([vectors[c.text] for item in corpus.items for c in item.captions]))
        return evaluate(scoring.dot, corpus, texts, media, [item.id for item in items], HEADER)

    every, alone = measured(whole), measured(whole.select(langs=["de"]))
    assert every.ranks["de", "t2v"].groups.tolist() != alone.ranks["de", "t2v"].groups.tolist()
    for one, two in ((every, alone), (alone, every)):
        found = compare(one, two, draws=100)
        assert [(row.lang, row.difference.value, row.difference.p) for row in found.rows] == [
            ("de", 0, 1),
            ("de", 0, 1),
        ]
        assert found.apart == ("en t2v", "en v2t")
        assert "Left out, as not all have it: en t2v, en v2t." in as_text(to_table(found))


def test_the_order_of_queries_changes_nothing() -> None:
    one, two = better_and_worse()
    mixed = {}
    for key, ranks in two.ranks.items():
        order = np.random.default_rng(0).permutation(len(ranks))
        ids = tuple(ranks.query_ids[n] for n in order)
        mixed[key] = replace(ranks, query_ids=ids, ranks=ranks.ranks[order], groups=ranks.groups[order])
    assert compare(one, replace(two, ranks=mixed), draws=100) == compare(one, two, draws=100)


def test_what_cannot_be_paired() -> None:
    one, two = better_and_worse()

    def refused(other: Evaluation, message: str) -> None:
        with pytest.raises(CorpusError, match=message):
            compare(one, other, draws=100)

    for field, value in (("corpus", "msvd"), ("split", "val"), ("protocol", "paragraphs")):
        header = replace(two.header, **{field: value})
        refused(replace(two, header=header), f"differ in: {field} '{getattr(one.header, field)}' and '{value}'")
    refused(replace(two, ranks={}), r"some/model holds no ranks.*eval --json")
    refused(evaluation(langs=("sw",)), r"no language and direction in common: de t2v, .*zh v2t; sw t2v, sw v2t")
    refused(evaluation(captions=1), r"in de t2v: 40 are in the first alone, 0 in the second alone, such as 'i0#de\.1'")
    refused(evaluation(items=41, captions=2), "0 are in the first alone, 2 in the second alone, such as 'i40#de.0'")
    ranks = {key: replace(each, candidates=each.candidates + 1) for key, each in two.ranks.items()}
    refused(replace(two, ranks=ranks), "other candidates in de t2v: 40 and 41")
    with pytest.raises(ScoreError, match="no measure 'R@3'"):
        compare(one, two, "R@3", draws=100)
