"""media/thumbnail.py: small, upright, of the right moment."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from media_samples import FPS, number_of, picture
from PIL import Image

from babelreel.errors import MediaError
from babelreel.media.decode import read_timeline
from babelreel.media.image import ORIENTATION
from babelreel.media.thumbnail import EDGE, MOST_BYTES, cheap_time, image_thumbnail, video_thumbnails
from babelreel.media.write import write_video


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(BytesIO(jpeg))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    return image


def number(jpeg: bytes) -> int:
    return number_of(np.asarray(opened(jpeg)).transpose(2, 0, 1))


def test_images_become_small_upright_and_opaque(tmp_path: Path) -> None:
    pixels = np.zeros((600, 1000, 3), np.uint8)
    pixels[:, :500] = (220, 0, 0)
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # shown turned to the right: what is left lies above
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif)
    small = opened(image_thumbnail(tmp_path / "a.jpg"))
    assert small.size == (192, EDGE)
    assert np.asarray(small)[:150, :, 0].mean() > 200
    assert np.asarray(small)[170:].mean() < 10
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(tmp_path / "a.png")
    clear = opened(image_thumbnail(tmp_path / "a.png"))
    assert clear.size == (40, 30)
    assert np.asarray(clear).min() > 250
    Image.new("L", (9000, 3)).save(tmp_path / "strip.png")
    assert opened(image_thumbnail(tmp_path / "strip.png")).size == (EDGE, 1)


def test_a_busy_picture_gets_a_lower_quality(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    coarse = Image.fromarray(generator.integers(0, 255, (150, 200, 3), dtype=np.uint8))
    coarse.resize((1600, 1200)).save(tmp_path / "busy.png")
    jpeg = image_thumbnail(tmp_path / "busy.png")
    assert len(jpeg) < 2 * MOST_BYTES
    Image.new("RGB", (1600, 1200), (9, 90, 200)).save(tmp_path / "calm.png")
    fine = opened(image_thumbnail(tmp_path / "calm.png"))
    assert sum(fine.quantization[0]) < sum(opened(jpeg).quantization[0])


def test_a_huge_jpeg_is_scaled_down_by_its_decoder(tmp_path: Path) -> None:
    Image.new("L", (12_000, 9_000), 128).save(tmp_path / "huge.jpg")  # more pixels than are ever read whole
    assert opened(image_thumbnail(tmp_path / "huge.jpg")).size == (320, 240)


def test_moments_of_videos_are_what_is_on_screen_then(clips: dict[str, Path]) -> None:
    for name, path in clips.items():
        timeline = read_timeline(path)
        shown = [(stamp - timeline.pts[0]) * timeline.tick for stamp in timeline.pts]
        times = [shown[90 if len(shown) > 90 else 30], 0.0, shown[20], shown[20] + timeline.gap / 3]
        numbers = [number(jpeg) for jpeg in video_thumbnails(path, times)]
        first = numbers[1]  # an edit list may hide some
        assert [n - first for n in numbers] == [90 if len(shown) > 90 else 30, 0, 20, 20], name


def test_a_cheap_time_is_that_of_a_key_frame_in_the_window(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, [np.full((32, 32, 3), 5 * t, np.uint8) for t in range(50)], 10, gop=10)  # keys at 0, 1, ... 4 s
    assert cheap_time(path, 0.0, 5.0) == pytest.approx(2.0)
    assert cheap_time(path, 2.5, 4.9) == pytest.approx(4.0)
    assert cheap_time(path, 3.05, 3.95) == pytest.approx(3.5)  # none inside
    Image.new("RGB", (8, 8)).save(
        tmp_path / "a.webp", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")], duration=500
    )
    assert cheap_time(tmp_path / "a.webp", 0.0, 1.0) == 0.5


def test_times_beyond_the_ends_and_none(clips: dict[str, Path]) -> None:
    path = clips["b-frames"]
    assert [number(jpeg) for jpeg in video_thumbnails(path, [999.0, -3.0, 2.0])] == [149, 0, 2 * FPS]
    assert video_thumbnails(path, []) == []


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_moments_of_animations(tmp_path: Path, suffix: str) -> None:
    pictures = [Image.fromarray(picture(n)) for n in range(10)]
    path = tmp_path / f"a{suffix}"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=200, lossless=True)
    assert [number(jpeg) for jpeg in video_thumbnails(path, [0.0, 1.3, 0.4, 9.0])] == [0, 6, 2, 9]


def test_large_videos_become_small(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", (picture(n, 480, 640) for n in range(3)), FPS)
    jpeg = video_thumbnails(tmp_path / "a.mp4", [0.04])[0]
    assert opened(jpeg).size == (320, 240)
    assert number(jpeg) == 1


def test_frames_stamped_in_another_order(clips: dict[str, Path], tmp_path: Path) -> None:
    import av

    path = tmp_path / "shuffled.mp4"
    with av.open(str(clips["b-frames"])) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.pts = packet.dts = packet.dts + round(1 / packet.time_base)
                packet.stream = stream
                target.mux(packet)
    assert [number(jpeg) for jpeg in video_thumbnails(path, [2.0, 4.0])] == [50, 100]


def test_damaged_files(clips: dict[str, Path], tmp_path: Path) -> None:
    whole = clips["b-frames"].read_bytes()
    begin, end = whole.index(b"mdat") + 4, whole.index(b"moov") if whole.index(b"moov") > 99 else len(whole)
    (tmp_path / "zeros.mp4").write_bytes(whole[:begin] + bytes(end - begin) + whole[end:])
    with pytest.raises(MediaError, match="none of its frames"):
        video_thumbnails(tmp_path / "zeros.mp4", [1.0])
    (tmp_path / "none.jpg").write_bytes(b"\0" * 50)
    with pytest.raises(MediaError, match=r"none\.jpg"):
        image_thumbnail(tmp_path / "none.jpg")


def test_a_file_that_was_replaced_is_read_anew(clips: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(clips["b-frames"].read_bytes())
    assert len(read_timeline(path).pts) == 150
    write_video(path, (picture(n) for n in range(7)), FPS)
    assert len(read_timeline(path).pts) == 7
