"""Draw a block of lines at the bottom of a terminal, on standard error, again and again."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final, TextIO, final

from rich.console import Console
from rich.segment import Segment, Segments
from rich.text import Text

_REFRESH: Final = 0.25
"""Seconds between two updates of the block."""

_DEFAULT_SIZE: Final = os.terminal_size((80, 24))
"""For a terminal that doesn't report its size."""


def columns(stream: TextIO) -> int:
    """Return the width of a terminal."""
    return _size(stream).columns


@contextmanager
def drawn(lines: Callable[[Console, int], list[Text]]) -> Iterator[None]:
    """Draw a block of lines while the `with` block runs, then remove it.

    Args:
        lines: Returns the lines for a console and a width in columns; called in the thread that draws.
    """
    screen = _Screen()
    done = Event()

    def draw() -> None:
        with suppress(OSError):  # the terminal was closed; SIGHUP will follow
            while not done.is_set():
                screen.draw(lines)
                done.wait(_REFRESH)

    thread = Thread(target=draw, name="live-block", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        with suppress(OSError):
            screen.clear()


@final
class _Screen:
    """Standard error as a terminal, on which each block replaces the one before.

    The cursor stays visible, on a line of its own below the block, so the terminal is usable however the process ends.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True, force_terminal=True)
        self._lines: list[Text] = []
        self._size = _DEFAULT_SIZE

    def draw(self, made: Callable[[Console, int], list[Text]]) -> None:
        """Draw the lines, unless it is unchanged or the process runs in the background."""
        if not _in_foreground():
            return
        size = _size(sys.stderr)
        lines = made(self._console, size.columns)[: size.lines - 1]
        if (lines, size) != (self._lines, self._size):
            self._replace(lines, size)

    def clear(self) -> None:
        """Remove the block."""
        if _in_foreground():
            self._replace([], _size(sys.stderr))

    def _replace(self, lines: list[Text], size: os.terminal_size) -> None:
        # A terminal that was made narrower has wrapped the lines that it shows.
        height = sum(max(1, -(-line.cell_len // size.columns)) for line in self._lines)
        with self._console as console:  # one write; several would flicker
            if height:
                console.print(_code(f"\x1b[{height}A"), end="")
            for line in lines:
                console.print(_code("\r\x1b[2K"), line, sep="", soft_wrap=True)
            console.print(_code("\r\x1b[J"), end="")
        self._lines, self._size = lines, size


def _in_foreground() -> bool:
    """False for a background job, which must not draw over what is typed on the terminal."""
    try:
        return os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp()
    except OSError:  # not a controlling terminal
        return True


def _size(stream: TextIO) -> os.terminal_size:
    size = os.get_terminal_size(stream.fileno())
    return size if all(size) else _DEFAULT_SIZE


def _code(code: str) -> Segments:
    """A control sequence for the terminal."""
    return Segments([Segment(code, None, [])])
