"""The house rule "imports point left": a module imports only from earlier stages of the data flow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "babelreel"

# From the first stage to the last; a folder is one stage, and its files may import each other.
STAGES = [
    "errors", "types", "extras", "memory", "atomic", "config", "progress", "language", "hub", "media",
    "corpora", "device", "distributed", "enrich", "data", "encoders", "losses", "scoring", "methods", "runs",
    "model", "integrations", "doctor", "ranking", "corrections", "protocol", "metrics", "parity", "bitext",
    "evaluate", "candidates", "plots", "published", "report", "compare", "training", "adding", "index",
    "serve", "demo", "commands", "cli", "__main__",
]  # fmt: skip


def _stage(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "babelreel" and len(parts) > 1 else None


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_has_a_stage_and_imports_point_left() -> None:
    wrong = []
    for path in sorted(SOURCE.rglob("*.py")):
        own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        assert own in STAGES, f"{own} has no place in the order of the data flow: name it in STAGES"
        for name in _imports(path):
            other = _stage(name)
            if other in STAGES and STAGES.index(other) > STAGES.index(own):
                wrong.append(f"{path.relative_to(SOURCE)} imports {name}")
    assert not wrong, "\n".join(wrong)
