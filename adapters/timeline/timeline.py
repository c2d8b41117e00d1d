"""What happened when in a recording, as a value: phases, polls, contacts, what a replay tells, the end.

It stays small however long the recording is: beyond `MOMENTS` of a kind, neighbours in time become one. How it
is drawn is no business of this module.
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
from ..phrases import cut_short, line

MOMENTS: Final = 2000
"""Polls, and numbers of contacts, that are told apart: more than a picture has room for."""

TOLD_FIRST: Final = 200
TOLD_LAST: Final = 50
"""How much of what a replay tells is kept; what lies between the two is counted."""

_Value = TypeVar("_Value")


@final
@dataclass(frozen=True, slots=True)
class Phase:
    """A state that the import was in, and from when to when, in seconds from the start."""

    state: State
    start: float
    end: float


@final
@dataclass(frozen=True, slots=True)
class Poll:
    """One poll: when its request left and its answer came, in seconds from the start.

    Polls that are too close to be told apart are one: `count` of them, `failed` of these, at the times of the
    slowest.
    """

    sent: float
    came: float
    count: int = 1
    failed: int = 0


@final
@dataclass(frozen=True, slots=True)
class Timeline:
    """All that a drawing needs.

    `seconds` is how long it took up to the end, or to an answer that came after a time budget ran out.
    `phases` holds INITIALIZING, and GATHERING where the import came to it. `contacts` are the numbers that
    became known, each with its moment. `told` and `told_last` are what a replay tells, with `left_out` items
    between them. `notes` say what kept the recording from being read as a whole; `broken` is true where what
    follows could not be read at all.
    """

    ended: Ended
    seconds: float
    phases: tuple[Phase, ...]
    polls: tuple[Poll, ...]
    contacts: tuple[tuple[float, int], ...]
    anomalies: tuple[float, ...]
    told: tuple[Emitted, ...]
    left_out: int
    told_last: tuple[Emitted, ...]
    notes: tuple[str, ...]
    broken: bool

    @property
    def poll_count(self) -> int:
        """How many polls there were."""
        return sum(poll.count for poll in self.polls)

    @property
    def failed_count(self) -> int:
        """How many of them brought nothing usable."""
        return sum(poll.failed for poll in self.polls)


def timeline_of(recording: Recording) -> Timeline:
    """The timeline of what `open_recording` gives, replayed from its start to its end.

    Nothing is raised on the way: a recording that breaks off is drawn as far as it goes.

    >>> from spongewatch.transports import open_recording
    >>> timeline = timeline_of(open_recording("docs/traces/fails.jsonl"))
    >>> [(phase.state.value, phase.start, phase.end) for phase in timeline.phases]
    [('INITIALIZING', 0.0, 2.438), ('GATHERING', 2.438, 18.771)]
    >>> timeline.poll_count, timeline.failed_count, timeline.contacts
    (7, 2, ((2.438, 0), (17.645, 40)))
    """
    noting = _Noting(recording)
    watch = Replay(noting)
    told = _Told(watch.session.elapsed, watch.session.state)
    ended = _follow(watch, noting, told)
    return Timeline(
        ended,
        max([ended.at, *(poll.came for poll in noting.polls)]),
        told.phases(ended),
        noting.polls,
        told.contacts.values(),
        tuple(told.anomalies),
        tuple(told.first),
        told.left_out,
        tuple(told.last),
        tuple(_notes(watch, ended)),
        watch.transport.broken is not None,
    )


def in_words(item: Emitted) -> tuple[str, str, str]:
    """The line of `item` in three parts: when, a word for what it is, and the rest.

    >>> in_words(PollFailed("1126", 1.0, 1, "status 503", None))
    ('1.0 s', 'no news', 'poll failed (1 in a row): status 503')
    """
    at, _, words = line(item).strip().partition(" s  ")
    if isinstance(item, Ended):
        return f"{at} s", item.outcome.name, words
    word, _, rest = words.partition("  ")
    return f"{at} s", word, rest.lstrip()


def _follow(watch: Replay, noting: "_Noting", told: "_Told") -> Ended:
    item: Emitted | None = None
    for item in watch:  # to its very end: only there a torn last line is found
        if _brought_nothing(item):
            noting.fail()
        told.add(item)
        if isinstance(item, Ended):
            noting.stop()
    assert isinstance(item, Ended)  # the promise of every watch
    return item


def _brought_nothing(item: Emitted) -> bool:
    if isinstance(item, Ended):  # by a poll that is not tried again, and so not told as failed
        return isinstance(item.outcome, Rejected | LostContact)
    return isinstance(item, PollFailed)


@final
class _Noting:
    """A recording that notes, while it is replayed, when its polls were."""

    def __init__(self, recording: Recording) -> None:
        self.import_id = recording.import_id
        self.policy = recording.policy
        self.resumed = recording.resumed
        self.polls: tuple[Poll, ...] = ()
        self._recording = recording

    def entries(self) -> Generator[Any, None, None]:
        self._noted = _Thinned(_as_one)  # anew: a replay may have looked into the recording for the import's id
        self._under_way: Poll | None = None
        now = 0.0
        with closing(self._recording.entries()) as entries:
            for entry in entries:
                if isinstance(entry, Exchange):
                    sent = max(entry.sent, now)  # a replay takes one poll at a time, and its clock never goes back
                    now = max(entry.received, sent)
                    self._under_way = Poll(sent, now)
                yield entry
                self._note()

    def fail(self) -> None:
        """The poll under way, if there is one, brought nothing usable."""
        if self._under_way:
            self._under_way = replace(self._under_way, failed=1)

    def stop(self) -> None:
        """The watch is over; what else the recording holds is no part of it."""
        self._note()
        self.polls = self._noted.values()

    def _note(self) -> None:
        if self._under_way:
            self._noted.add(self._under_way.came, self._under_way)
        self._under_way = None


def _as_one(poll: Poll, other: Poll) -> Poll:
    slower = max(poll, other, key=lambda poll: poll.came - poll.sent)
    return replace(slower, count=poll.count + other.count, failed=poll.failed + other.failed)


@final
class _Told:
    """What a replay tells, which stands in `state` at the moment `start`, sorted by what it means for a drawing."""

    def __init__(self, start: float, state: State) -> None:
        self.first: list[Emitted] = []
        self.last: deque[Emitted] = deque(maxlen=TOLD_LAST)
        self.left_out = 0
        self.contacts = _Thinned[tuple[float, int]](max)
        self.anomalies: list[float] = []
        self._changes = [(start, state)]
        self._count: int | None = None

    def add(self, item: Emitted) -> None:
        at = item.at or 0.0
        if isinstance(item, Anomaly):  # of which there are a few dozen at the most
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
        if len(self.first) < TOLD_FIRST:
            self.first.append(item)
            return
        self.left_out += len(self.last) == TOLD_LAST
        self.last.append(item)


@final
class _Thinned(Generic[_Value]):
    """Values in time, `MOMENTS` of them at the most: whenever there are more, its steps of time get longer."""

    def __init__(self, as_one: Callable[[_Value, _Value], _Value]) -> None:
        self._as_one = as_one
        self._step = 1  # milliseconds
        self._values: dict[int, _Value] = {}

    def add(self, at: float, value: _Value) -> None:
        """Put `value` at `at`, which is not before what was put last."""
        self._put(round(at * 1000) // self._step, value)
        while len(self._values) > MOMENTS:
            self._step *= 2
            before, self._values = self._values, {}
            for place, kept in before.items():
                self._put(place // 2, kept)

    def values(self) -> tuple[_Value, ...]:
        """What is left, in the order of time."""
        return tuple(self._values.values())

    def _put(self, place: int, value: _Value) -> None:
        self._values[place] = self._as_one(self._values[place], value) if place in self._values else value


def _notes(watch: Replay, ended: Ended) -> Generator[str, None, None]:
    transport = watch.transport
    if transport.truncated_line is not None:
        yield f"line {transport.truncated_line}, the last, is truncated and was ignored"
    if transport.broken:
        yield transport.broken.problem
    elif transport.exhausted and isinstance(ended.outcome, LostContact):
        yield cut_short(ended)
