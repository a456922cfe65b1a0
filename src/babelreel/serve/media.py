"""Entries to files that a browser shows: as they are, or as copies that are made beside the event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import BinaryIO

from anyio import CapacityLimiter, to_thread
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from babelreel.errors import GoneError, OverloadError
from babelreel.index.store import Entry
from babelreel.media.image import FORMATS, check_size, image_errors, to_tensor
from babelreel.media.playable import CopyCache, playable, showable
from babelreel.media.transforms import ImageSpec, resize
from babelreel.serve.files import IndexedFiles, OpenFile, open_plain

READERS = 32  # threads that look at files and wait for copies
DECODERS = 2  # uploaded pictures that are decoded at once: each may take a few hundred megabytes
UPLOAD = "The uploaded picture"


class MediaDesk:
    """Opens what a client asks to see. A copy is not waited for longer than `seconds`, but finished all the same."""

    def __init__(self, cache: CopyCache, seconds: float) -> None:
        self._cache, self._seconds = cache, seconds
        self._files = IndexedFiles()
        self._readers = CapacityLimiter(READERS)
        self._decoders = CapacityLimiter(DECODERS)

    async def open(self, entry: Entry) -> tuple[OpenFile, str]:
        """The file of an entry, or a copy of it that browsers show, with its ETag.

        Raises:
            GoneError: when the file is not what was indexed any more.
            MediaError: when it cannot be decoded.
            OverloadError: when a copy is still being made.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await to_thread.run_sync(self._open, entry, limiter=self._readers, abandon_on_cancel=True)
        except TimeoutError:
            raise OverloadError("A copy that browsers can play is still being made. Ask again in a while.") from None

    async def decode(self, file: BinaryIO, spec: ImageSpec) -> Image.Image:
        """An uploaded picture as the model will see it: `spec.width` by `spec.height` pixels.

        Raises:
            MediaError: when it is no picture, is damaged, or has too many pixels.
        """
        return await to_thread.run_sync(decode_upload, file, spec, limiter=self._decoders)

    def _open(self, entry: Entry) -> tuple[OpenFile, str]:
        opened = self._files.open(entry)
        try:
            shown = (playable if entry.kind == "video" else showable)(opened.path, self._cache)
        except BaseException:
            opened.file.close()
            raise
        if shown == Path(opened.path):
            return opened, f'"{entry.file}"'
        opened.file.close()
        try:
            return open_plain(str(shown), entry.path), f'"{shown.stem}"'
        except GoneError:  # others needed the room in between
            shown = (playable if entry.kind == "video" else showable)(opened.path, self._cache)
            return open_plain(str(shown), entry.path), f'"{shown.stem}"'


def decode_upload(file: BinaryIO, spec: ImageSpec) -> Image.Image:
    """Decode a picture and scale it to what the model sees; a JPEG is scaled down in its decoder first.

    Raises:
        MediaError: when it is no picture, is damaged, or has too many pixels.
    """
    with image_errors(UPLOAD), Image.open(file, formats=FORMATS) as image:
        check_size(image, UPLOAD)
        if isinstance(image, JpegImageFile):
            edge = 2 * max(spec.height, spec.width, spec.shortest_edge)
            image.draft(None, (edge, edge))
        pixels = resize(to_tensor(image).unsqueeze(0), spec)[0]  # (3, H, W)
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())
