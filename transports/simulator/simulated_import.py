"""`SimulatedImport`: one import of the simulated service, from the consent to the deletion of its contacts."""

from collections.abc import Callable, Iterator
from typing import Final, Protocol, final

from ...core import ImportEvent, RemoteProtocolError, Response, decode
from .playback import PollResult
from .scenarios import WAITING, Rows, Scenario

_DECLINED: Final = ImportEvent("INITIALIZING", "ERROR", 514)


class SimulatedImport(Protocol):
    """The course of an import, as the service plays it."""

    def poll(self) -> PollResult:
        """Return what one poll gets."""
        ...

    def decide(self, *, allow: bool) -> None:
        """Take the person's decision; only the first one counts."""
        ...

    def contact_count(self) -> int | None:
        """Return how many contacts there are, or None before the import is complete."""
        ...

    def contacts_deleted(self) -> bool:
        """Return whether the contacts have been deleted."""
        ...


@final
class ScenarioImport:
    """An import that follows a scenario, whose time starts at the first request.

    Args:
        scenario: The scenario.
        speed: How many times as fast as `clock` the scenario's time runs.
        clock: Returns the time in seconds.
        lifetime: Seconds of the scenario's time after which the contacts are deleted.
        needs_decision: Wait for `decide`; then the scenario goes on at its first step after the consent.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        speed: float,
        clock: Callable[[], float],
        lifetime: float,
        needs_decision: bool = False,
    ) -> None:
        self._scenario = scenario
        self._speed = speed
        self._clock = clock
        self._lifetime = lifetime
        self._undecided = needs_decision
        self._declined = False
        self._start: float | None = None
        self._first_moment = 0.0
        self._polls = 0

    def poll(self) -> PollResult:
        """Return what one poll gets."""
        self._polls += 1
        return self._scenario.faults.get(self._polls) or self._rows()

    def decide(self, *, allow: bool) -> None:
        """Take the person's decision; only the first one counts."""
        if not self._undecided:
            return
        self._undecided = False
        self._declined = not allow
        self._start = self._clock()
        consented = (moment for moment, rows in self._scenario.steps if WAITING not in rows)
        self._first_moment = next(consented, 0.0)

    def contact_count(self) -> int | None:
        """Return how many contacts there are, or None before the import is complete."""
        return _count(self._rows())

    def contacts_deleted(self) -> bool:
        """Return whether the contacts have been deleted."""
        complete = (moment for moment, rows in self._scenario.steps if _count(rows) is not None)
        return self.contact_count() is not None and self._moment() >= next(complete) + self._lifetime

    def _rows(self) -> Rows:
        if self._declined:
            return (_DECLINED,)
        return (WAITING,) if self._undecided else self._scenario.rows_at(self._moment())

    def _moment(self) -> float:
        now = self._clock()
        if self._start is None:
            self._start = now
        return self._first_moment + (now - self._start) * self._speed


@final
class RecordedImport:
    """An import that plays a recording, one result a poll; its contacts are there after a poll that says so."""

    def __init__(self, results: Iterator[PollResult], *, clock: Callable[[], float], lifetime: float) -> None:
        self._results = results
        self._clock = clock
        self._lifetime = lifetime
        self._count: int | None = None
        self._completed = 0.0

    def poll(self) -> PollResult:
        """Return what one poll gets."""
        result = next(self._results)
        if self._count is None and isinstance(result, Response):
            self._count = _count(_rows_in(result))
            self._completed = self._clock()
        return result

    def decide(self, *, allow: bool) -> None:
        """Do nothing: what happened is recorded."""

    def contact_count(self) -> int | None:
        """Return how many contacts there are, or None before the import is complete."""
        return self._count

    def contacts_deleted(self) -> bool:
        """Return whether the contacts have been deleted."""
        return self._count is not None and self._clock() >= self._completed + self._lifetime


def _count(rows: Rows) -> int | None:
    """Return the number of contacts of a complete import, None for any other."""
    if not any((row.type, row.status) == ("COMPLETE", "COMPLETED") for row in rows):
        return None
    return next((row.value or 0 for row in rows if (row.type, row.status) == ("GATHERING", "COMPLETED")), 0)


def _rows_in(response: Response) -> Rows:
    try:
        return decode(response.body, response.headers.get("content-type")).events
    except RemoteProtocolError:
        return ()
