"""Requests over the network, by urllib3: verified, bounded in time and size, and silent about secrets."""

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
from ...core._shared import Secret, shown
from ..deadline import Deadline
from ..forking import when_forked
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

_LOOK_AGAIN: Final = 1.0
"""Seconds between two looks of a waiting request at those before it; one that died leaves without a word."""

_REMEMBERED: Final = 64
"""Origins whose connections are kept."""


@final
class Urllib3Transport(Unpicklable):
    """Sends requests over HTTP and HTTPS; threads and sessions may share it.

    At most `connections` requests are under way at a time, and as many connections to one host are kept open between
    requests, until `close`. A request beyond that waits, in order of arrival, within its timeout. An exception at any
    moment, such as `KeyboardInterrupt`, costs at most a connection. A forked process opens connections of its own.

    Args:
        connections: The number of requests that may be under way at a time.
        ca_file: A PEM file with the only certificates to trust, in place of those that the system trusts.
        ssl_context: A TLS configuration in place of `ca_file`; it has to verify certificates and host names.
        proxy: The URL of a proxy for every host but this machine, such as `http://user:password@proxy.example:3128`,
            in place of those that the environment names.
        trust_env: Whether `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` are read, now.
        clock: Returns the monotonic time in seconds by which connections are idle.

    Raises:
        LocalProtocolError: `connections` is below 1, `ca_file` can't be read, or `proxy` is no http:// URL.
        InvalidType: `ssl_context` is no `ssl.SSLContext`, or `proxy` no str.
        InvalidArgument: `ssl_context` verifies nothing, or there is a `ca_file` as well.

    >>> with Urllib3Transport(connections=4) as transport:
    ...     transport.send(Request("GET", "ftp://api.example/events/1126"), timeout=10)
    Traceback (most recent call last):
    spongewatch.core.errors.LocalProtocolError: the url of a request starts with http:// or https://, and a host follows
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
        self._connections = _at_least_one("connections", connections)
        self._clock = clock
        self._routes = Routes(Proxies(proxy, trust_env=trust_env))
        # The system's certificates take as long to load as 80 polls do, so they are loaded for the first request.
        self._tls = given_context(ssl_context, ca_file)
        self._idle: dict[Origin, IdleConnections[Connection]] = {}
        self._under_way: dict[ref[Sending], None] = {}  # in order of arrival
        self._closed = False
        self._forked_amid_tls = False
        when_forked(self, Urllib3Transport._begin_anew)

    def send(self, request: Request, *, timeout: float) -> Response:
        """Return the response to `request`, whatever its status.

        There is no retry and no redirect. A status other than 200 is known once its head has arrived: if its body
        fails, or is late, the response has an empty body.

        Args:
            request: What to send. Methods other than GET and HEAD get a fresh connection.
            timeout: Seconds for all of it: waiting for other requests, connecting, and reading to the last byte. Only
                the lookup of a host name can't be cut short.

        Raises:
            TransportError: There was no response. Permanent for a certificate that is not trusted and for a proxy
                that wants another password. Of kind `stale` if the server closed an idle connection as the request
                was sent.
            LocalProtocolError: The transport is closed, HTTP can't carry the request, the environment names a proxy
                that can't be used, or blocking calls don't work here (eventlet, gevent patched too late, trio).
            InvalidType: `timeout` is no number.
            InvalidArgument: `timeout` is NaN.
        """
        return self.sending(request, timeout=timeout).run()

    def sending(self, request: Request, *, timeout: float) -> Sending:
        """Prepare a request that another thread can cut off; its time counts from now. Raises as `send` does."""
        refuse_green_threads()
        deadline = Deadline(timeout)
        origin, target = self._routes.find(Secret(request.url))
        fresh = request.method not in ("GET", "HEAD")
        secure = origin.scheme == "https"
        return Sending(partial(self._send, request, origin), target, deadline, fresh=fresh, secure=secure)

    def close(self) -> None:
        """Close all connections, and cut off the requests under way; from any thread, and more than once."""
        self._closed = True
        for sending in self._alive():
            sending.interrupt()
        while self._idle:
            with suppress(KeyError):  # closed by another thread
                self._idle.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, request: Request, origin: Origin, sending: Sending) -> Response:
        under_way = self._under_way
        mine = ref(sending, lambda dead: under_way.pop(dead, None))
        under_way[mine] = None
        try:
            self._wait(sending)
            return self._translated(request, origin, sending)
        finally:
            under_way.pop(mine, None)
            if len(self._under_way) >= self._connections:
                for other in self._alive()[: self._connections]:
                    other.look_again()

    def _wait(self, sending: Sending) -> None:
        """Wait until fewer than `connections` requests are before this one."""
        while not self._closed:
            if len(self._under_way) <= self._connections or self._alive().index(sending) < self._connections:
                return
            if not sending.wait(_LOOK_AGAIN):
                raise TransportError("timeout", "all connections were in use by other requests")
        raise LocalProtocolError("the transport is closed")

    def _alive(self) -> list[Sending]:
        """Return the requests that wait or are under way, in order of arrival.

        Weak references count them: a request that an exception ended at any moment is not among them any more.
        """
        return [sending for each in list(self._under_way) if (sending := each()) is not None]

    def _translated(self, request: Request, origin: Origin, sending: Sending) -> Response:
        try:
            with as_transport_error(HTTPError, HTTPException, OSError, ValueError):
                return self._exchange(request, origin, sending)
        except TransportError as error:
            failure = error
            if sending.cut_off:
                failure = TransportError("reset", "the request was cut off")
            elif error.kind == "timeout" and not error.detail.startswith("the proxy"):
                failure = sending.deadline.expired()
            raise failure from None

    def _exchange(self, request: Request, origin: Origin, sending: Sending) -> Response:
        sending.time_left()
        idle = self._idle_to(origin)
        if sending.fresh:
            idle.discard_one()
        connection = (None if sending.fresh else idle.take()) or Connection(origin, self._context(origin))
        whole = False
        try:
            response = connection.exchange(request, sending)
            body = ResponseBody(response.status, response.headers.get("content-encoding"), request.max_body)
            with closing(response), body:
                while not response.closed:
                    body.feed(response.read(_PIECE))  # no local variable holds the piece: it may repeat a secret
            headers = {name.lower(): value for name, value in response.headers.itermerged()}
            result = Response(response.status, headers, body.finish())
            whole = not body.dropped
        except TransportError as error:
            if error.kind == "stale":
                idle.ended(connection.idle_for or 0.0)
            raise
        finally:
            sending.let_go()
            if whole and not self._closed:
                idle.keep(connection)
            else:
                connection.close()
        return result

    def _idle_to(self, origin: Origin) -> IdleConnections[Connection]:
        idle = self._idle.get(origin)
        if idle is None:
            idle = self._idle.setdefault(origin, IdleConnections(self._clock))
            for oldest in list(self._idle)[:-_REMEMBERED]:
                with suppress(KeyError):  # removed by another thread
                    self._idle.pop(oldest).close()
        return idle

    def _context(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme == "http":
            return None
        if self._forked_amid_tls:  # OpenSSL's own locks may be held by threads that are not here, for ever
            raise LocalProtocolError(
                "this process was forked while requests were under way over TLS: fork before, or start it by spawn"
            )
        if self._tls is None:
            self._tls = system_context()
        return self._tls

    def _begin_anew(self) -> None:
        """Leave the parent's connections alone after a fork; two processes would read parts of one response each."""
        under_way, self._under_way = self._alive(), {}
        self._forked_amid_tls |= any(sending.secure for sending in under_way)
        for sending in under_way:
            sending.leave_to_parent()
        while self._idle:
            self._idle.popitem()[1].close()


def _at_least_one(name: str, value: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise LocalProtocolError(f"{name} is a whole number of at least 1, not {shown(value)}")
