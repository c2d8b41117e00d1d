"""Connections kept open between requests, and how long one may be idle and still be used again."""

import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING, Final, final

from .sending import current

if TYPE_CHECKING:
    from .connection import Connection

_MARGIN: Final = 1.0
"""Seconds by which a connection is left before the server's own idle timeout."""

_SAFE_SHARE: Final = 0.8
_REMEMBERED: Final = 600.0
"""Seconds after which a learned limit is forgotten: the server may have been restarted just then."""

_TIMEOUT: Final = re.compile(r"(?:^|[,;\s])timeout\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)


@final
class IdleConnections:
    """The idle connections to one origin by one proxy; the queue of a `urllib3.HTTPConnectionPool`.

    `queue.LifoQueue` stays locked for good if a signal handler raises inside it. A deque needs no lock.

    A server closes connections that are idle for too long, perhaps just as the next request leaves. Two rules avoid
    that. `Keep-Alive: timeout=N` means that a connection is used again only while it is idle for less than N - 1
    seconds. And once a connection ended before the first byte of a response (`ended`), none is used again for ten
    minutes that was idle for 80 % of that time or longer.

    Args:
        clock: Returns the monotonic time in seconds.
        size: The number of connections that the pool intends to keep; the transport keeps to it.
    """

    def __init__(self, clock: Callable[[], float], size: int) -> None:
        self._clock = clock
        self._idle: deque[Connection] = deque()
        self._limit = (0.0, 0.0)  # seconds of idleness, and when to forget them

    def get(self, block: bool = False, timeout: float | None = None) -> "Connection":
        """Return the connection last used, if it may be used again.

        Raises:
            queue.Empty: There is none, and urllib3 makes a new one.
        """
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                connection.idle_for = self._clock() - connection.idle_since
                if connection.idle_for < min(connection.keep_for, self._learned()):
                    return connection
                connection.close()
        raise Empty

    def put(self, connection: "Connection | None", block: bool = False) -> None:
        """Hand `connection` to its request, which may `keep` it; urllib3 passes None for one that it has closed.

        urllib3 does so once the last byte is read, when the body is not decoded yet.
        """
        if connection is not None and not connection.is_closed:
            connection.kept_by = self
            current().connection = connection

    def keep(self, connection: "Connection") -> None:
        """Keep `connection` for other requests."""
        connection.idle_since = self._clock()
        self._idle.append(connection)

    def ended(self, idle_for: float) -> None:
        """Learn that the server closed a connection that was idle for so many seconds."""
        self._limit = (min(_SAFE_SHARE * idle_for, self._learned()), self._clock() + _REMEMBERED)

    def _learned(self) -> float:
        limit, until = self._limit
        return limit if self._clock() < until else float("inf")


def keep_alive_limit(header: str) -> float:
    """Return how many seconds a connection may be idle by this `Keep-Alive` header, less the margin.

    >>> keep_alive_limit("timeout=5, max=1000"), keep_alive_limit("max=1000")
    (4.0, inf)
    """
    found = _TIMEOUT.search(header)
    return int(found[1]) - _MARGIN if found else float("inf")
