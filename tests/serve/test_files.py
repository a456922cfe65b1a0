"""Media by id: ranges, copies for browsers, and the very file that was indexed or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import av
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from shelf import HOME, index_of, write_files

from babelreel.index.scan import entry_id
from babelreel.index.search import Searcher
from babelreel.model import Model
from babelreel.serve.app import create_app
from babelreel.serve.files import byte_range, content_type, matches
from babelreel.serve.settings import Settings


def url(path: Path, start: float | None = None) -> str:
    return f"/media/{entry_id(path, start)}"


@pytest.fixture(scope="module")
def own(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Path]]:
    """A server whose files a test may change, each test its own."""
    tmp = tmp_path_factory.mktemp("own")
    root = write_files(tmp / "files")
    elsewhere = write_files(tmp / "elsewhere")
    (root / "linked").symlink_to(elsewhere / "stills")
    app = create_app(Searcher(index_of(model, root, tmp / "i"), model), Settings(cache=tmp / "c"))
    with TestClient(app, base_url=HOME) as client:
        yield client, root


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None), ("", None), ("bytes=0-", (0, 10)), ("bytes=0-0", (0, 1)), ("bytes=3-5", (3, 6)),
        ("bytes=5-99", (5, 10)), ("bytes=-3", (7, 10)), ("bytes=-99", (0, 10)), ("BYTES = 1-2", (1, 3)),
        ("bytes=5-3", None), ("bytes=a-b", None), ("bytes=1", None), ("bytes=-", None), ("bytes=0-1,3-4", None),
        ("lines=0-3", None), ("bytes=--3", None), ("bytes=1-2-3", None), ("bytes=²-", None),
        (f"bytes={'9' * 5000}-", None),
    ],
)  # fmt: skip
def test_ranges(header: str | None, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, 10) == expected


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=99-100", 10)]
)
def test_ranges_outside_of_the_file(header: str, size: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        byte_range(header, size)


def test_etags() -> None:
    assert matches('"a"', '"a"')
    assert matches('W/"b", "a"', '"a"')
    assert matches("*", '"a"')
    assert not matches('"b"', '"a"')
    assert not matches(None, '"a"')


def test_types_by_what_files_hold() -> None:
    for suffix, kind in (
        ("JPEG", "jpeg"),
        ("PNG", "png"),
        ("GIF", "gif"),
        ("WEBP", "webp"),
        ("AVIF", "avif"),
        ("BMP", "bmp"),
    ):
        file = BytesIO()
        Image.new("RGB", (9, 9)).save(file, suffix)
        assert content_type(file.getvalue()[:32]) == f"image/{kind}"
    assert content_type(b"<svg><script>") == "application/octet-stream"


def test_whole_files_and_parts(client: TestClient, files: Path) -> None:
    path = files / "clips" / "0.mp4"
    data = path.read_bytes()
    whole = client.get(url(path, 0))
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    part = client.get(url(path, 0), headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, data[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(data)}"
    assert client.get(url(path, 0), headers={"Range": "bytes=0-"}).status_code == 206
    tail = client.get(url(path, 0), headers={"Range": "bytes=-7"})
    assert tail.content == data[-7:]
    head = client.head(url(path, 0), headers={"Range": "bytes=5-9"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (206, b"", "5")
    beyond = client.get(url(path, 0), headers={"Range": f"bytes={len(data)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")
    assert str(len(data)) in beyond.json()["error"]


def test_what_a_client_has_is_not_sent_again(client: TestClient, files: Path) -> None:
    path = files / "stills" / "0.png"
    first = client.get(url(path))
    assert first.headers["content-type"] == "image/png"
    etag = first.headers["etag"]
    again = client.get(url(path), headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    current = client.get(url(path), headers={"If-Range": etag, "Range": "bytes=1-2"})
    assert (current.status_code, len(current.content)) == (206, 2)
    stale = client.get(url(path), headers={"If-Range": '"old"', "Range": "bytes=1-2"})
    assert (stale.status_code, stale.content) == (200, path.read_bytes())


def test_all_windows_of_a_video_are_one_file(client: TestClient, files: Path) -> None:
    path = files / "clips" / "2.mp4"
    assert client.get(url(path, 4)).headers["etag"] == client.get(url(path, 0)).headers["etag"]


def test_what_browsers_do_not_show_comes_as_a_copy(client: TestClient, files: Path, tmp_path: Path) -> None:
    path = files / "clips" / "old.avi"
    answer = client.get(url(path, 0), headers={"Range": "bytes=0-99999999"})
    assert (answer.status_code, answer.headers["content-type"]) == (206, "video/mp4")
    (tmp_path / "copy.mp4").write_bytes(answer.content)
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        assert copy.streams.video[0].codec_context.name == "h264"
        assert len(list(copy.decode(video=0))) == 20
    assert client.get(url(path, 0)).headers["etag"] == answer.headers["etag"]
    picture = client.get(url(files / "stills" / "print.tif"))
    assert picture.headers["content-type"] == "image/jpeg"
    assert Image.open(BytesIO(picture.content)).size == (50, 40)


@pytest.mark.parametrize(
    "path",
    [
        "/media/../../etc/passwd", "/media/..%2f..%2fetc%2fpasswd", "/media/%2fetc%2fpasswd", "/media//etc/passwd",
        "/page/../app.py", "/page/..%2fapp.py", "/page/%2e%2e/app.py", "/page//etc/passwd", "/page/..%5capp.py",
        "/thumbnails/..%2f..%2fetc%2fpasswd", "/media/etc%00passwd",
    ],
)  # fmt: skip
def test_paths_are_not_followed(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text
    assert "import" not in answer.text


def gone(client: TestClient, path: Path, start: float | None = None) -> str:
    answer = client.get(url(path, start))
    assert answer.status_code == 404, answer.text
    assert str(path.parent) not in answer.text
    return str(answer.json()["error"])


def test_files_that_are_replaced_changed_or_gone(own: tuple[TestClient, Path]) -> None:
    client, root = own
    path = root / "stills" / "0.png"
    kept = os.stat(path)
    path.write_bytes(b"x" * kept.st_size)
    assert "has changed since it was indexed" in gone(client, path)
    other = root / "stills" / "1.png"
    other.write_bytes(other.read_bytes() + b"more")
    assert "has changed" in gone(client, other)
    other.unlink()
    assert "cannot be opened" in gone(client, other)
    os.mkfifo(other)
    assert "plain file" in gone(client, other)
    clip = root / "clips" / "0.mp4"
    clip.unlink()
    clip.mkdir()
    assert "plain file" in gone(client, clip, 0)


def test_links_are_followed_to_what_was_indexed_alone(own: tuple[TestClient, Path], tmp_path: Path) -> None:
    client, root = own
    linked = root / "linked" / "1.png"
    assert client.get(url(linked)).content == linked.read_bytes()  # a link that was there when it was indexed
    path = root / "stills" / "2.png"
    kept = os.stat(path)
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * kept.st_size)
    os.utime(secret, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    path.unlink()
    path.symlink_to(secret)
    assert "has changed" in gone(client, path)
    folder = root / "stills" / "deep"
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    kept = os.stat(folder / "3.png")
    (hidden / "3.png").write_bytes(b"s" * kept.st_size)
    os.utime(hidden / "3.png", ns=(kept.st_atime_ns, kept.st_mtime_ns))
    folder.rename(tmp_path / "away")
    folder.symlink_to(hidden)
    assert "has changed" in gone(client, folder / "3.png")
    folder.unlink()
    (tmp_path / "away").rename(folder)


def test_a_video_that_cannot_be_copied_is_told(model: Model, tmp_path: Path) -> None:
    root = write_files(tmp_path / "files")
    index = index_of(model, root, tmp_path / "i")
    (tmp_path / "c").write_text("in the way")
    with TestClient(create_app(Searcher(index, model), Settings(cache=tmp_path / "c")), base_url=HOME) as client:
        answer = client.get(url(root / "clips" / "old.avi", 0))
        assert answer.status_code == 422
        assert "cannot be written" in answer.json()["error"]


def test_a_copy_that_takes_long_is_made_all_the_same(model: Model, tmp_path: Path) -> None:
    root = write_files(tmp_path / "files")
    index = index_of(model, root, tmp_path / "i")
    settings = Settings(cache=tmp_path / "c", copy_seconds=0.001)
    with TestClient(create_app(Searcher(index, model), settings), base_url=HOME) as client:
        path = url(root / "clips" / "old.avi", 0)
        first = client.get(path)
        assert (first.status_code, first.headers["retry-after"]) == (503, "1")
        assert "still being made" in first.json()["error"]
