"""What a demo's folder holds already: its parameters, and which stages are finished."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from babelreel.atomic import atomic_path
from babelreel.errors import ConfigError

FILE = "demo.json"
WRITTEN = '"demo/'  # how the recipes of this package name the demo's folder


def recipe_texts(folder: Path) -> dict[str, str]:
    """The demo's recipes by name, with `folder` in the place of "demo"."""
    found = sorted(path for path in files("babelreel.demo").iterdir() if path.name.endswith(".toml"))
    place = f'"{folder.as_posix()}/'
    return {p.name.removesuffix(".toml"): p.read_text(encoding="utf-8").replace(WRITTEN, place) for p in found}


@dataclass(frozen=True, slots=True)
class State:
    """`done` has for each finished stage what it came to."""

    folder: Path
    parameters: dict[str, Any]
    done: dict[str, str]

    @classmethod
    def open(cls, folder: Path, parameters: dict[str, Any]) -> State:
        """The state of a folder, which is made where there is none, with the recipes in it.

        Raises:
            ConfigError: when it was made with other parameters or recipes, or cannot be written.
        """
        recipes = recipe_texts(folder)
        try:
            kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
            state = cls(folder, kept["parameters"], kept["done"])
        except FileNotFoundError:
            state = cls(folder, parameters, {})
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise ConfigError(f"{folder / FILE} is damaged: {error!r}. Remove the folder to begin anew.") from error
        changed = [
            f"{name} was {state.parameters.get(name)!r} and is {value!r}"
            for name, value in parameters.items() if state.parameters.get(name) != value
        ]  # fmt: skip
        for name, text in recipes.items():
            path = folder / "recipes" / f"{name}.toml"
            if path.exists() and path.read_text(encoding="utf-8") != text:
                changed.append(f"{path} is not the demo's own (copy a recipe under another name to change it)")
        if changed:
            raise ConfigError(
                f"{folder} holds a demo that was made otherwise:\n  " + "\n  ".join(changed) + "\n"
                "Nothing was touched. Name another folder with -o, or remove this one."
            )
        try:
            for name, text in recipes.items():
                with atomic_path(folder / "recipes" / f"{name}.toml") as temporary:
                    temporary.write_text(text, encoding="utf-8")
            state._write()
        except OSError as error:
            raise ConfigError(
                f"{folder} cannot be written: {error.strerror or error}. Name another with -o."
            ) from error
        return state

    def finish(self, stage: str, said: str, seconds: float) -> None:
        """Mark a stage as finished, and say what it came to."""
        self.done[stage] = said
        self._write()
        print(f"    {said} ({seconds:.0f} s)", flush=True)

    def _write(self) -> None:
        with atomic_path(self.folder / FILE) as temporary:
            kept = {"parameters": self.parameters, "done": self.done}
            temporary.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
