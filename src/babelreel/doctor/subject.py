"""The model under test, with what several checks want to know of it, computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from babelreel.data.batches import collate_media
from babelreel.data.coverage import Coverage, coverage, everyday
from babelreel.doctor.probes import Probes
from babelreel.doctor.published import Published, published
from babelreel.encoders.towers import TextTower
from babelreel.errors import ModelError
from babelreel.media.files import kind_of, read_item
from babelreel.model import Model
from babelreel.types import MediaBatch, Representation, TextBatch


class Side(NamedTuple):
    """A `TextReader`: that of a role, or of one language of a role that has a vocabulary for each."""

    role: str
    lang: str
    reader: Any


T = TypeVar("T")
FEW = 6  # languages
HALF = 0.5  # of a language's letters or grams that a vocabulary must know to read it


class Subject:
    """A model, its probes, and the languages it is asked about (None: those that it can read)."""

    def __init__(self, model: Model, probes: Probes, langs: Sequence[str] | None = None) -> None:
        self.model, self.method, self.probes = model, model.method, probes
        self._kept: dict[Any, Any] = {}
        self.langs = None if langs is None else tuple(langs)
        self.in_training = [name or "the model" for name, part in model.method.named_modules() if part.training]
        self.fingerprint = model.method.media_fingerprint()
        model.method.eval()

    @cached_property
    def published(self) -> Published:
        """What its folder says."""
        return published(self.model)

    def read(self, *paths: Path) -> MediaBatch:
        """Files as the index reads them, on the model's device."""
        found = [read_item(path, kind_of(path), self.method.sampling, self.method.spec) for path in paths]
        return collate_media([path.name for path in paths], found).to(self.model.device)

    def media(self, batch: MediaBatch) -> Representation:
        """Encoded as the index encodes, float32."""
        return self.model.encode_batch(batch)

    def text(self, batch: TextBatch) -> Tensor:
        """Vectors (B, D) of a batch, in float32."""
        with torch.inference_mode():
            rows = self.method.encode_text(batch.to(self.model.device)).pooled
        assert rows is not None, "a query has a vector"
        return rows.float().cpu()

    @cached_property
    def sides(self) -> list[Side]:
        """Everything that reads texts."""
        found = []
        for role, reader in self.method.texts.items():
            several = getattr(reader, "readers", None)
            if several is None:
                found.append(Side(role, "", reader))
            else:
                found += [Side(role, lang, several[name]) for lang, name in reader.languages.items()]  # type: ignore[attr-defined]
        return found

    def side_of(self, lang: str | None) -> Side:
        """What reads a language, as the method routes it; None is an unknown one."""
        able = [side for side in self.sides if side.role == self.method.route(lang)]
        own = (lang or "").partition("-")[0]
        return next((side for side in able if side.lang.partition("-")[0] == own), able[0])

    def tokens(self, texts: Sequence[str], side: Side) -> TextBatch:
        """Tokenised as a query is."""
        return self.method.texts[side.role](list(texts), [side.lang] * len(texts), side.role)

    def seen(self, batch: MediaBatch) -> Tensor | None:
        """The pixels (M, 3, H, W) that reach the backbone, or None where they cannot be watched."""
        found = watch(self.method, lambda: self.media(batch))
        return None if found is None else found.float().cpu()

    @cached_property
    def both_rows(self) -> Representation:
        """That batch, encoded."""
        return self.media(self.picture_and_clip)

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of the text folder, of transformers."""
        return self.published.tokenizer()

    @cached_property
    def processor(self) -> Any:
        """The image processor that pixels are compared with."""
        return self.published.processor(self.method.spec)

    @cached_property
    def clip(self) -> MediaBatch:
        """The clip, read."""
        return self.read(self.probes.clip)

    @cached_property
    def clip_rows(self) -> Representation:
        """The clip, encoded alone."""
        return self.media(self.clip)

    @cached_property
    def picture_and_clip(self) -> MediaBatch:
        """Both in one batch, the picture's frames padded to the clip's."""
        return self.read(self.probes.picture, self.probes.clip)

    def once(self, function: Callable[[Subject], T]) -> T:
        """What a function makes of the subject, computed at the first call."""
        if function not in self._kept:
            self._kept[function] = function(self)
        return self._kept[function]

    @cached_property
    def pictures(self) -> Representation:
        """The pictures, encoded together."""
        return self.media(self.read(self.probes.picture, *self.probes.others))

    def known(self, side: Side) -> dict[str, Coverage]:
        """What a side knows of the everyday sentences, by language."""
        if side not in self._kept:
            self._kept[side] = {lang: coverage(side.reader, texts) for lang, texts in everyday().items()}
        found: dict[str, Coverage] = self._kept[side]
        return found

    def readable(self, side: Side) -> list[str]:
        """Everyday sentences in languages of which a side knows half or more: two in each, all where they are few."""
        known = [lang for lang, found in self.known(side).items() if found.unknown_share <= HALF]
        return [text for lang in known for text in everyday()[lang][: 2 if len(known) > FEW else None]]

    def tower(self, role: str) -> TextTower | None:
        """The text tower of a role, where the method names one."""
        try:
            return self.method.text_tower(role)
        except ModelError:
            return None

    def config(self, role: str) -> Any:
        """The configuration of a role's text model, of transformers; None for what is none."""
        return getattr(getattr(self.tower(role), "backbone", None), "config", None)

    def text_kind(self, role: str) -> str:
        """The model_type of a role's text model, such as "clip_text_model"; "" for what is none of transformers."""
        return str(getattr(self.config(role), "model_type", ""))


def watch(module: nn.Module, run: Callable[[], Any]) -> Tensor | None:
    """The first pixels that a part of `module` is given while `run` runs, as pictures (M, 3, H, W).

    A part is given pixels by that name, as models of transformers are, or is a convolution of three channels.
    """
    found: list[Tensor] = []

    def look(part: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        pixels = named.get("pixel_values")
        if pixels is None and isinstance(part, nn.Conv2d) and part.in_channels == 3 and given:
            pixels = given[0]
        if pixels is not None and not found:
            shapes = named.get("spatial_shapes")
            found.append(pixels.detach().clone() if shapes is None else unpatch(pixels.detach(), shapes))

    with ExitStack() as hooks:
        for part in module.modules():
            hooks.enter_context(part.register_forward_pre_hook(look, with_kwargs=True))
        try:
            run()
        except Exception:
            if not found:  # else the pixels tell why the model refused them
                raise
    return found[0] if found else None


def unpatch(patches: Tensor, shapes: Tensor) -> Tensor:
    """SigLIP 2's flattened patches (M, G, P * P * 3) of grids that are all alike, as pictures (M, 3, H, W)."""
    rows, columns = map(int, shapes[0])
    side = round((patches.shape[-1] / 3) ** 0.5)
    grid = patches[:, : rows * columns].reshape(-1, rows, columns, side, side, 3)
    return grid.permute(0, 5, 1, 3, 2, 4).reshape(-1, 3, rows * side, columns * side)  # (M, 3, H, W)
