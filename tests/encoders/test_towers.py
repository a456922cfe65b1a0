"""encoders/vision.py and text.py: each tower gives exactly what its transformers model gives, for every family."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from families import SMALL, TEXTS

from babelreel.data.tokenizers import Tokenizer
from babelreel.encoders.fingerprint import fingerprint
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.vision import ViewConfig, VisionEncoder
from babelreel.errors import ConfigError, ModelError
from babelreel.hub import resolve
from babelreel.media.transforms import normalise

Save = Callable[..., Path]


def _text(vocab: int, **more: Any) -> dict[str, Any]:
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    return SMALL | ids | {"vocab_size": vocab, "max_position_embeddings": 64, "projection_dim": 24} | more


def _vision(**more: Any) -> dict[str, Any]:
    return SMALL | {"image_size": 32, "patch_size": 16, "projection_dim": 24} | more


def _family(name: str, vocab: int) -> Any:
    torch.manual_seed(0)
    if name == "clip":
        config = transformers.CLIPConfig(text_config=_text(vocab), vision_config=_vision(), projection_dim=24)
        return transformers.CLIPModel(config)
    if name == "siglip":
        config = transformers.SiglipConfig(text_config=_text(vocab, projection_size=32), vision_config=_vision())
        return transformers.SiglipModel(config)
    if name == "metaclip_2":
        config = transformers.MetaClip2Config(text_config=_text(vocab), vision_config=_vision(), projection_dim=24)
        return transformers.MetaClip2Model(config)
    config = transformers.Siglip2Config(
        text_config=_text(vocab, projection_size=32), vision_config=_vision(num_patches=4)
    )
    return transformers.Siglip2Model(config)


@pytest.mark.parametrize("family", ["clip", "siglip", "metaclip_2"])
def test_image_text_families(family: str, save: Save, tokenizer: Tokenizer, frames: torch.Tensor) -> None:
    model = _family(family, tokenizer.vocab_size).eval()
    folder = save(model)
    vision, text = VisionEncoder.load(folder), TextEncoder.load(folder)
    assert vision.width == text.width
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.5, 0.6, 0.7])
    pixels = (frames / 255 - mean[:, None, None]) / std[:, None, None]
    with torch.no_grad():
        images = vision(frames)
        torch.testing.assert_close(images.pooled, model.get_image_features(pixels).pooler_output)
        assert images.grid.shape[:2] == (5, 4)
        batch = text.tokenizer(TEXTS)
        # SigLIP attends to its padding, the others must not
        mask = None if family == "siglip" else batch.mask.long()
        expected = model.get_text_features(batch.input_ids, attention_mask=mask).pooler_output
        torch.testing.assert_close(text(batch).pooled, expected)
    assert batch.input_ids.shape[1] == (64 if family == "siglip" else max(text.tokenizer.lengths(TEXTS)))


def test_siglip2_reads_patches_as_its_own_processor_cuts_them(
    save: Save, tokenizer: Tokenizer, frames: torch.Tensor
) -> None:
    model = _family("siglip2", tokenizer.vocab_size).eval()
    processor = {"max_num_patches": 4, "patch_size": 16}
    vision = VisionEncoder.load(save(model, processor))
    assert (vision.spec.height, vision.spec.width) == (32, 32)
    mean, std = [0.5, 0.4, 0.3], [0.5, 0.6, 0.7]
    oracle = transformers.Siglip2ImageProcessorPil(
        patch_size=16, max_num_patches=4, do_resize=False, image_mean=mean, image_std=std
    )
    inputs = oracle([f.permute(1, 2, 0).numpy() for f in frames], return_tensors="pt")
    with torch.no_grad():
        expected = model.get_image_features(**inputs).pooler_output
        torch.testing.assert_close(vision(frames).pooled, expected)


def test_siglip2_lower_cases_and_pads(save: Save, tokenizer: Tokenizer) -> None:
    text = TextEncoder.load(save(_family("siglip2", tokenizer.vocab_size), {"max_num_patches": 4}))
    assert text.tokenizer(["A RED Circle"]).input_ids.tolist() == text.tokenizer(["a red circle"]).input_ids.tolist()
    assert text.tokenizer(["a"]).input_ids.shape == (1, 64)


def test_clip_grid_lies_in_the_joint_space(small_clip: Path, frames: torch.Tensor) -> None:
    vision = VisionEncoder.load(small_clip)
    with torch.no_grad():
        features = vision(frames)
        outputs = vision.backbone(pixel_values=(frames / 255 - 0.5) / 0.5)
        body = vision.backbone.vision_model
        # The class token through the same two layers must give the pooled vector: the grid takes the same way.
        again = vision.backbone.visual_projection(body.post_layernorm(outputs.last_hidden_state[:, 0]))
    torch.testing.assert_close(again, features.pooled)
    assert features.grid.shape == (5, 4, vision.width)


def test_class_and_register_tokens_are_not_patches(save: Save, frames: torch.Tensor) -> None:
    config = transformers.Dinov2WithRegistersConfig(**SMALL, image_size=32, patch_size=16, num_register_tokens=3)
    model = transformers.Dinov2WithRegistersModel(config).eval()
    vision = VisionEncoder.load(save(model))
    with torch.no_grad():
        hidden = model(vision_pixels(frames)).last_hidden_state
        features = vision(frames)
    torch.testing.assert_close(features.pooled, hidden[:, 0])
    torch.testing.assert_close(features.grid, hidden[:, 4:])


def vision_pixels(frames: torch.Tensor) -> torch.Tensor:
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.5, 0.6, 0.7])
    return (frames / 255 - mean[:, None, None]) / std[:, None, None]


def test_a_real_convolutional_backbone(data: Path) -> None:
    folder = data / "backbones" / "mobilenet_v2_1.0_224"
    vision = VisionEncoder.load(folder)
    assert (vision.width, vision.grid_width) == (1280, 1280)
    frames = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        features = vision(frames)
        expected = model(frames / 127.5 - 1)
    assert features.grid.shape == (2, 49, 1280)
    torch.testing.assert_close(features.pooled, expected.pooler_output, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(features.grid.mean(1), features.pooled)


def test_finer_layers_are_averaged_to_the_grid(data: Path) -> None:
    vision = VisionEncoder.load(data / "backbones" / "mobilenet_v2_1.0_224", ViewConfig((11, 15))).eval()
    assert (vision.grid_length, vision.grid_width) == (49, 1280 + 96 + 320)
    frames = torch.randint(0, 256, (1, 3, 224, 224), dtype=torch.uint8)
    with torch.no_grad():
        grid = vision(frames).grid
        state = vision.backbone(normalise(frames, vision.spec), output_hidden_states=True).hidden_states[11]
    assert state.shape == (1, 96, 14, 14)
    torch.testing.assert_close(grid[0, 8, 1280:1376], state[0, :, 2:4, 2:4].mean((1, 2)), rtol=1e-3, atol=1e-3)


def test_views_of_hidden_layers(save: Save, frames: torch.Tensor) -> None:
    """Mean and maximum of the output and of chosen layers; a mirrored view; and both come back from a description."""
    folder = save(transformers.ViTModel(transformers.ViTConfig(**_vision())))
    view = ViewConfig((1, -2), mirror=True)
    vision = VisionEncoder.load(folder, view).eval()
    assert (vision.width, vision.view_count) == (3 * 2 * 32, 2)
    with torch.no_grad():
        found = vision.views(frames)
        outputs = vision.backbone(pixel_values=normalise(frames.flip(-1), vision.spec), output_hidden_states=True)
    states = (outputs.last_hidden_state, outputs.hidden_states[1], outputs.hidden_states[-2])
    grid = torch.cat([state[:, 1:] for state in states], dim=2)  # without the class token
    expected = torch.cat([grid.mean(1), grid.amax(1)], dim=1)
    torch.testing.assert_close(found[:, 1], expected)
    with torch.no_grad():
        torch.testing.assert_close(found[:, 0], vision.views(frames.flip(-1))[:, 1])
    again = VisionEncoder.from_description(json.loads(json.dumps(vision.describe())))
    assert again.view == view
    plain = VisionEncoder.load(folder).eval()
    with torch.no_grad():
        assert plain.views(frames).equal(plain(frames).pooled.unsqueeze(1))
    with pytest.raises(ConfigError, match=r"hidden states 0 to 2 .* not \[7\]"):
        VisionEncoder.load(folder, ViewConfig((7,)))


def test_multilingual_towers_average_real_tokens_only(save: Save, tokenizer: Tokenizer) -> None:
    config = transformers.XLMRobertaConfig(**_text(tokenizer.vocab_size))
    text = TextEncoder.load(save(transformers.XLMRobertaModel(config).eval()))
    with torch.no_grad():
        together = text(text.tokenizer(TEXTS)).pooled
        alone = torch.cat([text(text.tokenizer([t])).pooled for t in TEXTS])
        batch = text.tokenizer(TEXTS[:1])
        plain = text.backbone(batch.input_ids).last_hidden_state.mean(1)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(alone[:1], plain)


@pytest.fixture
def mclip(tmp_path: Path, tokenizer: Tokenizer) -> tuple[Path, Any, torch.nn.Linear]:
    """The layout of the published towers: transformer.*, LinearTransformation.*, modelBase names the backbone."""
    from safetensors.torch import save_file

    torch.manual_seed(1)
    base = transformers.XLMRobertaModel(transformers.XLMRobertaConfig(**_text(tokenizer.vocab_size))).eval()
    head = torch.nn.Linear(32, 24)
    weights = {f"transformer.{k}": v for k, v in base.state_dict().items()}
    weights |= {f"LinearTransformation.{k}": v.detach() for k, v in head.state_dict().items()}
    base.config.save_pretrained(tmp_path / "base")
    save_file(weights, tmp_path / "model.safetensors")
    tokenizer.backend.save_pretrained(tmp_path)
    config = {"model_type": "M-CLIP", "modelBase": "base", "numDims": 24, "transformerDimensions": 32}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path, base, head


def test_the_published_mclip_layout(mclip: tuple[Path, Any, torch.nn.Linear]) -> None:
    folder, base, head = mclip
    text = TextEncoder.load(folder)
    batch = text.tokenizer(TEXTS)
    with torch.no_grad():
        hidden = base(batch.input_ids, attention_mask=batch.mask.long()).last_hidden_state
        rows = [head(hidden[b, : int(n)].mean(0)) for b, n in enumerate(batch.mask.sum(1))]
        torch.testing.assert_close(text(batch).pooled, torch.stack(rows), rtol=1e-4, atol=1e-5)


def test_an_mclip_folder_that_lacks_weights(mclip: tuple[Path, Any, torch.nn.Linear]) -> None:
    from safetensors.torch import load_file, save_file

    folder, _, _ = mclip
    weights = load_file(folder / "model.safetensors")
    del weights["transformer.embeddings.word_embeddings.weight"]
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(ModelError, match=r"1 odd weights, as embeddings\.word_embeddings"):
        TextEncoder.load(folder)
    save_file({k: v for k, v in weights.items() if not k.startswith("Linear")}, folder / "model.safetensors")
    with pytest.raises(ModelError, match="does not load as an M-CLIP tower"):
        TextEncoder.load(folder)


def test_described_and_built_again_it_is_the_same(small_clip: Path, frames: torch.Tensor) -> None:
    vision, text = VisionEncoder.load(small_clip), TextEncoder.load(small_clip)
    text.head = torch.nn.Linear(32, 7)
    vision_again = VisionEncoder.from_description(json.loads(json.dumps(vision.describe())))
    text_again = TextEncoder.from_description(json.loads(json.dumps(text.describe())), text.tokenizer)
    vision_again.load_state_dict(vision.state_dict())
    text_again.load_state_dict(text.state_dict())
    with torch.no_grad():
        assert torch.equal(vision_again.eval()(frames).pooled, vision(frames).pooled)
        batch = text.tokenizer(TEXTS)
        assert torch.equal(text_again.eval()(batch).pooled, text(batch).pooled)


def test_fingerprints_tell_weights_and_settings_apart(small_clip: Path) -> None:
    one, two = VisionEncoder.load(small_clip), VisionEncoder.load(small_clip)
    assert fingerprint(one, {"frames": 12}) == fingerprint(two, {"frames": 12})
    assert fingerprint(one, {"frames": 12}) != fingerprint(one, {"frames": 8})
    with torch.no_grad():
        next(two.parameters()).view(-1)[0] += 1e-3
    assert fingerprint(one, {}) != fingerprint(two, {})


def test_bad_folders(small_clip: Path, tmp_path: Path, tokenizer: Tokenizer) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        VisionEncoder.load(tmp_path / "none")
    with pytest.raises(ModelError, match=r"no config\.json"):
        VisionEncoder.load(tmp_path)
    (tmp_path / "config.json").write_text("{broken")
    with pytest.raises(ModelError, match="cannot be read"):
        VisionEncoder.load(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ModelError, match="must hold a JSON object"):
        VisionEncoder.load(tmp_path)
    (tmp_path / "config.json").write_text((small_clip / "config.json").read_text())
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match=r"found: pytorch_model\.bin"):
        TextEncoder.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 64)
    (tmp_path / "preprocessor_config.json").write_text((small_clip / "preprocessor_config.json").read_text())
    for tower in (VisionEncoder, TextEncoder):
        with pytest.raises(ModelError, match="does not load as a"):
            tower.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((small_clip / "model.safetensors").read_bytes())
    with pytest.raises(ModelError, match="holds no vocabulary"):
        TextEncoder.load(tmp_path)


def test_a_tower_is_never_half_random(small_clip: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(small_clip, tmp_path, dirs_exist_ok=True)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks 1 weights, such as visual_projection"):
        VisionEncoder.load(tmp_path)


def test_a_tokenizer_larger_than_the_model_is_refused(tokenizer: Tokenizer) -> None:
    config = transformers.XLMRobertaConfig(**_text(tokenizer.vocab_size - 1))
    with pytest.raises(ModelError, match="do not belong together"):
        TextEncoder(transformers.XLMRobertaModel(config), tokenizer, mean=True)


@pytest.mark.parametrize("name", ["some-org/no-such-model", "not a hub/id?"])
def test_a_hub_id_without_network_is_an_error_at_once(name: str) -> None:
    began = time.monotonic()
    with pytest.raises(ModelError, match="hub"):
        resolve(name)
    assert time.monotonic() - began < 20  # a retrying download would take fifty seconds
