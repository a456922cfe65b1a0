"""Text towers of every kind with languages added to them, small and random."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    RobertaPreLayerNormConfig,
    RobertaPreLayerNormModel,
    SiglipTextConfig,
    SiglipTextModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from babelreel.data.grams import learn_grams
from babelreel.data.tokenizers import TextPolicy, Tokenizer, train_tokenizer
from babelreel.encoders.acquirers import AcquirerConfig, Acquirers
from babelreel.encoders.adapters import Adapters, layer_widths, make_adaptable
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.towers import TextTower
from babelreel.encoders.vocabularies import VocabularyConfig, new_vocabulary

ENGLISH = [f"a {c} {s}" for c in ("red", "blue") for s in ("circle", "square", "star", "moon")]
SAID = {
    "de": [f"ein {c} {s}" for c in ("roter", "blauer") for s in ("Kreis", "Klotz", "Stern", "Mond")],
    "fr": [f"un {s} {c}" for c in ("rouge", "bleu") for s in ("cercle", "carré", "astre", "croissant")],
}
WIDTH, HIDDEN, LONGEST = 24, 32, 20
SMALL = {"hidden_size": HIDDEN, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}


def english(padding: str = "longest") -> Tokenizer:
    return train_tokenizer(ENGLISH, 80, TextPolicy(LONGEST, padding))  # type: ignore[arg-type]


def _ids(tokenizer: Tokenizer) -> dict[str, int]:
    backend = tokenizer.backend
    return {
        "vocab_size": tokenizer.vocab_size, "bos_token_id": backend.bos_token_id,
        "eos_token_id": backend.eos_token_id, "pad_token_id": backend.pad_token_id,
    }  # fmt: skip


def clip(**ids: int) -> TextEncoder:
    tokenizer = english()
    settings = SMALL | {"projection_dim": WIDTH, "max_position_embeddings": LONGEST} | _ids(tokenizer) | ids
    return TextEncoder(CLIPTextModelWithProjection(CLIPTextConfig(**settings)), tokenizer, False)


def siglip() -> TextEncoder:
    tokenizer = english("max_length")
    settings = SMALL | {"projection_size": WIDTH, "max_position_embeddings": LONGEST} | _ids(tokenizer)
    return TextEncoder(SiglipTextModel(SiglipTextConfig(**settings)), tokenizer, False)


def bert() -> TextEncoder:
    tokenizer = english()
    config = BertConfig(**SMALL, max_position_embeddings=LONGEST, **_ids(tokenizer))
    return TextEncoder(BertModel(config, add_pooling_layer=False), tokenizer, True, nn.Linear(HIDDEN, WIDTH))


def mclip() -> TextEncoder:
    tokenizer = english()
    config = XLMRobertaConfig(**SMALL, max_position_embeddings=LONGEST + 2, **(_ids(tokenizer) | {"pad_token_id": 1}))
    return TextEncoder(XLMRobertaModel(config, add_pooling_layer=False), tokenizer, True, nn.Linear(HIDDEN, WIDTH))


def scratch() -> TextEncoder:
    tokenizer = english()
    config = RobertaPreLayerNormConfig(**SMALL, max_position_embeddings=LONGEST + 2, **_ids(tokenizer))
    backbone = RobertaPreLayerNormModel(config, add_pooling_layer=False)
    return TextEncoder(backbone, tokenizer, True, nn.Linear(HIDDEN, WIDTH))


def grams() -> GramEncoder:
    return GramEncoder(learn_grams(ENGLISH, 500), WIDTH, GramConfig(width=HIDDEN, hidden=16))


TOWERS = {
    "clip": clip,
    "clip, its end the largest id": lambda: clip(eos_token_id=2),
    "clip, its padding the end": lambda: clip(pad_token_id=3),
    "siglip": siglip,
    "bert": bert,
    "m-clip": mclip,
    "from scratch": scratch,
    "grams": grams,
}


def tower(kind: str, seed: int = 0) -> TextTower:
    torch.manual_seed(seed)
    return TOWERS[kind]().eval()  # type: ignore[no-any-return, operator]


def adapters(over: TextTower, langs: Sequence[str] = ("de", "fr"), shared: bool = False) -> Adapters:
    """Languages over a tower, as if they were trained: no acquirer is the identity."""
    made = Adapters()
    make_adaptable(over)
    config = VocabularyConfig(size=200, width=8)
    together = new_vocabulary(config, [text for lang in langs for text in SAID[lang]], over) if shared else None
    for lang in langs:
        torch.manual_seed(sum(map(ord, lang)))
        acquirers = Acquirers(layer_widths(over), AcquirerConfig(hidden=6, start="random"))
        vocabulary = together or new_vocabulary(config, SAID[lang], over)
        made.add(lang, acquirers, "+".join(langs) if shared else lang, vocabulary)
    return made.eval()
