"""A timeline as plain text without colors; each column stands for a span of time."""

import textwrap
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Final, final

from ...core import Anomaly, PollFailed
from ...core._shared import printable
from ..phrases import description_of, name_of, time_of
from .axis import duration, time_marks
from .timeline import Timeline, headline

MIN_WIDTH: Final = 20
MAX_WIDTH: Final = 200
"""Columns; a requested width outside these limits is adjusted."""

MAX_LISTED: Final = 10
"""How many failed polls and anomalies are listed below the drawing."""

_MARGIN: Final = 14
_CURVE_ROWS: Final = 4


@final
@dataclass(frozen=True, slots=True)
class _Signs:
    bar: str
    poll: str
    waiting: str
    failed: str
    anomaly: str
    end: str
    axis: str
    mark: str
    levels: str
    """Characters from almost empty to full."""


_UNICODE: Final = _Signs("█", "╵", "─", "×", "!", "●", "─", "┴", "▁▂▃▄▅▆▇█")  # noqa: RUF001  (a multiplication sign is meant)
_ASCII: Final = _Signs("#", "|", "-", "x", "!", "*", "-", "+", ".:#")


def drawing(timeline: Timeline, width: int, encoding: str = "utf-8") -> str:
    """Return the timeline as text.

    Args:
        timeline: The timeline.
        width: The width in columns, from 20 to 200; other values are adjusted.
        encoding: The encoding of the output. If it lacks the drawing characters, ASCII is used.

    >>> from spongewatch.adapters.timeline.timeline import timeline_of
    >>> from spongewatch.transports import open_recording
    >>> timeline = timeline_of(open_recording("docs/traces/abandoned.jsonl"))
    >>> for row in drawing(timeline, 50, "ascii").splitlines()[-7:]:
    ...     print(row)
    INITIALIZING  ####################################
    abandoned                                  8.1 s *
    polls         |    |    |    |    |    |     |   |
                  +-------+--------+--------+--------+
                  0       2 s      4 s      6 s    8 s
    <BLANKLINE>
    | 8 polls
    """
    width = min(max(width, MIN_WIDTH), MAX_WIDTH)
    signs = _signs(encoding)
    chart = list(_Chart(timeline, width - _MARGIN, signs).rows())
    paragraphs = [
        _verdict(timeline, width),
        chart,
        _legend(timeline, signs, width, waiting=any(signs.waiting in row for row in chart[:-2])),
        _listed(timeline, signs, width),
    ]
    return "\n\n".join("\n".join(row.rstrip() for row in rows) for rows in paragraphs if rows)


def _signs(encoding: str) -> _Signs:
    try:
        "".join(astuple(_UNICODE)).encode(encoding)
    except UnicodeEncodeError:
        return _ASCII
    return _UNICODE


def _verdict(timeline: Timeline, width: int) -> list[str]:
    return textwrap.wrap(printable(headline(timeline)), width)


@final
class _Chart:
    """The rows of the drawing, `columns` wide beside their labels."""

    def __init__(self, timeline: Timeline, columns: int, signs: _Signs) -> None:
        self._timeline = timeline
        self._columns = columns
        self._signs = signs

    def rows(self) -> Iterator[str]:
        timeline, signs = self._timeline, self._signs
        for phase in timeline.phases:
            yield self._bar(phase.state.value, phase.start, phase.end, signs.bar, phase.end - phase.start)
        ended = timeline.ended
        yield self._bar(ended.outcome.name, ended.at, ended.at, signs.end, ended.at)
        yield self._polls()
        if timeline.anomalies:
            yield self._row("anomalies", dict.fromkeys(map(self._column, timeline.anomalies), signs.anomaly))
        if timeline.contacts:
            yield from self._curve()
        yield from self._axis()

    def _bar(self, label: str, start: float, end: float, sign: str, seconds: float) -> str:
        """A bar from `start` to `end`, with its duration beside it if there is room."""
        first, last = self._column(start), self._column(end)
        text = duration(seconds)
        bar = sign * (last - first + 1)
        if last + 2 + len(text) <= self._columns:
            bar = f"{' ' * first}{bar} {text}"
        elif len(text) + 1 <= first:
            bar = f"{text:>{first - 1}} {bar}"
        else:
            bar = " " * first + bar
        return f"{label:<{_MARGIN}}{bar}"

    def _polls(self) -> str:
        signs = self._signs
        row = {}
        for poll in self._timeline.polls:
            if (poll.finished - poll.sent) * self._columns >= 2 * self._timeline.seconds:  # two columns
                row.update(dict.fromkeys(range(self._column(poll.sent), self._column(poll.finished)), signs.waiting))
        for sign, polls in (
            (signs.poll, self._timeline.polls),
            (signs.failed, (poll for poll in self._timeline.polls if poll.failed)),
        ):
            row.update((self._column(poll.finished), sign) for poll in polls)
        return self._row("polls", row)

    def _curve(self) -> Iterator[str]:
        levels = self._signs.levels
        greatest = self._timeline.contacts[-1][1]
        height = _CURVE_ROWS if greatest else 1
        known = self._known_contacts()
        full = height * len(levels)
        filled = {place: max(1, round(full * count / (greatest or 1))) for place, count in known.items()}
        labels = [f"{_short(greatest):>12}", "contacts", "", f"{0:>12}"] if greatest else ["contacts   0"]
        for number, label in enumerate(labels, start=1):
            below = (height - number) * len(levels)
            yield self._row(
                label,
                {place: levels[min(fill - below, len(levels)) - 1] for place, fill in filled.items() if fill > below},
            )

    def _known_contacts(self) -> dict[int, int]:
        """For each column up to the end of the watch, the contact count known at its end."""
        counts = {self._column(at): count for at, count in self._timeline.contacts}
        known: dict[int, int] = {}
        for place in range(min(counts), self._column(self._timeline.ended.at) + 1):
            known[place] = counts.get(place, known.get(place - 1, 0))
        return known

    def _axis(self) -> Iterator[str]:
        most = max(self._columns // 7, 3)
        marks = [(self._column(at), label) for at, label in time_marks(self._timeline.seconds, most)]
        line_of_marks = dict.fromkeys(range(self._columns), self._signs.axis)
        yield self._row("", line_of_marks | {place: self._signs.mark for place, _ in marks})
        labels = ""
        for place, label in marks:
            start = min(place, self._columns - len(label))
            if start > len(labels) or not labels:
                labels = labels.ljust(start) + label
        yield " " * _MARGIN + labels

    def _column(self, at: float) -> int:
        seconds = self._timeline.seconds
        return min(int(at / seconds * self._columns), self._columns - 1) if seconds else 0

    def _row(self, label: str, signs: dict[int, str]) -> str:
        return f"{label:<{_MARGIN}}" + "".join(signs.get(place, " ") for place in range(self._columns))


def _short(number: int) -> str:
    return f"{number:,}" if number < 10**9 else f"{number:.2e}"


def _legend(timeline: Timeline, signs: _Signs, width: int, *, waiting: bool) -> list[str]:
    polls, failed, anomalies = timeline.poll_count, timeline.failed_count, len(timeline.anomalies)
    entries = [f"{signs.poll} {polls:,} {'poll' if polls == 1 else 'polls'}"]
    if failed:
        entries.append(f"{signs.failed} {failed:,} failed")
    if waiting:
        entries.append(f"{signs.waiting} waiting")
    if anomalies:
        entries.append(f"{signs.anomaly} {anomalies:,} {'anomaly' if anomalies == 1 else 'anomalies'}")
    rows = [entries[0]]
    for entry in entries[1:]:
        if len(rows[-1]) + 3 + len(entry) <= width:
            rows[-1] += f"   {entry}"
        else:
            rows.append(entry)
    return rows


def _listed(timeline: Timeline, signs: _Signs, width: int) -> list[str]:
    items = [item for item in (*timeline.first_items, *timeline.last_items) if isinstance(item, PollFailed | Anomaly)]
    listed = items[:MAX_LISTED]
    longest = max((len(time_of(item)) for item in listed), default=0)
    rows: list[str] = []
    for item in listed:
        sign = signs.failed if isinstance(item, PollFailed) else signs.anomaly
        text = printable(f"{sign} {time_of(item):>{longest}}  {name_of(item)}: {description_of(item)}")
        rows += textwrap.wrap(text, width, subsequent_indent="    ", break_on_hyphens=False)
    if rows and (timeline.omitted or len(items) > MAX_LISTED):
        rows += textwrap.wrap("There are more; 'spongewatch replay' shows all.", width)
    return rows
