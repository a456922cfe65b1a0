"""enrich/models.py and engines.py: each kind of model, by each engine, gives what transformers gives by its own way."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from translators import LEARNED, PARALLEL

from babelreel.encoders.small import write_small_clip
from babelreel.enrich import engines
from babelreel.enrich.engines import ENGINES, Engine
from babelreel.enrich.models import Translation, load_translator
from babelreel.enrich.small import KINDS
from babelreel.errors import ModelError

ENGLISH = ["a dog", "two men on a road", "A kitten sits", "snow", "a red ball in the sea"]
GERMAN = {"m2m100": "de", "nllb": "deu_Latn", "mbart50": "de_DE"}
ENGLISH_CODE = {"m2m100": "en", "nllb": "eng_Latn", "mbart50": "en_XX"}
Random = Callable[[str], Path]


def reference(folder: Path, kind: str, texts: list[str]) -> list[list[int]]:
    """The ids of German texts, as transformers documents it: the tokenizer's source language and a forced first id."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, src_lang=ENGLISH_CODE[kind])
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    language = f"__{GERMAN[kind]}__" if kind == "m2m100" else GERMAN[kind]
    forced = tokenizer.convert_tokens_to_ids(language)
    assert forced != tokenizer.unk_token_id
    outputs = []
    for text in texts:
        coded = tokenizer(text, return_tensors="pt")
        made = model.generate(
            **coded, forced_bos_token_id=forced, num_beams=1, do_sample=False, forced_eos_token_id=None,
            max_new_tokens=2 * coded["input_ids"].shape[1] + 17, early_stopping=False, max_length=None,
        )  # fmt: skip
        outputs.append(made[0, 2:].tolist())
    return outputs


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_search_is_transformers_own(kind: str, random_model: Random, converted: Path) -> None:
    folder = random_model(kind)
    expected = reference(folder, kind, ENGLISH)
    assert len({tuple(ids) for ids in expected}) == len(ENGLISH), "a model that says the same of all proves nothing"
    for engine in ENGINES[:2]:
        translator = load_translator(folder, cache=converted, engine=engine, beam=1)
        made: list[Sequence[int]] = []
        inner = translator._engine

        def listen(*given: Any, made: list[Sequence[int]] = made, inner: Engine = inner) -> list[Sequence[int]]:
            made.extend(inner(*given))
            return made

        translator._engine = listen
        translator(ENGLISH, "en", "de")
        assert [list(ids)[: len(wanted)] for ids, wanted in zip(made, expected, strict=True)] == expected, engine


@pytest.mark.parametrize("engine", ENGINES)
def test_a_text_is_translated_alike_in_any_batch(engine: str, random_model: Random, converted: Path) -> None:
    translator = load_translator(random_model("nllb"), cache=converted, engine=engine, beam=1)
    together = translator(ENGLISH, "en", "de")
    assert len({t.text for t in together}) > 3
    assert [translator([text], "en", "de")[0] for text in reversed(ENGLISH)] == together[::-1]
    assert translator(ENGLISH, "en", "fr") != together
    assert translator(ENGLISH, "fr", "de") != together


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_learned_is_translated(engine: str, beam: int, learned: Path, converted: Path) -> None:
    translator = load_translator(learned, cache=converted, engine=engine, beam=beam)
    english, german = ([texts[lang] for texts in LEARNED] for lang in ("en", "de"))
    assert translator(english, "en", "de") == [Translation(text, True) for text in german]
    assert translator(german, "de-AT", "en") == [Translation(text, True) for text in english]
    assert translator([], "en", "de") == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_special_tokens_name_in_a_caption_is_a_word(kind: str, random_model: Random, converted: Path) -> None:
    translator = load_translator(random_model(kind), cache=converted, engine="transformers", beam=1)
    special = translator._special - {translator._tokenizer.unk_token_id}
    (ids,) = translator._encode(["a </s> dog <s> __de__ de_DE deu_Latn <pad>"])
    assert len(ids) > 8
    assert not special & set(ids)
    assert translator._tokenizer.convert_tokens_to_ids(translator.token("de")) in special


def test_a_text_longer_than_the_model_reads_is_not_cut_in_silence(random_model: Random, converted: Path) -> None:
    translator = load_translator(random_model("m2m100"), cache=converted, engine="ctranslate2", beam=1)
    long = " ".join(ENGLISH * 10)
    assert translator.lengths([long])[0] > 256
    first, second = translator([long, ENGLISH[0]], "en", "de")
    assert first == Translation("", False)
    assert second == translator([ENGLISH[0]], "en", "de")[0]
    assert translator([long], "en", "de") == [first]


def test_a_key_hangs_on_text_languages_model_engine_and_options(
    learned: Path, random_model: Random, tmp_path: Path
) -> None:
    def key(folder: Path, engine: str = "transformers", beam: int = 1) -> str:
        return load_translator(folder, cache=tmp_path, engine=engine, beam=beam).key("a", "en", "de")

    other = random_model("m2m100")
    translator = load_translator(other, cache=tmp_path, engine="transformers", beam=1)
    keys = [
        key(learned), key(other), key(other, beam=2), key(other, engine="ctranslate2"),
        translator.key("b", "en", "de"), translator.key("a", "fr", "de"), translator.key("a", "en", "cs"),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)
    assert translator.key("a", "en", "de-CH") == keys[1]
    again = shutil.copytree(other, tmp_path / "copy")
    assert key(again) == keys[1]
    config = json.loads((again / "config.json").read_text())
    (again / "config.json").write_text(json.dumps(config | {"scale_embedding": False}))
    assert key(again) != keys[1]


def test_conversion_happens_once(learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_translator(learned, cache=tmp_path, engine="ctranslate2-int8")
    (folder,) = (tmp_path / "converted").iterdir()
    assert folder.name.endswith("-int8")
    monkeypatch.setattr("babelreel.enrich.models.load_model", lambda *given: pytest.fail("converted twice"))
    load_translator(learned, cache=tmp_path, engine="ctranslate2-int8")
    (folder / "model.bin").write_bytes(b"broken")
    with pytest.raises(ModelError, match="does not load as a CTranslate2 model"):
        load_translator(learned, cache=tmp_path, engine="ctranslate2-int8")


def test_the_fastest_that_is_installed_is_taken(learned: Path, converted: Path) -> None:
    translator = load_translator(learned, cache=converted)
    assert translator.made["engine"] == "ctranslate2-int8"
    assert translator.made["beam"] == "4"
    assert translator.made["model"] == learned.name


def test_what_cannot_be_converted_runs_by_transformers_and_says_so(
    random_model: Random, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = shutil.copytree(random_model("m2m100"), tmp_path / "odd")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"activation_function": "mish"}))
    with caplog.at_level(logging.WARNING):
        translator = load_translator(folder, cache=tmp_path)
    assert translator.made["engine"] == "transformers"
    assert "Going on with transformers: " in caplog.text
    with pytest.raises(ModelError, match="does not load as a CTranslate2 model"):
        load_translator(folder, cache=tmp_path, engine="ctranslate2")
    assert list((tmp_path / "converted").iterdir()) == []


def test_a_full_disk_is_told_before_converting(learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(engines.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(ModelError, match=r"needs \d+ MiB below .*converted, and 0 MiB are free"):
        load_translator(learned, cache=tmp_path, engine="ctranslate2")
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"cannot be written \(Not a directory\). Give another --cache"):
        load_translator(learned, cache=tmp_path / "file", engine="ctranslate2")


def test_what_is_no_translator(learned: Path, random_model: Random, tmp_path: Path) -> None:
    clip = write_small_clip(tmp_path / "clip", ENGLISH, width=32, image_size=32)
    with pytest.raises(ModelError, match=r"clip is no translator that is known here: its config.json says 'clip'"):
        load_translator(clip, cache=tmp_path)
    with pytest.raises(ModelError, match=r"There is no engine 'fast'. There are: transformers, ctranslate2,"):
        load_translator(learned, cache=tmp_path, engine="fast")
    with pytest.raises(ModelError, match="There is no model folder"):
        load_translator(tmp_path / "absent", cache=tmp_path)
    older = shutil.copytree(random_model("mbart50"), tmp_path / "older")
    (older / "tokenizer_config.json").unlink()  # as of mBART-25, which was not trained to translate
    with pytest.raises(ModelError, match="'mbart', its tokenizer None"):
        load_translator(older, cache=tmp_path)
    unsaid = shutil.copytree(learned, tmp_path / "unsaid")
    (unsaid / "tokenizer_config.json").unlink()
    translator = load_translator(unsaid, cache=tmp_path, engine="transformers", beam=1)
    assert translator([LEARNED[0]["en"]], "en", "de")[0].text == LEARNED[0]["de"]
    pickled = shutil.copytree(learned, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(ModelError, match="has no safetensors weights"):
        load_translator(pickled, cache=tmp_path)
    damaged = shutil.copytree(learned, tmp_path / "damaged")
    (damaged / "vocab.json").write_text("{")
    with pytest.raises(ModelError, match="damaged does not load as a tokenizer"):
        load_translator(damaged, cache=tmp_path)


def test_a_checkpoints_own_settings_play_no_part(learned: Path, tmp_path: Path) -> None:
    """Published ones force an end or bring a beam of five: no key would tell."""
    folder = shutil.copytree(learned, tmp_path / "forced")
    settings = {
        "num_beams": 5,
        "max_length": 5,
        "forced_eos_token_id": 2,
        "repetition_penalty": 9.0,
        "no_repeat_ngram_size": 1,
    }
    (folder / "generation_config.json").write_text(json.dumps(settings))
    plain, forced = (load_translator(f, cache=tmp_path, engine="transformers", beam=1) for f in (learned, folder))
    texts = [texts["en"] for texts in PARALLEL[:6]]
    assert forced(texts, "en", "de") == plain(texts, "en", "de")
    assert torch.is_grad_enabled()
