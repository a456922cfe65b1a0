"""model.load: every kind of model gives what its own library gives on the same pixels, and is measured like any other.

The checkpoints are small and random (`families.py`), of the real classes; the photographs are real.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from families import FAMILIES, PATCH, SIDE, TEXT_TOWERS, TEXTS, WIDTH, write_family
from PIL import Image

import babelreel
from babelreel.data.batches import collate_media
from babelreel.data.tokenizers import Tokenizer
from babelreel.encoders.published import transformers_folder
from babelreel.encoders.sentence import SentenceReader, encode_tokens, prompt_of, spec_of
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.vision import VisionEncoder
from babelreel.errors import ConfigError, MissingExtraError, ModelError
from babelreel.evaluate import evaluate_model
from babelreel.media.files import read_item
from babelreel.media.transforms import ImageSpec, resize
from babelreel.media.video import Frames, Sampling
from babelreel.model import Model
from babelreel.types import Caption, Corpus, MediaItem

QUERIES = [*TEXTS, "A DOG </s> <|endoftext|> runs", "mbwa " * 90, "http://x.org/dog.jpg"]
TOWERS = ("clip", "siglip", "siglip2", "siglip2-naflex", "metaclip2", "sentence-clip")
SENTENCE = ("sentence-clip", "sentence-chat")


Family = Callable[[str], Path]
Opened = Callable[[str], Model]


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Family:
    root = tmp_path_factory.mktemp("families")
    return cache(lambda name: write_family(name, root / name))


@pytest.fixture(scope="session")
def opened(family: Family) -> Opened:
    """The model of a family; "clip+mclip" has its text tower from elsewhere."""

    @cache
    def load(name: str) -> Model:
        first, _, tower = name.partition("+")
        return babelreel.load(family(first), text=family(tower) if tower else None, frames=3, device="cpu")

    return load


@pytest.fixture(scope="session")
def corpus(data: Path) -> Corpus:
    """Eight real photographs, half of them in their true aspect, and a clip, with the same captions."""
    paths = sorted((data / "images" / "flickr8k").glob("*.jpg"))[:300]
    true = [path for path in paths if len(set(Image.open(path).size)) > 1][:4]
    chosen = [*true, *(path for path in paths if path not in true)][:8]
    said = (Caption("a dog", "en"), Caption("ein Hund", "de"))
    items = [MediaItem(path.name, f"images/flickr8k/{path.name}", "image", captions=said) for path in chosen]
    clip = next((data / "clips").glob("*dog.mp4"))
    return Corpus("small", data, (*items, MediaItem("clip", f"clips/{clip.name}", "video", captions=said)))


def photographs(corpus: Corpus) -> Corpus:
    return replace(corpus, items=corpus.items[:-1])


def pooled(model: Model, corpus: Corpus) -> torch.Tensor:
    found = model.encode_media(photographs(corpus)).representation
    assert found is not None
    assert found.pooled is not None
    return found.pooled


def unit(vectors: Any) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.as_tensor(vectors).float(), dim=-1)


def seen(model: Model, corpus: Corpus) -> list[Image.Image]:
    """The photographs as the model gets them."""
    paths = [corpus.path(item) for item in photographs(corpus).items]
    frames = [read_item(path, "image", Sampling(), model.method.spec).images[0] for path in paths]
    return [Image.fromarray(frame.permute(1, 2, 0).numpy()) for frame in frames]


@pytest.mark.parametrize("name", TOWERS)
def test_images_are_those_of_transformers(name: str, family: Family, opened: Opened, corpus: Corpus) -> None:
    model, folder = opened(name), transformers_folder(family(name))
    own = transformers.AutoModel.from_pretrained(folder).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    found = pooled(model, corpus)
    pixels = processor(seen(model, corpus), do_resize=False, do_center_crop=False, return_tensors="pt")
    with torch.no_grad():
        expected = own.get_image_features(**pixels).pooler_output
    torch.testing.assert_close(found, unit(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", TOWERS)
def test_texts_are_those_of_transformers(name: str, family: Family, opened: Opened) -> None:
    folder = transformers_folder(family(name))
    own = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    texts = [text for text in QUERIES if "</s>" not in text]  # there we differ on purpose
    plain = [text.lower() for text in texts] if name.startswith("siglip2") else texts
    how: dict[str, Any] = {"padding": True, "max_length": 77}
    if name.startswith("siglip"):
        how = {"padding": "max_length", "max_length": 64}
    batch = tokenizer(plain, truncation=True, return_tensors="pt", **how)
    if name.startswith("siglip"):
        batch.pop("attention_mask", None)  # it attends to its padding
    with torch.no_grad():
        expected = unit(own.get_text_features(**batch).pooler_output)
    torch.testing.assert_close(opened(name).encode_text(texts).pooled, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", SENTENCE)
def test_a_sentence_transformers_model_gives_what_its_library_gives(
    name: str, family: Family, opened: Opened, corpus: Corpus
) -> None:
    from sentence_transformers import SentenceTransformer

    model = opened(name)
    own = SentenceTransformer(str(family(name)), device="cpu", local_files_only=True)
    texts = [text for text in QUERIES if "</s>" not in text and not text.startswith("http")]
    expected = own.encode_query(texts, normalize_embeddings=True, convert_to_tensor=True, batch_size=3)
    torch.testing.assert_close(model.encode_text(texts).pooled, expected, rtol=0, atol=1e-5)
    images = own.encode_document(seen(model, corpus), normalize_embeddings=True)
    torch.testing.assert_close(pooled(model, corpus), torch.as_tensor(images), rtol=0, atol=1e-5)


def test_prompts_of_a_sentence_transformers_model_are_used_and_named(opened: Opened) -> None:
    model = opened("sentence-chat")
    without = torch.as_tensor(model.method.sentence.encode(TEXTS[:2], prompt=""))
    found = model.encode_text(TEXTS[:2]).pooled
    assert found is not None
    assert (found - without).abs().max() > 1e-3  # a prompt that changes nothing would prove nothing
    assert "with the query prompt 'Find a picture of what the user says.' with the document prompt" in model.title
    link = model.encode_text(["http://x.org/dog.jpg", "a <image> of a dog"]).pooled  # texts, not pictures
    assert link is not None
    assert link.isfinite().all()


@pytest.mark.parametrize("name", TEXT_TOWERS)
def test_a_text_tower_from_elsewhere(name: str, family: Family, opened: Opened) -> None:
    from sentence_transformers import SentenceTransformer

    model = opened(f"clip+{name}")
    assert model.title == f"{family('clip')} with the text tower {family(name)}"
    found = model.encode_text(QUERIES[:-3], "de").pooled
    if name == "sentence-text":
        own = SentenceTransformer(str(family(name)), device="cpu", local_files_only=True)
        expected = unit(own.encode(QUERIES[:-3]))
        long = unit(own.encode(QUERIES[-2:-1]))
        torch.testing.assert_close(model.encode_text(QUERIES[-2:-1]).pooled, long, rtol=0, atol=1e-5)
    else:
        expected = _mclip(family(name), QUERIES[:-3])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_a_text_tower_with_a_prompt_and_in_the_newer_layout(family: Family, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    own = SentenceTransformer(str(family("sentence-text")), device="cpu", local_files_only=True)
    own.prompts = {"query": "Ein Hund </s>: "}
    own.save_pretrained(str(tmp_path))
    assert "pooling_mode_mean_tokens" not in (tmp_path / "1_Pooling" / "config.json").read_text()
    tower = TextEncoder.load(tmp_path)
    with torch.no_grad():
        found = tower(tower.tokenizer(TEXTS)).pooled
    torch.testing.assert_close(found, torch.as_tensor(own.encode_query(TEXTS)), rtol=0, atol=1e-5)
    assert tower.tokenizer.lengths(["a"])[0] > 6
    tower.tokenizer.save(tmp_path / "again")
    again = Tokenizer.load(tmp_path / "again")
    assert again(["a"]).input_ids.equal(tower.tokenizer(["a"]).input_ids)
    plain = Tokenizer(again.backend, replace(again.policy, prompt=""))
    assert again.fingerprint == tower.tokenizer.fingerprint != plain.fingerprint


def test_the_backbones_of_mclip_towers_have_moved(tmp_path: Path) -> None:
    folder = write_family("mclip", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"modelBase": "xlm-roberta-large"}))
    with pytest.raises(ModelError, match="FacebookAI/xlm-roberta-large"):  # asked for by its new name, without network
        TextEncoder.load(folder)


def _mclip(folder: Path, texts: list[str]) -> torch.Tensor:
    """As its authors' code computes it: mean over real tokens, then the linear layer."""
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    config = transformers.XLMRobertaConfig.from_pretrained(folder / "base")
    base = transformers.XLMRobertaModel(config).eval()
    base.load_state_dict({k[12:]: v for k, v in weights.items() if k.startswith("transformer.")})
    batch = transformers.AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden, mask = base(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)
        mean = (hidden * mask).sum(1) / mask.sum(1)
        return unit(mean @ weights["LinearTransformation.weight"].T + weights["LinearTransformation.bias"])


@pytest.mark.parametrize("name", [*FAMILIES, *(f"clip+{tower}" for tower in TEXT_TOWERS)])
def test_every_kind_is_measured_like_any_other(name: str, opened: Opened, corpus: Corpus) -> None:
    result = evaluate_model(opened(name), corpus)
    assert result.header.failed == 0
    found = {(row.lang, row.direction, row.queries, row.candidates) for row in result.rows}
    assert found == {(lang, way, 9, 9) for lang in ("de", "en") for way in ("t2v", "v2t")}
    # One text asks for every item, so the ranks of its queries are all different where the items' vectors are.
    assert sorted(result.ranks["en", "t2v"].ranks) == list(range(1, 10))


@pytest.mark.parametrize("name", ["siglip2-naflex", "sentence-chat"])
def test_pictures_of_any_aspect_in_one_batch(name: str, opened: Opened) -> None:
    """Each picture alone, and beside others in a padded batch, gives the same vector."""
    random, frames = torch.Generator().manual_seed(0), []
    for height, width in ((30, 90), (48, 48), (100, 40)):
        image = torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8, generator=random)
        frames.append(Frames(resize(image, ImageSpec(SIDE, SIDE, "fit", PATCH)), torch.tensor([0.0, 1.0])))
    together = opened(name).encode_batch(collate_media("abc", frames)).pooled
    alone = [opened(name).encode_batch(collate_media("a", [each])).pooled for each in frames]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-5)  # type: ignore[arg-type]


def test_flexible_resolution_gives_no_grid_and_no_views(family: Family) -> None:
    from babelreel.encoders.media import MediaTower
    from babelreel.encoders.vision import ViewConfig

    vision = VisionEncoder.load(family("siglip2-naflex"))
    with pytest.raises(ConfigError, match="cannot be tokens"):
        MediaTower(vision, use_grid=True)
    with pytest.raises(ConfigError, match=r"leave \[view\] out"):
        VisionEncoder.load(family("siglip2-naflex"), ViewConfig(mirror=True))
    again = VisionEncoder.from_description(json.loads(json.dumps(vision.describe())))
    assert again.spec == vision.spec


def test_what_is_none_of_these_is_told(family: Family, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"neither a run\.json"):
        babelreel.load(tmp_path / "empty")
    with pytest.raises(ModelError, match=r"reads text and no images.*this as --text"):
        babelreel.load(family("sentence-text"))
    with pytest.raises(ModelError, match=r"does not say how images are prepared.*this as --text"):
        babelreel.load(family("mclip"))
    with pytest.raises(ModelError, match="leave --text out"):
        babelreel.load(family("sentence-chat"), text=family("mclip"))
    with pytest.raises(ModelError, match=r"modules are Transformer, Pooling \(cls_token, mean\), Dense\."):
        babelreel.load(family("clip"), text=_changed(family, tmp_path, "1_Pooling", pooling_mode_cls_token=True))
    tanh = {"activation_function": "torch.nn.modules.activation.Tanh"}
    with pytest.raises(ModelError, match=r"the activation torch\.nn\.modules\.activation\.Tanh"):
        babelreel.load(family("clip"), text=_changed(family, tmp_path, "2_Dense", **tanh))
    with pytest.raises(ModelError, match="does not load as a linear layer"):
        babelreel.load(family("clip"), text=_changed(family, tmp_path, "2_Dense", out_features=WIDTH + 1))


def _changed(family: Family, root: Path, module: str, **values: Any) -> Path:
    """A sentence-transformers text tower with other settings of one module."""
    folder = root / f"{module}-{'-'.join(values)}"
    write_family("sentence-text", folder)
    path = folder / module / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return folder


def test_towers_of_different_spaces_are_refused(family: Family, tmp_path: Path) -> None:
    other = transformers.XLMRobertaConfig(vocab_size=400, hidden_size=16, num_attention_heads=2, num_hidden_layers=1)
    folder = write_family("mclip", tmp_path / "other")
    for path in (folder / "base", folder / "model.safetensors"):
        path.unlink() if path.is_file() else None
    transformers.XLMRobertaModel(other).save_pretrained(folder)
    with pytest.raises(ModelError, match="share no space"):
        babelreel.load(family("clip"), text=folder)


def test_damaged_sentence_transformers_folders(family: Family, tmp_path: Path) -> None:
    folder = write_family("sentence-clip", tmp_path / "a")
    (folder / "modules.json").write_text("[1]")
    with pytest.raises(ModelError, match=r"modules\.json cannot be read"):
        babelreel.load(folder)
    chat = write_family("sentence-chat", tmp_path / "b")
    (chat / "model.safetensors").rename(chat / "pytorch_model.bin")
    with pytest.raises(ModelError, match="is pickled"):
        babelreel.load(chat)
    (chat / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match="does not load as a sentence-transformers model"):
        babelreel.load(chat)


def test_a_prompt_that_the_pooling_leaves_out(family: Family) -> None:
    from sentence_transformers import SentenceTransformer

    own = SentenceTransformer(str(family("sentence-text")), device="cpu", local_files_only=True)
    own.prompts = {"query": "ein Hund im Wasser "}
    with_prompt = own.encode_query(TEXTS)
    own.set_pooling_include_prompt(False)
    reader = SentenceReader(own)
    with torch.no_grad():
        found = encode_tokens(own, reader, reader(TEXTS))
    np.testing.assert_allclose(found.numpy(), own.encode_query(TEXTS), atol=1e-5)
    assert np.abs(found.numpy() - with_prompt).max() > 1e-3
    own.prompts = {"query": "", "passage": "p", "corpus": "c", "other": "o"}
    own.default_prompt_name = "other"  # which the library uses where neither queries nor documents are meant
    assert (prompt_of(own, "query"), prompt_of(own, "document")) == ("", "p")


def test_texts_that_are_more_than_token_ids(family: Family) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Transformer

    class Placed(Transformer):  # type: ignore[misc]
        def preprocess(self, inputs: Any, *more: Any, **kwargs: Any) -> dict[str, Any]:
            features: dict[str, Any] = super().preprocess(inputs, *more, **kwargs)
            return features | {"places": torch.ones(len(inputs), 4)}

    with pytest.raises(ModelError, match=r"more of a text than token ids \(places\)"):
        SentenceReader(SentenceTransformer(modules=[Placed(str(family("sentence-text")))], device="cpu"))


def test_an_embedder_is_never_half_random(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = write_family("sentence-chat", tmp_path)
    weights = load_file(folder / "model.safetensors")
    lost = next(name for name in weights if name.endswith("layers.1.mlp.up_proj.weight"))
    save_file({k: v for k, v in weights.items() if k != lost}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks 1 weights, such as .*mlp\.up_proj\.weight"):
        babelreel.load(folder)


def test_code_of_a_repository_is_not_run(tmp_path: Path) -> None:
    folder = write_family("sentence-chat", tmp_path)
    listed = json.loads((folder / "modules.json").read_text())
    listed[2]["type"] = "modeling_mine.Mine"
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "modeling_mine.py").write_text("raise SystemExit")
    with pytest.raises(ModelError, match="not part of Sentence Transformers"):
        babelreel.load(folder)


@pytest.mark.parametrize(
    ("name", "policy"),
    [("CLIP", "crop"), ("Siglip", "squash"), ("Siglip2", "fit"), ("Qwen2VL", "fit"), ("Idefics3", "fit")],
)
def test_pictures_come_in_a_models_size_or_in_their_own_aspect(name: str, policy: str) -> None:
    spec = spec_of(json.loads(getattr(transformers, f"{name}ImageProcessorPil")().to_json_string()))
    assert spec.policy == policy
    assert max(spec.height, spec.width) <= 448
    if name == "Qwen2VL":
        assert spec.shortest_edge == 28  # patches of 14, merged two by two


def test_an_embedder_without_its_library(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = family("sentence-chat")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"babelreel\[embed\]"):
        babelreel.load(folder)
    babelreel.load(family("sentence-clip"))  # a CLIP is opened without it, and so is a text tower
    babelreel.load(family("clip"), text=family("sentence-text"))


def test_an_embedder_is_no_part_of_a_run(family: Family, opened: Opened, tmp_path: Path) -> None:
    one, again = opened("sentence-chat"), babelreel.load(family("sentence-chat"), frames=3)
    reader = one.method.texts["query"]
    with pytest.raises(ModelError, match="not saved as a run"):
        reader.save(tmp_path)
    assert one.fingerprint == again.fingerprint
    assert reader.fingerprint == again.method.texts["query"].fingerprint
    assert (reader.limit, reader.vocab_size) == (128, len(again.method.sentence.tokenizer))
    assert reader.lengths(["a dog"])[0] > 2


def test_a_tokenizer_of_gemma_makes_it_siglip2(family: Family) -> None:
    """Both call themselves "siglip": only one of them wants small letters."""
    first, second = (TextEncoder.load(family(name)).tokenizer for name in ("siglip", "siglip2"))
    assert second(["A Dog"]).input_ids.equal(second(["a dog"]).input_ids)
    assert (first.policy.lower, second.policy.lower) == (False, True)
    assert first.policy.padding == second.policy.padding == "max_length"
    capitals = Tokenizer(second.backend, replace(second.policy, lower=False))
    assert len({first.fingerprint, second.fingerprint, capitals.fingerprint}) == 3
    end = first(["a dog"]).input_ids[0].tolist().index(first.backend.eos_token_id)
    assert first.lengths(["a dog"]) == [end + 1]
