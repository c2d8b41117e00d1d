"""A body in chunks, read to the letter: what frames it is all that tells where an answer ends.

`http.client` takes `0x0d` and `0_d` for a size, whatever two bytes for the end of a chunk, and the end of the
connection for that of the body.
"""

import re
from io import BufferedReader
from typing import Final, final

from spongewatch import TransportError

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*\r\n")
_END_OF_LINE: Final = b"\r\n"
_LONGEST_LINE: Final = 65_536
_PIECE: Final = 65_536


@final
class ChunkedBody:
    r"""Reads the chunks that come next from `file`, up to the blank line behind the last one and its trailers.

    >>> from io import BytesIO
    >>> body = ChunkedBody(BufferedReader(BytesIO(b"2;odd\r\n[]\r\n0\r\n\r\nmore")))
    >>> body.read(), body.over
    (b'[]', True)
    """

    def __init__(self, file: BufferedReader) -> None:
        self.over = False
        self._file = file
        self._left = 0  # of the chunk under way

    def read(self, most: int | None = None) -> bytes:
        """The next bytes, `most` of them unless it is over before; all of them where there is no `most`.

        Raises `TransportError` of kind protocol for what is not framed as it should be, and of kind reset for
        what breaks off.
        """
        pieces, wanted = [], most
        while (wanted is None or wanted > 0) and self._more():
            piece = self._piece(_PIECE if wanted is None else min(wanted, _PIECE))
            pieces.append(piece)
            wanted = None if wanted is None else wanted - len(piece)
        return b"".join(pieces)

    def _more(self) -> bool:
        """Does a byte of the body come next?"""
        if self._left == 0 and not self.over:
            self._left = self._size()
            self.over = self._left == 0
            if self.over:
                self._read_trailers()
        return not self.over

    def _piece(self, most: int) -> bytes:
        size = min(most, self._left)
        piece = self._file.read(size)
        if len(piece) < size:
            raise _broke_off()
        self._left -= size
        if self._left == 0 and self._line() != _END_OF_LINE:
            raise TransportError("protocol", "a chunk of the answer is longer than it says")
        return piece

    def _size(self) -> int:
        line = _SIZE_LINE.fullmatch(self._line())
        if line is None:
            raise TransportError("protocol", "the size of a chunk of the answer can't be read")
        return int(line[1], 16)

    def _read_trailers(self) -> None:
        while (line := self._line()) != _END_OF_LINE:
            if not _TRAILER.fullmatch(line):
                raise TransportError("protocol", "a trailer of the answer can't be read")

    def _line(self) -> bytes:
        line = self._file.readline(_LONGEST_LINE)
        if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
            raise _broke_off()
        return line


def _broke_off() -> TransportError:
    return TransportError("reset", "the answer broke off")
