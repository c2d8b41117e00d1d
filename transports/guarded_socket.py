"""Sockets that let an answer take so much time and so many bytes, and no more.

A time-out of a socket is for each read, so that a service which drips a byte at a time is never late. Here each
read gets what is left of the whole, which takes no watchdog, no thread and no shared state. Both limits hold for
whatever reads from the socket: status line, headers, chunks, trailers.
"""

import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Any, TypeVar, final

from spongewatch import TransportError

_T = TypeVar("_T")

_LONGEST = 1_000_000.0
"""Seconds, eleven days; what the operating system can count in a wait is not much longer."""


@final
class Allowance:
    """What one answer may still take: `seconds` from now, and `size` bytes from the wire."""

    __slots__ = ("_deadline", "_lock", "_revoked", "_seconds", "_size", "_sock")

    def __init__(self, seconds: float, size: int) -> None:
        self._seconds = seconds
        self._deadline = monotonic() + min(seconds, _LONGEST)
        self._size = size
        self._sock: GuardedSocket | None = None
        self._revoked = False
        self._lock = Lock()

    def used_by(self, sock: "GuardedSocket") -> None:
        """Hold for `sock` from now on."""
        with self._lock:
            self._sock = sock
        sock.allowance = self

    def let_go(self) -> None:
        """Leave the socket to others."""
        with self._lock:
            self._sock = None

    def revoke(self) -> None:
        """Allow nothing more, and end the wait that is under way; from any thread."""
        with self._lock:  # or the socket might be another request's by now
            self._revoked = True
            if self._sock is not None:
                with suppress(OSError):  # it is not connected any more
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # that of TLS would wait for its owner

    def leave(self) -> None:
        """Close the socket of a process that was forked, in which its connection goes on being the parent's."""
        if self._sock is not None:  # whoever holds the lock may not have come along
            with suppress(OSError):  # it is closed
                os.close(self._sock.detach())

    def check(self) -> None:
        """Raises `TransportError` where nothing more is allowed."""
        if self._revoked:
            raise TransportError("reset", "the request was cut off")

    def time_left(self) -> float:
        """Seconds; raises the `TransportError` of `expired` where none are left."""
        self.check()
        left = self._deadline - monotonic()
        if left > 0:
            return left
        raise self.expired()

    def take(self, size: int) -> None:
        """Count `size` bytes that came; raises `TransportError` where they are too many."""
        self._size -= size
        if self._size < 0:
            raise TransportError("too-large", "the answer does not end")

    def expired(self) -> TransportError:
        """The error that says that the time is over."""
        return TransportError("timeout", f"no whole answer within {round(self._seconds, 3):g} s")


class GuardedSocket(socket.socket):
    """Reads and writes within its `allowance`, which whoever uses the socket sets for each answer."""

    allowance: Allowance
    hung_up = False
    """True once the other side has said that nothing more comes."""

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """What an answer is read with."""
        size = self._in_time(super().recv_into, buffer, nbytes or len(buffer), flags)
        self.allowance.take(size)
        self.hung_up = size == 0
        return size

    def sendall(self, data: Any, flags: int = 0) -> None:
        """What a request is sent with."""
        self._in_time(super().sendall, data, flags)

    def _in_time(self, call: Callable[..., _T], *args: Any) -> _T:
        self.settimeout(self.allowance.time_left())
        try:
            done = call(*args)
        except OSError as error:
            self.allowance.check()
            if isinstance(error, TimeoutError):
                raise self.allowance.expired() from None
            raise
        self.allowance.check()
        return done


@final
class GuardedTlsSocket(GuardedSocket, ssl.SSLSocket):
    """The same over TLS; set as the `sslsocket_class` of a context."""

    def shake_hands(self) -> None:
        """Agree with the other side on keys; the time left holds for this as a whole."""
        self._in_time(self.do_handshake)


def connected(host: str, port: int, allowance: Allowance) -> GuardedSocket:
    """A socket connected to `host`; raises `TransportError` where there is none within the allowance.

    The time is shared out among the addresses of the host, so that one which swallows all packets leaves some
    to the others. Looking up the name is the one step that can't be cut short.
    """
    addresses = _addresses(host, port)
    error: OSError = ConnectionRefusedError()
    for position, (family, kind, protocol, _, address) in enumerate(addresses):
        share = allowance.time_left() / (len(addresses) - position)
        try:
            return _connected_to(address, family, kind, protocol, share, allowance)
        except OSError as problem:
            allowance.check()
            error = problem
    if isinstance(error, TimeoutError):
        raise allowance.expired()
    if isinstance(error, ConnectionRefusedError):
        raise TransportError("refused", "nothing listens there")
    raise TransportError("refused", f"no connection: {error.strerror}")


def secured(sock: GuardedSocket, context: ssl.SSLContext, host: str) -> GuardedTlsSocket:
    """`sock` after the TLS handshake; raises `TransportError` where it fails, and closes it then.

    A certificate that is not trusted, or is for another name than `host`, is a permanent error.
    """
    try:
        wrapped = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    finally:
        sock.close()  # its descriptor has gone to the wrapped one, if there is one
    assert isinstance(wrapped, GuardedTlsSocket)
    sock.allowance.used_by(wrapped)
    try:
        wrapped.shake_hands()
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _addresses(host: str, port: int) -> list[tuple[Any, ...]]:
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (socket.gaierror, UnicodeError):
        raise TransportError("dns", "the host's name can't be looked up") from None


def _connected_to(
    address: Any, family: int, kind: int, protocol: int, seconds: float, allowance: Allowance
) -> GuardedSocket:
    sock = GuardedSocket(family, kind, protocol)
    try:
        allowance.used_by(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
