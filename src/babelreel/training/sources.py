"""Where a recipe's pretrained towers come from: a hub folder, or a run that was trained here before.

So stages chain: a CLIP is pretrained, its text tower distilled (MKD), and a video method starts from the run of the one
for its media side and from the run of the other for its texts.
"""

from __future__ import annotations

from pathlib import Path

from torch import nn

from babelreel.encoders.heads import HeadConfig
from babelreel.encoders.media import MediaTower
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.towers import TextTower
from babelreel.encoders.vision import ViewConfig, VisionEncoder
from babelreel.errors import ConfigError
from babelreel.runs import is_run, load_run


def media_from(source: str, head: HeadConfig | None, grid: bool, view: ViewConfig) -> MediaTower:
    """The media side of a recipe.

    A run gives its vision backbone and, where the recipe has no [method.head], its trained head with it. Of a hub
    folder comes the backbone, with a new head; `view` is for the latter.

    Raises:
        ConfigError: when `grid` asks for patches of a run whose head cannot read them.
        ModelError: when the source cannot be loaded, or is a run without a media side.
    """
    if not is_run(Path(source)):
        return MediaTower(VisionEncoder.load(source, view), head or HeadConfig(), grid)
    media = load_run(Path(source)).media_tower()
    if head is not None:
        return MediaTower(media.vision, head, grid)
    return media.over_grid() if grid else media


def text_from(source: str, role: str, width: int) -> TextTower:
    """A pretrained text tower whose vectors have `width`: of a run the one that reads `role`; of a hub folder its own,
    with a new projection where its width is another.

    Raises:
        ConfigError: when a run's tower has another width: its space is another one.
        ModelError: when the source cannot be loaded, or is a run without such a tower.
    """
    if is_run(Path(source)):
        tower = load_run(Path(source)).text_tower(role)
        if tower.width != width:
            raise ConfigError(
                f"The text tower of {source} gives vectors of width {tower.width}, the media side of {width}: they "
                "share no space. Take both from runs of one family, or leave out the source to train a new tower."
            )
        return tower
    tower = TextEncoder.load(source)
    if tower.width == width:
        return tower
    return TextEncoder(tower.backbone, tower.tokenizer, tower.mean, nn.Linear(tower.width, width))
