"""Generated clips of every awkward kind."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from media_samples import FPS, encode, picture, tone

from babelreel.media.write import write_video


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """name -> file; every clip shows frames 0, 1, 2 ... in that order."""
    root = tmp_path_factory.mktemp("clips")
    even = list(range(150))
    jitter = np.cumsum(1 + np.random.default_rng(0).integers(0, 9, 150)).tolist()
    tick, fine = Fraction(1, FPS), Fraction(1, 1000)
    x264 = {"preset": "veryfast", "g": "30", "keyint_min": "30", "sc_threshold": "0"}
    found = {
        "b-frames": encode(root / "b.mp4", "libx264", even, tick, x264 | {"bf": "3"}),
        "open-gop": encode(root / "o.mp4", "libx264", even, tick, x264 | {"bf": "3", "x264-params": "open-gop=1"}),
        "one-gop": encode(root / "g.mp4", "libx264", even, tick, x264 | {"g": "1000"}),
        "all-keys": encode(root / "k.mp4", "libx264", even, tick, x264 | {"g": "1", "keyint_min": "1"}),
        "uneven": encode(root / "v.mp4", "libx264", [10 * j for j in jitter], fine, x264 | {"bf": "2"}),
        "late": encode(root / "l.mp4", "libx264", [n + 500 for n in even], tick, x264),
        "mkv": encode(root / "m.mkv", "libx264", even, tick, x264 | {"bf": "2"}),
        "webm": encode(root / "w.webm", "libvpx-vp9", even, tick, {"g": "30", "cpu-used": "8", "deadline": "realtime"}),
        "avi": encode(root / "a.avi", "mpeg4", even, tick, {"g": "30", "bf": "2", "qscale": "3"}),
        "hevc": encode(
            root / "h.mp4",
            "libx265",
            even,
            tick,
            {"preset": "ultrafast", "x265-params": "keyint=30:open-gop=1:log-level=none"},
        ),
        "av1": encode(root / "1.mp4", "libsvtav1", even, tick, {"preset": "12", "g": "30", "svtav1-params": "lp=1"}),
        "mpeg-ps": encode(root / "p.mpg", "mpeg2video", even, tick, {"g": "30", "bf": "2", "qscale": "3"}),
        "edit-list": encode(root / "e.mp4", "libx264", [n - 40 for n in even], tick, x264 | {"bf": "2"}),
        "ts": encode(root / "t.ts", "libx264", even, tick, x264 | {"bf": "2"}),
        "gif": encode(root / "g.gif", "gif", [4 * n for n in range(40)], Fraction(1, 100), {}, "rgb8"),
    }
    write_video(root / "sound.mp4", (picture(n) for n in range(100)), FPS, (tone(4.0), 16_000), gop=25)
    return found | {"sound": root / "sound.mp4"}
