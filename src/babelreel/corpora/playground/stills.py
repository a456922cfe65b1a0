"""Single frames of scenes that are no clip of the playground: image-text pairs, as a CLIP is pretrained on.

A still costs a twentieth of a clip, so there can be many times more of them: the playground's counterpart of the
hundreds of millions of captioned images beside the few thousand captioned videos.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from babelreel.atomic import atomic_path
from babelreel.corpora.manifest import write_manifest
from babelreel.corpora.playground.film import digest, in_processes
from babelreel.corpora.playground.grammar import realise
from babelreel.corpora.playground.motion import lay_out
from babelreel.corpora.playground.render import frame
from babelreel.corpora.playground.sample import draw_plan, draw_scene
from babelreel.corpora.playground.scene import LANGS, STYLES, Scene
from babelreel.errors import CorpusError
from babelreel.types import Caption, Corpus, MediaItem

HELD_OUT = 40  # one still in so many is of the split "val"
QUALITY = 92


def generate_stills(
    folder: str | Path,
    stills: int,
    seed: int = 0,
    *,
    langs: Sequence[str] = LANGS,
    size: int = 64,
    without: frozenset[str] = frozenset(),
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Corpus:
    """Write `stills` JPEG frames below `folder`/stills and `folder`/stills.jsonl; return the corpus "stills".

    Each is one frame, `size` pixels both ways, of a scene of its own, with one caption a language: translations of each
    other. The splits are "train" and "val". Captions in the first language that are among `without`, such as those of
    a test split, are not drawn. The same arguments give the same files; what is there already is kept.

    Raises:
        CorpusError: when a number is out of range, a language is unknown, or the folder cannot be written.
    """
    if stills < HELD_OUT or size < 8:
        raise CorpusError(f"There are at least {HELD_OUT} stills of at least 8 pixels, found {stills} of {size}.")
    folder = Path(folder)
    rng = Random(f"{seed}:stills")
    items: list[MediaItem] = []
    jobs: list[tuple[Scene, float, int, Path]] = []
    while len(items) < stills:
        scene, moment = draw_scene(rng), rng.random()
        plan = draw_plan(scene, rng.randrange(STYLES), rng)
        captions = tuple(Caption(realise(scene, plan, lang), lang, "generated", "p0") for lang in langs)
        if captions[0].text in without:
            continue
        name = f"s{len(items):06d}"
        path = f"stills/{name}-{digest(scene)}.jpg"
        split = "train" if len(items) % HELD_OUT else "val"
        items.append(MediaItem(name, path, "image", split=split, captions=captions))
        jobs.append((scene, moment, size, folder / path))
    report = progress or (lambda done, total: None)
    try:
        (folder / "stills").mkdir(parents=True, exist_ok=True)
        missing = [job for job in jobs if not job[-1].exists()]
        for done, _ in enumerate(in_processes(_shoot, missing, workers), stills - len(missing) + 1):
            report(done, stills)
        corpus = Corpus("stills", folder, tuple(items))
        write_manifest(corpus, folder / "stills.jsonl")
    except OSError as error:
        raise CorpusError(f"Cannot write stills below {folder}: {error.strerror or error}.") from error
    return corpus


def _shoot(scene: Scene, moment: float, size: int, path: Path) -> None:
    """Write the frame at `moment`, 0 to 1 over the scene."""
    picture = frame(scene, int(moment * len(lay_out(scene).poses)))
    image = Image.fromarray(np.ascontiguousarray(picture)).resize((size, size), Image.Resampling.BICUBIC)
    with atomic_path(path) as temporary:
        image.save(temporary, "JPEG", quality=QUALITY, subsampling=0)
