"""Texts to vectors: the text towers of image-text families, and multilingual towers with masked mean pooling.

- CLIP, SigLIP, SigLIP 2, MetaCLIP 2: the tower's own pooling and projection.
- Any other `AutoModel` (XLM-R, BERT ...): the mean over real tokens, then an optional linear layer.
- The published M-CLIP layout (`transformer.*`, `LinearTransformation.*`; Carlsson et al. 2022) is the second kind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from babelreel.data.tokenizers import TextPolicy, Tokenizer
from babelreel.errors import ModelError
from babelreel.hub import load_backbone, loading, read_json, require_safetensors, resolve
from babelreel.types import TextBatch

# model_type of a hub configuration -> the transformers class of its text tower, and what it expects of texts
TOWERS: dict[str, tuple[str, TextPolicy]] = {
    "clip": ("CLIPTextModelWithProjection", TextPolicy(77)),
    "siglip": ("SiglipTextModel", TextPolicy(64, "max_length")),
    "siglip2": ("Siglip2TextModel", TextPolicy(64, "max_length", lower=True)),
    "metaclip_2": ("MetaClip2TextModelWithProjection", TextPolicy(77)),
}


VOCABULARIES = (
    "tokenizer.json", "vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model",
)  # fmt: skip


class TextFeatures(NamedTuple):
    """`pooled` (B, D): one vector a text, not normalised. `hidden` (B, L, Dh): its tokens."""

    pooled: Tensor
    hidden: Tensor


class TextEncoder(nn.Module):
    """A text backbone with its tokenizer.

    `backbone` is a transformers text model. Without `mean`, the backbone pools by itself; with it, real tokens are
    averaged, and `head`, a linear layer, projects the mean.
    """

    def __init__(self, backbone: Any, tokenizer: Tokenizer, mean: bool, head: nn.Linear | None = None) -> None:
        super().__init__()
        if len(tokenizer.backend) > backbone.config.vocab_size:
            raise ModelError(
                f"The tokenizer has {len(tokenizer.backend)} ids, the text model only {backbone.config.vocab_size}: "
                "they do not belong together."
            )
        if mean and getattr(backbone, "pooler", None) is not None:
            backbone.pooler = None  # tokens are averaged instead
        self.backbone = backbone
        self.tokenizer = tokenizer
        self.mean = mean
        self.head = head
        with torch.no_grad():
            training = backbone.training
            batch = tokenizer(["a"])
            device = next(backbone.parameters()).device
            features = self.eval()(TextBatch(batch.input_ids.to(device), batch.mask.to(device)))
            self.train(training)
        self.width = int(features.pooled.shape[-1])

    def forward(self, batch: TextBatch) -> TextFeatures:
        """Encode B texts."""
        outputs = self.backbone(input_ids=batch.input_ids, attention_mask=self._attended(batch))
        hidden = outputs.last_hidden_state
        if self.mean:
            weights = batch.mask.to(hidden.dtype).unsqueeze(-1)
            pooled = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)  # (B, Dh)
        else:
            pooled = outputs.text_embeds if "text_embeds" in outputs else outputs.pooler_output
        return TextFeatures(pooled if self.head is None else self.head(pooled), hidden)

    def _attended(self, batch: TextBatch) -> Tensor | None:
        """SigLIP was trained attending to its padding as well."""
        if self.backbone.config.model_type.startswith("siglip"):
            return None
        return batch.mask.long()

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs to build the same architecture, as plain values; the tokenizer lies apart."""
        return {
            "class": type(self.backbone).__name__,
            "config": self.backbone.config.to_dict(),
            "mean": self.mean,
            "head": None if self.head is None else self.head.out_features,
        }

    @classmethod
    def from_description(cls, description: dict[str, Any], tokenizer: Tokenizer) -> TextEncoder:
        """The architecture that `describe` spoke of, with random weights."""
        import transformers

        model_class = getattr(transformers, description["class"])
        backbone = model_class(model_class.config_class.from_dict(description["config"]))
        head = description["head"]
        linear = None if head is None else nn.Linear(backbone.config.hidden_size, head)
        return cls(backbone, tokenizer, description["mean"], linear)

    @classmethod
    def load(cls, source: str | Path) -> TextEncoder:
        """Load the text tower of a hub id or folder.

        Raises:
            ModelError: when the folder is no model, has no safetensors weights, or no tokenizer.
        """
        import transformers

        folder = resolve(source)
        config = read_json(folder, "config.json")
        kind = config.get("model_type", "")
        if kind == "M-CLIP":
            require_safetensors(folder)
            return _load_mclip(cls, folder, config)
        name, policy = TOWERS.get(kind, ("AutoModel", TextPolicy(128)))
        limit = config.get("text_config", config).get("max_position_embeddings", policy.max_length)
        policy = TextPolicy(min(policy.max_length, int(limit)), policy.padding, policy.lower)
        backbone = load_backbone(getattr(transformers, name), folder, "a text model")
        return cls(backbone, _tokenizer(folder, policy), mean=kind not in TOWERS)


def _tokenizer(folder: Path, policy: TextPolicy) -> Tokenizer:
    import transformers

    if (folder / "text_policy.json").is_file():
        return Tokenizer.load(folder)
    if not any((folder / name).is_file() for name in VOCABULARIES):
        raise ModelError(f"{folder} holds no vocabulary, none of: {', '.join(VOCABULARIES)}.")
    with loading(folder, "a tokenizer"):
        return Tokenizer(transformers.AutoTokenizer.from_pretrained(folder), policy)


def _load_mclip(cls: type[TextEncoder], folder: Path, config: dict[str, Any]) -> TextEncoder:
    """The published M-CLIP towers: `modelBase` names the backbone's configuration, the weights lie in the folder."""
    import transformers
    from safetensors.torch import load_file

    base = config["modelBase"]
    local = folder / base
    base_config = transformers.AutoConfig.from_pretrained(local if local.is_dir() else resolve(base))
    backbone = transformers.AutoModel.from_config(base_config, add_pooling_layer=False)
    head = nn.Linear(config["transformerDimensions"], config["numDims"])
    weights: dict[str, Tensor] = {}
    with loading(folder, "an M-CLIP tower"):
        for shard in sorted(folder.glob("*.safetensors")):
            weights |= load_file(shard)
    body = {k.removeprefix("transformer."): v for k, v in weights.items() if k.startswith("transformer.")}
    linear = {k.removeprefix("LinearTransformation."): v for k, v in weights.items() if k.startswith("Linear")}
    ignorable = ("pooler.", "embeddings.position_ids")
    with loading(folder, f"an M-CLIP tower over {base}"):
        missing, unexpected = backbone.load_state_dict(body, strict=False)
        head.load_state_dict(linear)
    wrong = [*missing, *(k for k in unexpected if not k.startswith(ignorable))]
    if wrong:
        raise ModelError(
            f"{folder} does not hold an M-CLIP tower over {base}: {len(wrong)} odd weights, as {wrong[0]}."
        )
    policy = TextPolicy(min(128, base_config.max_position_embeddings - 2))
    return cls(backbone.eval(), _tokenizer(folder, policy), mean=True, head=head)
