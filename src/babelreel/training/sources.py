"""Where a recipe's towers come from: a hub folder, a run that was trained here before, or nowhere, from scratch.

So stages chain: a CLIP is pretrained, its text tower distilled (MKD), and a video method starts from the run of the one
for its media side and from the run of the other for its texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from babelreel.encoders.heads import HeadConfig
from babelreel.encoders.media import MediaTower, VisionConfig
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.towers import TextConfig, TextTower, new_tower
from babelreel.encoders.vision import VisionEncoder
from babelreel.errors import ConfigError
from babelreel.media.video import Sampling
from babelreel.methods.base import Method
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.runs import is_run, load_run
from babelreel.types import Caption


@dataclass(frozen=True, slots=True)
class Sources:
    """The `Parts` of a recipe; `captions` teach vocabularies from scratch."""

    captions: Sequence[Caption]

    def media(self, vision: VisionConfig, head: HeadConfig | None) -> MediaTower:
        """The media side of a recipe.

        A run gives its vision backbone and, where the recipe has no [method.head], its trained head with it. Of a hub
        folder comes the backbone, with a new head; `view` is for the latter.

        Raises:
            ConfigError: when `grid` asks for patches of a run whose head cannot read them.
            ModelError: when the source cannot be loaded, or is a run without a media side.
        """
        if not is_run(Path(vision.source)):
            return MediaTower(VisionEncoder.load(vision.source, vision.view), head, vision.grid)
        media = self.run(vision.source).media_tower()
        if head is not None:
            return MediaTower(media.vision, head, vision.grid)
        return media.over_grid() if vision.grid else media

    def text(self, config: TextConfig, width: int, role: str = "query") -> TextTower:
        """A text tower whose vectors have `width`: of a run the one that reads `role`; of a hub folder its own, with a
        new projection where its width is another; else one from scratch.

        Raises:
            ConfigError: when a run's tower has another width: its space is another one.
            ModelError: when the source cannot be loaded, or is a run without such a tower.
        """
        if not config.source:
            return new_tower(config, [caption.text for caption in self.captions], width)
        if not is_run(Path(config.source)):
            tower = TextEncoder.load(config.source)
            if tower.width == width:
                return tower
            return TextEncoder(tower.backbone, tower.tokenizer, tower.mean, nn.Linear(tower.width, width))
        found = self.run(config.source).text_tower(role)
        if found.width != width:
            raise ConfigError(
                f"The text tower of {config.source} gives vectors of width {found.width}, the media side of {width}: "
                "they share no space. Take both from runs of one family, or leave out the source to train a new tower."
            )
        return found

    def run(self, folder: str, sampling: Sampling | None = None) -> Method:
        """A trained method; of a hub folder a zero-shot CLIP4Clip that reads videos by `sampling`."""
        if is_run(Path(folder)):
            return load_run(Path(folder))
        return CLIP4Clip.zero_shot(folder, folder, sampling or Sampling())

    def said(self, langs: Sequence[str]) -> list[str]:
        """The training's texts in some languages."""
        return [caption.text for caption in self.captions if caption.lang in langs]
