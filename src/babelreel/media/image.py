"""Image files to RGB tensors: orientation, palettes, transparency, 16 bits and CMYK are turned into what one sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from torch import Tensor

from babelreel.errors import MediaError

# Not all that PIL knows: it runs Ghostscript for EPS, whatever such a file is called.
FORMATS = ("JPEG", "JPEG2000", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "DIB", "PPM", "TGA", "ICO")
MAX_PIXELS = 89_478_485  # a quarter of a gibibyte as RGB, and the size from which PIL suspects a bomb
ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_image(path: str | Path, at_least: tuple[int, int] | None = None) -> Tensor:
    """Read an image as uint8 RGB (3, H, W), upright.

    Transparent pixels lie on white. Of an animation it is the first picture. With `at_least` (height, width), a JPEG
    is scaled down in its decoder, never below that size: photographs of phones are then several times faster, and a
    JPEG may be far larger than `MAX_PIXELS`, the most that are read of anything else.

    Raises:
        MediaError: when the file is missing, is no image, is damaged, or is too large to be safe.
    """
    with image_errors(path), open_image(path) as image:
        # Decoding a progressive JPEG takes memory for all of it, however small the result.
        scales = isinstance(image, JpegImageFile) and not (image.info.get("progressive") and too_large(image))
        if at_least is not None and scales:
            # EXIF may turn the picture by 90 degrees, so both edges must keep the larger of the two.
            image.draft(None, (max(at_least), max(at_least)))
        check_size(image, path)
        return to_tensor(image)


def open_image(path: str | Path) -> Image.Image:
    """Open an image without reading its pixels, by what it holds, whatever its name; raises what PIL raises.

    PIL's own limit on pixels comes before a JPEG can be asked to scale down: those are opened directly.
    """
    with open(path, "rb") as file:
        jpeg = file.read(3) == b"\xff\xd8\xff"
    return JpegImageFile(path) if jpeg else Image.open(path, formats=FORMATS)


def too_large(image: Image.Image) -> bool:
    """Whether an image has more pixels than are read."""
    return image.width * image.height > MAX_PIXELS


def check_size(image: Image.Image, path: str | Path) -> None:
    """Refuse an image that would take too much memory.

    Raises:
        MediaError: when it has more than `MAX_PIXELS` pixels.
    """
    if too_large(image):
        raise MediaError(
            f"{path} has {image.width} x {image.height} pixels, more than the {MAX_PIXELS:,} that are read. "
            "Scale it down first."
        )


def to_tensor(image: Image.Image) -> Tensor:
    """A PIL image of any mode, upright and opaque, as uint8 RGB (3, H, W)."""
    image.load()
    try:
        turn = UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged EXIF data, in as many ways as there are; the picture itself is fine
        turn = None
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    image = image.convert("RGB")
    if turn is not None:
        image = image.transpose(turn)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()  # (3, H, W)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey to 8 bits: 16-bit files by their range, other integers and floats by what they hold."""
    values = np.asarray(image).astype(np.float32)
    finite = values[np.isfinite(values)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if image.mode.startswith("I") and least >= 0 and most <= 65535:
        least, most = 0.0, 65535.0
    elif image.mode == "F" and least >= 0 and most <= 1:
        least, most = 0.0, 1.0
    values = (np.nan_to_num(values, nan=least, posinf=most, neginf=least) - least) / max(most - least, 1e-12) * 255
    return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8))


@contextmanager
def image_errors(path: str | Path) -> Iterator[None]:
    """Turn whatever PIL raises on a bad file into a `MediaError` with the reason in words."""
    try:
        yield
    except FileNotFoundError as error:
        raise MediaError(f"There is no file {path}.") from error
    except UnidentifiedImageError as error:
        raise MediaError(f"{path} is not an image in a format that can be read.") from error
    except Image.DecompressionBombError as error:
        raise MediaError(
            f"{path} has more pixels than the {MAX_PIXELS:,} that are read. Scale it down first."
        ) from error
    except MediaError:
        raise
    except Exception as error:  # decoders of damaged files raise many types: OSError, SyntaxError, struct.error ...
        reason = getattr(error, "strerror", None) or error
        raise MediaError(f"{path} cannot be read as an image: {reason}.") from error
