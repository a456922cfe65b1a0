"""integrations/export.py and sentence_transformers.py: exported, a model gives the very vectors that it gives here."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import TEXTS, write_family
from integration_worlds import corpus_of
from PIL import Image

import babelreel
from babelreel import cli
from babelreel.errors import MediaError, ModelError
from babelreel.integrations.export import MODULE, export_sentence
from babelreel.media.video import Sampling
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.methods.mumur import MuMUR
from babelreel.model import Model
from babelreel.runs import save_run


def run(*arguments: object) -> tuple[int, str]:
    """The command line, its exit code and all that it prints."""
    out, code = io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
        patch.setattr(sys, "argv", ["babelreel", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and what it was exported to."""
    root = tmp_path_factory.mktemp("export")
    text = write_family("mclip", root / "mclip")
    save_run(babelreel.load(write_family("clip", root / "clip"), text=text, frames=3).method, root / "run", {"seed": 3})
    (root / "run" / "README.md").write_text("---\nlanguage: [de]\n---\nOurs.\n")
    code, told = run("export", root / "run", "-o", root / "out")
    assert (code, "trust_remote_code=True) opens it." in told) == (0, True), told
    return root


@pytest.fixture(scope="module")
def ours(world: Path) -> Model:
    return babelreel.load(world / "run", device="cpu")


@pytest.fixture(scope="module")
def theirs(world: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(world / "out"), trust_remote_code=True, device="cpu", local_files_only=True)


def test_texts_images_and_videos_have_the_same_vectors(ours: Model, theirs: Any, data: Path) -> None:
    texts = [*TEXTS, "mbwa " * 90]
    torch.testing.assert_close(torch.as_tensor(theirs.encode(texts)), ours.encode_text(texts).pooled, rtol=0, atol=1e-6)
    for kind in ("image", "video"):
        corpus = corpus_of(data, kind)
        files = [str(corpus.path(item)) for item in corpus.items[:5]]
        expected = ours.encode_media(corpus).representation
        assert expected is not None
        torch.testing.assert_close(torch.as_tensor(theirs.encode(files)), expected.pooled[:5], rtol=0, atol=1e-6)  # type: ignore[index]


def test_pictures_in_memory(ours: Model, theirs: Any, data: Path) -> None:
    corpus = corpus_of(data, "image")
    pictures = [Image.open(corpus.path(item)).convert("RGB").resize((64, 48)) for item in corpus.items[:3]]
    arrays = [np.asarray(picture) for picture in pictures]
    expected = theirs.encode(pictures)
    for given in (
        arrays,
        [torch.from_numpy(a.copy()).permute(2, 0, 1) for a in arrays],
        [{"image": p} for p in pictures],
    ):
        np.testing.assert_allclose(theirs.encode(given), expected, atol=1e-6)
    video = [{"array": np.stack([a] * 5), "video_metadata": None} for a in arrays]  # a still film is its picture
    np.testing.assert_allclose(theirs.encode(video), expected, atol=1e-6)


def test_what_the_library_asks(world: Path, ours: Model, theirs: Any, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from babelreel.integrations.sentence_transformers import BabelreelModule

    assert theirs.modalities == ["text", "image", "video"]
    assert theirs.get_embedding_dimension() == 24
    assert theirs.max_seq_length == ours.method.texts["query"].limit
    theirs.save_pretrained(str(tmp_path))
    assert json.loads((tmp_path / "modules.json").read_text())[0]["type"] == MODULE
    again = SentenceTransformer(modules=[BabelreelModule.load(str(tmp_path))], device="cpu")
    np.testing.assert_array_equal(again.encode(TEXTS), theirs.encode(TEXTS))
    with pytest.raises(ValueError, match="trust_remote_code"):
        SentenceTransformer(str(world / "out"), device="cpu", local_files_only=True)


def test_it_is_still_a_run(world: Path, ours: Model) -> None:
    again = babelreel.load(world / "out")
    assert again.fingerprint == ours.fingerprint
    assert json.loads((world / "out" / "run.json").read_text())["made"] == {"seed": 3}
    assert (world / "out" / "README.md").read_text().endswith("Ours.\n")
    assert run("export", world / "run", "-o", world / "out")[0] == 0  # once more into the same folder


def test_a_zero_shot_pair_can_be_exported(world: Path, tmp_path: Path) -> None:
    code, _ = run("export", world / "clip", "--text", world / "mclip", "--frames", 3, "-o", tmp_path / "pair")
    assert code == 0
    assert babelreel.load(tmp_path / "pair").fingerprint == babelreel.load(world / "run").fingerprint
    made = json.loads((tmp_path / "pair" / "run.json").read_text())["made"]
    assert made == {"from": f"{world / 'clip'} with the text tower {world / 'mclip'}"}


def test_what_cannot_be_exported(world: Path, ours: Model, tmp_path: Path) -> None:

    assert isinstance(ours.method, CLIP4Clip)
    by_frames = Model(MuMUR(ours.method.media, ours.method.text, Sampling(3)), {"source": "x"}, ours.device)
    with pytest.raises(ModelError, match="scores a query against every frame"):
        export_sentence(by_frames, tmp_path / "a")
    chat = babelreel.load(write_family("sentence-chat", tmp_path / "chat"))
    with pytest.raises(ModelError, match="is a sentence-transformers model already"):
        export_sentence(chat, tmp_path / "b")
    before = (world / "clip" / "model.safetensors").read_bytes()
    with pytest.raises(ModelError, match="holds other files than a run"):
        export_sentence(ours, world / "clip")
    assert (world / "clip" / "model.safetensors").read_bytes() == before
    assert not (tmp_path / "a").exists()


def test_inputs_that_are_refused(theirs: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"bad\.jpg"):
        theirs.encode([str(tmp_path / "bad.jpg")])
    with pytest.raises(ModelError, match="needs text"):
        theirs.encode([" "])
    with pytest.raises(ValueError, match="mixes multiple modalities"):
        theirs.encode(["a dog", Image.new("RGB", (9, 9))])
