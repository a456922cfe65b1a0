"""memory.py: a block that is freed and asked for again costs no new pages."""

from __future__ import annotations

import subprocess
import sys

import pytest

from babelreel.memory import keep_freed_memory

FAULTS = """
import resource, sys
import numpy
from babelreel.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
numpy.ones(16 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    numpy.ones(16 << 20)  # 128 MiB
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(way: str) -> int:
    return int(subprocess.run([sys.executable, "-c", FAULTS, way], capture_output=True, text=True, check=True).stdout)


def test_freed_blocks_are_kept() -> None:
    if not keep_freed_memory():
        pytest.skip("not the GNU C library")
    assert faults("keep") * 20 < faults("leave")
