"""Responses of `http.client` that hold one deadline and are framed without doubt."""

import re
import socket
from contextlib import suppress
from http.client import HTTPResponse, IncompleteRead, RemoteDisconnected
from io import BufferedReader, RawIOBase
from math import inf
from time import monotonic
from typing import Any, Final, final

from ...core import TransportError

MAX_HEAD: Final = 65_536
"""Bytes of status line and headers, those of interim responses included, and again those of trailers.

`http.client` takes no longer line.
"""

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[0-9]+[ \t]+([0-9]{3})(?=\s)")
_HEADERS: Final = re.compile(rb"(?:[^:\s][^:\r\n]*:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)*")
_LENGTH: Final = re.compile("[0-9]{1,15}")


class TimedResponse(HTTPResponse):
    """A response that arrives within the timeout of its socket as a whole; `http.client` applies it to each read.

    The time starts when the client begins to read; a socket without a timeout gives unlimited time. Interim
    responses before the final one are skipped (RFC 9110 §15.2). Where bytes follow the response, its connection is
    shut down, so that no client takes them for the next response.

    Raises:
        TimeoutError: The time is over.
        TransportError: The head is larger than 64 KiB, broke off, is not HTTP, or leaves open where the body ends.
        RemoteDisconnected: The connection ended before the first byte.

    >>> import urllib3
    >>> class Connection(urllib3.connection.HTTPConnection):
    ...     response_class = TimedResponse
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        self._reads = _TimedReads(sock)
        super().__init__(_Opens(_ResponseFile(sock, self._reads)), *args, **kwargs)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Read the head of the final response."""
        file: Any = self.fp
        self.fp = self._read_head()  # type: ignore[assignment] # http.client reads lines from it, and no more
        try:
            super().begin()
        finally:
            self.fp = file
        names = [name.lower() for name in self.msg.keys()]  # noqa: SIM118 # the only way to all of them without values
        if names.count("transfer-encoding") + names.count("content-length") > 1:
            raise TransportError("protocol", "the response states its length twice")
        if ("transfer-encoding" in names and not self.chunked) or (
            "content-length" in names and not _LENGTH.fullmatch(self.msg["content-length"])
        ):
            raise TransportError("protocol", "invalid Content-Length or Transfer-Encoding")
        if not 100 <= self.status <= 599:
            raise TransportError("protocol", f"status {self.status} is not between 100 and 599")
        if self.status == 101:
            self.will_close = True  # no HTTP follows
        if self.length == 0:
            self.chunked = False  # RFC 9112 §6.3: 204 and 304 have no body, whatever their headers say

    def _read_head(self) -> "_Head":
        room = MAX_HEAD
        while True:
            status = line = self._read_line(room)
            match = _STATUS_LINE.match(status)
            if match is None:
                raise TransportError("protocol", "the response is not HTTP")
            room -= len(line)
            lines = []
            while (line := self._read_line(room)) not in (b"\r\n", b"\n"):
                room -= len(line)
                lines.append(line)
            headers = b"".join(lines)
            if not _HEADERS.fullmatch(headers):
                raise TransportError("protocol", "a header of the response can't be read")
            if not match[1].startswith(b"1") or match[1] == b"101":
                return _Head(status, headers)

    def _read_line(self, room: int) -> bytes:
        try:
            line = BufferedReader.readline(self.fp, room + 1)
        except ConnectionError:
            if self._reads.began:
                raise
            line = b""
        if len(line) > room:
            raise head_too_large()
        if line.endswith(b"\n"):
            return line
        if self._reads.began:
            raise TransportError("reset", "the response broke off")
        raise RemoteDisconnected("the connection ended without a response")


@final
class _Head:
    """A head as `http.client` reads it: all header lines at once, since it counts lines and takes 100 at most."""

    def __init__(self, status: bytes, headers: bytes) -> None:
        self._lines = iter((status, headers, b""))

    def readline(self, limit: int) -> bytes:
        return next(self._lines)


@final
class _Opens:
    """A socket as `http.client` opens it."""

    def __init__(self, file: "_ResponseFile") -> None:
        self._file = file

    def makefile(self, mode: str) -> "_ResponseFile":
        return self._file


@final
class _TimedReads(RawIOBase):
    """Reads from a socket, each time with the time that is left."""

    def __init__(self, sock: Any) -> None:
        self.began = False
        self.over = False
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)  # keeps the socket open until it is closed
        timeout = sock.gettimeout()
        self._deadline = inf if timeout is None else monotonic() + timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.over:
            return 0
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        if left < inf:
            self._sock.settimeout(left)
        size = int(self._sock.recv_into(buffer))
        if size:
            self.began = True
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


@final
class _ResponseFile(BufferedReader):
    """Reads one response, and shuts its connection down if bytes follow it.

    Such bytes lie in this buffer or, decrypted, inside OpenSSL, where a client that only asks the socket does not
    see them.
    """

    def __init__(self, sock: Any, reads: _TimedReads) -> None:
        super().__init__(reads)
        self._sock, self._reads = sock, reads
        self._room = MAX_HEAD

    def read(self, size: int | None = -1) -> bytes:
        """Read data."""
        self._room = MAX_HEAD
        return super().read(size)

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line between chunks, or of trailers.

        Raises:
            IncompleteRead: The connection ended within the line, which `http.client` ignores.
            TransportError: The lines since the last data are too long.
        """
        line = super().readline(size)
        self._room -= len(line)
        if self._room < 0:
            raise head_too_large()
        if line and not line.endswith(b"\n") and len(line) != size:
            raise IncompleteRead(b"")
        return line

    def close(self) -> None:
        self._reads.over = True  # or `peek` would wait for more
        if self.peek(1) or (hasattr(self._sock, "pending") and self._sock.pending()):
            _shut_down(self._sock)
        super().close()


def head_too_large() -> TransportError:
    """Return the error for a head of more than `MAX_HEAD` bytes."""
    return TransportError("too-large", f"the head of the response has more than {MAX_HEAD:,} bytes")


def _shut_down(sock: Any) -> None:
    """Shut the connection beneath TLS down; whoever owns the socket closes it."""
    with suppress(OSError, ValueError):  # it is closed already
        same = socket.socket(fileno=sock.fileno())
        try:
            same.shutdown(socket.SHUT_RDWR)
        finally:
            same.detach()
