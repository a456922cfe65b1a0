"""The weights: all from the checkpoint, none twice, the same when saved; and the published model's own vectors."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from babelreel.doctor.finding import Finding, fault, passed, unknown
from babelreel.doctor.published import kind_of, reference
from babelreel.doctor.subject import Subject
from babelreel.errors import BabelreelError
from babelreel.model import Model
from babelreel.runs import load_run, save_run

MOST = 1 << 30  # bytes of weights that are written for a test
LARGE = 64  # numbers of a matrix, from which two are not alike by chance
OWN = 0.999  # cosine, above which a vector is the published model's


def from_the_checkpoint(subject: Subject) -> Finding:
    """Every weight lies in the checkpoint's files: none was left random."""
    named = [(name, weight) for name, weight in subject.method.named_parameters() if not _constant(weight)]
    kinds = {weight.dtype for _, weight in named}
    folders = {subject.published.media, subject.published.text}
    files = [file for folder in folders for file in sorted(folder.rglob("*.safetensors"))]
    if not files:
        return unknown("its folder holds no safetensors file to compare with")
    shapes = {tuple(weight.shape) for _, weight in named}
    kept = {_digest(tensor.to(kind)) for tensor in _tensors(files, shapes) for kind in kinds}
    # A pooler that is not part of the checkpoint is not read: tokens are averaged, or the first one is taken.
    lost = [name for name, weight in named if _digest(weight) not in kept and "pooler." not in name]
    if lost:
        return fault(
            f"{len(lost)} of {len(named)} weights are in none of the checkpoint's files, such as {lost[0]}",
            "Load every weight: what is missing stays random.",
        )
    return passed(f"all {len(named)} weights are those of the checkpoint's files")


def finite_weights(subject: Subject) -> Finding:
    """No weight is NaN or infinite."""
    for name, weight in subject.method.state_dict().items():
        if weight.is_floating_point() and not bool(weight.isfinite().all()):
            return fault(f"{name} holds NaN or infinity", "Take an earlier checkpoint, or train in float32.")
    return passed("all weights are finite")


def two_towers(subject: Subject) -> Finding:
    """No matrix of the text side is one of the media side's."""
    media = {id(weight) for weight in subject.method.media_modules().parameters()}
    matrices = list(_matrices(subject.method))
    sides = [[(name, weight) for name, weight in matrices if (id(weight) in media) is side] for side in (True, False)]
    if not sides[1]:
        return unknown("texts and media are read by one and the same model")
    seen = {_digest(weight): name for name, weight in sides[0]}
    for name, weight in sides[1]:
        if (other := seen.get(_digest(weight))) is not None:
            return fault(f"{name} of the text side is a copy of {other}", "Load each tower from its own weights.")
    return passed("the text side shares no matrix with the media side")


def repeated_layers(subject: Subject) -> Finding:
    """No matrix of a backbone is there twice, as when one layer was loaded into all."""
    towers = [subject.tower(role) for role in subject.method.texts]
    backbones = [getattr(tower, "backbone", None) for tower in towers if tower is not None]
    try:
        backbones.append(subject.method.backbone())
    except TypeError:  # a method without a backbone of its own
        backbones.append(subject.method.media_modules())
    for backbone in backbones:
        if backbone is None:
            continue
        counts = Counter(_digest(weight) for _, weight in _matrices(backbone))
        twice = [name for name, weight in _matrices(backbone) if counts[_digest(weight)] > 1]
        if twice:
            return fault(f"{' and '.join(twice[:2])} hold the same numbers", "Load each layer from its own weights.")
    return passed("no matrix is there twice")


def saved_and_loaded(subject: Subject) -> Finding:
    """Encoding changes no weight, and what is saved comes back as it was."""
    method = subject.method
    if method.media_fingerprint() != subject.fingerprint:
        return fault("encoding changed the media side's weights", "Freeze running statistics: call .eval().")
    if sum(weight.nbytes for weight in method.state_dict().values()) > MOST:
        return unknown("the fingerprint is stable; the model is too large to be saved for a test")
    with tempfile.TemporaryDirectory(prefix="babelreel-") as folder:
        try:
            save_run(method, Path(folder))
        except (BabelreelError, TypeError, ValueError):
            return unknown("the fingerprint is stable; such a model is used as it is, and not saved as a run")
        try:
            again = Subject(Model(load_run(Path(folder)), {"source": folder}, subject.model.device), subject.probes)
        except BabelreelError as error:
            return fault(f"what is saved does not load: {error}", "Describe all that the method is built from.")
    batch = subject.tokens(["a dog"], subject.side_of(None))
    changed = [
        side
        for side, before, after in (
            ("texts", subject.text(batch), again.text(batch)),
            ("media", subject.pictures.pooled, again.pictures.pooled),
        )
        if before is not None and after is not None and not torch.allclose(before, after, atol=1e-5)
    ]
    if again.fingerprint != subject.fingerprint or changed:
        return fault(
            f"saved and loaded it is another model ({', '.join(changed) or 'its fingerprint'} changed)",
            "Keep all that decides a vector in parameters, persistent buffers or the description.",
        )
    return passed("saved and loaded it gives the same vectors and the same fingerprint")


def image_tower(subject: Subject) -> Finding:
    """Pictures have the vectors that transformers gives them."""
    if (model := reference(subject.published.media)) is None:
        return unknown("transformers has no such image-text model to compare with")
    apart = []
    for row, path in enumerate([subject.probes.picture, *subject.probes.others]):
        given = subject.processor(images=Image.open(path), return_tensors="pt")
        with torch.inference_mode():
            wanted = model.get_image_features(**given).pooler_output
        assert subject.pictures.pooled is not None
        apart.append(float(cosine_similarity(subject.pictures.pooled[row : row + 1], wanted.float(), dim=1)))
    return _verdict(min(apart), "pictures")


def text_tower(subject: Subject) -> Finding:
    """Texts have the vectors that transformers gives them."""
    if (model := reference(subject.published.text)) is None:
        return unknown("transformers has no such image-text model to compare with")
    own, side = subject.tokenizer, subject.side_of(None)
    texts = [text.lower() for text in subject.readable(side)[::12]]
    siglip = kind_of(subject.published.text).startswith("siglip")
    apart = []
    for text in texts:
        length = {"padding": "max_length"} if siglip else {}
        most = model.config.text_config.max_position_embeddings
        coded = own(text, return_tensors="pt", truncation=True, max_length=min(most, 64 if siglip else 77), **length)
        with torch.inference_mode():
            mask = None if siglip else coded["attention_mask"]
            wanted = model.get_text_features(coded["input_ids"], attention_mask=mask).pooler_output
        found = subject.text(subject.tokens([text], side))
        apart.append(float(cosine_similarity(found, wanted.float(), dim=1)))
    return _verdict(min(apart), "texts") if apart else unknown("the model reads none of the probes' texts")


def _verdict(likeness: float, what: str) -> Finding:
    if not likeness >= OWN:
        return fault(
            f"{what} have other vectors than the published model gives (cosine {likeness:.4f})",
            "Compare pooling, projection and weights with the model's own code.",
        )
    return passed(f"{what} have the published model's vectors (cosine {likeness:.5f} at least)")


def _matrices(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Weights of two axes and more that are not the same number throughout."""
    for name, weight in module.named_parameters():
        if weight.ndim > 1 and weight.numel() >= LARGE and not _constant(weight):
            yield name, weight


def _tensors(files: list[Path], shapes: set[tuple[int, ...]]) -> Iterator[Tensor]:
    """The tensors in safetensors files that have one of these shapes."""
    for file in files:
        with safe_open(file, "pt") as opened:
            for name in opened.keys():  # noqa: SIM118 (a file is no mapping)
                if tuple(opened.get_slice(name).get_shape()) in shapes:
                    yield opened.get_tensor(name)


def _constant(weight: Tensor) -> bool:
    return bool((weight == weight.flatten()[0]).all())


def _digest(tensor: Tensor) -> bytes:
    plain: Any = tensor.detach().cpu().contiguous()
    digest = hashlib.sha256()
    digest.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.digest()
