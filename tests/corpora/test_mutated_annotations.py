"""Readers of JSON files, with any value of a sound file replaced: what they do not understand is a CorpusError."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official import put, read

from babelreel.errors import CorpusError

IMAGE = {"filename": "COCO_val2014_1.jpg", "split": "test", "cocoid": 1, "sentences": [{"raw": "a dog"}]}
SOUND: dict[str, tuple[str, Any]] = {
    "msrvtt-full": (
        "MSRVTT_data.json",
        {
            "videos": [{"video_id": "video0", "split": "train", "url": "https://y?v=1"}],
            "sentences": [{"video_id": "video0", "caption": "a dog"}],
        },
    ),
    "msrvtt-multilingual-7k": ("multilingual_test/test_en.json", {"video9770.mp4": ["a dog"]}),
    "didemo-paragraphs": ("test_data.json", [{"video": "9@N_1_a.mov", "description": "a dog", "times": [[1, 1]]}]),
    "didemo-moments": ("test_data.json", [{"video": "9@N_1_a.mov", "description": "a dog", "times": [[1, 1], [0, 1]]}]),
    "vatex": ("vatex_validation_v1.0.json", [{"videoID": "a_1_2", "enCap": ["a dog"], "chCap": ["狗"]}]),
    "activitynet-paragraphs": ("val_1.json", {"v_a": {"duration": 9, "timestamps": [[0, 3]], "sentences": ["a dog"]}}),
    "activitynet-moments": ("val_1.json", {"v_a": {"duration": 9, "timestamps": [[0, 3]], "sentences": ["a dog"]}}),
    "flickr30k": ("dataset_flickr30k.json", {"images": [IMAGE]}),
    "coco-5k": ("dataset_coco.json", {"images": [IMAGE]}),
    "xflickrco": ("xflickrco.json", {"images": ["1.jpg"], "captions": {"en": [["a dog"]]}}),
    "xm3600": ("captions.jsonl", {"image/key": "1", "en": {"caption": ["a dog"]}}),
    "howto100m": ("caption.json", {"a": {"start": [1.0], "end": [2.0], "text": ["a dog"]}}),
}
LIST = {"HowTo100M_v1.csv": ("video_id,category_1,task_id", "a,Cars,1")}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values within a value."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*at, key)
        yield from places(value[key], (*at, key))


def refused(name: str, root: Path) -> str | None:
    """What the reader says against the file, if anything; other exceptions than ours go through."""
    try:
        read(name, root)
    except CorpusError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", SOUND)
def test_the_file_that_is_mutated_is_sound(name: str, tmp_path: Path) -> None:
    file, content = SOUND[name]
    corpus, notes = read(name, put(tmp_path, {**LIST, file: content}))
    assert [c.text for item in corpus.items for c in item.captions if c.lang == "en"] == ["a dog"]
    assert notes == []


@pytest.mark.parametrize("name", SOUND)
@given(
    st.data(),
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats()
    | st.sampled_from(["", "x", "../x", [], [[]], {}, [None]]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_value_is_read_or_refused(name: str, tmp_path: Path, data: st.DataObject, other: Any) -> None:
    file, content = SOUND[name]
    changed = copy.deepcopy(content)
    *way, last = data.draw(st.sampled_from(list(places(content))))
    inner = changed
    for key in way:
        inner = inner[key]
    if data.draw(st.booleans()):
        inner[last] = other
    else:
        del inner[last]
    put(tmp_path, {**LIST, file: changed})
    told = refused(name, tmp_path)
    assert told is None or str(tmp_path) in told
