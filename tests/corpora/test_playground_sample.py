"""playground/sample.py, text.py: groups that differ where they say, captions that name one clip of their split."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import islice
from random import Random

import pytest

from babelreel.corpora.playground.grammar import MODULES
from babelreel.corpora.playground.sample import FULL, Clip, draw_scene, sample, variants
from babelreel.corpora.playground.scene import LANGS, STYLES, Scene
from babelreel.corpora.playground.text import captions, parallel_text
from babelreel.corpora.playground.truth import ATTRIBUTES, differences, possible, statements, told
from babelreel.errors import CorpusError

N = 400


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return sample(N, 5)


def _groups(clips: list[Clip]) -> dict[str, list[Clip]]:
    found = defaultdict(list)
    for clip in clips:
        found[clip.group].append(clip)
    return found


def test_the_same_in_every_process(clips: list[Clip]) -> None:
    # sets of strings are ordered anew in each process; nothing may depend on that
    code = (
        "from babelreel.corpora.playground.sample import sample\n"
        f"for c in sample({N}, 5): print(c.id, c.split, c.group, c.scene, c.differs_in,"
        " [(sorted(p.attributes), p.events, p.sound, p.style) for p in c.plans])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": str(k)}, capture_output=True, check=True
        ).stdout
        for k in (1, 2)
    ]
    assert runs[0] == runs[1]
    assert runs[0].count(b"\n") == N
    assert sample(N, 5) == clips
    assert sample(N, 6) != clips


def test_more_clips_begin_with_the_same_scenes(clips: list[Clip]) -> None:
    fewer = sample(N // 2, 5)
    assert [c.scene for c in fewer[:-4]] == [c.scene for c in clips[: len(fewer) - 4]]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 20, 101])
def test_any_number(n: int) -> None:
    drawn = sample(n, 0)
    assert [c.id for c in drawn] == [f"c{k:05d}" for k in range(n)]
    sizes = [len(group) for group in _groups(drawn).values()]
    assert n == 1 or all(2 <= size <= 4 for size in sizes)
    if n >= 20:
        assert {c.split for c in drawn} == {"train", "val", "test"}


def test_splits_hold_their_share_and_no_group_is_divided(clips: list[Clip]) -> None:
    count = Counter(c.split for c in clips)
    for split, share in (("train", 0.7), ("val", 0.1), ("test", 0.2)):
        assert abs(count[split] - share * N) <= 4
    assert all(len({c.split for c in group}) == 1 for group in _groups(clips).values())


def test_variants_differ_from_the_base_in_one_attribute_and_share_its_seed(clips: list[Clip]) -> None:
    for base, *others in _groups(clips).values():
        assert others
        for other in others:
            assert len(differences(base.scene, other.scene)) == 1
            assert other.scene.seed == base.scene.seed
            assert possible(other.scene)


def test_differs_in_names_exactly_the_attributes_of_near_twins(clips: list[Clip]) -> None:
    for group in _groups(clips).values():
        for clip in group:
            expected = set()
            for other in group:
                named = differences(clip.scene, other.scene)
                if len(named) == 1:
                    expected.add(named[0])
            assert set(clip.differs_in) == expected
            assert expected


def test_each_attribute_has_about_as_many_queries(clips: list[Clip]) -> None:
    for split in ("train", "test"):
        count = Counter(name for c in clips if c.split == split for name in c.differs_in)
        assert set(count) == set(ATTRIBUTES)
        assert min(count.values()) >= 0.4 * max(count.values())


def test_no_clip_fully_told_is_another_one(clips: list[Clip]) -> None:
    for split in ("train", "val", "test"):
        scenes = [c.scene for c in clips if c.split == split]
        true = [statements(scene) for scene in scenes]
        for scene in scenes:
            full = told(scene, FULL)
            assert [other for other, known in zip(scenes, true, strict=True) if full in known] == [scene]


def test_every_caption_holds_for_its_own_clip_alone(clips: list[Clip]) -> None:
    for split in ("train", "val", "test"):
        true = [statements(c.scene) for c in clips if c.split == split]
        for clip in (c for c in clips if c.split == split):
            assert [plan.style for plan in clip.plans] == list(range(STYLES))
            for plan in clip.plans:
                assert sum(told(clip.scene, plan) in known for known in true) == 1


def test_captions_are_of_various_lengths(clips: list[Clip]) -> None:
    plans = [(c, plan) for c in clips for plan in c.plans]
    several = [plan for c, plan in plans if len(c.scene.events) == 2]
    assert {plan.events for plan in several} == {1, 2}
    assert 0.2 < sum(plan.sound for _, plan in plans) / len(plans) < 0.8
    assert len({plan.attributes for _, plan in plans}) == 8


@pytest.mark.parametrize("lang", LANGS)
def test_no_two_captions_of_a_split_read_the_same(clips: list[Clip], lang: str) -> None:
    for split in ("train", "val", "test"):
        texts: dict[str, str] = {}
        for clip in (c for c in clips if c.split == split):
            for caption in captions(clip, [lang]):
                assert texts.setdefault(caption.text, clip.id) == clip.id, caption.text
                assert (caption.lang, caption.origin) == (lang, "generated")


def test_captions_of_one_plan_are_translations_of_each_other(clips: list[Clip]) -> None:
    found = captions(clips[0])
    assert [(c.group, c.lang) for c in found] == [(f"p{k}", lang) for k in range(STYLES) for lang in LANGS]
    with pytest.raises(CorpusError, match="xx"):
        captions(clips[0], ["en", "xx"])


def test_every_language_has_a_grammar() -> None:
    assert set(LANGS) == set(MODULES)


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_variants_change_what_they_are_asked_to(attribute: str) -> None:
    rng = Random(3)
    found: list[tuple[Scene, Scene]] = []
    for scene in (draw_scene(rng) for _ in range(150)):
        found += [(scene, other) for other in variants(scene, attribute)]
    assert len(found) > 30
    for scene, other in found:
        assert differences(scene, other) == [attribute]
        assert possible(other)
        # each can be told from the other, in both directions
        assert told(scene, FULL) not in statements(other)
        assert told(other, FULL) not in statements(scene)


def test_a_large_draw_finds_room() -> None:
    # thousands of clips fill the small scenes; the draw must still end, with whole groups
    drawn = sample(4000, 1)
    assert all(c.differs_in for c in drawn)


def test_parallel_text_is_unique_repeatable_and_parallel() -> None:
    langs = ("en", "zh")
    first = list(parallel_text(300, 7, langs))
    assert [list(texts) for texts in first] == [list(langs)] * 300
    assert len({texts["en"] for texts in first}) > 290
    assert len({tuple(texts.values()) for texts in first}) == 300
    assert first == list(parallel_text(300, 7, langs))
    assert first[:50] == list(islice(parallel_text(10**9, 7, langs), 50))
    assert first != list(parallel_text(300, 8, langs))
    assert list(parallel_text(0, 7, langs)) == []
    with pytest.raises(CorpusError, match="xx"):
        next(parallel_text(1, 7, ["xx"]))
