"""Media that are already at hand, in memory or as a path, to frames: what other libraries and servers hand over."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from babelreel.errors import MediaError
from babelreel.media.files import read_item
from babelreel.media.image import FORMATS, check_size, image_errors, to_tensor
from babelreel.media.sampling import Timeline, choose
from babelreel.media.transforms import ImageSpec, resize
from babelreel.media.video import Frames, Sampling
from babelreel.types import Kind


def frames_of(given: Any, kind: Kind, sampling: Sampling, spec: ImageSpec, name: str) -> Frames:
    """Frames of an image or a video, prepared by `spec`.

    `given` is a path, the bytes of a file, {"path", "bytes"} as `datasets` keeps them, a PIL image, or uint8 RGB
    pixels, (3, H, W) or (H, W, 3); of a video (T, 3, H, W), (T, H, W, 3), a list of images, or {"array": ...}, each a
    second long, sampled like a file. `name` stands for it in errors.

    Raises:
        MediaError: when it is damaged, too large, or none of these.
    """
    if isinstance(given, dict):
        given = given.get("bytes") or given.get("path") or given.get("array")
    if isinstance(given, str | Path):
        return read_item(given, kind, sampling, spec)
    if isinstance(given, bytes | bytearray):
        return _of_bytes(bytes(given), kind, sampling, spec, name)
    if kind == "video":
        return _of_pictures(given, sampling, spec, name)
    return Frames(_picture(given, spec, name), torch.zeros(1))


def _of_bytes(content: bytes, kind: Kind, sampling: Sampling, spec: ImageSpec, name: str) -> Frames:
    if kind == "image":
        with image_errors(name):
            return Frames(_picture(Image.open(BytesIO(content), formats=FORMATS), spec, name), torch.zeros(1))
    with tempfile.NamedTemporaryFile(suffix=".video") as file:
        file.write(content)
        file.flush()
        return read_item(file.name, kind, sampling, spec)


def _of_pictures(given: Any, sampling: Sampling, spec: ImageSpec, name: str) -> Frames:
    if not isinstance(given, list | tuple | np.ndarray | Tensor) or len(given) == 0:
        raise MediaError(f"{name} is a {type(given).__name__}, not a path, bytes, or pictures one after another.")
    numbers = choose(Timeline(list(range(len(given))), [0], 1.0), sampling, None, None, None, name)
    return Frames(torch.cat([_picture(given[n], spec, name) for n in numbers]), torch.tensor(numbers).float())


def _picture(given: Any, spec: ImageSpec, name: str) -> Tensor:
    """(1, 3, H, W), prepared."""
    if isinstance(given, Image.Image):
        with image_errors(name):
            check_size(given, name)
            return resize(to_tensor(given).unsqueeze(0), spec)
    if not isinstance(given, np.ndarray | Tensor):
        raise MediaError(f"{name} is a {type(given).__name__}, not a path, bytes, a PIL image or pixels.")
    pixels = given if isinstance(given, Tensor) else torch.from_numpy(given.copy())
    planes = [axis for axis in (0, 2) if pixels.ndim == 3 and pixels.shape[axis] == 3]
    if len(planes) != 1 or pixels.dtype != torch.uint8:
        raise MediaError(
            f"{name} has pixels of shape {tuple(pixels.shape)} and type {pixels.dtype}. Give uint8 RGB, (3, H, W) or "
            "(H, W, 3), or a PIL image."
        )
    return resize((pixels if planes == [0] else pixels.permute(2, 0, 1)).contiguous().unsqueeze(0), spec)
