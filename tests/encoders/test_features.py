"""encoders/features.py: a second run decodes nothing, a killed run loses nothing stored, rows keep their keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from babelreel.encoders import features
from babelreel.encoders.features import RepresentationStore, encode_items
from babelreel.errors import IndexStoreError
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling
from babelreel.media.write import write_video
from babelreel.types import Corpus, MediaBatch, MediaItem, Representation

SPEC = ImageSpec(8, 8)


def rows(count: int, length: int, seed: int = 0) -> Representation:
    """Ragged rows: row n has 1 + n % length tokens."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(count, length, 4, generator=generator)
    mask = torch.arange(length) < (1 + torch.arange(count) % length)[:, None]
    times = torch.rand(count, length, generator=generator) * mask
    return Representation(torch.randn(count, 3, generator=generator), tokens * mask[..., None], mask, times)


def same(a: Representation, b: Representation) -> None:
    assert a.fields().keys() == b.fields().keys()
    for name, tensor in a.fields().items():
        torch.testing.assert_close(tensor, b.fields()[name], rtol=0, atol=0)


def test_rows_come_back_by_key_in_any_order_from_any_shard(tmp_path: Path) -> None:
    given = rows(20, 5)
    keys = [f"key{n}" for n in range(20)]
    store = RepresentationStore(tmp_path, "model")
    for start in range(0, 20, 7):
        store.add(keys[start : start + 7], given[start : start + 7])
        store.flush()
    assert len(list(tmp_path.rglob("*.safetensors"))) == 3
    again = RepresentationStore(tmp_path, "model")
    assert len(again) == 20
    order = torch.randperm(20, generator=torch.Generator().manual_seed(1)).tolist()
    same(again.read([keys[n] for n in order]), given[order])
    short = again.read(["key0"])  # one token: nothing is padded to the shard's longest
    assert short.tokens is not None
    assert short.tokens.shape == (1, 1, 4)
    assert set(again.read(keys, ["pooled"]).fields()) == {"pooled"}


def test_known_keys_are_not_written_twice(tmp_path: Path) -> None:
    store = RepresentationStore(tmp_path, "model")
    store.add(["a", "b"], rows(2, 2, seed=0))
    store.flush()
    store.add(["b", "c"], rows(2, 2, seed=1))
    got = store.read(["a", "b", "c"])
    assert got.pooled is not None
    torch.testing.assert_close(got.pooled[1], rows(2, 2, seed=0).pooled[1])  # type: ignore[index]
    assert len(store) == 3


def test_half_precision_is_a_choice(tmp_path: Path) -> None:
    store = RepresentationStore(tmp_path, "model", torch.float16)
    store.add(["a", "b", "c"], rows(3, 3))
    got = store.read(["a", "b", "c"])
    assert got.pooled is not None
    assert got.pooled.dtype == torch.float16
    torch.testing.assert_close(got.pooled.float(), rows(3, 3).pooled, rtol=1e-3, atol=1e-3)


def test_stores_of_two_models_do_not_mix_and_missing_rows_are_named(tmp_path: Path) -> None:
    store = RepresentationStore(tmp_path, "one")
    store.add(["a"], rows(1, 1))
    store.flush()
    other = RepresentationStore(tmp_path, "two")
    assert "a" not in other
    with pytest.raises(IndexStoreError, match="1 of 1 rows are not in"):
        other.read(["a"])


def test_a_damaged_shard_is_told_and_its_rows_encoded_again(tmp_path: Path) -> None:
    store = RepresentationStore(tmp_path, "model")
    store.add(["a"], rows(1, 1))
    store.flush()
    shard = next(tmp_path.rglob("*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:20])
    with pytest.warns(UserWarning, match="is damaged"):
        again = RepresentationStore(tmp_path, "model")
    assert "a" not in again
    again.add(["a"], rows(1, 1))
    same(again.read(["a"]), rows(1, 1))


def test_a_shard_is_written_when_enough_has_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "SHARD_BYTES", 200)
    store = RepresentationStore(tmp_path, "model")
    store.add([f"k{n}" for n in range(10)], rows(10, 4))
    assert len(list(tmp_path.rglob("*.safetensors"))) == 1


class Encoder:
    """Counts what it is asked for: the mean colour of each frame as tokens, the clip's mean as pooled."""

    def __init__(self, die_after: int | None = None) -> None:
        self.items: list[str] = []
        self.die_after = die_after

    def __call__(self, batch: MediaBatch) -> Representation:
        if self.die_after is not None and len(self.items) >= self.die_after:
            raise KeyboardInterrupt
        self.items += batch.ids
        tokens = batch.frames.float().mean((-2, -1)) * batch.mask[..., None]  # (B, T, 3)
        pooled = tokens.sum(1) / batch.mask.sum(1, keepdim=True)
        return Representation(pooled, tokens, batch.mask, batch.times)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    root = tmp_path_factory.mktemp("media")
    items = []
    for n in range(6):
        Image.new("RGB", (16, 16), (40 * n, 0, 0)).save(root / f"{n}.png")
        items.append(MediaItem(f"{n}.png", f"{n}.png", "image"))
    for n in range(3):
        frames = [np.full((16, 16, 3), 20 * n + 5 * t, np.uint8) for t in range(5 + 3 * n)]
        write_video(root / f"{n}.mp4", frames, 10)
        items.append(MediaItem(f"{n}.mp4", f"{n}.mp4", "video"))
    items.append(MediaItem("span", "2.mp4", "video", start=0.5, end=0.9))
    items.append(MediaItem("twin", "0.png", "image"))
    (root / "broken.mp4").write_bytes(b"nothing")
    items.append(MediaItem("broken", "broken.mp4", "video"))
    return Corpus("c", root, tuple(items))


def encode(corpus: Corpus, store: RepresentationStore, encoder: Encoder, **how: int) -> features.Encoded:
    return encode_items(encoder, corpus, store, Sampling(frames=4), SPEC, **({"batch_frames": 8} | how))


def test_a_second_run_decodes_nothing(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Encoder(), Encoder()
    seen: list[tuple[int, int]] = []
    store = RepresentationStore(tmp_path, "m")
    done = encode_items(first, corpus, store, Sampling(frames=4), SPEC, progress=lambda d, t: seen.append((d, t)))
    assert seen == [(n, 12) for n in range(1, 13)]
    assert list(done.failures) == ["broken"]
    assert "broken.mp4" in done.failures["broken"]
    assert len(first.items) == 10  # "twin" has the bytes of 0.png, so it shares its row
    assert done.keys["twin"] == done.keys["0.png"]
    assert done.keys["span"] != done.keys["2.mp4"]
    monkeypatch.setattr(features, "read_item", None)  # a decode would now be an error
    good = Corpus("c", corpus.media_root, corpus.items[:-1])
    again = encode(good, RepresentationStore(tmp_path, "m"), second)
    assert second.items == []
    assert again.keys == done.keys


def test_rows_do_not_depend_on_workers_and_batches(corpus: Corpus, tmp_path: Path) -> None:
    results = []
    for n, (workers, batch_frames) in enumerate([(1, 1), (3, 8), (2, 1000)]):
        store = RepresentationStore(tmp_path / str(n), "m")
        done = encode(corpus, store, Encoder(), workers=workers, batch_frames=batch_frames)
        results.append(store.read([done.keys[i.id] for i in corpus.items[:-1]]))
    same(results[0], results[1])
    same(results[0], results[2])
    assert results[0].times is not None
    assert results[0].times[9, 0] == pytest.approx(0.5)  # the span's first frame, in seconds of the file


def test_an_interrupted_run_goes_on_where_it_stopped(corpus: Corpus, tmp_path: Path) -> None:
    first, second = Encoder(die_after=4), Encoder()
    with pytest.raises(KeyboardInterrupt):
        encode(corpus, RepresentationStore(tmp_path, "m"), first, batch_frames=2)
    assert len(first.items) >= 4
    done = encode(corpus, RepresentationStore(tmp_path, "m"), second)
    assert set(first.items).isdisjoint(second.items)
    assert len(first.items) + len(second.items) == 10
    assert len(done.keys) == 11
