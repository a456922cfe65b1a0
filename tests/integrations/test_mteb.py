"""integrations/mteb.py: in mteb's own retrieval tasks our models have the recall that we measure ourselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mteb
import pytest
import torch
from datasets import Dataset, Image, Video
from families import write_family
from integration_worlds import corpus_of
from mteb.abstasks.retrieval import AbsTaskRetrieval
from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData
from mteb.abstasks.task_metadata import TaskMetadata

from babelreel.errors import MissingExtraError, ModelError
from babelreel.evaluate import evaluate_model
from babelreel.integrations.mteb import MtebModel
from babelreel.types import Corpus


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> MtebModel:
    return MtebModel(str(write_family("siglip2-naflex", tmp_path_factory.mktemp("model"))), device="cpu", frames=3)


def task_of(corpus: Corpus, kind: str) -> AbsTaskRetrieval:
    """The corpus as a retrieval task of mteb's own class, each file as the bytes that data sets hold."""
    feature, files = (Image() if kind == "image" else Video()), [corpus.path(item) for item in corpus.items]
    given = [{"bytes": path.read_bytes(), "path": None} for path in files]
    media = Dataset.from_dict({"id": [item.id for item in corpus.items], kind: given}).cast_column(kind, feature)
    captions = [(f"q{n}", caption.text, item.id) for n, item in enumerate(corpus.items) for caption in item.captions]
    queries = Dataset.from_dict({"id": [c[0] for c in captions], "text": [c[1] for c in captions]})
    metadata = TaskMetadata(
        type="Any2AnyRetrieval", name=f"Small{kind}", description="small", main_score="recall_at_1",
        dataset={"path": "small", "revision": "1"}, reference=None, date=None, eval_splits=["test"],
        eval_langs=["eng-Latn"], modalities=["text", kind], category="t2i" if kind == "image" else "t2v",
        domains=None, task_subtypes=None, license=None, annotations_creators=None, dialect=None, sample_creation=None,
        bibtex_citation="", contributed_by=None,
    )  # fmt: skip

    class Small(AbsTaskRetrieval):
        def load_data(self, **kwargs: Any) -> None:
            relevant = {name: {item: 1} for name, _, item in captions}
            split = RetrievalSplitData(corpus=media, queries=queries, relevant_docs=relevant, top_ranked=None)
            self.dataset = {"default": {"test": split}}
            self.data_loaded = True

    Small.metadata = metadata
    return Small()


@pytest.mark.parametrize("kind", ["image", "video"])
def test_recall_is_what_we_measure(kind: str, model: MtebModel, data: Path, tmp_path: Path) -> None:
    corpus = corpus_of(data, kind)
    ours = evaluate_model(model.model, corpus, cache=tmp_path).row("en", "t2i" if kind == "image" else "t2v")
    result = mteb.evaluate(model, task_of(corpus, kind), cache=None, show_progress_bar=False)
    scores = result.task_results[0].scores["test"][0]
    for k in (1, 5, 10):
        assert scores[f"recall_at_{k}"] == pytest.approx(ours.measures[f"R@{k}"] / 100, abs=1e-5)
    assert 0 < ours.measures["R@5"] < 100  # all or nothing would agree by chance


def test_what_mteb_reads_of_a_model(model: MtebModel) -> None:
    from mteb.models.models_protocols import EncoderProtocol

    assert isinstance(model, EncoderProtocol)
    meta = model.mteb_model_meta
    assert (meta.name, meta.revision) == (model.name, model.model.fingerprint)
    assert meta.modalities == ["text", "image", "video"]
    rows = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model.similarity(rows.numpy(), rows), rows @ rows.T)
    torch.testing.assert_close(model.similarity_pairwise(rows, rows.numpy()), (rows @ rows.T).diagonal())
    assert MtebModel(model.model.source, name="us/ours").name == "us/ours"


def test_pictures_that_are_no_files(model: MtebModel, data: Path) -> None:
    """A loader over a plain list, with PIL images: what some tasks hand over."""
    from PIL import Image as Pillow
    from torch.utils.data import DataLoader

    corpus = corpus_of(data, "image")
    paths = [corpus.path(item) for item in corpus.items[:3]]
    loader = DataLoader([{"image": Pillow.open(path)} for path in paths], 2, collate_fn=_collate)
    expected = model.model.encode_media(replace(corpus, items=corpus.items[:3])).representation
    assert expected is not None
    assert expected.pooled is not None
    # Not alike to the last digit: a JPEG file is scaled down in its decoder, a picture in memory is whole.
    assert (model.encode(loader) * expected.pooled).sum(-1).min() > 0.999


def _collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.mark.parametrize(
    ("row", "message"),
    [({"text": "a dog", "image": None}, "holds text and image"), ({"audio": 1}, "holds neither text nor image")],
)
def test_rows_that_cannot_be_read(row: dict[str, Any], message: str, model: MtebModel) -> None:
    from torch.utils.data import DataLoader

    with pytest.raises(ModelError, match=message):
        model.encode(DataLoader([row], 1, collate_fn=_collate))


def test_without_mteb(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(MissingExtraError, match=r"babelreel\[mteb\]"):
        MtebModel("a/b")
