"""playground/sound.py: each sound has the spectrum and the course in time that its name promises."""

from __future__ import annotations

import numpy as np
import pytest

from babelreel.corpora.playground.scene import SOUNDS, Event, Scene, Sound, Thing
from babelreel.corpora.playground.sound import RATE, play

SECONDS = 2.5


def heard(sound: Sound, seed: int, seconds: float = SECONDS) -> np.ndarray:
    scene = Scene((Thing("star", "red", "large"),), (Event("grow", 0),), sound, seed)
    samples = play(scene, seconds)
    assert samples is not None
    return samples


def peak(samples: np.ndarray) -> float:
    """The strongest frequency in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()])


def flatness(samples: np.ndarray) -> float:
    """Geometric over arithmetic mean of the power spectrum: near 0 for tones, above 0.5 for white noise."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2 + 1e-12
    return float(np.exp(np.log(power).mean()) / power.mean())


def course(samples: np.ndarray, pieces: int = 10) -> np.ndarray:
    """The strongest frequency of consecutive pieces."""
    return np.array([peak(piece) for piece in np.array_split(samples, pieces)])


SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_tones_keep_their_pitch(seed: int) -> None:
    high, low = heard("high_tone", seed), heard("low_tone", seed)
    assert 1300 <= peak(high) <= 2000
    assert 139 <= peak(low) <= 221
    for samples in (high, low):
        assert flatness(samples) < 0.01
        assert np.ptp(course(samples, 5)) < 3  # hertz; the pieces resolve two


@pytest.mark.parametrize("seed", SEEDS)
def test_sweeps_go_one_way_all_the_time(seed: int) -> None:
    for sound, sign in (("rising_sweep", 1), ("falling_sweep", -1)):
        pitch = course(heard(sound, seed))  # type: ignore[arg-type]
        assert (sign * np.diff(pitch) > 0).all()
        assert max(pitch[0], pitch[-1]) > 4 * min(pitch[0], pitch[-1])


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_is_flat(seed: int) -> None:
    samples = heard("noise", seed)
    assert flatness(samples) > 0.5
    assert flatness(samples[RATE : RATE + 4000]) > 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_ticks_are_short_and_even(seed: int) -> None:
    samples = np.abs(heard("ticking", seed))
    loud = np.array([piece.max() for piece in np.array_split(samples, round(SECONDS * 100))])  # every 10 ms
    starts = np.nonzero((loud[1:] > 0.3 * samples.max()) & (loud[:-1] <= 0.3 * samples.max()))[0]
    assert 2.5 * SECONDS <= len(starts) <= 5.5 * SECONDS
    assert np.ptp(np.diff(starts)) <= 2
    assert (samples > 0.1 * samples.max()).mean() < 0.1


def test_silence_has_no_samples_at_all() -> None:
    scene = Scene((Thing("star", "red", "large"),), (Event("grow", 0),), "silence", 0)
    assert play(scene, SECONDS) is None


@pytest.mark.parametrize("sound", [s for s in SOUNDS if s != "silence"])
def test_samples_are_mono_in_range_without_clicks_and_repeatable(sound: Sound) -> None:
    for seed in SEEDS:
        samples = heard(sound, seed, 2.0)
        assert samples.shape == (2 * RATE,)
        assert samples.dtype == np.float32
        assert 0.1 < np.abs(samples).max() <= 0.6
        assert abs(samples[0]) < 3e-3
        assert abs(samples[-1]) < 3e-3
        np.testing.assert_array_equal(samples, heard(sound, seed, 2.0))
    assert (heard(sound, 0) != heard(sound, 1)).any()
