"""Finds threads and file descriptors that a block leaves behind."""

import gc
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

FOLDER = "/proc/self/fd"
LATE = 30.0
"""Seconds that threads and descriptors may take to go away on a busy machine."""


def descriptors() -> set[tuple[str, str]]:
    """Return the open descriptors with their targets; the inode number makes sockets distinct."""
    found = set()
    for name in os.listdir(FOLDER) if os.path.isdir(FOLDER) else []:
        with suppress(FileNotFoundError):  # the descriptor of the listing itself
            found.add((name, os.readlink(f"{FOLDER}/{name}")))
    return found


@contextmanager
def nothing_left() -> Iterator[None]:
    """Check that the block leaves no thread and no descriptor behind."""
    before = descriptors() | {*threading.enumerate()}
    yield
    deadline = time.monotonic() + LATE
    while left := (descriptors() | {*threading.enumerate()}) - before:
        assert time.monotonic() < deadline, left
        gc.collect()
        time.sleep(0.01)
