"""The command line: each command is a few lines around the Python API. Heavy imports happen inside the commands.

Exit codes: 0 done; 1 failed, the message says why; 2 wrong usage; 3 done, but some files could not be read;
130 a training was stopped by Ctrl-C and can be resumed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from babelreel.commands.adding import adding_app
from babelreel.commands.data import data_app
from babelreel.commands.doctor import doctor_app
from babelreel.commands.export import export_app
from babelreel.commands.index import index_app
from babelreel.commands.report import report_app
from babelreel.commands.serve import serve_app
from babelreel.commands.shared import (
    Bank,
    Cache,
    Captions,
    CorpusOption,
    Corrected,
    Device,
    Frames,
    Langs,
    MediaRoot,
    ModelArgument,
    Queries,
    Sampled,
    Seed,
    Split,
    Temperature,
    TextModel,
    load_model,
    open_corpus,
    report_failures,
    stoppable,
    write_text,
)
from babelreel.commands.translate import translate_app
from babelreel.errors import BabelreelError
from babelreel.memory import keep_freed_memory
from babelreel.progress import progress_bar

app = typer.Typer(
    name="babelreel",
    help="Find moments in videos, and images, from a query in any language; train and measure the models that do so.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(adding_app)
app.add_typer(data_app, name="data")
app.add_typer(doctor_app)
app.add_typer(index_app)
app.add_typer(report_app)
app.add_typer(serve_app)
app.add_typer(translate_app)
app.add_typer(export_app)


def main() -> None:
    """Run the command line; an error meant for the user is one message, not a traceback."""
    # Before torch is loaded: threads that spin while they wait made training ten times slower on a core shared with a
    # decoder or another process, and no faster on an idle one.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    keep_freed_memory()
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

    with stoppable("The same command goes on from here."):
        run_demo(Demo(folder, clips, seed))


@app.command("eval")
def evaluate_command(
    model: ModelArgument,
    corpus: CorpusOption,
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
    sampling: Sampled = None,
    protocol: Queries = "caption",
    captions: Captions = None,
    correction: Corrected = None,
    temperature: Temperature = None,
    bank: Bank = "train",
    seed: Seed = 0,
    device: Device = None,
    cache: Cache = None,
) -> None:
    """Measure a model on a corpus, language by language, in both directions."""
    from babelreel.corrections import correct
    from babelreel.evaluate import evaluate_model
    from babelreel.plots import plot_recall, refuse_plot
    from babelreel.protocol.conditions import resampled
    from babelreel.protocol.queries import ask
    from babelreel.report import to_json, to_markdown, to_text

    if plot is not None:
        refuse_plot(plot)
    whole, asked = ask(open_corpus(corpus, media_root, None, langs), protocol, captions)
    chosen = whole.select(split)
    loaded = resampled(load_model(model, text, None, device), frames, sampling, seed)
    corrected = correct(correction, temperature, loaded, whole, bank, split)
    with progress_bar("encoding media") as progress:
        result = evaluate_model(
            loaded, chosen, split=split or "", cache=cache, seed=seed, progress=progress, correction=corrected,
            protocol=asked,
        )  # fmt: skip
    print(to_text(result))
    for path, content in ((json_file, to_json), (markdown, to_markdown)):
        if path is not None:
            write_text(path, content(result))
    if plot is not None:
        plot_recall(result, plot)
    if candidates is not None:
        from babelreel.candidates import first_stage, read_sizes, to_table

        print(f"\n{to_table(first_stage(loaded, chosen, read_sizes(candidates), cache=cache))}")
    report_failures(result.failures)


@app.command()
def encode(
    model: ModelArgument,
    corpus: CorpusOption,
    media_root: MediaRoot = None,
    split: Split = None,
    text: TextModel = None,
    frames: Frames = None,
    device: Device = None,
    cache: Cache = None,
) -> None:
    """Encode a corpus's media into the representation store, so that later runs decode nothing."""
    chosen = open_corpus(corpus, media_root, split, None)
    loaded = load_model(model, text, frames, device)
    with progress_bar("encoding media") as progress:
        encoded = loaded.encode_media(chosen, cache, progress)
    print(f"{len(encoded.ids)} of {len(chosen)} items encoded, model {loaded.fingerprint}")
    report_failures(encoded.failures)


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
    with stoppable(again), progress_bar("training", "steps") as progress:
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
    from babelreel.runs import languages_of, load_run, read_run_info, save_run, training

    joined = Ensemble([load_run(run) for run in runs])
    seeds = [seed for run in runs for seed in training(read_run_info(run).made).seeds]
    save_run(joined, output, {"joined": [str(run) for run in runs], "trained": languages_of(runs), "seeds": seeds})
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
    plot: Annotated[
        Path | None, typer.Option(help="write R@1 by training and test languages as a heat map (.png, .svg)")
    ] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="key=value, wins over the recipe")] = None,
    cache: Cache = None,
) -> None:
    """Train a recipe with every value of its [sweep] lines, and compare them; interrupted, it goes on."""
    from babelreel.config import parse_override
    from babelreel.plots import plot_matrix, refuse_plot
    from babelreel.training import sweep as sweeps

    changes = dict(map(parse_override, overrides or []))
    if plot is not None:
        refuse_plot(plot)
    with stoppable("The same command goes on from here."), progress_bar("sweeping", "steps") as progress:
        trials = sweeps.sweep(
            recipe, output, overrides=changes, only=only or (), seeds=seeds, split=split, cache=cache, report=progress
        )
    measured = split or "the validation split"
    table = sweeps.to_markdown(trials, measured)
    print(table)
    write_text(output / "sweep.md", table)
    if plot is not None:
        count = f", mean of {seeds} seeds" if seeds > 1 else ""
        plot_matrix(*sweeps.transfer(trials), plot, f"R@1 (%) on {measured}, a row a training{count}")
