"""Draw a watch on a terminal: a live block while it runs, and the verdict at the end.

The block is drawn in a thread of its own. A session belongs to one thread, so the watching thread leaves immutable
values for the drawing thread.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final, Protocol, TextIO, final

from rich.console import Console
from rich.segment import Segment, Segments
from rich.text import Text

from ...core import Anomaly, Emitted, Ended, ImportSession, PollFailed, Transition
from ..phrases import anomaly, failed_poll, verdict
from .block import Progress, block
from .clocks import LiveClock

_REFRESH: Final = 0.25
"""Seconds between two updates of the block."""

_DEFAULT_SIZE: Final = os.terminal_size((80, 24))
"""For a terminal that doesn't report its size."""


class Watching(Iterator[Emitted], Protocol):
    """A watch or a replay.

    >>> from spongewatch.transports import replay
    >>> watching: Watching = replay("docs/traces/completes.jsonl")
    """

    session: ImportSession


def show(watching: Watching, clock: LiveClock) -> Ended:
    """Show `watching` on standard error while it runs, then print its verdict on standard output.

    Returns:
        The last item.
    """
    item: Emitted | None = None
    view = _View(watching.session, clock)
    clock.on_sleep = view.update
    with _drawn(view):
        for item in watching:
            view.add(item)
    assert isinstance(item, Ended)  # every watch emits it last
    for line in verdict(item):
        for part in Text(line).wrap(Console(), _size(sys.stdout).columns):
            print(part.plain.rstrip(), flush=True)
    return item


@final
class _View:
    """Follows a watch in the thread of its session; other threads may only read `progress`."""

    def __init__(self, session: ImportSession, clock: LiveClock) -> None:
        self._session = session
        self.clock = clock
        self._changed: float | None = None
        self._failed_poll: str | None = None
        self._anomaly: str | None = None
        self.update()

    def add(self, item: Emitted) -> None:
        """Take an item that was just emitted."""
        if isinstance(item, Transition):
            self._changed = self._session.start + (item.at or 0)
        elif isinstance(item, PollFailed):
            self._failed_poll = failed_poll(item)
        elif isinstance(item, Anomaly):
            self._anomaly = anomaly(item)
        self.update()

    def update(self) -> None:
        """Take the current state of the session."""
        session = self._session
        budgets = session.budgets
        if not session.failed_polls:  # otherwise it would always be the first to expire
            budgets.pop("lost_contact_timeout", None)
        self.progress = Progress(
            session.import_id,
            session.start,
            session.state,
            session.contact_count,
            changed=self._changed,
            next_poll=self.clock.next_poll,
            budget=min(budgets.items(), key=lambda budget: budget[1], default=None),
            failed_poll=self._failed_poll if session.failed_polls else None,
            anomaly=self._anomaly,
            seen=session.machine.seen,
        )


@contextmanager
def _drawn(view: _View) -> Iterator[None]:
    """Draws `view` in a thread until the block is left."""
    screen = _Screen()
    done = Event()

    def draw() -> None:
        with suppress(OSError):  # the terminal was closed; SIGHUP will follow
            while not done.is_set():
                screen.draw(view)
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

    def draw(self, view: _View) -> None:
        """Draw `view`, unless it is unchanged or the process runs in the background."""
        if not _in_foreground():
            return
        size = _size(sys.stderr)
        lines = block(view.progress, view.clock.now(), self._console, size.columns)[: size.lines - 1]
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
