"""protocol/conditions.py: other frames are another model's, cut captions are counted, languages seen are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import babelreel
from babelreel.encoders.small import write_small_clip
from babelreel.errors import MediaError
from babelreel.evaluate import evaluate_model
from babelreel.media.video import Sampling
from babelreel.media.write import write_video
from babelreel.model import Model
from babelreel.protocol.conditions import count_cut, describe_sampling, resampled, training_of
from babelreel.report import to_text
from babelreel.runs import languages_of, save_run
from babelreel.training.recipe import texts_in
from babelreel.types import Caption, Corpus, MediaItem


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CLIP, and three videos whose frames are all different."""
    root = tmp_path_factory.mktemp("conditions")
    write_small_clip(root / "clip", ["a red picture"], width=32, image_size=32)
    noise = np.random.default_rng(0).integers(0, 255, (3, 40, 4, 4, 3), np.uint8)
    for n, frames in enumerate(noise):
        write_video(root / f"{n}.mp4", [np.kron(frame, np.ones((8, 8, 1), np.uint8)) for frame in frames], 8)
    return root


@pytest.fixture(scope="module")
def model(world: Path) -> Model:
    return babelreel.load(world / "clip", frames=4)


@pytest.fixture
def corpus(world: Path) -> Corpus:
    items = [MediaItem(f"{n}", f"{n}.mp4", "video", captions=(Caption("a red picture", "en"),)) for n in range(3)]
    return Corpus("c", world, tuple(items))


def vectors(model: Model, corpus: Corpus, cache: Path) -> torch.Tensor:
    found = model.encode_media(corpus, cache).representation
    assert found is not None
    assert found.pooled is not None
    return found.pooled


def test_other_frames_give_other_vectors_under_another_name(model: Model, corpus: Corpus, tmp_path: Path) -> None:
    others = {
        "4 uniform": model,
        "2 uniform": resampled(model, 2),
        "4 random": resampled(model, None, "random"),
        "4 random, seed 1": resampled(model, None, "random", 1),
        "4 head": resampled(model, mode="head"),
    }
    found = {name: vectors(one, corpus, tmp_path / "cache") for name, one in others.items()}
    for name, rows in found.items():
        assert torch.equal(rows, vectors(others[name], corpus, tmp_path / "cache")), name  # from the cache
        assert torch.equal(rows, vectors(others[name], corpus, tmp_path / name)), name  # drawn again
    names = list(found)
    assert all(not torch.allclose(found[a], found[b]) for n, a in enumerate(names) for b in names[:n])
    assert len({one.fingerprint for one in others.values()}) == 5
    assert resampled(model) is model
    assert model.method.sampling == Sampling(4)
    same = resampled(model, 4)
    assert same.fingerprint == model.fingerprint
    with pytest.raises(MediaError, match="mode must be 'uniform', 'random' or 'head', found 'middle'"):
        resampled(model, mode="middle")
    with pytest.raises(MediaError, match="At least one frame"):
        resampled(model, 0)


def test_a_random_draw_is_the_contents_not_the_names(model: Model, corpus: Corpus, tmp_path: Path) -> None:
    random = resampled(model, 3, "random")
    turned = replace(corpus, items=tuple(replace(item, id=f"x{item.id}") for item in corpus.items[::-1]))
    one, two = vectors(random, corpus, tmp_path / "1"), vectors(random, turned, tmp_path / "2")
    torch.testing.assert_close(one, two.flip(0))
    times = random.encode_media(corpus, tmp_path / "1").representation.times.tolist()  # type: ignore[union-attr]
    assert len({tuple(row) for row in times}) == 3  # videos of one length, each drawn for itself


def test_a_table_names_frames_and_cut_captions(model: Model, corpus: Corpus, tmp_path: Path) -> None:
    long = replace(corpus.items[0], captions=(Caption("picture " * 80, "en"), Caption("red", "en")))
    result = evaluate_model(
        resampled(model, 2, "random", 7), replace(corpus, items=(long, *corpus.items[1:])), cache=tmp_path,
        protocol="paragraphs",
    )  # fmt: skip
    assert (result.header.cut, result.header.protocol) == (1, "paragraphs")
    title, table = to_text(result).splitlines()[0], to_text(result)
    assert title.endswith("0 media failed, paragraphs, at most 2 frames, random (seed 7)")
    assert "1 captions are longer than the model reads; they are cut." in table
    assert (result.header.trained, result.header.earlier) == ((), ())
    assert "zero-shot" not in table  # nothing is known of a model of the hub


def test_cut_captions_are_those_over_the_limit(model: Model) -> None:
    reader = model.method.texts["query"]
    limit = reader.limit
    assert limit is not None
    texts = [" ".join(["red"] * n) for n in range(1, limit + 8)]
    expected = sum(length > limit for length in reader.lengths(texts))
    assert 0 < expected < len(texts)
    assert count_cut(model, [Caption(text, "en") for text in texts]) == expected
    assert count_cut(model, []) == 0


def test_frames_in_words() -> None:
    assert describe_sampling(Sampling()) == "at most 12 frames, uniform"
    assert describe_sampling(Sampling(None, 2.0, "head")) == "all frames at 2 a second, head"
    assert describe_sampling(Sampling(3, mode="random", seed=5)) == "at most 3 frames, random (seed 5)"


def test_a_run_says_which_languages_it_has_seen(model: Model, corpus: Corpus, tmp_path: Path) -> None:
    save_run(model.method, tmp_path / "first", {"trained": ["en"], "earlier": []})
    earlier = languages_of(texts_in({"name": "x", "vision": {"source": str(tmp_path / "first")}, "runs": ["a"]}))
    save_run(
        model.method,
        tmp_path / "second",
        {"trained": ["de", "fr"], "earlier": earlier, "recipe": {"seed": 3}, "commit": "c0ffee"},
    )
    assert training_of(babelreel.load(tmp_path / "second")) == (("de", "fr"), ("en",), (3,), "c0ffee")
    assert training_of(model) == ((), (), (), "")
    assert languages_of([tmp_path / "second", tmp_path / "nowhere", tmp_path / "first"]) == ["de", "en", "fr"]
    spoken = tuple(Caption("a red picture", lang) for lang in ("de", "en", "ja"))
    asked = replace(corpus, items=tuple(replace(item, captions=spoken) for item in corpus.items))
    result = evaluate_model(babelreel.load(tmp_path / "second"), asked, cache=tmp_path)
    assert [row.lang for row in result.rows if result.header.zero_shot(row.lang)] == ["en", "en", "ja", "ja"]
    lines = to_text(result).splitlines()
    assert [line.split()[0] for line in lines if " t2v " in line] == [
        "de", "en*", "ja*", "mean", "mean", "mean", "Indo-European/Germanic", "Japonic"
    ]  # fmt: skip
    means = {name: next(line for line in lines if line.strip().startswith(name)).split("t2v")[1].split() for name in
             ("de ", "mean trained", "mean zero-shot", "Japonic")}  # fmt: skip
    assert means["mean trained"][0:2] == [means["de "][0], means["de "][2]]  # of one language, without its candidates
    assert means["mean zero-shot"][0] == "6"  # queries of two languages
    assert any("no caption in this language; an earlier stage had en." in line for line in lines)
