"""encoders/grams.py and towers.py: a sum of weighted rows, and the right kind out of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize

from babelreel.data.grams import GramTokenizer, learn_grams
from babelreel.data.tokenizers import Tokenizer
from babelreel.encoders.blocks import LIMIT, Standardise
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.towers import load_tokenizer, tower_from
from babelreel.errors import ConfigError, ModelError

TEXTS = ["ein roter Kreis", "ein blauer Kreis", "a red circle", "a blue circle"]


@pytest.fixture
def tower() -> GramEncoder:
    torch.manual_seed(0)
    return GramEncoder(learn_grams(TEXTS, 100), 6, GramConfig(width=8, hidden=5)).eval()


def test_a_text_is_the_weighted_sum_of_its_grams(tower: GramEncoder) -> None:
    batch = tower.tokenizer(TEXTS)
    with torch.no_grad():
        found = tower(batch)
        for row, hidden in enumerate(found.hidden):
            ids = batch.input_ids[row][batch.mask[row]]
            weights = normalize(torch.tensor([tower.tokenizer.weights[n - 1] for n in ids]), dim=0)
            expected = sum(w * tower.table.weight[n] for w, n in zip(weights, ids, strict=True))
            torch.testing.assert_close(hidden[0], tower.norm(expected))
    assert found.pooled.shape == (4, 6)


def test_rows_do_not_depend_on_their_batch_and_unknown_texts_are_finite(tower: GramEncoder) -> None:
    with torch.no_grad():
        together = tower(tower.tokenizer([*TEXTS, "слон"])).pooled
        torch.testing.assert_close(tower(tower.tokenizer(TEXTS[1:2])).pooled[0], together[1])
    assert together.isfinite().all()


def test_grams_are_dropped_in_training_alone(tower: GramEncoder) -> None:
    batch = tower.tokenizer(TEXTS)
    with torch.no_grad():
        assert tower(batch).hidden.equal(tower(batch).hidden)
        tower.train()
        assert not tower(batch).hidden.equal(tower(batch).hidden)


def test_the_kind_of_a_folder_is_found(tower: GramEncoder, tokenizer: Tokenizer, tmp_path: Path) -> None:
    tower.tokenizer.save(tmp_path / "grams")
    tokenizer.save(tmp_path / "pieces")
    grams, pieces = (load_tokenizer(tmp_path / name) for name in ("grams", "pieces"))
    assert isinstance(grams, GramTokenizer)
    assert isinstance(pieces, Tokenizer)
    again = tower_from(tower.describe(), grams)
    again.load_state_dict(tower.state_dict())
    with torch.no_grad():
        assert again.eval()(grams(TEXTS)).pooled.equal(tower(grams(TEXTS)).pooled)
    with pytest.raises(ModelError, match="GramEncoder does not read what a Tokenizer writes"):
        tower_from(tower.describe(), pieces)
    with pytest.raises(ModelError, match="holds no vocabulary"):
        load_tokenizer(tmp_path)


def test_sizes_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match="dropouts from 0"):
        GramConfig(drop_grams=1.0)


def test_the_first_batch_of_a_training_sets_mean_and_deviation() -> None:
    layer = Standardise(2)
    rows = torch.tensor([[1.0, 10.0], [3.0, 30.0], [0.0, 0.0]])  # the last is padding
    layer.eval()(rows)
    assert not layer.known
    out = layer.train()(rows)
    torch.testing.assert_close(out[:2], torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), rtol=1e-3, atol=1e-3)
    layer(100 * rows)
    torch.testing.assert_close(layer.mean, torch.tensor([2.0, 20.0]))
    assert layer(1000 * rows).max() == LIMIT
