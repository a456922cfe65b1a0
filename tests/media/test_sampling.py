"""media/sampling.py: what is chosen equals a plain reading of the definition, whatever the timestamps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelreel.errors import MediaError
from babelreel.media.sampling import Sampling, Timeline, choose

TICKS = [1 / 25, 1 / 1000, 1 / 12_800, 1 / 90_000]


def choose_plainly(timeline: Timeline, count: int, start: float, end: float) -> list[int]:
    """The frame on screen at the middle of each of `count` parts of the span, looked up one by one."""
    times = [(p - timeline.pts[0]) * timeline.tick for p in timeline.pts]
    end = min(end, timeline.duration)
    shown = [n for n, t in enumerate(times) if t < end - 1e-4]
    first = max(n for n, t in enumerate(times) if t <= start + 1e-4)
    shown = [n for n in shown if n >= first] or [first]
    if len(shown) <= count:
        return [timeline.pts[n] for n in shown]
    found = []
    for part in range(count):
        moment = start + (part + 0.5) * (end - start) / count
        row = max([n for n in shown if times[n] <= moment + 1e-9], default=shown[0])
        if timeline.pts[row] not in found:
            found.append(timeline.pts[row])
    return found


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 20), st.floats(0, 0.95), st.floats(0.01, 1)
)
@settings(max_examples=300, deadline=None)
def test_uniform_choices_are_the_plain_ones(gaps: list[int], count: int, start: float, length: float) -> None:
    pts = np.cumsum(gaps).tolist()
    timeline = Timeline(pts, pts[:1], 0.01)
    # Spans between two ticks, so that no rounding decides.
    begin = np.floor(start * timeline.duration / 0.01) * 0.01 + 0.0033
    end = begin + max(1, round(length * timeline.duration / 0.01)) * 0.01
    if begin >= timeline.duration:
        return
    assert choose(timeline, Sampling(count), begin, end, None, "x") == choose_plainly(timeline, count, begin, end)


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 20), st.floats(0, 0.95), st.floats(0.01, 1)
)
@settings(max_examples=200, deadline=None)
def test_random_choices_lie_in_their_span(gaps: list[int], count: int, start: float, length: float) -> None:
    pts = np.cumsum(gaps).tolist()
    timeline = Timeline(pts, pts[:1], 0.01)
    begin = start * timeline.duration
    end = begin + max(0.001, length * timeline.duration)
    chosen = choose(timeline, Sampling(count, mode="random"), begin, end, None, "x")
    assert chosen == sorted(set(chosen))
    assert 1 <= len(chosen) <= count
    shown_at_begin = max(p for p in pts if (p - pts[0]) * 0.01 <= begin + 1e-4)
    assert all(p >= shown_at_begin for p in chosen)
    assert all((p - pts[0]) * 0.01 < end or p == shown_at_begin for p in chosen)


@pytest.mark.parametrize("tick", TICKS)
def test_a_frame_is_found_by_its_own_time_also_in_float32(tick: float) -> None:
    """`Frames.times` are float32: as a span's start or end they must still mean that frame."""
    step = max(1, round(0.04 / tick))
    timeline = Timeline([7 + n * step for n in range(4000)], [7], tick)  # 160 s
    for n in range(0, 3990, 13):
        start, end = (float(torch.tensor((m * step) * tick)) for m in (n, n + 3))
        assert choose(timeline, Sampling(None), start, end, None, "x") == timeline.pts[n : n + 3]


def test_rates_and_limits() -> None:
    timeline = Timeline(list(range(0, 60_000, 40)), [0], 0.001)  # 25 a second for a minute
    at_rate = choose(timeline, Sampling(None, rate=1.0), None, None, None, "x")
    assert [p // 1000 for p in at_rate] == list(range(60))
    assert len(choose(timeline, Sampling(12, rate=1.0), None, None, None, "x")) == 12
    assert len(choose(timeline, Sampling(12, rate=1.0), 3.0, 8.0, None, "x")) == 5
    assert len(choose(timeline, Sampling(None, rate=0.001), None, None, None, "x")) == 1
    assert choose(timeline, Sampling(None, rate=1000.0), 1.0, 2.0, None, "x") == list(range(1000, 2000, 40))


def test_random_choices_follow_the_generator() -> None:
    timeline = Timeline(list(range(0, 60_000, 40)), [0], 0.001)
    one, two, again = (
        choose(timeline, Sampling(6, mode="random"), None, None, torch.Generator().manual_seed(s), "x")
        for s in (1, 2, 1)
    )
    assert one == again != two
    for chosen in (one, two):
        assert [p // 10_000 for p in chosen] == list(range(6))


def test_random_choices_without_a_generator_are_the_seeds_and_the_contents() -> None:
    timeline = Timeline(list(range(0, 60_000, 40)), [0], 0.001)

    def drawn(seed: int, content: str) -> list[int]:
        sampling = Sampling(6, mode="random", seed=seed)
        return choose(timeline, sampling, None, None, sampling.generator(content), "x")

    assert drawn(1, "a") == drawn(1, "a")
    assert len({tuple(drawn(seed, content)) for seed in (1, 2) for content in ("a", "b")}) == 4
    unnamed = [choose(timeline, Sampling(6, mode="random"), None, None, None, path) for path in ("x", "x", "y")]
    assert unnamed[0] == unnamed[1] != unnamed[2]
    assert Sampling(seed=3).generator("a") is None


def test_the_head_is_the_first_of_the_parts() -> None:
    timeline = Timeline(list(range(0, 60_000, 40)), [0], 0.001)  # 25 a second for a minute
    at_rate = choose(timeline, Sampling(12, rate=1.0, mode="head"), None, None, None, "x")
    assert at_rate == choose(timeline, Sampling(None, rate=1.0), None, None, None, "x")[:12]
    assert [p // 1000 for p in at_rate] == list(range(12))
    assert choose(timeline, Sampling(12, mode="head"), None, None, None, "x") == timeline.pts[:12]
    late = choose(timeline, Sampling(3, rate=2.0, mode="head"), 10.0, 50.0, None, "x")
    assert [p // 500 for p in late] == [20, 21, 22]
    assert choose(timeline, Sampling(12, rate=1.0, mode="head"), 0.0, 5.0, None, "x") == choose(
        timeline, Sampling(12, rate=1.0), 0.0, 5.0, None, "x"
    )
    assert choose(timeline, Sampling(12, mode="head"), 0.0, 0.2, None, "x") == timeline.pts[:5]


def test_a_seed_without_a_say_is_no_setting() -> None:
    """A fingerprint covers the settings: those of runs and indexes that know no seed stay what they are."""
    assert Sampling(8, 1.0, seed=3).settings() == {"frames": 8, "rate": 1.0, "mode": "uniform"}
    assert Sampling(8, mode="random", seed=3).settings()["seed"] == 3


def test_wrong_samplings_and_spans() -> None:
    with pytest.raises(MediaError, match="At least one frame"):
        Sampling(0)
    with pytest.raises(MediaError, match="frames a second above 0"):
        Sampling(rate=0.0)
    with pytest.raises(MediaError, match="'uniform', 'random' or 'head'"):
        Sampling(mode="middle")  # type: ignore[arg-type]
    timeline = Timeline([0, 40, 80], [0], 0.001)
    with pytest.raises(MediaError, match=r"film\.mp4 is 0\.12 s long, so there is nothing from 1\.00 s on"):
        choose(timeline, Sampling(), 1.0, None, None, "film.mp4")
    with pytest.raises(MediaError, match=r"span of film\.mp4 ends at 0\.02 s, before"):
        choose(timeline, Sampling(), 0.05, 0.02, None, "film.mp4")
