"""Measures the memory that a request takes."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ....core._shared import MAX_BODY

_LIMIT: Final = 8 * MAX_BODY
"""Bytes; a transport that takes more keeps reading beyond `MAX_BODY`."""


@contextmanager
def little_memory(what: str) -> Iterator[None]:
    """Fail the check if the block takes more than a few `MAX_BODY` at any time, the server included."""
    traced_before = tracemalloc.is_tracing()
    tracemalloc.start()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not traced_before:
            tracemalloc.stop()
    taken = (peak - before) / MAX_BODY
    assert peak - before < _LIMIT, f"{what} must be aborted early, but took {taken:.0f} times MAX_BODY of memory"
