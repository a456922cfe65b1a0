"""Faults, each planted into a small real model: what a careless pipeline would do, on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from babelreel.data.tokenizers import Tokenizer
from babelreel.media.transforms import ImageSpec
from babelreel.model import Model
from babelreel.types import MediaBatch, Representation, TextBatch

Plant = Callable[[Model], None]


def pixels(change: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Plant:
    """Something else than normalised pixels arrives: `change` is given pixels in [0, 1], mean and deviation."""

    def plant(model: Model) -> None:
        spec = model.method.spec
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (spec.mean, spec.std))

        def hook(part: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            return given, named | {"pixel_values": change(named["pixel_values"] * std + mean, mean, std)}

        vision(model).backbone.register_forward_pre_hook(hook, with_kwargs=True)

    return plant


def spec(**other: Any) -> Plant:
    """Pictures are prepared by another specification than the checkpoint's."""

    def plant(model: Model) -> None:
        changed: ImageSpec = replace(model.method.spec, **other)
        model.method.spec = vision(model).spec = changed

    return plant


def media_in(change: Callable[[MediaBatch], MediaBatch]) -> Plant:
    """The media side reads another batch than it is given."""

    def plant(model: Model) -> None:
        encode = model.method.encode_media
        model.method.encode_media = lambda batch: encode(change(batch))  # type: ignore[method-assign]

    return plant


def media_out(change: Callable[[Representation], Representation]) -> Plant:
    """The media side gives other rows than it made."""

    def plant(model: Model) -> None:
        encode = model.method.encode_media
        model.method.encode_media = lambda batch: change(encode(batch))  # type: ignore[method-assign]

    return plant


def text_out(change: Callable[[Tensor], Tensor]) -> Plant:
    """The text side gives other vectors than it made."""

    def plant(model: Model) -> None:
        encode = model.method.encode_text

        def changed(batch: TextBatch) -> Representation:
            rows = encode(batch).pooled
            assert rows is not None
            return Representation(change(rows))

        model.method.encode_text = changed  # type: ignore[method-assign]

    return plant


def pooled(change: Callable[[Tensor], Tensor]) -> Plant:
    """Only the vectors of whole items are changed."""

    def changed(rows: Representation) -> Representation:
        assert rows.pooled is not None
        return replace(rows, pooled=change(rows.pooled))

    return media_out(changed)


def ids(change: Callable[[list[int], Tokenizer], list[int]]) -> Plant:
    """The tokenizer gives other ids: `change` is given a text's ids and the tokenizer."""

    class Changed(Tokenizer):
        def __call__(self, texts: Sequence[str], langs: Sequence[str] = (), role: str = "query") -> TextBatch:
            batch = super().__call__(texts, langs, role)
            rows = [change(row[real].tolist(), self) for row, real in zip(batch.input_ids, batch.mask, strict=True)]
            longest = max(batch.input_ids.shape[1] if self.policy.padding == "max_length" else 0, *map(len, rows))
            found = torch.full((len(rows), longest), self.backend.pad_token_id)
            mask = torch.zeros(len(rows), longest, dtype=torch.bool)
            for place, row in enumerate(rows):
                found[place, : len(row)], mask[place, : len(row)] = torch.tensor(row), True
            return TextBatch(found, mask, tuple(langs), role)

    return reader(Changed)


def plain(change: Callable[[str], str]) -> Plant:
    """Texts are not made plain for the vocabulary as they should be."""

    class Changed(Tokenizer):
        def _plain(self, text: str) -> str:
            return change(text)

    return reader(Changed)


def policy(**other: Any) -> Plant:
    """Texts are prepared by another policy."""

    def plant(model: Model) -> None:
        tokenizer = model.method.texts["query"]
        tokenizer.policy = replace(tokenizer.policy, **other)  # type: ignore[attr-defined]

    return plant


def reader(kind: type[Tokenizer]) -> Plant:
    """Another class reads the texts with the model's own vocabulary."""

    def plant(model: Model) -> None:
        tokenizer: Any = model.method.texts["query"]
        model.method.texts["query"] = kind(tokenizer.backend, tokenizer.policy)

    return plant


def weight(change: Callable[[Model], None]) -> Plant:
    """Weights are changed in place."""

    def plant(model: Model) -> None:
        with torch.no_grad():
            change(model)

    return plant


def attribute(name: str, value: Any) -> Plant:
    """A verb of the method is another: `value` is given the method's own."""

    def plant(model: Model) -> None:
        setattr(model.method, name, value(getattr(model.method, name)))

    return plant


def vision(model: Model) -> Any:
    """The vision encoder."""
    return model.method.backbone()


def layer(model: Model, side: str, number: int) -> Any:
    """A transformer layer of the media or the text side."""
    backbone = vision(model).backbone.vision_model if side == "media" else text_backbone(model).text_model
    return backbone.encoder.layers[number]


def text_backbone(model: Model) -> Any:
    """The text side's transformers model."""
    tower: Any = model.method.text_tower("query")
    return tower.backbone


def unmasked(model: Model) -> None:
    """Padding takes part in the mean, and is attended to."""
    tower: Any = model.method.text_tower("query")
    forward = tower.forward
    tower.forward = lambda batch: forward(replace(batch, mask=torch.ones_like(batch.mask)))


def coarse(module: nn.Module) -> None:
    """Numbers that half precision has no room for beside a large one."""
    module.register_forward_hook(lambda part, given, found: (found + 500) - 500)
