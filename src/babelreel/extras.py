"""Optional dependencies: imported where they are used, and named when they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from babelreel.errors import MissingExtraError

EXTRA_OF = {
    "accelerate": "train",
    "lancedb": "index",
    "pyarrow": "index",
    "pymilvus": "index",
    "milvus_lite": "index",
    "fastapi": "serve",
    "python_multipart": "serve",
    "prometheus_client": "serve",
    "uvicorn": "serve",
    "ctranslate2": "translate",
    "sentence_transformers": "embed",
    "mteb": "mteb",
    "ray": "scale",
    "scenedetect": "shots",
    "matplotlib": "report",
}


def require(module: str) -> ModuleType:
    """Import an optional module, such as `"matplotlib.pyplot"`.

    Raises:
        MissingExtraError: when it is not installed; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        extra = EXTRA_OF[package]
        raise MissingExtraError(
            f"This needs the package {package!r}, which is not installed. "
            f"Install it with: pip install 'babelreel[{extra}]' -c constraints.txt"
        ) from error
