"""A urllib3 connection that connects, directly or through a proxy, within the deadline of a request."""

import socket
import ssl
from http.client import HTTPS_PORT, HTTPException, RemoteDisconnected
from math import inf
from typing import Any, Final, final
from weakref import ref

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection

from ... import __version__
from ...core import InvalidArgument, Request, TransportError
from .error_translation import as_transport_error
from .idle_connections import keep_alive_limit
from .origins import Origin
from .proxies import Proxy
from .sending import Sending
from .timed_response import TimedResponse
from .tunnels import connect_failure, connect_request

_OWN_HEADERS: Final = {"accept-encoding": "gzip", "user-agent": f"spongewatch/{__version__}"}


@final
class Connection(HTTPConnection):
    """A connection to an origin, over TLS if there is a `context`.

    TLS goes through a tunnel of the proxy (RFC 9110 §9.3.6), so a proxy learns only the host and the port.
    """

    response_class = TimedResponse
    debuglevel = 0  # or a level set on http.client.HTTPConnection would print credentials

    idle_for: float | None = None
    """Seconds of idleness before this request; None on a new connection."""

    idle_since = 0.0
    """The time at which the connection became idle, on the clock of `IdleConnections`."""

    keep_for = inf
    """Seconds for which it may be idle, by the server's Keep-Alive header."""

    def __init__(self, origin: Origin, context: ssl.SSLContext | None) -> None:
        super().__init__(origin.host, origin.port)
        self._origin = origin
        self._context = context
        if context is not None:
            # http.client adds every other port to the Host header.
            self.default_port = HTTPS_PORT  # type: ignore[misc]

    def exchange(self, request: Request, sending: Sending) -> HTTPResponse:
        """Send `request` and read the headers of the response.

        Raises:
            TransportError: There was no response; of kind `stale` if the connection had been idle and ended before
                the first byte of the response. Exceptions of urllib3 and `http.client` are raised, too.
            InvalidArgument: HTTP doesn't allow the method, the URL or a header of the request.
        """
        self._sending_ref = ref(sending)  # a strong reference from an idle connection would count as an open request
        allowed = True
        try:
            self.request(
                request.method,
                "/",
                body=request.body or None,
                headers={**_OWN_HEADERS, **request.headers},
                preload_content=False,
                decode_content=False,
            )
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may have responded before it closed the connection
        except (ValueError, TypeError):  # their messages quote the request, so nothing is raised from them
            allowed = False
        if not allowed:
            raise InvalidArgument("request has a method, URL or header that HTTP doesn't allow")
        self.timeout = sending.time_left()
        try:
            response = self.getresponse()
        except RemoteDisconnected:
            sending.time_left()  # raises if the request was interrupted
            if self.idle_for is None:
                raise
            raise TransportError("stale", "the server closed an idle connection as the request was sent") from None
        self.keep_for = keep_alive_limit(response.headers.get("keep-alive"))
        return response

    @property
    def _sending(self) -> Sending:
        sending = self._sending_ref()
        assert sending is not None  # `exchange` holds it
        return sending

    def connect(self) -> None:
        """Open the connection."""
        self.idle_for = None
        self.keep_for = inf
        with as_transport_error(HTTPException, OSError):
            self._connect()

    def _connect(self) -> None:
        sending = self._sending
        _, host, port, proxy = self._origin
        if proxy is None:
            self._connect_to(host, port, sending)
        else:
            self._connect_through(proxy, sending)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=host, do_handshake_on_connect=False)
            sending.use(self.sock)
            self.sock.settimeout(sending.time_left())
            self.sock.do_handshake()
        self.sock.settimeout(sending.time_left())  # for writing the request

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        """Write the request line with the real target; urllib3 logs targets, so it only knows "/"."""
        if self.sock is not None:
            self._sending.use(self.sock)
            self.sock.settimeout(self._sending.time_left())
        super().putrequest(method, self._sending.target, skip_host, skip_accept_encoding)
        proxy = self._origin.proxy
        if proxy is not None and proxy.authorization is not None and self._context is None:
            self.putheader("proxy-authorization", proxy.authorization)

    def _connect_to(self, host: str, port: int, sending: Sending) -> None:
        """Connect to the first address of `host` that accepts.

        Each gets its share of the time, so that an address that drops all packets leaves some to the others. The
        timeout doesn't limit the name lookup, which can't be interrupted.
        """
        addresses = _addresses(host, port)
        problem: OSError = ConnectionRefusedError()
        for position, (family, kind, protocol, _, address) in enumerate(addresses):
            share = sending.time_left() / (len(addresses) - position)
            self.sock = socket.socket(family, kind, protocol)
            try:
                sending.use(self.sock)
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.sock.settimeout(share)
                self.sock.connect(address)
            except OSError as error:
                problem = error
                self.sock.close()
            else:
                return
        sending.time_left()
        if isinstance(problem, ConnectionRefusedError | TimeoutError):
            raise problem
        raise TransportError("refused", f"connection failed: {problem.strerror}")

    def _connect_through(self, proxy: Proxy, sending: Sending) -> None:
        """Connect to `proxy`, and open a tunnel for TLS; an error says that the proxy caused it."""
        failure = None
        try:
            with as_transport_error(HTTPException, OSError):
                self._connect_to(proxy.host, proxy.port, sending)
                if self._context is not None:
                    self._open_tunnel(proxy, sending)
        except TransportError as error:
            failure = TransportError(error.kind, f"proxy: {error.detail}", error.permanent)
        if failure is not None:
            raise failure

    def _open_tunnel(self, proxy: Proxy, sending: Sending) -> None:
        """Open a tunnel with CONNECT.

        `http.client` can do that, too, but its error has no status and quotes the proxy.
        """
        self.sock.settimeout(sending.time_left())
        self.sock.sendall(connect_request(self._origin, proxy))
        self.sock.settimeout(sending.time_left())
        with TimedResponse(self.sock, method="CONNECT") as response:
            response.begin()
        failure = connect_failure(response.status)
        if failure is not None:
            raise failure


def _addresses(host: str, port: int) -> list[tuple[Any, ...]]:
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except UnicodeError:  # the IDNA codec: a label of the name is empty or too long
        raise socket.gaierror from None
