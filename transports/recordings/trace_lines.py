"""The native trace format as it is written; `trace` reads it, and `docs/reference/trace-format.md` specifies it."""

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
"""Characters of a header that is kept."""


@final
class TraceLines(Unpicklable, Iterator[str]):
    """`recording` in the native format: its lines, the header first, each with its line feed.

    They are read as they are asked for, and replay to what `recording` replays to. Afterwards `truncated_line` is the
    number of a last line of `recording` that was left out. Raises `RecordingError`, on the way, where it can't
    be read on.

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
                yield exchange_line(entry.sent, entry.came - entry.sent, entry.answer)
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
    """The first line; what is not known stays out of it."""
    known = _without_blanks({"import_id": import_id, "format": format, "started": started})
    stood = {} if resumed is None else {"resumed": resumed}
    return _line({MARK: VERSION, **known, "policy": policy.to_json(), **stood})


def exchange_line(sent: float, took: float, answer: Response | TransportError) -> str:
    """One poll: when its request left and how long it took, in seconds; of the headers those that are kept."""
    told = _error(answer) if isinstance(answer, TransportError) else _response(answer)
    return _line({"t": sent, "took": round(took, 3), **told})


def end_line(end: End) -> str:
    """How the watch ended."""
    return _line({"t": end.at, "end": end.outcome, **_without_blanks({"reason": end.reason, "detail": end.detail})})


def _error(error: TransportError) -> dict[str, object]:
    line: dict[str, object] = {"error": error.kind, "detail": error.detail}
    return line | {"permanent": True} if error.permanent else line


def _response(response: Response) -> dict[str, object]:
    headers = {name: response.headers[name][:MAX_HEADER] for name in KEPT_HEADERS if name in response.headers}
    line: dict[str, object] = {"status": response.status, "headers": headers}
    body = response.body[: MAX_BODY + 1]  # too large is too large, and a line has a length that is read
    try:
        return line | {"body": body.decode()}
    except UnicodeDecodeError:
        return line | {"body64": base64.b64encode(body).decode()}


def _without_blanks(members: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in members.items() if value}


def _line(line: dict[str, object]) -> str:
    return f"{json.dumps(line)}\n"
