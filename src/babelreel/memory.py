"""Memory that is freed and asked for again: kept by the process, rather than given back to the system each time."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_* of malloc.h
_KEPT = 2**31 - 1
_LARGE = 1 << 30


def keep_freed_memory() -> bool:
    """Let the C library keep blocks of up to a gigabyte that are freed; says whether it could (glibc alone can).

    By default it maps every large block anew and gives it back when freed, and the system clears each page again. An
    image encoder on a CPU asks for hundreds of megabytes at every layer: more than half of the time went there. The
    price is that the process stays as large as it once was.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE) and mallopt(_TRIM_THRESHOLD, _KEPT))
