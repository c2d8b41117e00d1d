"""A server on loopback that sends whatever bytes a test wants, for the contract of transports.

A script is a function that is called with a `Conversation`, i.e. one connection. The n-th script of a server runs on
the n-th connection, the last one on all further connections. To simulate the service, use `Simulator`.
"""

import gzip
import math
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import repeat
from time import monotonic
from types import TracebackType
from typing import Self, final

HEAD_END = b"\r\n\r\n"
_TICK = 0.02
"""Seconds between two checks whether the server has to stop."""


def http_response(body: bytes = b"", status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    """Return a well-formed response; a header with the value "" is left out."""
    lines = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def gzip_response(body: bytes) -> bytes:
    """Return a well-formed response with a compressed body."""
    return http_response(gzip.compress(body), headers={"content-encoding": "gzip"})


@final
@dataclass
class Exchange:
    """One request as the server saw it.

    `began` and `ended` are on the monotonic clock. `ended` is just before the last call of `Conversation.send`, hence
    never later than the client's view of it; it is None if nothing was sent, and dripping doesn't count.
    """

    request: bytes
    began: float
    ended: float | None = None

    @property
    def head(self) -> list[str]:
        """The request line and the header lines, and two empty lines."""
        return [*self.request.partition(HEAD_END)[0].decode("latin-1").split("\r\n"), "", ""]

    @property
    def body(self) -> bytes:
        """The body of the request."""
        return self.request.partition(HEAD_END)[2]


@final
class Conversation:
    """The server's side of one connection."""

    def __init__(self, server: "HostileServer", sock: socket.socket) -> None:
        self.sock = sock
        self._server = server
        self._exchange: Exchange | None = None

    def read_request(self) -> bytes | None:
        """Return the next request, or None if the client has closed the connection."""
        request = b""
        while HEAD_END not in request or len(request) < _length(request):
            piece = self.sock.recv(65536)
            if not piece:
                return None
            request += piece
        self._exchange = Exchange(request, monotonic())
        with self._server.lock:
            self._server.exchanges.append(self._exchange)
        return request

    def send(self, data: bytes) -> None:
        """Send `data` as fast as the client takes it."""
        if self._exchange is not None:
            self._exchange.ended = monotonic()
        self.sock.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Wait, and return whether the server was stopped meanwhile."""
        return self._server.stopping.wait(seconds)

    def drip(self, data: bytes, pause: float) -> None:
        """Send `data` byte by byte with `pause` seconds before each; raise if the server is stopped meanwhile."""
        for byte in data:
            if self.wait(pause):
                raise ConnectionAbortedError
            self.sock.sendall(bytes([byte]))

    def hang(self) -> None:
        """Send nothing more, until the client closes the connection."""
        while self.sock.recv(65536):
            pass

    def reset(self) -> None:
        """Reset the connection."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Conversation], None]


def responds(*responses: bytes, pause: float = 0) -> Script:
    """Respond to each request with the next of `responses`, after `pause` seconds; repeat the last one."""

    def script(talk: Conversation) -> None:
        number = 0
        while talk.read_request() is not None:
            if pause:
                talk.wait(pause)
            talk.send(responses[min(number, len(responses) - 1)])
            number += 1

    return script


def sends(data: bytes, then: Script = lambda talk: None) -> Script:
    """Read one request, send `data`, run `then`, and close the connection."""

    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.send(data)
        then(talk)

    return script


def drips(start: bytes, piece: bytes, pause: float) -> Script:
    """Send `start` at once, then `piece` over and over, byte by byte, without an end."""

    def without_end(talk: Conversation) -> None:
        while True:  # `drip` raises once the connection is closed
            talk.drip(piece, pause)

    return sends(start, without_end)


def pours(start: bytes, piece: bytes, times: int | None = None) -> Script:
    """Send `start`, then `piece` as fast as the client reads, `times` times or without an end."""

    def over_and_over(talk: Conversation) -> None:
        for _ in repeat(None) if times is None else repeat(None, times):
            talk.send(piece)

    return sends(start, over_and_over)


def echoes(talk: Conversation) -> None:
    """Respond to each request with a body that is the request itself."""
    while (request := talk.read_request()) is not None:
        talk.send(http_response(request))


def in_turn(*scripts: Script) -> Script:
    """Run the scripts one after the other on one connection."""

    def script(talk: Conversation) -> None:
        for each in scripts:
            each(talk)

    return script


@contextmanager
def unused_url() -> Iterator[str]:
    """Yield a URL that refuses connections: its port is reserved, but nothing listens unless a test starts a server."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


@final
class HostileServer:
    """A context manager that listens, and in the end closes all sockets and joins all threads.

    After `patience` seconds it closes all connections, so that a client without a timeout is late but doesn't hang.
    Time during which the process is suspended doesn't count.
    """

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None, patience: float = math.inf) -> None:
        self.connections = 0
        self.exchanges: list[Exchange] = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self._scripts = scripts
        self._tls = tls
        self._patience = patience
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._address = self._listener.getsockname()
        self._listener.settimeout(_TICK)
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._address[1])

    @property
    def url(self) -> str:
        """Its URL, without a path."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        with suppress(OSError):
            socket.create_connection(self._address).close()  # wakes `accept` immediately
        self._threads[0].join()
        for thread in self._threads[1:]:
            thread.join()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        before, spent = monotonic(), 0.0
        with self._listener:
            while not self.stopping.is_set() and spent < self._patience:
                with suppress(TimeoutError):
                    self._welcome(self._listener.accept()[0])
                now = monotonic()
                before, spent = now, spent + min(now - before, 2 * _TICK)
        self._stop()

    def _welcome(self, sock: socket.socket) -> None:
        if self.stopping.is_set():
            sock.close()
            return
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        self._start(self._play, script, sock)

    def _play(self, script: Script, sock: socket.socket) -> None:
        sock.settimeout(None)
        with sock, suppress(OSError):  # the client closed the connection
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._hold(sock)
            if self._tls is None:
                script(Conversation(self, sock))
                return
            with self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) as secure:
                self._hold(secure)
                secure.do_handshake()
                script(Conversation(self, secure))

    def _hold(self, sock: socket.socket) -> None:
        """Remember `sock`, to shut it down with the server."""
        with self.lock:
            self._sockets.append(sock)
            if self.stopping.is_set():
                _end(sock)

    def _stop(self) -> None:
        with self.lock:
            self.stopping.set()
            for sock in self._sockets:
                _end(sock)


def _length(request: bytes) -> int:
    """Return the length of a request with its head, from `content-length`."""
    head, _, _ = request.partition(HEAD_END)
    stated = re.search(rb"\r\ncontent-length:\s*([0-9]+)", head, re.IGNORECASE)
    return len(head) + len(HEAD_END) + (int(stated[1]) if stated else 0)


def _end(sock: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, if it is used
