"""Folders as clients see them, and back; and a catalogue that follows its index."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from babelreel.index.exact import ExactIndex
from babelreel.index.search import Searcher
from babelreel.serve import catalogue
from babelreel.serve.catalogue import Catalogue, Librarian, survey


@pytest.mark.parametrize(
    ("base", "folder", "shown"),
    [
        ("/home/ann", "/home/ann/Videos/2024", "Videos/2024"),
        ("/home/ann", "/home/anna/Videos", "/home/anna/Videos"),
        ("/home/ann", "/media/disk", "/media/disk"),
        ("/", "/media/disk", "media/disk"),
    ],
)
def test_folders_are_shown_from_below_the_base_and_found_again(base: str, folder: str, shown: str) -> None:
    known = Catalogue(base=base)
    assert known.shown(folder) == shown
    assert known.absolute(shown) == folder


def copied(searcher: Searcher, paths: list[str]) -> ExactIndex:
    """An index of the entries of another, at other paths."""
    index = ExactIndex(searcher.index.info)
    (page,) = searcher.index.entries()
    (block,) = searcher.index.blocks(100, ("pooled",))
    assert block[1].pooled is not None
    rows = [{"pooled": row} for row in block[1].pooled]
    index.add([replace(entry, path=path) for entry, path in zip(page, paths, strict=False)], rows[: len(paths)])
    return index


def test_a_survey_names_folders_that_hold_folders(searcher: Searcher) -> None:
    found = survey(copied(searcher, ["/a/b/c/1.mp4", "/a/b/d/e/2.mp4"]))
    assert (found.base, found.folders) == ("/a", ("/a/b", "/a/b/c", "/a/b/d", "/a/b/d/e"))
    assert survey(copied(searcher, ["/a/1.mp4", "/b/1.mp4"])).folders == ("/", "/a", "/b")
    assert survey(ExactIndex(searcher.index.info)) == Catalogue()


def test_the_catalogue_follows_the_index(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    index = copied(searcher, ["/a/b/1.mp4", "/a/b/2.mp4"])

    monkeypatch.setattr(catalogue, "FRESH", 0.0)

    async def look() -> None:
        librarian = Librarian(index)
        assert (await librarian.catalogue()).entries == 2
        index.remove([entry.id for page in index.entries() for entry in page][:1])
        while (await librarian.catalogue()).entries == 2:
            await asyncio.sleep(0.001)
        assert (await librarian.catalogue()).entries == 1

    asyncio.run(asyncio.wait_for(look(), 30))
