"""`IdleConnections`: connections kept open between requests, and how long each may be reused."""

import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Final, Generic, Protocol, TypeVar, final

_MARGIN: Final = 1.0
"""Seconds before the idle timeout of the server from which a connection is no longer reused."""

_SAFE_SHARE: Final = 0.8
_REMEMBERED: Final = 600.0
"""Seconds after which a learned limit is forgotten; perhaps the server had only been restarted."""

_TIMEOUT: Final = re.compile(r"(?:^|[,;\s])timeout\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)


class Reusable(Protocol):
    """A connection that can serve several requests."""

    idle_for: float | None
    """Seconds of idleness before the current request; None on a new connection."""

    idle_since: float
    """The time at which the connection became idle, on the clock of `IdleConnections`."""

    keep_for: float
    """Seconds for which it may be idle, by the server's Keep-Alive header."""

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open and no unexpected bytes have arrived."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


_Connection = TypeVar("_Connection", bound=Reusable)


@final
class IdleConnections(Generic[_Connection]):
    """The idle connections to one origin through one proxy.

    A server closes connections that are idle for too long, perhaps just as the next request is sent. Two rules make
    that rare:

    - After `Keep-Alive: timeout=N`, a connection is reused only if it was idle for less than N - 1 seconds.
    - When a reused connection ends before the first byte of a response (`ended`), connections that were idle for 80 %
      of that time or longer are not reused for the next ten minutes.

    There is no lock: each call on the deque is atomic, and an exception that a signal handler raises between two of
    them loses one connection at most. urllib3's pools use `queue.LifoQueue`, which such an exception can leave locked.

    Args:
        clock: Returns the monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._idle: deque[_Connection] = deque()
        self._closed = False
        self._limit = (inf, inf)  # seconds of idleness, and the time at which to forget them

    def take(self) -> _Connection | None:
        """Return the most recently used connection that may be reused, if any."""
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                connection.idle_for = self._clock() - connection.idle_since
                if connection.idle_for < min(connection.keep_for, self._learned()) and connection.is_connected:
                    return connection
                connection.close()
        return None

    def discard_one(self) -> None:
        """Close the connection that was idle for the longest time, to make room for a new one."""
        with suppress(IndexError):
            self._idle.popleft().close()

    def keep(self, connection: _Connection) -> None:
        """Keep `connection` for later requests, unless it is closed."""
        if not connection.is_closed:
            connection.idle_since = self._clock()
            self._idle.append(connection)
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close all connections, and from now on also those passed to `keep`."""
        self._closed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def ended(self, idle_for: float) -> None:
        """Note that the server closed a connection that was idle for `idle_for` seconds."""
        self._limit = (min(_SAFE_SHARE * idle_for, self._learned()), self._clock() + _REMEMBERED)

    def _learned(self) -> float:
        limit, until = self._limit
        return limit if self._clock() < until else inf


def keep_alive_limit(header: str | None) -> float:
    """Return for how many seconds of idleness a `Keep-Alive` header allows reuse, less the margin.

    >>> keep_alive_limit("timeout=5, max=1000"), keep_alive_limit("max=1000")
    (4.0, inf)
    """
    found = header and _TIMEOUT.search(header)
    return int(found[1]) - _MARGIN if found else inf
