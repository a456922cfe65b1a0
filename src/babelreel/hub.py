"""A hub id or a local folder becomes a local folder; offline, an unknown hub id is an error at once.

Only configuration, vocabularies and safetensors weights are ever read: no pickles, no code from a repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from babelreel.errors import ModelError

FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")


def resolve(source: str | Path, files: Sequence[str] = FILES) -> Path:
    """The local folder of `source`: itself, or the hub's snapshot of that id, downloaded when it is not cached.

    `files` are patterns of what is wanted of it.

    Raises:
        ModelError: when there is no such folder, and the hub does not know or cannot be asked for the id.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    name = str(source)
    if folder.exists() or name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise ModelError(
            f"There is no model folder {name!r}. Give a folder with a config.json, or a hub id 'org/name'."
        )
    return _from_hub(name, list(files))


def _from_hub(name: str, files: list[str]) -> Path:
    import httpx2
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        return Path(snapshot_download(name, local_files_only=True, allow_patterns=files))
    except HFValidationError as error:
        raise ModelError(f"{name!r} is neither a folder nor a hub id: {error}.") from error
    except LocalEntryNotFoundError:
        pass
    try:
        # A plain question first: it fails within seconds, where a download would retry for a minute.
        HfApi().model_info(name, timeout=10)
        return Path(snapshot_download(name, allow_patterns=files))
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise ModelError(f"The hub has no model {name!r} that this machine may read. Check the id: {error}.") from error
    except (httpx2.HTTPError, OfflineModeIsEnabled, OSError) as error:
        raise ModelError(
            f"{name!r} is not a folder here, nor in the local hub cache, and the hub cannot be reached. "
            "Go online once to fetch it, or give the path of a downloaded folder."
        ) from error


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of a model folder.

    Raises:
        ModelError: when it is missing or damaged.
    """
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{folder} is not a model folder: it has no {name}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise ModelError(f"{folder / name} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{folder / name} must hold a JSON object, found {type(content).__name__}.")
    return content


@contextmanager
def loading(folder: Path, what: str) -> Iterator[None]:
    """Whatever transformers and safetensors raise on a folder that does not load becomes a `ModelError`."""
    try:
        yield
    except (ImportError, OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(f"{folder} does not load as {what}: {reason}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' bars, and its report of weights left aside: that is meant here, and no news to a user."""
    from transformers import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def load_backbone(model_class: Any, folder: Path, what: str) -> Any:
    """Load the weights that `model_class` knows from a folder; what a whole model holds beside them is left.

    Raises:
        ModelError: when weights are pickles, damaged, or missing: a tower must never be half random.
    """
    require_safetensors(folder)
    with quiet(), loading(folder, what):
        model, info = model_class.from_pretrained(folder, use_safetensors=True, output_loading_info=True)
    missing = sorted(key for key in info["missing_keys"] if "pooler." not in key)  # unused where tokens are averaged
    if missing:
        raise ModelError(f"{folder} does not load as {what}: it lacks {len(missing)} weights, such as {missing[0]}.")
    _out_of_the_file(model)
    return model.eval()


def _out_of_the_file(model: Any) -> None:
    """Weights that are mapped from a file lie at odd addresses, where products round otherwise than after a copy."""
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()


def require_safetensors(folder: Path) -> None:
    """Refuse a folder whose weights are pickles.

    Raises:
        ModelError: when there is no safetensors file.
    """
    if not any(folder.glob("*.safetensors")):
        found = ", ".join(sorted(p.name for p in folder.glob("*.bin"))) or "no weights"
        raise ModelError(
            f"{folder} has no safetensors weights (found: {found}). Pickled weights can run code, so they are not "
            "loaded: convert them once with save_pretrained(..., safe_serialization=True)."
        )
