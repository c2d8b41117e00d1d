"""Plays a scenario or a recording: one result for each poll of a simulated import."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import chain, repeat

from ...core import InvalidArgument, Response, TransportError
from ..recordings.recording import Exchange, Recording, import_id_in
from .scenarios import Rows, Scenario

PollResult = Rows | Response | TransportError
"""Rows to write in the requested format, a response to send as it is, or a connection to drop."""


def scenario_results(scenario: Scenario, speed: float, clock: Callable[[], float]) -> Iterator[PollResult]:
    """Yield what a scenario sends; its time starts at the first poll and runs `speed` times as fast as `clock`."""
    start = clock()  # runs with the first `next`, i.e. at the first poll
    poll = 0
    while True:
        poll += 1
        yield scenario.faults.get(poll) or scenario.rows_at((clock() - start) * speed)


def recorded_results(recording: Recording) -> tuple[str | None, Iterator[PollResult]]:
    """Return the recorded import id, if there is one, and one result for each recorded poll.

    After the last one, the last response with status 200 is repeated. The recording is read to its end first, so that
    a damaged one is found before it plays.

    Raises:
        RecordingError: The recording can't be read to its end.
        InvalidArgument: The recording contains no responses.
    """
    recorded = [entry.response for entry in recording.entries() if isinstance(entry, Exchange)]
    if not recorded:
        raise InvalidArgument("recording must contain at least one response")
    responses = [response for response in recorded if isinstance(response, Response)]
    named = (found for response in responses if (found := import_id_in(response)))
    good = (response for response in reversed(responses) if response.status == HTTPStatus.OK)
    results: Iterator[PollResult] = chain(recorded, repeat(next(good, recorded[-1])))
    return recording.import_id or next(named, None), results
