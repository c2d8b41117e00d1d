"""A service on loopback that does whatever a test asks of it, well-behaved or not, byte by byte.

A script says what happens on one connection: it is called with a `Conversation`. Of a server's scripts the n-th
is for the n-th connection, and the last for all further ones. The suite for transports is played by these; they
are not meant for more, `Simulator` stands in for the service.
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
"""Seconds between two looks at whether it is over."""


def answer(body: bytes = b"", status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    """A well-formed answer; a header given as "" is left out."""
    lines = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def gzipped(body: bytes) -> bytes:
    """A well-formed answer that carries `body` compressed."""
    compressed = gzip.compress(body)
    return answer(compressed, headers={"content-encoding": "gzip"})


@final
@dataclass
class Exchange:
    """One request as the server saw it; times are on the monotonic clock.

    `ended` is when the last of its answer was about to leave, and so never after the client had it; what drips
    does not count. None where nothing was said.
    """

    request: bytes
    began: float
    ended: float | None = None

    @property
    def head(self) -> list[str]:
        """The request line and the header lines, as they came."""
        return [*self.request.partition(HEAD_END)[0].decode("latin-1").split("\r\n"), "", ""]

    @property
    def body(self) -> bytes:
        """The body of the request."""
        return self.request.partition(HEAD_END)[2]


@final
class Conversation:
    """One connection, from the server's side."""

    def __init__(self, server: "HostileServer", sock: socket.socket) -> None:
        self.sock = sock
        self._server = server
        self._exchange: Exchange | None = None

    def read_request(self) -> bytes | None:
        """The next request, whole; None where the client has hung up."""
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
        """Do nothing for so long; True where the server was stopped meanwhile."""
        return self._server.stopping.wait(seconds)

    def drip(self, data: bytes, pause: float) -> None:
        """Send `data` a byte at a time, `pause` seconds before each; raises where the server was stopped meanwhile."""
        for byte in data:
            if self.wait(pause):
                raise ConnectionAbortedError
            self.sock.sendall(bytes([byte]))

    def hang(self) -> None:
        """Say nothing more, until the client hangs up."""
        while self.sock.recv(65536):
            pass

    def reset(self) -> None:
        """Let the client see a connection that is reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Conversation], None]


def keeps_answering(*answers: bytes, pause: float = 0) -> Script:
    """Each request gets the next of `answers`, after `pause` seconds, and the last one again and again."""

    def script(talk: Conversation) -> None:
        number = 0
        while talk.read_request() is not None:
            if pause:
                talk.wait(pause)
            talk.send(answers[min(number, len(answers) - 1)])
            number += 1

    return script


def says(data: bytes, then: Script = lambda talk: None) -> Script:
    """One request gets `data`, whatever it is; `then` is what comes before the connection is closed."""

    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.send(data)
        then(talk)

    return script


def drips(start: bytes, piece: bytes, pause: float) -> Script:
    """`start` comes at once, and `piece` over and over, a byte at a time, without an end."""

    def without_end(talk: Conversation) -> None:
        while True:  # until somebody hangs up, which raises
            talk.drip(piece, pause)

    return says(start, without_end)


def pours(start: bytes, piece: bytes, times: int | None = None) -> Script:
    """`start`, and then `piece` so many times as fast as it is taken, or without an end."""

    def over_and_over(talk: Conversation) -> None:
        for _ in repeat(None) if times is None else repeat(None, times):
            talk.send(piece)

    return says(start, over_and_over)


def echoes(talk: Conversation) -> None:
    """Each answer is the request that it is for."""
    while (request := talk.read_request()) is not None:
        talk.send(answer(request))


def in_turn(*scripts: Script) -> Script:
    """The scripts one after the other on one connection."""

    def script(talk: Conversation) -> None:
        for each in scripts:
            each(talk)

    return script


@contextmanager
def nobody() -> Iterator[str]:
    """The url of a port that is taken, but not listened at; a server that is told of it may."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


@final
class HostileServer:
    """A context manager; when it ends, its threads are joined and all its sockets are closed.

    After `patience` seconds it hangs up on everybody, so that a client without a time-out is late, not lost. What
    time goes by while the process is suspended does not count: the client could do nothing with it either.
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
        """Where it listens."""
        return int(self._address[1])

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        with suppress(OSError):
            socket.create_connection(self._address).close()  # no other way leads out of an accept at once
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
        with sock, suppress(OSError):  # the client hung up
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
        """Keep `sock` at hand, to end it with the server."""
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
    """Return the length of a request, its head included, by its `content-length`."""
    head, _, _ = request.partition(HEAD_END)
    stated = re.search(rb"\r\ncontent-length:\s*([0-9]+)", head, re.IGNORECASE)
    return len(head) + len(HEAD_END) + (int(stated[1]) if stated else 0)


def _end(sock: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # beneath TLS, where there is any
