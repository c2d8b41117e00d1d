"""The events of a recording in time, as one value: phases, polls, contact counts, items, and the end.

Its size is bounded, however long the recording is: beyond `MAX_MOMENTS`, neighbors in time are merged. Drawing belongs
in `text` and `page`.
"""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, Generic, TypeVar, final

from ...core import Anomaly, Emitted, Ended, LostContact, PollFailed, Rejected, State, Transition
from ...transports import Recording, Replay
from ...transports._shared import Exchange
from ..phrases import description_of, early_end, truncated_line

MAX_MOMENTS: Final = 2000
"""How many polls, and how many contact counts, are kept apart: more than a drawing can show."""

FIRST_ITEMS: Final = 200
LAST_ITEMS: Final = 50
"""How many emitted items are kept; those in between are only counted."""

_Value = TypeVar("_Value")


@final
@dataclass(frozen=True, slots=True)
class Phase:
    """A state that the import was in; times are in seconds from the start.

    >>> Phase(State.GATHERING, 2.438, 18.771).end
    18.771
    """

    state: State
    start: float
    end: float


@final
@dataclass(frozen=True, slots=True)
class Poll:
    """One poll, or several that are too close to be drawn apart; times are in seconds from the start.

    Attributes:
        sent: When the request was sent; the slowest poll's, if there are several.
        finished: When the response arrived or the poll failed.
        count: The number of polls.
        failed: How many of them failed.

    >>> Poll(1.0, 1.5, failed=1).count
    1
    """

    sent: float
    finished: float
    count: int = 1
    failed: int = 0


@final
@dataclass(frozen=True, slots=True)
class Timeline:
    """The data of a drawing; times are in seconds from the start.

    Attributes:
        ended: The end of the watch.
        seconds: The length of the time axis, up to the end of the watch, or of a poll that a time budget cut off.
        phases: INITIALIZING, and GATHERING if the import reached it.
        polls: The polls, in order.
        contacts: When each contact count became known.
        anomalies: When each anomaly was emitted.
        first_items: The first items of the replay.
        omitted: The number of items between `first_items` and `last_items`.
        last_items: The last items of the replay.
        notes: Problems of the recording, for people.
        broken: Whether the rest of the recording is unreadable.
    """

    ended: Ended
    seconds: float
    phases: tuple[Phase, ...]
    polls: tuple[Poll, ...]
    contacts: tuple[tuple[float, int], ...]
    anomalies: tuple[float, ...]
    first_items: tuple[Emitted, ...]
    omitted: int
    last_items: tuple[Emitted, ...]
    notes: tuple[str, ...]
    broken: bool

    @property
    def poll_count(self) -> int:
        """Return the number of polls."""
        return sum(poll.count for poll in self.polls)

    @property
    def failed_count(self) -> int:
        """Return the number of failed polls."""
        return sum(poll.failed for poll in self.polls)


def timeline_of(recording: Recording) -> Timeline:
    """Replay a recording and return its timeline.

    A recording that becomes unreadable raises nothing: its timeline ends there.

    >>> from spongewatch.transports import open_recording
    >>> timeline = timeline_of(open_recording("docs/traces/fails.jsonl"))
    >>> [(phase.state.value, phase.start, phase.end) for phase in timeline.phases]
    [('INITIALIZING', 0.0, 2.438), ('GATHERING', 2.438, 18.771)]
    >>> timeline.poll_count, timeline.failed_count, timeline.contacts
    (7, 2, ((2.438, 0), (17.645, 40)))
    """
    observed = _ObservedRecording(recording)
    watch = Replay(observed)
    items = _Items(watch.session.elapsed, watch.session.state)
    ended = _replay(watch, observed, items)
    return Timeline(
        ended,
        max([ended.at, *(poll.finished for poll in observed.polls)]),
        items.phases(ended),
        observed.polls,
        items.contacts.values(),
        tuple(items.anomalies),
        tuple(items.first),
        items.omitted,
        tuple(items.last),
        tuple(_notes(watch, ended)),
        watch.transport.broken is not None,
    )


def headline(timeline: Timeline) -> str:
    """Return the outcome as a heading of the drawing.

    >>> from spongewatch.transports import open_recording
    >>> headline(timeline_of(open_recording("docs/traces/completes.jsonl")))
    'Import 1126: completed with 2,001 contacts; fetch them within minutes'
    """
    return f"Import {timeline.ended.import_id}: {description_of(timeline.ended)}"


def _replay(watch: Replay, observed: "_ObservedRecording", items: "_Items") -> Ended:
    item: Emitted | None = None
    for item in watch:  # after `Ended` too: a truncated last line is found only at the end
        if _is_failed_poll(item):
            observed.mark_failed()
        items.add(item)
        if isinstance(item, Ended):
            observed.stop()
    assert isinstance(item, Ended)  # every watch emits it last
    return item


def _is_failed_poll(item: Emitted) -> bool:
    if isinstance(item, Ended):  # a poll that isn't retried ends the watch without a PollFailed
        return isinstance(item.outcome, Rejected | LostContact)
    return isinstance(item, PollFailed)


@final
class _ObservedRecording:
    """A recording that keeps the times of its polls while it is replayed."""

    def __init__(self, recording: Recording) -> None:
        self.import_id = recording.import_id
        self.policy = recording.policy
        self.resumed = recording.resumed
        self.polls: tuple[Poll, ...] = ()
        self._recording = recording

    def entries(self) -> Generator[Any, None, None]:
        self._kept = _Thinned(_merged)  # reset: Replay may have read entries already, to find the import id
        self._current: Poll | None = None
        now = 0.0
        with closing(self._recording.entries()) as entries:
            for entry in entries:
                if isinstance(entry, Exchange):
                    sent = max(entry.sent, now)  # a replay polls once at a time, and its clock never goes back
                    now = max(entry.received, sent)
                    self._current = Poll(sent, now)
                yield entry
                self._keep()

    def mark_failed(self) -> None:
        """Mark the current poll, if there is one, as failed."""
        if self._current:
            self._current = replace(self._current, failed=1)

    def stop(self) -> None:
        """Ignore the rest of the recording: the watch has ended."""
        self._keep()
        self.polls = self._kept.values()

    def _keep(self) -> None:
        if self._current:
            self._kept.add(self._current.finished, self._current)
        self._current = None


def _merged(poll: Poll, other: Poll) -> Poll:
    slower = max(poll, other, key=lambda poll: poll.finished - poll.sent)
    return replace(slower, count=poll.count + other.count, failed=poll.failed + other.failed)


@final
class _Items:
    """The items of a replay that begins in `state` at the time `start`, sorted for a drawing."""

    def __init__(self, start: float, state: State) -> None:
        self.first: list[Emitted] = []
        self.last: deque[Emitted] = deque(maxlen=LAST_ITEMS)
        self.omitted = 0
        self.contacts = _Thinned[tuple[float, int]](max)
        self.anomalies: list[float] = []
        self._changes = [(start, state)]
        self._count: int | None = None

    def add(self, item: Emitted) -> None:
        at = item.at or 0.0
        if isinstance(item, Anomaly):  # a few dozen at most
            self.anomalies.append(at)
        if isinstance(item, Transition) and item.contact_count not in (None, self._count):
            self._count = item.contact_count
            self.contacts.add(at, (at, self._count))
        if isinstance(item, Transition) and item.dest is not item.source:
            self._changes.append((at, item.dest))
        self._keep(item)

    def phases(self, ended: Ended) -> tuple[Phase, ...]:
        changes = [*self._changes, (ended.at, ended.state)]
        spans = pairwise(changes)
        return tuple(Phase(state, start, end) for (start, state), (end, _) in spans if not state.is_terminal)

    def _keep(self, item: Emitted) -> None:
        if len(self.first) < FIRST_ITEMS:
            self.first.append(item)
            return
        self.omitted += len(self.last) == LAST_ITEMS
        self.last.append(item)


@final
class _Thinned(Generic[_Value]):
    """At most `MAX_MOMENTS` values in time; when there are more, its time steps are doubled and values are merged."""

    def __init__(self, merged: Callable[[_Value, _Value], _Value]) -> None:
        self._merged = merged
        self._step = 1  # milliseconds
        self._values: dict[int, _Value] = {}

    def add(self, at: float, value: _Value) -> None:
        """Add `value` at the time `at`, which must not be before the previous one."""
        self._put(round(at * 1000) // self._step, value)
        while len(self._values) > MAX_MOMENTS:
            self._step *= 2
            before, self._values = self._values, {}
            for place, kept in before.items():
                self._put(place // 2, kept)

    def values(self) -> tuple[_Value, ...]:
        """Return the values in order."""
        return tuple(self._values.values())

    def _put(self, place: int, value: _Value) -> None:
        self._values[place] = self._merged(self._values[place], value) if place in self._values else value


def _notes(watch: Replay, ended: Ended) -> Generator[str, None, None]:
    transport = watch.transport
    if transport.truncated_line is not None:
        yield truncated_line(transport.truncated_line)
    if transport.broken:
        yield transport.broken.problem
    elif transport.exhausted and isinstance(ended.outcome, LostContact):
        yield early_end(ended)
