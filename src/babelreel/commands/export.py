"""Hand a model over to other libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from babelreel.commands.shared import Device, Frames, ModelArgument, TextModel, load_model

export_app = typer.Typer()


@export_app.command()
def export(
    model: ModelArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="the folder to write")],
    text: TextModel = None,
    frames: Frames = None,
    device: Device = None,
) -> None:
    """Write a model as a folder that sentence-transformers opens, and babelreel too."""
    from babelreel.integrations.export import export_sentence

    export_sentence(load_model(model, text, frames, device), output)
    print(f"The model: {output}. SentenceTransformer({str(output)!r}, trust_remote_code=True) opens it.")
