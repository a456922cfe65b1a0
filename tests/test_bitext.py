"""bitext.py: the rank of a translation, by hand; ties and shared sentences; and eval prints it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from babelreel.bitext import rank_translations
from babelreel.errors import CorpusError
from babelreel.types import Caption, Corpus, MediaItem, Representation


def corpus(*items: tuple[tuple[str, str], ...]) -> Corpus:
    made = tuple(
        MediaItem(str(n), "", "text", captions=tuple(Caption(text, lang) for lang, text in captions))
        for n, captions in enumerate(items)
    )
    return Corpus("p", Path(), made)


def test_ranks_by_hand() -> None:
    pairs = corpus(
        (("en", "one"), ("cs", "jedna")),
        (("cs", "dva"), ("en", "two"), ("de", "zwei")),
        (("cs", "nic"),),  # nothing to find
        (("en", "one"), ("cs", "jeden")),  # the same sentence again
        (("en", "alone"),),  # nobody asks for it, so it is no candidate
    )
    angles = torch.tensor([0, 80, 10, 90, 70, 0, 0, 40, 45.0]).deg2rad()  # of each caption, in order
    rows = Representation(3 * torch.stack([angles.cos(), angles.sin()], 1))  # lengths say nothing
    found = {ranks.lang: (ranks, several) for ranks, several in rank_translations(pairs, rows)}
    assert list(found) == ["cs", "de"]
    czech, several = found["cs"]
    # candidates: "one" at 0, "two" at 90; asked at 80 (one), 10 (two), 40 (one)
    assert czech.ranks.tolist() == [2, 2, 1]
    assert czech.query_ids == ("0#cs.0", "1#cs.0", "3#cs.0")
    assert czech.candidates == 2
    assert several.tolist() == [1, 1, 1]
    assert czech.groups.tolist() == [0, 1, 3]
    assert czech.direction == "t2t"
    assert found["de"][0].candidates == 1


def test_against_the_obvious_way() -> None:
    generator = torch.Generator().manual_seed(0)
    pairs = corpus(*[(("en", f"e{n}"), ("sw", f"s{n}")) for n in range(40)])
    rows = torch.randn(80, 5, generator=generator)
    ((ranks, _),) = rank_translations(pairs, Representation(rows))
    cosines = torch.nn.functional.cosine_similarity(rows[1::2, None], rows[None, 0::2], dim=-1)
    expected = [1 + int((cosines[n] >= cosines[n, n]).sum()) - 1 for n in range(40)]
    assert np.array_equal(ranks.ranks, expected)


def test_a_collapsed_model_finds_nothing() -> None:
    pairs = corpus(*[(("en", f"e{n}"), ("sw", f"s{n}")) for n in range(12)])
    ((ranks, _),) = rank_translations(pairs, Representation(torch.ones(24, 4)))
    assert (ranks.ranks == 12).all()


def test_another_pivot_and_none() -> None:
    pairs = corpus((("de", "ein"), ("cs", "jeden")))
    rows = Representation(torch.eye(2))
    assert [ranks.lang for ranks, _ in rank_translations(pairs, rows, "de")] == ["cs"]
    with pytest.raises(CorpusError, match="no items with captions in en and in another"):
        list(rank_translations(pairs, rows))
