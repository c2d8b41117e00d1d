"""A watch on a terminal: a block that is drawn anew as time goes by, and gives way to the verdict.

The block is drawn by a thread of its own, from values that the thread which watches leaves there: a session belongs
to one thread at a time.
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

_PAUSE: Final = 0.25
"""Seconds between two looks at the clock."""

_USUAL: Final = os.terminal_size((80, 24))
"""What a terminal measures that does not say."""


class Watching(Iterator[Emitted], Protocol):
    """A watch, or a replay.

    >>> from spongewatch.transports import replay
    >>> watching: Watching = replay("docs/traces/completes.jsonl")
    """

    session: ImportSession


def show(watching: Watching, clock: LiveClock) -> Ended:
    """Show `watching` on standard error while it runs, and its verdict on standard output; gives the last item."""
    item: Emitted | None = None
    view = _View(watching.session, clock)
    clock.on_sleep = view.look
    with _drawn(view):
        for item in watching:
            view.tell(item)
    assert isinstance(item, Ended)  # the promise of every watch
    for line in verdict(item):
        for part in Text(line).wrap(Console(), _size(sys.stdout).columns):
            print(part.plain.rstrip(), flush=True)
    return item


@final
class _View:
    """Follows a watch, in the thread of its session; `progress` may be read from any other."""

    def __init__(self, session: ImportSession, clock: LiveClock) -> None:
        self._session = session
        self.clock = clock
        self._changed: float | None = None
        self._trouble: str | None = None
        self._unexpected: str | None = None
        self.look()

    def tell(self, item: Emitted) -> None:
        """Take in what was just emitted."""
        if isinstance(item, Transition):
            self._changed = self._session.start + (item.at or 0)
        elif isinstance(item, PollFailed):
            self._trouble = failed_poll(item)
        elif isinstance(item, Anomaly):
            self._unexpected = anomaly(item)
        self.look()

    def look(self) -> None:
        """Take in where the session stands."""
        session = self._session
        budgets = session.budgets
        if not session.failed_polls:  # or it would always be the first to run out
            budgets.pop("lost_contact_timeout", None)
        self.progress = Progress(
            session.import_id,
            session.start,
            session.state,
            session.contact_count,
            changed=self._changed,
            next_poll=self.clock.next_poll,
            budget=min(budgets.items(), key=lambda budget: budget[1], default=None),
            trouble=self._trouble if session.failed_polls else None,
            unexpected=self._unexpected,
            seen=session.machine.seen,
        )


@contextmanager
def _drawn(view: _View) -> Iterator[None]:
    """What `view` sees is on the screen meanwhile."""
    screen = _Screen()
    over = Event()

    def draw() -> None:
        with suppress(OSError):  # the terminal is gone, and its signal is on the way
            while not over.is_set():
                screen.draw(view)
                over.wait(_PAUSE)

    painter = Thread(target=draw, name="live-block", daemon=True)
    painter.start()
    try:
        yield
    finally:
        over.set()
        painter.join()
        with suppress(OSError):
            screen.clear()


@final
class _Screen:
    """Standard error, a terminal: the block is drawn over the one before.

    The cursor stays where it can be seen, on a line of its own below the block, so that whatever ends the program
    leaves a terminal in order.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True, force_terminal=True)
        self._lines: list[Text] = []
        self._size = _USUAL

    def draw(self, view: _View) -> None:
        """Draw what `view` sees, unless it is there already, or the terminal is somebody else's."""
        if not _in_foreground():
            return
        size = _size(sys.stderr)
        lines = block(view.progress, view.clock.now(), self._console, size.columns)[: size.lines - 1]
        if (lines, size) != (self._lines, self._size):
            self._replace(lines, size)

    def clear(self) -> None:
        """Leave the screen as it was before."""
        if _in_foreground():
            self._replace([], _size(sys.stderr))

    def _replace(self, lines: list[Text], size: os.terminal_size) -> None:
        # A terminal that has become narrower breaks the lines that stand there.
        height = sum(max(1, -(-line.cell_len // size.columns)) for line in self._lines)
        with self._console as console:  # in one write, or it would flicker
            if height:
                console.print(_code(f"\x1b[{height}A"), end="")
            for line in lines:
                console.print(_code("\r\x1b[2K"), line, sep="", soft_wrap=True)
            console.print(_code("\r\x1b[J"), end="")
        self._lines, self._size = lines, size


def _in_foreground() -> bool:
    """False for a job in the background, which shares its terminal with what is typed there."""
    try:
        return os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp()
    except OSError:  # it is the terminal of nobody's jobs
        return True


def _size(stream: TextIO) -> os.terminal_size:
    size = os.get_terminal_size(stream.fileno())
    return size if all(size) else _USUAL


def _code(code: str) -> Segments:
    """What acts on the terminal, and is no text."""
    return Segments([Segment(code, None, [])])
