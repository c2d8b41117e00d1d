"""Connections that stay open from one request to the next, and never more of them than agreed.

They are urllib3's; its own pool is passed over, for it counts them for each host apart and logs the query of
each request.
"""

import http.client
import re
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any, NamedTuple, final

from urllib3.connection import HTTPConnection
from urllib3.response import BaseHTTPResponse

from spongewatch import LocalProtocolError, TransportError

from .answer_file import AnswerFile, Reads
from .chunked_body import ChunkedBody
from .error_translation import as_transport_error
from .guarded_socket import Allowance, GuardedSocket, connected, secured
from .proxies import Proxy

_LENGTH = re.compile("[0-9]{1,15}")
_HINTS = range(102, 200)
"""The statuses before the one that counts; 100 is passed over by `http.client`, and 101 is an end."""


class Origin(NamedTuple):
    """Where a connection leads to, and by way of which proxy."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None = None


class _Answer(http.client.HTTPResponse):
    """Refuses headers that leave open where the answer ends, of which urllib3 would only write a warning.

    And a head that broke off: `http.client` takes the end of the connection for the end of the head. Chunks are
    read to the letter, and what comes behind the answer ends its connection.
    """

    _chunks: ChunkedBody | None = None

    def __init__(self, sock: GuardedSocket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._guard = sock
        self.fp = AnswerFile(sock, Reads(self.fp.detach()))

    def begin(self) -> None:
        super().begin()
        if self._guard.hung_up:
            raise TransportError("reset", "the answer broke off")
        if self.msg.defects or self.msg.get_payload():
            raise TransportError("protocol", "a header of the answer can't be read")
        codings = self.msg.get_all("transfer-encoding", [])
        lengths = self.msg.get_all("content-length", [])
        if len(codings) + len(lengths) > 1:
            raise TransportError("protocol", "the answer tells its length twice")
        if (codings and not self.chunked) or not all(map(_LENGTH.fullmatch, lengths)):
            raise TransportError("protocol", "the answer tells its length in a way that nobody knows")
        if not 100 <= self.status <= 599:
            raise TransportError("protocol", f"status {self.status}, not one from 100 to 599")
        if self.chunked:
            self._chunks = ChunkedBody(self.fp)

    def read(self, amt: int | None = None) -> bytes:
        """As ever, but for chunks; all other ways to read are `http.client`'s, and nobody here takes them."""
        if self._chunks is None:
            return super().read(amt)
        piece = self._chunks.read(amt)
        if self._chunks.over:
            self.close()
        return piece


@final
class Connection(HTTPConnection):
    """One connection to `origin`, over TLS where there is a `context`.

    By way of a proxy, TLS goes through a tunnel, and the proxy learns no more than the host and the port; what
    goes without TLS, the proxy reads, and its target has to be a whole url.
    """

    response_class = _Answer
    debuglevel = 0  # else a level set for all connections of the process would print credentials

    def __init__(self, origin: Origin, context: ssl.SSLContext | None) -> None:
        super().__init__(origin.host, origin.port)
        self.origin = origin
        self._context = context
        self._target = ""
        self._guard: GuardedSocket
        self._proxy_authorization = origin.proxy.authorization if origin.proxy and not context else None
        if context is not None:
            self.default_port = http.client.HTTPS_PORT  # type: ignore[misc] # else it stands in the host header

    def exchange(self, method: str, target: str, headers: Mapping[str, str], allowance: Allowance) -> BaseHTTPResponse:
        """Send a request for `target`, a path and its query, and read the answer up to its body.

        Raises `TransportError`, `LocalProtocolError` for what HTTP can't carry, and what urllib3 and
        `http.client` do.
        """
        if not self.is_connected:  # the service has hung up, or says what nobody asked for; or it is new
            self.close()
            self._open(allowance)
        allowance.used_by(self._guard)
        self._target = target
        sent = False
        with suppress(ValueError, TypeError, http.client.InvalidURL):  # whose texts quote the request
            self.request(method, "/", headers=headers, preload_content=False)
            sent = True
        if not sent:
            raise LocalProtocolError("the request holds what HTTP can't carry")
        return self.getresponse()

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        """Ask for the target, which urllib3 is not shown, so that it can log none."""
        super().putrequest(method, self._target, skip_host, skip_accept_encoding)
        if self._proxy_authorization is not None:
            self.putheader("proxy-authorization", self._proxy_authorization)

    def _open(self, allowance: Allowance) -> None:
        _, host, port, proxy = self.origin
        if proxy is None:
            sock = connected(host, port, allowance)
        else:
            sock = _connected_by_way_of(proxy, host, port, tunnel=self._context is not None, allowance=allowance)
        self._guard = sock if self._context is None else secured(sock, self._context, self.host)
        self.sock = self._guard


def _connected_by_way_of(proxy: Proxy, host: str, port: int, *, tunnel: bool, allowance: Allowance) -> GuardedSocket:
    """A socket connected to `proxy`, or through a tunnel to `host`; an error says that it is the proxy's."""
    try:
        with as_transport_error(http.client.HTTPException, OSError):
            sock = connected(proxy.host, proxy.port, allowance)
            if tunnel:
                _tunnel(sock, proxy, host, port)
            return sock
    except TransportError as error:
        raise TransportError(error.kind, f"the proxy: {error.detail}", error.permanent) from None


def _tunnel(sock: GuardedSocket, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy pass on all further bytes; closes `sock` where it does not.

    `http.client` could ask for it too, but would tell nobody the status, and repeat what the proxy says.
    """
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"host: {authority}"]
    if proxy.authorization is not None:
        lines.append(f"proxy-authorization: {proxy.authorization}")
    try:
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        with http.client.HTTPResponse(sock, method="CONNECT") as answer:
            answer.begin()
            while answer.status in _HINTS:
                answer.headers = None  # type: ignore[assignment] # or `begin` does nothing
                answer.begin()
        if answer.status == 407:  # once more with the same password, and the account may be locked
            raise TransportError("refused", "it answers 407 to CONNECT and wants another user or password", True)
        if not 200 <= answer.status <= 299:
            raise TransportError("refused", f"it answers {answer.status} to CONNECT")
        if sock.hung_up:  # `http.client` takes the end of the connection for the end of the head
            raise TransportError("reset", "the answer broke off")
    except BaseException:
        sock.close()
        raise


@final
class ConnectionPool:
    """Lends out connections, at most `size` at a time, and keeps at most `size` open, over all origins.

    `make` gives a connection to an origin; what is not connected yet, connects at its first exchange.
    """

    def __init__(self, size: int, make: Callable[[Origin], Connection]) -> None:
        self._size = size
        self._make = make
        self._lock = Lock()
        self._idle: list[Connection] = []
        self._open = 0
        self._closed = False
        self._places = _Places(size)

    def take(self, origin: Origin, allowance: Allowance) -> Connection:
        """A connection to `origin`, the one last used where there is one, to be given back by `give_back`.

        Waits for a free place, and its turn. Raises `TransportError` where none comes within the allowance, and
        `LocalProtocolError` if the pool is closed.
        """
        if not self._places.take(allowance.time_left()):
            raise TransportError("timeout", "all connections were in use by other requests")
        try:
            return self._idle_or_new(origin)
        except BaseException:
            self._places.give_back()
            raise

    def give_back(self, connection: Connection) -> None:
        """Keep `connection` for the next request, unless it is closed, or something came behind its answer."""
        with self._lock:
            if self._closed or not connection.is_connected:
                connection.close()
            if connection.is_closed:
                self._open -= 1
            else:
                self._idle.append(connection)
        self._places.give_back()

    def close(self) -> None:
        """Close what is not in use, and what is in use as soon as it is given back; may be called again."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._close_longest_idle()

    def left_to_parent(self) -> "ConnectionPool":
        """A pool like this one for a process that was forked: what is open is the parent's, and waits for no lock."""
        for connection in self._idle:
            connection.close()
        anew = ConnectionPool(self._size, self._make)
        anew._closed = self._closed
        return anew

    def _idle_or_new(self, origin: Origin) -> Connection:
        with self._lock:
            if self._closed:
                raise LocalProtocolError("the transport is closed")
            for position in range(len(self._idle) - 1, -1, -1):
                if self._idle[position].origin == origin:
                    return self._idle.pop(position)
            connection = self._make(origin)
            if self._open == self._size:
                self._close_longest_idle()
            self._open += 1
            return connection

    def _close_longest_idle(self) -> None:
        self._idle.pop(0).close()
        self._open -= 1


@final
class _Places:
    """So many places, of which whoever has waited longest gets the next one.

    From a queue or a semaphore, a thread that gives one back and asks again takes it before those that wait wake up.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: deque[Lock] = deque()
        self._lock = Lock()

    def take(self, seconds: float) -> bool:
        """False where none came within `seconds`."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        came = False
        try:
            came = turn.acquire(timeout=seconds)
        finally:
            if not came:
                self._leave(turn)
        return came

    def give_back(self) -> None:
        """Leave the place to the next."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _leave(self, turn: Lock) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self.give_back()  # its turn came when nobody waited for it any more
