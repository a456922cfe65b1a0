"""playground/generate.py, film.py: files as promised, the same on every run, kept, and whole when a run is killed."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from babelreel.corpora.manifest import read_manifest
from babelreel.corpora.playground import film as film_module
from babelreel.corpora.playground.film import digest, film, film_all
from babelreel.corpora.playground.generate import MOST_CLIPS, generate
from babelreel.corpora.playground.motion import FPS, lay_out
from babelreel.corpora.playground.render import RGB, SIZE, render
from babelreel.corpora.playground.sample import sample
from babelreel.corpora.playground.scene import COLOURS, LANGS, SOUNDS, TEXTURES, Event, Scene, Thing
from babelreel.corpora.playground.sound import RATE, play
from babelreel.errors import CorpusError
from babelreel.types import Corpus

N, SEED = 10, 4


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return generate(tmp_path_factory.mktemp("playground"), N, SEED, workers=1)


def contents(folder: Path) -> dict[str, str]:
    """A digest of each file; of a clip, that of its decoded frames and samples, for an encoder has more than one way to
    write the same pictures."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".mp4":
            frames, samples = decoded(path)
            parts = [frames.tobytes(), b"" if samples is None else samples.tobytes()]
        else:
            parts = [path.read_bytes()]
        found[path.relative_to(folder).as_posix()] = hashlib.sha256(b"|".join(parts)).hexdigest()
    return found


def decoded(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Frames (T, H, W, 3) uint8 and samples (S,) float32, None without an audio stream."""
    with av.open(str(path)) as container:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return frames, None
        return frames, np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)[0]


def test_manifest_says_what_the_corpus_is(corpus: Corpus) -> None:
    again = read_manifest(corpus.media_root / "manifest.jsonl")
    assert again.items == corpus.items
    assert again.media_root == corpus.media_root
    assert corpus.langs == tuple(sorted(LANGS))
    assert corpus.name == "playground"
    for item, clip in zip(corpus.items, sample(N, SEED), strict=True):
        assert item.tags == {"group": clip.group, "differs_in": ",".join(clip.differs_in)}
        assert (item.id, item.split) == (clip.id, clip.split)
        assert digest(clip.scene) in item.path
        assert len(item.captions) == 3 * len(LANGS)


def test_files_hold_the_scene_and_its_sound(corpus: Corpus) -> None:
    for item, clip in zip(corpus.items, sample(N, SEED), strict=True):
        frames, samples = decoded(corpus.path(item))
        drawn = render(clip.scene)
        assert frames.shape == drawn.shape
        assert np.abs(frames.astype(int) - drawn).mean() < 4
        assert (samples is None) == (clip.scene.sound == "silence")
        if samples is not None:
            assert abs(len(samples) / RATE - len(drawn) / FPS) < 0.15


def test_colours_survive_the_codec(tmp_path: Path) -> None:
    palette = np.array(list(RGB.values()))
    for number, colour in enumerate(COLOURS):
        for size, texture in (("large", TEXTURES[number % 3]), ("small", "plain")):
            thing = Thing("square", colour, size, texture)  # type: ignore[arg-type]
            scene = Scene((thing,), (Event("move", 0, None, "up"),), "silence", number)
            film(scene, tmp_path / "clip.mp4")
            frames, _ = decoded(tmp_path / "clip.mp4")
            for t in (0, len(frames) // 2, len(frames) - 1):
                painted = np.abs(render(scene)[t].astype(int) - RGB[colour]).sum(axis=-1) == 0
                shown = np.median(frames[t][painted], axis=0)
                assert np.abs(palette - shown).sum(axis=1).argmin() == number, (colour, size, texture, t)


@pytest.mark.parametrize("sound", [s for s in SOUNDS if s not in ("silence", "noise")])
def test_sounds_survive_the_codec(tmp_path: Path, sound: str) -> None:
    scene = Scene((Thing("star", "red", "large"),), (Event("grow", 0),), sound, 1)  # type: ignore[arg-type]
    film(scene, tmp_path / "clip.mp4")
    _, samples = decoded(tmp_path / "clip.mp4")
    drawn = play(scene, len(lay_out(scene).poses) / FPS)
    assert samples is not None
    assert drawn is not None
    n = min(len(samples), len(drawn))
    spectra = [np.abs(np.fft.rfft(s[:n]))[: n // 5] for s in (samples, drawn)]  # up to 3.2 kHz, phases aside
    assert np.corrcoef(*spectra)[0, 1] > 0.9


def test_the_number_of_workers_changes_nothing(corpus: Corpus, tmp_path: Path) -> None:
    generate(tmp_path, N, SEED, workers=3)
    assert contents(tmp_path) == contents(corpus.media_root)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_forked_and_spawned_workers_do_the_same(corpus: Corpus, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing, sys\n"
        "if __name__ == '__main__':\n"
        "    from babelreel.corpora.playground.generate import generate\n"
        "    for method in ('fork', 'spawn'):\n"
        "        multiprocessing.set_start_method(method, force=True)\n"
        f"        generate(f'{{sys.argv[1]}}/{{method}}', {N}, {SEED}, workers=2)\n"
    )
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, timeout=120)
    for method in ("fork", "spawn"):
        assert contents(tmp_path / method) == contents(corpus.media_root)


def test_workers_load_no_torch() -> None:
    code = "import sys, babelreel.corpora.playground.film; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_second_run_renders_nothing(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {item.id: corpus.path(item).stat().st_mtime_ns for item in corpus.items}

    def refuse(*_: object) -> None:
        raise AssertionError("nothing is missing")

    monkeypatch.setattr(film_module, "film", refuse)
    seen: list[tuple[int, int]] = []
    again = generate(corpus.media_root, N, SEED, workers=1, progress=lambda done, total: seen.append((done, total)))
    assert again == corpus
    assert {item.id: corpus.path(item).stat().st_mtime_ns for item in corpus.items} == before
    assert seen == [(k, N) for k in range(1, N + 1)]


def test_only_what_is_missing_is_rendered_and_progress_counts_all(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    for item in corpus.items[:7]:
        (tmp_path / item.path).write_bytes(b"kept as it is")
    seen: list[tuple[int, int]] = []
    generate(tmp_path, N, SEED, workers=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(k, N) for k in range(1, N + 1)]
    assert all((tmp_path / item.path).read_bytes() == b"kept as it is" for item in corpus.items[:7])
    for item in corpus.items[7:]:
        np.testing.assert_array_equal(decoded(tmp_path / item.path)[0], decoded(corpus.path(item))[0])


def test_another_seed_replaces_the_clips_and_nothing_else(tmp_path: Path) -> None:
    first = generate(tmp_path, 3, 0, langs=["en"])
    foreign = tmp_path / "clips" / "holiday.mp4"
    foreign.write_bytes(b"mine")
    old, fresh = (tmp_path / "clips" / f".c00000-0123456789ab.{pid}.tmp.mp4" for pid in (1, 2))
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    second = generate(tmp_path, 2, 1, langs=["en", "de"])
    assert not any(first.path(item).exists() for item in first.items)
    assert {p.name for p in (tmp_path / "clips").iterdir()} == {
        *(second.path(item).name for item in second.items),
        "holiday.mp4",
        fresh.name,  # perhaps another run is at work on it
    }
    assert second.langs == ("de", "en")


def _alive(group: int) -> list[str]:
    """The processes of a group that still run; what has ended but was not waited for does not count."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue  # it ended while we looked
        state, _, its_group, *_ = rest.split()
        if int(its_group) == group and state != "Z":
            found.append(name)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see what still runs")
def test_a_killed_run_leaves_whole_files_no_workers_and_is_simply_run_again(tmp_path: Path) -> None:
    count = 12
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "if __name__ == '__main__':\n"
        "    from babelreel.corpora.playground.generate import generate\n"
        f"    generate(sys.argv[1], {count}, 9, langs=['en'], workers=2)\n"
    )
    folder = tmp_path / "out"
    run = subprocess.Popen([sys.executable, str(script), str(folder)], start_new_session=True)
    deadline = time.monotonic() + 60
    while len(list(folder.glob("clips/c*.mp4"))) < 3 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    while _alive(run.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(run.pid)  # the workers ended with their parent

    scenes = {f"{clip.id}-{digest(clip.scene)}.mp4": clip.scene for clip in sample(count, 9)}
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("clips/c*.mp4")}
    assert 3 <= len(kept) < count
    assert not (folder / "manifest.jsonl").exists()
    for path in kept:
        assert len(decoded(path)[0]) == len(lay_out(scenes[path.name]).poses)

    corpus = generate(folder, count, 9, langs=["en"])
    assert all(corpus.path(item).exists() for item in corpus.items)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def _die(scene: Scene, path: Path) -> None:
    os._exit(9)


def test_a_worker_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_module, "film", _die)
    with pytest.raises(CorpusError, match=r"ended unexpectedly.*1 worker"):
        generate(tmp_path, 3, langs=["en"], workers=2)
    assert not (tmp_path / "manifest.jsonl").exists()


def test_an_error_in_a_worker_comes_through_and_keeps_what_is_done(tmp_path: Path) -> None:
    good, bad = sample(2, 0)
    jobs = [(good.scene, tmp_path / "a.mp4"), (bad.scene, tmp_path / "missing.unknown" / "\0.mp4")]
    with pytest.raises(ValueError, match="null"):
        list(film_all(jobs, 2))
    assert decoded(tmp_path / "a.mp4")[0].shape[1:] == (SIZE, SIZE, 3)
    assert list(film_all([], 2)) == []


@pytest.mark.parametrize("clips", [0, -1, MOST_CLIPS + 1])
def test_a_number_out_of_range(tmp_path: Path, clips: int) -> None:
    with pytest.raises(CorpusError, match=f"between 1 and {MOST_CLIPS}.*found {clips}"):
        generate(tmp_path, clips)


def test_what_cannot_be_done_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="at least 1 worker, found 0"):
        generate(tmp_path, 3, workers=0)
    with pytest.raises(CorpusError, match="xx"):
        generate(tmp_path, 3, langs=["en", "xx"])
    assert not any(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="Cannot write the playground below"):
        generate(tmp_path / "file", 3, langs=["en"])
