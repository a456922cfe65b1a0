"""The input self-test in the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from babelreel.commands.shared import Device, Frames, ModelArgument, TextModel, load_model, split_langs, write_text
from babelreel.progress import progress_bar

doctor_app = typer.Typer()


@doctor_app.command()
def doctor(
    model: ModelArgument,
    langs: Annotated[
        str | None, typer.Option(help="languages that it must read, such as de,sw; default: those its card names")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the findings as JSON")] = None,
    text: TextModel = None,
    frames: Frames = None,
    device: Device = None,
) -> None:
    """Test whether a model gets pictures, frames and texts as it was trained with; exit code 1 where it does not."""
    from babelreel.doctor.run import examine, faults, to_json, to_text

    loaded = load_model(model, text, frames, device)
    with progress_bar("examining", "checks") as progress:
        findings = examine(loaded, split_langs(langs), progress)
    print(to_text(findings))
    if json_file is not None:
        write_text(json_file, to_json(findings, loaded.title))
    if faults(findings):
        raise typer.Exit(1)
