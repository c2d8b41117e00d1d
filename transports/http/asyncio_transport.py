"""`AsyncioTransport`: HTTP on the event loop of asyncio, for many imports in one process."""

import asyncio
import os
import ssl
from collections.abc import Callable
from time import monotonic
from types import NoneType, TracebackType
from typing import TYPE_CHECKING, Self, final

from ...core import InvalidType, LocalProtocolError, Request, Response
from ...core._shared import Secret
from ..arguments import at_least_one
from ..deadline import Deadline
from ..unpicklable import Unpicklable
from .origins import Routes
from .pending_request import PendingRequest
from .proxies import Proxies
from .request_head import check_request
from .tls import SharedContext, given_context

if TYPE_CHECKING:
    from .connection_pool import ConnectionPool


@final
class AsyncioTransport(Unpicklable):
    """An `AsyncTransport` for HTTP and HTTPS that sends on the event loop, without threads.

    It needs an extra: `pip install "spongewatch[fleet]"`. All tasks of one event loop can share it; from its first
    request on it belongs to that event loop. Connections are kept open between requests. If `max_connections` are in
    use, further requests wait for one, within their timeouts. `async with` closes the transport at the end.

    Only the lookup of host names and the loading of the system's certificates use a thread, of the event loop's
    default executor.

    Args:
        max_connections: The maximum number of open connections, to all hosts together and including idle ones; 256 by
            default.
        ca_file: A PEM file with the only certificates to trust, in place of those of the system.
        ssl_context: A TLS configuration in place of `ca_file`. It must verify certificates and host names.
        proxy: The URL of a proxy for every host except this machine, such as `http://user:password@proxy.example:3128`,
            in place of those that the environment names.
        trust_env: Whether to read `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, once, now.
        clock: Returns the monotonic time in seconds, to measure how long connections are idle.

    Raises:
        InvalidType: `max_connections` is not an int, `ca_file` not a path, `ssl_context` not an `ssl.SSLContext`, or
            `proxy` not a str.
        InvalidArgument: `max_connections` is less than 1, `ca_file` can't be read, `ssl_context` does not verify, both
            are given, or `proxy` is not the URL of an HTTP proxy.
        LocalProtocolError: httptools is not installed.

    >>> import asyncio
    >>> from spongewatch import Credentials
    >>> from spongewatch.transports import Simulator, wait_async
    >>> async def main(url: str):
    ...     async with AsyncioTransport() as transport:
    ...         credentials = Credentials("demo-key", "demo-password")
    ...         return await wait_async("1126", credentials, base_url=url, transport=transport)
    >>> with Simulator("skips") as service:
    ...     asyncio.run(main(service.base_url))
    Completed(contact_count=2340)
    """

    def __init__(
        self,
        *,
        max_connections: int = 256,
        ca_file: str | os.PathLike[str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        kind = type(proxy)
        proxy = Secret(proxy) if isinstance(proxy, str) else None
        if proxy is None and kind is not NoneType:
            raise InvalidType(f"proxy must be a str, not {kind.__name__}")
        self._max_connections = at_least_one("max_connections", max_connections)
        self._routes = Routes(Proxies(proxy, trust_env=trust_env))
        self._tls = SharedContext(given_context(ssl_context, ca_file))
        self._clock = clock
        self._new_pool = _pool_class()
        self._pool: ConnectionPool | None = None
        self._closed = False

    async def send(
        self, request: Request, *, timeout: float, before_write: Callable[[], object] | None = None
    ) -> Response:
        """Send `request` and return its response, whatever its status, without retries and redirects.

        A status other than 200 needs no body: if its body fails or is late, the response has an empty body. Cancelling
        the task closes the connection.

        Args:
            request: The request to send. Methods other than GET and HEAD use a new connection.
            timeout: Seconds for the whole exchange: waiting for a connection, connecting, and reading to the last byte.
            before_write: Called without arguments when the connection is open, just before the request is written. If
                it raises, nothing is written, and `send` raises the exception.

        Returns:
            The response.

        Raises:
            TransportError: There was no complete response. Permanent if the certificate is not trusted or the proxy
                rejects the user and password. Its kind is `stale` if the server closed an idle connection as the
                request was sent.
            InvalidType: `timeout` is not a number.
            InvalidArgument: `timeout` is NaN, the request can't be sent, for example because of its URL, or the
                environment names an unusable proxy.
            LocalProtocolError: The transport is closed or belongs to another event loop, or no asyncio event loop is
                running.

        >>> import asyncio
        >>> from spongewatch.transports import Simulator
        >>> async def main(url: str):
        ...     async with AsyncioTransport() as transport:
        ...         return await transport.send(Request("GET", f"{url}/events/1126.json"), timeout=10)
        >>> with Simulator("skips") as service:
        ...     asyncio.run(main(service.base_url))
        Response(status=401)
        """
        future: asyncio.Future[Response] = self._pool_here().loop.create_future()

        def settle(result: Response | BaseException) -> None:
            if future.cancelled():
                return  # the task was cancelled, but has not run since
            if isinstance(result, Response):
                future.set_result(result)
            elif isinstance(result, StopIteration):  # a future doesn't accept it, so the task would hang
                future.set_exception(RuntimeError("before_write raised StopIteration"))
            else:
                future.set_exception(result)

        pending = self.start(request, timeout, settle, before_write)
        try:
            return await future
        finally:
            pending.cancel()

    def start(
        self,
        request: Request,
        timeout: float,
        done: Callable[[Response | BaseException], object],
        before_write: Callable[[], object] | None = None,
    ) -> PendingRequest:
        """Send `request` without a task, and call `done` once with its result.

        Args:
            request: The request to send.
            timeout: Seconds for the whole exchange, as in `send`.
            done: Called on the event loop with the response, or with the exception that `send` would raise, but never
                before `start` returns. The event loop's exception handler gets the exceptions that it raises.
            before_write: Called just before the request is written, as in `send`.

        Returns:
            An object whose method `cancel()` aborts the request and closes its connection; `done` is not called then.

        Raises:
            InvalidType: As in `send`.
            InvalidArgument: As in `send`.
            LocalProtocolError: As in `send`.

        >>> import asyncio
        >>> from spongewatch.transports import Simulator
        >>> async def main(url: str):
        ...     async with AsyncioTransport() as transport:
        ...         ended = asyncio.Event()
        ...         def done(result):
        ...             print(result)
        ...             ended.set()
        ...         transport.start(Request("GET", f"{url}/events/1126.json"), 10, done)
        ...         await ended.wait()
        >>> with Simulator("skips") as service:
        ...     asyncio.run(main(service.base_url))
        Response(status=401)
        """
        pool = self._pool_here()
        deadline = Deadline(timeout)
        route = self._routes.find(Secret(request.url))
        check_request(request, route[1])
        pending = PendingRequest(pool.loop, request, route, deadline, done, before_write)
        pool.submit(pending)
        return pending

    async def close(self) -> None:
        """Close all connections and abort open requests; closing twice is allowed.

        Raises:
            LocalProtocolError: The transport belongs to another event loop.

        >>> import asyncio
        >>> asyncio.run(AsyncioTransport().close())
        """
        pool = None if self._pool is None else self._pool_of_this_loop()
        self._closed = True
        if pool is not None:
            await pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _pool_here(self) -> "ConnectionPool":
        if self._closed:
            raise LocalProtocolError("the transport is closed")
        return self._pool_of_this_loop()

    def _pool_of_this_loop(self) -> "ConnectionPool":
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if loop is None:
            raise LocalProtocolError("AsyncioTransport needs a running asyncio event loop")
        if self._pool is None:
            self._pool = self._new_pool(loop, self._tls, self._max_connections, self._clock)
        elif self._pool.loop is not loop:
            raise LocalProtocolError("this AsyncioTransport belongs to another event loop; make one for each")
        return self._pool


def _pool_class() -> "type[ConnectionPool]":
    """Import the modules that need httptools, which is an extra."""
    try:
        from .connection_pool import ConnectionPool
    except ModuleNotFoundError:
        raise LocalProtocolError(
            'AsyncioTransport needs httptools; install the extra: pip install "spongewatch[fleet]"'
        ) from None
    return ConnectionPool
