"""A connection of urllib3 that is opened, by way of a proxy too, within the deadline of a request."""

import socket
import ssl
from http.client import HTTPS_PORT, HTTPException, RemoteDisconnected
from math import inf
from typing import Any, Final, final
from weakref import ref

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection

from ... import __version__
from ...core import LocalProtocolError, Request, TransportError
from .error_translation import as_transport_error
from .idle_connections import keep_alive_limit
from .origins import Origin
from .proxies import Proxy
from .sending import Sending
from .timed_response import TimedResponse
from .tunnels import refusal, tunnel_request

_OWN_HEADERS: Final = {"accept-encoding": "gzip", "user-agent": f"spongewatch/{__version__}"}


@final
class Connection(HTTPConnection):
    """One connection to an origin, over TLS if there is a `context`.

    By way of a proxy, TLS goes through a tunnel, and the proxy learns no more than the host and the port.
    """

    response_class = TimedResponse
    debuglevel = 0  # a level set for all connections of the process would print credentials

    idle_for: float | None = None
    """Seconds of idleness before this request; None on a new connection."""

    idle_since = 0.0
    keep_for = inf

    def __init__(self, origin: Origin, context: ssl.SSLContext | None) -> None:
        super().__init__(origin.host, origin.port)
        self._origin = origin
        self._context = context
        if context is not None:
            self.default_port = HTTPS_PORT  # type: ignore[misc] # http.client adds any other port to the host header

    def exchange(self, request: Request, sending: Sending) -> HTTPResponse:
        """Send `request`, and read the head of the response.

        Raises:
            TransportError: Of kind stale, if the connection was used before and ended without a byte of the response;
                others; or an exception of urllib3 or `http.client`.
            LocalProtocolError: HTTP can't carry the request.
        """
        self._sending_ref = ref(sending)  # or an idle connection would keep it alive, and count as a request
        sent = True
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
            pass  # the server may have responded before it hung up
        except (ValueError, TypeError):  # whose texts quote the request
            sent = False
        if not sent:
            raise LocalProtocolError("the request holds what HTTP can't carry")
        self.timeout = sending.time_left()
        try:
            response = self.getresponse()
        except RemoteDisconnected:
            sending.time_left()  # raises if the request was cut off
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
            self._connect_by(proxy, sending)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=host, do_handshake_on_connect=False)
            sending.use(self.sock)
            self.sock.settimeout(sending.time_left())
            self.sock.do_handshake()
        self.sock.settimeout(sending.time_left())  # the request is written next

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        """Ask for the target of the request; urllib3 gets to know only "/", since it logs what it knows."""
        if self.sock is not None:
            self._sending.use(self.sock)
            self.sock.settimeout(self._sending.time_left())
        super().putrequest(method, self._sending.target, skip_host, skip_accept_encoding)
        proxy = self._origin.proxy
        if proxy is not None and proxy.authorization is not None and self._context is None:
            self.putheader("proxy-authorization", proxy.authorization)

    def _connect_to(self, host: str, port: int, sending: Sending) -> None:
        """Connect to one of the addresses of `host`; each gets its share of the time.

        An address that swallows all packets leaves some time to the others. Only the name lookup can't be cut short.
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
        raise TransportError("refused", f"no connection: {problem.strerror}")

    def _connect_by(self, proxy: Proxy, sending: Sending) -> None:
        """Connect to `proxy`, for TLS through a tunnel; an error says that it is the proxy's."""
        failure = None
        try:
            with as_transport_error(HTTPException, OSError):
                self._connect_to(proxy.host, proxy.port, sending)
                if self._context is not None:
                    self._open_tunnel(proxy, sending)
        except TransportError as error:
            failure = TransportError(error.kind, f"the proxy: {error.detail}", error.permanent)
        if failure is not None:
            raise failure

    def _open_tunnel(self, proxy: Proxy, sending: Sending) -> None:
        """Have the proxy pass on all further bytes.

        `http.client` can ask for a tunnel too, but its error has no status, and it repeats what the proxy says.
        """
        self.sock.settimeout(sending.time_left())
        self.sock.sendall(tunnel_request(self._origin, proxy))
        self.sock.settimeout(sending.time_left())
        with TimedResponse(self.sock, method="CONNECT") as response:
            response.begin()
        failure = refusal(response.status)
        if failure is not None:
            raise failure


def _addresses(host: str, port: int) -> list[tuple[Any, ...]]:
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except UnicodeError:  # a label of the name is empty or too long
        raise socket.gaierror from None
