"""media/augment.py: the same view for all frames of a clip, other views for other draws, and never a broken frame."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from babelreel.errors import ConfigError
from babelreel.media.augment import Augmentation, augment


def clip(seed: int = 0, frames: int = 3, height: int = 20, width: int = 30) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    small = torch.randint(0, 256, (frames, 3, 4, 6), dtype=torch.uint8, generator=generator)
    return torch.nn.functional.interpolate(small, (height, width), mode="bicubic")


def drawn(frames: torch.Tensor, how: Augmentation, seed: int) -> torch.Tensor:
    return augment(frames, how, torch.Generator().manual_seed(seed))


def test_nothing_asked_is_nothing_changed() -> None:
    assert torch.equal(drawn(clip(), Augmentation(), 1), clip())


@given(st.integers(0, 99), st.floats(0.01, 1), st.booleans(), st.floats(0, 0.9), st.integers(8, 40), st.integers(8, 40))
def test_shape_and_type_stay(seed: int, crop: float, flip: bool, colour: float, height: int, width: int) -> None:
    frames = clip(0, 2, height, width)
    view = drawn(frames, Augmentation(crop, flip, colour), seed)
    assert view.shape == frames.shape
    assert view.dtype == torch.uint8


def test_all_frames_get_the_same_view() -> None:
    still = clip()[:1].expand(4, -1, -1, -1)
    for how in (Augmentation(crop=0.3), Augmentation(flip=True), Augmentation(colour=0.5)):
        views = [drawn(still, how, seed) for seed in range(8)]
        assert all(torch.equal(view, view[:1].expand_as(view)) for view in views)
        assert len({view.numpy().tobytes() for view in views}) >= 2
        assert torch.equal(drawn(still, how, 3), views[3])


def test_a_flip_is_a_mirror_in_about_half_of_the_draws() -> None:
    frames = clip()
    mirrored = [torch.equal(drawn(frames, Augmentation(flip=True), seed), frames.flip(-1)) for seed in range(200)]
    assert 70 < sum(mirrored) < 130


def test_a_crop_keeps_at_least_the_share_and_stays_inside() -> None:
    """On a picture whose red is its column and green its row, the view's range tells which part was cut out."""
    columns, rows = torch.meshgrid(torch.arange(200.0), torch.arange(200.0), indexing="xy")
    frame = torch.stack([columns, rows, rows]).to(torch.uint8)[None]
    shares = []
    for seed in range(60):
        red, green = drawn(frame, Augmentation(crop=0.4), seed)[0, :2].float()
        wide, tall = red[:, -3:].mean() - red[:, :3].mean(), green[-3:].mean() - green[:3].mean()
        shares.append(float(wide * tall) / 200**2)
    assert min(shares) > 0.36
    assert max(shares) <= 1.0
    assert max(shares) - min(shares) > 0.3


def test_colour_moves_brightness_and_keeps_grey_grey() -> None:
    grey = torch.full((1, 3, 8, 8), 100, dtype=torch.uint8)
    levels = [drawn(grey, Augmentation(colour=0.4), seed) for seed in range(30)]
    assert all((level == level[0, 0, 0, 0]).all() for level in levels)
    means = [float(level.float().mean()) for level in levels]
    assert 59 <= min(means) < 80
    assert 120 < max(means) <= 141


@pytest.mark.parametrize("wrong", [{"crop": 0.0}, {"crop": 1.1}, {"colour": 1.0}, {"colour": -0.1}])
def test_wrong_ranges_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="crop goes from above 0 to 1"):
        Augmentation(**wrong)  # type: ignore[arg-type]
