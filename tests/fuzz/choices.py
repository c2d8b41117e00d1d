"""Bytes as a row of choices, for targets that build something of them; when the bytes are over, all choose the first.

Such a reader comes with atheris, and the corpus has to run without it.
"""

from collections.abc import Sequence
from typing import TypeVar, final

_T = TypeVar("_T")


@final
class Choices:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def more(self) -> bool:
        """True while there are bytes left."""
        return self._at < len(self._data)

    def number(self, size: int = 1) -> int:
        """A whole number, of so many bytes."""
        return int.from_bytes(self.bytes(size), "little")

    def pick(self, options: Sequence[_T]) -> _T:
        return options[self.number() % len(options)]

    def flag(self) -> bool:
        return self.number() % 2 == 1

    def bytes(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def text(self) -> str:
        """A text of up to 255 bytes, any of them."""
        return self.bytes(self.number()).decode("latin-1")
