"""The body of a response: joined from its pieces, decoded, and bounded before and after decoding."""

import re
import zlib
from types import TracebackType
from typing import Final, Self, final

from ...core import InvalidArgument, InvalidType, TransportError
from ...core._shared import MAX_BODY, shown
from ..unpicklable import Unpicklable

_OVERHEAD: Final = 1_024
"""Bytes that a coding may add to data that does not compress, besides one in a hundred."""

_UNSUPPORTED: Final = frozenset(("br", "zstd", "compress", "x-compress", "exi", "pack200-gzip", "dcb", "dcz"))
"""Registered content codings that are not decoded here. Labels that are not registered mean identity."""

_MOST_CODINGS: Final = 5
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_SLICE: Final = 16_384


@final
class ResponseBody(Unpicklable):
    """Collects the body of a response from the pieces that arrive, still encoded.

    HTTP clients decode bodies themselves, but few of them bound the result, so have yours hand out the raw bytes.

    Read the body inside `with`. On a 200 every error is raised. Any other status is known without its body, so
    whatever fails while that body is read, timeouts and errors of the HTTP client included, is dropped, and
    `finish` returns an empty body and `dropped` is True. The caller closes the connection of a body that it did not
    read to its end.

    Args:
        status: The HTTP status of the response.
        encoding: The value of `content-encoding`, several ones joined by commas (RFC 9110 §8.4). gzip and deflate
            are decoded. A label that is no registered coding, such as `utf-8`, means identity.
        limit: The largest body to accept, in bytes, after decoding.

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
        """Take the next bytes; return False if there are none.

        Raises:
            TransportError: The body is too large, is not encoded as its label says, or has a coding that is not
                supported.
        """
        if piece and not self._stages:  # an empty body is empty in any coding
            self._stages = self._decoders()
        for start in range(0, len(piece), _SLICE):  # zlib copies what follows a gzip member once for each member
            decoded = piece[start : start + _SLICE]
            for stage in self._stages:
                decoded = stage.decode(decoded)
                if stage.room < 0:
                    raise TransportError("too-large", f"the body of the response has more than {self._limit:,} bytes")
            self._pieces.append(decoded)
        return bool(piece)

    def finish(self) -> bytes:
        """Return the whole body.

        Raises:
            TransportError: The status is 200 and compressed data lack their end.
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
                raise TransportError("protocol", f"the content coding {coding} of the response is not supported")
        inflated = [coding for coding in codings if coding in ("gzip", "x-gzip", "deflate")]
        if len(inflated) > _MOST_CODINGS:
            raise TransportError("protocol", f"the response has more than {_MOST_CODINGS} content codings")
        if not inflated:
            return [_Plain(self._limit)]
        encoded = self._limit + self._limit // 100 + _OVERHEAD
        rooms = [encoded] * (len(inflated) - 1) + [self._limit]
        return [_Plain(encoded), *map(_Inflating, rooms)]


@final
class _Plain:
    """Passes data on; `room` is how many more bytes may come."""

    def __init__(self, room: int) -> None:
        self.room = room

    def decode(self, data: bytes) -> bytes:
        self.room -= len(data)
        return data

    def finish(self) -> None:
        pass


@final
class _Inflating:
    """Decodes gzip, of several members too (RFC 1952 §2.2), or zlib; `room` is how many more bytes may come out."""

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
                raise TransportError("protocol", "the response is not in the content coding that it names") from None
            self.room -= len(decoded[-1])
            data = self._stream.unused_data
        return b"".join(decoded)

    def finish(self) -> None:
        if not self._stream.eof:
            raise TransportError("protocol", "the compressed response lacks its end")
