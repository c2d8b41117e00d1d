"""`Urllib3Transport`: requests over the network, limited in time and size, without secrets in logs and errors."""

import os
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from http.client import HTTPException
from time import monotonic
from types import NoneType, TracebackType
from typing import Final, Self, final
from weakref import ref

from urllib3.exceptions import HTTPError

from ...core import InvalidType, LocalProtocolError, Request, Response, TransportError
from ...core._shared import Secret
from ..arguments import at_least_one
from ..deadline import Deadline
from ..forking import reset_after_fork
from ..unpicklable import Unpicklable
from .connection import Connection
from .error_translation import as_transport_error
from .green_threads import refuse_green_threads
from .idle_connections import IdleConnections
from .origins import Origin, Routes
from .proxies import Proxies
from .response_body import ResponseBody
from .sending import Sending
from .tls import given_context, system_context

_PIECE: Final = 16_384

_CHECK_AGAIN: Final = 1.0
"""Seconds after which a waiting request counts those before it again; an aborted one wakes none of them."""

_REMEMBERED: Final = 64
"""Number of origins whose connections are kept."""


@final
class Urllib3Transport(Unpicklable):
    """A `Transport` for HTTP and HTTPS; threads and watches can share it.

    It sends at most `connections` requests at a time; others wait for their turn, within their timeouts. Connections
    are kept open between requests until `close`. An exception at any moment, such as `KeyboardInterrupt`, costs at most
    one connection. A forked process opens connections of its own. `with` closes the transport at the end.

    Args:
        connections: The maximum number of simultaneous requests.
        ca_file: A PEM file with the only certificates to trust, in place of those of the system.
        ssl_context: A TLS configuration in place of `ca_file`. It must verify certificates and host names.
        proxy: The URL of a proxy for every host except this machine, such as `http://user:password@proxy.example:3128`,
            in place of those that the environment names.
        trust_env: Whether to read `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, once, now.
        clock: Returns the monotonic time in seconds, to measure how long connections are idle.

    Raises:
        InvalidType: `connections` is not an int, `ca_file` not a path, `ssl_context` not an `ssl.SSLContext`, or
            `proxy` not a str.
        InvalidArgument: `connections` is less than 1, `ca_file` can't be read, `ssl_context` does not verify, both are
            given, or `proxy` is not the URL of an HTTP proxy.

    >>> from spongewatch.transports import Simulator
    >>> with Simulator("skips") as service, Urllib3Transport(connections=4) as transport:
    ...     transport.send(Request("GET", f"{service.base_url}/events/1126.json"), timeout=10)
    Response(status=401)
    """

    def __init__(
        self,
        *,
        connections: int = 10,
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
        self._connections = at_least_one("connections", connections)
        self._clock = clock
        self._routes = Routes(Proxies(proxy, trust_env=trust_env))
        # Loading the system's certificates takes as long as 80 polls, so the first request over TLS does it.
        self._tls = given_context(ssl_context, ca_file)
        self._idle: dict[Origin, IdleConnections[Connection]] = {}
        self._open: dict[ref[Sending], None] = {}  # in order of arrival
        self._closed = False
        self._forked_during_tls = False
        reset_after_fork(self, Urllib3Transport._reset)

    def send(self, request: Request, *, timeout: float) -> Response:
        """Send `request` and return its response, whatever its status, without retries and redirects.

        A status other than 200 needs no body: if its body fails or is late, the response has an empty body.

        Args:
            request: The request to send. Methods other than GET and HEAD use a new connection.
            timeout: Seconds for the whole exchange: waiting for other requests, connecting, and reading to the last
                byte. The lookup of a host name can't be interrupted and may take longer.

        Returns:
            The response.

        Raises:
            TransportError: There was no complete response. Permanent if the certificate is not trusted or the proxy
                rejects the user and password. Its kind is `stale` if the server closed an idle connection as the
                request was sent.
            InvalidType: `timeout` is not a number.
            InvalidArgument: `timeout` is NaN, the request can't be sent, for example because of its URL, or the
                environment names an unusable proxy.
            LocalProtocolError: The transport is closed, or blocking calls don't work here: under eventlet, under gevent
                that was patched too late, or in a task of trio.

        >>> with Urllib3Transport() as transport:
        ...     transport.send(Request("GET", "ftp://api.example/events/1126.json"), timeout=10)
        Traceback (most recent call last):
        spongewatch.core.errors.InvalidArgument: url must start with http:// or https:// and a host
        """
        return self.sending(request, timeout=timeout).run()

    def sending(self, request: Request, *, timeout: float) -> Sending:
        """Prepare a request that another thread can abort, for `ThreadedTransport`; its timeout starts now.

        Args:
            request: The request to send.
            timeout: Seconds for the whole exchange, as in `send`.

        Returns:
            An object with two methods: `run()` sends the request and does what `send` does, and `interrupt()` makes it
            raise a `TransportError`.

        Raises:
            InvalidType: `timeout` is not a number.
            InvalidArgument: `timeout` is NaN, or the URL can't be requested.
            LocalProtocolError: Blocking calls don't work here, as in `send`.

        >>> with Urllib3Transport() as transport:
        ...     sending = transport.sending(Request("GET", "http://127.0.0.1:1/events/1126.json"), timeout=1)
        ...     sending.interrupt()
        ...     sending.run()
        Traceback (most recent call last):
        spongewatch.core.errors.TransportError: reset: the request was aborted
        """
        refuse_green_threads()
        deadline = Deadline(timeout)
        origin, target = self._routes.find(Secret(request.url))
        fresh = request.method not in ("GET", "HEAD")
        secure = origin.scheme == "https"
        return Sending(partial(self._send, request, origin), target, deadline, fresh=fresh, secure=secure)

    def close(self) -> None:
        """Close all connections and abort open requests; can be called from any thread, and twice.

        >>> transport = Urllib3Transport()
        >>> transport.close()
        >>> transport.send(Request("GET", "http://127.0.0.1:1/events/1126.json"), timeout=10)
        Traceback (most recent call last):
        spongewatch.core.errors.LocalProtocolError: the transport is closed
        """
        self._closed = True
        for sending in self._alive():
            sending.interrupt()
        while self._idle:
            with suppress(KeyError):  # another thread closed it
                self._idle.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, request: Request, origin: Origin, sending: Sending) -> Response:
        requests = self._open
        mine = ref(sending, lambda dead: requests.pop(dead, None))
        requests[mine] = None
        try:
            self._wait(sending)
            return self._exchange_translated(request, origin, sending)
        finally:
            requests.pop(mine, None)
            if len(self._open) >= self._connections:
                for other in self._alive()[: self._connections]:
                    other.wake()

    def _wait(self, sending: Sending) -> None:
        """Wait until fewer than `connections` requests are before this one."""
        while not self._closed:
            if len(self._open) <= self._connections or self._alive().index(sending) < self._connections:
                return
            if not sending.wait(_CHECK_AGAIN):
                raise TransportError("timeout", "all connections were in use by other requests")
        raise LocalProtocolError("the transport is closed")

    def _alive(self) -> list[Sending]:
        """Return the requests that wait or are being sent, in order of arrival.

        They are weak references, so that a request that an exception ended at any moment no longer counts.
        """
        return [sending for each in list(self._open) if (sending := each()) is not None]

    def _exchange_translated(self, request: Request, origin: Origin, sending: Sending) -> Response:
        try:
            with as_transport_error(HTTPError, HTTPException, OSError, ValueError):
                return self._exchange(request, origin, sending)
        except TransportError as error:
            failure = error
            if sending.interrupted:
                failure = sending.aborted()
            elif error.kind == "timeout" and not error.detail.startswith("proxy: "):
                failure = sending.deadline.expired()
            raise failure from None

    def _exchange(self, request: Request, origin: Origin, sending: Sending) -> Response:
        sending.time_left()
        idle = self._idle_connections(origin)
        if sending.fresh:
            idle.discard_one()
        connection = (None if sending.fresh else idle.take()) or Connection(origin, self._context(origin))
        whole = False
        try:
            response = connection.exchange(request, sending)
            body = ResponseBody(response.status, response.headers.get("content-encoding"), request.max_body)
            with closing(response), body:
                while not response.closed:
                    body.feed(response.read(_PIECE))  # not in a local variable: it may contain a secret
            headers = {name.lower(): value for name, value in response.headers.itermerged()}
            result = Response(response.status, headers, body.finish())
            whole = not body.dropped
        except TransportError as error:
            if error.kind == "stale":
                idle.ended(connection.idle_for or 0.0)
            raise
        finally:
            sending.release()
            if whole and not self._closed:
                idle.keep(connection)
            else:
                connection.close()
        return result

    def _idle_connections(self, origin: Origin) -> IdleConnections[Connection]:
        idle = self._idle.get(origin)
        if idle is None:
            idle = self._idle.setdefault(origin, IdleConnections(self._clock))
            for oldest in list(self._idle)[:-_REMEMBERED]:
                with suppress(KeyError):  # another thread removed it
                    self._idle.pop(oldest).close()
        return idle

    def _context(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme == "http":
            return None
        if self._forked_during_tls:  # threads that don't exist here may hold locks of OpenSSL for ever
            raise LocalProtocolError(
                "this process was forked during requests over TLS; fork before sending any, or use the spawn method"
            )
        if self._tls is None:
            self._tls = system_context()
        return self._tls

    def _reset(self) -> None:
        """Leave the parent's connections alone after a fork, or both processes would read parts of one response."""
        requests, self._open = self._alive(), {}
        self._forked_during_tls |= any(sending.secure for sending in requests)
        for sending in requests:
            sending.close_in_child()
        while self._idle:
            self._idle.popitem()[1].close()
