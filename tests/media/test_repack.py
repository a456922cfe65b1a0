"""media/repack.py: what is moved into MP4 shows the very frames of the source at their times; the rest is given up."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from media_samples import FPS, encode, picture, tone
from test_video import _rotate

from babelreel.errors import MediaError
from babelreel.media import repack as module
from babelreel.media.audio import read_audio
from babelreel.media.playable import CopyCache, playable
from babelreel.media.repack import repack
from babelreel.media.sampling import Sampling
from babelreel.media.video import read_frames

MOVED = {"b-frames", "open-gop", "one-gop", "all-keys", "uneven", "late", "mkv", "ts", "sound"}


def same_frames(source: Path, copy: Path) -> None:
    ours, theirs = read_frames(copy, Sampling(None)), read_frames(source, Sampling(None))
    assert torch.equal(ours.images, theirs.images)
    assert ours.times.tolist() == pytest.approx(theirs.times.tolist(), abs=1e-3)


def test_h264_is_moved_frame_by_frame(clips: dict[str, Path], tmp_path: Path) -> None:
    for name, path in clips.items():
        copy = tmp_path / f"{name}.mp4"
        assert repack(path, copy) is (name in MOVED), name
        assert copy.exists() is (name in MOVED), name
        if name not in MOVED:
            continue
        same_frames(path, copy)
        assert playable(copy, CopyCache(tmp_path / "cache")) == copy, name
        content = copy.read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")
    assert {p.name for p in tmp_path.iterdir()} == {f"{name}.mp4" for name in MOVED}  # nothing half done


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix"),
    [("libx264", "yuv444p", ".mkv"), ("libx264", "yuv420p10le", ".mkv"), ("mpeg4", "yuv420p", ".mkv")],
)
def test_what_browsers_cannot_decode_is_not_moved(tmp_path: Path, codec: str, pix_fmt: str, suffix: str) -> None:
    path = encode(tmp_path / f"a{suffix}", codec, list(range(8)), Fraction(1, FPS), {}, pix_fmt)
    assert not repack(path, tmp_path / "copy.mp4")
    assert not (tmp_path / "copy.mp4").exists()


def test_any_sound_becomes_aac_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"bf": "2"})
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for n in range(50):
            frame = av.VideoFrame.from_ndarray(picture(n), format="rgb24")
            frame.pts, frame.time_base = n + 10, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        samples = (tone(1.0) * 32_767).astype(np.int16)
        part = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        part.sample_rate, part.pts, part.time_base = 16_000, round(0.9 * 16_000), Fraction(1, 16_000)
        container.mux(sound.encode(part))
        container.mux(sound.encode(None))
    assert repack(path, tmp_path / "copy.mp4")
    same_frames(path, tmp_path / "copy.mp4")
    with av.open(str(tmp_path / "copy.mp4")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
    heard = read_audio(tmp_path / "copy.mp4", 16_000)
    assert heard is not None
    loud = np.flatnonzero(np.abs(heard.samples[0].numpy()) > 0.1)
    assert (loud[0] / 16_000, loud[-1] / 16_000) == pytest.approx((0.5, 1.5), abs=0.03)


def test_what_was_turned_stays_turned(clips: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    path.write_bytes(clips["late"].read_bytes())
    one = 1 << 16
    _rotate(path, (0, one, 0, -one, 0, 0, 64 << 16, 0, 1 << 30))
    assert read_frames(path, Sampling(1)).images.shape == (1, 3, 96, 64)
    assert repack(path, tmp_path / "copy.mp4")
    same_frames(path, tmp_path / "copy.mp4")


def test_a_copy_that_came_out_otherwise_is_given_up(
    clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the muxer had left out a packet."""
    real = module._dated
    monkeypatch.setattr(module, "_dated", lambda source, gap: (p for n, p in enumerate(real(source, gap)) if n != 7))
    assert not repack(clips["mkv"], tmp_path / "copy.mp4")
    assert not list(tmp_path.iterdir())


def test_shuffled_stamps_are_not_moved(clips: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "shuffled.mp4"
    with av.open(str(clips["b-frames"])) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for n, packet in enumerate(p for p in source.demux(source.streams.video[0]) if p.size):
            packet.pts = packet.dts = round((1 + n / FPS) / packet.time_base)
            packet.stream = stream
            target.mux(packet)
    assert not repack(path, tmp_path / "copy.mp4")


def test_errors(clips: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "none.mkv").write_bytes(b"\0" * 99)
    for name in ("none.mkv", "gone.mkv"):
        with pytest.raises(MediaError, match=name):
            repack(tmp_path / name, tmp_path / "copy.mp4")
    with pytest.raises(MediaError, match="cannot be written"):
        repack(clips["mkv"], tmp_path / "none.mkv" / "copy.mp4")
