"""media/transforms.py: resizing is that of transformers' PIL processors, and their configurations are read."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from babelreel.errors import ModelError
from babelreel.media.image import read_image
from babelreel.media.transforms import ImageSpec, fitting_grid, normalise, resize

CLIP = {
    "size": {"shortest_edge": 48}, "crop_size": {"height": 40, "width": 40}, "resample": 3, "do_center_crop": True,
    "do_resize": True, "image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28], "do_normalize": True,
}  # fmt: skip
SIGLIP = {
    "size": {"height": 56, "width": 40}, "resample": 2, "do_resize": True, "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
}  # fmt: skip


def pictures() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    smooth = Image.fromarray(generator.integers(0, 255, (9, 7, 3), dtype=np.uint8))
    return [np.array(smooth.resize(size)) for size in ((100, 70), (64, 180), (33, 30), (400, 300))]


@pytest.mark.parametrize(
    ("oracle", "config"),
    [
        ("CLIPImageProcessorPil", CLIP),
        ("SiglipImageProcessorPil", SIGLIP),
        ("ViTImageProcessorPil", SIGLIP | {"resample": 3}),
    ],
)
def test_the_pil_processors_agree(oracle: str, config: dict[str, Any]) -> None:
    spec = ImageSpec.from_processor_config(config)
    processor = getattr(transformers, oracle)(**config)
    for picture in pictures():
        _compare(picture, spec, processor)


def test_they_agree_on_real_photographs(data: Path) -> None:
    spec, processor = ImageSpec.from_processor_config(CLIP), transformers.CLIPImageProcessorPil(**CLIP)
    for path in sorted((data / "images" / "flickr8k").iterdir())[::1500]:
        _compare(read_image(path).permute(1, 2, 0).numpy(), spec, processor)


def _compare(picture: np.ndarray, spec: ImageSpec, processor: Any) -> None:
    tensor = torch.from_numpy(picture).permute(2, 0, 1).unsqueeze(0)
    ours = normalise(resize(tensor, spec), spec)
    theirs = processor(Image.fromarray(picture), return_tensors="pt")["pixel_values"]
    assert ours.shape == theirs.shape
    levels = (ours - theirs).abs() * torch.tensor(spec.std).view(3, 1, 1) * 255
    assert levels.mean() < 0.1  # a tenth of the values may be rounded to the other side
    assert levels.max() < 2.5


def test_a_crop_larger_than_the_picture_is_filled_as_the_processor_fills_it() -> None:
    config = CLIP | {"size": {"shortest_edge": 41}, "crop_size": {"height": 60, "width": 50}}
    picture = np.array(Image.fromarray(pictures()[0]).resize((77, 53)))
    _compare(picture, ImageSpec.from_processor_config(config), transformers.CLIPImageProcessorPil(**config))


def test_configurations() -> None:
    clip = ImageSpec.from_processor_config(CLIP)
    assert (clip.height, clip.width, clip.policy, clip.shortest_edge) == (40, 40, "crop", 48)
    siglip = ImageSpec.from_processor_config(SIGLIP)
    assert (siglip.height, siglip.width, siglip.policy, siglip.interpolation) == (56, 40, "squash", "bilinear")
    raw = ImageSpec.from_processor_config({"size": {"height": 8, "width": 8}, "do_normalize": False})
    assert normalise(torch.full((1, 3, 8, 8), 255, dtype=torch.uint8), raw).unique().tolist() == [1.0]
    uncropped = ImageSpec.from_processor_config(CLIP | {"do_center_crop": False})
    assert (uncropped.height, uncropped.width, uncropped.policy) == (48, 48, "crop")  # batches need one size
    assert ImageSpec.from_dict(json.loads(json.dumps(asdict(clip)))) == clip


def test_configurations_of_old_models_whose_sizes_are_plain_numbers() -> None:
    """What `CLIPFeatureExtractor` and `ViTFeatureExtractor` saved, and what their classes took otherwise."""
    statistics = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    clip = ImageSpec.from_processor_config(
        {"size": 224, "crop_size": 224, "do_center_crop": True, "feature_extractor_type": "CLIPFeatureExtractor"}
        | statistics
    )
    assert (clip.height, clip.policy, clip.shortest_edge, clip.interpolation) == (224, "crop", 224, "bicubic")
    vit = ImageSpec.from_processor_config({"size": 224} | statistics)
    assert (vit.height, vit.width, vit.policy, vit.interpolation) == (224, 224, "squash", "bilinear")
    edge = ImageSpec.from_processor_config({"size": 224, "default_to_square": False} | statistics)
    assert (edge.policy, edge.shortest_edge) == ("crop", 224)


def test_the_configuration_of_a_real_backbone(data: Path) -> None:
    config = json.loads((data / "backbones" / "mobilenet_v2_1.0_224" / "preprocessor_config.json").read_text())
    spec = ImageSpec.from_processor_config(config)
    assert (spec.height, spec.width, spec.policy, spec.interpolation) == (224, 224, "squash", "bicubic")


@pytest.mark.parametrize("name", ["CLIP", "Siglip", "ViT", "Bit", "MobileNetV2"])
def test_what_the_processors_save_by_default_is_read(name: str) -> None:
    processor = getattr(transformers, f"{name}ImageProcessorPil")()
    spec = ImageSpec.from_processor_config(json.loads(processor.to_json_string()))
    _compare(pictures()[3], spec, processor)


def test_pictures_are_fitted_into_an_area_as_siglip2_fits_them() -> None:
    from transformers.models.siglip2 import image_processing_pil_siglip2 as oracle

    generator = np.random.default_rng(1)
    for height, width, most in generator.integers((20, 20, 1), (900, 900, 300), (150, 3)).tolist():
        expected = oracle.get_image_size_for_max_num_patches(height, width, 16, most)
        assert tuple(16 * n for n in fitting_grid(height, width, most)) == expected, (height, width, most)
    processor = transformers.Siglip2ImageProcessorPil(patch_size=8, max_num_patches=20)
    spec = ImageSpec(32, 40, "fit", 8, "bilinear")
    for picture in pictures():
        fitted = resize(torch.from_numpy(picture).permute(2, 0, 1).unsqueeze(0), spec)
        assert resize(fitted, spec).equal(fitted)  # a query's picture is prepared twice
        found = processor(Image.fromarray(picture), return_tensors="pt")
        rows, columns = found["spatial_shapes"][0].tolist()
        assert fitted.shape == (1, 3, 8 * rows, 8 * columns)
        patches = found["pixel_values"][0, : rows * columns].view(rows, columns, 8, 8, 3)
        theirs = (patches.permute(4, 0, 2, 1, 3).reshape(fitted.shape) + 1) * 127.5
        assert (fitted - theirs).abs().max() < 1.5


def test_a_strip_is_not_enlarged_as_a_whole() -> None:
    spec = ImageSpec(224, 224, "crop", 224)
    strip = torch.zeros(1, 3, 1, 400_000, dtype=torch.uint8)  # 224 x 90 million pixels otherwise
    strip[..., 200_000 - 4 : 200_000 + 4] = 200
    assert resize(strip, spec)[0, 0, 112, 112] == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resample": 0}, "PIL resampling 0"),
        ({"size": {"longest_edge": 3}}, "must say its size"),
        ({"size": None}, "must say its size"),
        ({"do_resize": False}, "does not resize"),
        ({"do_rescale": False}, "does not bring colours"),
        ({"rescale_factor": 1.0}, "does not bring colours"),
        ({"crop_pct": 0.9}, "crop_pct"),
        ({"image_mean": [0.5]}, "must be three numbers"),
        ({"size": {"height": 0, "width": 3}}, "at least 1 x 1"),
        ({"image_std": [0.0, 1.0, 1.0]}, "std positive"),
        ({"do_center_crop": True, "crop_size": {"height": 9, "width": 9}}, "squashes to"),
    ],
)
def test_configurations_that_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ImageSpec.from_processor_config(SIGLIP | change)


def test_specs_that_are_refused() -> None:
    with pytest.raises(ModelError, match="shortest edge"):
        ImageSpec(8, 8, "crop")
    with pytest.raises(ModelError, match="does not hold a square of 9"):
        ImageSpec(8, 8, "fit", 9)
    with pytest.raises(ModelError, match="are resized by"):
        ImageSpec(8, 8, "pad")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="does not state image_mean"):
        ImageSpec.from_processor_config({"size": {"height": 8, "width": 8}})


def test_a_crop_larger_than_the_picture_is_filled_with_black() -> None:
    spec = ImageSpec(20, 20, "crop", 10)
    image = resize(torch.full((1, 3, 10, 10), 200, dtype=torch.uint8), spec)
    assert image.shape == (1, 3, 20, 20)
    assert image[0, 0, 5:15, 5:15].unique().tolist() == [200]
    assert int(image.sum()) == 3 * 100 * 200


def test_a_frame_of_the_right_size_is_left_alone() -> None:
    frames = torch.randint(0, 255, (2, 3, 8, 8), dtype=torch.uint8)
    assert torch.equal(resize(frames, ImageSpec(8, 8)), frames)
