"""Answers of `http.client` within one time-out for all; that of a socket is for each read.

For transports made of clients that are built on `http.client`, as requests is. `Urllib3Transport` has sockets of
its own for this.
"""

from http.client import HTTPException, HTTPResponse, IncompleteRead
from math import inf
from time import monotonic
from typing import Any, final

from .answer_file import AnswerFile, Reads


class TimedAnswer(HTTPResponse):
    """An answer that is whole within the time-out of its socket, or raises `TimeoutError`, however it drips.

    Its time starts when the client begins to read it; a socket without a time-out gives it all the time. A head that
    broke off raises `IncompleteRead`, and one with a line that is no header, or a status that is not three digits, an
    `HTTPException`: `http.client` takes them for good ones. Where anything came behind the answer, its connection is
    shut down, so that the client takes another one for the next request.

    >>> import urllib3
    >>> class Connection(urllib3.connection.HTTPConnection):
    ...     response_class = TimedAnswer
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reads = _TimedReads(sock, self.fp.detach())
        self.fp = AnswerFile(sock, self._reads)

    def begin(self) -> None:
        """Read the status line and the headers."""
        super().begin()
        if self._reads.ended:
            raise IncompleteRead(b"")
        if self.msg.defects or self.msg.get_payload():
            raise HTTPException("a header can't be read")


@final
class _TimedReads(Reads):
    """What a socket's own file reads, each time within what is left; without a time-out there is no end of it."""

    def __init__(self, sock: Any, raw: Any) -> None:
        super().__init__(raw)
        self._sock = sock
        timeout = sock.gettimeout()
        self._deadline = inf if timeout is None else monotonic() + timeout

    def prepare(self) -> None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        if left < inf:
            self._sock.settimeout(left)
