"""media/audio.py: spans are exact to the sample, mono is the mean, and no sound is None."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from media_samples import tone, write_wav

from babelreel.errors import MediaError
from babelreel.media.audio import read_audio


def test_samples_come_back(tmp_path: Path) -> None:
    wave = tone(1.5)
    found = read_audio(write_wav(tmp_path / "a.wav", wave, 16_000))
    assert found is not None
    assert (found.rate, found.samples.shape, found.samples.dtype) == (16_000, (1, 24_000), torch.float32)
    torch.testing.assert_close(found.samples[0], torch.from_numpy(wave), atol=1e-6, rtol=0)


def test_mono_is_the_mean_of_stereo_and_stereo_of_mono_repeats_it(tmp_path: Path) -> None:
    left, right = tone(0.5, pitch=300), 0.25 * tone(0.5, pitch=900)
    path = write_wav(tmp_path / "s.wav", np.stack([left, right]), 16_000)
    mono, stereo = read_audio(path), read_audio(path, channels=2)
    assert mono is not None
    assert stereo is not None
    torch.testing.assert_close(stereo.samples, torch.from_numpy(np.stack([left, right])), atol=1e-6, rtol=0)
    torch.testing.assert_close(mono.samples[0], stereo.samples.mean(0), atol=1e-6, rtol=0)
    both = read_audio(write_wav(tmp_path / "m.wav", left, 16_000), channels=2)
    assert both is not None
    assert torch.equal(both.samples[0], both.samples[1])
    torch.testing.assert_close(both.samples[0], torch.from_numpy(left), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.25), (0.3, 0.9), (1.2345, None), (0.5, 99.0)])
def test_spans_are_exact(tmp_path: Path, start: float, end: float | None) -> None:
    ramp = np.linspace(-1, 1, 32_000).astype(np.float32)
    found = read_audio(write_wav(tmp_path / "r.wav", ramp, 16_000), start=start, end=end)
    assert found is not None
    expected = ramp[round(start * 16_000) : None if end is None else round(end * 16_000)]
    torch.testing.assert_close(found.samples[0], torch.from_numpy(expected), atol=1e-6, rtol=0)


def test_another_rate_keeps_pitch_and_length(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(2.0, 44_100, 1000), 44_100)
    found = read_audio(path, rate=16_000)
    assert found is not None
    assert abs(found.samples.shape[1] - 32_000) <= 32
    spectrum = torch.fft.rfft(found.samples[0]).abs()
    assert float(spectrum.argmax()) * 16_000 / found.samples.shape[1] == pytest.approx(1000, abs=2)
    assert found.samples.abs().max() == pytest.approx(0.5, abs=0.05)


def test_sound_of_a_video_and_none(clips: dict[str, Path]) -> None:
    found = read_audio(clips["sound"])
    assert found is not None
    assert found.samples.shape[1] == pytest.approx(64_000, abs=2100)  # AAC adds up to two frames of 1,024 samples
    spectrum = torch.fft.rfft(found.samples[0]).abs()
    assert float(spectrum.argmax()) * 16_000 / found.samples.shape[1] == pytest.approx(440, abs=3)
    assert read_audio(clips["webm"]) is None


def test_bad_sound(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="There is no file"):
        read_audio(tmp_path / "gone.wav")
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(MediaError, match="cannot be read"):
        read_audio(tmp_path / "a.wav")
    with pytest.raises(MediaError):
        read_audio(tmp_path)
    path = write_wav(tmp_path / "b.wav", tone(1.0), 16_000)
    with pytest.raises(MediaError, match=r"is 1\.00 s long"):
        read_audio(path, start=1.5)
    with pytest.raises(MediaError, match="1 or 2 channels"):
        read_audio(path, channels=6)


def test_real_clips_with_and_without_sound(data: Path) -> None:
    found = [read_audio(p, end=1.0) for p in sorted((data / "clips").iterdir()) if p.suffix != ".json"]
    assert sum(f is not None for f in found) == 35
    assert all(f.samples.shape[1] <= 16_000 and f.samples.abs().max() <= 1 for f in found if f is not None)
