"""Corpora in the shell: what there is, what they hold, what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from babelreel.commands.shared import (
    SOME_FAILED,
    CorpusArgument,
    Langs,
    MediaRoot,
    Split,
    open_corpus,
    report_failures,
    split_langs,
)
from babelreel.progress import progress_bar

data_app = typer.Typer(help="Corpora: what there is, what they hold, what is missing.", no_args_is_help=True)


@data_app.command("list")
def data_list() -> None:
    """The corpora that have a name."""
    from babelreel.corpora.registry import CORPORA

    for name, entry in CORPORA.items():
        print(f"{name}\n    {entry.about}\n    needs: {entry.needs}")
        print(f"    from: {entry.source}\n    licence: {entry.licence}")
    print("Any other corpus is a manifest: JSON lines with id, path, kind, start, end, split, captions.")
    print("Parallel text is one too: TSV, CSV or JSON lines, the columns named by languages' codes, such as en and cs.")


@data_app.command("stats")
def data_stats(corpus: CorpusArgument, media_root: MediaRoot = None) -> None:
    """Items and captions by split and language."""
    from babelreel.corpora.check import statistics

    print(f"{'split':10} {'lang':8} {'items':>8} {'captions':>9} {'characters a caption':>21}")
    for row in statistics(open_corpus(corpus, media_root, None, None)):
        print(f"{row.split or '-':10} {row.lang:8} {row.items:8} {row.captions:9} {row.characters:21.1f}")


@data_app.command("check")
def data_check(corpus: CorpusArgument, media_root: MediaRoot = None, split: Split = None) -> None:
    """What is missing, counts beside the published ones, odd captions, leaks; then decode a frame of every item."""
    from babelreel.corpora.audit import audit_named
    from babelreel.corpora.check import check

    whole, findings = audit_named(corpus, media_root)
    for finding in findings:
        print(finding)
    chosen = whole.select(split)
    with progress_bar("checking") as progress:
        failures = check(chosen, progress=progress)
    print(f"{len(chosen) - len(failures)} of {len(chosen)} items can be read")
    report_failures(failures)
    if any(finding.fault for finding in findings):
        raise typer.Exit(SOME_FAILED)


@data_app.command("show")
def data_show(
    corpus: CorpusArgument,
    media_root: MediaRoot = None,
    split: Split = None,
    langs: Langs = None,
    count: Annotated[int, typer.Option("-n", min=1, help="how many items")] = 5,
) -> None:
    """A few items with their captions."""
    for item in open_corpus(corpus, media_root, split, langs).items[:count]:
        print(f"{item.id}  {item.kind}  {item.path}  {item.split}")
        for caption in item.captions:
            print(f"    {caption.lang:6} {caption.text}")


@data_app.command("playground")
def data_playground(
    folder: Annotated[Path, typer.Argument(help="where the clips and the manifest go")],
    clips: Annotated[int, typer.Option(min=1, help="how many clips")] = 300,
    seed: Annotated[int, typer.Option(help="the same seed gives the same clips")] = 0,
    langs: Langs = None,
) -> None:
    """Generate clips of moving shapes with captions in twelve languages."""
    from babelreel.corpora.playground.generate import generate
    from babelreel.corpora.playground.scene import LANGS

    with progress_bar("generating", "clips") as progress:
        corpus = generate(folder, clips, seed, split_langs(langs) or LANGS, progress=progress)
    print(f"{len(corpus)} clips and {folder / 'manifest.jsonl'}")
