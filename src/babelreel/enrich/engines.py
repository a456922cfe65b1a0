"""What computes a translation from token ids: transformers, or CTranslate2, which is faster on a CPU.

An engine is called with N source texts as ids and gives N outputs as ids. CTranslate2's models speak in tokens; ours
are converted so that each token is the id, written as a number: nothing then hangs on how a vocabulary spells them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch

from babelreel import extras
from babelreel.device import choose_device, inference
from babelreel.errors import ModelError
from babelreel.hub import load_backbone, loading, quiet

ENGINES = ("transformers", "ctranslate2", "ctranslate2-int8")
STORED = {"ctranslate2": "float32", "ctranslate2-int8": "int8"}
# The transformers class of a translator, and the loader of CTranslate2 that reads it, by a configuration's model_type.
CLASSES = {
    "m2m_100": ("M2M100ForConditionalGeneration", "M2M100Loader"),
    "mbart": ("MBartForConditionalGeneration", "MBartLoader"),
}


class Engine(Protocol):
    """What turns N texts into N texts, as ids."""

    def __call__(self, sources: Sequence[Sequence[int]], target: int, longest: int, beam: int) -> list[Sequence[int]]:
        """The best output of each source: ids after the language token `target`, at most `longest` of them, with the
        end id where the model came to an end. `beam` 1 is greedy search."""


def load_model(folder: Path, kind: str) -> Any:
    """A translator's transformers model.

    Raises:
        ModelError: when weights are missing, pickled or damaged.
    """
    import transformers

    return load_backbone(getattr(transformers, CLASSES[kind][0]), folder, "a translation model")


class TransformersEngine:
    """The model as transformers runs it; `model` is what `load_model` gives."""

    def __init__(self, model: Any, device: str | None = None) -> None:
        from transformers import GenerationConfig

        self.device = choose_device(device)
        self.model = model.to(self.device).eval()
        ids = {name: getattr(model.config, name) for name in ("eos_token_id", "pad_token_id", "decoder_start_token_id")}
        # Nothing of a checkpoint's own settings (a forced end, a beam of five) may play a part that no key tells.
        self.model.generation_config = GenerationConfig(**ids)

    def __call__(self, sources: Sequence[Sequence[int]], target: int, longest: int, beam: int) -> list[Sequence[int]]:
        """See `Engine`."""
        config = self.model.config
        width = max(map(len, sources))
        rows = [[*ids, *[config.pad_token_id] * (width - len(ids))] for ids in sources]
        mask = torch.tensor([[n < len(ids) for n in range(width)] for ids in sources])  # (N, L)
        with inference(self.device), quiet():
            made = self.model.generate(
                input_ids=torch.tensor(rows, device=self.device),
                attention_mask=mask.to(self.device),
                forced_bos_token_id=target,
                num_beams=beam,
                do_sample=False,
                max_new_tokens=longest + 1,  # the language is one
            )
        return [_ended(row[2:], config.eos_token_id) for row in made.tolist()]


def _ended(ids: list[int], end: int) -> list[int]:
    return ids[: ids.index(end) + 1] if end in ids else ids


class CTranslate2Engine:
    """A model that `convert` wrote."""

    def __init__(self, folder: Path, stored: str, device: str | None = None) -> None:
        ctranslate2 = extras.require("ctranslate2")
        chosen = choose_device(device)
        if chosen.type not in ("cpu", "cuda"):
            chosen = torch.device("cpu")
        with loading(folder, "a CTranslate2 model"):
            self.translator = ctranslate2.Translator(
                str(folder),
                device=chosen.type,
                device_index=chosen.index or 0,
                compute_type=stored,
                intra_threads=torch.get_num_threads(),
            )

    def __call__(self, sources: Sequence[Sequence[int]], target: int, longest: int, beam: int) -> list[Sequence[int]]:
        """See `Engine`."""
        results = self.translator.translate_batch(
            [list(map(str, ids)) for ids in sources],
            target_prefix=[[str(target)]] * len(sources),
            beam_size=beam,
            max_input_length=0,
            max_decoding_length=longest + 1,
            return_end_token=True,
        )
        return [list(map(int, result.hypotheses[0][1:])) for result in results]


class _Ids(NamedTuple):
    """What a loader of CTranslate2 asks of a tokenizer, where tokens are ids."""

    size: int
    bos_token: str
    eos_token: str
    unk_token: str
    special_tokens_map: dict[str, list[str]]
    num_madeup_words: int = 0

    def get_vocab(self) -> dict[str, int]:
        return {str(n): n for n in range(self.size)}

    def convert_ids_to_tokens(self, number: int) -> str:
        return str(number)


def convert(load: Callable[[], Any], kind: str, unknown: int, folder: Path, stored: str) -> Path:
    """Write a model in CTranslate2's format, its weights `stored` as "int8" or "float32"; done once, then found.

    `load` gives the transformers model, `unknown` is the id of an unknown token.

    Raises:
        ModelError: when CTranslate2 cannot convert it, or there is no room for it.
    """
    if (folder / "model.bin").is_file():
        return folder
    extras.require("ctranslate2")
    from ctranslate2.converters import transformers as converters

    model = load()
    config = model.config
    _require_space(folder, sum(p.numel() for p in model.parameters()) * (1 if stored == "int8" else 4))
    # Two things that the loader asks of a configuration and mBART's no longer says: its layers normalise what comes in,
    # and its decoder begins with the end token, as mBART-50's does and the older mBART's does not.
    config.normalize_before = True
    config.tokenizer_class = "MBart50Tokenizer"
    begin, end = str(config.bos_token_id), str(config.eos_token_id)
    ids = _Ids(config.vocab_size, begin, end, str(unknown), {})
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        with torch.no_grad(), loading(folder, "a CTranslate2 model"):
            spec = getattr(converters, CLASSES[kind][1])()(model, ids)
            spec.validate()
            spec.optimize(quantization=stored)
            spec.save(str(temporary))
            with contextlib.suppress(FileExistsError):  # another process was faster
                os.rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _require_space(folder: Path, needed: int) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{folder.parent} cannot be written ({error.strerror}). Give another --cache.") from error
    free = shutil.disk_usage(folder.parent).free
    if free < needed:
        raise ModelError(
            f"Converting the model needs {needed / 2**20:.0f} MiB below {folder.parent}, and {free / 2**20:.0f} MiB "
            "are free. Make room, give another --cache, or use --engine transformers."
        )
