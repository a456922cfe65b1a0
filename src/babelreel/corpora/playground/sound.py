"""A scene's sound as samples. Silence is the absence of an audio stream, never a stream of zeros."""

from __future__ import annotations

import numpy as np

from babelreel.corpora.playground.scene import Scene

RATE = 16_000
FADE = 0.03  # seconds


def play(scene: Scene, seconds: float) -> np.ndarray | None:
    """Mono samples (S,) float32 in [-1, 1] at `RATE`, as long as the clip; None for silence.

    High tones lie at 1,300 to 2,000 Hz, low ones at 140 to 220 Hz; sweeps run from 200 to 300 up to 1,800 to 2,600 Hz
    over the whole clip, or back; ticks come three to five times a second. The seed decides pitch and loudness.
    """
    if scene.sound == "silence":
        return None
    rng = np.random.default_rng([scene.seed, 2])
    t = np.arange(round(seconds * RATE)) / RATE  # (S,) seconds
    pitch, depth, loudness = rng.uniform(size=3)
    if scene.sound == "high_tone":
        wave = _tone(2 * np.pi * (1300 + 700 * pitch) * t)
    elif scene.sound == "low_tone":
        wave = _tone(2 * np.pi * (140 + 80 * pitch) * t)
    elif scene.sound in ("rising_sweep", "falling_sweep"):
        bottom, top = 200 + 100 * depth, 1800 + 800 * pitch
        start, end = (bottom, top) if scene.sound == "rising_sweep" else (top, bottom)
        growth = np.log(end / start) / seconds  # the frequency is start * exp(growth * t)
        wave = _tone(2 * np.pi * start * np.expm1(growth * t) / growth)
    elif scene.sound == "noise":
        wave = 0.5 * np.clip(rng.standard_normal(len(t)), -2, 2)
    else:
        since = t % (1 / (3 + 2 * pitch))
        wave = np.exp(-since / 0.006) * np.sin(2 * np.pi * 1500 * since)
    fade = np.clip(np.minimum(t, seconds - t) / FADE, 0, 1)
    return (wave * fade * (0.25 + 0.3 * loudness)).astype(np.float32)


def _tone(phase: np.ndarray) -> np.ndarray:
    """A sine with a little of its octave, so that small loudspeakers carry low pitches."""
    return np.asarray((np.sin(phase) + 0.2 * np.sin(2 * phase)) / 1.2)
