"""media/image.py and files.py: what one sees is what comes out, for every mode; bad files are one kind of error."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from babelreel.errors import MediaError
from babelreel.media import image
from babelreel.media.files import content_hash, find_media, kind_of, read_item
from babelreel.media.image import read_image
from babelreel.media.transforms import ImageSpec, resize
from babelreel.media.video import Sampling


def flag(height: int = 40, width: int = 60) -> Image.Image:
    """Red above left, green above right, blue below: every turn shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (220, 20, 20)
    pixels[: height // 2, width // 2 :] = (20, 220, 20)
    pixels[height // 2 :] = (20, 20, 220)
    return Image.fromarray(pixels)


def corners(image: torch.Tensor) -> list[str]:
    """The strongest channel above left, above right, below left, below right."""
    _, height, width = image.shape
    places = [(5, 5), (5, width - 6), (height - 6, 5), (height - 6, width - 6)]
    return ["rgb"[int(image[:, y, x].float().argmax())] for y, x in places]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = flag().transpose(undo[orientation]) if orientation > 1 else flag()
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.jpg", exif=exif, quality=95)
    image = read_image(tmp_path / "a.jpg")
    assert image.shape == (3, 40, 60)
    assert corners(image) == ["r", "g", "b", "b"]
    assert corners(read_image(tmp_path / "a.jpg", (20, 20))) == ["r", "g", "b", "b"]


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("P", "png"), ("P", "gif"), ("RGBA", "png"), ("RGBA", "webp"), ("CMYK", "jpg"), ("CMYK", "tif"), ("YCbCr", "jpg")],
)  # fmt: skip
def test_colour_modes(tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    flag().convert(mode).save(path)
    assert corners(read_image(path)) == ["r", "g", "b", "b"]


def test_grey_black_and_white_and_sixteen_bits(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (8, 1))
    Image.fromarray(ramp).save(tmp_path / "16.png")
    Image.fromarray(ramp).save(tmp_path / "16.tif")
    Image.fromarray((ramp >> 8).astype(np.uint8)).save(tmp_path / "8.png")
    Image.fromarray(ramp.astype(np.float32) / 65535).save(tmp_path / "f.tif")
    expected = torch.from_numpy((ramp >> 8).astype(np.uint8))
    for name in ("16.png", "16.tif", "8.png", "f.tif"):
        image = read_image(tmp_path / name)
        assert image.shape == (3, 8, 64)
        assert (image.int() - expected.int()).abs().max() <= 1, name
    Image.fromarray(np.eye(8, dtype=bool)).save(tmp_path / "1.png")
    assert read_image(tmp_path / "1.png")[0].tolist() == (np.eye(8, dtype=np.uint8) * 255).tolist()


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2] = (200, 0, 0, 255)
    pixels[3] = (0, 0, 0, 128)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image[:, 0, 0].tolist() == [200, 0, 0]
    assert image[:, 2, 0].tolist() == [255, 255, 255]
    assert image[:, 3, 0].tolist() == [127, 127, 127]
    palette = Image.fromarray(pixels[..., :3]).quantize(4)
    palette.info["transparency"] = palette.getpixel((0, 2))
    palette.save(tmp_path / "p.png", transparency=palette.getpixel((0, 2)))
    assert read_image(tmp_path / "p.png")[:, 2, 0].tolist() == [255, 255, 255]


def test_the_smallest_and_the_largest(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "1.png")
    assert read_image(tmp_path / "1.png").flatten().tolist() == [1, 2, 3]
    assert read_item(tmp_path / "1.png", "image", Sampling(), ImageSpec(32, 32)).images.shape == (1, 3, 32, 32)
    # 20,000 x 20,000: the PNG is refused by its header, before a pixel of its 1.2 GB is held ...
    with open(tmp_path / "big.png", "wb") as file:
        header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")):
            file.write(struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)))
    with pytest.raises(MediaError, match="pixels"):
        read_image(tmp_path / "big.png")
    # ... and a JPEG is scaled in its decoder.
    Image.new("L", (20_000, 20_000), 90).save(tmp_path / "big.jpg")
    assert kind_of(tmp_path / "big.jpg") == "image"
    with pytest.raises(MediaError, match=r"has 20000 x 20000 pixels, more than"):
        read_image(tmp_path / "big.jpg")
    assert read_image(tmp_path / "big.jpg", (224, 224)).shape == (3, 2500, 2500)
    assert read_item(tmp_path / "big.jpg", "image", Sampling(), ImageSpec(224, 224)).images.shape == (1, 3, 224, 224)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b""), ("a.png", b"<html>"), ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 "), ("a.gif", b"GIF89a\x05"),
        ("a.bmp", b"BM" + b"\xff" * 60),
    ],
)  # fmt: skip
def test_files_that_are_no_image(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError):
        read_image(tmp_path / name)
    with pytest.raises(MediaError):
        kind_of(tmp_path / name)


def test_a_postscript_program_does_not_pass_for_a_picture(tmp_path: Path) -> None:
    """PIL would have Ghostscript run it."""
    flag().save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    with pytest.raises(MediaError, match="not an image"):
        read_image(tmp_path / "a.png")
    with pytest.raises(MediaError):
        kind_of(tmp_path / "a.png")


def test_half_an_image_is_an_error(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    for suffix in ("png", "jpg"):
        noise.save(tmp_path / f"a.{suffix}")
        whole = (tmp_path / f"a.{suffix}").read_bytes()
        (tmp_path / f"a.{suffix}").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(MediaError, match="cannot be read as an image"):
            read_image(tmp_path / f"a.{suffix}")
    with pytest.raises(MediaError, match="There is no file"):
        read_image(tmp_path / "gone.png")
    with pytest.raises(MediaError):
        read_image(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_one_may_not_read(tmp_path: Path) -> None:
    flag().save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    for function in (read_image, kind_of, content_hash):
        with pytest.raises(MediaError):
            function(tmp_path / "a.png")


def test_kinds_are_told_by_content(tmp_path: Path) -> None:
    flag().save(tmp_path / "a.png")
    (tmp_path / "image.mp4").write_bytes((tmp_path / "a.png").read_bytes())
    assert kind_of(tmp_path / "image.mp4") == "image"
    assert read_item(tmp_path / "image.mp4", "image", Sampling(), None).images.shape == (1, 3, 40, 60)
    frames = [Image.new("RGB", (16, 16), (50 * n, 0, 0)) for n in range(4)]
    for suffix in ("gif", "webp", "png", "avif"):
        frames[0].save(tmp_path / f"moving.{suffix}", save_all=True, append_images=frames[1:], duration=200)
        frames[0].save(tmp_path / f"still.{suffix}")
        assert kind_of(tmp_path / f"moving.{suffix}") == "video"
        assert kind_of(tmp_path / f"still.{suffix}") == "image"


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "avif"])
def test_animations_are_videos(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (16, 16), (60 * n, 0, 0)) for n in range(4)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[100, 200, 300, 400], lossless=True)
    found = read_item(path, "video", Sampling(None), None)
    torch.testing.assert_close(found.times, torch.tensor([0.0, 0.1, 0.3, 0.6]))
    assert [int(i[0, 8, 8]) for i in found.images] == pytest.approx([0, 60, 120, 180], abs=3)
    one = read_item(path, "video", Sampling(1), ImageSpec(8, 8), start=0.5)
    assert int(one.images[0, 0, 4, 4]) == pytest.approx(180, abs=3)
    with pytest.raises(MediaError, match="nothing from"):
        read_item(path, "video", Sampling(1), None, start=5.0)
    whole = path.read_bytes()
    path.write_bytes(whole[: {"gif": 20, "avif": len(whole) // 2}.get(suffix, -40)])
    with pytest.raises(MediaError):
        read_item(path, "video", Sampling(None), None)


def test_content_hashes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    (tmp_path / "b").write_bytes(b"x" * 100)
    (tmp_path / "c").write_bytes(b"x" * 101)
    one, two, three = (content_hash(tmp_path / n) for n in "abc")
    assert one == two != three
    with pytest.raises(MediaError, match="There is no file"):
        content_hash(tmp_path / "gone")
    with pytest.raises(MediaError, match="cannot be read"):
        content_hash(tmp_path)


def test_files_are_found_once_sorted_and_loops_end(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/1.mp4", "a.png", "b/c/3.webm", "b/note.txt", "b/.hidden.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "b" / "c" / "loop").symlink_to(tmp_path)
    found = [p.relative_to(tmp_path.resolve()).as_posix() for p in find_media([tmp_path, tmp_path / "a.png"])]
    assert found == ["a.png", "b/1.mp4", "b/2.JPG", "b/c/3.webm"]
    assert [p.name for p in find_media([tmp_path / "b" / "note.txt"])] == ["note.txt"]


def test_the_real_photographs_are_read(data: Path) -> None:
    for path in sorted((data / "images" / "flickr8k").iterdir())[::700]:
        image = read_image(path)
        assert image.shape[0] == 3
        assert min(image.shape[1:]) >= 200
        assert image.float().std() > 10


def test_several_pictures_in_a_file_are_no_animation(tmp_path: Path) -> None:
    """Pages of a TIFF, and the twin pictures of some phones' JPEGs: the first is the image."""
    pictures = [flag(), flag().transpose(Image.Transpose.ROTATE_180)]
    for name, form in (("a.tif", "TIFF"), ("a.jpg", "MPO")):
        pictures[0].save(tmp_path / name, form, save_all=True, append_images=pictures[1:])
        assert kind_of(tmp_path / name) == "image"
        assert corners(read_image(tmp_path / name)) == ["r", "g", "b", "b"]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_data_does_not_cost_the_picture(tmp_path: Path) -> None:
    flag().save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\xff\xff" * 9, quality=95)
    assert corners(read_image(tmp_path / "a.jpg")) == ["r", "g", "b", "b"]


def test_deep_integers_are_scaled_by_what_they_hold(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(-1000, 100_000, 64).astype(np.int32), (8, 1))
    Image.fromarray(ramp).save(tmp_path / "i.tif")
    expected = torch.linspace(0, 255, 64).round().int()
    assert (read_image(tmp_path / "i.tif")[0, 0].int() - expected).abs().max() <= 1
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(tmp_path / "nan.tif")
    assert read_image(tmp_path / "nan.tif").shape == (3, 4, 4)


def test_scaling_in_the_decoder_hardly_changes_what_is_read(tmp_path: Path) -> None:
    soft = Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)).resize((1600, 1200))
    soft.save(tmp_path / "a.jpg", quality=95)
    spec = ImageSpec(64, 64, "crop", 72)
    assert read_image(tmp_path / "a.jpg", (144, 144)).shape == (3, 150, 200)
    found = read_item(tmp_path / "a.jpg", "image", Sampling(), spec).images
    expected = resize(read_image(tmp_path / "a.jpg").unsqueeze(0), spec)
    assert (found.float() - expected.float()).abs().mean() < 2  # grey levels


def test_large_progressive_jpegs_and_animations_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "MAX_PIXELS", 2000)
    flag().save(tmp_path / "p.jpg", progressive=True)
    flag().save(tmp_path / "b.jpg")
    assert read_image(tmp_path / "b.jpg", (10, 10)).shape == (3, 10, 15)
    with pytest.raises(MediaError, match="has 60 x 40 pixels"):
        read_image(tmp_path / "p.jpg", (10, 10))
    flag().save(tmp_path / "a.webp", save_all=True, append_images=[flag().rotate(90)])
    with pytest.raises(MediaError, match="has 60 x 40 pixels"):
        read_item(tmp_path / "a.webp", "video", Sampling(), None)


def test_missing_paths_hidden_folders_and_links_that_lead_nowhere(tmp_path: Path) -> None:
    for name in (".thumbnails/1.jpg", "a/2.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "dead.jpg").symlink_to(tmp_path / "gone.jpg")
    assert [p.name for p in find_media([tmp_path])] == ["dead.jpg", "2.jpg"]  # reading it says what is wrong
    with pytest.raises(MediaError, match="There is no file"):
        kind_of(tmp_path / "dead.jpg")
    with pytest.raises(MediaError, match=r"no file or folder .*gone"):
        list(find_media([tmp_path / "gone"]))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_one_may_not_read_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "a.jpg").write_bytes(b"x")
    assert [p.name for p in find_media([tmp_path])] == ["a.jpg"]
    assert "closed" in caplog.text
