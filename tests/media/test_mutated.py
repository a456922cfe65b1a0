"""Thousands of files with flipped, cut, spliced and overwritten bytes: an error for users or frames, and nothing else.

They are read in a child process, so that a crash of a decoder is a failure here, a hang ends with a trace, and the
memory of reading two thousand of them can be told from that of reading a few.
"""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from media_samples import encode, picture, tone
from PIL import Image

from babelreel.media.write import write_video

FILES = 2000

CHILD = r"""
import faulthandler, gc, json, random, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from babelreel.errors import MediaError
from babelreel.media.audio import read_audio
from babelreel.media.files import kind_of, read_item
from babelreel.media.transforms import ImageSpec
from babelreel.media.playable import CopyCache, playable, showable
from babelreel.media.thumbnail import image_thumbnail, video_thumbnails
from babelreel.media.video import Sampling, probe
from babelreel.media.windows import Windows, windows_of

folder, count = Path(sys.argv[1]), int(sys.argv[2])
sources = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
names, rng = list(sources), random.Random(7)
edges = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\xff\xff")

def mutate(data):
    data, kind = bytearray(data), rng.randrange(5)
    at = rng.randrange(len(data))
    if kind == 0:
        for _ in range(rng.choice((1, 3, 10, 50))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        del data[at : at + rng.randrange(1, 200)]
    elif kind == 3:
        other = sources[rng.choice(names)]
        start = rng.randrange(len(other))
        data[at:at] = other[start : start + rng.randrange(500)]
    else:
        at = rng.randrange(min(len(data), 600))
        data[at : at + 4] = rng.choice(edges)
    return bytes(data)

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

cache = CopyCache(folder.parent / "cache", 1 << 20)
read, refused, memory, spec = 0, 0, [], ImageSpec(32, 32)
for number in range(count):
    name = rng.choice(names)
    path = folder.parent / f"mutated-{name}"
    path.write_bytes(mutate(sources[name]))
    faulthandler.dump_traceback_later(60, exit=True)
    try:
        kind = kind_of(path)
        frames = read_item(path, kind, Sampling(4), spec)
        assert 1 <= len(frames.times) == len(frames.images) <= 4, name
        assert frames.images.shape[1:] == (3, 32, 32), name
        assert (frames.times.diff() > 0).all(), name
        read += 1
        if kind == "video":
            probe(path)
            read_audio(path)
            if number % 8 == 0:
                windows = windows_of(path, Windows(1.0, shots=number % 16 == 0))
                assert len(video_thumbnails(path, [windows[-1][0]])) == 1
                assert playable(path, cache).exists()
        elif number % 8 == 0:
            assert image_thumbnail(path)
            assert showable(path, cache).exists()
    except MediaError:
        refused += 1
    if number in (count // 4, count - 1):
        gc.collect()
        memory.append(resident())
print(json.dumps({"read": read, "refused": refused, "memory": memory}))
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    stamps, tick = list(range(20)), Fraction(1, 25)
    write_video(folder / "a.mp4", [picture(n, 48, 64) for n in range(20)], 10, (tone(2.0), 16_000), gop=5)
    encode(folder / "b.webm", "libvpx-vp9", stamps, tick, {"g": "5", "deadline": "realtime", "cpu-used": "8"})
    encode(folder / "c.mkv", "libx264", stamps, tick, {"g": "5", "bf": "2"})
    encode(folder / "d.avi", "mpeg4", stamps, tick, {"g": "5"})
    encode(folder / "e.ts", "libx264", stamps, tick, {"g": "5"})
    encode(folder / "f.gif", "gif", [4 * n for n in stamps], Fraction(1, 100), {}, "rgb8")
    pictures = [Image.fromarray(picture(n)) for n in range(4)]
    for suffix in ("webp", "png"):
        pictures[0].save(folder / f"moving.{suffix}", save_all=True, append_images=pictures[1:], duration=100)
    for suffix in ("jpg", "png", "webp", "tif", "bmp"):
        pictures[0].save(folder / f"still.{suffix}")
    return folder


def test_mutated_files_neither_crash_nor_hang_nor_leak(sources: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(sources), str(FILES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["read"] > FILES / 10
    assert found["refused"] > FILES / 10
    early, late = found["memory"]
    assert late - early < 60 << 20  # fifteen hundred more files; a frame kept of each would be much more
