"""What is left behind: threads and descriptors that were not there before."""

import gc
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

FOLDER = "/proc/self/fd"
LATE = 30.0
"""Seconds that what is on its way out may take on a busy machine."""


def descriptors() -> set[tuple[str, str]]:
    """Those that are open, each with what it is of; a socket is told by its number from all others that ever were."""
    found = set()
    for name in os.listdir(FOLDER) if os.path.isdir(FOLDER) else []:
        with suppress(FileNotFoundError):  # that of the listing itself
            found.add((name, os.readlink(f"{FOLDER}/{name}")))
    return found


@contextmanager
def nothing_left() -> Iterator[None]:
    """What is there afterwards was there before; what others left may go meanwhile."""
    before = descriptors() | {*threading.enumerate()}
    yield
    deadline = time.monotonic() + LATE
    while left := (descriptors() | {*threading.enumerate()}) - before:
        assert time.monotonic() < deadline, left
        gc.collect()
        time.sleep(0.01)
