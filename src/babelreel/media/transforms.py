"""Images to what an encoder expects: an `ImageSpec` states it, `resize` and `normalise` do it.

Resizing works on uint8 tensors with antialiasing, as the PIL processors of transformers do; the tests hold the two
together. Frames stay uint8 until the encoder normalises them: a quarter of the memory and of the transfer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from babelreel.errors import ModelError

RESAMPLE = {2: "bilinear", 3: "bicubic"}  # PIL's numbers
STRIP = 16  # from this many times longer than wide, a picture is a strip


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """Frames are resized and then normalised.

    `policy` "squash" resizes to (height, width) whatever the aspect; "crop" brings the shortest edge to
    `shortest_edge` and cuts (height, width) out of the centre; "fit" keeps the aspect and gives frames an area of at
    most height x width, each edge a multiple of `shortest_edge`. `mean` and `std` apply to RGB in [0, 1].
    """

    height: int
    width: int
    policy: Literal["squash", "crop", "fit"] = "squash"
    shortest_edge: int = 0
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 1:
            raise ModelError(f"An image size must be at least 1 x 1, found {self.height} x {self.width}.")
        if self.policy not in ("squash", "crop", "fit") or self.interpolation not in RESAMPLE.values():
            raise ModelError(
                "Images are resized by 'squash', 'crop' or 'fit', with 'bilinear' or 'bicubic' interpolation; "
                f"found {self.policy!r} and {self.interpolation!r}."
            )
        if self.policy == "crop" and self.shortest_edge < 1:
            raise ModelError("An image preparation that crops must say to which shortest edge it resizes first.")
        if self.policy == "fit" and not 1 <= self.shortest_edge**2 <= self.height * self.width:
            raise ModelError(f"An area of {self.height} x {self.width} does not hold a square of {self.shortest_edge}.")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ModelError(f"mean and std must be three numbers, std positive; found {self.mean} and {self.std}.")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ImageSpec:
        """Read back what `dataclasses.asdict` gave, also by way of JSON."""
        return cls(**{**values, "mean": tuple(values["mean"]), "std": tuple(values["std"])})

    @classmethod
    def from_processor_config(cls, config: Mapping[str, Any]) -> ImageSpec:
        """Read a hub `preprocessor_config.json`.

        Raises:
            ModelError: when it prepares images in a way that is not supported, or does not say how.
        """
        if not config.get("do_resize", True):
            raise ModelError("The image preparation does not resize, so frames of different sizes cannot be batched.")
        if not config.get("do_rescale", True) or abs(config.get("rescale_factor", 1 / 255) * 255 - 1) > 1e-6:
            raise ModelError("The image preparation does not bring colours to [0, 1] (do_rescale, rescale_factor).")
        if "crop_pct" in config:
            raise ModelError(
                "The image preparation crops by a share of the picture (crop_pct), which is not supported."
            )
        mean, std = _normalisation(config)
        common: dict[str, Any] = {"interpolation": _interpolation(config), "mean": mean, "std": std}
        crops = config.get("do_center_crop", "crop_size" in config)
        size = _size(config.get("size"), square=config.get("default_to_square", not crops))
        edge = size.get("shortest_edge")
        if not crops:
            # Without a crop the frames' sizes would differ: a square is cut out, so that they can be batched.
            return cls(edge, edge, "crop", edge, **common) if edge else cls(size["height"], size["width"], **common)
        cut = _size(config.get("crop_size", size), square=True)
        height, width = cut.get("height", edge or 0), cut.get("width", edge or 0)
        if edge:
            return cls(height, width, "crop", edge, **common)
        if cut != size:
            raise ModelError(f"The image preparation squashes to {size} and then crops {cut}, which is not supported.")
        return cls(height, width, **common)


def _interpolation(config: Mapping[str, Any]) -> str:
    name = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    # What the classes of transformers take where an old configuration is silent.
    bicubic = name.lower().startswith(("clip", "siglip")) and not name.lower().startswith("siglip2")
    resample = config.get("resample", 3 if bicubic else 2)
    if resample not in RESAMPLE:
        raise ModelError(
            f"The image preparation asks for PIL resampling {resample!r}; supported are 2 (bilinear) and 3 (bicubic)."
        )
    return RESAMPLE[resample]


def _normalisation(config: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if not config.get("do_normalize", True):
        return (0.0,) * 3, (1.0,) * 3
    if "image_mean" not in config or "image_std" not in config:
        raise ModelError("The image preparation normalises, but does not state image_mean and image_std.")
    return tuple(config["image_mean"]), tuple(config["image_std"])


def _size(value: Any, square: bool) -> dict[str, int]:
    """{"height", "width"}, or {"shortest_edge"}; a plain number is the former where `square`."""
    if isinstance(value, int):
        return {"height": value, "width": value} if square else {"shortest_edge": value}
    if isinstance(value, Mapping):
        for names in (("height", "width"), ("shortest_edge",)):
            if value.keys() >= set(names):
                return {name: int(value[name]) for name in names}
    raise ModelError(f"The image preparation must say its size as height and width or shortest_edge, found {value!r}.")


def resize(frames: Tensor, spec: ImageSpec) -> Tensor:
    """uint8 RGB (T, 3, H, W) of any size to uint8 (T, 3, spec.height, spec.width), or with "fit" to a like area."""
    height, width = frames.shape[-2:]
    if spec.policy == "squash":
        return _interpolate(frames, spec.height, spec.width, spec)
    # Of a strip, only the middle is used: to enlarge all of it could take any amount of memory.
    height, width = min(height, STRIP * width), min(width, STRIP * height)
    frames = _centre(frames, height, width)
    edge = spec.shortest_edge
    if spec.policy == "fit":
        rows, columns = fitting_grid(height, width, spec.height * spec.width // edge**2)
        return _interpolate(frames, rows * edge, columns * edge, spec)
    if height <= width:
        target = (edge, max(1, int(edge * width / height)))
    else:
        target = (max(1, int(edge * height / width)), edge)
    return _centre(_interpolate(frames, *target, spec), spec.height, spec.width)


def fitting_grid(height: int, width: int, most: int) -> tuple[int, int]:
    """The finest grid of at most so many squares that a picture covers: rows and columns.

    Scaled up from nothing, the picture reaches into one more row or column at a time; a scaled edge counts as the
    squares that it reaches into (the NaFlex of SigLIP 2, Tschannen et al. 2025, arXiv 2502.14786).
    """
    rows = columns = 1
    while True:
        lower, right = rows * width, columns * height  # of rows / height and columns / width the smaller is met first
        taller, wider = rows + (lower <= right), columns + (right <= lower)
        if taller * wider > most:
            return rows, columns
        rows, columns = taller, wider


def normalise(frames: Tensor, spec: ImageSpec) -> Tensor:
    """uint8 RGB (..., 3, H, W) to float32, (value / 255 - mean) / std."""
    mean = torch.tensor(spec.mean, device=frames.device).view(3, 1, 1)
    std = torch.tensor(spec.std, device=frames.device).view(3, 1, 1)
    return frames.float().div_(255).sub_(mean).div_(std)


def _interpolate(frames: Tensor, height: int, width: int, spec: ImageSpec) -> Tensor:
    if frames.shape[-2:] == (height, width):
        return frames
    return interpolate(frames, (height, width), mode=spec.interpolation, antialias=True)


def _centre(frames: Tensor, height: int, width: int) -> Tensor:
    """Cut (height, width) out of the middle; where a frame is smaller, black fills it up."""
    have_height, have_width = frames.shape[-2:]
    if have_height < height or have_width < width:
        down, right = max(0, height - have_height), max(0, width - have_width)
        padding = (right - right // 2, right // 2, down - down // 2, down // 2)
        frames = torch.nn.functional.pad(frames, padding)
        have_height, have_width = frames.shape[-2:]
    top, left = (have_height - height) // 2, (have_width - width) // 2
    return frames[..., top : top + height, left : left + width]
