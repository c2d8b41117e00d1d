"""`ScriptedService`: a transport with scripted responses for tests. It doesn't need pytest; `fixtures` does."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from os import PathLike
from typing import Final, Self, final
from urllib.parse import parse_qs

from ...core import (
    ImportEvent,
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    Request,
    Response,
    TransportError,
)
from ...core._shared import TransportErrorKind, shown
from .. import open_recording
from ..clock import VirtualClock
from ..recordings.recording import Exchange, Recording
from ..simulator.pages import json_page
from ..simulator.scenarios import Rows, Scenario, scenario_named
from ..unpicklable import Unpicklable
from .steps import EXHAUSTED, Fixed, Playing, Recorded, Start, Step, polled_import

_SERVICE_INTERVAL: Final = 1.0
"""The shortest interval in seconds that the service allows ("Step 2: Wait for Import")."""

_LONGER_THAN_ANY_TIMEOUT: Final = 3600.0

_MAX_TIMES: Final = 100_000

_LISTED: Final = 3
"""Upper bound for the steps or polls that a complaint lists."""

_NUMBER = re.compile(r"[0-9]{1,15}")


@final
@dataclass(frozen=True, slots=True)
class PlayedPoll:
    """One poll of a `ScriptedService`.

    Args:
        sent: When the request was sent, in seconds on the service's clock.
        received: When the response arrived, on the same clock.
        request: The request.

    >>> PlayedPoll(0.0, 0.2, Request("GET", "https://api.example/events/1126.json?domain_password=..."))
    PlayedPoll(sent=0.0, received=0.2, request=Request(method='GET'))
    """

    sent: float
    received: float
    request: Request


@final
class ScriptedService(Unpicklable):
    """A transport for tests that plays a script, one step a poll, without waiting.

    `reports`, `responds`, `fails`, `plays` and `replays` each add to the script and return the service, so that calls
    can be chained. A poll after the last step gets a permanent `TransportError`, which ends the watch. Only one thread
    at a time may call `send`.

    Args:
        clock: The clock of the code under test; a new one by default.

    Attributes:
        clock: The clock.
        interval: The shortest interval in seconds that the service allows; 1.0 by default.
        to_the_end: Whether a step that is left unplayed is a complaint; true by default.
        polls: The polls so far.

    >>> from spongewatch import Credentials
    >>> from spongewatch.transports import wait
    >>> service = ScriptedService().reports("GATHERING INPROGRESS 5")
    >>> service = service.reports("GATHERING COMPLETED 12", "COMPLETE COMPLETED 0", took=0.2)
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
        self._steps: list[Step] = []
        self._played = 0
        self._endless: Step | None = None  # the last step, if it is repeated forever
        self._other_imports: dict[str, None] = {}  # complaints, each once
        self._after_the_end: tuple[str, ...] = ()  # the complaint about the first poll after the last step

    def __repr__(self) -> str:
        return f"<ScriptedService {self._played} of {len(self._steps)} steps played, {len(self.polls)} polls>"

    def reports(self, *rows: str | ImportEvent, took: float = 0.0, times: int | None = 1) -> Self:
        """Let the next poll get these events, as JSON for the import of its request.

        Args:
            rows: Each an `ImportEvent`, or a string with the type, the status and perhaps the value. A value that is
                not a number becomes an odd value.
            took: Seconds until the response. A poll whose timeout is shorter gets a `timeout` error.
            times: How many polls get this response; None for all further polls.

        Raises:
            InvalidArgument: A row, `took` or `times` has an invalid value.
            InvalidType: A row, `took` or `times` has the wrong type.
            LocalProtocolError: The previous step is repeated forever.

        >>> ScriptedService().reports("INITIALIZING COMPLETED", ImportEvent("GATHERING", "INPROGRESS", 5), times=2)
        <ScriptedService 0 of 2 steps played, 0 polls>
        """
        return self._add(Fixed(tuple(map(_row, rows)), _seconds(took)), times)

    def responds(self, response: Response, *, took: float = 0.0, times: int | None = 1) -> Self:
        """Let the next poll get this response.

        Args:
            response: The response.
            took: Seconds until the response. A poll whose timeout is shorter gets a `timeout` error.
            times: How many polls get this response; None for all further polls.

        Raises:
            InvalidArgument: `took` or `times` is out of range.
            InvalidType: An argument has the wrong type.
            LocalProtocolError: The previous step is repeated forever.

        >>> ScriptedService().responds(Response(503, {"retry-after": "2"})).send(Request("GET", ""), timeout=10.0)
        Response(status=503)
        """
        if not isinstance(response, Response):
            raise InvalidType(f"response must be a Response, not {type(response).__name__}")
        return self._add(Fixed(response, _seconds(took)), times)

    def fails(
        self,
        kind: TransportErrorKind,
        detail: str = "",
        *,
        permanent: bool = False,
        took: float | None = None,
        times: int | None = 1,
    ) -> Self:
        """Let the next poll fail with a `TransportError`.

        Args:
            kind: The kind of the error.
            detail: The detail of the error.
            permanent: Whether the error is permanent.
            took: Seconds until the failure. By default a `timeout` takes the whole timeout, other kinds 0 s.
            times: How many polls fail; None for all further polls.

        Raises:
            InvalidArgument: `took` or `times` is out of range.
            InvalidType: `took` or `times` has the wrong type.
            LocalProtocolError: There is no such kind, or the previous step is repeated forever.

        >>> service = ScriptedService().fails("timeout", "the host is down")
        >>> service.send(Request("GET", ""), timeout=10.0)
        Traceback (most recent call last):
        spongewatch.core.errors.TransportError: timeout: the host is down
        >>> service.clock.now()
        10.0
        """
        if took is None:
            took = _LONGER_THAN_ANY_TIMEOUT if kind == "timeout" else 0.0
        return self._add(Fixed(TransportError(kind, detail, permanent), _seconds(took)), times)

    def plays(self, scenario: str | Scenario) -> Self:
        """Let all further polls get what a scenario sends as time goes by.

        Its time starts at its first poll. It is played to its end once a poll gets its last rows.

        Args:
            scenario: A name in `SCENARIOS`, or a `Scenario`.

        Raises:
            InvalidArgument: There is no scenario with this name.
            InvalidType: `scenario` is neither a str nor a `Scenario`.
            LocalProtocolError: The previous step is repeated forever.

        >>> ScriptedService().plays("abandoned")
        <ScriptedService 0 of 1 steps played, 0 polls>
        """
        chosen = scenario if isinstance(scenario, Scenario) else scenario_named(scenario)
        return self._add(Playing(chosen), None)

    def replays(self, recording: str | PathLike[str] | Recording) -> Self:
        """Let the next polls get what was recorded, at the recorded times.

        The time of the recording starts at its first poll. The responses name the recorded import; if a poll is for
        another one, there is a complaint.

        Args:
            recording: A recording, or its path.

        Raises:
            RecordingError: The recording can't be read to its end.
            LocalProtocolError: The previous step is repeated forever.

        >>> ScriptedService().replays("docs/traces/completes.jsonl")
        <ScriptedService 0 of 11 steps played, 0 polls>
        """
        opened = open_recording(recording) if isinstance(recording, str | PathLike) else recording
        exchanges = [entry for entry in opened.entries() if isinstance(entry, Exchange)]
        start = Start()
        for number, exchange in enumerate(exchanges, start=1):
            self._add(Recorded(number, exchange, exchanges[0].sent, start, opened.import_id), 1)
        return self

    def send(self, request: Request, *, timeout: float) -> Response:
        """Return the response of the next step.

        Args:
            request: The request; its path names the import, and its query may contain an echo.
            timeout: Seconds that the response may take, on the service's clock.

        Raises:
            TransportError: The next step is a failure, or there is no further step.

        >>> response = ScriptedService().reports("GATHERING INPROGRESS 5").send(Request("GET", ""), timeout=10.0)
        >>> response.status
        200
        """
        sent = self.clock.now()
        step = self._next()
        if isinstance(step, Recorded):
            self._other_imports |= dict.fromkeys(step.mismatch(request))
        result, took = step.play(sent, timeout)
        self.clock.sleep(took)
        self.polls.append(PlayedPoll(sent, self.clock.now(), request))
        if isinstance(result, TransportError):
            # A new one each time, or repeated steps would add to one traceback.
            raise TransportError(result.kind, result.detail, result.permanent)
        return result if isinstance(result, Response) else _page(result, request)

    def close(self) -> None:
        """Do nothing.

        >>> ScriptedService().close()
        """

    @property
    def complaints(self) -> tuple[str, ...]:
        """The reasons for which a test should fail, one line each.

        These are a recording of another import, unplayed steps, and polls after the last step or too soon.

        >>> service = ScriptedService().fails("reset").reports("COMPLETE COMPLETED")
        >>> print(*service.complaints)
        2 of 2 steps left unplayed: fails reset; reports COMPLETE COMPLETED
        """
        return (*self._other_imports, *self._unplayed(), *self._after_the_end, *self._polls_too_soon())

    def _add(self, step: Step, times: int | None) -> Self:
        if self._endless is not None:
            raise LocalProtocolError(f"no step can be added: the last one is repeated forever, {self._endless}")
        if times is None:
            self._endless = step
        elif type(times) is not int:
            raise InvalidType(f"times must be an int or None, not {type(times).__name__}")
        elif not 0 < times <= _MAX_TIMES:
            raise InvalidArgument(f"times must be from 1 to {_MAX_TIMES:,}, or None, not {shown(times)}")
        self._steps += [step] * (times or 1)
        return self

    def _next(self) -> Step:
        if self._played < len(self._steps):
            self._played += 1
            return self._steps[self._played - 1]
        if self._endless is not None:
            return self._endless
        if not self._after_the_end:
            poll = f"poll {len(self.polls) + 1} at {round(self.clock.now(), 3)} s"
            self._after_the_end = (f"{poll} was after the end of the script, which has {len(self._steps)} steps",)
        return EXHAUSTED

    def _unplayed(self) -> Iterator[str]:
        left = self._steps[self._played :] if self.to_the_end else []
        if left:
            yield f"{len(left)} of {len(self._steps)} steps left unplayed: {_listed(left)}"
        elif self.to_the_end and isinstance(self._endless, Playing) and not self._endless.over:
            yield f"{self._endless} was not played to its end, {self._endless.length} s after its first poll"

    def _polls_too_soon(self) -> Iterator[str]:
        early = [
            f"poll {number} was sent {gap} s after the end of poll {number - 1}, at {round(later.sent, 3)} s; "
            f"the service requires {self.interval:g} s{_OTHER_CLOCK if gap == 0 else ''}"
            for number, (earlier, later) in enumerate(pairwise(self.polls), start=2)
            if (gap := round(later.sent - earlier.received, 3)) < self.interval
        ]
        yield from early[:_LISTED]
        if len(early) > _LISTED:
            yield f"{len(early) - _LISTED} more of {len(self.polls)} polls were sent too soon"


_OTHER_CLOCK: Final = " (does the code that polls use this service's clock?)"


def _listed(steps: Sequence[Step]) -> str:
    more = f"; and {len(steps) - _LISTED} more" if len(steps) > _LISTED else ""
    return "; ".join(map(str, steps[:_LISTED])) + more


def _row(row: str | ImportEvent) -> ImportEvent:
    if isinstance(row, ImportEvent):
        return row
    if not isinstance(row, str):
        raise InvalidType(f"rows must be ImportEvents or strings, not {type(row).__name__}")
    words = row.split()
    if not 2 <= len(words) <= 3:
        raise InvalidArgument(f"rows must be like 'GATHERING INPROGRESS 5', not {shown(row)}")
    event_type, status, *value = words
    if not value:
        return ImportEvent(event_type, status)
    if _NUMBER.fullmatch(value[0]):
        return ImportEvent(event_type, status, int(value[0]))
    return ImportEvent(event_type, status, odd_value=value[0])


def _seconds(took: float) -> float:
    if not isinstance(took, int | float):
        raise InvalidType(f"took must be a number of seconds, not {type(took).__name__}")
    if not 0 <= took < inf:
        raise InvalidArgument(f"took must be a number of seconds, not {shown(took)}")
    return took


def _page(rows: Rows, request: Request) -> Response:
    """Return the rows as the service would send them for `request`."""
    echo = parse_qs(request.url.partition("?")[2]).get("echo")
    return json_page(rows, polled_import(request), echo[0] if echo else None)
