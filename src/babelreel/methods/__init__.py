"""One paper, one file: the only place where encoders meet losses."""

from __future__ import annotations

from importlib import import_module

from babelreel.errors import ConfigError
from babelreel.methods.base import Method

# name in recipes and run folders -> where the class is
METHODS = {
    "clip4clip": "babelreel.methods.clip4clip:CLIP4Clip",
    "ensemble": "babelreel.methods.ensemble:Ensemble",
    "mkd": "babelreel.methods.mkd:MKD",
    "mla": "babelreel.methods.mla:MLA",
    "mumur": "babelreel.methods.mumur:MuMUR",
}


def method_class(name: str) -> type[Method]:
    """The class of a method.

    Raises:
        ConfigError: when there is no method of that name.
    """
    if name not in METHODS:
        raise ConfigError(f"There is no method {name!r}. There are: {', '.join(METHODS)}.")
    module, _, attribute = METHODS[name].partition(":")
    found: type[Method] = getattr(import_module(module), attribute)
    return found


def method_name(method: Method) -> str:
    """The name under which `METHODS` lists a method."""
    return next(name for name in METHODS if method_class(name) is type(method))
