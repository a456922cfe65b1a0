"""TOML to frozen dataclasses: unknown keys, wrong types and wrong values of a whole file are reported at once.

    @dataclass(frozen=True)
    class Recipe:
        seed: int = 0
        data: Data = Data()

    recipe = load_toml(Path("recipe.toml"), Recipe)

A dataclass says what it accepts by its annotations: str, int, float, bool, Literal, tuple, dict, other dataclasses,
and unions of these with None. Rules between values belong in `__post_init__`, which raises ConfigError or ValueError.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

from babelreel.errors import BabelreelError, ConfigError

T = TypeVar("T")


def load_toml(path: Path, cls: type[T], overrides: Mapping[str, Any] | None = None) -> T:
    """Read a TOML file into `cls`; `overrides` are dotted keys to TOML values, which win over the file.

    Raises:
        ConfigError: when the file is missing, is not TOML, or has wrong keys or values (all of them are listed).
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    for key, value in (overrides or {}).items():
        _set(values, key, value)
    return from_dict(cls, values, where=str(path))


def from_dict(cls: type[T], values: Mapping[str, Any], where: str = "the configuration") -> T:
    """Build the dataclass `cls` from plain values, checking all of them first.

    Raises:
        ConfigError: listing every unknown key (with the nearest known one), missing key, and wrong value.
    """
    errors: list[str] = []
    built = _build(cls, values, "", errors)
    if errors:
        lines = "\n  ".join(errors)
        raise ConfigError(f"{where} has {len(errors)} mistake(s):\n  {lines}")
    return typing.cast(T, built)


def parse_override(text: str) -> tuple[str, Any]:
    """Split `key.sub=value` as given on a command line; the value is TOML, or else a plain string.

    Raises:
        ConfigError: when there is no `=`.
    """
    key, equals, raw = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"An override must read key=value, found {text!r}.")
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        value = raw
    return key.strip(), value


def _set(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
        if not isinstance(values, dict):
            raise ConfigError(f"Cannot set {dotted!r}: {parent!r} is a value, not a table.")
    values[last] = value


def _build(cls: type, values: Any, prefix: str, errors: list[str]) -> Any:
    if not isinstance(values, Mapping):
        errors.append(f"{prefix or 'the top'}: expected a table, found {values!r}")
        return None
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    before = len(errors)
    for key in values:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(fields)}"
            errors.append(f"{prefix}{key}: unknown key; {hint}")
    arguments = {}
    for name, field in fields.items():
        if name in values:
            arguments[name] = _value(hints[name], values[name], f"{prefix}{name}", errors)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            errors.append(f"{prefix}{name}: missing, and it has no default")
    if len(errors) > before:
        return None
    try:
        return cls(**arguments)
    except (BabelreelError, ValueError) as error:
        errors.append(f"{prefix.rstrip('.') or 'the top'}: {error}")
        return None


def _value(kind: Any, value: Any, path: str, errors: list[str]) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _union(arguments, value, path, errors)
    if dataclasses.is_dataclass(kind):
        return _build(typing.cast(type, kind), value, f"{path}.", errors)
    if origin is Literal:
        if value not in arguments or isinstance(value, bool) != any(
            value is a for a in (True, False) if a in arguments
        ):
            errors.append(f"{path}: expected one of {', '.join(map(repr, arguments))}, found {value!r}")
        return value
    if origin is tuple and isinstance(value, list | tuple):
        inner = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        if len(inner) != len(value):
            errors.append(f"{path}: expected {len(inner)} values, found {len(value)}")
            return None
        return tuple(_value(k, v, f"{path}[{i}]", errors) for i, (k, v) in enumerate(zip(inner, value, strict=True)))
    if origin is dict and isinstance(value, Mapping):
        return {k: _value(arguments[1], v, f"{path}.{k}", errors) for k, v in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = origin or kind
    if kind is not Any and (not isinstance(value, plain) or (isinstance(value, bool) and plain is not bool)):
        name = {tuple: "a list", dict: "a table"}.get(plain, plain.__name__)
        errors.append(f"{path}: expected {name}, found {value!r}")
    return value


def _union(arguments: tuple[Any, ...], value: Any, path: str, errors: list[str]) -> Any:
    """The first alternative that accepts the value without complaint; else the complaints of the first."""
    complaints: list[list[str]] = []
    for kind in arguments:
        if kind is type(None):
            continue
        tried: list[str] = []
        result = _value(kind, value, path, tried)
        if not tried:
            return result
        complaints.append(tried)
    errors.extend(complaints[0])
    return None
