"""Random views of a clip for training: crop, flip, colour; the same for all frames of a clip, so motion stays true."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from babelreel.errors import ConfigError

ASPECT = 4 / 3  # a crop is at most this many times as wide as high, or as high as wide


@dataclass(frozen=True, slots=True)
class Augmentation:
    """`crop` is the smallest share of a frame's area that a random crop keeps (1 never crops), `flip` mirrors half of
    the clips (not where captions speak of left and right), `colour` is how far brightness, contrast and saturation
    may move, as a share."""

    crop: float = 1.0
    flip: bool = False
    colour: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.crop <= 1 or not 0 <= self.colour < 1:
            raise ConfigError("augment: crop goes from above 0 to 1, colour from 0 to below 1.")


def augment(frames: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """A random view of a clip: uint8 RGB (T, 3, H, W) to the same shape; draws come from `generator` alone."""
    draws = torch.rand(8, generator=generator).tolist()
    if how.crop < 1:
        frames = _crop(frames, how.crop, draws[:4])
    if how.flip and draws[4] < 0.5:
        frames = frames.flip(-1)
    if how.colour:
        frames = _colour(frames, *(1 + how.colour * (2 * draw - 1) for draw in draws[5:8]))
    return frames


def _crop(frames: Tensor, least: float, draws: list[float]) -> Tensor:
    """A crop of random area, aspect and place, resized back to the full size."""
    height, width = frames.shape[-2:]
    area = least + (1 - least) * draws[0]
    stretch = ASPECT ** (2 * draws[1] - 1)
    tall, wide = min(1.0, (area / stretch) ** 0.5), min(1.0, (area * stretch) ** 0.5)
    rows, columns = max(1, round(tall * height)), max(1, round(wide * width))
    top, left = int(draws[2] * (height - rows + 1)), int(draws[3] * (width - columns + 1))
    cut = frames[..., top : top + rows, left : left + columns]
    return interpolate(cut, (height, width), mode="bicubic", antialias=True)


def _colour(frames: Tensor, brightness: float, contrast: float, saturation: float) -> Tensor:
    """Factors around 1; contrast moves pixels from the clip's mean, saturation from their own grey."""
    pixels = frames.float() * brightness
    grey = (pixels * pixels.new_tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)  # (T, 1, H, W)
    pixels = grey + saturation * (pixels - grey)
    pixels = grey.mean() + contrast * (pixels - grey.mean())
    return pixels.round().clamp(0, 255).to(torch.uint8)
