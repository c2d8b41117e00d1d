"""Connections kept open between requests, and how long one may be idle and still be used again."""

import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Final, Generic, Protocol, TypeVar, final

_MARGIN: Final = 1.0
"""Seconds by which a connection is left before the server's own idle timeout."""

_SAFE_SHARE: Final = 0.8
_REMEMBERED: Final = 600.0
"""Seconds after which a learned limit is forgotten: the server may have been restarted just then."""

_TIMEOUT: Final = re.compile(r"(?:^|[,;\s])timeout\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)


class Reusable(Protocol):
    """A connection that may serve several requests."""

    idle_for: float | None
    """Seconds of idleness before the current request; None on a new connection."""

    idle_since: float
    keep_for: float
    """Seconds of idleness after which the connection is not used again."""

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open, and no unasked bytes have arrived."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether this side has closed the connection."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


_Connection = TypeVar("_Connection", bound=Reusable)


@final
class IdleConnections(Generic[_Connection]):
    """The idle connections to one origin by one proxy.

    A server closes connections that are idle for too long, perhaps just as the next request leaves. Two rules avoid
    that. `Keep-Alive: timeout=N` means that a connection is used again only while it is idle for less than N - 1
    seconds. And once a connection ended before the first byte of a response (`ended`), none is used again for ten
    minutes that was idle for 80 % of that time or longer.

    There is no lock: each call on the deque is atomic, and an exception of a signal handler between two of them loses
    a connection at most. urllib3's pools use `queue.LifoQueue`, which stays locked for good after such an exception.

    Args:
        clock: Returns the monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._idle: deque[_Connection] = deque()
        self._closed = False
        self._limit = (inf, inf)  # seconds of idleness, and when to forget them

    def take(self) -> _Connection | None:
        """Return the connection used last, if one may be used again."""
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                connection.idle_for = self._clock() - connection.idle_since
                if connection.idle_for < min(connection.keep_for, self._learned()) and connection.is_connected:
                    return connection
                connection.close()
        return None

    def discard_one(self) -> None:
        """Close the connection that was idle for longest, to make room for another one."""
        with suppress(IndexError):
            self._idle.popleft().close()

    def keep(self, connection: _Connection) -> None:
        """Keep `connection` for other requests, unless it is closed."""
        if not connection.is_closed:
            connection.idle_since = self._clock()
            self._idle.append(connection)
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close all connections, and those that are to be kept from now on."""
        self._closed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def ended(self, idle_for: float) -> None:
        """Learn that the server closed a connection that was idle for so many seconds."""
        self._limit = (min(_SAFE_SHARE * idle_for, self._learned()), self._clock() + _REMEMBERED)

    def _learned(self) -> float:
        limit, until = self._limit
        return limit if self._clock() < until else inf


def keep_alive_limit(header: str | None) -> float:
    """Return how many seconds a connection may be idle by this `Keep-Alive` header, less the margin.

    >>> keep_alive_limit("timeout=5, max=1000"), keep_alive_limit("max=1000")
    (4.0, inf)
    """
    found = header and _TIMEOUT.search(header)
    return int(found[1]) - _MARGIN if found else inf
