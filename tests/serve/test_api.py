"""What is asked of the server and what it answers, over a real index."""

from __future__ import annotations

import json
import os
import time
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from shelf import HOME, TEXTS, index_of, write_files

from babelreel.index.calibrate import NOTE
from babelreel.index.open import open_index
from babelreel.index.query import Query
from babelreel.index.search import Searcher
from babelreel.model import Model
from babelreel.serve.app import create_app
from babelreel.serve.settings import Settings

EVERY = 11  # entries: six pictures, three clips of one window and one of two


def hits(client: TestClient, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/search", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["hits"])


def test_hits_are_those_of_the_searcher(client: TestClient, searcher: Searcher, files: Path) -> None:
    for text in TEXTS:
        answer = client.get("/api/search", params={"q": text, "k": 4, "lang": "de"}).json()
        expected = searcher.search(Query(text, "de", k=4))
        assert (answer["lang"], answer["role"], answer["calibrated"], answer["more"]) == ("de", "query", False, True)
        assert answer["took_ms"] > 0
        assert len(answer["hits"]) == 4
        for got, hit in zip(answer["hits"], expected, strict=True):
            assert got["id"] == hit.id
            assert (got["rank"], got["kind"], got["confidence"]) == (hit.rank, hit.kind, None)
            assert (got["start"], got["end"], got["moment"]) == (hit.start, hit.end, hit.moment)
            assert got["score"] == pytest.approx(hit.score)
            assert got["frames"] == [list(frame) for frame in hit.frames]
            assert [m["id"] for m in got["moments"]] == [m.id for m in hit.moments]
            assert [m["time"] for m in got["moments"]] == [m.time for m in hit.moments]
            assert files.parent / got["folder"] / got["name"] == Path(hit.path)
            assert got["duration"] == pytest.approx(
                {"2.mp4": 8, "image": 0}.get(got["name"], 2 * (hit.kind == "video"))
            )
            assert (got["media"], got["thumbnail"]) == (f"/media/{hit.id}", f"/thumbnails/{hit.id}")
    assert "moments" in got
    assert any(hit["moments"] for hit in hits(client, q=TEXTS[0], k=20))


def test_pages_follow_each_other_and_end(client: TestClient) -> None:
    ranks, names, offset, more = [], [], 0, True
    while more:
        answer = client.get("/api/search", params={"q": "a", "k": 4, "offset": offset}).json()
        ranks += [hit["rank"] for hit in answer["hits"]]
        names += [hit["name"] for hit in answer["hits"]]
        offset, more = offset + 4, answer["more"]
    assert ranks == list(range(1, 11))
    assert len(set(names)) == 10


def test_filters(client: TestClient) -> None:
    def found(**where: Any) -> set[str]:
        return {hit["name"] for hit in hits(client, q="a", k=20, **where)}

    clips = {"0.mp4", "1.mp4", "2.mp4", "old.avi"}
    everything = clips | {f"{n}.png" for n in range(5)} | {"print.tif"}
    assert found() == everything
    assert found(kind="video") == found(folder="Holidays/clips") == clips
    assert found(folder="Holidays/stills/deep") == {"3.png", "4.png"}
    assert found(folder="Holidays/still") == found(folder="../etc") == set()
    assert found(shortest=3) == {"2.mp4"}
    assert found(longest=3, kind="video") == clips - {"2.mp4"}
    today = date.today()
    assert found(after=str(today - timedelta(days=1)), before=str(today + timedelta(days=1))) == everything
    assert found(before=str(today - timedelta(days=2))) == found(after=str(today + timedelta(days=2))) == set()


def test_days_begin_and_end_here(model: Model, tmp_path: Path) -> None:
    root = write_files(tmp_path / "files")
    for name, clock in (("0.mp4", "00:00:00"), ("1.mp4", "23:59:59")):
        when = time.mktime(time.strptime(f"2021-05-04 {clock}", "%Y-%m-%d %H:%M:%S"))
        os.utime(root / "clips" / name, (when, when))
    app = create_app(Searcher(index_of(model, root, tmp_path / "i"), model), Settings(cache=tmp_path / "c"))
    with TestClient(app, base_url=HOME) as client:
        day = hits(client, q="a", after="2021-05-04", before="2021-05-04")
        assert {hit["name"] for hit in day} == {"0.mp4", "1.mp4"}
        assert hits(client, q="a", before="2021-05-03") == []


def test_more_like_a_hit_and_unlike_a_text(client: TestClient, searcher: Searcher) -> None:
    first = hits(client, q="a")[0]["id"]
    alike = hits(client, like=first, k=20)
    assert [hit["id"] for hit in alike] == [hit.id for hit in searcher.search(Query(like=first, k=20))]
    assert first not in [hit["id"] for hit in alike]
    sunk = hits(client, q="a", unlike="red", k=20)
    assert [hit["id"] for hit in sunk] == [hit.id for hit in searcher.search(Query("a", unlike="red", k=20))]


def test_a_picture_finds_itself(client: TestClient, files: Path, searcher: Searcher) -> None:
    path = files / "stills" / "1.png"
    answer = client.post("/api/search", data={"k": 3}, files={"image": (path.name, path.read_bytes())})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["lang"], found["role"]) == (None, None)
    assert found["hits"][0]["name"] == "1.png"
    expected = searcher.search(Query(image=path.read_bytes(), k=3))
    assert [hit["score"] for hit in found["hits"]] == pytest.approx([hit.score for hit in expected])
    both = client.post("/api/search", data={"q": "a", "k": 3}, files={"image": path.read_bytes()}).json()
    assert [h["id"] for h in both["hits"]] == [h.id for h in searcher.search(Query("a", image=path, k=3))]


def test_a_large_photograph_is_scaled_in_its_decoder(client: TestClient) -> None:
    file = BytesIO()
    Image.new("RGB", (4000, 3000), "red").save(file, "JPEG")
    answer = client.post("/api/search", files={"image": file.getvalue()})
    assert answer.status_code == 200, answer.text


def test_blank_fields_were_not_given(client: TestClient) -> None:
    blank = dict.fromkeys(
        ("lang", "like", "unlike", "kind", "folder", "shortest", "longest", "after", "before", "k", "threshold"), ""
    )
    assert hits(client, q="a", **blank) == hits(client, q="a")
    form = client.post("/api/search", data={"q": "a"} | blank, files={"image": ("", b"")})
    assert form.json()["hits"] == hits(client, q="a")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "Nothing is asked for"),
        ({"q": "", "like": ""}, "Nothing is asked for"),
        ({"q": "  "}, "needs text"),
        ({"unlike": "people"}, "beside 'unlike'"),
        ({"q": "a" * 1001}, "q: String should have at most 1000"),
        ({"q": "a", "k": 0}, "k: Input should be greater"),
        ({"q": "a", "k": 101}, "k: Input should be less"),
        ({"q": "a", "offset": 1001}, "offset: "),
        ({"q": "a", "k": "many"}, "k: "),
        ({"q": "a", "kind": "sound"}, "kind: "),
        ({"q": "a", "lang": "../x"}, "lang: "),
        ({"q": "a", "after": "2021-02-30"}, "after: day is out of range"),
        ({"q": "a", "after": "yesterday"}, "after: "),
        ({"q": "a", "shortest": "nan"}, "shortest: "),
        ({"q": "a", "folder": "a\0b"}, "folder: "),
        ({"like": "'; DROP TABLE entries; --"}, "like: "),
        ({"q": "a", "threshold": 2}, "threshold: "),
        ({"q": "a", "threshold": 0.5}, "not calibrated"),
        ({"q": "a", "limit": 3}, "limit: Extra inputs"),
    ],
)
def test_questions_that_make_no_sense(client: TestClient, asked: dict[str, Any], said: str) -> None:
    for answer in (client.get("/api/search", params=asked), client.post("/api/search", data=asked or {"k": "3"})):
        assert answer.status_code == 422
        assert said in answer.json()["error"]


def test_what_is_not_there(client: TestClient) -> None:
    for path in (
        "/api/search?like=0-0",
        "/api/items/0-0",
        "/media/0-0",
        "/thumbnails/0-0",
        "/nothing",
        "/page/none.js",
    ):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["error"]
    answer = client.delete("/api/search")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.json() == {"error": "Method Not Allowed"}


def test_uploads_that_are_no_pictures(client: TestClient) -> None:
    bomb = BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    for data in (b"nothing", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", bomb.getvalue()):
        answer = client.post("/api/search", files={"image": data})
        assert answer.status_code == 422
        assert "The uploaded picture" in answer.json()["error"]
    body = client.post("/api/search", content=b"--x", headers={"content-type": "multipart/form-data"})
    assert body.status_code == 400
    assert body.json()["error"]


def test_confidence_and_threshold_where_the_index_is_calibrated(
    model: Model, files: Path, tmp_path: Path, settings: Settings
) -> None:
    where = index_of(model, files, tmp_path / "i")
    with TestClient(create_app(Searcher(where, model), settings), base_url=HOME) as client:
        assert client.get("/api/info").json()["calibrated"] is False
        open_index(where).note(NOTE, {"": [0.0, 20.0, -2.0], "de": [-30.0, 1.0, 0.0]})
        known = client.get("/api/info").json()
        assert (known["calibrated"], known["langs"]) == (True, ["de"])
        sure = [hit["confidence"] for hit in hits(client, q="ein Kreis", lang="fr", k=20)]
        assert sure == sorted(sure, reverse=True)
        assert 0 <= sure[-1] < sure[0] <= 1
        middle = (sure[3] + sure[4]) / 2
        answer = client.get("/api/search", params={"q": "ein Kreis", "lang": "fr", "threshold": middle, "k": 4}).json()
        assert (answer["calibrated"], answer["more"], len(answer["hits"])) == (True, False, 4)
        none = client.get("/api/search", params={"q": "ein Kreis", "lang": "de", "threshold": 0.5}).json()
        assert (none["hits"], none["more"]) == ([], False)


def test_items_and_info(client: TestClient, searcher: Searcher, files: Path) -> None:
    known = client.get("/api/info").json()
    assert (known["entries"], known["videos"], known["images"]) == (EVERY, 4, 6)
    assert known["folders"] == ["Holidays", "Holidays/clips", "Holidays/stills", "Holidays/stills/deep"]
    for page in searcher.index.entries():
        for entry in page:
            told = client.get(f"/api/items/{entry.id}").json()
            assert files.parent / told["folder"] / told["name"] == Path(entry.path)
            for name in ("id", "kind", "start", "end", "duration", "modified", "size"):
                assert told[name] == getattr(entry, name)
            assert str(files) not in json.dumps(told)


def test_thumbnails(client: TestClient, searcher: Searcher) -> None:
    for hit in hits(client, q="a", k=20):
        answer = client.get(hit["thumbnail"])
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content == searcher.index.get([hit["id"]], True)[0].thumbnail
        again = client.get(hit["thumbnail"], headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = client.head(hit["thumbnail"])
        assert (head.content, head.headers["content-length"]) == (b"", str(len(answer.content)))


def test_new_items_appear_without_a_restart(model: Model, tmp_path: Path, settings: Settings) -> None:
    root = write_files(tmp_path / "files")
    where = index_of(model, root, tmp_path / "i")
    with TestClient(create_app(Searcher(where, model), settings), base_url=HOME) as client:
        assert len(hits(client, q="a", k=20)) == 10
        Image.new("RGB", (40, 40), "blue").save(root / "new.png")
        from babelreel.index.build import build_index

        build_index([root], model, open_index(where))
        assert "new.png" in {hit["name"] for hit in hits(client, q="a", k=20)}


def test_health_and_metrics(client: TestClient) -> None:
    hits(client, q="a")
    client.get("/secret/path/that/nobody/knows")
    assert client.get("/healthz").json() == client.get("/readyz").json() == {"status": "ok"}
    text = client.get("/metrics").text
    for line in (
        f"babelreel_index_entries {EVERY}.0", "babelreel_searches_waiting 0.0", "babelreel_requests_running 1.0",
        'babelreel_requests_total{method="GET",route="/healthz",status="200"}',
        'babelreel_requests_total{method="GET",route="other",status="404"}',
        'babelreel_request_seconds_bucket{le="0.5",route="/api/search"}', 'babelreel_batch_size_bucket{le="1.0"}',
    ):  # fmt: skip
        assert line in text
    assert "secret" not in text


def test_a_closed_engine_is_not_ready(searcher: Searcher, settings: Settings) -> None:
    app = create_app(searcher, settings)
    client = TestClient(app, base_url=HOME)
    app.state.service.engine.close()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    asked = client.get("/api/search?q=a")
    assert (asked.status_code, asked.json()["error"]) == (503, "The server is shutting down. Ask again in a moment.")


def test_an_index_that_is_lost_is_told_without_details(
    model: Model, files: Path, tmp_path: Path, settings: Settings
) -> None:
    where = index_of(model, files, tmp_path / "i")
    with TestClient(create_app(Searcher(where, model), settings), base_url=HOME) as client:
        (where / "notes.json").write_text("{")
        answer = client.get("/api/search?q=a")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert str(where) not in answer.text


def test_a_language_that_nobody_speaks_is_no_error(client: TestClient) -> None:
    assert len(hits(client, q="a", lang="xx-yy")) == 10
