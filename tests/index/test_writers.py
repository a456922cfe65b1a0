"""index/: other processes read while one writes, and a killed writer loses nothing that it said was written."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from worlds import INFO, entry, row, same_row

from babelreel.data.rows import split
from babelreel.index.open import create_index, open_index

# Writes batches without end, replacing some of what is there, and prints each batch that was acknowledged.
WRITER = """
import sys
from worlds import INFO, entry, row
from babelreel.errors import IndexStoreError
from babelreel.index.open import create_index, open_index

try:
    index = open_index(sys.argv[1])
except IndexStoreError:
    index = create_index(sys.argv[1], INFO)
for batch in range(int(sys.argv[2]), 10_000):
    numbers = range(4 * batch, 4 * batch + 8)
    index.add([entry(n) for n in numbers], [row(n) for n in numbers])
    if batch % 5 == 4:
        index.optimize(force=batch % 10 == 9)
    print(batch, flush=True)
"""


def start_writer(url: str, first: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, url, str(first)]
    paths = {"PYTHONPATH": ":".join(filter(None, [str(Path(__file__).parent), *sys.path]))}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=paths)


def wait_for(writer: subprocess.Popen[str], batches: int) -> int:
    assert writer.stdout is not None
    last = -1
    for _ in range(batches):
        line = writer.stdout.readline()
        assert line, "the writer died"
        last = int(line)
    return last


def test_another_process_sees_what_is_written_while_it_reads(tmp_path: Path) -> None:
    url = str(tmp_path / "index")
    create_index(url, INFO).close()
    reader = open_index(url)  # before there is a table
    assert len(reader) == 0
    writer = start_writer(url, 0)
    try:
        last = wait_for(writer, 3)
        for _ in range(8):
            assert len(reader) >= 4 * last + 8
            newest = 4 * last + 7
            assert entry(newest).id in reader.nearest(row(newest)["pooled"].unsqueeze(0), 2)[0][0]
            assert same_row(split(reader.rows([entry(newest).id]))[0], row(newest))
            before = len(reader)
            assert reader.stats().entries >= before
            seen = []
            for ids, found in reader.blocks(5):  # one version, though the writer compacts on the way
                seen += ids
                assert all(same_row(r, row(int(i[3:]))) for i, r in zip(ids, split(found), strict=True))
                last = wait_for(writer, 1) if len(seen) == 5 else last
            assert len(seen) == len(set(seen)) >= before
            last = wait_for(writer, 1)
    finally:
        writer.kill()
        writer.wait()


@pytest.mark.parametrize("name", ["index", "index.db"])
def test_a_killed_writer_loses_no_acknowledged_row_and_leaves_nothing_half_done(tmp_path: Path, name: str) -> None:
    url, last = str(tmp_path / name), -1
    for turn in range(2):  # each goes on from what the killed one left
        writer = start_writer(url, last + 1)
        last = wait_for(writer, 2 + 3 * turn)
        time.sleep(0.005 * turn)  # somewhere within a write
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    index = open_index(url)
    present = sorted(int(e.id[3:]) for page in index.entries() for e in page)
    assert present == list(range(len(present)))
    assert len(present) >= 4 * last + 8
    found = index.rows([entry(n).id for n in present])
    assert all(same_row(r, row(n)) for r, n in zip(split(found), present, strict=True))
    index.close()
