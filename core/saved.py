"""Reading back what `save()` wrote: JSON with a version, each member checked as a stranger's text is."""

import json
from enum import Enum
from typing import Final, TypeVar

from .errors import InvalidType, LocalProtocolError
from .events import is_count
from .text import shown

MAX_SAVED: Final = 16 * 1024 * 1024
"""Characters that are parsed; what one answer can leave in a session is half as long."""

_Choice = TypeVar("_Choice", bound=Enum)
_Word = TypeVar("_Word")
_REQUIRED: Final = object()


class SavedObject:
    """One saved JSON object; each method takes one member out of it.

    All of them raise `LocalProtocolError`, which names the member, where it is missing or of another kind.
    """

    def __init__(self, what: str, obj: object) -> None:
        if not isinstance(obj, dict):
            raise LocalProtocolError(f"the saved {what} is not a JSON object")
        self._what = what
        self._obj = obj

    @classmethod
    def parse(cls, what: str, version: int, saved: str) -> "SavedObject":
        """Parse `saved`, whose member `spongewatch-{what}` has to be `version`.

        Raises:
            InvalidType: `saved` is not a str.
            LocalProtocolError: `saved` is too long, not JSON, not an object, or of another version.
        """
        if not isinstance(saved, str):
            raise InvalidType(f"saved must be a str, not {type(saved).__name__}")
        if len(saved) > MAX_SAVED:
            raise LocalProtocolError(f"the saved {what} has more than {MAX_SAVED:,} characters")
        try:
            parsed = cls(what, json.loads(saved))
        except (ValueError, RecursionError):
            raise LocalProtocolError(f"the saved {what} is not JSON") from None
        if parsed.count(f"spongewatch-{what}") != version:
            raise parsed.refusal(f"spongewatch-{what}", f"{version}, the version that is read here")
        return parsed

    def take(self, member: str, default: object = _REQUIRED) -> object:
        """The member, whatever it is; `default` stands for one that older versions did not write."""
        if member not in self._obj:
            if default is not _REQUIRED:
                return default
            raise LocalProtocolError(f"the saved {self._what} has no member {member}")
        return self._obj[member]

    def refusal(self, member: str, expected: str) -> LocalProtocolError:
        """The error that says what the member has to be."""
        found = shown(self._obj[member])
        return LocalProtocolError(f"the saved {self._what}: {member} has to be {expected}, not {found}")

    def text(self, member: str) -> str | None:
        """A text, or None."""
        value = self.take(member)
        if value is None or isinstance(value, str):
            return value
        raise self.refusal(member, "text or null")

    def word(self, member: str, words: tuple[_Word, ...]) -> _Word:
        """One of the `words`."""
        value = self.take(member)
        for word in words:
            if word == value:
                return word
        raise self.refusal(member, f"one of {', '.join(map(str, words))}")

    def flag(self, member: str, default: object = _REQUIRED) -> bool:
        """True or false."""
        value = self.take(member, default)
        if isinstance(value, bool):
            return value
        raise self.refusal(member, "true or false")

    def number(self, member: str) -> float:
        """A number, whole or not."""
        value = self.take(member)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise self.refusal(member, "a number")

    def whole(self, member: str, default: object = _REQUIRED) -> int:
        """A whole number of zero or more."""
        value = self.take(member, default)
        if is_count(value):
            return value
        raise self.refusal(member, "a whole number of zero or more")

    def mapping(self, member: str) -> dict[str, object]:
        """An object as it is."""
        value = self.take(member)
        if isinstance(value, dict):
            return value
        raise self.refusal(member, "an object")

    def count(self, member: str, default: object = _REQUIRED) -> int | None:
        """A whole number of zero or more, or None."""
        value = self.take(member, default)
        if value is None or is_count(value):
            return value
        raise self.refusal(member, "a whole number of zero or more, or null")

    def choice(self, member: str, kind: type[_Choice]) -> _Choice:
        """A member of an enumeration, by its value."""
        value = self.take(member)
        for option in kind:
            if option.value == value:
                return option
        raise self.refusal(member, f"one of {', '.join(option.name for option in kind)}")

    def items(self, member: str) -> list[object]:
        """A list."""
        value = self.take(member)
        if isinstance(value, list):
            return value
        raise self.refusal(member, "a list")

    def child(self, member: str) -> "SavedObject | None":
        """An object, or None."""
        value = self.take(member)
        if value is None:
            return None
        if isinstance(value, dict):
            return SavedObject(f"{self._what}'s {member}", value)
        raise self.refusal(member, "an object or null")
