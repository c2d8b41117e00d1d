"""Requests over the network, by urllib3: verified, bounded in time and size, and silent about secrets."""

import ssl
from contextlib import suppress
from functools import lru_cache
from http.client import HTTPException, IncompleteRead
from os import PathLike, fspath
from threading import Lock
from types import TracebackType
from typing import Final, Self, final

from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import parse_url

from spongewatch import MAX_BODY, LocalProtocolError, Request, Response, TransportError, __version__, shown

from .answer_body import read_body
from .connection_pool import Connection, ConnectionPool, Origin
from .guarded_socket import Allowance, GuardedTlsSocket

_OWN_HEADERS: Final = {"accept-encoding": "gzip", "user-agent": f"spongewatch/{__version__}"}
_MAX_HEAD: Final = 262_144
"""Bytes that the status line, the headers and the framing of a body may take."""

_REMEMBERED: Final = 64
"""Urls that are not taken apart again: those of a watch are all the same."""

_OTHER_NAME: Final = {62, 64}
"""OpenSSL's codes for a certificate whose names, or addresses, are not the one that was asked for."""


@final
class Urllib3Transport:
    """Sends requests over HTTP and HTTPS; to be shared by threads and by sessions.

    It holds at most `connections` connections, over all hosts; whoever needs one more waits for it, within
    its time-out. They stay open from one request to the next, until `close`. Certificates are verified
    against those that the system trusts, or against `ca_file` alone, PEM. No body is larger than `max_body`
    bytes, uncompressed. Proxies named in the environment are not used. Raises `LocalProtocolError` for a
    number below 1 and for a `ca_file` that can't be read.

    >>> with Urllib3Transport(connections=4) as transport:
    ...     transport.send(Request("GET", "ftp://api.example/events/1126"), timeout=10)
    Traceback (most recent call last):
    spongewatch.errors.LocalProtocolError: the url of a request starts with http:// or https://, and a host follows
    """

    def __init__(
        self, *, connections: int = 10, ca_file: str | PathLike[str] | None = None, max_body: int = MAX_BODY
    ) -> None:
        self._max_body = _at_least_one("max_body", max_body)
        self._pool = ConnectionPool(_at_least_one("connections", connections), self._connection)
        self._parts = lru_cache(_REMEMBERED)(_parts)
        self._lock = Lock()
        # The system's certificates take as long to load as 80 polls do: not before they are needed.
        self._tls = None if ca_file is None else _tls_context(fspath(ca_file))

    def send(self, request: Request, *, timeout: float) -> Response:
        """The answer to `request`, whatever its status, whole within `timeout` seconds.

        The time counts for all of it: waiting for a connection, making it, and reading to the last byte;
        only looking up the host's name can't be cut short. There is no retry and no redirect.

        Raises `TransportError`, permanent for a certificate that is not to be trusted, and
        `LocalProtocolError` after `close` and for a request that HTTP can't carry.
        """
        origin, target = self._parts(request.url)
        allowance = Allowance(timeout, self._max_body + _MAX_HEAD)
        connection = self._pool.take(origin, allowance)
        again = False
        try:
            response = self._exchange(connection, request, target, allowance)
            again = response.status >= 200  # after any other, the answer proper may be on its way
            return response
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            failure = _told(error)  # and raised below: raised here, it would carry `error`, and what that quotes
        finally:
            if not again:
                connection.close()
            self._pool.give_back(connection)
        raise failure

    def close(self) -> None:
        """Close all connections, those in use as soon as their answer is there; may be called again."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, connection: Connection, request: Request, target: str, allowance: Allowance) -> Response:
        answer = connection.exchange(request.method, target, {**_OWN_HEADERS, **request.headers}, allowance)
        try:
            body = read_body(answer, self._max_body)
        finally:
            answer.close()
        return Response(answer.status, {name.lower(): value for name, value in answer.headers.itermerged()}, body)

    def _connection(self, origin: Origin) -> Connection:
        return Connection(origin, self._tls_of_all() if origin.scheme == "https" else None)

    def _tls_of_all(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = _tls_context(None)
            return self._tls


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


def _parts(url: str) -> tuple[Origin, str]:
    parsed = None
    with suppress(LocationParseError):  # whose text is the url
        parsed = parse_url(url)
    if parsed is None:
        raise LocalProtocolError("the url of a request can't be read")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise LocalProtocolError("the url of a request starts with http:// or https://, and a host follows")
    if parsed.auth is not None:
        raise LocalProtocolError("credentials stand in a header of a request, not in its url")
    port = parsed.port if parsed.port is not None else 443 if parsed.scheme == "https" else 80
    return Origin(parsed.scheme, parsed.host.strip("[]"), port), parsed.request_uri


def _told(error: Exception) -> TransportError:
    """What is told of `error`, in words of our own: its text may hold what the service sent."""
    match error.__cause__ if isinstance(error, HTTPError) and error.__cause__ is not None else error:
        case ssl.SSLCertVerificationError() as problem:
            return TransportError("tls", _certificate_problem(problem), permanent=True)
        case ssl.SSLError() as problem:
            return TransportError("tls", f"TLS failed: {problem.reason or 'the connection was closed'}")
        case IncompleteRead():
            return TransportError("reset", "the answer broke off")
        case OSError():
            return TransportError("reset", "the connection broke off")
        case _:
            return TransportError("protocol", "the answer is not HTTP")


def _certificate_problem(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _OTHER_NAME:
        return "the certificate of the service is for another name"
    return f"the certificate of the service is not trusted: {error.verify_message}"
