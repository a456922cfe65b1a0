"""methods/mla.py: both stages learn, the base and English stay bit for bit, and languages come and go."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import log_softmax

import babelreel
from babelreel.config import from_dict
from babelreel.data.grams import learn_grams
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.media import MediaTower
from babelreel.encoders.small import write_small_clip
from babelreel.errors import ConfigError, ModelError
from babelreel.media.video import Sampling
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.methods.mkd import MKD
from babelreel.methods.mla import MLA, MLAConfig
from babelreel.model import Model
from babelreel.runs import load_run, save_run
from babelreel.training.sources import Sources
from babelreel.types import Batch, Caption, MediaBatch

ENGLISH = [f"a {c} {s}" for c in ("red", "blue") for s in ("circle", "square", "star", "moon")]
SAID = {
    "de": [f"ein {c} {s}" for c in ("roter", "blauer") for s in ("Kreis", "Klotz", "Stern", "Mond")],
    "cs": [f"{c} {s}" for c in ("červený", "modrý") for s in ("kruh", "čtverec", "kámen", "měsíc")],
}
CAPTIONS = [Caption(text, lang) for lang, texts in SAID.items() for text in texts * 2]
SMALL = {"vocabulary": {"size": 300, "width": 16, "drop_grams": 0.0, "dropout": 0.0}, "acquirer": {"hidden": 16}}
ENOUGH = {"clip": (90, 4e-3), "grams": (60, 1e-2)}  # steps and their rate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clip/, a small random CLIP; grams/, a run over grams with the same media side."""
    root = tmp_path_factory.mktemp("bases")
    write_small_clip(root / "clip", ENGLISH, width=32, layers=1, image_size=32)
    hub = CLIP4Clip.zero_shot(root / "clip", root / "clip", Sampling(frames=3))
    torch.manual_seed(0)
    text = GramEncoder(learn_grams(ENGLISH, 500), 32, GramConfig(width=32, hidden=32))
    save_run(CLIP4Clip(MediaTower(hub.media.vision), text, Sampling(frames=3)), root / "grams")
    return root


def build(base: Path, langs: tuple[str, ...] = ("de",), **settings: Any) -> MLA:
    torch.manual_seed(1)
    config = from_dict(MLAConfig, {"base": str(base), "langs": langs} | SMALL | settings, where="[method]")
    return MLA.from_config(config, Sources(CAPTIONS))


def media() -> MediaBatch:
    generator = torch.Generator().manual_seed(0)
    base = torch.randint(0, 255, (8, 1, 3, 2, 2), dtype=torch.uint8, generator=generator)
    frames = base.expand(8, 3, 3, 2, 2).repeat_interleave(16, -1).repeat_interleave(16, -2).contiguous()
    return MediaBatch(tuple("abcdefgh"), frames, torch.ones(8, 3, dtype=torch.bool), torch.zeros(8, 3))


def batch(method: MLA, langs: tuple[str, ...] = ("de",)) -> Batch:
    """Row n of the eight items, in the languages by turns."""
    spoken = [langs[n % len(langs)] for n in range(8)]
    texts = {"query": method.texts["query"]([SAID[lang][n] for n, lang in enumerate(spoken)], spoken)}
    if method.reads_pivot:
        texts["pivot"] = method.texts["pivot"](ENGLISH, ["en"] * 8, "pivot")
    return Batch(media() if method.reads_media else None, texts=texts)


def fit(method: MLA, given: Batch, steps: int, lr: float = 1e-2) -> list[float]:
    optimizer = torch.optim.Adam([p for p in method.parameters() if p.requires_grad], lr)
    seen = []
    for _ in range(steps):
        (loss,) = method.train()(given, 0.0).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(float(loss.detach()))
    method.eval()
    return seen


@pytest.mark.parametrize(
    ("base", "distance"), [("clip", "cosine"), ("grams", "cosine"), ("grams", "l2"), ("grams", "mse")]
)
def test_transfer_overfits_eight_pairs(base: str, distance: str, folder: Path) -> None:
    method = build(folder / base, ("de", "cs"), distance=distance)
    given = batch(method, ("de", "cs"))
    frozen = {name: value.clone() for name, value in method.base.state_dict().items()}
    losses = fit(method, given, *ENOUGH[base])
    assert losses[-1] < losses[0] / 5
    assert all(value.equal(frozen[name]) for name, value in method.base.state_dict().items())
    with torch.no_grad():
        english = method.base.encode_text(given.texts["pivot"]).pooled
        found = method.encode_text(given.texts["query"]).pooled
    assert found is not None
    assert english is not None
    assert (found @ english.T).argmax(1).tolist() == list(range(8))


@pytest.mark.parametrize("base", ["clip", "grams"])
def test_exposure_overfits_eight_pairs(base: str, folder: Path, tmp_path: Path) -> None:
    """After the other stage, and on from its run; then the run is whole."""
    first = build(folder / base, ("de", "cs"))
    save_run(first, tmp_path / "nlt")
    method = build(tmp_path / "nlt", ("de", "cs"), stage="le", scale=90.0)
    assert all(value.equal(first.state_dict()[name]) for name, value in method.state_dict().items())
    given = batch(method, ("de", "cs"))
    features = method.backbone_features(media())
    losses = fit(method, Batch(features=features, texts=given.texts), *ENOUGH[base])
    assert losses[-1] < losses[0] / 4
    save_run(method, tmp_path / "le")
    again = load_run(tmp_path / "le").eval()
    assert isinstance(again, MLA)
    assert (again.stage, again.scale, again.trained) == ("le", 90.0, ("de", "cs"))
    with torch.no_grad():
        scores = again.score(again.encode_text(given.texts["query"]), again.encode_media(media()))
        expected = method.score(method.encode_text(given.texts["query"]), method.encode_media(media()))
    torch.testing.assert_close(scores, expected)
    assert scores.argmax(1).tolist() == list(range(8))
    assert again.media_fingerprint() == method.base.media_fingerprint()


def test_the_losses_are_the_equations(folder: Path) -> None:
    method = build(folder / "grams", distance="l2", acquirer={"hidden": 16, "start": "random"}).eval()
    given = batch(method)
    with torch.no_grad():
        student = method.adapters(method.base.text, given.texts["query"])
        teacher = method.base.text(given.texts["pivot"]).pooled
        torch.testing.assert_close(method(given, 0.0)["l2"], (student - teacher).norm(dim=1).mean())
        method.stage, method.scale = "le", 7.0
        cosines = method.encode_text(given.texts["query"]).pooled @ method.base.encode_media(media()).pooled.T  # type: ignore[operator, union-attr]
        both = sum(-log_softmax(7.0 * s, dim=1).diagonal().mean() for s in (cosines, cosines.T))
        given = Batch(media(), texts=given.texts)
        torch.testing.assert_close(method(given, 0.0)["contrastive"], both / 2)


@pytest.mark.parametrize("base", ["clip", "grams"])
def test_english_and_the_media_side_stay_bit_for_bit(base: str, folder: Path, tmp_path: Path) -> None:
    """Through a saved run, as a search sees it, in a call that mixes languages as well."""
    before = babelreel.load(folder / base, **({"frames": 3} if base == "clip" else {}))
    method = build(folder / base, ("de", "cs"), sampling={"frames": 3})
    fit(method, batch(method, ("de", "cs")), 20)
    save_run(method, tmp_path)
    after = babelreel.load(tmp_path)
    assert after.fingerprint == before.fingerprint
    expected = before.encode_text(ENGLISH, "en").pooled
    assert expected is not None
    assert after.encode_text(ENGLISH, "en").pooled.equal(expected)  # type: ignore[union-attr]
    mixed = after.encode_text([*SAID["cs"], *ENGLISH], ["cs"] * 8 + ["en"] * 8).pooled
    assert mixed is not None
    assert mixed[8:].equal(expected)
    assert after.encode_batch(media()).pooled.equal(before.encode_batch(media()).pooled)  # type: ignore[arg-type, union-attr]


def test_who_reads_a_language(folder: Path) -> None:
    method = build(folder / "grams", ("de", "cs"))
    roles = {lang: method.route(lang) for lang in ("de", "de-AT", "CS", "en", "en-GB", "sw", None, "")}
    assert [lang for lang, role in roles.items() if role == "query"] == ["de", "de-AT", "CS"]
    model = Model(method, {"source": "test"})
    german, english = "der rote Kreis bewegt sich langsam nach oben", "the red circle is moving upwards slowly"
    assert [model.language(text) for text in (german, english)] == ["de", "en"]
    assert [model.role(text) for text in (german, english)] == ["query", "pivot"]
    asked = model.encode_text([german, english]).pooled
    torch.testing.assert_close(asked, model.encode_text([german, english], ["de-AT", "en"]).pooled)


def test_a_language_more_leaves_the_others(folder: Path, tmp_path: Path) -> None:
    first = build(folder / "grams", ("de",))
    fit(first, batch(first), 20)
    save_run(first, tmp_path)
    second = build(tmp_path, ("cs",), start_from="de")
    german = first.texts["query"](SAID["de"], ["de"] * 8)
    start = second.adapters.of("cs")[0][0].up.weight.detach().clone()
    assert start.equal(first.adapters.of("de")[0][0].up.weight)
    fit(second, batch(second, ("cs",)), 20)
    with torch.no_grad():
        before = first.encode_text(german).pooled
        after = second.encode_text(second.texts["query"](SAID["de"], ["de"] * 8)).pooled
    assert after is not None
    assert before is not None
    assert after.equal(before)
    assert not second.adapters.of("cs")[0][0].up.weight.equal(start)
    assert second.languages == ("de", "cs")
    # Going on with a language that is there, and beginning it anew.
    on, anew = build(tmp_path, ("de",)), build(tmp_path, ("de",), anew=True)
    assert on.adapters.of("de")[0][0].up.weight.any()
    assert not anew.adapters.of("de")[0][0].up.weight.any()


def test_a_shared_vocabulary_is_frozen_where_others_read_with_it(folder: Path, tmp_path: Path) -> None:
    shared = SMALL["vocabulary"] | {"shared": True}
    method = build(folder / "grams", ("de", "cs"), vocabulary=shared)
    assert method.adapters.of("de")[1] is method.adapters.of("cs")[1]
    assert all(p.requires_grad for p in method.adapters.parameters())
    save_run(method, tmp_path)
    one = build(tmp_path, ("de",), stage="le")
    assert {n for n, p in one.named_parameters() if p.requires_grad} == {
        n for n, _ in one.named_parameters() if "<de>" in n
    }


def test_languages_are_loaded_and_unloaded(folder: Path, tmp_path: Path) -> None:
    method = build(folder / "grams", ("de", "cs"))
    fit(method, batch(method, ("de", "cs")), 20)
    for lang in ("de", "cs"):
        method.save_language(lang, tmp_path / lang)
    base = load_run(folder / "grams")
    assert isinstance(base, CLIP4Clip)
    other = MLA.over(base).eval()
    assert other.route("cs") == "pivot"
    for lang in ("cs", "de"):
        assert other.load_language(tmp_path / lang) == lang
    assert not [p for p in other.parameters() if p.requires_grad]
    spoken = ["de", "cs"] * 4
    texts = [SAID[lang][n] for n, lang in enumerate(spoken)]
    with torch.no_grad():
        expected = method.encode_text(method.texts["query"](texts, spoken)).pooled
        found = other.encode_text(other.texts["query"](texts, spoken)).pooled
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-3)
    other.unload_language("cs")
    assert (other.route("cs"), other.route("de"), other.languages) == ("pivot", "query", ("de",))
    save_run(other, tmp_path / "run")
    assert load_run(tmp_path / "run").languages == ("de",)


@pytest.mark.parametrize("base", ["clip", "grams"])
def test_chunks_change_neither_losses_nor_gradients(base: str, folder: Path) -> None:
    method = build(folder / base, ("de", "cs"), acquirer={"hidden": 16, "start": "random"}).eval()
    found = []
    for method.chunk in (0, 3):
        method.zero_grad()
        (loss,) = method(batch(method, ("de", "cs")), 0.0).values()
        loss.backward()
        found.append((loss.detach(), {n: p.grad.clone() for n, p in method.named_parameters() if p.grad is not None}))
    (whole, gradients), (chunked, again) = found
    torch.testing.assert_close(chunked, whole)
    assert gradients.keys() == again.keys() == {n for n, p in method.named_parameters() if p.requires_grad}
    for name, value in gradients.items():
        torch.testing.assert_close(again[name], value, rtol=1e-3, atol=1e-6)


def test_the_base_is_never_in_training_mode(folder: Path) -> None:
    method = build(folder / "grams").train()
    assert method.adapters.training
    assert not any(module.training for module in method.base.modules())


def test_what_cannot_be(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="each once, found"):
        MLAConfig("runs/x", ("de", "de"))
    with pytest.raises(ConfigError, match="scale must be above 0"):
        MLAConfig("runs/x", ("de",), scale=0.0)
    with pytest.raises(ConfigError, match="no training texts in fr"):
        build(folder / "grams", ("fr",))
    with pytest.raises(ConfigError, match=r"start_from 'sk' is not among the base's added languages: none"):
        build(folder / "grams", start_from="sk")
    base = load_run(folder / "grams")
    assert isinstance(base, CLIP4Clip)
    save_run(MKD(base, copy.deepcopy(base.text)), tmp_path)
    with pytest.raises(ConfigError, match="must be a CLIP4Clip or MLA run"):
        build(tmp_path)
    with pytest.raises(ModelError, match="no text tower for 'query'"):
        build(folder / "grams").text_tower("query")
