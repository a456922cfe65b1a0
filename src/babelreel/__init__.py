"""babelreel: find moments in videos, and images, from a query in any language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Filter", "Query", "Searcher", "load", "open_corpus"]

if TYPE_CHECKING:
    from babelreel.corpora.registry import open_corpus
    from babelreel.index.query import Query
    from babelreel.index.search import Searcher
    from babelreel.index.store import Filter
    from babelreel.model import load

_WHERE = {
    "load": "babelreel.model",
    "Searcher": "babelreel.index.search",
    "Query": "babelreel.index.query",
    "Filter": "babelreel.index.store",
    "open_corpus": "babelreel.corpora.registry",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used, so that `import babelreel` costs nothing."""
    if name in _WHERE:
        import importlib

        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'babelreel' has no attribute {name!r}")
