"""index/ and model.py: files come back ranked, another model's index is refused, bad files are listed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import babelreel
from babelreel.corpora.folder import read_folder
from babelreel.encoders.small import write_small_clip
from babelreel.errors import CorpusError, IndexStoreError, ModelError
from babelreel.index.build import build_index
from babelreel.index.search import Searcher
from babelreel.media.write import write_video
from babelreel.model import Model

TEXTS = ["a red circle", "ein roter Kreis", "一个红色的圆"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("files")
    generator = np.random.default_rng(0)
    for n in range(5):
        Image.fromarray(generator.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(root / f"{n}.png")
    for n in range(3):
        base = generator.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        write_video(root / f"{n}.mp4", [np.roll(base, 9 * t, 0) for t in range(20)], 10)
    (root / "broken.mp4").write_bytes(b"\x00" * 100)
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return babelreel.load(write_small_clip(tmp_path_factory.mktemp("m"), TEXTS, width=32, image_size=32), frames=4)


@pytest.fixture(scope="module")
def built(folder: Path, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("index")
    corpus, failures = read_folder([folder])
    assert list(failures) == ["broken.mp4"]
    assert build_index(corpus, model, where) == {}
    return where


def test_hits_are_the_exact_ranking(built: Path, folder: Path, model: Model) -> None:
    searcher = Searcher(built)  # opens the model by what the index says
    assert len(searcher) == 8
    media = model.encode_media([folder])
    assert media.representation is not None
    for query in TEXTS:
        scores = model.score(model.encode_text([query]), media.representation)[0]
        expected = [media.ids[n] for n in scores.argsort(descending=True)]
        hits = searcher.search(query, 8)
        assert [h.item_id for h in hits] == expected
        assert [h.rank for h in hits] == list(range(1, 9))
        assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
        assert [h.item_id for h in searcher.search(query, 3)] == expected[:3]


def test_the_moment_is_the_time_of_the_best_frame(built: Path, model: Model, folder: Path) -> None:
    text = model.encode_text([TEXTS[0]])
    for hit in Searcher(built, model).search(TEXTS[0], 8):
        if hit.kind == "image":
            assert hit.moment is None
            continue
        rows = model.encode_media([hit.path]).representation
        assert rows is not None
        assert rows.tokens is not None
        assert rows.times is not None
        best = (rows.tokens[0] @ text.pooled[0]).argmax()  # type: ignore[index]
        assert hit.moment == pytest.approx(float(rows.times[0, best]))
        assert 0 <= hit.moment < 2


def test_indexing_again_encodes_only_what_is_new(
    folder: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    original = model.encode_batch
    monkeypatch.setattr(model, "encode_batch", lambda batch: (encoded.extend(batch.ids), original(batch))[1])
    build_index(read_folder([folder])[0], model, tmp_path / "i")
    assert len(encoded) == 8
    encoded.clear()
    Image.new("RGB", (20, 20), "blue").save(folder / "new.png")
    try:
        build_index(read_folder([folder])[0], model, tmp_path / "i")
    finally:
        (folder / "new.png").unlink()
    assert encoded == ["new.png"]
    assert len(Searcher(tmp_path / "i", model)) == 9


def test_another_models_index_is_refused(built: Path, folder: Path, tmp_path: Path) -> None:
    other = babelreel.load(write_small_clip(tmp_path, TEXTS, width=32, image_size=32, seed=5), frames=4)
    with pytest.raises(IndexStoreError, match="Search it with its own model"):
        Searcher(built, other)
    with pytest.raises(IndexStoreError, match="index into another folder"):
        build_index(read_folder([folder])[0], other, built)


def test_more_frames_are_another_fingerprint(model: Model) -> None:
    assert babelreel.load(model.source, frames=5).fingerprint != model.fingerprint
    assert babelreel.load(model.source, frames=4).fingerprint == model.fingerprint


def test_damaged_indexes(built: Path, model: Model, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(IndexStoreError, match="There is no index"):
        Searcher(tmp_path, model)
    for name, content, message in (
        ("index.json", "{", "is damaged"),
        ("index.json", json.dumps({"format": 9, "model": {}, "fingerprint": "", "media_root": ""}), "has format 9"),
        ("keys.json", "{}", "is damaged"),
    ):
        shutil.rmtree(tmp_path)
        shutil.copytree(built, tmp_path)
        (tmp_path / name).write_text(content)
        with pytest.raises(IndexStoreError, match=message):
            Searcher(tmp_path, model)
    shutil.rmtree(tmp_path)
    shutil.copytree(built, tmp_path)
    for shard in (tmp_path / "vectors").rglob("*.safetensors"):
        shard.unlink()
    with pytest.raises(IndexStoreError, match=r"lacks the vectors of 8 item\(s\)"):
        Searcher(tmp_path, model)


def test_nothing_readable_leaves_no_index(model: Model, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "media" / "a.png")
    corpus, _ = read_folder([tmp_path / "media"])
    (tmp_path / "media" / "a.png").write_bytes(b"gone bad")
    with pytest.raises(IndexStoreError, match="None of the 1 files could be read"):
        build_index(corpus, model, tmp_path / "index")
    assert not (tmp_path / "index" / "index.json").exists()


def test_bad_queries(built: Path, model: Model) -> None:
    searcher = Searcher(built, model)
    for query in ("", "  \n"):
        with pytest.raises(ModelError, match="needs text"):
            searcher.search(query)
    with pytest.raises(ModelError, match="k = 0"):
        searcher.search("a", 0)
    assert len(searcher.search("a very long query " * 600, 2)) == 2


def test_a_score_that_is_no_number_is_an_error(built: Path, tmp_path: Path) -> None:
    broken = babelreel.load(json.loads((built / "index.json").read_text())["model"]["source"], frames=4)
    with torch.no_grad():
        broken.method.text.backbone.text_projection.weight.fill_(float("nan"))
    with pytest.raises(IndexStoreError, match="are not numbers"):
        Searcher(built, broken).search("a")


def test_texts_come_back_in_order_whatever_the_batches(model: Model) -> None:
    texts = ["b " * n + "end" for n in (30, 1, 12, 5, 40, 2)]
    together = model.encode_text(texts, batch_size=2)
    assert together.pooled is not None
    for n, text in enumerate(texts):
        alone = model.encode_text([text], "en").pooled
        assert alone is not None
        torch.testing.assert_close(together.pooled[n], alone[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together.pooled.norm(dim=1), torch.ones(6))


def test_bad_models_and_paths(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        babelreel.load(tmp_path / "none")
    with pytest.raises(ModelError, match="cannot be used here"):
        babelreel.load(model.source, device="cuda:9")
    other = write_small_clip(tmp_path / "wide", TEXTS, width=64, image_size=32)
    with pytest.raises(ModelError, match="share no space"):
        babelreel.load(model.source, text=other)
    with pytest.raises(CorpusError, match="There is no file"):
        model.encode_media([tmp_path / "gone.mp4"])
