"""What a live block shows: a watch at one moment, as lines for people. It draws nothing and asks for no time."""

from dataclasses import dataclass
from itertools import chain, repeat
from math import ceil
from typing import Final, final

from rich.console import Console
from rich.text import Text

from ...core import State
from ...core._shared import printable
from ..phrases import minutes

_PHASES: Final = {
    State.INITIALIZING: "waiting for the person's consent",
    State.GATHERING: "the contacts are being gathered",
    State.COMPLETE: "all is done",
    State.ERROR: "the import has failed",
}
_BUDGETS: Final = {
    "consent_timeout": "for the consent",
    "gathering_timeout": "for the gathering",
    "timeout": "for the watch",
    "lost_contact_timeout": "for a good answer",
}
_NARROW: Final = 40
"""Columns under which a label takes no column of its own."""

_NARROWEST: Final = 8
"""Columns that a line takes at the least: on a terminal of fewer it is the terminal that breaks it."""

_INDENT: Final = 13

_NEARLY: Final = 0.1
"""Seconds by which a poll may be further off than is shown, or one that comes in a second would come in two."""


@final
@dataclass(frozen=True, slots=True)
class Progress:
    """Where a watch stands; times are in seconds, on the clock of its session.

    `changed` is when the import last changed, and `next_poll` when the poll that is due, or under way, was or will
    be; None where that is not known. `budget` is the one that runs out first, by its name in the policy, and when.
    `trouble` and `unexpected` are lines about the polls that failed in a row, and about the last anomaly. `seen` is
    False until a response lists the import.

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
    trouble: str | None = None
    unexpected: str | None = None
    seen: bool = True


def block(progress: Progress, now: float, console: Console, width: int) -> list[Text]:
    """The lines that show `progress` at `now`, none of them wider than `width` columns, or 8.

    >>> progress = Progress("1126", 0.0, State.GATHERING, 380, changed=12.0, next_poll=75.4)
    >>> for shown in block(progress, 75.0, Console(), 80):
    ...     print(shown)
    import 1126
      phase      GATHERING: the contacts are being gathered
      contacts   380 so far
      elapsed    1:15
      changed    1:03 ago
      next poll  in 1 s
    """
    width = max(width, _NARROWEST)
    lines = list(Text(f"import {progress.import_id}", "bold").wrap(console, width))
    put = _narrow if width < _NARROW else _wide
    for label, value, style in _rows(progress, now):
        if value:
            lines += put(label, Text(printable(value), style), console, width)
    for line in lines:
        line.rstrip()
    return lines


def _rows(progress: Progress, now: float) -> list[tuple[str, str, str]]:
    """Each as its label, its value, empty where there is nothing to show, and its style."""
    waits = progress.state is State.INITIALIZING
    phase = f"{progress.state.value}: {_PHASES[progress.state]}" if progress.seen else "not known yet"
    return [
        ("phase", phase, "yellow" if waits else "green"),
        ("contacts", "none yet" if progress.contact_count is None else f"{progress.contact_count:,} so far", ""),
        ("elapsed", minutes(now - progress.start), ""),
        ("changed", "not yet" if progress.changed is None else f"{minutes(now - progress.changed)} ago", ""),
        ("next poll", _next_poll(progress.next_poll, now), ""),
        ("time left", _time_left(progress.budget, now), ""),
        ("trouble", progress.trouble or "", "red"),
        ("unexpected", progress.unexpected or "", "yellow"),
    ]


def _next_poll(due: float | None, now: float) -> str:
    if due is None:
        return ""
    left = ceil(due - now - _NEARLY)
    if left > 0:
        return f"in {left} s" if left < 60 else f"in {minutes(left)}"
    late = now - due
    return "now" if late < 1 else f"under way, no answer for {minutes(late)}"


def _time_left(budget: tuple[str, float] | None, now: float) -> str:
    if budget is None:
        return ""
    name, end = budget
    return f"{minutes(ceil(end - now))} {_BUDGETS[name]}"


def _wide(label: str, value: Text, console: Console, width: int) -> list[Text]:
    heads = chain([f"  {label:<{_INDENT - 2}}"], repeat(" " * _INDENT))
    return [Text.assemble(head, line) for head, line in zip(heads, value.wrap(console, width - _INDENT), strict=False)]


def _narrow(label: str, value: Text, console: Console, width: int) -> list[Text]:
    first, *rest = Text.assemble(f"{label} ", value).wrap(console, width - 1)
    return [first, *(Text.assemble(" ", line) for line in rest)]
