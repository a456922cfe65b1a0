"""Index and search in the shell. One verb a command, so that the two lines everyone needs stay short."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from babelreel.commands.shared import (
    Cache,
    CorpusOption,
    Device,
    Frames,
    Langs,
    MediaRoot,
    Split,
    TextModel,
    load_model,
    open_corpus,
    report_failures,
    stoppable,
    write_text,
)
from babelreel.progress import progress_bar

if TYPE_CHECKING:
    from babelreel.index.query import Query
    from babelreel.index.search import Searcher
    from babelreel.index.store import IndexInfo
    from babelreel.model import Model
    from babelreel.types import Hit

index_app = typer.Typer()
PANEL = "Index and search"

Where = Annotated[str, typer.Option("--index", help="the index: a folder, or the URL of a Milvus server")]
Target = Annotated[
    str, typer.Option("--index", "--output", "-o", help="the index: a folder, or the URL of a Milvus server")
]
Reader = Annotated[
    str | None,
    typer.Option("--model", help="read texts with this model, which has the index's media side; default: its own"),
]
DEFAULT = "babelreel-index"


@index_app.command(rich_help_panel=PANEL)
def index(
    paths: Annotated[list[Path], typer.Argument(help="folders and files with videos and images")],
    model: Annotated[
        str | None, typer.Option(help="a model folder or a hub id; default: the one that wrote the index")
    ] = None,
    where: Target = DEFAULT,
    text: TextModel = None,
    frames: Frames = None,
    window: Annotated[float | None, typer.Option(help="cut longer videos into windows of so many seconds")] = None,
    stride: Annotated[float | None, typer.Option(help="seconds from one window to the next; default: a window")] = None,
    shots: Annotated[bool, typer.Option("--shots", help="cut where shots change")] = False,
    precision: Annotated[
        Literal["float16", "bfloat16", "float32"] | None, typer.Option(help="how frames' vectors are kept")
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="forget files that are no longer there")] = False,
    report: Annotated[Path | None, typer.Option(help="write what was done, and what failed, as JSON")] = None,
    device: Device = None,
) -> None:
    """Index videos and images; again, it encodes only what is new, and stopped, it goes on."""
    from babelreel.index.build import build_index, find_media_below, prepare_index
    from babelreel.index.open import open_index
    from babelreel.media.windows import Windows

    if not prune:
        find_media_below(paths)  # before anything is made
    loaded = _model_of(open_index(where).info, device) if model is None else load_model(model, text, frames, device)
    given: dict[str, Any] = {"length": window, "stride": stride, "shots": shots or None}
    chosen = {name: value for name, value in given.items() if value is not None}
    opened = prepare_index(where, loaded, Windows(**chosen) if chosen else None, precision)
    again = "What was encoded is kept; the same command goes on from here."
    with stoppable(again), progress_bar("indexing", "files") as progress:
        done = build_index(paths, loaded, opened, prune=prune, progress=progress)
    if report is not None:
        write_text(report, json.dumps(asdict(done), ensure_ascii=False, indent=1) + "\n")
    told = ", ".join(f"{count} {name}" for name, count in done.files.items() if count)
    print(f"{done.entries} entries in {where}; files: {told}; {done.encoded} encoded in {done.seconds:.1f} s")
    report_failures(done.failures)


@index_app.command(rich_help_panel=PANEL)
def search(
    query: Annotated[str | None, typer.Argument(help="what to look for, in any language")] = None,
    where: Where = DEFAULT,
    k: Annotated[int, typer.Option("-k", min=1, help="how many hits")] = 10,
    offset: Annotated[int, typer.Option(min=0, help="leave out so many hits: the next page")] = 0,
    lang: Annotated[str | None, typer.Option(help="the query's language, when known")] = None,
    image: Annotated[Path | None, typer.Option(help="look for what is like this photograph or clip")] = None,
    like: Annotated[str | None, typer.Option(help="look for what is like this hit, by its id")] = None,
    unlike: Annotated[str | None, typer.Option(help="what shall not be there, in words")] = None,
    kind: Annotated[Literal["video", "image"] | None, typer.Option(help="videos or images only")] = None,
    folder: Annotated[Path | None, typer.Option(help="only what lies below this folder")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="leave out hits of less confidence (see `calibrate`)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the answer as JSON")] = False,
    model: Reader = None,
    device: Device = None,
) -> None:
    """Search an index: the best videos and images, each with its best moment."""
    from babelreel.index.query import Query
    from babelreel.index.store import Filter

    below = None if folder is None else str(folder.expanduser().absolute())
    filters = Filter(kind=kind, folder=below)
    asked = Query(query, lang, image, like, unlike, filters, k, offset, threshold)
    searcher = open_searcher(where, model, device)
    if as_json:
        print(json.dumps(asdict(searcher.search(asked)), ensure_ascii=False))
    else:
        print_answer(searcher, asked)


@index_app.command(rich_help_panel=PANEL)
def stats(where: Where = DEFAULT) -> None:
    """What an index holds, and what is known of it."""
    from babelreel.index.open import open_index

    opened = open_index(where)
    held, info, notes = opened.stats(), opened.info, opened.notes()
    kinds: dict[str, set[str]] = {"video": set(), "image": set()}
    seconds: dict[str, float] = {}
    for page in opened.entries():
        for entry in page:
            kinds[entry.kind].add(entry.path)
            seconds[entry.path] = entry.duration
    print(f"{len(kinds['video'])} videos of {sum(seconds.values()) / 3600:.2f} h, {len(kinds['image'])} images")
    print(f"{held.entries} entries, {held.bytes / 1e6:.1f} MB" if held.bytes else f"{held.entries} entries")
    print(f"model: {info.model.get('source')} (fingerprint {info.fingerprint})")
    print(f"settings: {json.dumps(dict(info.settings))}")
    recall = f", recall@10 {notes['recall']:.3f} against exact search" if "recall" in notes else ""
    print(f"approximate index: {held.approximate or 'none, nearest vectors are searched exactly'}{recall}")
    langs = ", ".join(sorted(lang for lang in notes.get("calibration", {}) if lang))
    print(f"calibrated: {langs or 'no'}")


@index_app.command(rich_help_panel=PANEL)
def verify(where: Where = DEFAULT) -> None:
    """Read every file and every vector of an index, and list what is wrong."""
    from babelreel.index.open import open_index
    from babelreel.index.upkeep import verify as verified

    opened = open_index(where)
    with progress_bar("verifying", "files") as progress:
        wrong = verified(opened, progress=progress)
    print(f"{len(opened)} entries, {len(wrong)} problems")
    report_failures(wrong, "are not as they should be")


@index_app.command(rich_help_panel=PANEL)
def remove(
    paths: Annotated[list[Path], typer.Argument(help="files, and folders with all that is in them")],
    where: Where = DEFAULT,
) -> None:
    """Forget files; they themselves stay where they are."""
    from babelreel.index.open import open_index
    from babelreel.index.upkeep import remove as removed

    print(f"{len(removed(open_index(where), paths))} files removed from {where}")


@index_app.command(rich_help_panel=PANEL)
def calibrate(
    corpus: CorpusOption,
    where: Where = DEFAULT,
    media_root: MediaRoot = None,
    split: Split = "val",
    langs: Langs = None,
    model: Reader = None,
    device: Device = None,
    cache: Cache = None,
) -> None:
    """Learn from captions, not of the training, which scores mean a match in which language."""
    from babelreel.index.calibrate import calibrate as calibrated

    searcher = open_searcher(where, model, device)
    chosen = open_corpus(corpus, media_root, split, langs)
    with progress_bar("encoding media") as progress:
        found = calibrated(searcher.index, searcher.model, chosen, cache, progress)
    print(f"calibrated in {', '.join(sorted(lang for lang in found.weights if lang))}: hits now have a confidence")


def open_searcher(where: str, model: str | None, device: str | None) -> Searcher:
    """An index with the model that wrote it, or with another of its media side, such as one with more languages."""
    from babelreel.index.search import Searcher
    from babelreel.model import load

    return Searcher(where, None if model is None else load(model, device=device), device)


def print_answer(searcher: Searcher, query: Query) -> None:
    """Search, and print the hits: rank, score, confidence, file, best moment in seconds, and id."""
    for text in (query.text, query.unlike):
        if text is not None:
            _warn(searcher.model, text, query.lang)
    answer = searcher.search(query)
    if not len(answer):
        print("No good match." if query.threshold is not None else "Nothing found.", file=sys.stderr)
    for hit in answer:
        print(f"{hit.rank:4}  {hit.score:7.4f}{_sure(hit)}  {hit.path}{_moments(hit)}  [{hit.id}]")


def _model_of(info: IndexInfo, device: str | None) -> Model:
    from babelreel.model import load

    return load(**info.model, device=device)


def _warn(model: Model, text: str, lang: str | None) -> None:
    """Say what the model does not read of a text."""
    spoken = model.language(text, lang)
    tokenizer = model.method.texts[model.method.route(spoken)]
    length = tokenizer.lengths([text], [spoken or ""])[0]
    if not length and text.strip():
        print("The model knows nothing of this query, so the order of the hits means nothing.", file=sys.stderr)
    if tokenizer.limit is not None and length > tokenizer.limit:
        print(f"The query has {length} tokens; the model reads the first {tokenizer.limit}.", file=sys.stderr)


def _sure(hit: Hit) -> str:
    return "" if hit.confidence is None else f"  {hit.confidence:4.0%}"


def _moments(hit: Hit) -> str:
    if hit.moment is None:
        return ""
    others = ", ".join(_clock(moment.time) for moment in hit.moments[:3])
    return f"  at {_clock(hit.moment)}" + (f" (also {others})" if others else "")


def _clock(seconds: float) -> str:
    hours, minutes = divmod(int(seconds // 60), 60)
    return f"{hours}:{minutes:02}:{seconds % 60:04.1f}" if hours else f"{minutes}:{seconds % 60:04.1f}"
