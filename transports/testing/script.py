"""`ScriptedService`: the service's side of one import, as a test writes it down. It needs no pytest.

`fixtures` gives one to a test, and fails the test for what `ScriptedService.complaints` says.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from os import PathLike
from typing import Final, Protocol, Self, final
from urllib.parse import parse_qs

from ...core import ImportEvent, LocalProtocolError, Request, Response, TransportError, is_import_id
from ...core._shared import TransportErrorKind, printable, shortened, shown
from .. import open_recording
from ..clock import VirtualClock
from ..recordings.recording import Exchange, Recording
from ..simulator.pages import json_page
from ..simulator.scenarios import Rows, Scenario, scenario_named
from ..unpicklable import Unpicklable

_SERVICE_INTERVAL: Final = 1.0
"""Seconds between two polls that the service allows at the least."""

_NO_ANSWER: Final = 3600.0
"""Seconds; longer than any time-out."""

_MOST_TIMES: Final = 100_000

_LISTED: Final = 3
"""How many of a kind a complaint names."""

_NUMBER = re.compile(r"[0-9]{1,15}")


@final
@dataclass(frozen=True, slots=True)
class PlayedPoll:
    """One poll of a `ScriptedService`: when it left and when its answer came, in seconds on the service's clock.

    >>> PlayedPoll(0.0, 0.2, Request("GET", "https://api.example/events/1126.json?domain_password=..."))
    PlayedPoll(sent=0.0, came=0.2, request=Request(method='GET'))
    """

    sent: float
    came: float
    request: Request


@final
class ScriptedService(Unpicklable):
    """A transport that plays a script, one step a poll, without any waiting; for tests.

    `clock` is the one that the code under test counts and sleeps on. `answers`, `responds`, `fails`, `plays` and
    `replays` each add to the end of the script and give the service back. A poll after the last step gets a
    permanent `TransportError`, so that a watch ends.

    `polls` is what was asked of it, and `complaints` is what a test should fail for. Set `interval` (1.0 s) for a
    service that may be polled more often, and `to_the_end` to False where part of the script may stay unplayed.
    One thread at a time may send.

    >>> from spongewatch import Credentials
    >>> from spongewatch.transports import wait
    >>> service = ScriptedService().answers("GATHERING INPROGRESS 5")
    >>> service = service.answers("GATHERING COMPLETED 12", "COMPLETE COMPLETED 0", took=0.2)
    >>> wait("1126", Credentials("key", "password"), transport=service, clock=service.clock)
    Completed(contact_count=12)
    >>> [poll.sent for poll in service.polls], service.complaints
    ([0.0, 1.0], ())
    """

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock = VirtualClock() if clock is None else clock
        self.interval = _SERVICE_INTERVAL
        self.to_the_end = True
        self.polls: list[PlayedPoll] = []
        self._steps: list[_Step] = []
        self._played = 0
        self._endless: _Step | None = None  # the last step, where it is played again and again
        self._others: dict[str, None] = {}  # what there is to say of recordings of other imports, each once
        self._beyond: tuple[str, ...] = ()  # what there is to say of the first poll after the last step

    def __repr__(self) -> str:
        return f"<ScriptedService {self._played} of {len(self._steps)} steps played, {len(self.polls)} polls>"

    def answers(self, *rows: str | ImportEvent, took: float = 0.0, times: int | None = 1) -> Self:
        """The next poll gets these rows, after `took` seconds; the next so many polls, where `times` says so.

        A row may be written down: type, status and, where there is one, value. With None for `times` each further
        poll gets them, one at the least. A value that is no number is taken as it stands, for the service may send one:
        an odd value. A step that takes longer than a request may take becomes a time-out.
        Answers are JSON, and name the import that is asked for. Raises `LocalProtocolError` for what is no row, and
        for `took` or `times` that can't be; so do the others.

        >>> ScriptedService().answers("INITIALIZING COMPLETED", ImportEvent("GATHERING", "INPROGRESS", 5), times=2)
        <ScriptedService 0 of 2 steps played, 0 polls>
        """
        return self._add(_Told(tuple(map(_row, rows)), _seconds(took)), times)

    def responds(self, response: Response, *, took: float = 0.0, times: int | None = 1) -> Self:
        """The next poll gets this very answer.

        >>> ScriptedService().responds(Response(503, {"retry-after": "2"})).send(Request("GET", ""), timeout=10.0)
        Response(status=503)
        """
        if not isinstance(response, Response):
            raise LocalProtocolError(f"responds takes a Response, such as Response(503), not {shown(response)}")
        return self._add(_Told(response, _seconds(took)), times)

    def fails(
        self,
        kind: TransportErrorKind,
        detail: str = "",
        *,
        permanent: bool = False,
        took: float | None = None,
        times: int | None = 1,
    ) -> Self:
        """The next poll gets no answer: a `TransportError` of these. A `timeout` takes as long as the time-out.

        >>> service = ScriptedService().fails("timeout", "nobody is there")
        >>> service.send(Request("GET", ""), timeout=10.0)
        Traceback (most recent call last):
        spongewatch.core.errors.TransportError: timeout: nobody is there
        >>> service.clock.now()
        10.0
        """
        if took is None:
            took = _NO_ANSWER if kind == "timeout" else 0.0
        return self._add(_Told(TransportError(kind, detail, permanent), _seconds(took)), times)

    def plays(self, scenario: str | Scenario) -> Self:
        """From now on polls get what the scenario, a name in `SCENARIOS` or one of yours, says as time goes by.

        Its time starts at its first poll. It is played to the end once a poll got its last rows.

        >>> ScriptedService().plays("abandoned")
        <ScriptedService 0 of 1 steps played, 0 polls>
        """
        chosen = scenario if isinstance(scenario, Scenario) else scenario_named(scenario)
        return self._add(_InTime(chosen), None)

    def replays(self, recording: str | PathLike[str] | Recording) -> Self:
        """The next polls get what was recorded, a poll each, and the clock moves to when each answer came.

        Its time starts at its first poll. `recording` is what `open_recording` gives, or the path that it takes.
        It answers for the import that it names; `complaints` tells where another one was asked for.
        Raises `RecordingError` for a recording that can't be read to its end.

        >>> ScriptedService().replays("docs/traces/completes.jsonl")
        <ScriptedService 0 of 11 steps played, 0 polls>
        """
        opened = open_recording(recording) if isinstance(recording, str | PathLike) else recording
        exchanges = [entry for entry in opened.entries() if isinstance(entry, Exchange)]
        start = _Start()
        for number, exchange in enumerate(exchanges, start=1):
            self._add(_Recorded(number, exchange, exchanges[0].sent, start, opened.import_id), 1)
        return self

    def send(self, request: Request, *, timeout: float) -> Response:
        """What the next step of the script gives; raises what it raises."""
        sent = self.clock.now()
        step = self._next()
        if isinstance(step, _Recorded):
            self._others |= dict.fromkeys(step.mixed_up_with(request))
        said, took = step.say(sent, timeout)
        self.clock.sleep(took)
        self.polls.append(PlayedPoll(sent, self.clock.now(), request))
        if isinstance(said, TransportError):
            raise TransportError(said.kind, said.detail, said.permanent)  # a new one: it gets a traceback of its own
        return said if isinstance(said, Response) else _page(said, request)

    def close(self) -> None:
        """Nothing is held, so nothing is let go."""

    @property
    def complaints(self) -> tuple[str, ...]:
        """What a test should fail for, so far, a line each.

        That is a recording of another import, steps unplayed, and polls beyond them or too soon.

        >>> service = ScriptedService().fails("reset").answers("COMPLETE COMPLETED")
        >>> print(*service.complaints)
        2 of 2 steps left unplayed: fails reset; answers COMPLETE COMPLETED
        """
        return (*self._others, *self._unplayed(), *self._beyond, *self._polls_too_soon())

    def _add(self, step: "_Step", times: int | None) -> Self:
        if self._endless is not None:
            raise LocalProtocolError(f"the step before this one goes on for ever: {self._endless}")
        if times is None:
            self._endless = step
        elif type(times) is not int or not 0 < times <= _MOST_TIMES:
            most = f"{_MOST_TIMES:,}"
            raise LocalProtocolError(f"times is a whole number from 1 to {most}, or None for ever, not {shown(times)}")
        self._steps += [step] * (times or 1)
        return self

    def _next(self) -> "_Step":
        if self._played < len(self._steps):
            self._played += 1
            return self._steps[self._played - 1]
        if self._endless is not None:
            return self._endless
        if not self._beyond:
            came = f"poll {len(self.polls) + 1} came at {round(self.clock.now(), 3)} s"
            self._beyond = (f"{came}, after the last of the script's {self._played} steps",)
        return _AFTER_THE_LAST

    def _unplayed(self) -> Iterator[str]:
        left = self._steps[self._played :] if self.to_the_end else []
        if left:
            yield f"{len(left)} of {len(self._steps)} steps left unplayed: {_listed(left)}"
        elif self.to_the_end and isinstance(self._endless, _InTime) and not self._endless.over:
            last = f"{self._endless.length} s after its first poll"
            yield f"{self._endless} was left before its last rows, which come {last}"

    def _polls_too_soon(self) -> Iterator[str]:
        early = [
            f"poll {number} came {gap} s after the end of poll {number - 1}, at {round(later.sent, 3)} s; "
            f"the service allows no less than {self.interval:g} s{_ON_THIS_CLOCK if gap == 0 else ''}"
            for number, (earlier, later) in enumerate(pairwise(self.polls), start=2)
            if (gap := round(later.sent - earlier.came, 3)) < self.interval
        ]
        yield from early[:_LISTED]
        if len(early) > _LISTED:
            yield f"{len(early) - _LISTED} more of {len(self.polls)} polls came too soon"


_ON_THIS_CLOCK: Final = " (does the code that polls sleep on this clock?)"

_Said = Rows | Response | TransportError


class _Step(Protocol):
    """What a poll gets. As text, what stands in a complaint."""

    def say(self, now: float, timeout: float) -> tuple[_Said, float]:
        """What the poll that leaves `now` gets, and how many seconds later."""
        ...


@final
@dataclass(frozen=True, slots=True)
class _Told:
    said: _Said
    took: float

    def __str__(self) -> str:
        return _named(self.said)

    def say(self, now: float, timeout: float) -> tuple[_Said, float]:
        if self.took <= timeout:
            return self.said, self.took
        if isinstance(self.said, TransportError) and self.said.kind == "timeout":
            return self.said, timeout
        return TransportError("timeout", f"no answer within {timeout:g} s"), timeout


_AFTER_THE_LAST: Final = _Told(TransportError("exhausted", "the script ends before the import does", True), 0.0)


@final
class _InTime:
    """A scenario, from its first poll on."""

    def __init__(self, scenario: Scenario) -> None:
        self.over = False
        self.length = scenario.steps[-1][0]
        self._scenario = scenario
        self._start = _Start()
        self._polls = 0

    def __str__(self) -> str:
        return f"the scenario {shown(self._scenario.description)}"

    def say(self, now: float, timeout: float) -> tuple[_Said, float]:
        self._polls += 1
        moment = round(now - self._start.at(now), 3)
        fault = self._scenario.faults.get(self._polls)
        if fault is not None:
            return fault, 0.0
        self.over = moment >= self.length
        return self._scenario.rows_at(moment), 0.0


@final
@dataclass(frozen=True, slots=True)
class _Recorded:
    """An exchange, whose times count from that of the first one of its recording."""

    number: int
    exchange: Exchange
    first: float
    start: "_Start"
    import_id: str | None

    def __str__(self) -> str:
        return f"recorded answer {self.number}, {_named(self.exchange.answer)}"

    def mixed_up_with(self, request: Request) -> Iterator[str]:
        """Says so where `request` asks for another import; a session takes no answer of that one."""
        asked = _asked_for(request)
        if asked and self.import_id and asked != self.import_id:
            yield f"the recording is of import {self.import_id}; {asked} was asked for"

    def say(self, now: float, timeout: float) -> tuple[_Said, float]:
        came = self.start.at(now) + self.exchange.came - self.first
        return self.exchange.answer, round(came - now, 3)  # or the noise of a float would be a millisecond


@final
class _Start:
    """When something began: the first time that was asked for it."""

    def __init__(self) -> None:
        self._moment: float | None = None

    def at(self, now: float) -> float:
        if self._moment is None:
            self._moment = now
        return self._moment


def _named(said: _Said) -> str:
    if isinstance(said, Response):
        return f"responds {said.status}"
    if isinstance(said, TransportError):
        return f"fails {said.kind}"
    return shortened(f"answers {', '.join(map(_as_text, said)) or 'no rows'}")


def _as_text(row: ImportEvent) -> str:
    value = row.value if row.odd_value is None else printable(row.odd_value)
    return f"{row.type} {row.status}" if value is None else f"{row.type} {row.status} {value}"


def _listed(steps: Sequence["_Step"]) -> str:
    more = f"; and {len(steps) - _LISTED} more" if len(steps) > _LISTED else ""
    return "; ".join(map(str, steps[:_LISTED])) + more


def _row(row: str | ImportEvent) -> ImportEvent:
    if isinstance(row, ImportEvent):
        return row
    words = row.split() if isinstance(row, str) else []
    if not 2 <= len(words) <= 3:
        raise LocalProtocolError(
            f"a row is an ImportEvent, or a text such as 'GATHERING INPROGRESS 5', not {shown(row)}"
        )
    event_type, status, *value = words
    if not value:
        return ImportEvent(event_type, status)
    if _NUMBER.fullmatch(value[0]):
        return ImportEvent(event_type, status, int(value[0]))
    return ImportEvent(event_type, status, odd_value=value[0])


def _seconds(took: float) -> float:
    if not isinstance(took, int | float) or not 0 <= took < inf:
        raise LocalProtocolError(f"took is a number of seconds, not {shown(took)}")
    return took


def _page(rows: Rows, request: Request) -> Response:
    """The rows as the service writes them, in answer to `request`."""
    echo = parse_qs(request.url.partition("?")[2]).get("echo")
    return json_page(rows, _asked_for(request), echo[0] if echo else None)


def _asked_for(request: Request) -> str | None:
    """The import whose events `request` asks for."""
    import_id = request.url.partition("?")[0].rpartition("/")[2].partition(".")[0]
    return import_id if is_import_id(import_id) else None
