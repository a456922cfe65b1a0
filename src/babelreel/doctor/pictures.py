"""A picture's way to the backbone: the pixels that arrive there, beside those of the checkpoint's own processor.

Pixels are compared, not vectors: even a random or colour-blind model is told what is wrong with its input. Where they
differ, each likely mistake is made on purpose, and the one that gives the same pixels names the fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from babelreel.doctor.finding import Finding, fault, passed, unknown
from babelreel.doctor.subject import Subject, unpatch
from babelreel.media.image import to_tensor

NEAR = 0.006  # mean difference, in standard deviations, up to which pixels are the same; two kernels differ by 0.012
KERNELS = {0: "the nearest pixel", 1: "Lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "Hamming"}  # PIL's numbers

# check -> what it says where all is well, and what to do where not
PICTURE_CHECKS = {
    "layout": ("three channels, then rows, then columns", "Permute (H, W, 3) to (3, H, W); never reshape it."),
    "channel order": ("red, green, blue", "Convert BGR pictures, such as those of OpenCV, to RGB."),
    "value range": ("scaled and normalised once", "Divide by 255 once and normalise once."),
    "mean and deviation": (
        "those of the image preparation",
        "Take image_mean and image_std from the checkpoint's preprocessor_config.json.",
    ),
    "picture size": ("as large as the backbone wants", "Take the size from the checkpoint's preprocessor_config.json."),
    "resize kernel": (
        "the one of the image preparation, antialiased",
        "Take resample from the checkpoint's preprocessor_config.json, and resize with antialiasing.",
    ),
    "crop and aspect": (
        "cut or squashed as in the image preparation",
        "Take do_center_crop and size from the checkpoint's preprocessor_config.json.",
    ),
    "upright": ("neither turned nor mirrored", "Rows run from the top down, columns from the left."),
    "other pixels": ("equal to the image preparation's", "Compare the pixels with the checkpoint's processor."),
}


class Explained(NamedTuple):
    """Which check the pixels fail ("" for none), in which words, and how far they are from what explains them."""

    check: str
    words: str
    distance: float


def explained(subject: Subject) -> Explained | None:
    """What happened to the picture on its way; None where no part was seen to receive pixels."""
    picture = subject.probes.picture
    seen = subject.seen(subject.read(picture))
    return None if seen is None else explain(seen, Image.open(picture), subject.processor)


def picture_check(check: str, subject: Subject) -> Finding:
    """One of `PICTURE_CHECKS`: a fault where the pixels are explained by its mistake."""
    found = subject.once(explained)
    well, advice = PICTURE_CHECKS[check]
    if found is None:
        return unknown("no part of the model was seen to receive pixels")
    if found.check == check:
        return fault(found.words, advice)
    if found.check:
        return unknown(f"the pixels fail another check: {found.check}")
    whose = "this run's" if subject.published.run else "the checkpoint's"
    return passed(f"{well}: pixels are those of {whose} image preparation, but for {found.distance:.2%}")


def explain(seen: Tensor, picture: Image.Image, processor: Any) -> Explained:
    """What was done to a picture so that these pixels (1, 3, H, W) arrived."""
    wanted = prepare(processor, picture)
    size = tuple(wanted.shape)
    if seen.shape != size:
        if sorted(seen.shape[1:]) == sorted(size[1:]) and seen.shape[1] != 3:
            return Explained("layout", f"pictures arrive as {tuple(seen.shape)}, not as {size}", 0)
        return Explained("picture size", f"pictures arrive as {tuple(seen.shape)}, not as {size}", 0)
    best = Explained("", "", distance(seen, wanted))
    if best.distance <= NEAR:
        return best
    for check, words, pixels in mistakes(picture, processor, wanted):
        if pixels.shape == seen.shape and (apart := distance(seen, pixels)) < best.distance:
            best = Explained(check, words, apart)
    if best.check and best.distance <= NEAR:
        return best
    return _affine(seen, wanted) or Explained(
        "other pixels",
        f"pixels differ by {distance(seen, wanted):.0%} of their deviation, and no mistake explains it",
        0,
    )


def prepare(processor: Any, picture: Image.Image, **other: Any) -> Tensor:
    """A picture (1, 3, H, W) as the processor gives it, or with `other` settings; what is no square is cut to one
    where the processor leaves the aspect open, as batches need."""
    given = processor(images=picture, return_tensors="pt", **other)
    if "spatial_shapes" in given:
        return unpatch(given["pixel_values"], given["spatial_shapes"])
    pixels: Tensor = given["pixel_values"].float()
    edge = _get(processor.size, "shortest_edge")
    if edge and not getattr(processor, "do_center_crop", False):
        top, left = ((length - edge) // 2 for length in pixels.shape[-2:])
        pixels = pixels[..., top : top + edge, left : left + edge]
    return pixels


def distance(a: Tensor, b: Tensor) -> float:
    """The mean difference of pixels, in standard deviations of the second."""
    return float((a - b).abs().mean() / b.std().clamp(min=1e-6))


def mistakes(picture: Image.Image, processor: Any, wanted: Tensor) -> Iterator[tuple[str, str, Tensor]]:
    """Pixels as each likely mistake gives them: the check that it fails, in words, and the pixels."""
    plain = prepare(processor, picture, do_normalize=False)  # in [0, 1]
    mean, std = _normalisation(processor)

    def normalised(pixels: Tensor) -> Tensor:
        return (pixels - mean) / std

    scrambled = plain.permute(0, 2, 3, 1).reshape(plain.shape)
    yield "layout", "rows, columns and channels are reshaped where they must be permuted", normalised(scrambled)
    turned = plain.transpose(2, 3)
    yield "upright", "rows and columns are exchanged", normalised(turned)
    yield "upright", "pictures are mirrored", normalised(plain.flip(3))
    yield "upright", "pictures are upside down", normalised(plain.flip(2))
    yield "upright", "pictures are turned by 180 degrees", normalised(plain.flip(2, 3))
    yield "channel order", "red and blue are exchanged (BGR)", normalised(plain.flip(1))
    yield "channel order", "red and blue are exchanged after normalising", wanted.flip(1)
    yield "value range", "values run from 0 to 255 and are not normalised", 255 * plain
    yield "value range", "values run from 0 to 1 and are not normalised", plain
    yield "value range", "values from 0 to 255 are normalised without dividing by 255", normalised(255 * plain)
    yield "value range", "values are divided by 255 twice", normalised(plain / 255)
    yield "value range", "values are normalised twice", normalised(wanted)
    for number, name in KERNELS.items():
        yield "resize kernel", f"pictures are resized by {name}", prepare(processor, picture, resample=number)
    if getattr(processor, "max_num_patches", None):
        return  # each picture keeps its aspect
    for name in ("bilinear", "bicubic"):
        pixels = _unfiltered(picture, processor, (int(wanted.shape[2]), int(wanted.shape[3])), name)
        yield "resize kernel", f"pictures are resized {name} without antialiasing", normalised(pixels)
    yield from _aspects(picture, processor, wanted)


def _aspects(picture: Image.Image, processor: Any, wanted: Tensor) -> Iterator[tuple[str, str, Tensor]]:
    height, width = map(int, wanted.shape[-2:])
    size = {"height": height, "width": width}
    squash: dict[str, Any] = {"size": size, "do_center_crop": False}
    check = "crop and aspect"
    yield check, "pictures are squashed where they must be cut", _exactly(processor, picture, squash)
    edge = min(picture.size)
    left, top = ((length - edge) // 2 for length in picture.size)
    middle = picture.crop((left, top, left + edge, top + edge))
    yield check, "pictures are cut to a square where they must be squashed", _exactly(processor, middle, squash)
    corner = picture.crop((0, 0, edge, edge))
    yield check, "pictures are cut at their corner, not in their middle", _exactly(processor, corner, squash)
    longest = max(picture.size)
    for colour, name in ((0, "black"), (255, "white")):
        framed = Image.new("RGB", (longest, longest), (colour,) * 3)
        framed.paste(picture, ((longest - picture.width) // 2, (longest - picture.height) // 2))
        yield check, f"pictures are padded with {name} to a square", _exactly(processor, framed, squash)


def _exactly(processor: Any, picture: Image.Image, settings: dict[str, Any]) -> Tensor:
    pixels: Tensor = processor(images=picture, return_tensors="pt", **settings)["pixel_values"]
    return pixels.float()


def _unfiltered(picture: Image.Image, processor: Any, size: tuple[int, int], mode: str) -> Tensor:
    """The picture (1, 3, H, W) in [0, 1], resized without antialiasing."""
    edge = _get(processor.size, "shortest_edge")
    scale = edge / min(picture.size) if edge else 0
    whole = (int(picture.height * scale), int(picture.width * scale)) if edge else size
    pixels = interpolate(to_tensor(picture)[None].float() / 255, whole, mode=mode)
    top, left = ((have - want) // 2 for have, want in zip(whole, size, strict=True))
    return pixels[..., top : top + size[0], left : left + size[1]].clamp(0, 1)


def _affine(seen: Tensor, wanted: Tensor) -> Explained | None:
    """Whether each channel is the wanted one, only scaled and shifted: another mean and deviation."""
    told = []
    for channel in range(3):
        x, y = wanted[:, channel].flatten(), seen[:, channel].flatten()
        slope = float(((x - x.mean()) * (y - y.mean())).mean() / x.var(correction=0).clamp(min=1e-12))
        shift = float(y.mean() - slope * x.mean())
        if slope <= 0 or distance(y, slope * x + shift) > NEAR:
            return None
        told.append(f"{slope:.3g} times the wanted value {shift:+.3g}")
    return Explained("mean and deviation", f"red arrives as {told[0]}, green as {told[1]}, blue as {told[2]}", 0)


def _normalisation(processor: Any) -> tuple[Tensor, Tensor]:
    if not getattr(processor, "do_normalize", True):
        return torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
    return torch.tensor(list(processor.image_mean)).view(3, 1, 1), torch.tensor(list(processor.image_std)).view(3, 1, 1)


def _get(size: Any, name: str) -> int | None:
    found = size.get(name) if hasattr(size, "get") else getattr(size, name, None)
    return None if found is None else int(found)
