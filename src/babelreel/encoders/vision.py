"""Frames to vectors: any transformers vision backbone, as one vector a frame and the tokens of its grid.

Image-text families (CLIP, SigLIP, SigLIP 2, MetaCLIP 2) give vectors of their joint space. Any other `AutoModel`
(DINO, ViT, MobileNet, ResNet, ConvNeXt ...) gives its class token, or the mean over its grid; with `layers`, mean and
maximum of its output and of hidden layers: earlier layers know what the last has forgotten, such as colours and places.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from babelreel.errors import ConfigError
from babelreel.hub import load_backbone, read_json, resolve
from babelreel.media.transforms import ImageSpec, normalise

# model_type of a hub configuration -> the transformers class of its vision tower
TOWERS = {
    "clip": "CLIPVisionModelWithProjection",
    "siglip": "SiglipVisionModel",
    "siglip2": "Siglip2VisionModel",
    "metaclip_2": "MetaClip2VisionModelWithProjection",
}


class FrameFeatures(NamedTuple):
    """`pooled` (M, D): one vector a frame, not normalised. `grid` (M, G, Dg): its patches, row by row."""

    pooled: Tensor
    grid: Tensor


@dataclass(frozen=True, slots=True)
class ViewConfig:
    """What is taken from a frame beyond the backbone's own vector.

    `layers` are numbers of hidden states, from 0, or from -1 back. They stand beside the backbone's output at each
    place of its grid, and the mean and the maximum over the grid are taken instead of the backbone's vector. With
    `mirror` the frame is also seen left for right.
    """

    layers: tuple[int, ...] = ()
    mirror: bool = False


class VisionEncoder(nn.Module):
    """A vision backbone with the image preparation that it was trained with.

    `backbone` is a transformers vision model, `spec` says how images are resized and normalised.

    Raises:
        ConfigError: when the backbone has not the layers that `view` asks for.
    """

    def __init__(self, backbone: Any, spec: ImageSpec, view: ViewConfig | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.spec = spec
        self.view = view or ViewConfig()
        self.view_count = 1 + self.view.mirror
        self.convolutional = sum(isinstance(m, nn.Conv2d) for m in backbone.modules()) > 2
        with torch.no_grad():
            blank = torch.zeros(1, 3, spec.height, spec.width, dtype=torch.uint8, device=backbone.device)
            training = backbone.training
            features = self.eval()(blank)
            self.train(training)
        self.width = int(features.pooled.shape[-1])
        self.grid_length, self.grid_width = map(int, features.grid.shape[1:])

    def forward(self, frames: Tensor) -> FrameFeatures:
        """Encode M frames, uint8 RGB (M, 3, H, W) already of `spec`'s size."""
        pixels = normalise(frames, self.spec)
        if self.convolutional:
            pixels = pixels.contiguous(memory_format=torch.channels_last)  # a third faster on a CPU
        if self.backbone.config.model_type == "siglip2_vision_model":
            return self._siglip2(pixels)
        outputs = self.backbone(pixel_values=pixels, output_hidden_states=bool(self.view.layers))
        hidden = outputs.last_hidden_state
        if hidden.ndim == 4:
            grid = hidden.flatten(2).transpose(1, 2)  # (M, G, Dg)
            found = FrameFeatures(grid.mean(1), grid)
        else:
            found = self._tokens(outputs, hidden)
        if self.view.layers:
            grid = self._layers(outputs, found.grid)
            found = FrameFeatures(torch.cat([grid.mean(1), grid.amax(1)], dim=1), grid)
        return found

    def views(self, frames: Tensor) -> Tensor:
        """One vector a view of each frame, (M, V, D): the frame, and with `mirror` its mirror image."""
        pooled = [self(frames).pooled]
        if self.view.mirror:
            pooled.append(self(frames.flip(-1)).pooled)
        return torch.stack(pooled, dim=1)

    def _layers(self, outputs: Any, grid: Tensor) -> Tensor:
        """The grid (M, G, D) with the chosen hidden states beside it, finer ones averaged to it: (M, G, sum of Dl)."""
        states = outputs.hidden_states
        wrong = [n for n in self.view.layers if not -len(states) <= n < len(states)]
        if wrong:
            raise ConfigError(f"The backbone has hidden states 0 to {len(states) - 1} (or from -1 back), not {wrong}.")
        found = [grid]
        for number in self.view.layers:
            state = states[number]
            if state.ndim == 4:
                state = adaptive_avg_pool2d(state, outputs.last_hidden_state.shape[-2:]).flatten(2).transpose(1, 2)
            found.append(state[:, -grid.shape[1] :])  # patches come last
        return torch.cat(found, dim=2)

    def _tokens(self, outputs: Any, hidden: Tensor) -> FrameFeatures:
        patches = (self.spec.height // self._patch) * (self.spec.width // self._patch)
        prefix = hidden.shape[1] - patches  # class and register tokens come first
        if "image_embeds" in outputs:
            # Patches pass through the same norm and projection as the class token: the joint space.
            body = getattr(self.backbone, "vision_model", self.backbone)
            grid = self.backbone.visual_projection(body.post_layernorm(hidden[:, prefix:]))
            return FrameFeatures(outputs.image_embeds, grid)
        if prefix:
            return FrameFeatures(hidden[:, 0], hidden[:, prefix:])
        pooled = outputs.pooler_output if outputs.get("pooler_output") is not None else hidden.mean(1)
        return FrameFeatures(pooled, hidden)

    @property
    def _patch(self) -> int:
        patch = self.backbone.config.patch_size
        return int(patch if isinstance(patch, int) else patch[0])

    def _siglip2(self, pixels: Tensor) -> FrameFeatures:
        """SigLIP 2 with flexible resolution reads flattened patches (M, G, P * P * 3) and the grid's shape."""
        size = self._patch
        count, _, height, width = pixels.shape
        rows, columns = height // size, width // size
        patches = pixels.reshape(count, 3, rows, size, columns, size).permute(0, 2, 4, 3, 5, 1)
        patches = patches.reshape(count, rows * columns, size * size * 3)  # (M, G, P * P * 3)
        outputs = self.backbone(
            pixel_values=patches,
            pixel_attention_mask=torch.ones(count, rows * columns, dtype=torch.long, device=pixels.device),
            spatial_shapes=torch.tensor([[rows, columns]] * count, device=pixels.device),
        )
        return FrameFeatures(outputs.pooler_output, outputs.last_hidden_state)

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs to build the same architecture, as plain values."""
        config = self.backbone.config.to_dict()
        said = {"class": type(self.backbone).__name__, "config": config, "spec": asdict(self.spec)}
        return said | {"view": {"layers": list(self.view.layers), "mirror": self.view.mirror}}

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> VisionEncoder:
        """The architecture that `describe` spoke of, with random weights."""
        import transformers

        model_class = getattr(transformers, description["class"])
        config = model_class.config_class.from_dict(description["config"])
        view = description["view"]
        spec = ImageSpec.from_dict(description["spec"])
        return cls(model_class(config), spec, ViewConfig(tuple(view["layers"]), view["mirror"]))

    @classmethod
    def load(cls, source: str | Path, view: ViewConfig | None = None) -> VisionEncoder:
        """Load the vision tower of a hub id or folder.

        Raises:
            ConfigError: when the backbone has not the layers that `view` asks for.
            ModelError: when the folder is no model, has no safetensors weights, or no image preparation.
        """
        import transformers

        folder = resolve(source)
        config = read_json(folder, "config.json")
        spec = _spec(folder, config)
        name = TOWERS.get(config.get("model_type", ""))
        model_class = getattr(transformers, name) if name else transformers.AutoModel
        return cls(load_backbone(model_class, folder, "a vision model"), spec, view)


def _spec(folder: Path, config: dict[str, Any]) -> ImageSpec:
    processor = read_json(folder, "preprocessor_config.json")
    if "max_num_patches" in processor:  # SigLIP 2 with flexible resolution: take its square grid
        patch = int(config.get("vision_config", config)["patch_size"])
        side = int(processor["max_num_patches"] ** 0.5) * patch
        processor = processor | {"size": {"height": side, "width": side}}
    return ImageSpec.from_processor_config(processor)
