"""media/video.py on files that are not what they seem: what decodes is given, the rest is a clear `MediaError`."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from av.stream import Disposition
from media_samples import FPS, encode, number_of, picture, tone
from PIL import Image

from babelreel.errors import MediaError
from babelreel.media.audio import read_audio
from babelreel.media.files import kind_of, read_item
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling, probe, read_frames
from babelreel.media.write import write_video


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


def test_a_damaged_end_gives_the_last_frame_before_it(clips: dict[str, Path], tmp_path: Path) -> None:
    """The only frame asked for is damaged, and so are all after it."""
    path = tmp_path / "end.mkv"
    with av.open(str(clips["all-keys"])) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(p for p in source.demux(source.streams.video[0]) if p.size):
            if number >= 50:
                noise = av.Packet(b"\xff" * packet.size)
                noise.pts, noise.dts, noise.time_base = packet.pts, packet.dts, packet.time_base
                noise.is_keyframe = True
                packet = noise
            packet.stream = stream
            target.mux(packet)
    frames = read_frames(path, Sampling(1))
    assert [number_of(i.numpy()) for i in frames.images] == [49]
    assert float(frames.times[0]) == pytest.approx(49 / FPS, abs=1e-3)
    assert frames.errors > 0


def test_nothing_that_decodes(clips: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "noise.mkv"
    with av.open(str(clips["all-keys"])) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                noise = av.Packet(b"\xff" * packet.size)
                noise.pts, noise.dts, noise.time_base = packet.pts, packet.dts, packet.time_base
                noise.stream = stream
                target.mux(noise)
    for read in (lambda: read_frames(path, Sampling(3)), lambda: probe(path)):
        with pytest.raises(MediaError, match="none of its frames could be decoded"):
            read()


def test_scripts_playlists_and_pictures_do_not_pass_for_videos(clips: dict[str, Path], tmp_path: Path) -> None:
    """FFmpeg would follow them to other files and servers, or show a text as a film."""
    (tmp_path / "other.mp4").write_bytes(clips["b-frames"].read_bytes())
    files = {
        "concat.mp4": "ffconcat version 1.0\nfile other.mp4\n",
        "list.m3u8": "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:2,\nother.mp4\n#EXT-X-ENDLIST\n",
        "film.txt": "many lines\n" * 100,
        "film.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    }
    Image.new("RGB", (32, 32)).save(tmp_path / "picture.png")
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    for name in (*files, "picture.png"):
        for function in (lambda p: read_item(p, "video", Sampling(), None), probe, read_audio):
            with pytest.raises(MediaError, match="cannot be read as a video or sound"):
                function(tmp_path / name)


@pytest.mark.parametrize("name", ["a:b.mp4", "http:film.mp4", "100% film, 'é' %03d.mp4", "-.mp4"])
def test_names_that_look_like_addresses_or_patterns(clips: dict[str, Path], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(clips["sound"].read_bytes())
    assert len(read_frames(tmp_path / name, Sampling(2)).times) == 2
    assert read_audio(tmp_path / name) is not None
    assert kind_of(tmp_path / name) == "video"


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("mp3", rate=16_000, layout="mono")
        cover = container.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt, cover.disposition = 96, 64, "rgb24", Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(picture(3), format="rgb24")))
        container.mux(cover.encode(None))
        for start in range(0, 16_000, 576):
            frame = av.AudioFrame.from_ndarray(tone(1.0)[None, start : start + 576], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16_000, start
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    with pytest.raises(MediaError, match="holds no video: only sound"):
        read_frames(path, Sampling())
    assert read_audio(path) is not None


def test_a_codec_that_is_unknown(clips: dict[str, Path], tmp_path: Path) -> None:
    data = clips["b-frames"].read_bytes()
    (tmp_path / "a.mp4").write_bytes(data.replace(b"avc1", b"zzzz"))
    with pytest.raises(MediaError, match="coded in a way that cannot be decoded"):
        read_frames(tmp_path / "a.mp4", Sampling())


def test_frames_of_absurd_size_are_refused_before_they_are_made(clips: dict[str, Path], tmp_path: Path) -> None:
    path = encode(tmp_path / "a.avi", "ffv1", [0, 1, 2], Fraction(1, FPS), {})
    path.write_bytes(path.read_bytes().replace(struct.pack("<ii", 96, 64), struct.pack("<ii", 12_000, 12_000)))
    with pytest.raises(MediaError, match="frames of 12000 x 12000 pixels"):
        read_frames(path, Sampling())
    data = bytearray(clips["gif"].read_bytes())  # where the decoder is first to learn of it
    data[6:10] = struct.pack("<HH", 12_000, 12_000)
    (tmp_path / "a.gif").write_bytes(data)
    with pytest.raises(MediaError, match=r"pixels|none of its frames"):
        read_frames(tmp_path / "a.gif", Sampling())


def test_frames_that_change_their_size(clips: dict[str, Path], tmp_path: Path) -> None:
    """Two streams one after the other, as a recording of television has them."""
    for name, (height, width) in {"a.ts": (64, 96), "b.ts": (128, 160)}.items():
        with av.open(str(tmp_path / name), "w") as container:
            stream = container.add_stream("libx264", rate=FPS, options={"g": "5", "bf": "0"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for n in range(25):
                frame = av.VideoFrame.from_ndarray(picture(n, height, width), format="rgb24")
                frame.pts = n + (25 if name == "b.ts" else 0)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    with pytest.raises(MediaError, match="changes its frame size"):
        read_frames(path, Sampling(None))
    frames = read_frames(path, Sampling(None), spec=ImageSpec(64, 96))
    assert frames.images.shape[1:] == (3, 64, 96)
    assert len(frames.times) >= 45


def test_transparent_pixels_lie_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((20, 30, 4), np.uint8)
    pixels[5:15, 10:20] = (200, 30, 0, 255)
    pictures = [Image.fromarray(np.roll(pixels, n, 1)) for n in range(4)]
    for disposal in (1, 2):
        pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100, disposal=disposal)
        images = read_frames(tmp_path / "a.gif", Sampling(None)).images
        assert (images[0][:, :5] == 255).all()
        assert images[3][:, 10, 15].tolist() == pytest.approx([200, 30, 0], abs=3)
        assert (images[3][0, 10, 10] == 255) == (disposal == 2)  # disposal 1 leaves the traces of earlier pictures


def test_an_absurd_pixel_aspect_is_taken_as_square(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 200
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(5, 64, 64), format="rgb24")))
        container.mux(stream.encode(None))
    assert read_frames(path, Sampling(1)).images.shape == (1, 3, 64, 64)
    write_video(path, [picture(1)], 5)
    assert torch.equal(read_frames(path, Sampling(9)).times, torch.zeros(1))
