"""Turn bytes into a series of choices; after the last byte, every choice is the first option.

atheris has `FuzzedDataProvider` for this, but the corpus also runs without atheris.
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
        """Return whether bytes are left."""
        return self._at < len(self._data)

    def number(self, size: int = 1) -> int:
        """Return an integer of `size` bytes."""
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
        """Return a text of up to 255 characters."""
        return self.bytes(self.number()).decode("latin-1")
