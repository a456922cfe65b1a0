"""What comes out: vectors that are the same twice, alone and in company, finite, and apart from each other."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize

from babelreel.doctor.finding import Finding, fault, passed, unknown
from babelreel.doctor.subject import Subject
from babelreel.methods.base import Method
from babelreel.types import Representation, TextBatch

TIGHT = 1e-4  # difference, relative to the length, that batches of other sizes may leave in float32
PRECISE = 0.01  # difference of directions that half precision may leave
ALIKE = 1e-4  # 1 - cosine, below which vectors are the same
CLOSE = 0.01  # 1 - cosine, below which they hardly differ, as a random model's
TEXTS = 12  # sentences that are compared with each other
EVEN = 1e-3  # spread of lengths that rounding leaves


def evaluation_mode(subject: Subject) -> Finding:
    """Nothing is in training mode: no dropout, no statistics of the batch."""
    if subject.in_training:
        return fault(
            f"{len(subject.in_training)} parts are in training mode, such as {subject.in_training[0]}",
            "Call .eval() before encoding; the other checks were made in evaluation mode.",
        )
    return passed("all of the model is in evaluation mode")


def text_twice(subject: Subject) -> Finding:
    """The same texts give the same vectors."""
    for batch in subject.once(_batches):
        if not torch.equal(subject.text(batch), subject.text(batch)):
            return fault(
                f"the same texts give other vectors the second time ({batch.role})", "Look for dropout or noise."
            )
    return passed("the same texts give the same vectors")


def media_twice(subject: Subject) -> Finding:
    """The same files give the same vectors."""
    if not torch.equal(_pooled(subject.both_rows), _pooled(subject.media(subject.picture_and_clip))):
        return fault("the same files give other vectors the second time", "Look for dropout, noise or random frames.")
    return passed("the same files give the same vectors")


def text_batch(subject: Subject) -> Finding:
    """A text alone is the text among others of its length."""
    for batch in subject.once(_batches):
        together = subject.text(batch)
        alone = torch.cat([subject.text(_row(batch, row)) for row in range(len(batch))])
        if (change := _change(together, alone)) > TIGHT:
            return fault(
                f"a text's vector changes by {change:.1%} with the texts beside it ({batch.role})",
                "No statistic of a batch may enter a vector.",
            )
    return passed("a text has the same vector alone and among others")


def media_batch(subject: Subject) -> Finding:
    """A picture alone is the picture among others."""
    alone = torch.cat([_pooled(subject.media(subject.read(path))) for path in subject.probes.others])
    if (change := _change(_pooled(subject.pictures)[1:], alone)) > TIGHT:
        return fault(
            f"a picture's vector changes by {change:.1%} with the pictures beside it",
            "No statistic of a batch may enter a vector.",
        )
    return passed("a picture has the same vector alone and among others")


def finite_texts(subject: Subject) -> Finding:
    """No text gives NaN, infinity or a vector of zeros."""
    return _finite(torch.cat([subject.text(batch) for batch in subject.once(_batches)]), "text")


def finite_media(subject: Subject) -> Finding:
    """No picture and no clip gives NaN, infinity or a vector of zeros."""
    clip = subject.clip_rows
    found = torch.cat([_pooled(subject.pictures), _pooled(clip)])
    if clip.tokens is not None and clip.mask is not None and not bool(clip.tokens[clip.mask].isfinite().all()):
        return fault("a clip's frames have vectors with NaN or infinity", "Look at the weights and the precision.")
    return _finite(found, "picture or clip")


def lengths(subject: Subject) -> Finding:
    """Vectors of both sides are of length 1, or of neither."""
    sides = {"texts": subject.once(text_vectors).norm(dim=1), "media": _pooled(subject.pictures).norm(dim=1)}
    unit = {side: bool((norms - 1).abs().max() <= EVEN) for side, norms in sides.items()}
    told = "; ".join(f"{side} {float(norms.min()):.3g} to {float(norms.max()):.3g}" for side, norms in sides.items())
    if all(unit.values()):
        return passed("all vectors have length 1")
    if any(unit.values()):
        return fault(f"only one side's vectors have length 1: {told}", "Normalise both sides, or neither.")
    return unknown(f"no vectors have length 1 ({told}): right for a dot product, wrong for a cosine")


def text_collapse(subject: Subject) -> Finding:
    """Different texts have different vectors."""
    return _spread(subject.once(text_vectors), "texts")


def media_collapse(subject: Subject) -> Finding:
    """Different pictures have different vectors."""
    return _spread(_pooled(subject.pictures), "pictures")


def widths(subject: Subject) -> Finding:
    """Texts and media lie in one space."""
    text, media = subject.once(text_vectors).shape[1], _pooled(subject.pictures).shape[1]
    if text != media:
        return fault(f"texts have vectors of width {text}, media of {media}", "Take both towers from one model.")
    return passed(f"texts and media have vectors of width {text}")


def scores(subject: Subject) -> Finding:
    """Scores are finite, one for each pair, and rise with the likeness that a search ranks by."""
    queries, items = Representation(subject.once(text_vectors)), subject.pictures
    found = subject.model.score(queries, items)
    if found.shape != (len(queries), len(items)) or not bool(found.isfinite().all()):
        return fault(f"scores are {tuple(found.shape)}, or not finite", "Give one finite score for each pair.")
    if subject.method.scored != ("pooled",):
        return passed("scores are finite; what they are made of is the method's own")
    assert queries.pooled is not None
    product = (queries.pooled @ _pooled(items).T).double()
    likeness = float(torch.corrcoef(torch.stack([found.double().flatten(), product.flatten()]))[0, 1])
    if likeness < 1 - TIGHT:
        return fault(
            f"scores do not follow the dot product of the vectors (correlation {likeness:.3f})",
            "Higher must be better, and an index must rank as `score` does.",
        )
    return passed("scores rise with the dot product of the vectors")


def text_precision(subject: Subject) -> Finding:
    """Half precision leaves texts where they are."""
    batches = [batch.to(subject.model.device) for batch in subject.once(_batches)]
    return _precision(subject, lambda method: torch.cat([_pooled(method.encode_text(batch)) for batch in batches]))


def media_precision(subject: Subject) -> Finding:
    """Half precision leaves media where they are."""
    batch = subject.read(subject.probes.picture)  # alone: some processors have no instructions for bfloat16
    return _precision(subject, lambda method: _pooled(method.encode_media(batch)))


def _precision(subject: Subject, encode: Callable[[Method], Tensor]) -> Finding:
    """The directions of vectors in the weights' own precision and in bfloat16, beside those in float32."""
    method = subject.method
    full = all(p.dtype == torch.float32 for p in method.parameters() if p.is_floating_point())
    found = {}
    with torch.inference_mode():
        wanted = encode(method if full else copy.deepcopy(method).float()).cpu()
        if not full:
            found["the precision of its weights"] = encode(method).cpu()
        try:
            with torch.autocast(subject.model.device.type, torch.bfloat16):
                found["bfloat16"] = encode(method).cpu()
        except RuntimeError as error:
            return unknown(f"bfloat16 does not run here ({str(error).splitlines()[0]})")
    for name, vectors in found.items():
        apart = float((1 - cosine_similarity(vectors, wanted, dim=1)).max())
        if not apart <= PRECISE:  # also where it is NaN
            return fault(f"in {name} a vector's direction changes by {apart:.1%}", "Compute in float32.")
    return passed("bfloat16 changes no direction by more than 1 %")


def text_vectors(subject: Subject) -> Tensor:
    """Vectors (Q, D) of readable sentences, by the text side that reads an unknown language."""
    side = subject.side_of(None)
    texts = subject.readable(side) or ["a dog", "two cats", "three birds"]
    return subject.text(subject.tokens(texts[:: max(1, len(texts) // TEXTS)][:TEXTS], side))


def _batches(subject: Subject) -> list[TextBatch]:
    """For each side, a few texts of one length, so that none is padded."""
    found = []
    for side in subject.sides:
        by_length: dict[int, list[str]] = {}
        texts = subject.readable(side) or ["a dog"]
        for text, length in zip(texts, side.reader(texts).mask.sum(1).tolist(), strict=True):
            by_length.setdefault(length, []).append(text)
        found.append(subject.tokens(max(by_length.values(), key=len)[:3], side))
    return found


def _row(batch: TextBatch, row: int) -> TextBatch:
    return TextBatch(batch.input_ids[row : row + 1], batch.mask[row : row + 1], batch.langs[row : row + 1], batch.role)


def _pooled(rows: Representation) -> Tensor:
    assert rows.pooled is not None, "an item has a vector"
    return rows.pooled.float()


def _change(after: Tensor, before: Tensor) -> float:
    return float(((after - before).norm(dim=1) / before.norm(dim=1).clamp(min=1e-6)).max())


def _finite(vectors: Tensor, what: str) -> Finding:
    if not bool(vectors.isfinite().all()):
        return fault(f"a {what} has a vector with NaN or infinity", "Look at the weights and the precision.")
    if bool((vectors.norm(dim=1) < 1e-6).any()):
        return fault(f"a {what} has a vector of zeros, which no query is near to", "Look at what the tower was given.")
    return passed(f"no {what} has NaN, infinity or zeros")


def _spread(vectors: Tensor, what: str) -> Finding:
    if len(vectors) < 3:
        return unknown(f"the model reads too few of the probes' {what}")
    vectors = normalize(vectors, dim=1)
    apart = 1 - (vectors @ vectors.T)[~torch.eye(len(vectors), dtype=torch.bool)]
    mean, most = float(apart.mean()), float(apart.max())
    if most < ALIKE:
        return fault(f"{what} all have the same vector (1 - cosine at most {most:.0e})", "The model has collapsed.")
    if mean < CLOSE:
        return unknown(f"{what} hardly differ (1 - cosine {mean:.1e} in the mean), as those of an untrained model")
    return passed(f"{what} differ (1 - cosine {mean:.2f} in the mean)")
