"""Stills: the same for the same seed, kept when there, one caption a language, nothing of what must stay out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from babelreel.corpora.manifest import read_manifest
from babelreel.corpora.playground.motion import lay_out
from babelreel.corpora.playground.render import frame, frames
from babelreel.corpora.playground.sample import sample
from babelreel.corpora.playground.scene import LANGS
from babelreel.corpora.playground.stills import generate_stills
from babelreel.errors import CorpusError


def test_stills_are_reproducible_kept_and_parallel(tmp_path: Path) -> None:
    corpus = generate_stills(tmp_path / "a", 80, seed=3, size=32, workers=1)
    again = generate_stills(tmp_path / "b", 80, seed=3, size=32, workers=2)
    assert [item.captions for item in corpus.items] == [item.captions for item in again.items]
    for one, two in zip(corpus.items, again.items, strict=True):
        assert corpus.path(one).read_bytes() == again.path(two).read_bytes()
    assert {i.split for i in corpus.items} == {"train", "val"}
    assert len(corpus.select("val")) == 2
    for item in corpus.items:
        assert [caption.lang for caption in item.captions] == list(LANGS)
        assert len({caption.group for caption in item.captions}) == 1
        with Image.open(corpus.path(item)) as image:
            assert image.size == (32, 32)
    read = read_manifest(tmp_path / "a" / "stills.jsonl")
    assert read.items == corpus.items
    times = {item.id: corpus.path(item).stat().st_mtime_ns for item in corpus.items}
    corpus.path(corpus.items[5]).unlink()
    seen: list[tuple[int, int]] = []
    generate_stills(
        tmp_path / "a", 80, seed=3, size=32, workers=1, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(80, 80)]
    changed = [item.id for item in corpus.items if corpus.path(item).stat().st_mtime_ns != times[item.id]]
    assert changed == [corpus.items[5].id]


def test_captions_that_must_stay_out_do(tmp_path: Path) -> None:
    first = generate_stills(tmp_path / "a", 40, langs=("en",), size=8, workers=1)
    out = frozenset(item.captions[0].text for item in first.items[:10])
    second = generate_stills(tmp_path / "b", 40, langs=("en",), size=8, without=out, workers=1)
    assert not out & {item.captions[0].text for item in second.items}


def test_one_frame_is_that_of_the_whole() -> None:
    scene = sample(4, 0)[0].scene
    whole = list(frames(scene))
    for number in (0, len(whole) // 2, len(lay_out(scene).poses) - 1):
        assert np.array_equal(frame(scene, number), whole[number])


def test_bad_numbers_and_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="at least 40 stills"):
        generate_stills(tmp_path, 39)
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="Cannot write stills"):
        generate_stills(tmp_path / "file", 40, langs=("en",))
    with pytest.raises(CorpusError):
        generate_stills(tmp_path, 40, langs=("xx",))
