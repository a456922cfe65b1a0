"""Write the playground: real video files with sound, and a manifest with captions in every language.

A clip's file name carries a digest of its scene, and files appear under their name only when they are whole. So what
lies there is kept, what is missing is rendered, and a run that was killed is simply run again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from babelreel.corpora.manifest import write_manifest
from babelreel.corpora.playground.film import digest, film_all
from babelreel.corpora.playground.sample import Clip, sample
from babelreel.corpora.playground.scene import LANGS
from babelreel.corpora.playground.text import captions
from babelreel.errors import CorpusError
from babelreel.types import Corpus, MediaItem

MOST_CLIPS = 100_000
ABANDONED = 600.0  # seconds after which an unfinished file belongs to no run any more
_OURS = re.compile(r"c\d{5}-[0-9a-f]{12}\.mp4")
_UNFINISHED = re.compile(r"\.c\d{5}-[0-9a-f]{12}\.\d+\.tmp\.mp4")


def generate(
    folder: str | Path,
    clips: int = 300,
    seed: int = 0,
    langs: Sequence[str] = LANGS,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Corpus:
    """Write `clips` clips below `folder`/clips and `folder`/manifest.jsonl, and return the corpus "playground".

    The same arguments give the same scenes, captions and frames, whatever the number of worker processes (default: one
    a core). Clips that are there already are kept; those that an earlier call with another seed or number left are
    removed. `progress` is called with (done, total) for each clip. A silent clip has no audio stream.

    An item's tags are "group" and "differs_in": the attributes, with commas between, in which some other clip of its
    group differs from it alone. So the queries that ask whether a model sees colour are those whose item names colour.

    Raises:
        CorpusError: when a number is out of range, a language is unknown, the folder cannot be written, or a worker
            process ends unexpectedly.
    """
    if not 1 <= clips <= MOST_CLIPS:
        raise CorpusError(f"The playground has between 1 and {MOST_CLIPS} clips, found {clips}. Ask for fewer or more.")
    if workers is not None and workers < 1:
        raise CorpusError(f"Rendering needs at least 1 worker, found {workers}. Leave it out to use every core.")
    folder = Path(folder)
    drawn = sample(clips, seed)
    corpus = Corpus("playground", folder, tuple(_item(clip, langs) for clip in drawn))
    jobs = [(clip.scene, corpus.path(item)) for clip, item in zip(drawn, corpus.items, strict=True)]
    report = progress or (lambda done, total: None)
    try:
        (folder / "clips").mkdir(parents=True, exist_ok=True)
        missing = [job for job in jobs if not job[1].exists()]
        kept = clips - len(missing)
        for done in range(1, kept + 1):
            report(done, clips)
        for done, _ in enumerate(film_all(missing, workers), kept + 1):
            report(done, clips)
        write_manifest(corpus, folder / "manifest.jsonl")
        _tidy(folder / "clips", {path.name for _, path in jobs})
    except OSError as error:
        raise CorpusError(
            f"Cannot write the playground below {folder}: {error.strerror or error}. "
            "Choose a folder that can be written; clips that are finished are kept."
        ) from error
    except BrokenProcessPool as error:
        raise CorpusError(
            "A process that renders clips ended unexpectedly: it ran out of memory, or the script that called has no "
            "`if __name__ == '__main__':` around its work. Mend that or ask for 1 worker; finished clips are kept."
        ) from error
    return corpus


def _item(clip: Clip, langs: Sequence[str]) -> MediaItem:
    return MediaItem(
        id=clip.id,
        path=f"clips/{clip.id}-{digest(clip.scene)}.mp4",
        kind="video",
        split=clip.split,
        captions=captions(clip, langs),
        tags={"group": clip.group, "differs_in": ",".join(clip.differs_in)},
    )


def _tidy(folder: Path, wanted: set[str]) -> None:
    """Remove clips of other scenes, and unfinished files that a killed run left; touch nothing with another name."""
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name):
            if path.name not in wanted:
                path.unlink(missing_ok=True)
        elif _UNFINISHED.fullmatch(path.name) and time.time() - path.stat().st_mtime > ABANDONED:
            path.unlink(missing_ok=True)
