"""A language for a trained model, in the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from babelreel.commands.shared import Cache, Device, Frames, MediaRoot, ModelArgument, TextModel, load_model, stoppable
from babelreel.progress import progress_bar

adding_app = typer.Typer()


@adding_app.command("add-language")
def add_language(
    model: ModelArgument,
    lang: Annotated[str, typer.Option(help="the language's BCP 47 code, such as cs; several with commas between")],
    pairs: Annotated[
        str, typer.Option(help="parallel text with English: a TSV, CSV or JSONL file, plain or gzipped, or a corpus")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="the folder of the new model")],
    captions: Annotated[str | None, typer.Option(help="go on with this corpus's captions and media (mla)")] = None,
    test: Annotated[str | None, typer.Option(help="measure on this corpus too; default: on that of --captions")] = None,
    media_root: MediaRoot = None,
    method: Annotated[
        Literal["mla", "mkd"], typer.Option(help="adapters in the model's own text tower, or a text tower beside it")
    ] = "mla",
    tower: Annotated[
        str, typer.Option(help="a hub id or folder: mkd's text tower, or for mla a tokenizer with word vectors")
    ] = "",
    start_from: Annotated[str, typer.Option(help="an added language to start from, none, or auto: a related one")] = (
        "auto"
    ),
    first: Annotated[int | None, typer.Option(min=1, help="train on the first so many pairs only")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="train a language anew that was added before")] = False,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="key=value, wins over the recipe")] = None,
    text: TextModel = None,
    frames: Frames = None,
    device: Device = None,
    cache: Cache = None,
) -> None:
    """Add a language to a model from parallel text; an index of the old model stays valid, English stays as it was.

    Stopped, the same command goes on.
    """
    from babelreel.adding.add import add_language as add
    from babelreel.adding.plan import Addition
    from babelreel.commands.shared import split_langs
    from babelreel.config import parse_override

    settings = dict(map(parse_override, overrides or []))
    addition = Addition(
        split_langs(lang) or (), pairs, method, captions, test, media_root, first, tower, start_from, replace, settings
    )
    loaded = load_model(model, text, frames, device)
    with stoppable("The same command goes on from here."), progress_bar("adding", "steps") as progress:
        done = add(loaded, addition, output, cache=cache, report=progress)
    print(f"{done.parameters / 1e6:.2f} million weights trained in {done.seconds / 60:.1f} minutes")
    for change in done.changes:
        print(change)
    print(done.proof)
    print(f"The new model: {output}. An index of the old one stays valid:")
    print(f'  babelreel search "..." --lang {addition.langs[0]} --model {output} --index INDEX')
