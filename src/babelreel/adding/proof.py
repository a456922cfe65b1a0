"""That English did not change: the same vectors, the same scores, the same media side, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from babelreel.data.batches import collate_media
from babelreel.errors import ModelError
from babelreel.media.transforms import resize
from babelreel.media.video import Frames
from babelreel.model import Model
from babelreel.types import Representation

PICTURES = 16
SIDE = 64


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared, and the largest differences found; `recognised` sentences are read as English untold."""

    sentences: int
    pictures: int
    vectors: float
    scores: float
    identical: bool
    recognised: int

    def __str__(self) -> str:
        what = f"{self.sentences:,} English sentences, scored with {self.pictures} pictures"
        told = f"{self.recognised:,} of them are read as English where no language is given"
        if self.identical:
            return f"English is bit-identical before and after: vectors and scores of {what}; {told}."
        far = f"vectors differ by {self.vectors:.2g} at most, scores by {self.scores:.2g}"
        return f"English has changed: of {what}, {far}; {told}."


def prove_english(old: Model, new: Model, sentences: Sequence[str]) -> Proof:
    """Compare two models on English sentences.

    Raises:
        ModelError: when their media sides are not the same: no index of the old model would be valid.
    """
    if old.fingerprint != new.fingerprint:
        raise ModelError(
            f"The media side has changed from {old.fingerprint} to {new.fingerprint}, which adding a language must not "
            "do. The old model stands as it was."
        )
    media = _pictures(old)
    texts, again = old.encode_text(sentences, "en"), new.encode_text(sentences, "en")
    before, after = old.score(texts, media), new.score(again, _pictures(new))
    assert texts.pooled is not None
    assert again.pooled is not None
    same = torch.equal(texts.pooled, again.pooled) and torch.equal(before, after)
    vectors, scores = (float((a - b).abs().max()) for a, b in ((texts.pooled, again.pooled), (before, after)))
    english = new.method.route("en")
    recognised = sum(new.role(text) == english for text in sentences)
    return Proof(len(sentences), PICTURES, vectors, scores, same, recognised)


def _pictures(model: Model) -> Representation:
    """Pictures of noise, encoded: enough to see every weight of the media side at work."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (PICTURES, 1, 3, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    frames = [Frames(resize(image, model.method.spec), torch.zeros(1)) for image in images]
    return model.encode_batch(collate_media([str(n) for n in range(PICTURES)], frames))
