"""The connections of `AsyncioTransport`: a limited number, kept open between requests."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, final

from ...core import LocalProtocolError, TransportError
from .asyncio_connection import AsyncioConnection
from .idle_connections import IdleConnections
from .origins import Origin
from .pending_request import PendingRequest, cut_off
from .tls import SharedContext

_BUFFER: Final = 65_536
_REMEMBERED: Final = 64
"""Origins whose connections are kept."""


@final
class ConnectionPool:
    """Gives each request a connection, in order of arrival.

    Args:
        loop: The event loop on which everything happens.
        tls: The TLS configuration.
        max_connections: The number of connections that may be open at a time.
        clock: Returns the monotonic time in seconds by which connections are idle.
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
        """Send `request` as soon as there is a connection for it."""
        connection = None if self._waiting else self._connection_for(request)
        if connection is None:
            request.holder = self
            self._waiting[request] = None
        else:
            connection.exchange(request)

    def serve(self) -> None:
        """Send waiting requests, as far as there are connections for them."""
        while self._waiting:
            request = next(iter(self._waiting))
            connection = self._connection_for(request)
            if connection is None:
                return
            del self._waiting[request]
            connection.exchange(request)

    def abandon(self, request: PendingRequest, error: TransportError) -> TransportError:
        """Let a request wait no longer."""
        del self._waiting[request]
        if error.kind == "timeout":
            return TransportError("timeout", "all connections were in use by other requests")
        return error

    async def close(self) -> None:
        """Close all connections, and end all requests."""
        while self._waiting:
            self._waiting.popitem(last=False)[0].finish(LocalProtocolError("the transport is closed"))
        for connection in list(self._open):
            connection.abort(cut_off())
        while self._closing:
            self._all_lost.clear()
            await self._all_lost.wait()

    def keep(self, connection: AsyncioConnection) -> None:
        """Keep a connection for another request."""
        self._idle_to(connection.origin).keep(connection)

    def went_stale(self, connection: AsyncioConnection) -> None:
        """Learn that the server closed a connection while it was idle."""
        self._idle_to(connection.origin).ended(connection.idle_for or 0.0)

    def closing(self, connection: AsyncioConnection) -> None:
        """Don't count a connection any more, though it takes a moment until it is lost."""
        self._open.discard(connection)
        self._closing.add(connection)

    def lost(self, connection: AsyncioConnection) -> None:
        """Forget a connection."""
        self._closing.discard(connection)
        if not self._closing:
            self._all_lost.set()

    def _connection_for(self, request: PendingRequest) -> AsyncioConnection | None:
        connection = None if request.fresh else self._idle_to(request.origin).take()
        if connection is None and (len(self._open) < self._max or self._discard_idle()):
            connection = AsyncioConnection(self, request.origin)
            self._open.add(connection)
        return connection

    def _discard_idle(self) -> bool:
        """Close an idle connection to make room for another one; return False if none is idle."""
        for idle in self._idle.values():
            idle.discard_one()
            if len(self._open) < self._max:
                return True
        return False

    def _idle_to(self, origin: Origin) -> IdleConnections[AsyncioConnection]:
        idle = self._idle.get(origin)
        if idle is None:
            idle = self._idle[origin] = IdleConnections(self._clock)
            if len(self._idle) > _REMEMBERED:
                self._idle.pop(next(iter(self._idle))).close()
        return idle
