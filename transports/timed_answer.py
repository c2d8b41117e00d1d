"""Answers of `http.client` within one time-out for all; that of a socket is for each read.

For transports made of clients that are built on `http.client`, as requests is. `Urllib3Transport` has sockets of
its own for this.
"""

from http.client import HTTPException, HTTPResponse, IncompleteRead
from io import BufferedReader, RawIOBase
from time import monotonic
from typing import Any, final


class TimedAnswer(HTTPResponse):
    """An answer that is whole within the time-out of its socket, or raises `TimeoutError`, however it drips.

    Its time starts when the client begins to read it. A head that broke off raises `IncompleteRead`, and one with
    a line that is no header an `HTTPException`: `http.client` takes both for good ones.

    >>> import urllib3
    >>> class Connection(urllib3.connection.HTTPConnection):
    ...     response_class = TimedAnswer
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reads = _Reads(sock, self.fp.detach())
        self.fp = BufferedReader(self._reads)

    def begin(self) -> None:
        """Read the status line and the headers."""
        super().begin()
        if self._reads.ended:
            raise IncompleteRead(b"")
        if self.msg.defects or self.msg.get_payload():
            raise HTTPException("a header can't be read")


@final
class _Reads(RawIOBase):
    """What a socket's own file reads, each time within what is left."""

    def __init__(self, sock: Any, raw: Any) -> None:
        self.ended = False
        self._sock, self._raw = sock, raw
        self._deadline = monotonic() + sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        size = int(self._raw.readinto(buffer))
        self.ended = size == 0
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()
