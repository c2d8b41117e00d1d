"""`TimedResponse`: a response of `http.client` with one deadline for all reads and strict framing."""

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
"""Limit for the status line and headers, interim responses included, in bytes; a second one is for trailers.

`http.client` accepts no longer line.
"""

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[0-9]+[ \t]+([0-9]{3})(?=\s)")
_HEADERS: Final = re.compile(rb"(?:[^:\s][^:\r\n]*:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)*")
_LENGTH: Final = re.compile("[0-9]{1,15}")


class TimedResponse(HTTPResponse):
    """A response that must arrive as a whole within the timeout of its socket.

    `http.client` applies that timeout to each read, so a server that sends one byte at a time could take for ever. The
    time starts when the client begins to read; a socket without a timeout allows unlimited time.

    Interim responses are skipped (RFC 9110 §15.2). If more bytes follow the response, the connection is shut down, so
    that no client mistakes them for the next response.

    Set it as the `response_class` of a connection of `http.client` or urllib3.

    Raises:
        TimeoutError: The time is over.
        TransportError: The headers are larger than 64 KiB, incomplete, invalid, or ambiguous about the end of the body.
        RemoteDisconnected: The connection ended before the first byte.

    >>> import urllib3
    >>> class Connection(urllib3.connection.HTTPConnection):
    ...     response_class = TimedResponse
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        self._reads = _TimedReads(sock)
        super().__init__(_SocketFacade(_ResponseFile(sock, self._reads)), *args, **kwargs)  # type: ignore[arg-type]

    def begin(self) -> None:
        r"""Read the status line and the headers of the final response; `http.client` calls this.

        Raises:
            TransportError: The headers are too large, incomplete, invalid, or ambiguous about the end of the body.

        >>> import socket
        >>> ours, theirs = socket.socketpair()
        >>> theirs.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        >>> response = TimedResponse(ours)
        >>> response.begin()
        >>> response.status
        204
        >>> response.close(); ours.close(); theirs.close()
        """
        file: Any = self.fp
        self.fp = self._read_head()  # type: ignore[assignment] # http.client only calls readline
        try:
            super().begin()
        finally:
            self.fp = file
        names = [name.lower() for name in self.msg.keys()]  # noqa: SIM118 # repeated names, too
        if names.count("transfer-encoding") + names.count("content-length") > 1:
            # RFC 9112 §6.3: an error, because recipients may disagree about the length
            raise TransportError("protocol", "more than one Content-Length or Transfer-Encoding")
        if ("transfer-encoding" in names and not self.chunked) or (
            "content-length" in names and not _LENGTH.fullmatch(self.msg["content-length"])
        ):
            raise TransportError("protocol", "invalid Content-Length or Transfer-Encoding")
        if not 100 <= self.status <= 599:
            raise TransportError("protocol", f"invalid status {self.status}; must be between 100 and 599")
        if self.status == 101:
            self.will_close = True  # another protocol follows (RFC 9110 §15.2.2)
        if self.length == 0:
            self.chunked = False  # RFC 9112 §6.3: 204 and 304 have no body, whatever their headers say

    def _read_head(self) -> "_Head":
        room = MAX_HEAD
        while True:
            status = line = self._read_line(room)
            match = _STATUS_LINE.match(status)
            if match is None:
                raise TransportError("protocol", "invalid HTTP response")
            room -= len(line)
            lines = []
            while (line := self._read_line(room)) not in (b"\r\n", b"\n"):
                room -= len(line)
                lines.append(line)
            headers = b"".join(lines)
            if not _HEADERS.fullmatch(headers):
                raise TransportError("protocol", "invalid response header")
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
            raise headers_too_large()
        if line.endswith(b"\n"):
            return line
        if self._reads.began:
            raise TransportError("reset", "connection closed before the response was complete")
        raise RemoteDisconnected("connection closed without a response")


@final
class _Head:
    """Returns all header lines at once, because `http.client` counts lines and accepts 100 at most."""

    def __init__(self, status: bytes, headers: bytes) -> None:
        self._lines = iter((status, headers, b""))

    def readline(self, limit: int) -> bytes:
        return next(self._lines)


@final
class _SocketFacade:
    """The part of a socket that `http.client` uses."""

    def __init__(self, file: "_ResponseFile") -> None:
        self._file = file

    def makefile(self, mode: str) -> "_ResponseFile":
        return self._file


@final
class _TimedReads(RawIOBase):
    """Reads from a socket; each read has the time that is left."""

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

    Such bytes are in this buffer or, decrypted, in OpenSSL, so a client that only checks the socket doesn't see them.
    """

    def __init__(self, sock: Any, reads: _TimedReads) -> None:
        super().__init__(reads)
        self._sock, self._reads = sock, reads
        self._room = MAX_HEAD

    def read(self, size: int | None = -1) -> bytes:
        """Read body data; the limit for lines starts again."""
        self._room = MAX_HEAD
        return super().read(size)

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line between chunks, or a trailer.

        Raises:
            IncompleteRead: The connection ended within the line, which `http.client` would ignore.
            TransportError: The lines since the last data exceed the limit.
        """
        line = super().readline(size)
        self._room -= len(line)
        if self._room < 0:
            raise headers_too_large()
        if line and not line.endswith(b"\n") and len(line) != size:
            raise IncompleteRead(b"")
        return line

    def close(self) -> None:
        self._reads.over = True  # or `peek` would wait for data
        if self.peek(1) or (hasattr(self._sock, "pending") and self._sock.pending()):
            _shut_down(self._sock)
        super().close()


def headers_too_large() -> TransportError:
    """Return the error for headers of more than `MAX_HEAD` bytes."""
    return TransportError("too-large", f"response headers exceed {MAX_HEAD:,} bytes")


def _shut_down(sock: Any) -> None:
    """Shut down the connection, below TLS; the owner of the socket closes it."""
    with suppress(OSError, ValueError):  # it is already closed
        same = socket.socket(fileno=sock.fileno())
        try:
            same.shutdown(socket.SHUT_RDWR)
        finally:
            same.detach()
