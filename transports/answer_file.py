"""What an answer of `http.client` is read from; it leaves nothing of its connection to the next answer.

Bytes behind the end of an answer lie where the operating system does not know of them: in the buffer that is read
ahead into, or inside OpenSSL, which decrypts whole records. Whoever asks the socket alone whether anything came
takes them for the answer to the next request.
"""

import re
import socket
from contextlib import suppress
from http.client import BadStatusLine
from io import BufferedReader, RawIOBase
from typing import Any

_STATUS_LINE = re.compile(rb"HTTP/\S*\s+[0-9]{3}(\s|$)")


class Reads(RawIOBase):
    """What a socket's own file, `raw`, reads."""

    ended = False
    """True once the other side has said that nothing more comes."""

    over = False
    """True once nothing more is to be read."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def readable(self) -> bool:
        """What can be read from."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What a buffered file reads with."""
        if self.over:
            return 0
        self.prepare()
        size = int(self._raw.readinto(buffer))
        self.ended = size == 0
        return size

    def prepare(self) -> None:
        """Called before each read; may raise in its place."""

    def close(self) -> None:
        """Done with the socket's own file; the socket stays."""
        self._raw.close()
        super().close()


class AnswerFile(BufferedReader):
    """Reads one answer from `sock`, by way of `reads`; what came behind its end shuts the connection down."""

    def __init__(self, sock: Any, reads: Reads) -> None:
        super().__init__(reads)
        self._sock, self._reads = sock, reads

    def readline(self, size: int | None = -1) -> bytes:
        """As ever, but raises `BadStatusLine` for a status that is not three digits; `http.client` takes `2_0_0`."""
        line = super().readline(size)
        if line.startswith(b"HTTP/") and not _STATUS_LINE.match(line):
            raise BadStatusLine("a status is three digits")
        return line

    def close(self) -> None:
        """Done with this answer."""
        if not self.closed:
            self._reads.over = True  # or a look at the buffer would wait for more
            if self.peek(1) or _pending(self._sock):
                _shut_down(self._sock)
        super().close()


def _pending(sock: Any) -> int:
    """How many bytes OpenSSL holds for a socket, if it is one of OpenSSL's."""
    return int(sock.pending()) if hasattr(sock, "pending") else 0


def _shut_down(sock: Any) -> None:
    """Let whoever asks for `sock` next find that its connection has ended; closing it is for its owner."""
    with suppress(OSError, ValueError):  # it is gone
        same = socket.socket(fileno=sock.fileno())  # beneath TLS, and no descriptor more, for there may be none
        try:
            same.shutdown(socket.SHUT_RDWR)
        finally:
            same.detach()
