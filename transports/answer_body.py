"""The body of an answer: whole, without its content encoding, and bounded before and after that."""

import zlib
from typing import Final, final

from urllib3.response import BaseHTTPResponse

from spongewatch import TransportError

_PIECE: Final = 16_384
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS


def read_body(answer: BaseHTTPResponse, limit: int) -> bytes:
    """All of the body; of one larger than `limit` bytes no more is kept than shows it.

    Raises `TransportError` for a body that is too large or is not in the encoding that it names, and what
    urllib3 does. Of encodings gzip and deflate are read; urllib3's own decoding is passed over, for its older
    versions know no bound, and none tells that the end of a compressed body is missing.
    """
    pieces: list[bytes] = []
    room = limit
    decoder: _Plain | _Inflating | None = None
    while piece := answer.read(_PIECE, decode_content=False):
        decoder = decoder or _decoder(answer.headers.get("content-encoding", ""))
        pieces.append(decoder.decode(piece, room + 1))
        room -= len(pieces[-1])
        if room < 0:
            raise TransportError("too-large", f"the body of the answer has more than {limit:,} bytes")
    if decoder is not None:
        decoder.finish()
    return b"".join(pieces)


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
