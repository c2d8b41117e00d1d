"""`ConnectionPool`: the connections of `AsyncioTransport`, limited in number and kept open between requests."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, final

from ...core import LocalProtocolError, TransportError
from .asyncio_connection import AsyncioConnection
from .idle_connections import IdleConnections
from .origins import Origin
from .pending_request import PendingRequest, aborted
from .tls import SharedContext

_BUFFER: Final = 65_536

_REMEMBERED: Final = 64
"""Number of origins whose connections are kept."""


@final
class ConnectionPool:
    """Assigns connections to requests, in order of arrival.

    Args:
        loop: The event loop of all connections.
        tls: The TLS configuration.
        max_connections: The maximum number of open connections.
        clock: Returns the monotonic time in seconds, to measure how long connections are idle.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, tls: SharedContext, max_connections: int, clock: Callable[[], float]
    ) -> None:
        self.loop = loop
        self.tls = tls
        self.buffer = memoryview(bytearray(_BUFFER))
        self._max = max_connections
        self._clock = clock
        self._open: set[AsyncioConnection] = set()
        self._closing: set[AsyncioConnection] = set()
        self._all_lost = asyncio.Event()
        self._idle: dict[Origin, IdleConnections[AsyncioConnection]] = {}
        self._waiting: OrderedDict[PendingRequest, None] = OrderedDict()

    def submit(self, request: PendingRequest) -> None:
        """Send `request` as soon as a connection is available."""
        connection = None if self._waiting else self._connection_for(request)
        if connection is None:
            request.holder = self
            self._waiting[request] = None
        else:
            connection.exchange(request)

    def serve(self) -> None:
        """Send waiting requests while connections are available."""
        while self._waiting:
            request = next(iter(self._waiting))
            connection = self._connection_for(request)
            if connection is None:
                return
            del self._waiting[request]
            connection.exchange(request)

    def abandon(self, request: PendingRequest, error: TransportError) -> TransportError:
        """Remove a request that waits for a connection, and return its error."""
        del self._waiting[request]
        if error.kind == "timeout":
            return TransportError("timeout", "all connections were in use by other requests")
        return error

    async def close(self) -> None:
        """Close all connections and abort open requests."""
        while self._waiting:
            self._waiting.popitem(last=False)[0].finish(LocalProtocolError("the transport is closed"))
        for connection in list(self._open):
            connection.abort(aborted())
        while self._closing:
            self._all_lost.clear()
            await self._all_lost.wait()

    def keep(self, connection: AsyncioConnection) -> None:
        """Keep a connection for later requests."""
        self._idle_connections(connection.origin).keep(connection)

    def went_stale(self, connection: AsyncioConnection) -> None:
        """Note that the server closed a connection while it was idle."""
        self._idle_connections(connection.origin).ended(connection.idle_for or 0.0)

    def closing(self, connection: AsyncioConnection) -> None:
        """Stop counting a connection that is being closed, which takes the event loop a moment."""
        self._open.discard(connection)
        self._closing.add(connection)

    def lost(self, connection: AsyncioConnection) -> None:
        """Forget a connection that the event loop has closed."""
        self._closing.discard(connection)
        if not self._closing:
            self._all_lost.set()

    def _connection_for(self, request: PendingRequest) -> AsyncioConnection | None:
        connection = None if request.fresh else self._idle_connections(request.origin).take()
        if connection is None and (len(self._open) < self._max or self._discard_idle()):
            connection = AsyncioConnection(self, request.origin)
            self._open.add(connection)
        return connection

    def _discard_idle(self) -> bool:
        """Close an idle connection to make room for a new one; return False if none is idle."""
        for idle in self._idle.values():
            idle.discard_one()
            if len(self._open) < self._max:
                return True
        return False

    def _idle_connections(self, origin: Origin) -> IdleConnections[AsyncioConnection]:
        idle = self._idle.get(origin)
        if idle is None:
            idle = self._idle[origin] = IdleConnections(self._clock)
            if len(self._idle) > _REMEMBERED:
                self._idle.pop(next(iter(self._idle))).close()
        return idle
