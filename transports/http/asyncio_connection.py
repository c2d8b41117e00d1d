"""`AsyncioConnection`: a connection of `AsyncioTransport`, which writes requests and reads responses."""

import asyncio
import ssl
from math import inf
from typing import TYPE_CHECKING, cast, final

from urllib3.util.wait import wait_for_read

from ...core import Response, TransportError
from .connecting import connect
from .idle_connections import keep_alive_limit
from .origins import Origin
from .pending_request import PendingRequest, aborted
from .request_head import request_head
from .response_parser import ResponseParser

if TYPE_CHECKING:
    from .connection_pool import ConnectionPool


@final
class AsyncioConnection(asyncio.BufferedProtocol):
    """A connection to an origin, opened for its first request.

    All connections of a pool share one read buffer, because the event loop calls `buffer_updated` right after a read.
    """

    __slots__ = (
        "_parser",
        "_pending",
        "_pool",
        "_task",
        "_transport",
        "idle_for",
        "idle_since",
        "is_closed",
        "keep_for",
        "origin",
    )

    def __init__(self, pool: "ConnectionPool", origin: Origin) -> None:
        self.origin = origin
        self.is_closed = False
        self.idle_for: float | None = None
        self.idle_since = 0.0
        self.keep_for = inf
        self._pool = pool
        self._parser = ResponseParser()
        self._pending: PendingRequest | None = None
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open and no unexpected bytes have arrived, which would be read as a response."""
        return (
            not self.is_closed
            and self._transport is not None
            and not wait_for_read(self._transport.get_extra_info("socket"), 0.0)
        )

    @property
    def _written(self) -> bool:
        """Whether the whole request was sent; a server may respond before it has read all of it."""
        return self._transport is not None and self._transport.get_write_buffer_size() == 0

    def exchange(self, pending: PendingRequest) -> None:
        """Send a request; `pending.finish` gets its result later."""
        self._pending = pending
        pending.holder = self
        self._parser.start(head_only=pending.request.method == "HEAD", max_body=pending.request.max_body)
        if self._transport is None:
            self._task = self._pool.loop.create_task(self._connect(pending))
            self._task.add_done_callback(self._connected)
        else:
            self._write(pending)

    def abandon(self, request: PendingRequest, error: TransportError) -> Response | TransportError:
        """Close the connection during a request, and return the result of the request."""
        self._pending = None
        self._parser.fail(error)
        result = self._parser.result()
        self.close()
        self._pool.serve()
        return result

    def abort(self, error: TransportError) -> None:
        """Close the connection, and end its request, if any, with `error`."""
        if self._pending is not None:
            self._pending.abort(error)
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self.is_closed:
            return
        self.is_closed = True
        self._pool.closing(self)
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def _connect(self, pending: PendingRequest) -> None:
        context = await self._pool.tls.get() if self.origin.scheme == "https" else None
        await connect(self, self.origin, context, pending.deadline)

    def _connected(self, task: "asyncio.Task[None]") -> None:
        self._task = None
        error = aborted() if task.cancelled() else task.exception()  # `asyncio.run` cancels all tasks in the end
        if self._pending is not None and error is not None:
            self._end(error, reusable=False)
        elif self._pending is not None:
            self._write(self._pending)
        if self.is_closed:  # uvloop doesn't always call connection_lost if the task is cancelled
            self._pool.lost(self)

    def _write(self, pending: PendingRequest) -> None:
        assert self._transport is not None
        try:
            pending.deadline.time_left()
            if pending.before_write is not None:
                pending.before_write()
        except BaseException as error:
            self._pool.loop.call_soon(self._not_written, pending, error)  # `start` returns before `done` is called
        else:
            if self._pending is pending:  # unless `before_write` cancelled it
                self._transport.write(request_head(pending.request, pending.target, self.origin) + pending.request.body)

    def _not_written(self, pending: PendingRequest, error: BaseException) -> None:
        if self._pending is pending:
            self._end(error, reusable=not self._parser.began)

    def _end(self, result: Response | BaseException, *, reusable: bool) -> None:
        pending, self._pending = self._pending, None
        assert pending is not None
        if reusable and not self.is_closed:
            self._pool.keep(self)
        else:
            self.close()
        self._pool.serve()
        pending.finish(result)

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport of asyncio."""
        self._transport = cast(asyncio.Transport, transport)
        if self.is_closed:
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer of the pool."""
        return self._pool.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse received bytes."""
        if self._pending is None:
            self.close()  # there was no request
        elif self._parser.feed(self._pool.buffer[:nbytes]):
            self._end_response()

    def _end_response(self) -> None:
        result = self._parser.result()
        if isinstance(result, Response):
            self.keep_for = keep_alive_limit(result.headers.get("keep-alive"))
        self._end(result, reusable=self._parser.reusable and self._written)

    def eof_received(self) -> None:
        """Note that the server closed its side; the event loop then closes the connection."""
        self._stream_ended(clean=self._ended_clean())

    def _ended_clean(self) -> bool:
        """Return whether TLS ended with a close_notify; without one, an attacker may have truncated the stream."""
        assert self._transport is not None
        tls: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        try:
            return tls is None or tls.read(1) == b""
        except ssl.SSLError as error:
            return isinstance(error, ssl.SSLZeroReturnError)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is closed."""
        self._stream_ended(clean=False)
        self._pool.lost(self)
        self._parser.close()

    def _stream_ended(self, *, clean: bool) -> None:
        if self._pending is None:
            self.close()
        elif self.idle_for is not None and not self._parser.began:
            self._pool.went_stale(self)
            error = TransportError("stale", "the server closed an idle connection as the request was sent")
            self._end(error, reusable=False)
        else:
            self._parser.end(clean=clean)
            self._end_response()
