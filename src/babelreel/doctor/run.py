"""All checks, in order, and their report. A check is a function of the subject; a new one is a line in `CHECKS`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from babelreel.doctor import frames, texts, tokens, vectors, weights
from babelreel.doctor.finding import Finding, Verdict, fault, unknown
from babelreel.doctor.pictures import PICTURE_CHECKS, picture_check
from babelreel.doctor.probes import write_probes
from babelreel.doctor.subject import Subject
from babelreel.model import Model
from babelreel.progress import Report


class Check(NamedTuple):
    """`after` are checks whose fault would show in this one too: then it cannot tell."""

    look: Callable[[Subject], Finding]
    after: tuple[str, ...] = ()


PIXELS = tuple(PICTURE_CHECKS)
MEDIA_STEADY = ("picture size", "finite media", "media twice")
TEXT_STEADY = ("routing", "finite texts", "text twice")
WEIGHTS: dict[str, Check] = {
    "evaluation mode": Check(vectors.evaluation_mode),
    "finite weights": Check(weights.finite_weights),
    "weights of the checkpoint": Check(weights.from_the_checkpoint, ("finite weights",)),
    "two towers": Check(weights.two_towers),
    "repeated layers": Check(weights.repeated_layers, ("two towers",)),
}
MEDIA: dict[str, Check] = {
    **{name: Check(partial(picture_check, name)) for name in PICTURE_CHECKS},
    "frame number": Check(frames.frame_number, PIXELS),
    "frame pixels": Check(frames.frame_pixels, PIXELS),
    "frame order": Check(frames.frame_order, ("frame pixels",)),
    "frame times": Check(frames.frame_times, ("frame pixels", "frame number", "frame order")),
    "finite media": Check(vectors.finite_media, ("finite weights", "picture size")),
    "media twice": Check(vectors.media_twice, ("finite media", "picture size")),
    "media in a batch": Check(vectors.media_batch, MEDIA_STEADY),
    "padded frames": Check(frames.padded_frames, (*MEDIA_STEADY, "media in a batch")),
    "places of frames": Check(
        frames.frame_places, (*MEDIA_STEADY, "media in a batch", "frame number", "frame order", "frame times")
    ),
    "every frame": Check(frames.every_frame, (*MEDIA_STEADY, "frame number")),
    "clip backwards": Check(frames.order_read, (*MEDIA_STEADY, "every frame", "frame number", "places of frames")),
    "collapsed media": Check(vectors.media_collapse, (*PIXELS, *MEDIA_STEADY)),
    "media in half precision": Check(vectors.media_precision, MEDIA_STEADY),
}
TEXTS: dict[str, Check] = {
    "routing": Check(texts.routing),
    "languages": Check(texts.languages, ("routing",)),
    "lower case": Check(tokens.lower_case),
    "padding length": Check(tokens.padding_length),
    "padding side": Check(tokens.padding_side),
    "end token": Check(tokens.end_token),
    "end token after a cut": Check(tokens.end_after_cut, ("end token",)),
    "text length": Check(tokens.text_length),
    "special tokens in captions": Check(tokens.special_tokens),
    "Unicode forms": Check(texts.unicode_forms),
    "pieces of the tokenizer": Check(tokens.published_pieces),
    "finite texts": Check(vectors.finite_texts, ("finite weights", "routing")),
    "text twice": Check(vectors.text_twice, ("finite texts", "routing")),
    "texts in a batch": Check(vectors.text_batch, TEXT_STEADY),
    "padded texts": Check(texts.text_padding, (*TEXT_STEADY, "end token")),
    "collapsed texts": Check(vectors.text_collapse, (*TEXT_STEADY, "end token")),
    "texts in half precision": Check(vectors.text_precision, TEXT_STEADY),
}
WHOLE: dict[str, Check] = {
    "widths": Check(vectors.widths, (*MEDIA_STEADY, *TEXT_STEADY)),
    "lengths": Check(vectors.lengths, (*MEDIA_STEADY, *TEXT_STEADY)),
    "scores": Check(vectors.scores, (*MEDIA_STEADY, *TEXT_STEADY, "widths")),
    "published image tower": Check(weights.image_tower, (*WEIGHTS, *MEDIA, "widths")),
    "published text tower": Check(weights.text_tower, (*WEIGHTS, *TEXTS, "widths")),
    "saved and loaded": Check(weights.saved_and_loaded, ("finite weights", *MEDIA, *TEXTS, "widths", "lengths")),
}
CHECKS = WEIGHTS | MEDIA | TEXTS | WHOLE


def examine(model: Model, langs: Sequence[str] | None = None, progress: Report | None = None) -> list[Finding]:
    """Every check of a model, in order. `langs` are the languages it must read; None: those that its card names.

    The model is put into evaluation mode.
    """
    with tempfile.TemporaryDirectory(prefix="babelreel-") as folder:
        return diagnose(Subject(model, write_probes(Path(folder)), langs), progress)


def diagnose(subject: Subject, progress: Report | None = None, checks: Mapping[str, Check] = CHECKS) -> list[Finding]:
    """The checks of a subject, in order."""
    found: dict[str, Finding] = {}
    hidden: dict[str, str] = {}  # a check whose own answer would mean nothing, and the fault that hides it
    for done, (name, check) in enumerate(checks.items(), start=1):
        before = [each for each in check.after if each in found]
        causes = [each for each in before if found[each].verdict is Verdict.FAULT]
        causes += [hidden[each] for each in before if each in hidden]
        if causes:
            hidden[name] = causes[0]
            finding = unknown(f"the fault of {causes[0]!r} would show here too")
        else:
            finding = _look(check, subject)
        found[name] = replace(finding, check=name)
        if progress is not None:
            progress(done, len(checks))
    return list(found.values())


def _look(check: Check, subject: Subject) -> Finding:
    try:
        return check.look(subject)
    except Exception as error:  # whatever a broken model raises is what was looked for
        reason = (str(error) or type(error).__name__).splitlines()[0]
        return fault(f"it stopped with {type(error).__name__}: {reason}", "The model cannot read such input at all.")


def faults(findings: Sequence[Finding]) -> list[Finding]:
    """Those that are faults."""
    return [finding for finding in findings if finding.verdict is Verdict.FAULT]


def to_text(findings: Sequence[Finding]) -> str:
    """A line a check, what to do below its fault, and how many there are of each verdict."""
    marks = {Verdict.PASS: "  ", Verdict.FAULT: "!!", Verdict.UNKNOWN: " ?"}
    width = max(len(finding.check) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{marks[finding.verdict]} {finding.check:{width}}  {finding.found}")
        if finding.advice:
            lines.append(f"   {'':{width}}  -> {finding.advice}")
    counts = [sum(finding.verdict is verdict for finding in findings) for verdict in Verdict]
    lines.append(f"\n{len(findings)} checks: {counts[0]} passed, {counts[1]} found a fault, {counts[2]} cannot tell")
    return "\n".join(lines)


def to_json(findings: Sequence[Finding], source: str) -> str:
    """The findings as JSON."""
    return json.dumps({"model": source, "findings": [asdict(f) for f in findings]}, ensure_ascii=False, indent=1) + "\n"
