"""Replays recordings: `replay` runs a session on one; `ReplayTransport` plays one to a loop of yours."""

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
    Request,
    Response,
    Send,
    TransportError,
    is_import_id,
)
from ...core._shared import OutcomeWords, outcome_from_words
from ..clock import VirtualClock
from ..unpicklable import Unpicklable
from .opening import open_recording
from .recording import End, Entry, Exchange, Recording, RecordingError, TruncatedLine, import_id_in
from .resumed_header import NOWHERE, session_of

UNKNOWN_IMPORT: Final = "unknown"
"""The import id of a replay if neither the recording nor a body in it names one."""

_REQUEST = Request("GET", f"{NOWHERE}/events")


@final
class ReplayTransport(Unpicklable):
    """Returns the recorded responses in order, and moves `clock` to the time at which each arrived.

    Args:
        recording: The recording, e.g. from `open_recording`.
        clock: The clock of the session.

    Attributes:
        sent: When the request of the last response was sent, in seconds since the start of the recording.
        end: At the end: how the watch ended, if the recording says so.
        exhausted: At the end: whether the recording does not say how the watch ended.
        truncated_line: At the end: the number of a truncated last line, which was dropped.
        broken: Why the recording can't be read to its end.

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
        """Return the next recorded response, whatever the request.

        Args:
            request: Ignored.
            timeout: Ignored.

        Raises:
            TransportError: The next recorded error, or a permanent one once the recording ends or can't be read.

        >>> transport = ReplayTransport(open_recording("docs/traces/fails.jsonl"), VirtualClock())
        >>> transport.send(Request("GET", "/events/1126"), timeout=10)
        Response(status=200)
        """
        if self._entry is None:
            self._entry = self._next()
        entry = self._entry
        if isinstance(entry, Exchange | End):
            self._clock.move_to(entry.received if isinstance(entry, Exchange) else entry.at)
        self._entry = None  # after the clock has moved, so that an exception in `move_to` loses nothing
        self.sent = entry.sent if isinstance(entry, Exchange) else None
        if isinstance(entry, Exchange):
            if isinstance(entry.response, TransportError):
                raise entry.response
            return entry.response
        self.exhausted = not isinstance(entry, End)
        if isinstance(entry, End):
            self.end = entry
        if isinstance(entry, TruncatedLine):
            self.truncated_line = entry.line
        raise TransportError("exhausted", "the recording ends before the import does", permanent=True)

    def close(self) -> None:
        """Close the recording; may be called again.

        >>> ReplayTransport(open_recording("docs/traces/fails.jsonl"), VirtualClock()).close()
        """
        self._entries.close()

    def skip_rest(self) -> None:
        """Read the rest of the recording, to set `truncated_line`.

        >>> transport = ReplayTransport(open_recording("docs/traces/fails.jsonl"), VirtualClock())
        >>> transport.skip_rest()
        >>> transport.truncated_line is None
        True
        """
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
    """Iterates over the items that the watch of a recorded import emits, `Ended` last.

    A session receives the recorded responses at the times at which they arrived, under the recorded policy. A recording
    that can't be read to its end is no error here: the replay ends as `LostContact`, and `transport.broken` says why.

    Args:
        recording: The recording, e.g. from `open_recording`.
        speed: How many times as fast as real time to replay; None replays without waiting.

    Attributes:
        session: The session.
        transport: The `ReplayTransport`, which knows how the recording ended.

    Raises:
        LocalProtocolError: `speed` is not a number above 0.

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
        self._pending: deque[Emitted] = deque()

    def __next__(self) -> Emitted:
        while not self._pending:
            if self._over:
                self.transport.skip_rest()
                self.transport.close()
                raise StopIteration
            self._pending += self._next_items()
        return self._pending.popleft()

    def cancel(self) -> None:
        """End the watch before its next response; may be called from any thread or signal handler.

        >>> watch = Replay(open_recording("docs/traces/completes.jsonl"))
        >>> watch.cancel()
        >>> [item.outcome.name for item in watch]
        ['cancelled']
        """
        self._cancelled = True
        self._clock.wake()

    def _next_items(self) -> tuple[Emitted, ...]:
        items = self.session.cancel(now=self._clock.now()) if self._cancelled else self._receive_next()
        self._over = bool(items) and isinstance(items[-1], Ended)
        return items

    def _receive_next(self) -> tuple[Emitted, ...]:
        response: Response | TransportError
        try:
            response = self.transport.send(_REQUEST, timeout=inf)
        except TransportError as error:
            response = error
        now = self._clock.now()
        if self._cancelled:  # by another thread while the clock moved; the response has not arrived yet
            return self.session.cancel(now=now)
        if self.transport.end:
            return self._end_as_recorded(self.transport.end, now)
        self._send(self.transport.sent)
        if isinstance(response, TransportError):
            return self.session.receive_failure(response, now=now)
        return self.session.receive(response, now=now)

    def _send(self, sent: float | None) -> None:
        """Tell the session when the request was sent, so that it counts the same polls as overdue."""
        if sent is not None and isinstance(self.session.next_action(now=sent), Send):
            self.session.sent(now=sent)

    def _end_as_recorded(self, end: End, now: float) -> tuple[Emitted, ...]:
        if end.outcome == Cancelled.name:  # before `handle_timeout`: a budget may be over by now
            return self.session.cancel(now=now)
        emitted = self.session.handle_timeout(now=now)
        if self.session.outcome:
            return emitted
        session = self.session
        words = OutcomeWords(end.outcome, end.reason, end.detail)
        outcome = outcome_from_words(words, session.state, session.contact_count)
        ended = Ended(session.import_id, now, outcome, session.state, session.contact_count, session.machine.seen)
        return (*emitted, ended)


def replay(path: str | PathLike[str], *, speed: float | None = None, import_id: str | int | None = None) -> Replay:
    """Replay the recording at `path`.

    Args:
        path: A recording in any format that `open_recording` reads.
        speed: How many times as fast as real time to replay; None, the default, replays without waiting.
        import_id: The import to replay, for files of other tools that hold several.

    Returns:
        An iterator over the items that the watch emits.

    Raises:
        RecordingError: The file can't be read, or is not a recording.
        InvalidArgument: `import_id` is not a valid import id.
        InvalidType: `import_id` is neither a str nor an int.
        LocalProtocolError: `speed` is not a number above 0.

    >>> from spongewatch import PollFailed
    >>> [item.reason for item in replay("docs/traces/fails.jsonl") if isinstance(item, PollFailed)]
    ['status 503', 'timeout: no response within 10 s']
    """
    return Replay(open_recording(path, import_id), speed=speed)


def _first_import_id(recording: Recording) -> str | None:
    """Return the first import id that a body names, as far as the recording can be read."""
    with closing(recording.entries()) as entries, suppress(RecordingError):
        for entry in entries:
            if isinstance(entry, Exchange) and isinstance(entry.response, Response):
                found = import_id_in(entry.response)
                if found and is_import_id(found):
                    return found
    return None
