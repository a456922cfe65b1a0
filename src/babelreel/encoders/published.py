"""Published layouts of text towers that transformers alone does not open: a backbone, its mean, and a linear layer.

- M-CLIP (`transformer.*`, `LinearTransformation.*`; Carlsson et al. 2022): the backbone's configuration lies elsewhere.
- sentence-transformers (`modules.json`): Transformer, Pooling by the mean, Dense without activation, Normalize, as
  `clip-ViT-B-32-multilingual-v1` (Reimers and Gurevych 2020, arXiv 2004.09813). Its library is not needed for that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, nn

from babelreel.data.tokenizers import TextPolicy
from babelreel.errors import ModelError
from babelreel.hub import load_backbone, loading, read_json, require_safetensors, resolve

# What towers of 2022 call their backbones -> where the hub keeps them now
RENAMED = {
    "xlm-roberta-base": "FacebookAI/xlm-roberta-base",
    "xlm-roberta-large": "FacebookAI/xlm-roberta-large",
    "bert-base-multilingual-cased": "google-bert/bert-base-multilingual-cased",
    "distilbert-base-multilingual-cased": "distilbert/distilbert-base-multilingual-cased",
}


READ = ["Transformer", "Pooling (mean)", "Dense"]


class TextParts(NamedTuple):
    """A backbone whose real tokens are averaged, the linear layer after it or None, and how texts are prepared."""

    backbone: Any
    head: nn.Linear | None
    policy: TextPolicy


class Module(NamedTuple):
    """A line of modules.json: the last part of the class's name, and the folder that it was saved into."""

    kind: str
    folder: Path


def is_sentence(folder: Path) -> bool:
    """Whether a folder is a model of sentence-transformers."""
    return (folder / "modules.json").is_file()


def sentence_modules(folder: Path) -> list[Module]:
    """The modules of a model of sentence-transformers, in order.

    Raises:
        ModelError: when modules.json is damaged.
    """
    try:
        listed = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        return [Module(each["type"].rpartition(".")[2], folder / each["path"]) for each in listed]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{folder / 'modules.json'} cannot be read: {error!r}.") from error


def transformers_folder(folder: Path) -> Path:
    """Where a folder's transformers model lies: itself, or of a sentence-transformers model that is a CLIP and nothing
    more (`clip-ViT-B-32`), the folder inside that holds the CLIP."""
    if not is_sentence(folder):
        return folder
    modules = [module for module in sentence_modules(folder) if module.kind != "Normalize"]  # vectors are anyway
    if len(modules) != 1 or modules[0].kind not in ("CLIPModel", "Transformer"):
        return folder
    inner = modules[0].folder
    return inner if read_json(inner, "config.json").get("model_type") == "clip" else folder


def sentence_prompts(folder: Path) -> dict[str, str]:
    """What a model of sentence-transformers puts before texts, by name, such as "query"; empty ones are left out."""
    if not (folder / "config_sentence_transformers.json").is_file():
        return {}
    prompts = read_json(folder, "config_sentence_transformers.json").get("prompts") or {}
    return {name: prompt for name, prompt in prompts.items() if prompt}


def load_sentence_text(folder: Path) -> TextParts:
    """The text tower of a model of sentence-transformers.

    Raises:
        ModelError: when it has other modules than a transformer, the mean and a linear layer, or does not load.
    """
    import transformers

    listed = sentence_modules(folder)
    modules = {module.kind: module.folder for module in listed}
    said = [f"Pooling ({_pooling(each.folder)})" if each.kind == "Pooling" else each.kind for each in listed]
    if [kind for kind in said if kind != "Normalize"] not in (READ, READ[:2]):
        raise ModelError(
            f"{folder} is no text tower for an image tower: its modules are {', '.join(said)}. Supported are "
            f"{', '.join(READ)} without activation, and Normalize."
        )
    inner = modules["Transformer"]
    config = read_json(inner, "config.json")
    backbone = load_backbone(transformers.AutoModel, inner, "a text model")
    how = read_json(inner, "sentence_bert_config.json") if (inner / "sentence_bert_config.json").is_file() else {}
    length = how.get("max_seq_length") or _longest(inner)
    length = min(int(length), int(config.get("max_position_embeddings", length)))
    prompt = sentence_prompts(folder).get("query", "")
    policy = TextPolicy(length, lower=bool(how.get("do_lower_case")), prompt=prompt)
    return TextParts(backbone, _dense(modules["Dense"]) if "Dense" in modules else None, policy)


def _pooling(folder: Path) -> str:
    """What a Pooling takes of the tokens, such as "mean", or "cls, max" for two side by side."""
    config = read_json(folder, "config.json")
    old = [name.removeprefix("pooling_mode_") for name, on in config.items() if name.startswith("pooling_mode_") and on]
    mode = config.get("pooling_mode", [name.removesuffix("_tokens") for name in old])
    without = "" if config.get("include_prompt", True) else " without the prompt"
    return (mode if isinstance(mode, str) else ", ".join(mode)) + without


def _longest(folder: Path) -> int:
    """How many tokens the tokenizer's own configuration allows."""
    found = (folder / "tokenizer_config.json").is_file() and read_json(folder, "tokenizer_config.json")
    return int(min(found.get("model_max_length", 128), 10_000)) if found else 128


def _dense(folder: Path) -> nn.Linear:
    from safetensors.torch import load_file

    config = read_json(folder, "config.json")
    activation = str(config.get("activation_function", "torch.nn.modules.activation.Tanh"))
    if not activation.endswith(".Identity"):
        raise ModelError(
            f"{folder} is a linear layer with the activation {activation}; a text tower for an image tower has none."
        )
    require_safetensors(folder)
    head = nn.Linear(int(config["in_features"]), int(config["out_features"]))
    nn.init.zeros_(head.bias)
    with loading(folder, "a linear layer"):
        weights = load_file(folder / "model.safetensors")
        head.load_state_dict({"bias": head.bias} | {k.removeprefix("linear."): v for k, v in weights.items()})
    return head


def load_mclip(folder: Path, config: dict[str, Any]) -> TextParts:
    """A published M-CLIP tower: `modelBase` names the backbone's configuration, the weights lie in the folder.

    Raises:
        ModelError: when weights are missing, too many, or of another shape.
    """
    import transformers
    from safetensors.torch import load_file

    require_safetensors(folder)
    base = str(config["modelBase"])
    local = folder / base
    where = local if local.is_dir() else resolve(RENAMED.get(base, base), ("config.json",))
    base_config = transformers.AutoConfig.from_pretrained(where)
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
    return TextParts(backbone.eval(), head, TextPolicy(min(128, base_config.max_position_embeddings - 2)))
