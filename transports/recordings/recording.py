"""The content that recordings of all formats share, and the error if one can't be read or written."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Protocol, final

from ...core import LocalProtocolError, PollPolicy, RemoteProtocolError, Response, TransportError, decode
from ...core._shared import printable


@final
class RecordingError(LocalProtocolError):
    """A recording can't be read or written; the message names the file and, in a trace, the line.

    Attributes:
        path: The file, as it was given.
        problem: The message without the file.

    Args:
        path: The file.
        problem: The reason.
        line: The number of the line, from 1; None if there are no lines.

    >>> print(RecordingError("trace.jsonl", "not valid JSON", line=3))
    trace.jsonl: line 3: not valid JSON
    """

    def __init__(self, path: str | PathLike[str], problem: str, line: int | None = None) -> None:
        super().__init__(path, problem, line)
        self.path = path
        self.problem = problem if line is None else f"line {line}: {problem}"

    def __str__(self) -> str:
        return f"{printable(str(self.path))}: {self.problem}"


@final
@dataclass(frozen=True, slots=True)
class Exchange:
    """One poll.

    Args:
        sent: When the request was sent, in seconds since the start of the watch.
        received: When the response arrived or the request failed, in seconds since the start of the watch.
        response: The response, or the error in its place.

    >>> Exchange(0.0, 0.184, Response(200))
    Exchange(sent=0.0, received=0.184, response=Response(status=200))
    """

    sent: float
    received: float
    response: Response | TransportError


@final
@dataclass(frozen=True, slots=True)
class End:
    """How the watch ended: the last entry of a complete recording.

    Args:
        at: When it ended, in seconds since the start of the watch.
        outcome: The name of the outcome, e.g. `completed`.
        reason: The reason of the outcome, None if it has none.
        detail: The detail of the outcome, empty if it has none.

    >>> End(61.0, "completed", None, "").outcome
    'completed'
    """

    at: float
    outcome: str
    reason: str | None
    detail: str


@final
@dataclass(frozen=True, slots=True)
class TruncatedLine:
    """The last entry of a trace whose last line is incomplete, because the process was killed while it wrote it.

    Args:
        line: The number of the line, from 1.

    >>> TruncatedLine(line=12).line
    12
    """

    line: int


Entry = Exchange | End | TruncatedLine


class Recording(Protocol):
    """A recorded watch.

    Attributes:
        import_id: The id of the import; None if the recording doesn't name it, though the bodies may.
        policy: The policy of the watch. Budgets that the recording doesn't name are unlimited.
        resumed: The state of the session at the start of the recording, None for a session that had just begun.

    >>> from spongewatch.transports import open_recording
    >>> recording: Recording = open_recording("docs/traces/completes.jsonl")
    >>> sum(isinstance(entry, Exchange) for entry in recording.entries())
    11
    """

    import_id: str | None
    policy: PollPolicy
    resumed: Mapping[str, object] | None

    def entries(self) -> Generator[Entry, None, None]:
        """Yield the entries in order, reading the file lazily.

        Raises:
            RecordingError: The recording can't be read any further.
        """
        ...


def import_id_in(response: Response) -> str | None:
    """Return the import id that the body of `response` names, None without one."""
    try:
        return decode(response.body, response.headers.get("content-type")).import_id
    except RemoteProtocolError:
        return None
