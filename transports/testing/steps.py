"""The steps of a script: what a poll of `ScriptedService` gets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, final

from ...core import ImportEvent, Request, Response, TransportError, is_import_id
from ...core._shared import printable, shortened, shown
from ..recordings.recording import Exchange
from ..simulator.scenarios import Rows, Scenario

Result = Rows | Response | TransportError
"""Rows to write as the service does, or a response or an error as it is."""


class Step(Protocol):
    """The result of a poll; `str` describes it in complaints."""

    def play(self, now: float, timeout: float) -> tuple[Result, float]:
        """Return the result of the poll that is sent now, and how many seconds it takes."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Fixed:
    """The same result for each poll."""

    result: Result
    took: float

    def __str__(self) -> str:
        return _described(self.result)

    def play(self, now: float, timeout: float) -> tuple[Result, float]:
        """Return the result, or a timeout if it takes longer than the request may."""
        if self.took <= timeout:
            return self.result, self.took
        if isinstance(self.result, TransportError) and self.result.kind == "timeout":
            return self.result, timeout
        return TransportError("timeout", f"no response within {timeout:g} s"), timeout


EXHAUSTED: Final = Fixed(TransportError("exhausted", "the script ends before the import does", True), 0.0)


@final
class Playing:
    """A scenario, whose time starts at its first poll."""

    def __init__(self, scenario: Scenario) -> None:
        self.over = False
        self.length = scenario.steps[-1][0]
        self._scenario = scenario
        self._start = Start()
        self._polls = 0

    def __str__(self) -> str:
        return f"the scenario {shown(self._scenario.description)}"

    def play(self, now: float, timeout: float) -> tuple[Result, float]:
        """Return the fault for this poll, else the rows at this time."""
        self._polls += 1
        moment = round(now - self._start.at(now), 3)
        fault = self._scenario.faults.get(self._polls)
        if fault is not None:
            return fault, 0.0
        self.over = moment >= self.length
        return self._scenario.rows_at(moment), 0.0


@final
@dataclass(frozen=True, slots=True)
class Recorded:
    """An exchange of a recording whose first request was sent at `first`."""

    number: int
    exchange: Exchange
    first: float
    start: "Start"
    import_id: str | None

    def __str__(self) -> str:
        return f"recorded response {self.number}, {_described(self.exchange.response)}"

    def mismatch(self, request: Request) -> Iterator[str]:
        """Yield a complaint if `request` polls another import than the recorded one."""
        polled = polled_import(request)
        if polled and self.import_id and polled != self.import_id:
            yield f"the recording is of import {self.import_id}, but import {polled} was polled"

    def play(self, now: float, timeout: float) -> tuple[Result, float]:
        """Return the recorded response, and the seconds until the time at which it arrived."""
        received = self.start.at(now) + self.exchange.received - self.first
        return self.exchange.response, round(received - now, 3)  # float errors could add up to a millisecond


@final
class Start:
    """When the first poll of a scenario or recording was sent."""

    def __init__(self) -> None:
        self._moment: float | None = None

    def at(self, now: float) -> float:
        """Return the time of the first call."""
        if self._moment is None:
            self._moment = now
        return self._moment


def _described(result: Result) -> str:
    if isinstance(result, Response):
        return f"responds {result.status}"
    if isinstance(result, TransportError):
        return f"fails {result.kind}"
    return shortened(f"reports {', '.join(map(_as_text, result)) or 'no rows'}")


def _as_text(row: ImportEvent) -> str:
    value = row.value if row.odd_value is None else printable(row.odd_value)
    return f"{row.type} {row.status}" if value is None else f"{row.type} {row.status} {value}"


def polled_import(request: Request) -> str | None:
    """Return the import whose events `request` asks for."""
    import_id = request.url.partition("?")[0].rpartition("/")[2].partition(".")[0]
    return import_id if is_import_id(import_id) else None
