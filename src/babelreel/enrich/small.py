"""Small translators with random weights, written in the hub's own format: opened like the published ones."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from babelreel.hub import quiet

KINDS = ("m2m100", "nllb", "mbart50")


def write_small_translator(
    folder: str | Path,
    texts: Iterable[str],
    kind: str = "m2m100",
    *,
    width: int = 32,
    layers: int = 1,
    heads: int = 2,
    vocab_size: int = 1000,
    spread: float = 0.3,
    seed: int = 0,
) -> Path:
    """Write a random M2M100, NLLB-200 or mBART-50 whose SentencePiece vocabulary was learned from `texts`.

    Encoder and decoder have `layers` layers of `width` and `heads` heads; the languages come on top of `vocab_size`.
    Weights are drawn with the standard deviation `spread`, wide enough for outputs that hang on what is read.
    The same seed gives the same weights.
    """
    import transformers

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(folder, texts, kind, vocab_size)
    sizes = {
        "vocab_size": len(tokenizer) + len(getattr(tokenizer, "lang_token_to_id", ())), "d_model": width,
        "encoder_layers": layers, "decoder_layers": layers, "encoder_attention_heads": heads,
        "decoder_attention_heads": heads, "encoder_ffn_dim": 4 * width, "decoder_ffn_dim": 4 * width,
        "decoder_start_token_id": tokenizer.eos_token_id, "scale_embedding": True, "max_position_embeddings": 256,
        "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id, "init_std": spread,
    }  # fmt: skip
    family = "MBart" if kind == "mbart50" else "M2M100"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = getattr(transformers, f"{family}Config")(**sizes)
        model = getattr(transformers, f"{family}ForConditionalGeneration")(config)
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(folder: Path, texts: Iterable[str], kind: str, vocab_size: int) -> Any:
    import sentencepiece
    import transformers
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=trained,
        model_type="unigram" if kind == "mbart50" else "bpe",
        vocab_size=vocab_size,
        character_coverage=1.0,
        minloglevel=2,
    )
    name = "sentencepiece.bpe.model"
    (folder / name).write_bytes(trained.getvalue())
    if kind == "nllb":
        return transformers.NllbTokenizer.from_pretrained(folder, extra_special_tokens=FAIRSEQ_LANGUAGE_CODES)
    if kind == "mbart50":
        return transformers.MBart50Tokenizer.from_pretrained(folder)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    learned = [pieces.id_to_piece(n) for n in range(3, pieces.get_piece_size())]
    vocabulary = {piece: n for n, piece in enumerate(["<s>", "<pad>", "</s>", "<unk>", *learned])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    return transformers.M2M100Tokenizer(folder / "vocab.json", folder / name)
