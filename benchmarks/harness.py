"""What every benchmark shares: --quick and --json, variants measured in turn in one run, a table of medians."""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch


def arguments(about: str) -> argparse.Namespace:
    """`--quick` (a smoke run under 30 seconds) and `--json FILE`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="a smoke run of under 30 seconds; its figures say little")
    parser.add_argument("--json", type=Path, help="write the rows as JSON")
    return parser.parse_args()


def in_turn(variants: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median seconds of each variant, run A B C A B C ..., after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(repeats + 1):
        for name, function in variants.items():
            began = time.perf_counter()
            function()
            if turn:
                seconds[name].append(time.perf_counter() - began)
    return {name: median(values) for name, values in seconds.items()}


def peak_gb() -> float:
    """The most memory that this process has held, in GB; not what its parent held, which `getrusage` may give."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def report(rows: Sequence[dict[str, Any]], path: Path | None, quick: bool) -> None:
    """Print the rows as a table, below the machine; write them as JSON where asked."""
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{machine}{', quick run' if quick else ''}")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns, *([_cell(row.get(c, "")) for c in columns] for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(columns))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if path is not None:
        path.write_text(json.dumps({"machine": machine, "quick": quick, "rows": list(rows)}, indent=1) + "\n")


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
