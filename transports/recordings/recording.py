"""What a recording holds, whatever file it comes from, and the error that says why one can't be read."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Protocol, final

from ...core import LocalProtocolError, PollPolicy, Response, TransportError
from ...core._shared import printable


@final
class RecordingError(LocalProtocolError):
    """A recording that can't be read, or made; the text names the file and, where there are lines, the line.

    `path` is the file, as it was given, and `problem` the text without it.

    >>> print(RecordingError("trace.jsonl", "not JSON", line=3))
    trace.jsonl: line 3: not JSON
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
    """One poll as it went: when the request left, when the answer came, in seconds from the start.

    >>> Exchange(0.0, 0.184, Response(200))
    Exchange(sent=0.0, came=0.184, answer=Response(status=200))
    """

    sent: float
    came: float
    answer: Response | TransportError


@final
@dataclass(frozen=True, slots=True)
class End:
    """The last entry of a whole recording: when the watch ended, in seconds from the start, and how.

    The words are those of an `ended` line; `reason` is None and `detail` empty where the recording has none.

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
    """The last entry of a recording whose last line is not whole; that line is dropped.

    >>> TruncatedLine(line=12).line
    12
    """

    line: int


Entry = Exchange | End | TruncatedLine


class Recording(Protocol):
    """A recorded watch.

    `import_id` is None where only the bodies can name the import; `policy` is that of the watch, without the
    budgets that are not named, for a recording ends by itself. `resumed` says where the watch stood when the
    recording began, None where it began with it.

    >>> from spongewatch.transports import open_recording
    >>> recording: Recording = open_recording("docs/traces/completes.jsonl")
    >>> sum(isinstance(entry, Exchange) for entry in recording.entries())
    11
    """

    import_id: str | None
    policy: PollPolicy
    resumed: Mapping[str, object] | None

    def entries(self) -> Generator[Entry, None, None]:
        """The recording from its start, read as it is asked for; raises `RecordingError` on the way."""
        ...
