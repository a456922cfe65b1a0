"""Our models in mteb's tasks: retrieval and the like over texts, images and videos.

    mteb.evaluate(MtebModel("runs/mine"), mteb.get_tasks(["XFlickr30kCoT2IRetrieval"]))

Pictures and videos are taken from a task's data set as files and decoded here, with the same frames as everywhere in
babelreel; mteb's own decoder of videos (torchcodec) is not needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from babelreel.data.batches import collate_media
from babelreel.errors import ModelError
from babelreel.extras import require
from babelreel.integrations.export import require_one_vector
from babelreel.media.given import frames_of
from babelreel.model import load
from babelreel.scoring import dot
from babelreel.types import Kind, Representation

MEDIA: tuple[Kind, ...] = ("image", "video")


class MtebModel:
    """mteb's encoder protocol over any model that `babelreel.load` opens, except those that score by frames.

    `model_name` is a run, a folder or a hub id; `options` are those of `load`. `name` is what mteb's results call it,
    "organisation/model"; by default "babelreel/" and the folder's name.

    Raises:
        MissingExtraError: when mteb is not installed.
        ModelError: when the model does not load, or scores by more than one vector an item.
    """

    def __init__(
        self,
        model_name: str,
        revision: str | None = None,
        *,
        device: str | None = None,
        name: str | None = None,
        **options: Any,
    ) -> None:
        require("mteb")
        self.model = load(model_name, device=device, **options)
        require_one_vector(self.model.method)
        self.name = name or f"babelreel/{Path(model_name).name}"
        self.revision = revision or self.model.fingerprint

    @property
    def mteb_model_meta(self) -> Any:
        """What mteb writes above the results."""
        from mteb.models.model_meta import ModelMeta, ScoringFunction

        said = {
            "name": self.name, "revision": self.revision, "modalities": ["text", "image", "video"],
            "n_parameters": sum(p.numel() for p in self.model.method.parameters()), "framework": ["PyTorch"],
            "similarity_fn_name": ScoringFunction.DOT_PRODUCT, "use_instructions": False,
            "experiment_kwargs": {"description": self.model.title},
        }  # fmt: skip
        return ModelMeta.create_empty(said)

    def encode(self, inputs: Any, *, task_metadata: Any = None, **kwargs: Any) -> Tensor:
        """Vectors (N, D) of a mteb data loader's rows: its "text", its "image", or its "video".

        Raises:
            ModelError: when a row holds several of them, or none.
            MediaError: when a file cannot be read.
        """
        parts = [self._encode(batch) for batch in _batches(inputs)]
        return torch.cat(parts)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Tensor:
        """(N, M) scores."""
        first, second = (torch.as_tensor(each) for each in (embeddings1, embeddings2))
        return dot(Representation(first), Representation(second))

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Tensor:
        """(N,) scores of rows with each other."""
        return (torch.as_tensor(embeddings1) * torch.as_tensor(embeddings2)).sum(-1)

    def _encode(self, batch: dict[str, Any]) -> Tensor:
        read = [name for name in ("text", *MEDIA) if name in batch]
        if len(read) != 1:
            raise ModelError(
                f"A row of this task holds {' and '.join(read) or 'neither text nor image nor video'}; this model "
                "reads one of text, image and video at a time."
            )
        if read == ["text"]:
            rows = self.model.encode_text(list(batch["text"]))
        else:
            kind: Kind = "image" if read == ["image"] else "video"
            method = self.model.method
            given = [frames_of(each, kind, method.sampling, method.spec, f"A row's {kind}") for each in batch[kind]]
            rows = self.model.encode_batch(collate_media([""] * len(given), given))
        assert rows.pooled is not None
        return rows.pooled


def _batches(inputs: Any) -> Iterator[dict[str, Any]]:
    """The batches of a data loader, with files for pictures and videos where its data set has them."""
    from datasets import Dataset, Image, Video
    from torch.utils.data import DataLoader

    dataset = inputs.dataset
    if isinstance(dataset, Dataset):
        for name, feature in dataset.features.items():
            if isinstance(feature, Image | Video):
                dataset = dataset.cast_column(name, type(feature)(decode=False))
        inputs = DataLoader(dataset, inputs.batch_size, collate_fn=inputs.collate_fn)
    yield from inputs
