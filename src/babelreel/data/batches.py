"""Frames and texts to batches: padded to the longest, texts bucketed by length, files read ahead of the encoder."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from babelreel.media.video import Frames
from babelreel.types import MediaBatch

TURN_SECONDS = 5e-4

A = TypeVar("A")
R = TypeVar("R")


def collate_media(ids: Sequence[str], frames: Sequence[Frames]) -> MediaBatch:
    """Pad B items' frames to the longest, and to the largest: frames (B, T, 3, H, W), mask (B, T), times (B, T)."""
    longest = max(len(f.times) for f in frames)
    sizes = torch.tensor([f.images.shape[-2:] for f in frames])
    height, width = sizes.amax(0).tolist()
    images = torch.zeros(len(frames), longest, 3, height, width, dtype=torch.uint8)
    mask = torch.zeros(len(frames), longest, dtype=torch.bool)
    times = torch.zeros(len(frames), longest)
    for row, item in enumerate(frames):
        count = len(item.times)
        images[row, :count, :, : sizes[row, 0], : sizes[row, 1]] = item.images
        mask[row, :count] = True
        times[row, :count] = item.times
    return MediaBatch(tuple(ids), images, mask, times, None if (sizes == sizes[0]).all() else sizes)


def bucketed(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Positions in batches of like length, so that padding to the longest of a batch costs little."""
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def read_ahead(function: Callable[[A], R], arguments: Iterable[A], workers: int, ahead: int) -> Iterator[R]:
    """Results of `function` in the order of `arguments`, computed by threads at most `ahead` results in advance.

    Decoders release the interpreter lock, so threads do; memory is bounded by `ahead` results, however long the
    input. Each thread computes with one torch thread: the threads are the parallelism. When the consumer stops early
    or an error is raised, what has not begun is cancelled.
    """
    # A thread that wants the interpreter waits for the holder's turn to end, and an encoder wants it for each of its
    # hundreds of operations: turns of the usual 5 ms would make it a third slower while files are decoded.
    turn = sys.getswitchinterval()
    sys.setswitchinterval(min(turn, TURN_SECONDS))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="reader", initializer=torch.set_num_threads, initargs=(1,))
    pending: deque[Future[R]] = deque()
    source = iter(arguments)
    try:
        while True:
            while len(pending) < ahead:
                try:
                    pending.append(pool.submit(function, next(source)))
                except StopIteration:
                    break
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        sys.setswitchinterval(turn)
