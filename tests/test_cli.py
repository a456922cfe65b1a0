"""cli.py: every command from a user's side, with its exit code and its words."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

import babelreel
from babelreel import cli
from babelreel.corpora.manifest import write_manifest
from babelreel.encoders.small import write_small_clip
from babelreel.media.write import write_video
from babelreel.runs import read_run_info, save_run
from babelreel.types import Caption, Corpus, MediaItem


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object) -> Done:
    """The command line as its entry point runs it, in this process: importing torch for every call takes seconds."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["babelreel", *map(str, arguments)])
        patch.setenv("COLUMNS", "200")
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, four media files (one broken) and a manifest with captions in two languages."""
    root = tmp_path_factory.mktemp("world")
    write_small_clip(root / "model", ["a red picture", "ein rotes Bild"], width=32, image_size=32)
    media = root / "media"
    media.mkdir()
    for n in range(2):
        Image.new("RGB", (30, 30), (200 * n, 30, 90)).save(media / f"{n}.png")
    write_video(media / "v.mp4", [np.full((32, 32, 3), 9 * t, np.uint8) for t in range(12)], 6)
    (media / "bad.mp4").write_bytes(b"not a video")
    captions = (Caption("a red picture", "en"), Caption("ein rotes Bild", "de"))
    names = (("0.png", "image"), ("1.png", "image"), ("v.mp4", "video"), ("bad.mp4", "video"))
    items = tuple(MediaItem(n, n, k, split="test", captions=captions) for n, k in names)  # type: ignore[arg-type]
    write_manifest(Corpus("m", media, items), media / "m.jsonl")
    return root


def test_index_and_search(world: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    done = run("index", world / "media", "--model", world / "model", "--index", index, "--report", tmp_path / "r.json")
    assert done.returncode == 3, done.stderr  # done, but not all could be read
    assert "3 entries" in done.stdout
    assert "3 new, 1 failed" in done.stdout
    assert "bad.mp4" in done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["encoded"] == 3
    assert list(report["failures"]) == [str(world / "media" / "bad.mp4")]
    again = run("index", world / "media", "-o", index)  # the index knows its model
    assert "3 same" in again.stdout, again.stderr
    assert " 0 encoded" in again.stdout
    other = run("index", world / "media", "-o", index, "--window", 3)
    assert other.returncode == 1
    assert "was made with windows" in other.stderr
    found = run("search", "ein rotes Bild", "--index", index, "-k", 2)
    assert found.returncode == 0, found.stderr
    lines = found.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert all(str(world / "media") in line for line in lines)
    long = run("search", "rot " * 2500, "--index", index, "-k", 1)
    assert long.returncode == 0
    assert "the model reads the first 64" in long.stderr
    for arguments, message in ((("",), "needs text"), ((), "Nothing is asked for"), (("a", "--like", "x-0"), "x-0")):
        wrong = run("search", *arguments, "--index", index)
        assert wrong.returncode == 1
        assert message in wrong.stderr
        assert "Traceback" not in wrong.stderr


def test_search_by_picture_by_hit_and_with_filters_as_json(world: Path, tmp_path: Path) -> None:
    index, media = tmp_path / "index", world / "media"
    run("index", media, "--model", world / "model", "--index", index)

    def hits(*arguments: object) -> list[dict[str, Any]]:
        done = run("search", *arguments, "--index", index, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["hits"]

    first = hits("--image", media / "1.png")[0]
    assert first["path"] == str(media / "1.png")
    assert str(media / "1.png") not in {hit["path"] for hit in hits("--like", first["id"])}
    assert {hit["kind"] for hit in hits("rot", "--kind", "video")} == {"video"}
    assert hits("rot", "--folder", world / "model") == []
    assert len(hits("rot", "--unlike", "a red picture", "--lang", "de")) == 3
    assert [hit["rank"] for hit in hits("rot", "-k", 1, "--offset", 1)] == [2]
    video = hits("rot", "--kind", "video")[0]
    assert video["moment"] in [time for time, _ in video["frames"]]


def test_an_index_is_looked_after(world: Path, tmp_path: Path) -> None:
    media, index = tmp_path / "media", tmp_path / "index"
    media.mkdir()
    for n in range(24):
        Image.new("RGB", (20, 20), (10 * n, 30, 90)).save(media / f"{n}.png")
    captions = [(Caption(f"red {n}", "en"), Caption(f"rot {n}", "de")) for n in range(24)]
    items = tuple(MediaItem(f"{n}", f"{n}.png", "image", split="val", captions=captions[n]) for n in range(24))
    write_manifest(Corpus("m", media, items), media / "m.jsonl")
    run("index", media, "--model", world / "model", "--index", index)
    told = run("stats", "--index", index)
    assert "24 images" in told.stdout, told.stderr
    assert "calibrated: no" in told.stdout
    assert run("search", "rot", "--index", index, "--threshold", 0.5).returncode == 1
    done = run("calibrate", "--index", index, "--corpus", media / "m.jsonl", "--cache", tmp_path / "cache")
    assert "calibrated in de, en" in done.stdout, done.stderr
    assert "calibrated: de, en" in run("stats", "--index", index).stdout
    assert "%" in run("search", "rot", "--index", index, "-k", 1).stdout
    none = run("search", "rot", "--index", index, "--threshold", 1)
    assert none.returncode == 0
    assert (none.stdout, none.stderr) == ("", "No good match.\n")
    assert run("verify", "--index", index).returncode == 0
    (media / "3.png").unlink()
    broken = run("verify", "--index", index)
    assert broken.returncode == 3
    assert "3.png" in broken.stderr
    pruned = run("index", media, "--index", index, "--prune")
    assert "1 removed" in pruned.stdout, pruned.stderr
    assert "23 files removed" in run("remove", media, "--index", index).stdout
    assert run("remove", media, "--index", index).returncode == 1


def test_eval_writes_what_it_prints(world: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("t.json", "t.md", "t.png")}
    done = run(
        "eval", world / "model", "--corpus", world / "media" / "m.jsonl", "--split", "test", "--langs", "de,en",
        "--json", files["t.json"], "--markdown", files["t.md"], "--plot", files["t.png"], "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "bad.mp4" in done.stderr
    content = json.loads(files["t.json"].read_text())
    assert {(r["lang"], r["direction"]) for r in content["rows"]} == {
        ("de", "t2v"), ("de", "v2t"), ("en", "t2v"), ("en", "v2t"),
    }  # fmt: skip
    assert content["header"]["failed"] == 1
    assert "| de | t2v | 4 | 4 |" in files["t.md"].read_text()
    assert Image.open(files["t.png"]).size[0] > 100
    asked = run(
        "eval", world / "model", "--corpus", world / "media" / "m.jsonl", "--langs", "de", "--captions", 1,
        "--frames", 2, "--sampling", "random", "--seed", 3, "--correction", "dual-softmax",
        "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert asked.returncode == 3, asked.stderr
    for said in ("the first 1 of an", "corrected by dual-softmax (temperature 0.05)", "2 frames, random (seed 3)"):
        assert said in asked.stdout.splitlines()[0]
    assert "have seen the other test queries" in asked.stdout
    unknown = run("eval", world / "model", "--corpus", world / "media" / "m.jsonl", "--langs", "sw")
    assert unknown.returncode == 1
    assert "no captions in sw" in unknown.stderr


def test_encode_fills_the_cache(world: Path, tmp_path: Path) -> None:
    done = run("encode", world / "model", "--corpus", world / "media" / "m.jsonl", "--cache", tmp_path)
    assert done.returncode == 3
    assert "3 of 4 items" in done.stdout
    assert list(tmp_path.rglob("*.safetensors"))


def test_data_commands(world: Path, tmp_path: Path) -> None:
    manifest = world / "media" / "m.jsonl"
    assert "flickr8k" in run("data", "list").stdout
    assert "de" in run("data", "stats", manifest).stdout
    check = run("data", "check", manifest)
    assert check.returncode == 3
    assert "3 of 4 items can be read" in check.stdout
    table = "key,vid_key,video_id,sentence\nret0,msr0,video0,a dog\nret1,msr1,video1,a cat\n"
    (tmp_path / "MSRVTT_JSFUSION_test.csv").write_text(table)
    (tmp_path / "video0.mkv").write_bytes((world / "media" / "v.mp4").read_bytes())
    named = run("data", "check", "msrvtt-1ka-9k", "--root", tmp_path)
    assert named.returncode == 3
    assert "missing media: 1 of 2 items" in named.stdout
    assert "published are 1,000 items" in named.stdout
    assert "1 of 2 items can be read" in named.stdout
    assert "video1" in named.stderr
    (tmp_path / "1.png").write_bytes((world / "media" / "1.png").read_bytes())
    (tmp_path / "twice.jsonl").write_text('{"path": "1.png", "id": "a"}\n{"path": "1.png", "id": "b"}\n')
    readable = run("data", "check", tmp_path / "twice.jsonl")  # every file can be read, and the corpus is wrong still
    assert (readable.returncode, readable.stderr) == (3, "")
    assert "1.png: a, b" in readable.stdout
    show = run("data", "show", manifest, "-n", 1, "--langs", "de")
    assert "ein rotes Bild" in show.stdout
    assert "a red picture" not in show.stdout
    assert run("data", "stats", "nothing").returncode == 1


def test_failures_are_one_message(world: Path, tmp_path: Path) -> None:
    for arguments, message in (
        (("index", tmp_path, "--model", world / "model", "-o", tmp_path / "i"), "Nothing usable"),
        (("index", world / "media", "--model", tmp_path / "none", "-o", tmp_path / "i"), "no model folder"),
        (("search", "a", "--index", tmp_path / "i"), "There is no index"),
    ):
        done = run(*arguments)
        assert done.returncode == 1
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "i").exists()


def test_an_interrupted_demo_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(demo: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("babelreel.demo.run_demo", interrupted)
    done = run("demo", "-o", tmp_path / "demo")
    assert done.returncode == 130
    assert "The same command goes on from here." in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_version() -> None:
    """In a process of its own, as a shell starts it."""
    done = subprocess.run([sys.executable, "-m", "babelreel", "--help"], capture_output=True, text=True, check=True)
    for command in ("demo", "eval", "encode", "index", "search", "data", "train"):
        assert command in done.stdout
    assert "0.1.0" in run("--version").stdout


def test_join(world: Path, tmp_path: Path) -> None:
    """Runs become one model, which is searched like any other; what is no run is told."""
    method = babelreel.load(world / "model", device="cpu").method
    for seed, name, lang in ((3, "a", "de"), (4, "b", "en")):
        save_run(method, tmp_path / name, {"trained": [lang], "earlier": ["fr"], "recipe": {"seed": seed}})
    done = run("join", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "both")
    assert done.returncode == 0, done.stderr
    assert read_run_info(tmp_path / "both").made["trained"] == ["de", "en", "fr"]
    table = run("eval", tmp_path / "both", "--corpus", world / "media" / "m.jsonl", "--split", "test")
    assert table.returncode == 3, table.stderr  # one file cannot be read
    assert "trained with seeds 3 4, on m" in table.stdout
    wrong = run("join", tmp_path / "a", world / "media", "-o", tmp_path / "none")
    assert wrong.returncode == 1
    assert "is not a whole run folder" in wrong.stderr
    assert not (tmp_path / "none").exists()
