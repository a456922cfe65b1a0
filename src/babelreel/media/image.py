"""Image files to RGB tensors: orientation, palettes, transparency, 16 bits and CMYK are turned into what one sees."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from babelreel.errors import MediaError

MAX_PIXELS = 200_000_000  # 600 MB as RGB; a JPEG may be larger, since its decoder scales down while it reads


def read_image(path: str | Path, at_least: tuple[int, int] | None = None) -> Tensor:
    """Read an image as uint8 RGB (3, H, W), upright.

    Transparent pixels lie on white. Of an animation it is the first picture. With `at_least` (height, width), a JPEG
    is scaled down in its decoder, never below that size: photographs of phones are then several times faster.

    Raises:
        MediaError: when the file is missing, is no image, is damaged, or is too large to be safe.
    """
    with _errors(path), Image.open(path) as image:
        if at_least is not None and image.format == "JPEG":
            # EXIF may turn the picture by 90 degrees, so both edges must keep the larger of the two.
            edge = max(at_least)
            image.draft("RGB" if image.mode != "CMYK" else None, (edge, edge))
        if image.width * image.height > MAX_PIXELS:
            raise MediaError(
                f"{path} has {image.width} x {image.height} pixels, more than the {MAX_PIXELS:,} that are read. "
                "Scale it down first."
            )
        return to_tensor(image)


def to_tensor(image: Image.Image) -> Tensor:
    """A PIL image of any mode, upright and opaque, as uint8 RGB (3, H, W)."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    array = np.array(image.convert("RGB"))
    return torch.from_numpy(array).permute(2, 0, 1).contiguous()  # (3, H, W)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey to 8 bits: 16-bit files by their range, other integers and floats by what they hold."""
    values = np.asarray(image, dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (0.0, 65535.0)
    if not image.mode.startswith("I") or (finite.size and (finite.min() < 0 or finite.max() > 65535)):
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        if image.mode == "F" and low >= 0 and high <= 1:
            low, high = 0.0, 1.0
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / max(high - low, 1e-12) * 255
    return Image.fromarray(np.rint(scaled).clip(0, 255).astype(np.uint8), "L")


@contextmanager
def _errors(path: str | Path) -> Iterator[None]:
    """Turn whatever PIL raises on a bad file into one kind of error, with the reason in words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged EXIF and large pictures warn; both are dealt with here
            yield
    except FileNotFoundError as error:
        raise MediaError(f"There is no file {path}.") from error
    except UnidentifiedImageError as error:
        raise MediaError(f"{path} is not an image in a format that can be read.") from error
    except Image.DecompressionBombError as error:
        raise MediaError(f"{path} has too many pixels to be safe: {error}.") from error
    except MediaError:
        raise
    except Exception as error:  # decoders of damaged files raise many types: OSError, SyntaxError, struct.error ...
        raise MediaError(f"{path} cannot be read as an image: {type(error).__name__}: {error}.") from error
