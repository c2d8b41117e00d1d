"""`ResponseParser`: parses responses with httptools, and checks what httptools does not."""

from typing import Final, final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from ...core import Response, TransportError
from .response_body import ResponseBody
from .timed_response import MAX_HEAD, headers_too_large

_START: Final = b"HTTP/"


@final
class ResponseParser:
    """Parses the responses of one connection, one after the other, without I/O.

    For each response, call `start`, then `feed` with received bytes until it returns True. Call `end` if the stream
    ends before, or `fail` to give up. Then `result` returns the response or the error.

    A response is only accepted if its end is unambiguous. httptools (llhttp) checks the syntax, the lengths and the
    chunks. This class checks the first bytes, the version, the status and the transfer coding, limits the bytes outside
    the body, and notices bytes after the response and an unexpected end of the stream. Interim responses are skipped
    (RFC 9110 §15.2), and trailers are ignored (RFC 9110 §6.5.1).
    """

    __slots__ = (
        "_body",
        "_body_bytes",
        "_ended",
        "_extra",
        "_failure",
        "_head_only",
        "_headers",
        "_keep_alive",
        "_max_body",
        "_names",
        "_parser",
        "_room",
        "_seen",
        "_until_end",
        "_values",
        "complete",
        "status",
    )

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)

    def start(self, *, head_only: bool, max_body: int) -> None:
        """Prepare for the next response.

        Args:
            head_only: Whether the response ends after its headers, as for HEAD and CONNECT.
            max_body: The largest body to accept, in bytes, after content decoding.
        """
        self.status: int | None = None
        """The status of the final response, once its headers have arrived and are valid."""
        self.complete = False
        self._head_only = head_only
        self._max_body = max_body
        self._names: list[bytes] = []
        self._values: list[bytes] = []
        self._failure: TransportError | None = None
        self._room = MAX_HEAD
        self._seen = 0
        self._ended = self._extra = self._keep_alive = self._until_end = False

    @property
    def began(self) -> bool:
        """Whether any byte has arrived."""
        return self._seen > 0

    @property
    def reusable(self) -> bool:
        """Whether the connection can be used for another request."""
        return self._keep_alive and self._ended and not self._extra and self._failure is None and not self._body.dropped

    def feed(self, data: memoryview) -> bool:
        """Parse received bytes, at least one; return True if the response is complete or failed."""
        size = len(data)
        if self._seen < len(_START) and not self._starts_well(bytes(data[: len(_START) - self._seen])):
            self._failure = _invalid()
            return True
        self._body_bytes = 0
        had_status = self.status is not None
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            pass  # the response is a 101
        except HttpParserError as error:
            self._extra = True
            if not self.complete:
                cause = error.__context__  # httptools wraps what a callback raises
                self._failure = _bare(cause) if isinstance(cause, TransportError) else _invalid()
        self._room -= size - self._body_bytes
        if self._room < 0:
            self._failure = headers_too_large()
        elif self._body_bytes or (self.status is not None and not had_status):
            self._room = MAX_HEAD
        return self.complete or self._failure is not None

    def end(self, *, clean: bool) -> None:
        """Note the end of the stream.

        Args:
            clean: Whether the server closed the connection properly: with a FIN, and over TLS with a close_notify.
                Only then does it end a body without a length (RFC 9112 §6.3 and §9.8).
        """
        self._keep_alive = False
        if clean and self._until_end:
            self.complete = True
        elif self.began:
            self.fail(TransportError("reset", "connection closed before the response was complete"))
        else:
            self.fail(TransportError("reset", "connection closed without a response"))

    def fail(self, error: TransportError) -> None:
        """End the response with `error`."""
        self._failure = error

    def result(self) -> Response | TransportError:
        """Return the response, or the error.

        A status other than 200 needs no body: if its body failed, the response has an empty body.
        """
        status = self.status
        try:
            if self._failure is None and status is not None:
                return Response(status, self._headers, self._body.finish())
        except TransportError as error:
            self._failure = _bare(error)
        assert self._failure is not None
        return self._failure if status in (None, 200) else Response(status, self._headers)

    def close(self) -> None:
        """Break the reference cycle with the httptools parser."""
        del self._parser

    def _starts_well(self, piece: bytes) -> bool:
        """Check the first bytes, because httptools skips leading line ends and accepts RTSP and ICE."""
        expected = _START[self._seen : self._seen + len(piece)]
        self._seen += len(piece)
        return piece == expected

    # Called by httptools, and again for each response if several arrive.

    def on_message_begin(self) -> None:
        """Note a second response."""
        if self.complete:
            self._extra = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header, unless it is a trailer or follows the response."""
        if self.status is None:
            self._names.append(name)
            self._values.append(value)

    def on_headers_complete(self) -> None:
        """Check the status line and the headers; skip an interim response."""
        if self.status is not None:
            return
        parser, headers = self._parser, self._read_headers()
        version, status = parser.get_http_version(), parser.get_status_code()
        if version not in ("1.1", "1.0"):
            raise _invalid()
        if not 100 <= status <= 599:
            raise TransportError("protocol", f"invalid status {status}; must be between 100 and 599")
        coding = headers.get("transfer-encoding")
        if coding is not None and coding.lower() != "chunked":
            raise TransportError("protocol", "invalid Content-Length or Transfer-Encoding")
        if status < 200 and status != 101:
            return
        self._keep_alive = (
            parser.should_keep_alive()
            and status != 101  # another protocol follows (RFC 9110 §15.2.2)
            and (coding is None or version == "1.1")  # RFC 9112 §6.1: faulty framing otherwise
        )
        self._body = ResponseBody(status, headers.get("content-encoding"), self._max_body)
        self.complete = self._head_only
        self._until_end = coding is None and "content-length" not in headers
        self._headers = headers
        self.status = status

    def _read_headers(self) -> dict[str, str]:
        """Return the headers since the last call; decoding all at once takes half the time."""
        if not self._names:
            return {}
        names = b"\n".join(self._names).decode("latin-1").lower().split("\n")
        values = b"\n".join(self._values).decode("latin-1").split("\n")
        self._names, self._values = [], []
        headers: dict[str, str] = {}
        for name, value in zip(names, values, strict=True):
            value = value.rstrip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return headers

    def on_body(self, piece: bytes) -> None:
        """Store a piece of the body."""
        self._body_bytes += len(piece)
        if not self.complete:
            self._body.feed(piece)

    def on_message_complete(self) -> None:
        """Note the end of the final response."""
        if self.status is not None:
            self._ended = self.complete = True


def _bare(error: TransportError) -> TransportError:
    """Return `error` without its traceback and context, whose frames contain parts of the response."""
    return TransportError(error.kind, error.detail, error.permanent)


def _invalid() -> TransportError:
    return TransportError("protocol", "invalid HTTP response")
