"""Small random checkpoints of every family that `babelreel.load` opens, each with its own real tokenizer and processor,
in the layout in which such models lie on the hub.

    write_family("siglip2", folder)                        # any of FAMILIES opens by itself
    load(write_family("clip", a), text=write_family("mclip", b))    # TEXT_TOWERS stand beside "clip"

Every image-text family has a joint space of `WIDTH` dimensions, and pictures of `SIDE` pixels.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tokenizers as tk
import torch
import transformers

from babelreel.hub import quiet

TEXTS = [
    "a brown dog runs over the grass", "two children play in the water", "a man on a bicycle near the road",
    "ein Hund läuft über die Wiese", "zwei Kinder spielen im Wasser", "un chien brun court dans l'herbe",
    "一只棕色的狗在草地上奔跑", "كلب بني يجري على العشب", "собака бежит по траве", "mbwa anakimbia kwenye nyasi",
]  # fmt: skip
WIDTH, SIDE, PATCH = 24, 48, 12
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
MEAN, STD = [0.48, 0.46, 0.41], [0.27, 0.26, 0.28]
CHAT = (
    "{% for m in messages %}{{ m['role'] }}: {% for part in m['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}\n{% endfor %}"
)


def write_family(name: str, folder: str | Path) -> Path:
    """Write the checkpoint of a family; the same name gives the same weights."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(0)
        WRITERS[name](folder)
    return folder


def write_clip(folder: Path) -> None:
    """Pad is end, the shortest edge is resized and the centre cut out, `preprocessor_config.json` as in 2021."""
    tokenizer = clip_tokenizer()
    size = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    processor = transformers.CLIPImageProcessorPil(**size, image_mean=MEAN, image_std=STD)
    _save_image_text(transformers.CLIPModel, _config(transformers.CLIPConfig, tokenizer), tokenizer, processor, folder)


def write_metaclip2(folder: Path) -> None:
    """The tokenizer of XLM-R, whose end has the number 2, and the one `processor_config.json` of transformers 5."""
    tokenizer = xlm_roberta_tokenizer()
    image = transformers.CLIPImageProcessorPil(size={"height": SIDE, "width": SIDE}, do_center_crop=False)
    config = _config(transformers.MetaClip2Config, tokenizer)
    transformers.MetaClip2Model(config).save_pretrained(folder)
    transformers.CLIPProcessor(image, tokenizer).save_pretrained(folder)


def write_siglip(folder: Path) -> None:
    """A SentencePiece vocabulary without a fast tokenizer; padding is the end token, and is attended to."""
    processor = transformers.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    tokenizer = sentencepiece_tokenizer(folder)
    config = _config(transformers.SiglipConfig, tokenizer)
    _save_image_text(transformers.SiglipModel, config, tokenizer, processor, folder)


def write_siglip2(folder: Path) -> None:
    """SigLIP 2 at a fixed resolution: it calls itself "siglip", and only its tokenizer, Gemma's, tells."""
    processor = transformers.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}, resample=2)
    tokenizer = gemma_tokenizer()
    config = _config(transformers.SiglipConfig, tokenizer)
    _save_image_text(transformers.SiglipModel, config, tokenizer, processor, folder)


def write_naflex(folder: Path) -> None:
    """SigLIP 2 with flexible resolution: at most so many patches, whatever the picture's aspect."""
    processor = transformers.Siglip2ImageProcessorPil(patch_size=PATCH, max_num_patches=(SIDE // PATCH) ** 2)
    tokenizer = gemma_tokenizer()
    config = _config(transformers.Siglip2Config, tokenizer, num_patches=(SIDE // PATCH) ** 2)
    _save_image_text(transformers.Siglip2Model, config, tokenizer, processor, folder)


def write_sentence_clip(folder: Path) -> None:
    """The layout of `clip-ViT-B-32` of sentence-transformers: a CLIP in a folder of its own, named in modules.json."""
    write_clip(folder / "0_CLIPModel")
    _modules(folder, [("0_CLIPModel", "sentence_transformers.models.CLIPModel")])


def write_sentence_chat(folder: Path) -> None:
    """A language model that sees, as an embedding: chat template, last token, normalised, with an instruction."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    tokenizer = xlm_roberta_tokenizer(["<image>"])
    vocabulary = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    text = transformers.LlamaConfig(**SMALL, **vocabulary, max_position_embeddings=256, num_key_value_heads=2)
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**SMALL, image_size=SIDE, patch_size=PATCH), text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"), vision_feature_layer=-1,
    )  # fmt: skip
    config.pad_token_id = tokenizer.pad_token_id
    transformers.LlavaModel(config).save_pretrained(folder / "base")
    size = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    transformers.LlavaProcessor(
        transformers.CLIPImageProcessorPil(**size), tokenizer, patch_size=PATCH, chat_template=CHAT,
        vision_feature_select_strategy="default", num_additional_image_tokens=1,
    ).save_pretrained(folder / "base")  # fmt: skip
    modules = [Transformer(str(folder / "base")), Pooling(SMALL["hidden_size"], "lasttoken"), Normalize()]
    prompts = {"query": "Find a picture of what the user says.", "document": "Describe the picture."}
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save_pretrained(str(folder))
    for path in [*(folder / "base").iterdir(), folder / "base"]:
        path.rmdir() if path.is_dir() else path.unlink()


def write_sentence_text(folder: Path) -> None:
    """The layout of `clip-ViT-B-32-multilingual-v1` of 2021: a transformer, its mean, a linear layer without bias."""
    from safetensors.torch import save_file

    tokenizer = bert_tokenizer()
    config = transformers.DistilBertConfig(
        vocab_size=len(tokenizer), dim=32, hidden_dim=64, n_layers=2, n_heads=2, max_position_embeddings=64
    )
    transformers.DistilBertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 16, "do_lower_case": false}')
    modules = {"": "Transformer", "1_Pooling": "Pooling", "2_Dense": "Dense"}
    for name in modules:
        (folder / name).mkdir(exist_ok=True)
    pooling = {"word_embedding_dimension": 32, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    dense = {"in_features": 32, "out_features": WIDTH, "bias": False}
    dense["activation_function"] = "torch.nn.modules.linear.Identity"
    (folder / "2_Dense" / "config.json").write_text(json.dumps(dense))
    save_file({"linear.weight": torch.randn(WIDTH, 32) / 6}, folder / "2_Dense" / "model.safetensors")
    _modules(folder, [(path, f"sentence_transformers.models.{kind}") for path, kind in modules.items()])


def write_mclip(folder: Path) -> None:
    """The layout of the published M-CLIP towers: the backbone's configuration is named and lies elsewhere."""
    from safetensors.torch import save_file

    tokenizer = xlm_roberta_tokenizer()
    base = transformers.XLMRobertaModel(transformers.XLMRobertaConfig(**_text(tokenizer), type_vocab_size=1))
    linear = torch.nn.Linear(SMALL["hidden_size"], WIDTH)
    weights = {f"transformer.{name}": value.contiguous() for name, value in base.state_dict().items()}
    weights |= {f"LinearTransformation.{name}": value.detach() for name, value in linear.state_dict().items()}
    base.config.save_pretrained(folder / "base")
    save_file(weights, folder / "model.safetensors")
    tokenizer.save_pretrained(folder)
    config = {"model_type": "M-CLIP", "modelBase": "base", "numDims": WIDTH, "transformerDimensions": 32}
    (folder / "config.json").write_text(json.dumps(config))


WRITERS: dict[str, Callable[[Path], None]] = {
    "clip": write_clip,
    "siglip": write_siglip,
    "siglip2": write_siglip2,
    "siglip2-naflex": write_naflex,
    "metaclip2": write_metaclip2,
    "sentence-clip": write_sentence_clip,
    "sentence-chat": write_sentence_chat,
    "mclip": write_mclip,
    "sentence-text": write_sentence_text,
}
TEXT_TOWERS: tuple[str, ...] = ("mclip", "sentence-text")
FAMILIES: tuple[str, ...] = tuple(name for name in WRITERS if name not in TEXT_TOWERS)


def clip_tokenizer() -> Any:
    """CLIP's: byte pairs with an end of word, lower-cased, framed by begin and end; padding is the end token."""
    trained = transformers.CLIPTokenizer()._tokenizer
    trained.train_from_iterator(
        TEXTS, tk.trainers.BpeTrainer(vocab_size=500, end_of_word_suffix="</w>", show_progress=False,
                                      initial_alphabet=tk.pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    model = json.loads(trained.to_str())["model"]
    bytes_alone = {f"{byte}</w>" for byte in tk.pre_tokenizers.ByteLevel.alphabet()}
    pieces = [*sorted(bytes_alone | model["vocab"].keys()), "<|startoftext|>", "<|endoftext|>"]
    merges = [tuple(pair) for pair in model["merges"]]
    return transformers.CLIPTokenizer(vocab={p: n for n, p in enumerate(pieces)}, merges=merges, model_max_length=77)


def xlm_roberta_tokenizer(more: list[str] | None = None) -> Any:
    """XLM-R's: Unigram pieces; `more` are special tokens on top."""
    vocab = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *_unigrams(), ("<mask>", 0.0)]
    return transformers.XLMRobertaTokenizer(vocab=vocab, extra_special_tokens=more or [], model_max_length=128)


def gemma_tokenizer() -> Any:
    """Gemma's as SigLIP 2 carries it: byte pairs with byte fallback, an end and no begin, padded on the right."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *(f"<0x{byte:02X}>" for byte in range(256))]
    raw = tk.Tokenizer(tk.models.BPE(unk_token="<unk>", byte_fallback=True))
    raw.normalizer = tk.normalizers.Replace(" ", "▁")
    raw.train_from_iterator(TEXTS, tk.trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False))
    model = json.loads(raw.to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    return transformers.GemmaTokenizer(
        vocab=model["vocab"], merges=merges, padding_side="right", add_bos_token=False, add_eos_token=True,
        model_max_length=64,
    )  # fmt: skip


def bert_tokenizer() -> Any:
    """Multilingual BERT's: word pieces with upper and lower case."""
    raw = transformers.BertTokenizer(do_lower_case=False)._tokenizer
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    raw.train_from_iterator(TEXTS, tk.trainers.WordPieceTrainer(vocab_size=400, special_tokens=special))
    return transformers.BertTokenizer(vocab=raw.get_vocab(), do_lower_case=False, model_max_length=64)


def sentencepiece_tokenizer(folder: Path) -> Any:
    """SigLIP's: a SentencePiece model, written into `folder`; padding is the end token."""
    import sentencepiece

    alphabet = {character for text in TEXTS for character in text}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 4), model_prefix=str(folder / "spiece"), vocab_size=len(alphabet) + 60,
        hard_vocab_limit=False, character_coverage=1.0, minloglevel=2, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
    )  # fmt: skip
    (folder / "spiece.vocab").unlink()
    return transformers.SiglipTokenizer(str(folder / "spiece.model"))


def _unigrams() -> list[tuple[str, float]]:
    raw = tk.Tokenizer(tk.models.Unigram())
    raw.pre_tokenizer = tk.pre_tokenizers.Metaspace()
    raw.train_from_iterator(TEXTS, tk.trainers.UnigramTrainer(vocab_size=300, unk_token="<unk>", show_progress=False))
    pieces = dict(json.loads(raw.to_str())["model"]["vocab"])
    return sorted((piece, round(score, 4)) for piece, score in pieces.items() if piece != "<unk>")


def _text(tokenizer: Any) -> dict[str, Any]:
    ids = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    return SMALL | ids | {"vocab_size": len(tokenizer), "max_position_embeddings": 80}


def _config(config_class: Any, tokenizer: Any, **vision: Any) -> Any:
    siglip = config_class.model_type.startswith("siglip")
    width = {"projection_size": SMALL["hidden_size"]} if siglip else {"projection_dim": WIDTH}
    length = {"max_position_embeddings": 64} if siglip else {}
    seen = SMALL | {"image_size": SIDE, "patch_size": PATCH} | vision
    both = {} if siglip else width
    return config_class(text_config=_text(tokenizer) | width | length, vision_config=seen | both, **both)


def _save_image_text(model_class: Any, config: Any, tokenizer: Any, processor: Any, folder: Path) -> None:
    model_class(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    processor.save_pretrained(folder)


def _modules(folder: Path, modules: list[tuple[str, str]]) -> None:
    listed = [{"idx": n, "name": str(n), "path": path, "type": kind} for n, (path, kind) in enumerate(modules)]
    (folder / "modules.json").write_text(json.dumps(listed))
