"""media/write.py: what is written is read back, every time with the same bytes, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import torch
from media_samples import number_of, picture, tone

from babelreel.errors import MediaError
from babelreel.media.audio import read_audio
from babelreel.media.video import Sampling, read_frames
from babelreel.media.write import write_video


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


def test_pictures_and_sound_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    pictures = [picture(n) for n in range(50)]
    sound = np.stack([tone(2.0), tone(2.0, pitch=900)])
    write_video(path, pictures, 25, (sound, 16_000), gop=10, crf=4)
    frames = read_frames(path, Sampling(None))
    assert [number_of(i.numpy()) for i in frames.images] == list(range(50))
    expected = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    assert (frames.images.float() - expected.float()).abs().mean() < 3  # grey levels
    found = read_audio(path, channels=2)
    assert found is not None
    wave = torch.from_numpy(sound)
    assert (found.samples[:, 1000:31_000] - wave[:, 1000:31_000]).abs().mean() < 0.02  # in time, not shifted
    with av.open(str(path)) as container:
        keys = [p.pts * p.time_base * 25 for p in container.demux(video=0) if p.size and p.is_keyframe]
        assert keys == [0, 10, 20, 30, 40]
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


def test_sound_lies_beside_its_pictures(tmp_path: Path) -> None:
    """Otherwise a browser fetches the whole film before it plays."""
    path = tmp_path / "a.mp4"
    write_video(path, (picture(n) for n in range(200)), 10, (tone(20.0), 16_000))
    with av.open(str(path)) as container:
        order = sorted((p.pos, float(p.pts * p.time_base)) for p in container.demux() if p.size and p.pts is not None)
    assert max(max(0.0, order[n][1] - order[n + 1][1]) for n in range(len(order) - 1)) < 2.0  # seconds
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_sound_that_ends_before_and_after_the_pictures(tmp_path: Path) -> None:
    for seconds in (0.5, 3.0):
        write_video(tmp_path / "a.mp4", (picture(n) for n in range(20)), 10, (tone(seconds), 16_000))
        found = read_audio(tmp_path / "a.mp4")
        assert found is not None
        assert found.samples.shape[1] == pytest.approx(seconds * 16_000, abs=2100)
        assert len(read_frames(tmp_path / "a.mp4", Sampling(None)).times) == 20


def test_sound_of_many_channels_and_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="1 or 2 channels"):
        write_video(tmp_path / "a.mp4", [picture(0)], 10, (np.zeros((3, 100), np.float32), 16_000))
    (tmp_path / "file").write_text("x")
    with pytest.raises(MediaError, match="cannot be written"):
        write_video(tmp_path / "file" / "a.mp4", [picture(0)], 10)
