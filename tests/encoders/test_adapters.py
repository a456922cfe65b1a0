"""encoders/acquirers.py, vocabularies.py and adapters.py: added languages read as a plain forward pass says, and the
tower's own language as if nothing had been added."""

from __future__ import annotations

import copy
import threading
from pathlib import Path

import pytest
import torch
from adapted import ENGLISH, LONGEST, SAID, TOWERS, adapters, clip, grams, tower
from torch import Tensor, nn
from torch.nn.functional import linear, normalize
from transformers import BertConfig, BertModel

from babelreel.data.grams import GramTokenizer
from babelreel.data.languages import LanguageReader
from babelreel.data.tokenizers import TextPolicy, train_tokenizer
from babelreel.encoders.acquirers import Acquirer, AcquirerConfig, Acquirers
from babelreel.encoders.adapters import Adapters, layer_widths, make_adaptable
from babelreel.encoders.grams import GramEncoder
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.vocabularies import (
    GramVocabulary,
    PieceVocabulary,
    VocabularyConfig,
    new_vocabulary,
    start_from,
    vocabulary_from,
)
from babelreel.errors import ConfigError, ModelError


def plain_acquirer(values: Tensor, acquirer: Acquirer) -> Tensor:
    inner = linear(values, acquirer.down.weight, acquirer.down.bias).clamp(min=0)
    return values + linear(inner, acquirer.up.weight, acquirer.up.bias)


def plain_clip(base: TextEncoder, made: Adapters, text: str, lang: str) -> Tensor:
    """One text, written out as the authors' `encode_text` goes: embedding, linear, positions, causal blocks each with
    its acquirer, last norm, the end token, projection."""
    acquirers, vocabulary = made.of(lang)
    model = base.backbone.text_model
    ids = vocabulary.tokenizer([text]).input_ids[0]
    x = linear(vocabulary.table.weight[ids], vocabulary.project.weight, vocabulary.project.bias)
    x = x + model.embeddings.position_embedding.weight[: len(ids)]
    causal = torch.full((len(ids), len(ids)), float("-inf")).triu(1)
    for layer, acquirer in zip(model.encoder.layers, acquirers, strict=True):
        attention, y = layer.self_attn, layer.layer_norm1(x)
        heads = [proj(y).unflatten(-1, (2, -1)).transpose(0, 1) for proj in
                 (attention.q_proj, attention.k_proj, attention.v_proj)]  # fmt: skip
        q, k, v = heads  # (2, L, 16)
        mixed = (q @ k.transpose(1, 2) / q.shape[-1] ** 0.5 + causal).softmax(-1) @ v
        x = x + attention.out_proj(mixed.transpose(0, 1).flatten(1))
        y = layer.mlp.fc1(layer.layer_norm2(x))
        x = x + layer.mlp.fc2(y * torch.sigmoid(1.702 * y))
        x = plain_acquirer(x, acquirer)
    return base.backbone.text_projection(model.final_layer_norm(x)[-1])


def plain_grams(base: GramEncoder, made: Adapters, text: str, lang: str) -> Tensor:
    acquirers, vocabulary = made.of(lang)
    assert isinstance(vocabulary.tokenizer, GramTokenizer)
    ids = vocabulary.tokenizer([text]).input_ids[0]
    weights = normalize(vocabulary.weights[ids], dim=0)
    summed = base.norm(vocabulary.project.weight @ (weights @ vocabulary.table.weight[ids]))
    return plain_acquirer(base.project(summed), acquirers[0])


def gradients(made: Adapters) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in made.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("kind", ["clip", "clip, its end the largest id", "clip, its padding the end", "grams"])
def test_an_added_language_is_read_as_written_out_plainly(kind: str) -> None:
    """Vectors and gradients, texts of unlike length in one batch and two languages in it."""
    base = tower(kind).requires_grad_(False)
    made = adapters(base).double()  # what is left of a difference is no rounding
    base.double()
    texts, langs = [*SAID["de"][:3], *SAID["fr"][:3], "ein"], ["de"] * 3 + ["fr"] * 3 + ["de"]
    order = [3, 0, 6, 4, 1, 5, 2]
    texts, langs = [texts[n] for n in order], [langs[n] for n in order]
    target = torch.randn(7, base.width, dtype=torch.float64)
    plain = plain_grams if kind == "grams" else plain_clip
    expected = torch.stack([plain(base, made, text, lang) for text, lang in zip(texts, langs, strict=True)])  # type: ignore[arg-type]
    (expected * target).sum().backward()
    slow = gradients(made)
    made.zero_grad()
    found = made(base, made.reader()(texts, langs))
    torch.testing.assert_close(found, expected)
    (found * target).sum().backward()
    fast = gradients(made)
    assert slow.keys() == fast.keys() == dict(made.named_parameters()).keys()
    for name, value in slow.items():
        torch.testing.assert_close(fast[name], value)


@pytest.mark.parametrize("kind", TOWERS)
def test_the_towers_own_language_stays_bit_for_bit(kind: str) -> None:
    base = tower(kind)
    batch = base.tokenizer([*ENGLISH, "a"])
    with torch.no_grad():
        before = base(batch)
        made = adapters(base)
        make_adaptable(base)  # a second time changes nothing
        read = made(base, made.reader()([SAID["de"][0], SAID["fr"][0]], ["de", "fr"]))
        after = base(batch)
    assert after.pooled.equal(before.pooled)
    assert after.hidden.equal(before.hidden)
    assert read.isfinite().all()
    assert tower(kind).state_dict().keys() == base.state_dict().keys()


@pytest.mark.parametrize("kind", TOWERS)
def test_languages_in_one_model_read_as_each_alone(kind: str) -> None:
    base = tower(kind)
    both, german, french = adapters(base), adapters(base, ["de"]), adapters(base, ["fr"])
    texts = [text for pair in zip(SAID["de"], SAID["fr"], strict=True) for text in pair]
    with torch.no_grad():
        mixed = both(base, both.reader()(texts, ["de", "fr"] * 8))
        alone = [one(base, one.reader()(SAID[lang], [lang] * 8)) for one, lang in ((german, "de"), (french, "fr"))]
    torch.testing.assert_close(mixed[0::2], alone[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(mixed[1::2], alone[1], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(mixed[0::2], mixed[1::2], atol=1e-2)


@pytest.mark.parametrize("kind", TOWERS)
def test_a_row_does_not_depend_on_its_batch(kind: str) -> None:
    base = tower(kind)
    made = adapters(base)
    texts = [*SAID["de"], "ein roter roter roter blauer Mond"]
    with torch.no_grad():
        together = made(base, made.reader()(texts, ["de"] * 9))
        alone = torch.cat([made(base, made.reader()([text], ["de"])) for text in texts])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["clip", "bert", "from scratch"])
def test_identity_acquirers_and_the_towers_own_vectors_are_the_tower(kind: str) -> None:
    """So placeholders, positions and the end are where the tower's own texts have them."""
    base = tower(kind)
    make_adaptable(base)
    assert isinstance(base, TextEncoder)
    made = Adapters()
    own = base.backbone.get_input_embeddings().weight
    vocabulary = PieceVocabulary(base.tokenizer, own.shape[1], own.shape[1])
    with torch.no_grad():
        vocabulary.table.weight.copy_(own)
        vocabulary.project.weight.copy_(torch.eye(own.shape[1]))
        vocabulary.project.bias.zero_()
        made.add("xx", Acquirers(layer_widths(base), AcquirerConfig()), "xx", vocabulary)
        texts = [*ENGLISH, "a", "a red red red blue star"]
        expected = base(base.tokenizer(texts)).pooled
        torch.testing.assert_close(made(base, made.reader()(texts)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("spelled", ["</s>", "[SEP]", "<s> <pad>"])
def test_a_text_that_spells_a_special_token_ends_at_its_end(spelled: str) -> None:
    """The vector of a CLIP is that of the last token: it hears what follows the spelled token."""
    base = tower("clip")
    made = adapters(base)
    with torch.no_grad():
        first, second = made(
            base, made.reader()([f"ein {spelled} roter Kreis", f"ein {spelled} blauer Mond"], ["de"] * 2)
        )
        expected = plain_clip(base, made, f"ein {spelled} roter Kreis", "de")  # type: ignore[arg-type]
    torch.testing.assert_close(first, expected, rtol=1e-4, atol=1e-5)
    assert (first - second).abs().max() > 1e-3


def test_the_towers_own_end_id_is_not_looked_for() -> None:
    """Another vocabulary may have any piece under that id: what stands behind it is heard."""
    base = tower("clip")
    made = adapters(base, ["de"])
    batch = made.reader()(SAID["de"][:1])
    with torch.no_grad():
        batch.input_ids[0, 2] = base.backbone.config.eos_token_id
        before = made(base, batch)
        batch.input_ids[0, 4] += 1
        assert (made(base, batch) - before).abs().max() > 1e-4


def test_english_in_another_thread_meets_no_acquirer() -> None:
    base = tower("clip")
    made = adapters(base)
    batch, german = base.tokenizer(ENGLISH), made.reader()(SAID["de"], ["de"] * 8)
    with torch.no_grad():
        expected = base(batch).pooled
    wrong: list[int] = []
    stop = threading.Event()

    def read_german() -> None:
        with torch.no_grad():
            while not stop.is_set():
                made(base, german)

    thread = threading.Thread(target=read_german)
    thread.start()
    try:
        with torch.no_grad():
            wrong = [n for n in range(60) if not base(batch).pooled.equal(expected)]
    finally:
        stop.set()
        thread.join()
    assert not wrong


def test_a_copy_has_acquirers_of_its_own() -> None:
    """As the average of the weights makes one."""
    whole = nn.ModuleDict({"base": tower("clip")})
    whole["made"] = adapters(whole["base"])  # type: ignore[arg-type]
    twin = copy.deepcopy(whole)
    batch = whole["made"].reader()(SAID["de"], ["de"] * 8)
    with torch.no_grad():
        before = whole["made"](whole["base"], batch)
        for parameter in whole["made"].parameters():
            parameter.zero_()
        torch.testing.assert_close(twin["made"](twin["base"], batch), before)
        assert not torch.allclose(whole["made"](whole["base"], batch), before)


def test_an_acquirer_starts_as_the_identity_or_at_random() -> None:
    values = torch.randn(3, 5, 8)
    assert Acquirer(8, AcquirerConfig(4))(values).equal(values)
    moved = Acquirer(8, AcquirerConfig(4, start="random"))
    assert not torch.allclose(moved(values), values)
    normed = Acquirer(8, AcquirerConfig(4, norm=True, start="random"))
    normed.load_state_dict(moved.state_dict(), strict=False)
    inner = normalize(values - values.mean(-1, keepdim=True), dim=-1) * 8**0.5
    torch.testing.assert_close(normed(values) - values, moved(inner) - inner, rtol=1e-3, atol=1e-4)
    with pytest.raises(ConfigError, match="hidden must be at least 1"):
        AcquirerConfig(0)


def test_codes_that_are_names_of_torch_are_languages_too() -> None:
    base = grams()
    made = Adapters()
    for lang in ("to", "pop", "cpu"):
        made.add(
            lang,
            Acquirers(layer_widths(base), AcquirerConfig()),
            lang,
            new_vocabulary(VocabularyConfig(), ENGLISH, base),
        )
    assert made(base, made.reader()(["a red moon"] * 2, ["to", "pop"])).shape == (2, base.width)


def test_languages_come_and_go() -> None:
    base = tower("grams")
    made = adapters(base, shared=True)
    assert made.of("de")[1] is made.of("fr")[1]
    with pytest.raises(ModelError, match="'de' is in this model already"):
        made.add("de", made.of("fr")[0], "de")
    made.remove("de")
    assert list(made.reader().languages) == ["fr"]
    assert len(made.vocabularies) == 1  # the other still reads with it
    made.remove("fr")
    assert not list(made.parameters())
    for act in (made.remove, made.of):
        with pytest.raises(ModelError, match=r"'fr' is not among those added to this model: none"):
            act("fr")


def test_a_pretrained_vocabulary_brings_its_vectors(tmp_path: Path) -> None:
    """All of them, or those that the texts use; an unused piece reads as the unknown one."""
    tokenizer = train_tokenizer([*SAID["de"], *SAID["fr"]] * 2, 120, TextPolicy(30))
    config = BertConfig(vocab_size=tokenizer.vocab_size, hidden_size=12, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=12, max_position_embeddings=40)  # fmt: skip
    BertModel(config).save_pretrained(tmp_path)
    tokenizer.save(tmp_path)
    vectors = TextEncoder.load(tmp_path).backbone.get_input_embeddings().weight
    base = tower("clip")
    whole = new_vocabulary(VocabularyConfig(str(tmp_path), trim=False), SAID["de"], base)
    trimmed = new_vocabulary(VocabularyConfig(str(tmp_path)), SAID["de"], base)
    assert isinstance(trimmed, PieceVocabulary)
    assert whole.table.weight.equal(vectors)
    assert whole.tokenizer.limit == LONGEST  # the tower's positions, fewer than the vocabulary's own
    assert len(trimmed.kept) < len(vectors)
    trimmed.project.load_state_dict(whole.project.state_dict())
    with torch.no_grad():
        german = tokenizer(SAID["de"]).input_ids
        torch.testing.assert_close(trimmed(german), whole(german))
        unused = next(n for n in range(len(vectors)) if n not in trimmed.kept)
        unknown = tokenizer.backend.unk_token_id
        torch.testing.assert_close(trimmed(torch.tensor([[unused]])), whole(torch.tensor([[unknown]])))
        again = vocabulary_from(trimmed.describe(), tokenizer, base)
        again.load_state_dict(trimmed.state_dict())
        torch.testing.assert_close(again(german), trimmed(german))
    with pytest.raises(ConfigError, match=r"leave vocabulary\.source out"):
        new_vocabulary(VocabularyConfig(str(tmp_path)), SAID["de"], grams())
    with pytest.raises(ModelError, match="GramEncoder does not read what a Tokenizer writes"):
        vocabulary_from(trimmed.describe(), tokenizer, grams())


@pytest.mark.parametrize("kind", ["clip", "grams"])
def test_a_language_starts_from_the_vectors_in_common(kind: str) -> None:
    base = tower(kind)
    old = new_vocabulary(VocabularyConfig(size=200, width=8), SAID["de"], base)
    new = new_vocabulary(
        VocabularyConfig(size=200, width=8), [*SAID["de"][:4], "een rode Kreis", "een rode Mond"], base
    )
    before = new.table.weight.detach().clone()
    count = start_from(new, old)
    common = new.rows().keys() & old.rows().keys()
    assert 0 < count == len(common) < len(new.rows())
    for piece, row in new.rows().items():
        wanted = old.table.weight[old.rows()[piece]] if piece in common else before[row]
        assert new.table.weight[row].equal(wanted)
    assert new.project.weight.equal(old.project.weight)
    with pytest.raises(ModelError, match="have width 8, the new ones 6"):
        start_from(new_vocabulary(VocabularyConfig(size=200, width=6), SAID["de"], base), old)


def test_sizes_that_no_vocabulary_has() -> None:
    for wrong in ({"size": 0}, {"width": 0}, {"dropout": 1.0}, {"drop_grams": -0.1}):
        with pytest.raises(ConfigError, match="size and width of at least 1"):
            VocabularyConfig(**wrong)  # type: ignore[arg-type]


def test_grams_are_left_out_in_training_alone() -> None:
    base = tower("grams")
    made = adapters(base)
    batch = made.reader()(SAID["de"], ["de"] * 8)
    vocabulary = made.of("de")[1]
    assert isinstance(vocabulary, GramVocabulary)
    assert made(base, batch).equal(made(base, batch))
    made.train()
    assert not vocabulary(batch).equal(vocabulary(batch))


def test_a_tower_whose_layers_are_not_told_is_refused() -> None:
    base = clip()
    base.backbone.config.num_hidden_layers = 7
    with pytest.raises(ModelError, match="0 stacks of 7 layers"):
        make_adaptable(base)


def test_one_reader_of_several_languages(tmp_path: Path) -> None:
    from babelreel.encoders.towers import load_tokenizer

    base = tower("clip")
    reader = adapters(base).reader()
    texts, langs = [SAID["fr"][3], SAID["de"][0], SAID["de"][7]], ["fr", "de-CH", "DE"]
    batch = reader(texts, langs)
    assert batch.langs == ("fr", "de", "de")
    for row, lang in enumerate(batch.langs):
        alone = reader.readers[lang]([texts[row]]).input_ids[0]
        assert batch.input_ids[row][batch.mask[row]].equal(alone)
        assert reader.lengths(texts, langs)[row] == len(alone)
    assert reader.limit == LONGEST
    assert reader.vocab_size == sum(each.vocab_size for each in reader.readers.values())
    reader.save(tmp_path)
    again = load_tokenizer(tmp_path)
    assert isinstance(again, LanguageReader)
    assert again.fingerprint == reader.fingerprint != adapters(base, ["de"]).reader().fingerprint
    assert again(texts, langs).input_ids.equal(batch.input_ids)
    with pytest.raises(ModelError, match="'cs' cannot be read: this model's added languages are de, fr"):
        reader(texts, ["fr", "cs", "de"])
    with pytest.raises(ModelError, match="3 texts need a language each"):
        reader(texts)
    with pytest.raises(ModelError, match="needs text"):
        reader(["", "ein"], ["de", "de"])
