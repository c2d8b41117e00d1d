"""The body of an answer: whole, without its content encoding, and bounded before and after that."""

import zlib
from typing import Final, final

from spongewatch import MAX_BODY, LocalProtocolError, TransportError, shown

from .unpicklable import Unpicklable

_FRAMING: Final = 1_024
"""Bytes that an encoding may add to a body that it can't make smaller, beside one in a hundred."""

_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS


@final
class AnswerBody(Unpicklable):
    """Puts a body together from the pieces in which it comes over the wire, still encoded.

    `encoding` is the `content-encoding` of the answer, gzip, deflate or none. No more than `limit` bytes are taken
    from it, decoded, nor many more before that; what inflates without end is left early. HTTP clients decode by
    themselves, but few of them know a bound, so give them no chance to. Raises `LocalProtocolError` for a `limit`
    that is no number of bytes.

    >>> body = AnswerBody("identity", limit=20)
    >>> body.feed(b'{"events"')
    >>> body.feed(b": []}")
    >>> body.finish()
    b'{"events": []}'
    """

    def __init__(self, encoding: str | None = None, limit: int = MAX_BODY) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise LocalProtocolError(f"a limit is a number of bytes, not {shown(limit)}")
        self._encoding = encoding or ""
        self._limit = limit
        self._room = limit
        self._room_encoded = limit + limit // 100 + _FRAMING
        self._pieces: list[bytes] = []
        self._decoder: _Plain | _Inflating | None = None

    def feed(self, piece: bytes) -> None:
        """Take the next bytes.

        Raises `TransportError` where the body grows too large, is not in the encoding that it names, or names
        one that nobody asked for.
        """
        if not piece:  # an empty body is empty in any encoding
            return
        if self._decoder is None:
            self._decoder = _decoder(self._encoding)
        self._room_encoded -= len(piece)
        if self._room >= 0 and self._room_encoded >= 0:
            decoded = self._decoder.decode(piece, self._room + 1)
            self._pieces.append(decoded)
            self._room -= len(decoded)
        if self._room < 0 or self._room_encoded < 0:
            raise TransportError("too-large", f"the body of the answer has more than {self._limit:,} bytes")

    def finish(self) -> bytes:
        """The body; raises `TransportError` where the end of what is compressed is missing."""
        if self._decoder is not None:
            self._decoder.finish()
        return b"".join(self._pieces)


def _decoder(encoding: str) -> "_Plain | _Inflating":
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip" | "deflate":
            return _Inflating()
        case _:
            raise TransportError("protocol", "the answer has a content encoding that was not asked for")


@final
class _Plain:
    def decode(self, piece: bytes, most: int) -> bytes:
        return piece

    def finish(self) -> None:
        pass


@final
class _Inflating:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)

    def decode(self, piece: bytes, most: int) -> bytes:
        """At most `most` bytes; where they are fewer, they are all that `piece` holds."""
        try:
            decoded = self._stream.decompress(piece, most)
        except zlib.error:
            raise TransportError("protocol", "the answer is not in the content encoding that it names") from None
        # A second stream behind the first would be legal, but nobody sends one.
        if self._stream.unused_data:
            raise TransportError("protocol", "the compressed answer has bytes behind its end")
        return decoded

    def finish(self) -> None:
        if not self._stream.eof:
            raise TransportError("protocol", "the compressed answer ends too soon")
