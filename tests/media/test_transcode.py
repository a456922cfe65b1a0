"""media/transcode.py: every format becomes H.264 and AAC with the same pictures at the same times."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from media_samples import FPS, encode, number_of, picture, tone
from PIL import Image
from test_video import _rotate

from babelreel.errors import MediaError
from babelreel.media.audio import read_audio, stream_audio
from babelreel.media.decode import read_timeline
from babelreel.media.files import read_item
from babelreel.media.sampling import Sampling
from babelreel.media.transcode import transcode
from babelreel.media.video import probe, read_frames
from babelreel.media.write import write_video


def check_copy(copy: Path) -> None:
    """It is what every browser plays, and can be played while it is fetched."""
    with av.open(str(copy)) as container:
        video = container.streams.video[0]
        assert "mp4" in container.format.name
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert [s.codec_context.name for s in container.streams.audio] in ([], ["aac"])
        assert video.start_time == 0
    content = copy.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def numbers(path: Path) -> tuple[list[int], list[float]]:
    frames = read_item(path, "video", Sampling(None), None)
    return [number_of(image.numpy()) for image in frames.images], frames.times.tolist()


def test_every_format_keeps_its_frames_and_their_times(clips: dict[str, Path], tmp_path: Path) -> None:
    for name, path in clips.items():
        copy = tmp_path / f"{name}.mp4"
        transcode(path, copy)
        check_copy(copy)
        (shown, times), (expected, when) = numbers(copy), numbers(path)
        assert shown == expected, name
        assert times == pytest.approx(when, abs=1e-4), name
        assert read_timeline(copy).duration == pytest.approx(read_timeline(path).duration, abs=0.02), name
    assert len(list(tmp_path.iterdir())) == len(clips)


def test_frames_stamped_in_another_order_are_put_right(clips: dict[str, Path], tmp_path: Path) -> None:
    for codec in ("h264", "mpeg4"):
        path = tmp_path / f"{codec}.mp4"
        with av.open(str(clips["b-frames" if codec == "h264" else "avi"])) as source, av.open(str(path), "w") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for n, packet in enumerate(p for p in source.demux(source.streams.video[0]) if p.size):
                packet.pts = packet.dts = round((1 + n / FPS) / packet.time_base)
                packet.stream = stream
                target.mux(packet)
        transcode(path, tmp_path / "copy.mp4")
        shown, times = numbers(tmp_path / "copy.mp4")
        assert shown == list(range(150))
        assert times == pytest.approx([n / FPS for n in range(150)], abs=1e-3)


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix"),
    [
        ("prores_ks", "yuv422p10le", ".mov"),
        ("libx264", "yuv444p", ".mp4"),
        ("libx264", "yuv420p10le", ".mkv"),
        ("wmv2", "yuv420p", ".wmv"),
        ("mjpeg", "yuvj420p", ".avi"),
        ("flv", "yuv420p", ".flv"),
        ("ffv1", "gray", ".mkv"),
    ],
)
def test_rare_codecs_and_pixel_formats(tmp_path: Path, codec: str, pix_fmt: str, suffix: str) -> None:
    path = encode(tmp_path / f"a{suffix}", codec, list(range(12)), Fraction(1, FPS), {}, pix_fmt)
    transcode(path, tmp_path / "copy.mp4")
    check_copy(tmp_path / "copy.mp4")
    assert numbers(tmp_path / "copy.mp4")[0] == list(range(12))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_animations(tmp_path: Path, suffix: str) -> None:
    pictures = [Image.fromarray(picture(n)) for n in range(6)]
    path = tmp_path / f"a{suffix}"
    delays = [100, 300, 200, 700, 100, 100]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=delays, lossless=True)
    transcode(path, tmp_path / "copy.mp4")
    check_copy(tmp_path / "copy.mp4")
    shown, times = numbers(tmp_path / "copy.mp4")
    assert shown == list(range(6))
    assert times == pytest.approx([0, 0.1, 0.4, 0.6, 1.3, 1.4], abs=1e-4)


@pytest.mark.parametrize("colour", [(200, 40, 30), (30, 180, 60), (40, 60, 210), (128, 128, 128)])
@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".avi"])
def test_colours_stay(tmp_path: Path, colour: tuple[int, int, int], suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".mp4":
        write_video(path, [np.full((64, 96, 3), colour, np.uint8)] * 3, FPS)
    elif suffix == ".gif":
        images = [Image.new("RGB", (96, 64), colour), Image.new("RGB", (96, 64), (0, 0, 0))]
        images[0].save(path, save_all=True, append_images=images[1:])
    else:  # pictures of a camera, with the full range of values
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mjpeg", rate=FPS)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), colour, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    transcode(path, tmp_path / "copy.mp4")
    before, after = (
        read_frames(p, Sampling(None)).images[0].float().mean((1, 2)) for p in (path, tmp_path / "copy.mp4")
    )
    assert (before - after).abs().max() < 6
    assert (after - torch.tensor(colour)).abs().max() < 12


def test_transparent_pixels_lie_on_white(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    images = [Image.new("RGBA", (32, 32), (0, 0, 0, 0)), Image.new("RGBA", (32, 32), (200, 0, 0, 255))]
    images[0].save(path, save_all=True, append_images=images[1:], duration=100)
    transcode(path, tmp_path / "copy.mp4")
    assert read_frames(tmp_path / "copy.mp4", Sampling(None)).images[0].min() > 245


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_phones_are_held_upright(tmp_path: Path, degrees: int) -> None:
    upright = np.zeros((96, 64, 3), np.uint8)
    upright[:48] = (220, 30, 30)
    upright[48:, :32] = (30, 220, 30)
    stored = np.ascontiguousarray(np.rot90(upright, degrees // 90))
    write_video(tmp_path / "r.mp4", [stored] * 5, 5)
    one = 1 << 16
    matrices = {
        90: (0, one, 0, -one, 0, 0, 96 << 16, 0, 1 << 30),
        180: (-one, 0, 0, 0, -one, 0, 64 << 16, 96 << 16, 1 << 30),
        270: (0, -one, 0, one, 0, 0, 0, 64 << 16, 1 << 30),
    }
    _rotate(tmp_path / "r.mp4", matrices[degrees])
    transcode(tmp_path / "r.mp4", tmp_path / "copy.mp4")
    before, after = (read_frames(tmp_path / n, Sampling(1)).images[0].float() for n in ("r.mp4", "copy.mp4"))
    assert after.shape == (3, 96, 64)
    assert (before - after).abs().mean() < 6


def test_large_frames_become_small_and_pixels_square(tmp_path: Path) -> None:
    write_video(tmp_path / "large.mp4", (picture(n, 600, 1602) for n in range(2)), FPS)
    transcode(tmp_path / "large.mp4", tmp_path / "copy.mp4")
    info = probe(tmp_path / "copy.mp4")
    assert (info.width, info.height) == (1280, 480)
    assert numbers(tmp_path / "copy.mp4")[0] == [0, 1]
    with av.open(str(tmp_path / "sar.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(5, 64, 64), format="rgb24")))
        container.mux(stream.encode(None))
    transcode(tmp_path / "sar.mp4", tmp_path / "copy.mp4")
    with av.open(str(tmp_path / "copy.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.width, context.height, context.sample_aspect_ratio or 1) == (128, 64, 1)


def test_frames_that_change_their_size_take_that_of_the_first(tmp_path: Path) -> None:
    pictures = [Image.fromarray(picture(n, 64, 96)) for n in range(3)]
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("mjpeg", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        for n, image in enumerate(pictures):
            file = BytesIO()
            image.resize((96 + 32 * n, 64)).save(file, "JPEG", quality=95)
            packet = av.Packet(file.getvalue())
            packet.pts = packet.dts = n
            packet.time_base, packet.stream = Fraction(1, FPS), stream
            container.mux(packet)
    transcode(tmp_path / "a.mkv", tmp_path / "copy.mp4")
    assert numbers(tmp_path / "copy.mp4")[0] == [0, 1, 2]


@pytest.mark.parametrize("shift", [-0.5, 0.0, 1.5])
def test_sound_stays_beside_the_pictures(tmp_path: Path, shift: float) -> None:
    """A beep from 1.0 to 1.5 s of a sound track that begins `shift` seconds after the first picture."""
    samples = tone(3.0, 44_100)
    samples[:44_100] = samples[66_150:] = 0
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=FPS)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        sound = container.add_stream("flac", rate=44_100, layout="mono")
        for n in range(100):
            frame = av.VideoFrame.from_ndarray(picture(n), format="rgb24")
            frame.pts, frame.time_base = n + 25, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        size = sound.codec_context.frame_size
        for begin in range(0, len(samples) - size, size):
            part = (samples[begin : begin + size] * 32_767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(part[None], format="s16", layout="mono")
            frame.sample_rate, frame.time_base = 44_100, Fraction(1, 44_100)
            frame.pts = begin + round((1 + shift) * 44_100)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    transcode(path, tmp_path / "copy.mp4")
    check_copy(tmp_path / "copy.mp4")
    heard = read_audio(tmp_path / "copy.mp4", 16_000)
    assert heard is not None
    loud = np.flatnonzero(np.abs(heard.samples[0].numpy()) > 0.1)
    assert loud[0] / 16_000 == pytest.approx(1.0 + shift, abs=0.03)
    assert loud[-1] / 16_000 == pytest.approx(1.5 + shift, abs=0.03)


def test_stereo_stays_stereo_and_silence_is_no_track(clips: dict[str, Path], tmp_path: Path) -> None:
    stereo = np.stack([tone(1.0), np.zeros(16_000, np.float32)])
    write_video(tmp_path / "a.mp4", (picture(n) for n in range(25)), FPS, (stereo, 16_000))
    transcode(tmp_path / "a.mp4", tmp_path / "copy.mp4")
    heard = read_audio(tmp_path / "copy.mp4", 16_000, channels=2)
    assert heard is not None
    left, right = heard.samples[:, 2000:14_000].abs().mean(1).tolist()
    assert left > 0.2
    assert right < 0.02
    transcode(clips["b-frames"], tmp_path / "mute.mp4")
    assert read_audio(tmp_path / "mute.mp4") is None


def test_streamed_sound_is_what_is_read_at_once(clips: dict[str, Path]) -> None:
    whole = read_audio(clips["sound"], 48_000)
    assert whole is not None
    streamed = np.concatenate(list(stream_audio(clips["sound"], 48_000)), axis=1)
    assert np.array_equal(streamed, whole.samples.numpy())
    assert list(stream_audio(clips["b-frames"], 48_000)) == []


def test_damaged_files_give_what_is_there_or_an_error_and_no_copy(clips: dict[str, Path], tmp_path: Path) -> None:
    whole = clips["mkv"].read_bytes()
    (tmp_path / "half.mkv").write_bytes(whole[: len(whole) // 2])
    transcode(tmp_path / "half.mkv", tmp_path / "half.mp4")
    shown, expected = numbers(tmp_path / "half.mp4"), numbers(tmp_path / "half.mkv")
    assert shown[0] == expected[0]
    assert shown[1] == pytest.approx(expected[1], abs=1e-4)
    assert 40 < len(shown[0]) < 110
    mp4 = clips["b-frames"].read_bytes()
    begin = mp4.index(b"mdat") + 4
    end = mp4.index(b"moov") if mp4.index(b"moov") > begin else len(mp4)
    (tmp_path / "zeros.mp4").write_bytes(mp4[:begin] + bytes(end - begin) + mp4[end:])
    (tmp_path / "none.mp4").write_bytes(b"\0" * 99)
    for name, message in (("zeros.mp4", "none of its frames"), ("none.mp4", "cannot be read"), ("gone.mp4", "no file")):
        with pytest.raises(MediaError, match=message):
            transcode(tmp_path / name, tmp_path / "copy.mp4")
    assert not list(tmp_path.glob("*copy*"))


def test_a_copy_that_cannot_be_written(clips: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MediaError, match="cannot be written"):
        transcode(clips["sound"], tmp_path / "file" / "copy.mp4")
