"""media/playable.py: what browsers show is left alone, the rest is copied once, within a budget."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_samples import FPS, encode, encode_sound, number_of, picture, tone
from PIL import Image

from babelreel.errors import ConfigError, MediaError
from babelreel.media import playable as module
from babelreel.media.playable import CopyCache, playable, showable
from babelreel.media.video import Sampling, read_frames
from babelreel.media.write import write_video

PLAYED = {"b-frames", "open-gop", "one-gop", "all-keys", "uneven", "edit-list", "webm", "av1", "sound"}


def test_what_browsers_play_is_left_alone_and_the_rest_copied(clips: dict[str, Path], tmp_path: Path) -> None:
    cache = CopyCache(tmp_path)
    for name, path in clips.items():
        shown = playable(path, cache)
        if name in PLAYED:
            assert shown == path, name
            continue
        assert shown.parent == tmp_path, name
        assert playable(shown, cache) == shown, name  # a copy is playable itself
        frames = read_frames(shown, Sampling(5))
        expected = read_frames(path, Sampling(5))
        assert frames.times.tolist() == pytest.approx(expected.times.tolist(), abs=1e-3), name
        assert [number_of(i.numpy()) for i in frames.images] == [number_of(i.numpy()) for i in expected.images], name


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix", "plays"),
    [
        ("libx264", "yuv420p", ".mp4", True),
        ("libx264", "yuv420p", ".mov", True),
        ("libx264", "yuvj420p", ".mp4", True),
        ("libx264", "yuv420p", ".mkv", False),
        ("libx264", "yuv444p", ".mp4", False),
        ("libx264", "yuv420p10le", ".mp4", False),
        ("mpeg4", "yuv420p", ".mp4", False),
        ("prores_ks", "yuv422p10le", ".mov", False),
        ("libvpx", "yuv420p", ".webm", True),
        ("libvpx", "yuv420p", ".mkv", False),
        ("libvpx-vp9", "yuv444p", ".webm", False),
        ("wmv2", "yuv420p", ".wmv", False),
    ],
)
def test_codecs_pixel_formats_and_containers(
    tmp_path: Path, codec: str, pix_fmt: str, suffix: str, plays: bool
) -> None:
    path = encode(tmp_path / f"a{suffix}", codec, list(range(8)), Fraction(1, FPS), {}, pix_fmt)
    assert (playable(path, CopyCache(tmp_path / "cache")) == path) is plays


@pytest.mark.parametrize(("codec", "plays"), [("aac", True), ("libmp3lame", True), ("libopus", True), ("ac3", False)])
def test_sound_that_browsers_do_not_play(tmp_path: Path, codec: str, plays: bool) -> None:
    """Pictures that they do, with a track of each kind."""
    encode(tmp_path / "v.mp4", "libx264", list(range(25)), Fraction(1, FPS), {})
    encode_sound(tmp_path / "a.mp4", codec, tone(1.0, 48_000), 48_000)
    path = tmp_path / "both.mp4"
    with (
        av.open(str(tmp_path / "v.mp4")) as video,
        av.open(str(tmp_path / "a.mp4")) as sound,
        av.open(str(path), "w") as target,
    ):
        tracks = [(c, target.add_stream_from_template(c.streams[0])) for c in (video, sound)]
        for source, stream in tracks:
            for packet in source.demux(0):
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)
    shown = playable(path, CopyCache(tmp_path / "cache"))
    assert (shown == path) is plays
    with av.open(str(shown)) as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name in ("aac", "mp3", "opus")


def test_requests_at_once_make_one_copy(
    clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    inside = threading.Barrier(2, timeout=20)

    def counted(source: Path, target: Path) -> None:
        made.append(source.name)
        inside.wait()  # two different files are copied side by side
        real(source, target)

    real = module.transcode
    monkeypatch.setattr(module, "transcode", counted)
    cache = CopyCache(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        wanted = [clips["avi"], clips["gif"]] * 4
        found = list(pool.map(lambda path: playable(path, cache), wanted))
    assert sorted(made) == ["a.avi", "g.gif"]
    assert len(set(found)) == 2
    assert playable(clips["avi"], CopyCache(tmp_path)) == found[0]  # known to the next process too
    assert len(made) == 2


def test_a_changed_file_gets_another_copy(clips: dict[str, Path], tmp_path: Path) -> None:
    cache = CopyCache(tmp_path / "cache")
    path = tmp_path / "a.avi"
    path.write_bytes(clips["avi"].read_bytes())
    first = playable(path, cache)
    encode(path, "mpeg4", list(range(9)), Fraction(1, FPS), {})
    second = playable(path, cache)
    assert first != second
    assert len(read_frames(second, Sampling(None)).times) == 9
    write_video(tmp_path / "b.mp4", (picture(n) for n in range(5)), FPS)
    path.write_bytes((tmp_path / "b.mp4").read_bytes())
    assert playable(path, cache) == path


def test_what_was_not_asked_for_longest_goes_first(tmp_path: Path) -> None:
    sources = []
    for n in range(4):
        sources.append(tmp_path / f"{n}.bin")
        sources[n].write_bytes(b"x")

    def make(source: Path, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(bytes(100))

    cache = CopyCache(tmp_path / "cache", budget=250)

    def ask(n: int) -> Path:
        copy = cache.copy_of(sources[n], ".mp4", make)
        time.sleep(0.01)  # file systems tell times apart by a few milliseconds
        return copy

    copies = [ask(0), ask(1)]
    (tmp_path / "cache" / "holiday.mp4").write_bytes(bytes(1000))  # somebody else's
    assert ask(0) == copies[0]
    copies.append(ask(2))
    assert [c.exists() for c in copies] == [True, False, True]
    cache.budget = 50
    copies.append(ask(3))
    assert [c.exists() for c in copies] == [False, False, False, True]  # the latest stays, however large
    assert (tmp_path / "cache" / "holiday.mp4").exists()


def test_a_broken_file_is_not_tried_again_and_again(tmp_path: Path) -> None:
    tried = []

    def fail(source: Path, target: Path) -> None:
        tried.append(source)
        raise MediaError("cannot be read: this and that")

    path = tmp_path / "a.avi"
    path.write_bytes(b"x")
    cache = CopyCache(tmp_path / "cache")
    for _ in range(3):
        with pytest.raises(MediaError, match="this and that"):
            cache.copy_of(path, ".mp4", fail)
    assert len(tried) == 1
    path.write_bytes(b"other")
    with pytest.raises(MediaError, match="this and that"):
        cache.copy_of(path, ".mp4", fail)
    assert len(tried) == 2


def test_files_that_cannot_be_read(clips: dict[str, Path], tmp_path: Path) -> None:
    cache = CopyCache(tmp_path / "cache")
    (tmp_path / "none.mp4").write_bytes(b"\0" * 99)
    for function in (playable, showable):
        with pytest.raises(MediaError, match=r"none\.mp4"):
            function(tmp_path / "none.mp4", cache)
        with pytest.raises(MediaError, match="There is no file"):
            function(tmp_path / "gone.mp4", cache)
        with pytest.raises(MediaError, match="cannot be read"):
            function(clips["avi"] / "below a file", cache)
    with pytest.raises(ConfigError, match="found -1"):
        CopyCache(tmp_path, -1)


def test_a_killed_process_leaves_no_half_copy(clips: dict[str, Path], tmp_path: Path) -> None:
    path = encode(tmp_path / "long.avi", "mpeg4", list(range(4000)), Fraction(1, FPS), {"qscale": "3"})
    cache = tmp_path / "cache"
    cache.mkdir()
    code = (
        "import sys; from babelreel.media.playable import CopyCache, playable;"
        "playable(sys.argv[1], CopyCache(sys.argv[2]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path), str(cache)])
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size for p in cache.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    left = list(cache.iterdir())
    assert [p.name[0] for p in left] == ["."]  # unfinished, under a name of its own
    past = time.time() - 2 * module.DEAD_SECONDS
    os.utime(left[0], (past, past))
    assert playable(clips["gif"], CopyCache(cache)).exists()
    assert not left[0].exists()


@pytest.mark.parametrize(
    ("suffix", "shown"),
    [
        (".jpg", True),
        (".png", True),
        (".webp", True),
        (".gif", True),
        (".bmp", True),
        (".avif", True),
        (".tif", False),
        (".jp2", False),
        (".tga", False),
        (".ppm", False),
    ],
)
def test_images_that_browsers_show(tmp_path: Path, suffix: str, shown: bool) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(picture(77)).save(path)
    copy = showable(path, CopyCache(tmp_path / "cache"))
    assert (copy == path) is shown
    with Image.open(copy) as image:
        assert image.format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")
        assert number_of(np.asarray(image.convert("RGB")).transpose(2, 0, 1)) == 77


def test_huge_images_become_smaller(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    Image.new("L", (12_000, 9_000), 99).save(path)
    cache = CopyCache(tmp_path / "cache")
    copy = showable(path, cache)
    with Image.open(copy) as image:
        assert (image.format, image.size) == ("JPEG", (2560, 1920))
    assert showable(path, cache) == copy


def test_an_image_copy_that_cannot_be_written(tmp_path: Path) -> None:
    Image.fromarray(picture(1)).save(tmp_path / "a.tif")
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MediaError, match="cannot be written"):
        showable(tmp_path / "a.tif", CopyCache(tmp_path / "file" / "cache"))
