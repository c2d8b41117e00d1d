"""Recorded answers in place of a service: as a transport, and as a watch of their import.

`replay` is the whole of it in one call; `ReplayTransport` is the part that stands in for a service.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from math import inf
from os import PathLike
from typing import Final, final

from ...core import (
    Cancelled,
    Emitted,
    Ended,
    RemoteProtocolError,
    Request,
    Response,
    Send,
    TransportError,
    decode,
    is_import_id,
)
from ...core._shared import OutcomeWords, outcome_from_words
from ..clock import VirtualClock
from ..unpicklable import Unpicklable
from .opening import open_recording
from .recording import End, Entry, Exchange, Recording, RecordingError, TruncatedLine
from .resumed import NOWHERE, session_of

UNKNOWN_IMPORT: Final = "unknown"
"""The id of an import that neither the recording nor a body in it names."""

_REQUEST = Request("GET", f"{NOWHERE}/events")


@final
class ReplayTransport(Unpicklable):
    """Answers with what was recorded, in order, and moves `clock` to when each answer came.

    Once the recording is over, or can't be read on, `send` raises a permanent `TransportError`. Afterwards
    `end` is how the recording says the watch ended, `exhausted` is true where it does not say, `truncated_line` is the
    number of a last line that was dropped, and `broken` is what kept the recording from being read to its end. `sent`
    is when the request of the last response was sent, in seconds from the start of the recording.

    >>> clock = VirtualClock()
    >>> transport = ReplayTransport(open_recording("docs/traces/completes.jsonl"), clock)
    >>> transport.send(Request("GET", "/events/1126"), timeout=10), clock.now()
    (Response(status=200), 0.184)
    >>> transport.close()
    """

    def __init__(self, recording: Recording, clock: VirtualClock) -> None:
        self.end: End | None = None
        self.exhausted = False
        self.sent: float | None = None
        self.truncated_line: int | None = None
        self.broken: RecordingError | None = None
        self._entries = recording.entries()
        self._entry: Entry | None = None
        self._clock = clock

    def send(self, request: Request, *, timeout: float) -> Response:
        """The next recorded answer, whatever is asked; or the next recorded error, raised."""
        if self._entry is None:
            self._entry = self._next()
        entry = self._entry
        if isinstance(entry, Exchange | End):
            self._clock.move_to(entry.came if isinstance(entry, Exchange) else entry.at)
        self._entry = None  # not before its moment has come, so that what interrupts the clock loses nothing
        self.sent = entry.sent if isinstance(entry, Exchange) else None
        if isinstance(entry, Exchange):
            if isinstance(entry.answer, TransportError):
                raise entry.answer
            return entry.answer
        self.exhausted = not isinstance(entry, End)
        if isinstance(entry, End):
            self.end = entry
        if isinstance(entry, TruncatedLine):
            self.truncated_line = entry.line
        raise TransportError("exhausted", "the recording ends before the import does", permanent=True)

    def close(self) -> None:
        """Close the recording; may be called again."""
        self._entries.close()

    def skip_rest(self) -> None:
        """Read on to the end of the recording, for a last line that is torn."""
        with suppress(RecordingError):
            for entry in self._entries:
                if isinstance(entry, TruncatedLine):
                    self.truncated_line = entry.line

    def _next(self) -> Entry | None:
        try:
            return next(self._entries, None)
        except RecordingError as error:
            self.broken = error
            raise TransportError("protocol", error.problem, permanent=True) from None


@final
class Replay(Unpicklable, Iterator[Emitted]):
    """What the watch of a recorded import emits, `Ended` last.

    The same session as in a watch of the service takes the answers, at the moments at which they came; its
    budgets are those that the recording names. With a `speed` (1 is real time) this takes as long. Nothing
    but `StopIteration` is raised on the way: a recording that breaks off ends as `LostContact`. `session` is the
    session, and `transport` the `ReplayTransport`, which knows how the recording ended.

    >>> *_, ended = Replay(open_recording("docs/traces/abandoned.jsonl"))
    >>> ended.outcome.name, ended.at
    ('abandoned', 8.128)
    """

    def __init__(self, recording: Recording, *, speed: float | None = None) -> None:
        import_id = recording.import_id or _first_import_id(recording) or UNKNOWN_IMPORT
        self.session = session_of(import_id, recording.policy, recording.resumed)
        self._clock = VirtualClock(speed, start=self.session.elapsed)
        self.transport = ReplayTransport(recording, self._clock)
        self._cancelled = False
        self._over = False
        self._untold: deque[Emitted] = deque()

    def __next__(self) -> Emitted:
        while not self._untold:
            if self._over:
                self.transport.skip_rest()
                self.transport.close()
                raise StopIteration
            self._untold += self._next_items()
        return self._untold.popleft()

    def cancel(self) -> None:
        """End the watch before its next answer; from any thread or signal handler."""
        self._cancelled = True
        self._clock.wake()

    def _next_items(self) -> tuple[Emitted, ...]:
        items = self.session.cancel(now=self._clock.now()) if self._cancelled else self._next_answer()
        self._over = bool(items) and isinstance(items[-1], Ended)
        return items

    def _next_answer(self) -> tuple[Emitted, ...]:
        answer: Response | TransportError
        try:
            answer = self.transport.send(_REQUEST, timeout=inf)
        except TransportError as error:
            answer = error
        now = self._clock.now()
        if self._cancelled:  # perhaps while the clock moved, and then the answer has not come
            return self.session.cancel(now=now)
        if self.transport.end:
            return self._end_as_recorded(self.transport.end, now)
        self._send(self.transport.sent)
        if isinstance(answer, TransportError):
            return self.session.receive_failure(answer, now=now)
        return self.session.receive(answer, now=now)

    def _send(self, sent: float | None) -> None:
        """Open the poll as the recorded watch did, so that the session counts the same polls as overdue."""
        if sent is not None and isinstance(self.session.next_action(now=sent), Send):
            self.session.sent(now=sent)

    def _end_as_recorded(self, end: End, now: float) -> tuple[Emitted, ...]:
        if end.outcome == Cancelled.name:  # whatever budget was about to run out
            return self.session.cancel(now=now)
        told = self.session.handle_timeout(now=now)
        if self.session.outcome:
            return told
        session = self.session
        words = OutcomeWords(end.outcome, end.reason, end.detail)
        outcome = outcome_from_words(words, session.state, session.contact_count)
        ended = Ended(session.import_id, now, outcome, session.state, session.contact_count, session.machine.seen)
        return (*told, ended)


def replay(path: str | PathLike[str], *, speed: float | None = None, import_id: str | int | None = None) -> Replay:
    """Watch the recorded import at `path`: whatever `open_recording` opens, and `import_id` is what it is there.

    At once, or at `speed` times its own pace. Raises `RecordingError` for what is no recording.

    >>> from spongewatch import PollFailed
    >>> [item.reason for item in replay("docs/traces/fails.jsonl") if isinstance(item, PollFailed)]
    ['status 503', 'timeout: no answer within 10 s']
    """
    return Replay(open_recording(path, import_id), speed=speed)


def _first_import_id(recording: Recording) -> str | None:
    """The id in the first body that names one, as far as the recording can be read."""
    with closing(recording.entries()) as entries, suppress(RecordingError):
        for entry in entries:
            if isinstance(entry, Exchange) and isinstance(entry.answer, Response):
                with suppress(RemoteProtocolError):
                    found = decode(entry.answer.body, entry.answer.headers.get("content-type")).import_id
                    if found and is_import_id(found):
                        return found
    return None
