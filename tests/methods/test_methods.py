"""methods/: every trainable method overfits eight pairs, comes back from its run folder, and keeps its promises."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import normalize
from transformers import BertConfig, BertModel, CLIPVisionConfig, CLIPVisionModelWithProjection

import babelreel
from babelreel.data.grams import learn_grams
from babelreel.data.tokenizers import TextPolicy, Tokenizer, train_tokenizer
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.heads import HeadConfig, MediaHead, SummaryHead
from babelreel.encoders.media import MediaTower
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.vision import ViewConfig, VisionEncoder
from babelreel.errors import ConfigError, ModelError
from babelreel.losses import contrastive
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling
from babelreel.methods import METHODS, method_class, method_name
from babelreel.methods.base import Method, positives
from babelreel.methods.clip4clip import CLIP4Clip, caption_pairs
from babelreel.methods.crossmodal import CrossModal
from babelreel.methods.ensemble import Ensemble
from babelreel.methods.mkd import MKD
from babelreel.methods.mumur import MuMUR
from babelreel.runs import load_run, save_run
from babelreel.types import Batch, MediaBatch, Representation, pairs

WIDTH = 32
ENGLISH = [f"a {c} {s}" for c in ("red", "blue") for s in ("circle", "square", "star", "moon")]
GERMAN = [f"ein {c} {s}" for c in ("roter", "blauer") for s in ("Kreis", "Klotz", "Stern", "Mond")]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(ENGLISH + GERMAN, 120, TextPolicy(16), "unigram")


def text_tower(tokenizer: Tokenizer, seed: int, width: int = WIDTH) -> TextEncoder:
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=tokenizer.vocab_size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=16, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return TextEncoder(BertModel(config, add_pooling_layer=False), tokenizer, True, nn.Linear(32, width))


def vision(seed: int = 0) -> VisionEncoder:
    torch.manual_seed(seed)
    config = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16,
        projection_dim=WIDTH,
    )  # fmt: skip
    return VisionEncoder(CLIPVisionModelWithProjection(config), ImageSpec(32, 32))


def clip4clip(tokenizer: Tokenizer) -> CLIP4Clip:
    return CLIP4Clip(MediaTower(vision()), text_tower(tokenizer, 1), Sampling(frames=3), scale=14.0)


def mumur(tokenizer: Tokenizer, **switches: object) -> MuMUR:
    media = MediaTower(vision(), HeadConfig("linear", WIDTH, dropout=0.0), True)
    english = None if switches.pop("shared", False) else text_tower(tokenizer, 2)
    options = {"dropout": 0.0, "english": english} | switches
    return MuMUR(media, text_tower(tokenizer, 1), Sampling(frames=3), **options)  # type: ignore[arg-type]


def viewed() -> CLIP4Clip:
    """Grams and mirrored views with hidden layers."""
    torch.manual_seed(0)
    text = GramEncoder(learn_grams(ENGLISH + GERMAN, 500), WIDTH, GramConfig(width=32, hidden=32))
    seen = VisionEncoder(vision().backbone, ImageSpec(32, 32), ViewConfig((0,), mirror=True))
    media = MediaTower(seen, HeadConfig("summary", WIDTH, dropout=0.0))
    return CLIP4Clip(media, text, Sampling(frames=3), scale=14.0)


def over_grid() -> MuMUR:
    """MuMUR from the towers of a trained `viewed`, its grid as tokens."""
    start = viewed()
    fit(start, batch(start), 10)
    return MuMUR(start.media.over_grid(), start.text, Sampling(frames=3), dropout=0.0)


def mkd(tokenizer: Tokenizer) -> MKD:
    return MKD(clip4clip(tokenizer), text_tower(tokenizer, 3))


def media_batch(seed: int = 0) -> MediaBatch:
    generator = torch.Generator().manual_seed(seed)
    base = torch.randint(0, 255, (8, 1, 3, 2, 2), dtype=torch.uint8, generator=generator)
    frames = base.expand(8, 3, 3, 2, 2).repeat_interleave(16, -1).repeat_interleave(16, -2).contiguous()
    mask = torch.ones(8, 3, dtype=torch.bool)
    mask[::2, 2] = False
    return MediaBatch(tuple(map(str, range(8))), frames, mask, torch.arange(3.0).expand(8, 3) * mask)


def batch(method: Method) -> Batch:
    texts = {"query": method.texts["query"](GERMAN, ["de"] * 8)}
    if "pivot" in method.texts:
        texts["pivot"] = method.texts["pivot"](ENGLISH, ["en"] * 8, "pivot")
    return Batch(media_batch(), texts=texts)


def fit(method: Method, given: Batch, steps: int = 120) -> list[float]:
    optimizer = torch.optim.Adam([p for p in method.parameters() if p.requires_grad], 3e-3)
    seen = []
    for _ in range(steps):
        loss = sum(method.train()(given, 0.0).values())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[union-attr]
        optimizer.step()
        seen.append(float(loss.detach()))  # type: ignore[union-attr]
    method.eval()
    return seen


CASES = {
    "clip4clip": clip4clip,
    "clip4clip, grams and views": lambda t: viewed(),
    "mumur": mumur,
    "mumur, grams and the grid": lambda t: over_grid(),
    "mumur, bare dot product": lambda t: mumur(t, similarity="dot"),
    "mumur, four heads": lambda t: mumur(t, heads=4),
    "mumur, one text tower": lambda t: mumur(t, shared=True),
    "mumur, English alone": lambda t: mumur(t, multilingual=False),
    "mumur, no DCM": lambda t: mumur(t, dcm=False),
}


@pytest.mark.parametrize("name", CASES)
def test_eight_pairs_are_overfitted(name: str, tokenizer: Tokenizer, tmp_path: Path) -> None:
    method = CASES[name](tokenizer)
    given = batch(method)
    losses = fit(method, given)
    assert losses[-1] < losses[0] / 4
    with torch.no_grad():
        media = method.encode_media(given.media)  # type: ignore[arg-type]
        role = "pivot" if name.endswith("alone") else "query"
        scores = method.score(method.encode_text(given.texts[role]), media)
        assert scores.argmax(1).tolist() == list(range(8))
        frames = method.frame_scores(method.encode_text(given.texts[role]), media)
        assert media.mask is not None
        assert torch.equal(torch.isinf(frames[0]), ~media.mask)
    # ... and it comes back from its folder, whole.
    save_run(method, tmp_path, {"steps": 120})
    again = load_run(tmp_path).eval()
    assert type(again) is type(method)
    with torch.no_grad():
        twice = again.score(again.encode_text(given.texts[role]), again.encode_media(given.media))  # type: ignore[arg-type]
    torch.testing.assert_close(twice, scores)
    assert babelreel.load(tmp_path).fingerprint == method.media_fingerprint()


@pytest.mark.parametrize("distance", ["l2", "mse", "cosine"])
def test_mkd_teaches_the_student_and_leaves_the_rest(distance: str, tokenizer: Tokenizer, tmp_path: Path) -> None:
    teacher = clip4clip(tokenizer)
    fit(teacher, Batch(media_batch(), texts={"query": tokenizer(ENGLISH)}))
    before = teacher.media_fingerprint()
    method = MKD(teacher, text_tower(tokenizer, 3), distance)  # type: ignore[arg-type]
    given = batch(method)
    losses = fit(method, given, 200)
    assert losses[-1] < losses[0] / 5
    assert method.media_fingerprint() == before
    save_run(method, tmp_path)
    model = babelreel.load(tmp_path)
    media = model.method.encode_media(media_batch())
    english, german = model.encode_text(ENGLISH, "en"), model.encode_text(GERMAN, "de")
    assert model.score(english, media).argmax(1).tolist() == list(range(8))
    assert model.score(german, media).argmax(1).tolist() == list(range(8))
    with torch.no_grad():
        expected = normalize(teacher.text(tokenizer(ENGLISH)).pooled, dim=-1)
    torch.testing.assert_close(english.pooled, expected, rtol=1e-4, atol=1e-5)  # English is the teacher's own
    # Where nobody names the language it is detected: English takes the teacher's tower, German the student's.
    asked = ["the red circle is moving upwards slowly", "der rote Kreis bewegt sich langsam nach oben"]
    assert [model.role(text) for text in asked] == ["pivot", "query"]
    assert model.role(asked[0], "de") == "query"
    given_langs, found = model.encode_text(asked, ["en", "de"]).pooled, model.encode_text(asked).pooled
    torch.testing.assert_close(found, given_langs)


def test_features_of_a_frozen_backbone_give_the_same_loss(tokenizer: Tokenizer) -> None:
    for method in (clip4clip(tokenizer).eval(), mumur(tokenizer).eval()):
        given = batch(method)
        features = method.backbone_features(given.media)  # type: ignore[arg-type]
        cached = replace(given, media=None, features=features)
        for name, loss in method(given, 0.0).items():
            torch.testing.assert_close(method(cached, 0.0)[name], loss)


def gradients(method: Method, given: Batch) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
    """Losses and gradients of one training step, from a fixed random state."""
    method.zero_grad()
    torch.manual_seed(5)
    losses = method(given, 0.0)
    sum(losses.values()).backward()  # type: ignore[union-attr]
    found = {name: p.grad.clone() for name, p in method.named_parameters() if p.grad is not None}
    return {name: float(value.detach()) for name, value in losses.items()}, found


@pytest.mark.parametrize("name", [*CASES, "mkd"])
@pytest.mark.parametrize("chunk", [1, 3, 8])
def test_chunks_change_neither_losses_nor_gradients(name: str, chunk: int, tokenizer: Tokenizer) -> None:
    """Gradient caching against the whole batch at once, with several captions an item and items of unlike length."""
    method = (CASES | {"mkd": mkd})[name](tokenizer).eval()  # no dropout: its draws differ between one pass and several
    given = batch(method)
    if name == "clip4clip":
        twice = method.texts["query"](GERMAN + ENGLISH)
        given = replace(given, texts={"query": twice}, owners=torch.arange(8).repeat(2))
    losses, whole = gradients(method, given)
    method.chunk = chunk
    cached_losses, cached = gradients(method, given)
    assert cached_losses == pytest.approx(losses, rel=1e-5)
    assert cached.keys() == whole.keys()
    assert any(value.abs().max() > 1e-4 for value in whole.values())
    for key, value in whole.items():
        torch.testing.assert_close(cached[key], value, rtol=1e-3, atol=1e-6)


def test_chunks_replay_their_dropout(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second pass draws the numbers of the first: gradients are those of the same chunks kept in memory."""
    from babelreel.methods import chunks

    method = clip4clip(tokenizer)
    method.text.head = nn.Sequential(nn.Dropout(0.5), method.text.head)  # type: ignore[assignment, arg-type]
    method.train().chunk = 3
    losses, cached = gradients(method, batch(method))
    monkeypatch.setattr(chunks, "checkpoint", lambda encode, anchor, part, use_reentrant: encode(anchor, part))
    kept_losses, kept = gradients(method, batch(method))
    assert kept_losses == losses
    for key, value in kept.items():
        torch.testing.assert_close(cached[key], value, rtol=1e-4, atol=1e-7)


def test_chunks_hold_the_activations_of_one(tokenizer: Tokenizer) -> None:
    """Counted by what autograd saves: a tenth of the rows at a time saves far less than all of them."""

    def saved(chunk: int) -> int:
        method = clip4clip(tokenizer).train()
        method.chunk = chunk
        total = 0

        def count(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal total
            total += tensor.nbytes
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            method(batch(method), 0.0)
        return total

    assert saved(2) < saved(0) / 5


def test_the_dcm_is_multi_head_attention_with_a_residual_layer() -> None:
    """Against torch's own attention, pair by pair, whose keys may have any bias: it changes nothing."""
    torch.manual_seed(0)
    module = CrossModal(16, 4, 0.4).eval()
    reference = nn.MultiheadAttention(16, 4, batch_first=True)
    with torch.no_grad():
        reference.in_proj_weight.copy_(torch.cat([module.query.weight, module.key.weight, module.value.weight]))
        reference.in_proj_bias.copy_(torch.cat([module.query.bias, torch.randn(16), module.value.bias]))
        reference.out_proj.load_state_dict(module.out.state_dict())
    texts, tokens = torch.randn(3, 16), torch.randn(5, 6, 16)
    mask = torch.rand(5, 6) > 0.4
    mask[:, 0] = True
    with torch.no_grad():
        pooled = module(texts, tokens, mask)
        for q in range(3):
            for n in range(5):
                out, _ = reference(texts[q].view(1, 1, -1), tokens[n : n + 1], tokens[n : n + 1], ~mask[n : n + 1])
                expected = module.norm(module.fc(out) + out)[0, 0]
                torch.testing.assert_close(pooled[q, n], expected, rtol=1e-4, atol=1e-5)


def test_one_token_makes_pooling_independent_of_the_text(tokenizer: Tokenizer) -> None:
    """An image of one token: the softmax is 1, whatever is asked."""
    module = CrossModal(WIDTH, 1, 0.0).eval()
    with torch.no_grad():
        pooled = module(torch.randn(4, WIDTH), torch.randn(3, 1, WIDTH), torch.ones(3, 1, dtype=torch.bool))
    torch.testing.assert_close(pooled, pooled[:1].expand_as(pooled))


def padded_pairs(constants: torch.Tensor, length: int, more: int) -> torch.Tensor:
    return nn.functional.pad(constants, (0, 0, 0, pairs(length + more) - pairs(length)))


def test_padding_changes_no_score(tokenizer: Tokenizer) -> None:
    for method in (clip4clip(tokenizer).eval(), mumur(tokenizer).eval()):
        with torch.no_grad():
            queries = method.encode_text(method.texts["query"](GERMAN))
            rows = method.encode_media(media_batch())
            assert rows.tokens is not None
            assert rows.mask is not None
            noisy = torch.where(rows.mask.unsqueeze(-1), rows.tokens, torch.full_like(rows.tokens, 7.0))
            known = {} if rows.constants is None else {"constants": padded_pairs(rows.constants, rows.mask.shape[1], 5)}
            longer = Representation(
                rows.pooled,
                nn.functional.pad(noisy, (0, 0, 0, 5), value=3.0),
                nn.functional.pad(rows.mask, (0, 5)),
                **known,
            )
            torch.testing.assert_close(method.score(queries, longer), method.score(queries, rows), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("mumur")])
def test_scores_are_those_that_training_sees(name: str, tokenizer: Tokenizer) -> None:
    method = CASES[name](tokenizer).eval()
    assert isinstance(method, MuMUR)
    with torch.no_grad():
        queries, rows = method.encode_text(method.texts["query"](GERMAN)), method.encode_media(media_batch())
        plain = rows if method.dcm is None else Representation(None, rows.tokens, rows.mask)
        trained = method._against(plain, queries).pooled
        torch.testing.assert_close(method.score(queries, rows), trained, rtol=1e-4, atol=1e-4)


class NothingDropped(nn.Identity):
    """A dropout that sends training through the module and drops nothing."""

    p = 1.0


def test_training_without_dropout_is_folded_and_the_same(tokenizer: Tokenizer) -> None:
    found = []
    for drop in (nn.Dropout(0.0), NothingDropped()):
        torch.manual_seed(0)
        method = mumur(tokenizer)
        assert method.dcm is not None
        for parameter in method.dcm.parameters():
            nn.init.normal_(parameter, std=0.3)
        method.dcm.drop = drop
        found.append(gradients(method, batch(method)))
    (losses, folded), (expected, plain) = found
    assert losses == pytest.approx(expected, rel=1e-5)
    assert folded.keys() == plain.keys()
    largest = max(float(gradient.abs().max()) for gradient in plain.values())
    for name, gradient in plain.items():
        torch.testing.assert_close(folded[name], gradient, rtol=1e-3, atol=1e-5 * largest, msg=name)


def test_captions_of_one_item_are_all_its_positives(tokenizer: Tokenizer) -> None:
    owners = torch.tensor([0, 0, 1, 2])
    rows = Representation(torch.zeros(3, 2))
    mask = positives(Batch(features=rows, owners=owners))
    assert mask is not None
    assert mask.tolist() == [[True, False, False], [True, False, False], [False, True, False], [False, False, True]]
    assert positives(Batch(features=rows)) is None


def test_languages_are_routed(tokenizer: Tokenizer) -> None:
    for method in (mumur(tokenizer), mkd(tokenizer)):
        assert [method.route(lang) for lang in ("en", "en-GB", "de", None)] == ["pivot", "pivot", "query", "query"]
    assert clip4clip(tokenizer).route("en") == "query"


@pytest.mark.parametrize("kind", ["linear", "attention"])
def test_a_head_pools_each_frame_by_itself(kind: str) -> None:
    torch.manual_seed(0)
    head = MediaHead(HeadConfig(kind, 8, 3), 6, 4).eval()  # type: ignore[arg-type]
    tokens = torch.randn(2, 5 * 4, 6)  # five frames of four patches
    frames = head(tokens).frames
    assert frames.shape == (2, 5, 8)
    for n in range(5):
        torch.testing.assert_close(head(tokens[:, 4 * n : 4 * n + 4]).frames[:, 0], frames[:, n])


def test_a_head_draws_views_in_training_and_averages_them_after() -> None:
    torch.manual_seed(0)
    head = SummaryHead(HeadConfig("summary", 8, hidden=5, dropout=0.0), 6, 2, False)
    head.project.network[2].p = 0.0  # type: ignore[union-attr]
    tokens = torch.randn(64, 3 * 2, 6)  # three frames of two views
    drawn = head.train()(tokens)
    found = head.eval()(tokens)
    each = found.tokens.unflatten(1, (3, 2))
    torch.testing.assert_close(found.frames, each.mean(2))
    first, second = (drawn.frames.isclose(each[:, :, view], atol=1e-5).all(-1) for view in (0, 1))
    assert (first ^ second).all()
    assert 0.3 < first.float().mean() < 0.7
    assert drawn.tokens.shape == found.tokens.shape


def test_a_summary_head_reads_from_the_grid_what_it_learned_from_summaries(tokenizer: Tokenizer) -> None:
    method = viewed()
    fit(method, batch(method), 10)
    frames = MediaBatch(("a", "b"), media_batch().frames[:2], media_batch().mask[:2], media_batch().times[:2])
    tower = method.media.over_grid().eval()
    assert isinstance(tower.head, SummaryHead)
    assert tower.over_grid() is tower
    with torch.no_grad():
        views = method.media.vision.views(frames.frames[frames.mask])
        grid = tower.vision(frames.frames[frames.mask]).grid
        torch.testing.assert_close(torch.cat([grid.mean(1), grid.amax(1)], 1), views[:, 0])
        found = tower.head(grid.unsqueeze(0).flatten(1, 2))
        whole = tower.head.project(tower.head.standardise(views[:, 0]))
    torch.testing.assert_close(found.frames[0], whole)
    torch.testing.assert_close(found.tokens[0].unflatten(0, (len(grid), -1)), whole.unsqueeze(1).expand(-1, 4, -1))
    with pytest.raises(ConfigError, match="cannot read the grid"):
        clip4clip(tokenizer).media.over_grid()


def test_an_ensemble_scores_the_mean_of_its_members(tokenizer: Tokenizer, tmp_path: Path) -> None:
    members = [viewed(), viewed()]
    for seed, member in enumerate(members):
        torch.manual_seed(seed)
        nn.init.normal_(member.text.project.linear.weight)  # type: ignore[union-attr, arg-type]
        fit(member, batch(member), 5 * seed + 5)
    members[1].backbone().load_state_dict(members[0].backbone().state_dict())  # frozen, in earnest
    joint = Ensemble(members).eval()
    given = batch(joint)
    assert given.media is not None
    with torch.no_grad():
        each = [m.score(m.encode_text(given.texts["query"]), m.encode_media(given.media)) for m in members]
        scores = joint.score(joint.encode_text(given.texts["query"]), joint.encode_media(given.media))
        torch.testing.assert_close(scores, (each[0] + each[1]) / 2)
        assert not each[0].allclose(each[1], atol=0.01)
        losses = [member(given, 0.0)["contrastive"] for member in members]
        torch.testing.assert_close(joint(given, 0.0)["contrastive"], (losses[0] + losses[1]) / 2)
    save_run(joint, tmp_path)
    again = load_run(tmp_path).eval()
    with torch.no_grad():
        twice = again.score(again.encode_text(given.texts["query"]), again.encode_media(given.media))
    torch.testing.assert_close(twice, scores)
    with pytest.raises(ModelError, match="two runs or more, found 1"):
        Ensemble(members[:1])
    with pytest.raises(ModelError, match="a MuMUR scores otherwise"):
        Ensemble([members[0], mumur(tokenizer)])
    with pytest.raises(ModelError, match="different vocabularies"):
        Ensemble([members[0], clip4clip(tokenizer)])
    other = clip4clip(tokenizer)
    other.media.vision.spec = other.spec = ImageSpec(32, 32, mean=(0.1, 0.1, 0.1))
    with pytest.raises(ModelError, match="look at media differently"):
        Ensemble([clip4clip(tokenizer), other])


def test_captions_of_one_item_are_drawn_together(tokenizer: Tokenizer) -> None:
    first, second = caption_pairs(torch.tensor([0, 0, 1, 2, 2, 2, 3, 3]))
    assert (first.tolist(), second.tolist()) == ([0, 3, 6], [1, 4, 7])
    method = clip4clip(tokenizer)
    given = batch(method)
    plain = method(given, 0.0)
    method.between_captions = 0.5
    with pytest.raises(ModelError, match=r"set data\.captions to 2"):
        method(given, 0.0)
    texts = {"query": method.texts["query"]([t for pair in zip(ENGLISH, GERMAN, strict=True) for t in pair])}
    given = replace(given, texts=texts, owners=torch.arange(8).repeat_interleave(2))
    rows = method.encode_text(texts["query"]).pooled
    assert rows is not None
    losses = method(given, 0.0)
    expected = contrastive(method.log_scale.exp() * rows[::2] @ rows[1::2].T)
    torch.testing.assert_close(losses["captions"], 0.5 * expected)
    assert set(plain) == {"contrastive"}


def test_methods_with_the_same_backbone_share_its_features(tokenizer: Tokenizer) -> None:
    teacher = clip4clip(tokenizer)
    assert mkd(tokenizer).features_fingerprint() == teacher.features_fingerprint()
    assert mumur(tokenizer).features_fingerprint() != teacher.features_fingerprint()  # the grid
    assert viewed().features_fingerprint() != teacher.features_fingerprint()


def test_every_method_of_the_table_is_one(tokenizer: Tokenizer) -> None:
    for name in METHODS:
        assert issubclass(method_class(name), Method)
    assert method_name(clip4clip(tokenizer)) == "clip4clip"
    with pytest.raises(ConfigError, match="There are: clip4clip"):
        method_class("clip5clip")


def test_what_does_not_fit_is_refused(tokenizer: Tokenizer) -> None:
    wide = text_tower(tokenizer, 0, width=WIDTH + 1)
    with pytest.raises(ModelError, match="share no space"):
        CLIP4Clip(MediaTower(vision()), wide, Sampling())
    with pytest.raises(ModelError, match="no common space"):
        MuMUR(MediaTower(vision(), HeadConfig(), False), wide, Sampling())
    with pytest.raises(ModelError, match="The teacher's vectors"):
        MKD(clip4clip(tokenizer), wide)
    with pytest.raises(ModelError, match="cannot be split into 5"):
        CrossModal(16, 5, 0.0)
    with pytest.raises(ConfigError, match="need a head"):
        MediaTower(vision(), HeadConfig(), True)
    with pytest.raises(ConfigError, match="dropout"):
        HeadConfig(dropout=1.0)


def test_damaged_runs(tokenizer: Tokenizer, tmp_path: Path) -> None:
    save_run(clip4clip(tokenizer), tmp_path)
    info = json.loads((tmp_path / "run.json").read_text())
    for change, message in (
        ({"format": 99, "version": "9.9"}, "written by babelreel 9.9 in format 99"),
        ({"fingerprint": "0"}, "does not hold the weights"),
        ({"surprise": 1}, "not a whole run folder"),
        ({"method": "none"}, "There is no method"),
    ):
        (tmp_path / "run.json").write_text(json.dumps(info | change))
        with pytest.raises((ModelError, ConfigError), match=message):
            babelreel.load(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(info))
    with pytest.raises(ModelError, match="its sampling are part of it"):
        babelreel.load(tmp_path, frames=3)
    other = mumur(tokenizer)
    save_run(other, tmp_path / "other")
    (tmp_path / "model.safetensors").write_bytes((tmp_path / "other" / "model.safetensors").read_bytes())
    with pytest.raises(ModelError, match="belongs to another architecture"):
        babelreel.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 50)
    with pytest.raises(ModelError, match="cannot be read"):
        babelreel.load(tmp_path)
