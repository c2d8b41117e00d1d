"""Writes the lines of a trace; `trace` reads them, and `docs/reference/trace-format.md` specifies the format."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Final, final

from ...core import PollPolicy, Response, TransportError
from ...core._shared import MAX_BODY
from ..unpicklable import Unpicklable
from .recording import End, Exchange, Recording
from .trace import MARK, VERSION

KEPT_HEADERS: Final = ("content-type", "date", "retry-after")
MAX_HEADER: Final = 8_192
"""Characters kept of a header's value."""


@final
class TraceLines(Unpicklable, Iterator[str]):
    """Iterates over the lines of a trace with the content of another recording.

    The first line is the header; each ends with a line feed. `recording` is read lazily. The trace replays to the same
    items.

    Args:
        recording: The recording to convert.

    Attributes:
        truncated_line: At the end, the number of a truncated line that was left out, else None.

    Raises:
        RecordingError: While iterating, if `recording` can't be read any further.

    >>> from spongewatch.transports import open_recording
    >>> header, first, *_ = TraceLines(open_recording("docs/traces/completes.jsonl"))
    >>> first[:40]
    '{"t": 0.0, "took": 0.184, "status": 200,'
    """

    def __init__(self, recording: Recording) -> None:
        self.truncated_line: int | None = None
        self._lines = self._of(recording)

    def __next__(self) -> str:
        return next(self._lines)

    def _of(self, recording: Recording) -> Iterator[str]:
        yield header_line(recording.import_id, recording.policy, resumed=recording.resumed)
        for entry in recording.entries():
            if isinstance(entry, Exchange):
                yield exchange_line(entry.sent, entry.received - entry.sent, entry.response)
            elif isinstance(entry, End):
                yield end_line(entry)
            else:
                self.truncated_line = entry.line


def header_line(
    import_id: str | None,
    policy: PollPolicy,
    *,
    format: str | None = None,
    started: str | None = None,
    resumed: Mapping[str, object] | None = None,
) -> str:
    """Return the first line, without the keys whose values are unknown."""
    known = _without_blanks({"import_id": import_id, "format": format, "started": started})
    state = {} if resumed is None else {"resumed": resumed}
    return _line({MARK: VERSION, **known, "policy": policy.to_json(), **state})


def exchange_line(sent: float, took: float, response: Response | TransportError) -> str:
    """Return the line of one poll.

    Args:
        sent: When the request was sent, in seconds since the start of the watch.
        took: Seconds until the response or the error.
        response: The response, of whose headers only `KEPT_HEADERS` are written, or the error.
    """
    result = _error(response) if isinstance(response, TransportError) else _response(response)
    return _line({"t": sent, "took": round(took, 3), **result})


def end_line(end: End) -> str:
    """Return the line that says how the watch ended."""
    return _line({"t": end.at, "end": end.outcome, **_without_blanks({"reason": end.reason, "detail": end.detail})})


def _error(error: TransportError) -> dict[str, object]:
    line: dict[str, object] = {"error": error.kind, "detail": error.detail}
    return line | {"permanent": True} if error.permanent else line


def _response(response: Response) -> dict[str, object]:
    headers = {name: response.headers[name][:MAX_HEADER] for name in KEPT_HEADERS if name in response.headers}
    line: dict[str, object] = {"status": response.status, "headers": headers}
    body = response.body[: MAX_BODY + 1]  # one byte over the limit is enough for a replay to find it too large
    try:
        return line | {"body": body.decode()}
    except UnicodeDecodeError:
        return line | {"body64": base64.b64encode(body).decode()}


def _without_blanks(values: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}


def _line(line: dict[str, object]) -> str:
    return f"{json.dumps(line)}\n"
