"""media/audio.py: spans are exact to the sample, mono is the mean, and no sound is None."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from media_samples import FPS, encode_sound, picture, tone, write_wav

from babelreel.errors import MediaError
from babelreel.media import audio
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
    long = encode_sound(tmp_path / "c.flac", "flac", tone(12.0), 16_000)
    with pytest.raises(MediaError, match=r"is 12\.00 s long, so there is nothing from 40\.00 s"):
        read_audio(long, start=40.0)
    with pytest.raises(MediaError, match="1 or 2 channels"):
        read_audio(path, channels=6)


def test_real_clips_with_and_without_sound(data: Path) -> None:
    found = [read_audio(p, end=1.0) for p in sorted((data / "clips").iterdir()) if p.suffix != ".json"]
    assert sum(f is not None for f in found) == 35
    assert all(f.samples.shape[1] <= 16_000 and f.samples.abs().max() <= 1 for f in found if f is not None)


SOUND = {  # file name, codec, rate: with timestamps as fine as samples, except for Matroska
    "a.flac": ("flac", 44_100), "a.m4a": ("aac", 44_100), "a.mp3": ("mp3", 44_100), "a.ogg": ("libopus", 48_000),
    "a.mka": ("libopus", 48_000), "a.ts": ("aac", 48_000),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_a_span_is_what_the_whole_has_there(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the span is reached by a seek: the codec's and the resampler's memory are filled before it."""
    codec, rate = SOUND[name]
    noise = np.convolve(np.random.default_rng(0).standard_normal(rate * 25), np.ones(8) / 12, "same")
    path = encode_sound(tmp_path / name, codec, noise.astype(np.float32), rate)
    decoded: list[int] = []
    original = audio.decoded

    def counting(*args: Any) -> Iterator[Any]:
        for frame in original(*args):
            decoded.append(frame.samples)
            yield frame

    monkeypatch.setattr(audio, "decoded", counting)
    whole = read_audio(path)
    everything = sum(decoded)
    decoded.clear()
    part = read_audio(path, start=18.3, end=19.1234)
    assert whole is not None
    assert part is not None
    expected = whole.samples[:, round(18.3 * 16_000) : round(19.1234 * 16_000)]
    torch.testing.assert_close(part.samples, expected, atol=1e-4, rtol=0)
    if name != "a.mka":
        assert sum(decoded) < everything / 5
    assert whole.samples.std() > 0.05


def test_a_seek_that_lands_too_late_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode_sound(tmp_path / "a.flac", "flac", tone(15.0), 16_000)
    expected = read_audio(path, start=12.0, end=12.5)
    monkeypatch.setattr(audio, "PREROLL", -2)
    found = read_audio(path, start=12.0, end=12.5)
    assert expected is not None
    assert found is not None
    torch.testing.assert_close(found.samples, expected.samples, atol=1e-6, rtol=0)


@pytest.mark.parametrize("shift", [0.5, -0.25])
def test_time_0_is_the_first_picture(tmp_path: Path, shift: float) -> None:
    """Sound that begins later is preceded by silence; what lies before the first picture is left out."""
    path = tmp_path / "a.mkv"
    wave = tone(2.0)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        sound = container.add_stream("pcm_f32le", rate=16_000, layout="mono")
        for n in range(50):
            frame = av.VideoFrame.from_ndarray(picture(n), format="rgb24")
            frame.pts, frame.time_base = n + FPS, Fraction(1, FPS)  # the file begins at 1 s
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(wave[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, round((1 + shift) * 16_000), Fraction(1, 16_000)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    found = read_audio(path)
    assert found is not None
    late = round(shift * 16_000)
    expected = np.concatenate([np.zeros(late, np.float32), wave]) if late > 0 else wave[-late:]
    torch.testing.assert_close(found.samples[0], torch.from_numpy(expected), atol=1e-6, rtol=0)
    for start, end in ((0.0, 0.25), (0.25, 0.75)):
        part = read_audio(path, start=start, end=end)
        assert part is not None
        there = torch.from_numpy(expected)[round(start * 16_000) : round(end * 16_000)]
        torch.testing.assert_close(part.samples[0], there, atol=1e-6, rtol=0)


def test_channels_and_rate_that_change_on_the_way(tmp_path: Path) -> None:
    """As in a recording of television: everything comes in the channels and rate that it began with."""
    mono = encode_sound(tmp_path / "1.aac", "aac", tone(1.0), 16_000)
    stereo = encode_sound(tmp_path / "2.aac", "aac", tone(1.0, 32_000), 32_000, layout="stereo")
    path = tmp_path / "both.aac"
    path.write_bytes(mono.read_bytes() + stereo.read_bytes())
    found = read_audio(path)
    assert found is not None
    assert found.samples.shape[1] == pytest.approx(32_000, rel=0.15)
    for half in (found.samples[0, 4000:12_000], found.samples[0, -12_000:-4000]):
        assert float(torch.fft.rfft(half).abs().argmax()) * 2 == pytest.approx(440, abs=4)


def test_spans_that_are_empty_and_sound_that_does_not_decode(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(1.0), 16_000)
    with pytest.raises(MediaError, match=r"ends at 0\.20 s, before or where it begins \(0\.50 s\)"):
        read_audio(path, start=0.5, end=0.2)
    noise = encode_sound(tmp_path / "a.m4a", "aac", tone(1.0), 16_000)
    data = bytearray(noise.read_bytes())
    begin, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[begin:end] = b"\xff" * (end - begin)
    noise.write_bytes(data)
    with pytest.raises(MediaError, match="nothing of it could be decoded"):
        read_audio(noise)
