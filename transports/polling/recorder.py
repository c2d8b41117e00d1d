"""`Recorder`: what a loop tells a recording of its watch."""

from typing import Protocol

from ...core import Ended, ImportSession, Response, TransportError


class Recorder(Protocol):
    """Records the polls of a watch; `TraceWriter` is one.

    >>> class Counter:
    ...     polls = 0
    ...     def begin(self, session: ImportSession) -> None: ...
    ...     def exchange(self, session: ImportSession, sent: float, answer: Response | TransportError) -> None:
    ...         self.polls += 1
    ...     def end(self, session: ImportSession, ended: Ended) -> None: ...
    >>> recorder: Recorder = Counter()
    """

    def begin(self, session: ImportSession) -> None:
        """Take the session as it is before its next poll; a loop may call this more than once."""
        ...

    def exchange(self, session: ImportSession, sent: float, answer: Response | TransportError, /) -> None:
        """Record a poll.

        Args:
            session: The session, which has received the response; its `elapsed` is when that was.
            sent: The session's `elapsed` when the request was sent, in seconds.
            answer: The response or the error, without the credentials.
        """
        ...

    def end(self, session: ImportSession, ended: Ended, /) -> None:
        """Record the end of the watch."""
        ...
