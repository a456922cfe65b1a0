"""media/video.py: the sampled frames are those of a full decode, whatever the container, with their true times."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from media_samples import FPS, number_of, picture, tone

from babelreel.errors import MediaError
from babelreel.media import decode
from babelreel.media.files import kind_of, read_item
from babelreel.media.sampling import Timeline, choose
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling, probe, read_frames
from babelreel.media.write import write_video

NAMES = ["b-frames", "open-gop", "one-gop", "all-keys", "uneven", "late", "mkv", "webm", "avi", "ts", "gif", "sound"]


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_of_a_full_decode_is_in_order(clips: dict[str, Path], name: str) -> None:
    frames = read_frames(clips[name], Sampling(frames=None))
    assert [number_of(i.numpy()) for i in frames.images] == list(range(len(frames.times)))
    assert len(frames.times) == {"gif": 40, "sound": 100}.get(name, 150)
    assert frames.times[0] == 0
    assert (frames.times.diff() > 0).all()
    assert frames.errors == 0
    if name not in ("uneven", "gif"):
        torch.testing.assert_close(frames.times, torch.arange(len(frames.times)) / FPS, atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("count", "mode"), [(1, "uniform"), (2, "uniform"), (7, "random"), (16, "uniform"), (16, "random")]
)
def test_sampled_frames_are_those_of_a_full_decode(clips: dict[str, Path], name: str, count: int, mode: str) -> None:
    full = read_frames(clips[name], Sampling(frames=None))
    generator = torch.Generator().manual_seed(count)
    sampled = read_frames(clips[name], Sampling(count, mode=mode), generator=generator)  # type: ignore[arg-type]
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
    assert decoded("one-gop", 2) <= 113  # nothing to jump to, and nothing decoded twice


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


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 20), st.floats(0, 0.95), st.floats(0.01, 1),
    st.sampled_from(["uniform", "random"]),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_chosen_frames_lie_in_their_span(gaps: list[int], count: int, start: float, length: float, mode: str) -> None:
    pts = np.cumsum(gaps).tolist()
    timeline = Timeline(pts, pts[:1], 0.01)
    begin = start * timeline.duration
    end = begin + max(0.001, length * timeline.duration)
    chosen = choose(timeline, Sampling(count, mode=mode), begin, end, None, "x")  # type: ignore[arg-type]
    assert chosen == sorted(set(chosen))
    assert 1 <= len(chosen) <= count
    shown_at_begin = max(p for p in pts if (p - pts[0]) * 0.01 <= begin + 1e-9)
    assert all(shown_at_begin <= p for p in chosen)
    assert all((p - pts[0]) * 0.01 < end + 1e-9 or p == shown_at_begin for p in chosen)


def test_random_frames_are_one_of_each_part(clips: dict[str, Path]) -> None:
    one, two = (
        read_frames(clips["all-keys"], Sampling(6, mode="random"), generator=torch.Generator().manual_seed(s)).times
        for s in (1, 2)
    )
    assert not torch.equal(one, two)
    for times in (one, two):
        assert (times / 1.0).floor().tolist() == list(range(6))


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


def test_shuffled_timestamps_fall_back_to_the_order_of_the_decoder(tmp_path: Path, clips: dict[str, Path]) -> None:
    """Files exist whose packets carry decoding times as presentation times."""
    path = tmp_path / "shuffled.mp4"
    with av.open(str(clips["b-frames"])) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.pts = packet.dts = packet.dts + round(1 / packet.time_base)
                packet.stream = stream
                target.mux(packet)
    frames = read_frames(path, Sampling(None))
    assert [number_of(i.numpy()) for i in frames.images] == list(range(150))
    few = read_frames(path, Sampling(5))
    numbers = [number_of(i.numpy()) for i in few.images]
    assert len(numbers) == 5
    assert numbers == sorted(numbers)


# --- files that are not what they seem -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.mp4", b"", "cannot be read as a video|is empty"),
        ("page.mp4", b"<html><body>404</body></html>", "cannot be read as a video|no video"),
        ("noise.mkv", bytes(range(256)) * 20, "cannot be read as a video|no video"),
        ("head.webm", b"\x1a\x45\xdf\xa3" + b"\0" * 60, "cannot be read as a video|no video"),
    ],
)
def test_files_that_are_no_video(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match=message):
        read_frames(tmp_path / name, Sampling())
    with pytest.raises(MediaError):
        kind_of(tmp_path / name)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.mp4", tmp_path):
        with pytest.raises(MediaError, match=r"There is no file|cannot be read"):
            read_frames(path, Sampling())
        with pytest.raises(MediaError):
            probe(path)


def test_sound_only(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(1.0)[None], format="fltp", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="only sound"):
        read_frames(path, Sampling())


def test_a_stream_without_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "none.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()
    with pytest.raises(MediaError, match=r"holds no frame|cannot be read"):
        read_frames(path, Sampling())


def test_a_truncated_file_gives_what_is_there(clips: dict[str, Path], tmp_path: Path) -> None:
    """Its header still promises 150 frames."""
    whole = clips["mkv"].read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    frames = read_frames(path, Sampling(None))
    assert 20 < len(frames.times) < 130
    assert [number_of(i.numpy()) for i in frames.images][:-3] == list(range(len(frames.times)))[:-3]
    (tmp_path / "cut.mp4").write_bytes(clips["b-frames"].read_bytes()[:3000])  # the index at its end is gone
    with pytest.raises(MediaError, match="cannot be read as a video"):
        read_frames(tmp_path / "cut.mp4", Sampling())


def test_a_header_that_lies_about_the_length(clips: dict[str, Path], tmp_path: Path) -> None:
    data = bytearray(clips["all-keys"].read_bytes())
    for box, at in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        place = data.index(box) + at
        data[place : place + 4] = struct.pack(">I", 90_000_000)
    path = tmp_path / "liar.mp4"
    path.write_bytes(data)
    assert probe(path).duration == pytest.approx(6.0)
    assert len(read_frames(path, Sampling(4)).times) == 4


def test_damage_on_the_way_is_counted(clips: dict[str, Path], tmp_path: Path) -> None:
    """Some packets hold noise: the others are still decoded, and the frames keep their own times."""
    path = tmp_path / "noise.mkv"
    rng = np.random.default_rng(0)
    with av.open(str(clips["all-keys"])) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(p for p in source.demux(source.streams.video[0]) if p.size):
            if 60 <= number < 70:
                noise = av.Packet(rng.integers(0, 255, packet.size, dtype=np.uint8).tobytes())
                noise.pts, noise.dts, noise.time_base = packet.pts, packet.dts, packet.time_base
                noise.is_keyframe = True
                packet = noise
            packet.stream = stream
            target.mux(packet)
    frames = read_frames(path, Sampling(None))
    assert frames.errors == 10
    assert [number_of(i.numpy()) for i in frames.images] == [*range(60), *range(70, 150)]
    torch.testing.assert_close(frames.times[60], torch.tensor(70 / FPS), atol=1e-3, rtol=0)
    few = read_frames(path, Sampling(8))
    assert 7 <= len(few.times) <= 8
    assert [number_of(i.numpy()) for i in few.images] == [round(float(t) * FPS) for t in few.times]


def test_wrong_samplings() -> None:
    with pytest.raises(MediaError, match="At least one frame"):
        Sampling(0)
    with pytest.raises(MediaError, match="frames a second above 0"):
        Sampling(rate=0.0)


def test_the_real_clips(data: Path) -> None:
    """All 89 decode to frames in order of time; spans and sizes hold."""
    found = sorted(p for p in (data / "clips").iterdir() if p.suffix != ".json")
    assert len(found) == 89
    spec = ImageSpec(32, 32)
    for path in found:
        assert kind_of(path) == "video"
        frames = read_item(path, "video", Sampling(4), spec)
        assert frames.images.shape == (4, 3, 32, 32), path.name
        assert (frames.times.diff() > 0).all()


def test_writing_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    for frames, message in (
        ([], "no frame to write"),
        ([np.zeros((63, 64, 3), np.uint8)], "even edges"),
        ([np.zeros((64, 64, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)], "must all be 64 x 64"),
    ):
        with pytest.raises(MediaError, match=message):
            write_video(tmp_path / "a.mp4", frames, 10)
    assert list(tmp_path.iterdir()) == []


def test_writing_is_deterministic(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, (picture(n) for n in range(10)), 10, (tone(1.0), 16_000))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
