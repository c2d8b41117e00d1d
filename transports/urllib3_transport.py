"""Requests over the network, by urllib3: verified, bounded in time and size, and silent about secrets."""

import os
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from http.client import HTTPException
from threading import Lock
from types import TracebackType
from typing import Final, Self, final

from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import parse_url

from spongewatch import MAX_BODY, LocalProtocolError, Request, Response, __version__, shown

from .answer_body import AnswerBody
from .connection_pool import Connection, ConnectionPool, Origin
from .error_translation import as_transport_error
from .forking import when_forked
from .guarded_socket import Allowance, GuardedTlsSocket
from .proxies import HOST, Proxies
from .unpicklable import Unpicklable

_OWN_HEADERS: Final = {"accept-encoding": "gzip", "user-agent": f"spongewatch/{__version__}"}
_PIECE: Final = 16_384
_MAX_HEAD: Final = 262_144
"""Bytes that the status line, the headers and the framing of a body may take."""

_REMEMBERED: Final = 64
"""Urls that are not taken apart again: those of a watch are all the same."""


@final
class Urllib3Transport(Unpicklable):
    """Sends requests over HTTP and HTTPS; to be shared by threads and by sessions.

    It holds at most `connections` connections, over all hosts; whoever needs one more waits for it, within
    its time-out, the longest waiting first. They stay open from one request to the next, until `close`; a process
    that is forked off makes its own. Certificates are verified against those that the system trusts, or against
    `ca_file` alone, PEM. No body is larger than `max_body` bytes, uncompressed.

    `proxy`, a url such as `http://user:password@proxy.example:3128`, leads to every host. Where there is none, the
    variables `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy` are read when the transport is made, unless
    `trust_env` is False. This machine itself is never reached by way of a proxy.

    Raises `LocalProtocolError` for a number below 1, for a `ca_file` that can't be read, and for a `proxy` that is
    no http:// url.

    >>> with Urllib3Transport(connections=4) as transport:
    ...     transport.send(Request("GET", "ftp://api.example/events/1126"), timeout=10)
    Traceback (most recent call last):
    spongewatch.errors.LocalProtocolError: the url of a request starts with http:// or https://, and a host follows
    """

    def __init__(
        self,
        *,
        connections: int = 10,
        ca_file: str | os.PathLike[str] | None = None,
        max_body: int = MAX_BODY,
        proxy: str | None = None,
        trust_env: bool = True,
    ) -> None:
        self._max_body = _at_least_one("max_body", max_body)
        self._pool = ConnectionPool(_at_least_one("connections", connections), self._connection)
        proxies = Proxies(os.environ if trust_env else {}, proxy)
        self._route = lru_cache(_REMEMBERED)(partial(_route, proxies))
        # The system's certificates take as long to load as 80 polls do: not before they are needed.
        self._tls = None if ca_file is None else _tls_context(os.fspath(ca_file))
        self._under_way: set[Allowance] = set()
        self._forked_amid_tls = False
        self._make_locks()
        when_forked(self, Urllib3Transport._begin_anew)

    def _make_locks(self) -> None:
        self._tls_lock = Lock()  # held while certificates load
        self._lock = Lock()

    def _begin_anew(self) -> None:
        """Leave to the parent process what is open: two that read from one socket would get parts of answers."""
        self._make_locks()
        self._pool = self._pool.left_to_parent()
        self._forked_amid_tls |= bool(self._under_way) and self._tls is not None
        while self._under_way:
            self._under_way.pop().leave()

    def send(self, request: Request, *, timeout: float) -> Response:
        """The answer to `request`, whatever its status, whole within `timeout` seconds.

        The time counts for all of it: waiting for a connection, making it, and reading to the last byte;
        only looking up the host's name can't be cut short. There is no retry and no redirect.

        Raises `TransportError`, permanent for a certificate that is not to be trusted and for a proxy that wants
        another password, and `LocalProtocolError` after `close`, for a request that HTTP can't carry, and where
        the environment names a proxy that can't be used.
        """
        return self.sending(request, timeout=timeout).run()

    def sending(self, request: Request, *, timeout: float) -> "Sending":
        """A request that is to be sent, to be cut off from another thread; its time counts from now.

        Raises `LocalProtocolError` as `send` does, but for `close`.
        """
        origin, target = self._route(request.url)
        allowance = Allowance(timeout, self._max_body + _MAX_HEAD)
        return Sending(partial(self._send, request, origin, target, allowance), allowance)

    def close(self) -> None:
        """Close all connections, and cut off the requests under way; from any thread, and more than once."""
        self._pool.close()
        with self._lock:
            under_way = [*self._under_way]
        for allowance in under_way:
            allowance.revoke()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, request: Request, origin: Origin, target: str, allowance: Allowance) -> Response:
        with self._lock:
            self._under_way.add(allowance)
        try:
            return self._answer(request, origin, target, allowance)
        finally:
            with self._lock:
                self._under_way.discard(allowance)  # gone in a process that was forked meanwhile

    def _answer(self, request: Request, origin: Origin, target: str, allowance: Allowance) -> Response:
        pool = self._pool
        connection = pool.take(origin, allowance)
        again = False
        try:
            with as_transport_error(HTTPError, HTTPException, OSError, ValueError):
                response = self._exchange(connection, request, target, allowance)
            again = response.status >= 200  # after any other, the answer proper may be on its way
            return response
        finally:
            allowance.let_go()
            if not again:
                connection.close()
            pool.give_back(connection)

    def _exchange(self, connection: Connection, request: Request, target: str, allowance: Allowance) -> Response:
        answer = connection.exchange(request.method, target, {**_OWN_HEADERS, **request.headers}, allowance)
        body = AnswerBody(answer.headers.get("content-encoding"), self._max_body)
        try:
            while piece := answer.read(_PIECE, decode_content=False):
                body.feed(piece)
        finally:
            answer.close()
        headers = {name.lower(): value for name, value in answer.headers.itermerged()}
        return Response(answer.status, headers, body.finish())

    def _connection(self, origin: Origin) -> Connection:
        return Connection(origin, self._tls_of_all() if origin.scheme == "https" else None)

    def _tls_of_all(self) -> ssl.SSLContext:
        if self._forked_amid_tls:  # OpenSSL's own locks may be held by threads that are not here, for ever
            raise LocalProtocolError(
                "this process was forked while requests were under way over TLS: fork before, or start it by spawn"
            )
        with self._tls_lock:
            if self._tls is None:
                self._tls = _tls_context(None)
            return self._tls


@final
class Sending(Unpicklable):
    """A request that has not left yet, or is under way; made by `Urllib3Transport.sending`.

    >>> with Urllib3Transport() as transport:
    ...     sending = transport.sending(Request("GET", "http://127.0.0.1:1/events/1126.json"), timeout=1)
    ...     sending.interrupt()
    ...     sending.run()
    Traceback (most recent call last):
    spongewatch.errors.TransportError: reset: the request was cut off
    """

    def __init__(self, send: Callable[[], Response], allowance: Allowance) -> None:
        self._send = send
        self._allowance = allowance

    def run(self) -> Response:
        """Send it, once; gives what `send` gives, and raises what it raises."""
        return self._send()

    def interrupt(self) -> None:
        """Cut it off, from any thread: `run` raises a `TransportError`, and sends nothing more."""
        self._allowance.revoke()


def _at_least_one(name: str, value: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise LocalProtocolError(f"{name} is a whole number of at least 1, not {shown(value)}")


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        raise LocalProtocolError(f"no certificates can be read from the ca_file {shown(ca_file)}") from None
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = GuardedTlsSocket
    return context


def _route(proxies: Proxies, url: str) -> tuple[Origin, str]:
    """Where the request goes, and what it asks for there."""
    parsed = None
    with suppress(LocationParseError):  # whose text is the url
        parsed = parse_url(url)
    if parsed is None:
        raise LocalProtocolError("the url of a request can't be read")
    if parsed.scheme not in ("http", "https") or not parsed.host or not HOST.fullmatch(parsed.host):
        raise LocalProtocolError("the url of a request starts with http:// or https://, and a host follows")
    if parsed.auth is not None:
        raise LocalProtocolError("credentials stand in a header of a request, not in its url")
    port = parsed.port if parsed.port is not None else 443 if parsed.scheme == "https" else 80
    host = parsed.host.strip("[]")
    proxy = proxies.leading_to(parsed.scheme, host, port)
    whole = proxy is not None and parsed.scheme == "http"  # the proxy has to be told the host too
    target = f"http://{parsed.netloc}{parsed.request_uri}" if whole else parsed.request_uri
    return Origin(parsed.scheme, host, port, proxy), target
