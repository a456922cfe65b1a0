"""index/search.py, ask.py, query.py: hits are the exact ranking, windows merge, moments are frames, pages stable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from library import TEXTS, build, entries, load_small, memory, write_library
from PIL import Image

import babelreel
from babelreel.errors import IndexStoreError, MediaError, MissingEntryError, QueryError, ScoreError
from babelreel.index.exact import ExactIndex
from babelreel.index.query import Query
from babelreel.index.scan import entry_id
from babelreel.index.search import Searcher
from babelreel.index.store import Entry, Filter
from babelreel.media.video import Sampling
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.methods.mumur import MuMUR
from babelreel.model import Model
from babelreel.runs import save_run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_small(tmp_path_factory.mktemp("m"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_library(tmp_path_factory.mktemp("library") / "files")


@pytest.fixture(scope="module")
def index(model: Model, files: Path) -> ExactIndex:
    index = memory(model)
    build(model, index, files)
    return index


def crowd(model: Model, files: int, windows: int, seed: int = 0) -> ExactIndex:
    """An index of many random videos of some windows each, three frames a window."""
    index, generator = memory(model), torch.Generator().manual_seed(seed)
    for n in range(files):
        path = f"/videos/{n}.mp4"
        for w in range(windows):
            tokens = torch.nn.functional.normalize(torch.randn(3, 32, generator=generator), dim=-1)
            row = {
                "pooled": torch.nn.functional.normalize(tokens.mean(0), dim=-1), "tokens": tokens,
                "mask": torch.ones(3, dtype=torch.bool), "times": torch.tensor([0.5, 1.0, 1.5]) + 2 * w,
            }  # fmt: skip
            entry = Entry(
                entry_id(path, 2.0 * w), f"{n:032x}", path, "video", 2.0 * w, 2.0 * w + 2, 2.0 * windows, float(n), n
            )
            index.add([entry], [row])
    return index


def plain(model: Model, index: ExactIndex, text: str) -> list[tuple[str, float]]:
    """The obvious way: all scores by `Model.score`, the best window of each path, sorted."""
    held = entries(index)
    ids = sorted(held)
    scores = model.score(model.encode_text([text]), index.rows(ids))[0].tolist()
    best: dict[str, float] = {}
    for name, score in zip(ids, scores, strict=True):
        path = held[name].path
        best[path] = max(score, best.get(path, score))
    return sorted(best.items(), key=lambda found: -found[1])


@pytest.mark.parametrize("candidates", [200, 2, None])
def test_hits_are_the_exact_ranking_of_files(model: Model, index: ExactIndex, candidates: int | None) -> None:
    searcher = Searcher(index, model, candidates=candidates)
    assert len(searcher) == 10
    for text in TEXTS:
        expected = plain(model, index, text)
        hits = searcher.search(text, k=20)
        assert [hit.path for hit in hits] == [path for path, _ in expected]
        assert [hit.score for hit in hits] == pytest.approx([score for _, score in expected], abs=1e-5)
        assert [hit.rank for hit in hits] == list(range(1, 8))
        assert hits[0] == next(iter(hits))
        assert [hit.id for hit in searcher.search(text, k=3)] == [hit.id for hit in hits][:3]


@pytest.fixture(scope="module")
def conditioned(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A random MuMUR: candidates by pooled vectors, exact scores by tokens and constants."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("small")
    clip = load_small(folder / "clip").method
    assert isinstance(clip, CLIP4Clip)
    method = MuMUR(clip.media, clip.text, Sampling(frames=4))
    for parameter in method.dcm.parameters():  # type: ignore[union-attr]
        torch.nn.init.normal_(parameter, std=0.3)
    save_run(method, folder / "run")
    return babelreel.load(folder / "run")


@pytest.mark.parametrize("candidates", [200, None])
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_candidates_are_ranked_by_exact_scores(
    conditioned: Model, files: Path, candidates: int | None, precision: str
) -> None:
    index = memory(conditioned, precision)
    build(conditioned, index, files)
    assert "pooled" not in conditioned.method.scored
    hits = Searcher(index, conditioned, candidates=candidates).search(TEXTS[0])
    expected = plain(conditioned, index, TEXTS[0])
    assert [hit.path for hit in hits] == [path for path, _ in expected]
    assert [hit.score for hit in hits] == pytest.approx([score for _, score in expected], rel=1e-4)
    texts = conditioned.encode_text([*TEXTS, "a dog", "snow", "a street at night"])
    ids = sorted(entries(index))
    by_pooled = [found for found, _ in index.nearest(texts.pooled, len(ids))]  # type: ignore[arg-type]
    by_score = [[ids[n] for n in row.argsort(descending=True)] for row in conditioned.score(texts, index.rows(ids))]
    assert by_pooled != by_score
    mixed = Searcher(index, conditioned, candidates=candidates).search(Query(TEXTS[0], image=files / "0.png"))
    assert len(mixed) == 7


def test_deeper_pages_follow_the_first_candidates(conditioned: Model, files: Path) -> None:
    """With few candidates the exact best may be missed, but a page stays what it is when the next is asked for."""
    index = memory(conditioned)
    build(conditioned, index, files)
    searcher = Searcher(index, conditioned, candidates=2)
    whole = [hit.id for hit in searcher.search(TEXTS[0], k=7)]
    pages = [searcher.search(Query(TEXTS[0], k=2, offset=offset)) for offset in (0, 2, 4, 6)]
    assert [hit.id for page in pages for hit in page] == whole
    assert len(whole) == len(set(whole)) == 7


def test_the_moment_is_the_time_of_the_best_frame(model: Model, index: ExactIndex) -> None:
    text = model.encode_text([TEXTS[0]])
    seen = set()
    for hit in Searcher(index, model).search(TEXTS[0]):
        seen.add(hit.kind)
        if hit.kind == "image":
            assert (hit.moment, hit.start, hit.end, hit.frames, hit.moments) == (None, None, None, (), ())
            continue
        rows = index.rows([hit.id])
        assert rows.times is not None
        frames = model.frame_scores(text, rows)[0, 0]
        assert hit.moment == pytest.approx(float(rows.times[0, frames.argmax()]))
        assert hit.start is not None
        assert hit.end is not None
        assert hit.start <= hit.moment < hit.end
        low, high = float(frames.min()), float(frames.max())
        assert [time for time, _ in hit.frames] == rows.times[0].tolist()
        expected = [(score - low) / (high - low) for score in frames.tolist()]
        assert [weight for _, weight in hit.frames] == pytest.approx(expected, abs=1e-5)
    assert seen == {"video", "image"}


def test_windows_of_one_video_are_one_hit_with_moments(model: Model, index: ExactIndex) -> None:
    hit = next(h for h in Searcher(index, model).search(TEXTS[1]) if h.path.endswith("long.mp4"))
    assert len(hit.moments) == 3
    assert [m.score for m in hit.moments] == sorted((m.score for m in hit.moments), reverse=True)
    assert hit.score >= hit.moments[0].score
    spans = {(m.start, m.end) for m in hit.moments} | {(hit.start, hit.end)}
    assert spans == {(0.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 7.0)}
    for moment in hit.moments:
        assert moment.start <= moment.time < moment.end
    held = entries(index)
    assert {held[m.id].path for m in hit.moments} == {hit.path}


def test_overlapping_windows_are_one_moment(model: Model) -> None:
    index = crowd(model, 1, 6)
    held = entries(index)
    for name, entry in held.items():  # stretched: each overlaps the next
        row = index.rows([name])
        index.add([replace(entry, end=(entry.end or 0) + 1)], [{n: t[0] for n, t in row.fields().items()}])
    (hit,) = Searcher(index, model).search(TEXTS[0])
    spans = sorted([(hit.start, hit.end), *((m.start, m.end) for m in hit.moments)])
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@pytest.mark.parametrize("candidates", [4, 50, None])
def test_pages_are_stable_and_hold_k_files_each(model: Model, candidates: int | None) -> None:
    index = crowd(model, 23, 7)
    searcher = Searcher(index, model, candidates=candidates)
    pages = [searcher.search(Query(TEXTS[0], k=5, offset=offset)) for offset in range(0, 30, 5)]
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3, 0]
    hits = [hit for page in pages for hit in page]
    assert len({hit.path for hit in hits}) == 23
    assert [hit.rank for hit in hits] == list(range(1, 24))
    assert [hit.id for hit in searcher.search(TEXTS[0], k=23)] == [hit.id for hit in hits]
    assert [hit.path for hit in hits] == [path for path, _ in plain(model, index, TEXTS[0])]


def test_equal_scores_are_ordered_by_id(model: Model) -> None:
    index = crowd(model, 6, 1)
    row = {name: tensor[0] for name, tensor in index.rows([min(entries(index))]).fields().items()}
    index.add(list(entries(index).values()), [row] * 6)
    ids = [hit.id for hit in Searcher(index, model).search(TEXTS[0])]
    assert ids == sorted(entries(index))


def test_several_queries_at_once_are_answered_as_one_by_one(
    model: Model, index: ExactIndex, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = [
        Query(TEXTS[0], k=3), Query(TEXTS[1], where=Filter(kind="image")), Query(image=files / "0.png"),
        Query(TEXTS[2], unlike=TEXTS[0]), Query(TEXTS[0], image=files / "a.mp4", offset=2),
    ]  # fmt: skip
    searcher = Searcher(index, model)
    alone = [searcher.search(query) for query in queries]
    encoded: list[Sequence[str]] = []
    original = model.encode_text
    monkeypatch.setattr(model, "encode_text", lambda texts, *rest: (encoded.append(texts), original(texts, *rest))[1])
    for one, together in zip(alone, searcher.search_many(queries), strict=True):
        assert [hit.id for hit in one] == [hit.id for hit in together]
        assert [hit.score for hit in one] == pytest.approx([hit.score for hit in together], abs=1e-4)
    assert [len(texts) for texts in encoded] == [5]
    assert searcher.search_many([]) == []


def test_filters(model: Model, index: ExactIndex, files: Path) -> None:
    searcher = Searcher(index, model)

    def names(**where: object) -> set[str]:
        return {Path(hit.path).name for hit in searcher.search(Query("x", where=Filter(**where)))}  # type: ignore[arg-type]

    assert names(kind="video") == {"a.mp4", "b.mp4", "long.mp4"}
    assert names(folder=str(files), kind="image") == {"0.png", "1.png", "2.png", "3.png"}
    assert names(folder=str(files / "none")) == set()
    assert names(shortest=1.2, longest=3.0) == {"a.mp4"}
    assert names(before=0.0) == set()


def test_pictures_find_themselves_and_their_twins(model: Model, files: Path) -> None:
    index = memory(model)
    twin = files.parent / "twins"
    twin.mkdir(exist_ok=True)
    Image.open(files / "1.png").save(twin / "twin.png")
    build(model, index, files, twin)
    searcher = Searcher(index, model)
    named = {Path(e.path).name: e.id for e in entries(index).values() if e.start in (None, 0.0)}
    first = searcher.search(Query(like=named["1.png"]))
    assert [Path(hit.path).name for hit in first][:1] == ["twin.png"]
    assert "1.png" not in {Path(hit.path).name for hit in first}
    assert first[0].score == pytest.approx(1.0, abs=1e-4)
    assert (first.lang, first.role) == (None, None)
    for image in (files / "2.png", (files / "2.png").read_bytes(), Image.open(files / "2.png")):
        assert Path(searcher.search(Query(image=image))[0].path).name == "2.png"
    clip = searcher.search(Query(image=files / "a.mp4"))[0]
    assert Path(clip.path).name == "a.mp4"
    assert clip.moment is not None
    other = searcher.search(Query(like=named["long.mp4"]))
    assert "long.mp4" not in {Path(hit.path).name for hit in other}


def test_text_and_picture_count_alike_each_on_its_own_scale(model: Model) -> None:
    """The mean of standard scores over the index, computed the plain way."""
    index = crowd(model, 30, 1)
    ids = sorted(entries(index))
    rows, liked = index.rows(ids), ids[7]
    assert rows.pooled is not None
    text = model.score(model.encode_text([TEXTS[0]]), rows)[0]
    like = rows.pooled @ rows.pooled[7]
    bad = model.score(model.encode_text([TEXTS[2]]), rows)[0]
    z = [(s - s.mean()) / s.std() for s in (text, like, bad)]
    both = Searcher(index, model).search(Query(TEXTS[0], like=liked, k=30))
    expected = dict(zip(ids, ((z[0] + z[1]) / 2).tolist(), strict=True))
    assert [hit.id for hit in both] == sorted(set(ids) - {liked}, key=lambda name: -expected[name])
    assert [hit.score for hit in both] == pytest.approx([expected[hit.id] for hit in both], abs=1e-4)
    without = Searcher(index, model).search(Query(TEXTS[0], unlike=TEXTS[2], k=30))
    expected = dict(zip(ids, (z[0] - 0.5 * z[2].clamp(min=0)).tolist(), strict=True))
    assert [hit.id for hit in without] == sorted(ids, key=lambda name: -expected[name])


def test_a_sample_that_lost_entries_is_passed_over(model: Model) -> None:
    index = crowd(model, 10, 1)
    searcher, query = Searcher(index, model), Query(TEXTS[0], unlike=TEXTS[1])
    fresh = [(hit.id, hit.score) for hit in searcher.search(query)]
    index.note("sample", ["gone-000000000", *entries(index)])
    assert [(hit.id, hit.score) for hit in searcher.search(query)] == fresh
    index.note("sample", sorted(entries(index))[:5])
    assert [hit.score for hit in searcher.search(query)] != [score for _, score in fresh]


def test_the_language_and_the_route_are_told(model: Model, index: ExactIndex) -> None:
    searcher = Searcher(index, model)
    assert searcher.search("ein Hund springt ins kalte Wasser").lang == "de"
    answer = searcher.search("a", lang="sw")
    assert (answer.lang, answer.role) == ("sw", "query")


def test_an_index_of_pooled_vectors_alone_has_no_frames(model: Model, index: ExactIndex) -> None:
    bare = ExactIndex(index.info)
    for name, entry in entries(index).items():
        pooled = index.rows([name]).pooled
        assert pooled is not None
        bare.add([entry], [{"pooled": pooled[0]}])
    hits = Searcher(bare, model).search(TEXTS[0])
    assert [hit.path for hit in hits] == [path for path, _ in plain(model, bare, TEXTS[0])]
    video = next(hit for hit in hits if hit.kind == "video")
    assert (video.frames, video.moment) == ((), video.start)


def test_an_empty_index_has_no_hits(model: Model) -> None:
    for candidates in (10, None):
        searcher = Searcher(memory(model), model, candidates=candidates)
        assert len(searcher.search(TEXTS[0])) == 0
        assert len(searcher.search(Query(TEXTS[0], unlike=TEXTS[1]))) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "Nothing is asked for"),
        ({"unlike": "people"}, "beside 'unlike'"),
        ({"text": " \n"}, "query needs text"),
        ({"text": "a", "unlike": ""}, "negative text needs text"),
        ({"text": "a", "k": 0}, "k = 0"),
        ({"text": "a", "offset": -1}, "found -1"),
        ({"text": "a", "threshold": 2.0}, "between 0 and 1"),
    ],
)
def test_queries_that_make_no_sense(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        Query(**wrong)  # type: ignore[arg-type]


def test_what_cannot_be_answered(model: Model, index: ExactIndex, files: Path, tmp_path: Path) -> None:
    searcher = Searcher(index, model)
    with pytest.raises(MissingEntryError, match="nobody"):
        searcher.search(Query(like="nobody-000000000"))
    with pytest.raises(IndexStoreError, match="not calibrated"):
        searcher.search(Query("a", threshold=0.5))
    with pytest.raises(QueryError, match="a text alone"):
        searcher.search(Query("a", unlike="b", threshold=0.5))
    with pytest.raises(MediaError, match="The query's image"):
        searcher.search(Query(image=b"no image"))
    with pytest.raises(MediaError, match="There is no file"):
        searcher.search(Query(image=files / "none.jpg"))
    with pytest.raises(IndexStoreError, match="Search it with its own model"):
        Searcher(index, load_small(tmp_path, seed=5))


def test_scores_that_are_no_numbers_are_an_error(model: Model) -> None:
    index = crowd(model, 3, 1)
    name = min(entries(index))
    row = {n: t[0] for n, t in index.rows([name]).fields().items()}
    index.add([entries(index)[name]], [row | {"pooled": torch.full((32,), float("nan"))}])
    for candidates in (10, None):
        with pytest.raises(ScoreError, match="not finite"):
            Searcher(index, model, candidates=candidates).search("a")


def test_entries_removed_while_it_searches_do_no_harm(model: Model) -> None:
    """What `nearest` proposed may be gone when its rows are read; then the index is asked again."""
    index = crowd(model, 9, 1)
    nearest, gone = index.nearest, []

    def late(queries: torch.Tensor, k: int, where: Filter | None = None) -> list[tuple[list[str], list[float]]]:
        found = nearest(queries, k, where)
        if not gone:
            gone.append(found[0][0][0])
            index.remove(gone)
        return found

    index.nearest = late  # type: ignore[method-assign]
    hits = Searcher(index, model).search(TEXTS[0])
    assert len(hits) == 8
    assert gone[0] not in {hit.id for hit in hits}
