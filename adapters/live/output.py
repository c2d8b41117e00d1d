"""Show a watch on a terminal: a live block while it runs, and the verdict at the end.

The block is drawn in a thread of its own. A session belongs to one thread, so the watching thread leaves immutable
values for the drawing thread.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Protocol, final

from rich.console import Console
from rich.text import Text

from ...core import Anomaly, Emitted, Ended, ImportSession, PollFailed, Transition
from ..phrases import anomaly, failed_poll, verdict
from .block import Progress, block
from .clocks import LiveClock
from .screen import columns, drawn


class Watching(Iterator[Emitted], Protocol):
    """A watch or a replay.

    >>> from spongewatch.transports import replay
    >>> watching: Watching = replay("docs/traces/completes.jsonl")
    """

    session: ImportSession


def show_watch(watching: Watching, clock: LiveClock, show: Callable[[str], object]) -> Ended:
    """Show `watching` on standard error while it runs, then its verdict.

    Args:
        watching: The watch.
        clock: The clock of its session.
        show: Prints a line of the verdict.

    Returns:
        The last item.
    """
    item: Emitted | None = None
    view = _View(watching.session, clock)
    clock.on_sleep = view.update
    with drawn(view.lines):
        for item in watching:
            view.add(item)
    assert isinstance(item, Ended)  # every watch emits it last
    for line in verdict(item):
        for part in Text(line).wrap(Console(), columns(sys.stdout)):
            show(part.plain.rstrip())
    return item


@final
class _View:
    """Follows a watch in the thread of its session; other threads may only call `lines`."""

    def __init__(self, session: ImportSession, clock: LiveClock) -> None:
        self._session = session
        self._clock = clock
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

    def lines(self, console: Console, width: int) -> list[Text]:
        """Return the block; may be called from any thread."""
        return block(self._progress, self._clock.now(), console, width)

    def update(self) -> None:
        """Take the current state of the session."""
        session = self._session
        budgets = session.budgets
        if not session.failed_polls:  # otherwise it would always be the first to expire
            budgets.pop("lost_contact_timeout", None)
        self._progress = Progress(
            session.import_id,
            session.start,
            session.state,
            session.contact_count,
            changed=self._changed,
            next_poll=self._clock.next_poll,
            budget=min(budgets.items(), key=lambda budget: budget[1], default=None),
            failed_poll=self._failed_poll if session.failed_polls else None,
            anomaly=self._anomaly,
            seen=session.machine.seen,
        )
