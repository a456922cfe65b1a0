"""media/video.py: the sampled frames are those of a full decode, whatever the container, with their true times."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from media_samples import FPS, number_of, picture, plain_decode

from babelreel.errors import MediaError
from babelreel.media import decode, video
from babelreel.media.files import kind_of, read_item
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling, probe, read_frames
from babelreel.media.write import write_video

NAMES = [
    "b-frames", "open-gop", "one-gop", "all-keys", "uneven", "late", "mkv", "webm", "avi", "hevc", "av1", "mpeg-ps",
    "edit-list", "ts", "gif", "sound",
]  # fmt: skip
LENGTH = {"gif": 40, "sound": 100, "edit-list": 110}


@pytest.mark.parametrize("name", NAMES)
def test_all_frames_are_those_of_a_plain_decode_with_their_times(clips: dict[str, Path], name: str) -> None:
    frames = read_frames(clips[name], Sampling(frames=None))
    first = 40 if name == "edit-list" else 0  # its first 40 frames are cut off by the list
    count = LENGTH.get(name, 150)
    assert [number_of(i.numpy()) for i in frames.images] == list(range(first, first + count))
    plain = list(plain_decode(clips[name]))
    assert len(plain) == count
    assert all(
        torch.equal(a, torch.from_numpy(b).permute(2, 0, 1)) for a, (_, b) in zip(frames.images, plain, strict=True)
    )
    torch.testing.assert_close(frames.times, torch.tensor([t for t, _ in plain]).float())
    assert frames.times[0] == 0
    assert (frames.times.diff() > 0).all()
    assert frames.errors == 0
    if name != "uneven":
        torch.testing.assert_close(frames.times, torch.arange(count) / FPS, atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("count", "mode", "threads"), [(1, "uniform", 0), (2, "uniform", 1), (7, "random", 1), (16, "uniform", 0)]
)
def test_sampled_frames_are_those_of_a_full_decode(
    clips: dict[str, Path], name: str, count: int, mode: str, threads: int
) -> None:
    full = read_frames(clips[name], Sampling(frames=None))
    sampling = Sampling(count, mode=mode)  # type: ignore[arg-type]
    sampled = read_frames(clips[name], sampling, generator=torch.Generator().manual_seed(count), threads=threads)
    rows = [full.times.tolist().index(t) for t in sampled.times.tolist()]
    assert rows == sorted(set(rows))
    if name != "uneven" and mode == "uniform":
        assert len(rows) == count
    assert count // 2 < len(rows) <= count  # two random moments may show the same frame
    assert torch.equal(sampled.images, full.images[rows])


def test_a_jump_is_taken_where_it_pays_and_only_there(clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    original = decode.decoded

    def decoded(name: str, count: int) -> int:
        given: list[int] = []

        def counting(*args: Any, **how: Any) -> Iterator[Any]:
            for frame in original(*args, **how):
                given.append(frame.pts)
                yield frame

        monkeypatch.setattr(decode, "decoded", counting)
        read_frames(clips[name], Sampling(count), threads=1)
        return len(given)

    assert decoded("all-keys", 5) <= 10
    assert decoded("b-frames", 2) < 60  # two of five groups of 30, not 113 frames
    assert decoded("open-gop", 2) < 60
    assert decoded("hevc", 2) < 60
    assert decoded("webm", 2) < 60
    assert decoded("one-gop", 2) <= 116  # nothing to jump to, and nothing decoded twice


@pytest.mark.parametrize("late", [1, 45, 10_000])
@pytest.mark.parametrize("name", ["b-frames", "mkv", "webm"])
def test_seeks_that_land_behind_their_target_are_undone(
    clips: dict[str, Path], name: str, late: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container that enters the file `late` frames after what was asked for, as broken indices make it."""

    class Late:
        def __init__(self, container: Any, stream: Any) -> None:
            self.container, self.shift = container, round(late / FPS / stream.time_base)

        def seek(self, stamp: int, **how: Any) -> None:
            self.container.seek(stamp + self.shift, **how | {"backward": False})

        def __getattr__(self, attribute: str) -> Any:
            return getattr(self.container, attribute)

    @contextmanager
    def opened(path: Path, threads: int) -> Iterator[tuple[Any, Any]]:
        with original(path, threads) as (container, stream):
            yield Late(container, stream), stream

    expected = read_frames(clips[name], Sampling(4))
    original = decode.open_video
    monkeypatch.setattr(decode, "open_video", opened)
    found = read_frames(clips[name], Sampling(4))
    assert torch.equal(found.times, expected.times)
    assert torch.equal(found.images, expected.images)


def test_spans_and_rates(clips: dict[str, Path]) -> None:
    path = clips["b-frames"]  # 150 frames, 6 s
    part = read_frames(path, Sampling(frames=None), start=2.0, end=3.0)
    assert [number_of(i.numpy()) for i in part.images] == list(range(50, 75))
    assert part.times[0] == pytest.approx(2.0)
    at_rate = read_frames(path, Sampling(12, rate=1.0))
    torch.testing.assert_close(at_rate.times, torch.arange(6) + 0.5, atol=0.021, rtol=0)
    assert len(read_frames(path, Sampling(4, rate=1.0)).times) == 4
    assert len(read_frames(path, Sampling(None, rate=2.0), start=4.0).times) == 4
    short = read_frames(path, Sampling(16), start=2.0, end=2.1)
    assert [number_of(i.numpy()) for i in short.images] == [50, 51, 52]
    assert [number_of(i.numpy()) for i in read_frames(path, Sampling(3), start=2.01, end=2.03).images] == [50]
    with pytest.raises(MediaError, match=r"is 6\.00 s long, so there is nothing from 6\.50 s on"):
        read_frames(path, Sampling(), start=6.5)


def test_a_spec_resizes_each_frame(clips: dict[str, Path]) -> None:
    spec = ImageSpec(32, 48)
    frames = read_frames(clips["sound"], Sampling(3), spec=spec)
    assert frames.images.shape == (3, 3, 32, 48)
    assert frames.images.dtype == torch.uint8
    assert [number_of(i.numpy()) for i in frames.images] == [16, 50, 83]


def test_probing(clips: dict[str, Path]) -> None:
    info = probe(clips["sound"])
    assert (info.width, info.height, info.codec, info.has_audio) == (96, 64, "h264", True)
    assert info.duration == pytest.approx(4.0)
    assert info.fps == pytest.approx(25)
    assert not probe(clips["webm"]).has_audio


@pytest.mark.parametrize("name", NAMES)
def test_probing_agrees_with_the_packets(clips: dict[str, Path], name: str) -> None:
    timeline = decode.read_timeline(clips[name])
    info = probe(clips[name])
    # The last frame is shown for the usual gap, which is not quite known where gaps are uneven.
    assert info.duration == pytest.approx(timeline.duration, abs=0.2 if name == "uneven" else 0.002)
    assert info.fps == pytest.approx(len(timeline.pts) / timeline.duration, rel=0.1 if name == "uneven" else 0.01)
    assert (info.width, info.height) == (96, 64)


def test_probing_reads_the_end_and_not_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.mp4"
    write_video(path, (picture(n % 50) for n in range(1500)), FPS, gop=25)
    monkeypatch.setattr(video, "read_timeline", None)  # reading all packets would now be an error
    assert probe(path).duration == pytest.approx(60.0)


def _rotate(path: Path, matrix: tuple[int, ...]) -> None:
    """Overwrite the display matrix in the first track header of an MP4."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(data)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_is_undone(tmp_path: Path, degrees: int) -> None:
    """A phone held upright stores lying frames and a matrix: what is shown is the upright picture."""
    upright = np.zeros((96, 64, 3), np.uint8)
    upright[:48, :, 0] = 220  # red above
    upright[48:, :32, 1] = 220  # green below left, black below right
    stored = np.ascontiguousarray(np.rot90(upright, degrees // 90))  # the matrix turns clockwise by `degrees`
    write_video(tmp_path / "r.mp4", [stored] * 5, 5)
    one = 1 << 16
    matrix = {
        90: (0, one, 0, -one, 0, 0, 96 << 16, 0, 1 << 30),
        180: (-one, 0, 0, 0, -one, 0, 64 << 16, 96 << 16, 1 << 30),
        270: (0, -one, 0, one, 0, 0, 0, 64 << 16, 1 << 30),
    }[degrees]
    _rotate(tmp_path / "r.mp4", matrix)
    image = read_frames(tmp_path / "r.mp4", Sampling(1)).images[0]
    assert image.shape == (3, 96, 64)
    assert (probe(tmp_path / "r.mp4").width, probe(tmp_path / "r.mp4").height) == (64, 96)
    assert image[0, 10:38, 10:54].float().mean() > 150
    assert image[1, 60:90, 6:26].float().mean() > 150
    assert image[:, 60:90, 38:58].float().mean() < 60


def test_pixels_that_are_not_square_are_stretched(tmp_path: Path) -> None:
    path = tmp_path / "sar.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        frame = av.VideoFrame.from_ndarray(picture(5, 64, 64), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert read_frames(path, Sampling(1)).images.shape == (1, 3, 64, 128)
    cropped = read_frames(path, Sampling(1), spec=ImageSpec(64, 64, "crop", 64)).images[0].float()
    assert number_of(read_frames(path, Sampling(1), spec=ImageSpec(64, 96)).images[0].numpy()) == 5
    middle = read_frames(path, Sampling(1)).images[0, :, :, 32:96].float()
    assert (cropped - middle).abs().mean() < 3


def test_the_real_clips(data: Path) -> None:
    """All 89 decode to frames in order of time, without an error."""
    found = sorted(p for p in (data / "clips").iterdir() if p.suffix != ".json")
    assert len(found) == 89
    spec = ImageSpec(32, 32)
    for path in found:
        assert kind_of(path) == "video"
        frames = read_item(path, "video", Sampling(4), spec)
        assert frames.images.shape == (4, 3, 32, 32), path.name
        assert (frames.times.diff() > 0).all()
        assert probe(path).duration == pytest.approx(decode.read_timeline(path).duration, abs=0.05), path.name
        assert frames.errors == 0


def test_real_clips_give_the_frames_of_a_plain_decode(data: Path) -> None:
    """Small files of every sort: mp4, avi, mkv; shuffled timestamps (mini-cooper) among them."""
    found = sorted((p for p in (data / "clips").iterdir() if p.suffix != ".json"), key=lambda p: p.stat().st_size)
    for path in [*found[:24:3], *(p for p in found[:60] if p.suffix in (".avi", ".mkv"))]:
        timeline = decode.read_timeline(path)
        frames = read_frames(path, Sampling(5), start=0.1)
        rows = [round(float(t) / timeline.tick) + timeline.pts[0] for t in frames.times]
        wanted = {min(range(len(timeline.pts)), key=lambda n, r=r: abs(timeline.pts[n] - r)) for r in rows}
        plain = [image for n, (_, image) in enumerate(plain_decode(path)) if n in wanted]
        assert len(plain) == len(frames.images), path.name
        for ours, theirs in zip(frames.images, plain, strict=True):
            assert torch.equal(ours, torch.from_numpy(theirs).permute(2, 0, 1)), path.name
