"""The command line: each command is a few lines around the Python API. Heavy imports happen inside the commands.

Exit codes: 0 done; 1 failed, the message says why; 2 wrong usage; 3 done, but some files could not be read;
130 a training was stopped by Ctrl-C and can be resumed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from babelreel.errors import BabelreelError
from babelreel.progress import progress_bar

if TYPE_CHECKING:
    from babelreel.model import Model
    from babelreel.types import Corpus

SOME_FAILED = 3
INTERRUPTED = 130  # what shells use for Ctrl-C

app = typer.Typer(
    name="babelreel",
    help="Find moments in videos, and images, from a query in any language; train and measure the models that do so.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Corpora: what there is, what they hold, what is missing.", no_args_is_help=True)
app.add_typer(data_app, name="data")

ModelArgument = Annotated[str, typer.Argument(help="a model folder or a hub id")]
CorpusArgument = Annotated[str, typer.Argument(help="a corpus name, or the path of a manifest (*.jsonl)")]
MediaRoot = Annotated[
    Path | None, typer.Option("--media-root", "--root", help="the folder that the corpus's paths start from")
]
Split = Annotated[str | None, typer.Option(help="one split of the corpus")]
Langs = Annotated[str | None, typer.Option(help="languages, separated by commas; default: all")]
Device = Annotated[str | None, typer.Option(help="where to compute, such as cpu or cuda:0; default: the best at hand")]
TextModel = Annotated[str | None, typer.Option("--text", help="take the text tower from this model instead")]
Frames = Annotated[int | None, typer.Option(min=1, help="frames read of a video; default: 12, or what a run says")]
Cache = Annotated[Path | None, typer.Option(help="where representations are kept between runs")]


def main() -> None:
    """Run the command line; an error meant for the user is one message, not a traceback."""
    # Before torch is loaded: threads that spin while they wait made training ten times slower on a core shared with a
    # decoder or another process, and no faster on an idle one.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app()
    except BabelreelError as error:
        print(f"babelreel: {error}", file=sys.stderr)
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _top(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    if version:
        from babelreel import __version__

        print(f"babelreel {__version__}")
        raise typer.Exit


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--output", "-o", help="where the playground and the model go")] = Path(
        "demo"
    ),
    clips: Annotated[int, typer.Option(min=100, help="how many clips to generate")] = 1200,
    seed: Annotated[int, typer.Option(help="the same seed gives the same demo")] = 0,
) -> None:
    """Train the papers' models on a small generated world, measure them in twelve languages, search in five.

    Run again it goes on where it stopped.
    """
    from babelreel.demo import Demo, run_demo

    with _stoppable("The same command goes on from here."):
        run_demo(Demo(folder, clips, seed))


@app.command("eval")
def evaluate_command(
    model: ModelArgument,
    corpus: Annotated[str, typer.Option(help="a corpus name, or the path of a manifest (*.jsonl)")],
    media_root: MediaRoot = None,
    split: Split = None,
    langs: Langs = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the table as JSON")] = None,
    markdown: Annotated[Path | None, typer.Option(help="write the table as Markdown")] = None,
    plot: Annotated[Path | None, typer.Option(help="write a plot of R@1 by language (.png, .svg)")] = None,
    candidates: Annotated[
        str | None, typer.Option(help="what a search of the first C candidates would lose, such as 20,50,100")
    ] = None,
    text: TextModel = None,
    frames: Frames = None,
    device: Device = None,
    cache: Cache = None,
) -> None:
    """Measure a model on a corpus, language by language, in both directions."""
    from babelreel.evaluate import evaluate_model
    from babelreel.report import plot_recall, to_json, to_markdown, to_text

    chosen = _open(corpus, media_root, split, langs)
    loaded = _load(model, text, frames, device)
    with progress_bar("encoding media") as progress:
        result = evaluate_model(loaded, chosen, split=split or "", cache=cache, progress=progress)
    print(to_text(result))
    for path, content in ((json_file, to_json), (markdown, to_markdown)):
        if path is not None:
            _write(path, content(result))
    if plot is not None:
        plot_recall(result, plot)
    if candidates is not None:
        from babelreel.candidates import first_stage, read_sizes, to_table

        print(f"\n{to_table(first_stage(loaded, chosen, read_sizes(candidates), cache=cache))}")
    _report_failures(result.failures)


@app.command()
def encode(
    model: ModelArgument,
    corpus: Annotated[str, typer.Option(help="a corpus name, or the path of a manifest (*.jsonl)")],
    media_root: MediaRoot = None,
    split: Split = None,
    text: TextModel = None,
    frames: Frames = None,
    device: Device = None,
    cache: Cache = None,
) -> None:
    """Encode a corpus's media into the representation store, so that later runs decode nothing."""
    chosen = _open(corpus, media_root, split, None)
    loaded = _load(model, text, frames, device)
    with progress_bar("encoding media") as progress:
        encoded = loaded.encode_media(chosen, cache, progress)
    print(f"{len(encoded.ids)} of {len(chosen)} items encoded, model {loaded.fingerprint}")
    _report_failures(encoded.failures)


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="a recipe, a TOML file")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the run folder")],
    overrides: Annotated[list[str] | None, typer.Option("--set", help="key=value, wins over the recipe")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with an interrupted training")] = False,
    cache: Cache = None,
) -> None:
    """Train a model by a recipe; the best checkpoint on the validation split is what the run folder opens as."""
    from babelreel.config import load_toml, parse_override
    from babelreel.distributed import process
    from babelreel.training.loop import train as run
    from babelreel.training.recipe import Recipe

    chosen = load_toml(recipe, Recipe, dict(map(parse_override, overrides or [])))
    again = f"The same command with --resume goes on from {output / 'checkpoints'}."
    with _stoppable(again), progress_bar("training", "steps") as progress:
        done = run(chosen, output, resume=resume, cache=cache, report=progress)
    if process() == 0:
        print(f"{done.steps} steps in {done.seconds:.0f} s, best validation {done.best:.2f} at step {done.best_step}")
        print(f"The model: {output}")


@app.command()
def join(
    runs: Annotated[list[Path], typer.Argument(help="runs of one recipe with different seeds")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the run folder")],
) -> None:
    """Join runs into one model: the mean of their scores."""
    from babelreel.methods.ensemble import Ensemble
    from babelreel.runs import load_run, save_run

    save_run(Ensemble([load_run(run) for run in runs]), output, {"joined": [str(run) for run in runs]})
    print(f"The model: {output}")


@app.command()
def sweep(
    recipe: Annotated[Path, typer.Argument(help="a recipe with a [sweep] table")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the folder of the runs")],
    only: Annotated[
        list[str] | None, typer.Option(help="a line of the table, such as method.heads; default: all")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each value, each with another seed")] = 1,
    split: Annotated[str | None, typer.Option(help="what to measure on; default: the validation split")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="key=value, wins over the recipe")] = None,
    cache: Cache = None,
) -> None:
    """Train a recipe with every value of its [sweep] lines, and compare them; interrupted, it goes on."""
    from babelreel.config import parse_override
    from babelreel.training import sweep as sweeps

    changes = dict(map(parse_override, overrides or []))
    with _stoppable("The same command goes on from here."), progress_bar("sweeping", "steps") as progress:
        trials = sweeps.sweep(
            recipe, output, overrides=changes, only=only or (), seeds=seeds, split=split, cache=cache, report=progress
        )
    table = sweeps.to_markdown(trials, split or "the validation split")
    print(table)
    _write(output / "sweep.md", table)


@app.command()
def index(
    paths: Annotated[list[Path], typer.Argument(help="folders and files with videos and images")],
    model: Annotated[str, typer.Option(help="a model folder or a hub id")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the folder of the index")] = Path("babelreel-index"),
    text: TextModel = None,
    frames: Frames = None,
    device: Device = None,
) -> None:
    """Index videos and images; running it again encodes only what is new."""
    from babelreel.corpora.folder import read_folder
    from babelreel.index.build import build_index

    corpus, failures = read_folder([str(path) for path in paths])
    loaded = _load(model, text, frames, device)
    with progress_bar("indexing") as progress:
        failures |= build_index(corpus, loaded, output, progress)
    print(f"{len(corpus) - len(failures.keys() & {i.id for i in corpus.items})} items in {output}")
    _report_failures(failures)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="what to look for, in any language")],
    index_folder: Annotated[Path, typer.Option("--index", help="the folder of the index")] = Path("babelreel-index"),
    k: Annotated[int, typer.Option("-k", min=1, help="how many hits")] = 10,
    lang: Annotated[str | None, typer.Option(help="the query's language, when known")] = None,
    device: Device = None,
) -> None:
    """Search an index: the best videos and images for a text, each with its best moment."""
    from babelreel.index.search import Searcher

    print_hits(Searcher(index_folder, device=device), query, k, lang)


@data_app.command("list")
def data_list() -> None:
    """The corpora that have a name."""
    from babelreel.corpora.registry import CORPORA

    for name, entry in CORPORA.items():
        print(f"{name}\n    {entry.about}\n    needs: {entry.needs}")
        print(f"    from: {entry.source}\n    licence: {entry.licence}")
    print("Any other corpus is a manifest: JSON lines with id, path, kind, start, end, split, captions.")


@data_app.command("stats")
def data_stats(corpus: CorpusArgument, media_root: MediaRoot = None) -> None:
    """Items and captions by split and language."""
    from babelreel.corpora.check import statistics

    print(f"{'split':10} {'lang':8} {'items':>8} {'captions':>9} {'characters a caption':>21}")
    for row in statistics(_open(corpus, media_root, None, None)):
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
    _report_failures(failures)
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
    for item in _open(corpus, media_root, split, langs).items[:count]:
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
        corpus = generate(folder, clips, seed, _split_langs(langs) or LANGS, progress=progress)
    print(f"{len(corpus)} clips and {folder / 'manifest.jsonl'}")


def print_hits(searcher: Any, query: str, k: int, lang: str | None) -> None:
    """Print the hits of one query: rank, score, file, and the best moment in seconds."""
    tokenizer = searcher.model.method.texts[searcher.model.role(query, lang)]
    length = tokenizer.lengths([query])[0]
    if not length:
        print("The model knows nothing of this query, so the order of the hits means nothing.", file=sys.stderr)
    if tokenizer.limit is not None and length > tokenizer.limit:
        print(f"The query has {length} tokens; the model reads the first {tokenizer.limit}.", file=sys.stderr)
    for hit in searcher.search(query, k, lang):
        at = "" if hit.moment is None else f"  at {int(hit.moment // 60)}:{hit.moment % 60:04.1f}"
        print(f"{hit.rank:4}  {hit.score:7.4f}  {hit.path}{at}")


@contextmanager
def _stoppable(again: str) -> Iterator[None]:
    """Ctrl-C ends long work with a word on how to go on with it, and the exit code that shells use."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"\nStopped. {again}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def _open(name: str, media_root: Path | None, split: str | None, langs: str | None) -> Corpus:
    from babelreel.corpora.registry import open_corpus

    return open_corpus(name, media_root).select(split, _split_langs(langs))


def _split_langs(langs: str | None) -> tuple[str, ...] | None:
    return tuple(lang.strip() for lang in langs.split(",") if lang.strip()) if langs else None


def _load(model: str, text: str | None, frames: int | None, device: str | None) -> Model:
    from babelreel.model import load

    return load(model, text=text, frames=frames, device=device)


def _write(path: Path, content: str) -> None:
    from babelreel.atomic import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def _report_failures(failures: Mapping[str, str]) -> None:
    """List what could not be read on standard error, and say so with the exit code."""
    if failures:
        print(f"{len(failures)} could not be read:", file=sys.stderr)
        for item, why in failures.items():
            print(f"  {item}: {why}", file=sys.stderr)
        raise typer.Exit(SOME_FAILED)
