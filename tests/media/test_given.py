"""media/given.py: whatever is handed over gives the frames that its file gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from babelreel.errors import MediaError
from babelreel.media.files import read_item
from babelreel.media.given import frames_of
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling
from babelreel.media.write import write_video

SPEC, SAMPLING = ImageSpec(16, 16), Sampling(3)


def given(value: Any, kind: Any = "image") -> torch.Tensor:
    return frames_of(value, kind, SAMPLING, SPEC, "The picture").images


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    colours = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(colours).save(tmp_path / "p.png")
    return tmp_path / "p.png"


def test_a_picture_in_every_form(picture: Path) -> None:
    expected = read_item(picture, "image", SAMPLING, SPEC).images
    pixels = np.asarray(Image.open(picture))
    forms = [
        picture, str(picture), picture.read_bytes(), {"bytes": picture.read_bytes(), "path": None},
        {"bytes": None, "path": str(picture)}, Image.open(picture), pixels, torch.tensor(pixels).permute(2, 0, 1),
    ]  # fmt: skip
    for form in forms:
        assert given(form).equal(expected)


def test_a_video_in_every_form(tmp_path: Path) -> None:
    pictures = [np.full((32, 32, 3), 20 * n, np.uint8) for n in range(9)]
    write_video(tmp_path / "v.mp4", pictures, 3)
    expected = read_item(tmp_path / "v.mp4", "video", SAMPLING, SPEC).images
    content = (tmp_path / "v.mp4").read_bytes()
    for form in (tmp_path / "v.mp4", content, {"bytes": content, "path": None}):
        assert given(form, "video").equal(expected)
    found = [given(form, "video") for form in (pictures, np.stack(pictures), {"array": np.stack(pictures)})]
    assert all(each.equal(found[0]) for each in found)
    assert (found[0].float() - expected.float()).abs().max() < 6  # the codec's loss, and the very same moments
    assert frames_of(pictures, "video", SAMPLING, SPEC, "v").times.tolist() == [1.0, 4.0, 7.0]


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (b"none", "image", "The picture is not an image"),
        (np.zeros((4, 5), np.uint8), "image", r"pixels of shape \(4, 5\)"),
        (np.zeros((3, 5, 3), np.uint8), "image", "Give uint8 RGB"),
        (np.zeros((4, 5, 3), np.float32), "image", "float32"),
        (7, "image", "is a int"),
        (7, "video", "not a path, bytes, or pictures"),
        ([], "video", "not a path, bytes, or pictures"),
        ([7], "video", "not a path, bytes, a PIL image"),
    ],
)
def test_what_is_refused(value: Any, kind: str, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        given(value, kind)
