"""`ResponseBody`: collects, decodes and bounds the body of a response."""

import re
import zlib
from types import TracebackType
from typing import Final, Self, final

from ...core import InvalidArgument, InvalidType, TransportError
from ...core._shared import MAX_BODY, shown
from ..unpicklable import Unpicklable

_OVERHEAD: Final = 1_024
"""Bytes that a coding may add to incompressible data, besides 1 %."""

_UNSUPPORTED: Final = frozenset(("br", "zstd", "compress", "x-compress", "exi", "pack200-gzip", "dcb", "dcz"))
"""Registered content codings that are not supported. Labels that are not registered mean identity."""

_MOST_CODINGS: Final = 5
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_SLICE: Final = 16_384


@final
class ResponseBody(Unpicklable):
    """Collects the encoded pieces of a response body, decodes them and bounds the result.

    Use it in a transport for another HTTP client, and have the client return raw bytes: most clients decode bodies, but
    few bound the result.

    Read the body inside a `with` block. On a 200, every error is raised. Every other status is meaningful without its
    body, so errors raised inside the block are dropped, timeouts and errors of the HTTP client included; `finish` then
    returns an empty body. The caller must close a connection whose body was not read to the end.

    Args:
        status: The HTTP status of the response.
        encoding: The value of the Content-Encoding header; join several by commas (RFC 9110 §8.4). gzip and deflate
            are decoded. Labels that are not registered codings, such as `utf-8`, mean identity.
        limit: The largest body to accept, in bytes after decoding; 1 MiB by default.

    Attributes:
        dropped: Whether an error was dropped.

    Raises:
        InvalidType: `status` or `limit` is not an int.
        InvalidArgument: `limit` is negative.

    >>> with ResponseBody(200, "identity", limit=20) as body:
    ...     for piece in (b'{"events"', b": []}"):
    ...         _ = body.feed(piece)
    >>> body.finish()
    b'{"events": []}'
    >>> with ResponseBody(401, "gzip") as body:
    ...     _ = body.feed(b"this is not gzip")
    >>> body.finish()
    b''
    """

    def __init__(self, status: int, encoding: str | None = None, limit: int = MAX_BODY) -> None:
        if type(status) is not int:
            raise InvalidType(f"status must be an int, not {type(status).__name__}")
        if type(limit) is not int:
            raise InvalidType(f"limit must be an int, not {type(limit).__name__}")
        if limit < 0:
            raise InvalidArgument(f"limit must be at least 0, not {shown(limit)}")
        self._status = status
        self._encoding = encoding or ""
        self._limit = limit
        self._stages: list[_Plain | _Inflating] = []
        self._pieces: list[bytes] = []
        self.dropped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if self._status == 200 or not isinstance(error, Exception):
            return False
        self._stages, self._pieces, self.dropped = [], [], True
        return True

    def feed(self, piece: bytes) -> bool:
        """Add the next piece of the body.

        Args:
            piece: Bytes as they arrived, still encoded.

        Returns:
            False if `piece` is empty, which ends a read loop.

        Raises:
            TransportError: The body is too large, can't be decoded, or has an unsupported content coding.

        >>> body = ResponseBody(200)
        >>> body.feed(b"[]"), body.feed(b"")
        (True, False)
        """
        if piece and not self._stages:  # an empty body is empty in any coding
            self._stages = self._decoders()
        for start in range(0, len(piece), _SLICE):  # for each gzip member, zlib copies all the data after it
            decoded = piece[start : start + _SLICE]
            for stage in self._stages:
                decoded = stage.decode(decoded)
                if stage.room < 0:
                    raise TransportError("too-large", f"response body exceeds {self._limit:,} bytes")
            self._pieces.append(decoded)
        return bool(piece)

    def finish(self) -> bytes:
        """Return the decoded body.

        Returns:
            The body, empty if an error was dropped.

        Raises:
            TransportError: The status is 200 and the compressed data is incomplete.

        >>> body = ResponseBody(200)
        >>> body.feed(b"[]")
        True
        >>> body.finish()
        b'[]'
        """
        with self:
            for stage in self._stages:
                stage.finish()
        return b"".join(self._pieces)

    def _decoders(self) -> "list[_Plain | _Inflating]":
        if not self._encoding:
            return [_Plain(self._limit)]
        codings = re.findall(r"[^\s,]+", self._encoding.lower())
        for coding in codings:
            if coding in _UNSUPPORTED:
                raise TransportError("protocol", f"unsupported content coding {coding}")
        inflated = [coding for coding in codings if coding in ("gzip", "x-gzip", "deflate")]
        if len(inflated) > _MOST_CODINGS:
            raise TransportError("protocol", f"more than {_MOST_CODINGS} content codings")
        if not inflated:
            return [_Plain(self._limit)]
        encoded = self._limit + self._limit // 100 + _OVERHEAD
        rooms = [encoded] * (len(inflated) - 1) + [self._limit]
        return [_Plain(encoded), *map(_Inflating, rooms)]


@final
class _Plain:
    """Passes data on; `room` is the number of bytes that are still allowed."""

    def __init__(self, room: int) -> None:
        self.room = room

    def decode(self, data: bytes) -> bytes:
        self.room -= len(data)
        return data

    def finish(self) -> None:
        pass


@final
class _Inflating:
    """Decodes zlib, or gzip with any number of members (RFC 1952 §2.2); `room` bytes of output are still allowed."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)

    def decode(self, data: bytes) -> bytes:
        decoded = []
        while data and self.room >= 0:
            if self._stream.eof:
                self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                decoded.append(self._stream.decompress(data, self.room + 1))
            except zlib.error:
                raise TransportError("protocol", "response body does not match its Content-Encoding") from None
            self.room -= len(decoded[-1])
            data = self._stream.unused_data
        return b"".join(decoded)

    def finish(self) -> None:
        if not self._stream.eof:
            raise TransportError("protocol", "compressed response body is incomplete")
