"""`Recorder`: the interface through which a loop records its polls."""

from typing import Protocol

from ...core import Ended, ImportSession, Response, TransportError


class Recorder(Protocol):
    """Records the polls of a watch; `TraceWriter` is one.

    >>> class Counter:
    ...     polls = 0
    ...     def begin(self, session: ImportSession) -> None: ...
    ...     def exchange(self, session: ImportSession, sent: float, response: Response | TransportError) -> None:
    ...         self.polls += 1
    ...     def end(self, session: ImportSession, ended: Ended) -> None: ...
    >>> recorder: Recorder = Counter()
    """

    def begin(self, session: ImportSession) -> None:
        """Record the session before its next poll; loops may call this more than once."""
        ...

    def exchange(self, session: ImportSession, sent: float, response: Response | TransportError, /) -> None:
        """Record a poll.

        Args:
            session: The session after it has received the response; `session.elapsed` is the time of receipt.
            sent: `session.elapsed` when the request was sent, in seconds.
            response: The response or the error, with credentials removed.
        """
        ...

    def end(self, session: ImportSession, ended: Ended, /) -> None:
        """Record the end of the watch."""
        ...
