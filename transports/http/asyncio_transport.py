"""`AsyncioTransport`: HTTP on the event loop, for many imports in one process."""

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
    """Sends requests over HTTP and HTTPS on the event loop, without threads.

    It needs httptools: `pip install 'spongewatch[fleet]'`. Make it anywhere and use it on one event loop, which it
    belongs to from its first request on; all tasks may share it. Connections are kept open between requests. A request
    that needs a further connection than `max_connections` waits, in order of arrival, within its timeout.

    Only the lookup of a host name and the loading of the system's certificates use a thread, the event loop's own.

    Args:
        max_connections: The number of connections that may be open at a time, to all hosts together, idle ones
            included. Default: 256.
        ca_file: A PEM file with the only certificates to trust, in place of those that the system trusts.
        ssl_context: A TLS configuration in place of `ca_file`; it has to verify certificates and host names.
        proxy: The URL of a proxy for every host but this machine, such as `http://user:password@proxy.example:3128`,
            in place of those that the environment names.
        trust_env: Whether `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` are read, now.
        clock: Returns the monotonic time in seconds by which connections are idle.

    Raises:
        InvalidType: An argument has the wrong type.
        InvalidArgument: `max_connections` is below 1, `ssl_context` verifies nothing, or there is a `ca_file` as well.
        LocalProtocolError: httptools is not installed, `ca_file` can't be read, or `proxy` is not an http:// URL.

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

        A status other than 200 needs no body: if its body fails or is late, the response has an empty body. If the
        task is cancelled, the connection closes at once.

        Args:
            request: The request to send. Methods other than GET and HEAD use a new connection.
            timeout: Seconds for the whole exchange: waiting for a connection, connecting, and reading to the last byte.
            before_write: Called when the connection is open and the request is about to be written. If it raises,
                nothing is written, and `send` raises its exception.

        Returns:
            The response.

        Raises:
            TransportError: There was no complete response. Permanent if the certificate is not trusted or the proxy
                rejects the user and password. Of kind `stale` if the server closed an idle connection as the request
                was sent.
            InvalidType: `timeout` is not a number.
            InvalidArgument: `timeout` is NaN, or HTTP doesn't allow a part of the request.
            LocalProtocolError: The transport is closed, belongs to another event loop, or there is none; the URL can't
                be requested, or the environment names an unusable proxy.

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
                return  # the task is cancelled, and has not run since
            if isinstance(result, Response):
                future.set_result(result)
            elif isinstance(result, StopIteration):  # no future takes it, and the task would wait for ever
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
        """Send `request` and call `done` with its result, once; `send` without a task.

        Args:
            request: The request to send.
            timeout: Seconds for the whole exchange, as in `send`.
            done: Called on the event loop, after `start` has returned, with the response or the exception that `send`
                would raise. If it raises, the event loop's exception handler gets the exception.
            before_write: Called when the request is about to be written, as in `send`.

        Returns:
            An object whose method `cancel()` stops the request and closes its connection; `done` is not called then.

        Raises:
            InvalidType: `timeout` is not a number.
            InvalidArgument: `timeout` is NaN, or HTTP doesn't allow a part of the request.
            LocalProtocolError: As in `send`.

        >>> import asyncio
        >>> from spongewatch.transports import Simulator
        >>> async def main(url: str):
        ...     async with AsyncioTransport() as transport:
        ...         over = asyncio.Event()
        ...         def done(result):
        ...             print(result)
        ...             over.set()
        ...         transport.start(Request("GET", f"{url}/events/1126.json"), 10, done)
        ...         await over.wait()
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
        """Close all connections and end open requests with a `TransportError`; may be called again.

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
            raise LocalProtocolError("AsyncioTransport needs a running event loop of asyncio")
        if self._pool is None:
            self._pool = self._new_pool(loop, self._tls, self._max_connections, self._clock)
        elif self._pool.loop is not loop:
            raise LocalProtocolError("an AsyncioTransport belongs to one event loop; make another one here")
        return self._pool


def _pool_class() -> "type[ConnectionPool]":
    """Load what needs httptools, which is an extra."""
    try:
        from .connection_pool import ConnectionPool
    except ModuleNotFoundError:
        raise LocalProtocolError("AsyncioTransport needs httptools: pip install 'spongewatch[fleet]'") from None
    return ConnectionPool
