"""cli.py: every command from a user's side, with its exit code and its words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from shell import run

import babelreel
from babelreel.corpora.manifest import write_manifest
from babelreel.encoders.small import write_small_clip
from babelreel.media.write import write_video
from babelreel.runs import read_run_info, save_run
from babelreel.types import Caption, Corpus, MediaItem


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
    assert done.code == 3, done.err  # done, but not all could be read
    assert "3 entries" in done.out
    assert "3 new, 1 failed" in done.out
    assert "bad.mp4" in done.err
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["encoded"] == 3
    assert list(report["failures"]) == [str(world / "media" / "bad.mp4")]
    again = run("index", world / "media", "-o", index)  # the index knows its model
    assert "3 same" in again.out, again.err
    assert " 0 encoded" in again.out
    other = run("index", world / "media", "-o", index, "--window", 3)
    assert other.code == 1
    assert "was made with windows" in other.err
    found = run("search", "ein rotes Bild", "--index", index, "-k", 2)
    assert found.code == 0, found.err
    lines = found.out.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert all(str(world / "media") in line for line in lines)
    long = run("search", "rot " * 2500, "--index", index, "-k", 1)
    assert long.code == 0
    assert "the model reads the first 64" in long.err
    for arguments, message in ((("",), "needs text"), ((), "Nothing is asked for"), (("a", "--like", "x-0"), "x-0")):
        wrong = run("search", *arguments, "--index", index)
        assert wrong.code == 1
        assert message in wrong.err
        assert "Traceback" not in wrong.err


def test_search_by_picture_by_hit_and_with_filters_as_json(world: Path, tmp_path: Path) -> None:
    index, media = tmp_path / "index", world / "media"
    run("index", media, "--model", world / "model", "--index", index)

    def hits(*arguments: object) -> list[dict[str, Any]]:
        done = run("search", *arguments, "--index", index, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)["hits"]

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
    assert "24 images" in told.out, told.err
    assert "calibrated: no" in told.out
    assert run("search", "rot", "--index", index, "--threshold", 0.5).code == 1
    done = run("calibrate", "--index", index, "--corpus", media / "m.jsonl", "--cache", tmp_path / "cache")
    assert "calibrated in de, en" in done.out, done.err
    assert "calibrated: de, en" in run("stats", "--index", index).out
    assert "%" in run("search", "rot", "--index", index, "-k", 1).out
    none = run("search", "rot", "--index", index, "--threshold", 1)
    assert none.code == 0
    assert (none.out, none.err) == ("", "No good match.\n")
    assert run("verify", "--index", index).code == 0
    (media / "3.png").unlink()
    broken = run("verify", "--index", index)
    assert broken.code == 3
    assert "3.png" in broken.err
    pruned = run("index", media, "--index", index, "--prune")
    assert "1 removed" in pruned.out, pruned.err
    assert "23 files removed" in run("remove", media, "--index", index).out
    assert run("remove", media, "--index", index).code == 1


def test_eval_writes_what_it_prints(world: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("t.json", "t.md", "t.png")}
    done = run(
        "eval", world / "model", "--corpus", world / "media" / "m.jsonl", "--split", "test", "--langs", "de,en",
        "--json", files["t.json"], "--markdown", files["t.md"], "--plot", files["t.png"], "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert done.code == 3, done.err
    assert "bad.mp4" in done.err
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
    assert asked.code == 3, asked.err
    for said in ("the first 1 of an", "corrected by dual-softmax (temperature 0.05)", "2 frames, random (seed 3)"):
        assert said in asked.out.splitlines()[0]
    assert "have seen the other test queries" in asked.out
    unknown = run("eval", world / "model", "--corpus", world / "media" / "m.jsonl", "--langs", "sw")
    assert unknown.code == 1
    assert "no captions in sw" in unknown.err


def test_encode_fills_the_cache(world: Path, tmp_path: Path) -> None:
    done = run("encode", world / "model", "--corpus", world / "media" / "m.jsonl", "--cache", tmp_path)
    assert done.code == 3
    assert "3 of 4 items" in done.out
    assert list(tmp_path.rglob("*.safetensors"))


def test_data_commands(world: Path, tmp_path: Path) -> None:
    manifest = world / "media" / "m.jsonl"
    assert "flickr8k" in run("data", "list").out
    assert "de" in run("data", "stats", manifest).out
    check = run("data", "check", manifest)
    assert check.code == 3
    assert "3 of 4 items can be read" in check.out
    table = "key,vid_key,video_id,sentence\nret0,msr0,video0,a dog\nret1,msr1,video1,a cat\n"
    (tmp_path / "MSRVTT_JSFUSION_test.csv").write_text(table)
    (tmp_path / "video0.mkv").write_bytes((world / "media" / "v.mp4").read_bytes())
    named = run("data", "check", "msrvtt-1ka-9k", "--root", tmp_path)
    assert named.code == 3
    assert "missing media: 1 of 2 items" in named.out
    assert "published are 1,000 items" in named.out
    assert "1 of 2 items can be read" in named.out
    assert "video1" in named.err
    (tmp_path / "1.png").write_bytes((world / "media" / "1.png").read_bytes())
    (tmp_path / "twice.jsonl").write_text('{"path": "1.png", "id": "a"}\n{"path": "1.png", "id": "b"}\n')
    readable = run("data", "check", tmp_path / "twice.jsonl")  # every file can be read, and the corpus is wrong still
    assert (readable.code, readable.err) == (3, "")
    assert "1.png: a, b" in readable.out
    show = run("data", "show", manifest, "-n", 1, "--langs", "de")
    assert "ein rotes Bild" in show.out
    assert "a red picture" not in show.out
    assert run("data", "stats", "nothing").code == 1


def test_failures_are_one_message(world: Path, tmp_path: Path) -> None:
    for arguments, message in (
        (("index", tmp_path, "--model", world / "model", "-o", tmp_path / "i"), "Nothing usable"),
        (("index", world / "media", "--model", tmp_path / "none", "-o", tmp_path / "i"), "no model folder"),
        (("search", "a", "--index", tmp_path / "i"), "There is no index"),
    ):
        done = run(*arguments)
        assert done.code == 1
        assert message in done.err
        assert "Traceback" not in done.err
        assert not (tmp_path / "i").exists()


def test_an_interrupted_demo_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(demo: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("babelreel.demo.run_demo", interrupted)
    done = run("demo", "-o", tmp_path / "demo")
    assert done.code == 130
    assert "The same command goes on from here." in done.err
    assert "Traceback" not in done.err


def test_help_and_version() -> None:
    """In a process of its own, as a shell starts it."""
    done = subprocess.run([sys.executable, "-m", "babelreel", "--help"], capture_output=True, text=True, check=True)
    for command in ("demo", "eval", "encode", "index", "search", "data", "train"):
        assert command in done.stdout
    assert "0.1.0" in run("--version").out


def test_join(world: Path, tmp_path: Path) -> None:
    """Runs become one model, which is searched like any other; what is no run is told."""
    method = babelreel.load(world / "model", device="cpu").method
    for seed, name, lang in ((3, "a", "de"), (4, "b", "en")):
        save_run(method, tmp_path / name, {"trained": [lang], "earlier": ["fr"], "recipe": {"seed": seed}})
    done = run("join", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "both")
    assert done.code == 0, done.err
    assert read_run_info(tmp_path / "both").made["trained"] == ["de", "en", "fr"]
    table = run("eval", tmp_path / "both", "--corpus", world / "media" / "m.jsonl", "--split", "test")
    assert table.code == 3, table.err  # one file cannot be read
    assert "trained with seeds 3 and 4, on m" in table.out
    wrong = run("join", tmp_path / "a", world / "media", "-o", tmp_path / "none")
    assert wrong.code == 1
    assert "is not a whole run folder" in wrong.err
    assert not (tmp_path / "none").exists()
