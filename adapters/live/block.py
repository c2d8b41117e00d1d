"""The text of the live block: one moment of a watch, as lines. It neither draws nor reads a clock."""

from dataclasses import dataclass
from itertools import chain, repeat
from math import ceil
from typing import Final, final

from rich.console import Console
from rich.text import Text

from ...core import State
from ...core._shared import printable
from ..phrases import STATES, minutes_and_seconds

_BUDGETS: Final = {
    "consent_timeout": "for consent",
    "gathering_timeout": "for gathering",
    "timeout": "in total",
    "lost_contact_timeout": "for a valid response",
}
_NARROW: Final = 40
"""With fewer columns, labels don't get a column of their own."""

_MIN_WIDTH: Final = 8
"""Lines are not made narrower than this; a narrower terminal wraps them itself."""

_INDENT: Final = 13

_TOLERANCE: Final = 0.1
"""Seconds ignored when rounding up; otherwise a poll that is due in one second would be shown as due in two."""


@final
@dataclass(frozen=True, slots=True)
class Progress:
    """A watch at one moment; times are in seconds on the clock of its session.

    Attributes:
        import_id: The import.
        start: When the watch began.
        state: The state of the import.
        contact_count: The number of contacts so far; None if unknown.
        changed: When the import last changed.
        next_poll: When the next poll is due, or the one in progress was due; None if unknown.
        budget: The budget that expires first: its name in the policy, and when.
        failed_poll: Why the last poll failed; None if it didn't.
        anomaly: The last anomaly.
        seen: Whether a response has listed the import.

    >>> Progress("1126", 0.0, State.GATHERING, 380).contact_count
    380
    """

    import_id: str
    start: float
    state: State
    contact_count: int | None
    changed: float | None = None
    next_poll: float | None = None
    budget: tuple[str, float] | None = None
    failed_poll: str | None = None
    anomaly: str | None = None
    seen: bool = True


def block(progress: Progress, now: float, console: Console, width: int) -> list[Text]:
    """Return the lines that show `progress`.

    Args:
        progress: The watch.
        now: The time, in seconds on the clock of its session.
        console: The console whose text metrics apply.
        width: The maximal width of a line in columns; at least 8 are used.

    >>> progress = Progress("1126", 0.0, State.GATHERING, 380, changed=12.0, next_poll=75.4)
    >>> for shown in block(progress, 75.0, Console(), 80):
    ...     print(shown)
    import 1126
      phase      gathering contacts
      contacts   380 so far
      elapsed    1:15
      changed    1:03 ago
      next poll  in 1 s
    """
    width = max(width, _MIN_WIDTH)
    lines = list(Text(f"import {progress.import_id}", "bold").wrap(console, width))
    layout = _narrow if width < _NARROW else _wide
    for label, value, style in _rows(progress, now):
        if value:
            lines += layout(label, Text(printable(value), style), console, width)
    for line in lines:
        line.rstrip()
    return lines


def _rows(progress: Progress, now: float) -> list[tuple[str, str, str]]:
    """Label, value and style of each row; a row with an empty value is not shown."""
    waits = progress.state is State.INITIALIZING
    phase = STATES[progress.state] if progress.seen else "not known yet"
    return [
        ("phase", phase, "yellow" if waits else "green"),
        ("contacts", "none yet" if progress.contact_count is None else f"{progress.contact_count:,} so far", ""),
        ("elapsed", minutes_and_seconds(now - progress.start), ""),
        (
            "changed",
            "not yet" if progress.changed is None else f"{minutes_and_seconds(now - progress.changed)} ago",
            "",
        ),
        ("next poll", _next_poll(progress.next_poll, now), ""),
        ("time left", _time_left(progress.budget, now), ""),
        ("last poll", f"failed: {progress.failed_poll}" if progress.failed_poll else "", "red"),
        ("anomaly", progress.anomaly or "", "yellow"),
    ]


def _next_poll(due: float | None, now: float) -> str:
    if due is None:
        return ""
    left = ceil(due - now - _TOLERANCE)
    if left > 0:
        return f"in {left} s" if left < 60 else f"in {minutes_and_seconds(left)}"
    late = now - due
    return "now" if late < 1 else f"in progress for {minutes_and_seconds(late)}"


def _time_left(budget: tuple[str, float] | None, now: float) -> str:
    if budget is None:
        return ""
    name, end = budget
    return f"{minutes_and_seconds(ceil(end - now))} {_BUDGETS[name]}"


def _wide(label: str, value: Text, console: Console, width: int) -> list[Text]:
    heads = chain([f"  {label:<{_INDENT - 2}}"], repeat(" " * _INDENT))
    return [Text.assemble(head, line) for head, line in zip(heads, value.wrap(console, width - _INDENT), strict=False)]


def _narrow(label: str, value: Text, console: Console, width: int) -> list[Text]:
    first, *rest = Text.assemble(f"{label} ", value).wrap(console, width - 1)
    return [first, *(Text.assemble(" ", line) for line in rest)]
