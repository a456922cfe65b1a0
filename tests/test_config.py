"""config.py: every mistake of a file is reported at once, values arrive typed, overrides win."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from babelreel.config import from_dict, load_toml, parse_override
from babelreel.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    rate: float = 0.1
    langs: tuple[str, ...] = ("en",)
    span: tuple[int, int] = (0, 1)

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError(f"rate must be positive, found {self.rate}")


@dataclass(frozen=True)
class Outer:
    name: str
    steps: int = 10
    mode: Literal["uniform", "random"] = "uniform"
    verbose: bool = False
    limit: int | None = None
    inner: Inner = field(default_factory=Inner)
    weights: dict[str, float] = field(default_factory=dict)


def test_values_arrive_typed(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('name = "x"\nlimit = 3\n[inner]\nrate = 2\nlangs = ["de", "sw"]\nspan = [3, 4]\n[weights]\na = 1\n')
    got = load_toml(path, Outer)
    assert got == Outer("x", limit=3, inner=Inner(2.0, ("de", "sw"), (3, 4)), weights={"a": 1.0})
    assert isinstance(got.inner.rate, float)
    assert isinstance(got.weights["a"], float)


def test_all_mistakes_of_a_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('stepz = 3\nmode = "sideways"\nverbose = 1\n[inner]\nrate = "fast"\nspan = [1]\nlang = ["de"]\n')
    with pytest.raises(ConfigError) as caught:
        load_toml(path, Outer)
    message = str(caught.value)
    assert "7 mistake(s)" in message
    for part in (
        "stepz: unknown key; did you mean 'steps'?",
        "name: missing",
        "mode: expected one of 'uniform', 'random', found 'sideways'",
        "verbose: expected bool, found 1",
        "inner.rate: expected float, found 'fast'",
        "inner.span: expected 2 values, found 1",
        "inner.lang: unknown key; did you mean 'langs'?",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"name": "x", "steps": True}, "steps: expected int, found True"),
        ({"name": "x", "limit": "no"}, "limit: expected int, found 'no'"),
        ({"name": "x", "inner": 3}, "inner.: expected a table, found 3"),
        ({"name": "x", "inner": {"rate": -1.0}}, "inner: rate must be positive"),
        ({"name": "x", "inner": {"langs": ["de", 3]}}, "inner.langs[1]: expected str, found 3"),
        ({"name": "x", "weights": {"a": "b"}}, "weights.a: expected float, found 'b'"),
        ({"name": "x", "inner": {"langs": "de"}}, "inner.langs: expected a list, found 'de'"),
    ],
)
def test_wrong_values(values: dict[str, object], part: str) -> None:
    with pytest.raises(ConfigError, match="mistake") as caught:
        from_dict(Outer, values)
    assert part in str(caught.value)


def test_overrides_win_and_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('name = "x"\nsteps = 3\n')
    overrides = dict(map(parse_override, ["steps=7", "inner.langs=['fr']", "mode=random"]))
    assert load_toml(path, Outer, overrides) == Outer("x", 7, "random", inner=Inner(langs=("fr",)))
    with pytest.raises(ConfigError, match=r"inner.rat: unknown key; did you mean 'rate'"):
        load_toml(path, Outer, {"inner.rat": 1})
    with pytest.raises(ConfigError, match="'steps' is a value, not a table"):
        load_toml(path, Outer, {"steps.more": 1})
    with pytest.raises(ConfigError, match="key=value"):
        parse_override("steps")


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Cannot read"):
        load_toml(tmp_path / "none.toml", Outer)
    (tmp_path / "bad.toml").write_text("name = \n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_toml(tmp_path / "bad.toml", Outer)
