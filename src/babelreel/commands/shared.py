"""What several commands take and do: options with one meaning, opening things, telling failures."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from babelreel.model import Model
    from babelreel.types import Corpus

SOME_FAILED = 3
INTERRUPTED = 130  # what shells use for Ctrl-C

ModelArgument = Annotated[str, typer.Argument(help="a model folder or a hub id")]
CorpusArgument = Annotated[str, typer.Argument(help="a corpus name, or the path of a manifest (*.jsonl)")]
CorpusOption = Annotated[str, typer.Option("--corpus", help="a corpus name, or the path of a manifest (*.jsonl)")]
MediaRoot = Annotated[
    Path | None, typer.Option("--media-root", "--root", help="the folder that the corpus's paths start from")
]
Split = Annotated[str | None, typer.Option(help="one split of the corpus")]
Langs = Annotated[str | None, typer.Option(help="languages, separated by commas; default: all")]
Device = Annotated[str | None, typer.Option(help="where to compute, such as cpu or cuda:0; default: the best at hand")]
TextModel = Annotated[str | None, typer.Option("--text", help="take the text tower from this model instead")]
Frames = Annotated[int | None, typer.Option(min=1, help="frames read of a video; default: 12, or what a run says")]
Sampled = Annotated[str | None, typer.Option("--sampling", help="which frames: uniform, random or head")]
Queries = Annotated[str, typer.Option("--protocol", help="caption: each is a query; paragraph: all of a video joined")]
Captions = Annotated[int | None, typer.Option(min=1, help="ask with the first so many captions of an item alone")]
Corrected = Annotated[
    str | None, typer.Option("--correction", help="against hubs: dual-softmax, inverted-softmax or querybank")
]
Temperature = Annotated[float | None, typer.Option(help="of the correction; default: 0.05")]
Bank = Annotated[str, typer.Option("--bank", help="the split whose captions are the query bank")]
Seed = Annotated[int, typer.Option(help="of the intervals' draws, and of the frames of random sampling")]
Cache = Annotated[Path | None, typer.Option(help="where representations are kept between runs")]


@contextmanager
def stoppable(again: str) -> Iterator[None]:
    """Ctrl-C ends long work with a word on how to go on with it, and the exit code that shells use."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"\nStopped. {again}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def open_corpus(name: str, media_root: Path | None, split: str | None, langs: str | None) -> Corpus:
    """A corpus by its name or its manifest's path, or a part of it."""
    from babelreel.corpora.registry import open_corpus as opened

    return opened(name, media_root).select(split, split_langs(langs))


def split_langs(langs: str | None) -> tuple[str, ...] | None:
    """Languages separated by commas."""
    return tuple(lang.strip() for lang in langs.split(",") if lang.strip()) if langs else None


def load_model(model: str, text: str | None, frames: int | None, device: str | None) -> Model:
    """A model as the options describe it."""
    from babelreel.model import load

    return load(model, text=text, frames=frames, device=device)


def write_text(path: Path, content: str) -> None:
    """Write a file whole or not at all."""
    from babelreel.atomic import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def report_failures(failures: Mapping[str, str], what: str = "could not be read") -> None:
    """List what failed on standard error, and say so with the exit code."""
    if failures:
        print(f"{len(failures)} {what}:", file=sys.stderr)
        for item, why in failures.items():
            print(f"  {item}: {why}", file=sys.stderr)
        raise typer.Exit(SOME_FAILED)
