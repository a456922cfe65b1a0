"""Captions into more languages in the shell."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelreel.commands.shared import (
    CorpusArgument,
    Device,
    MediaRoot,
    Split,
    open_corpus,
    split_langs,
    stoppable,
    write_text,
)
from babelreel.progress import progress_bar

if TYPE_CHECKING:
    from babelreel.enrich.translate import Statistics, Translated

translate_app = typer.Typer()


@translate_app.command("translate")
def translate_command(
    corpus: CorpusArgument,
    to: Annotated[str, typer.Option(help="the languages to translate into, separated by commas")],
    model: Annotated[str, typer.Option(help="a M2M100, NLLB-200 or mBART-50 model: a folder or a hub id")],
    source: Annotated[str, typer.Option("--from", help="the language to translate from")] = "en",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="the new manifest; default: CORPUS.LANGUAGES.jsonl")
    ] = None,
    media_root: MediaRoot = None,
    split: Split = None,
    engine: Annotated[
        str | None,
        typer.Option(help="transformers, ctranslate2 or ctranslate2-int8; default: the last that can be used"),
    ] = None,
    beam: Annotated[int, typer.Option(min=1, help="hypotheses that are followed; 1 is greedy and fastest")] = 4,
    batch: Annotated[int, typer.Option(min=1, help="texts that are translated at once")] = 32,
    round_trip: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="drop what resembles its source less when translated back (chrF)"),
    ] = None,
    device: Device = None,
    cache: Annotated[Path | None, typer.Option(help="where translations and converted models are kept")] = None,
) -> None:
    """Translate a corpus's captions; what looks like noise is left out, and listed beside the new manifest.

    Nothing is translated twice: stopped or run again, it goes on from what is done.
    """
    from babelreel.corpora.manifest import write_manifest
    from babelreel.enrich.journal import Journal
    from babelreel.enrich.models import load_translator
    from babelreel.enrich.noise import Limits
    from babelreel.enrich.translate import Work, translate_corpus
    from babelreel.model import cache_folder

    targets = split_langs(to) or ()
    chosen = open_corpus(corpus, media_root, split, None)
    place = cache or cache_folder()
    path = output or Path(f"{chosen.name}.{'-'.join(targets)}.jsonl")
    with stoppable("The same command goes on from here."), progress_bar("translating", "texts") as progress:
        translator = load_translator(model, cache=place, engine=engine, beam=beam, device=device)
        journal = Journal(place / "translations" / f"{translator.fingerprint}.jsonl", translator.fingerprint)
        work = Work(translator, journal, batch, progress)
        done = translate_corpus(chosen, work, targets, source, Limits(returned=round_trip))
    write_manifest(done.corpus, path)
    _write_beside(done, path)
    _tell(done.statistics)
    print(f"The corpus: {path}")
    if path.resolve().parent != chosen.media_root.resolve():
        print(f"Its paths start from {chosen.media_root}: give that as --media-root.")
    if journal.damaged:
        print(f"{journal.damaged} damaged line(s) of {journal.path} were left out.", file=sys.stderr)


def _write_beside(done: Translated, path: Path) -> None:
    lines = [json.dumps(row._asdict(), ensure_ascii=False) + "\n" for row in done.dropped]
    write_text(path.with_suffix(".dropped.jsonl"), "".join(lines))
    rows = json.dumps([asdict(row) for row in done.statistics], indent=1)
    write_text(path.with_suffix(".statistics.json"), rows + "\n")


def _tell(statistics: list[Statistics]) -> None:
    print(f"{'lang':8} {'captions':>9} {'texts':>8} {'new':>8} {'kept':>8} {'length':>7} {'chrF':>6}  dropped")
    for row in statistics:
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        returned = "-" if row.returned is None else f"{row.returned:.1f}"
        reasons = ", ".join(f"{count} {reason}" for reason, count in row.dropped.items()) or "none"
        counts = f"{row.captions:9} {row.texts:8} {row.new:8} {row.kept:8}"
        print(f"{row.lang:8} {counts} {ratio:>7} {returned:>6}  {reasons}")
    for row in statistics:
        if not row.captions:
            print(f"Nothing was left to translate: each group has a caption in {row.lang} already.")
