"""Plays a recording: one result for each poll of a simulated import."""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import chain, repeat

from ...core import InvalidArgument, Response, TransportError
from ..recordings.recording import Exchange, Recording, import_id_in
from .scenarios import Rows

PollResult = Rows | Response | TransportError
"""Rows to write in the requested format, a response to send as it is, or a connection to drop."""


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
