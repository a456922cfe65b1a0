"""media/windows.py: windows cover a video without gaps or splinters, and end where shots do."""

from __future__ import annotations

import sys
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_samples import FPS, encode, picture
from PIL import Image

from babelreel.errors import ConfigError, MediaError, MissingExtraError
from babelreel.media.decode import read_timeline
from babelreel.media.files import read_item
from babelreel.media.sampling import Sampling
from babelreel.media.windows import Windows, cut, cut_at, duration_of, windows_of
from babelreel.media.write import write_video

DURATIONS = st.floats(0.01, 500)


@st.composite
def configs(draw: st.DrawFn) -> Windows:
    length = draw(st.floats(0.5, 120))
    stride = draw(st.none() | st.floats(max(0.1, length / 10), length))
    minimum = draw(st.none() | st.floats(0.1, length / 2))
    return Windows(length, stride, minimum)


@settings(deadline=None)
@given(DURATIONS, configs())
def test_windows_cover_everything_and_none_is_a_splinter(duration: float, config: Windows) -> None:
    windows = cut(duration, config)
    assert (windows[0][0], windows[-1][1]) == (0.0, duration)
    if duration <= config.length:
        assert windows == [(0.0, duration)]
    tiny = 1e-9 * duration
    for n, (start, end) in enumerate(windows):
        assert abs(start - n * config.step) <= tiny
        assert start < end
    for start, end in windows[:-1]:
        assert abs(end - start - config.length) <= tiny
    for (_, before), (start, end) in pairwise(windows):
        assert start <= before
        assert end - before >= min(config.shortest, config.step) - tiny
    if len(windows) > 1:
        assert duration - windows[-2][1] >= config.shortest
    assert duration - windows[-1][0] < config.length + config.shortest + tiny


@settings(deadline=None)
@given(DURATIONS, configs(), st.data())
def test_windows_between_shots(duration: float, config: Windows, data: st.DataObject) -> None:
    boundaries = data.draw(st.lists(st.floats(-1, duration + 1), max_size=30))
    windows = cut_at(boundaries, duration, config)
    assert (windows[0][0], windows[-1][1]) == (0.0, duration)
    for (_, end), (start, _) in pairwise(windows):
        assert end == start
    for start, end in windows:
        assert end - start <= config.length * (1 + 1e-9)
        assert end - start >= min(config.shortest, duration) * (1 - 1e-6) - 1e-9
    inner = {start for start, _ in windows[1:]}
    first = min((b for b in boundaries if config.shortest <= b <= duration - config.shortest), default=None)
    assert first is None or first in inner


def test_windows_by_hand() -> None:
    assert cut(40, Windows(15)) == [(0, 15), (15, 30), (30, 40)]
    assert cut(33, Windows(15)) == [(0, 15), (15, 33)]  # 3 s would be a splinter
    assert cut(33, Windows(15, minimum=2)) == [(0, 15), (15, 30), (30, 33)]
    assert cut(40, Windows(20, stride=10)) == [(0, 20), (10, 30), (20, 40)]
    assert cut(41, Windows(20, stride=10)) == [(0, 20), (10, 30), (20, 41)]
    assert cut(0.04, Windows()) == [(0, 0.04)]
    assert cut_at([6, 7, 16, 39.9], 40, Windows(10, minimum=2)) == [(0, 6), (6, 16), (16, 24), (24, 32), (32, 40)]
    assert cut_at([], 25, Windows(10)) == cut_at([1], 25, Windows(10)) == [(0, 25 / 3), (25 / 3, 50 / 3), (50 / 3, 25)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"length": 0}, "length must be"),
        ({"length": float("nan")}, "length must be"),
        ({"length": float("inf")}, "length must be"),
        ({"length": 10, "stride": 11}, "leave gaps; found 11"),
        ({"length": 10, "stride": 0}, "leave gaps; found 0"),
        ({"length": 10, "minimum": 6}, "half the length, found 6"),
        ({"length": 10, "stride": 5, "shots": True}, "do not overlap"),
        ({"length": 0, "minimum": -1}, "length must be.*; minimum must"),
    ],
)
def test_windows_that_make_no_sense(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Windows(**wrong)  # type: ignore[arg-type]


def test_durations_are_those_of_the_frames(clips: dict[str, Path]) -> None:
    for name, path in clips.items():
        assert duration_of(path) == pytest.approx(read_timeline(path).duration, abs=0.05), name


def test_the_last_window_of_every_format_can_be_read(clips: dict[str, Path]) -> None:
    for name, path in clips.items():
        for start, end in windows_of(path, Windows(2.0, minimum=0.1)):
            assert len(read_item(path, "video", Sampling(3), None, start, end).times), (name, start, end)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_animations(tmp_path: Path, suffix: str) -> None:
    pictures = [Image.fromarray(picture(n)) for n in range(10)]
    path = tmp_path / f"a{suffix}"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=400)
    assert duration_of(path) == pytest.approx(4.0)
    for shots in (False, True):
        windows = windows_of(path, Windows(1.5, shots=shots))
        assert windows[-1][1] == pytest.approx(4.0)
        assert all(len(read_item(path, "video", Sampling(2), None, *window).times) for window in windows)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four shots that begin with the frames 0, 30, 75 and 110 of 150, each with a texture that moves."""
    generator = np.random.default_rng(0)
    shots = [generator.integers(40 * n, 40 * n + 120, (8, 12, 3), dtype=np.uint8) for n in (3, 0, 2, 1)]
    bases = [np.kron(shot, np.ones((12, 12, 1), np.uint8)) for shot in shots]
    which = np.searchsorted([30, 75, 110], np.arange(150), side="right")
    path = tmp_path_factory.mktemp("scenes") / "scenes.mp4"
    write_video(path, (np.roll(bases[w], n, 1) for n, w in enumerate(which)), FPS)
    return path


def test_windows_end_where_shots_do(scenes: Path) -> None:
    windows = windows_of(scenes, Windows(4, minimum=0.5, shots=True))
    assert [start for start, _ in windows] == pytest.approx([0, 30 / FPS, 75 / FPS, 110 / FPS])
    assert windows[-1][1] == pytest.approx(6.0)
    # The third shot is too short for these, and joins the second.
    assert [start for start, _ in windows_of(scenes, Windows(5, minimum=1.5, shots=True))] == pytest.approx([0, 3.0])
    by_clock = windows_of(scenes, Windows(4, minimum=0.5))
    assert by_clock == [(0, 4), (4, pytest.approx(6.0))]


def test_shots_of_videos_that_begin_late_or_are_shuffled(scenes: Path, tmp_path: Path) -> None:
    expected = windows_of(scenes, Windows(4, minimum=0.5, shots=True))
    for name, shuffled in (("late.mp4", False), ("shuffled.mp4", True)):
        with av.open(str(scenes)) as source, av.open(str(tmp_path / name), "w") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.size:
                    later = round(7 / packet.time_base)
                    packet.pts, packet.dts = (packet.dts if shuffled else packet.pts) + later, packet.dts + later
                    packet.stream = stream
                    target.mux(packet)
        found = windows_of(tmp_path / name, Windows(4, minimum=0.5, shots=True))
        assert np.array(found) == pytest.approx(np.array(expected), abs=0.01), name


def test_shots_need_an_extra(scenes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("scenedetect", "scenedetect.detectors", "scenedetect.common"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"babelreel\[shots\]"):
        windows_of(scenes, Windows(4, shots=True))


def test_files_that_hold_no_video(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0" * 100)
    for path in (tmp_path / "a.mp4", tmp_path / "gone.mp4"):
        for shots in (False, True):
            with pytest.raises(MediaError, match=path.name):
                windows_of(path, Windows(shots=shots))


@pytest.mark.parametrize("shots", [False, True])
def test_a_damaged_timestamp_does_not_become_millions_of_windows(tmp_path: Path, shots: bool) -> None:
    path = encode(tmp_path / "a.mkv", "mjpeg", [0, 1, 2, 3, 10_000_000], Fraction(1, FPS), {}, "yuvj420p")
    with pytest.raises(MediaError, match="claims to last 111 hours"):
        windows_of(path, Windows(shots=shots))


def test_frames_that_change_their_size_change_the_shot_at_most(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("mjpeg", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        for n in range(50):
            file = BytesIO()
            Image.fromarray(picture(7)).resize((96, 64) if n < 30 else (128, 48)).save(file, "JPEG", quality=95)
            packet = av.Packet(file.getvalue())
            packet.pts = packet.dts = n
            packet.time_base, packet.stream = Fraction(1, FPS), stream
            container.mux(packet)
    windows = windows_of(tmp_path / "a.mkv", Windows(4, minimum=0.5, shots=True))
    assert (windows[0][0], windows[-1][1]) == (0, pytest.approx(2.0))
