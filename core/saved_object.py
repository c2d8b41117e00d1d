"""`SavedObject`: reads the JSON that `save` returned, and checks each value as untrusted input."""

import json
from enum import Enum
from typing import Final, TypeVar

from .errors import LocalProtocolError, wrong_type
from .events import is_count
from .text import shown

MAX_SAVED: Final = 16 * 1024 * 1024
"""The longest text that is parsed, in characters; a session is at most half as long."""

_Choice = TypeVar("_Choice", bound=Enum)
_Word = TypeVar("_Word")
_REQUIRED: Final = object()


class SavedObject:
    """A saved JSON object. Each method returns the value of one key.

    They raise `LocalProtocolError`, which names the key, if it is missing or has another kind of value.
    """

    def __init__(self, what: str, obj: object) -> None:
        if not isinstance(obj, dict):
            raise LocalProtocolError(f"the saved {what} is not a JSON object")
        self._what = what
        self._obj = obj

    @classmethod
    def parse(cls, what: str, version: int, saved: str) -> "SavedObject":
        """Parse `saved`, in which the key `spongewatch-{what}` must have the value `version`.

        Raises:
            InvalidType: `saved` is not a str.
            LocalProtocolError: `saved` is too long, not JSON, not an object, or of another version.
        """
        if not isinstance(saved, str):
            raise wrong_type("saved", "a str", saved)
        if len(saved) > MAX_SAVED:
            raise LocalProtocolError(f"the saved {what} has more than {MAX_SAVED:,} characters")
        try:
            parsed = cls(what, json.loads(saved))
        except (ValueError, RecursionError):
            raise LocalProtocolError(f"the saved {what} is not JSON") from None
        if parsed.count(f"spongewatch-{what}") != version:
            raise parsed.refusal(f"spongewatch-{what}", f"{version}, the only supported version")
        return parsed

    def refusal(self, key: str, expected: str) -> LocalProtocolError:
        """Return the error that says what the value must be."""
        return LocalProtocolError(f"the saved {self._what}: {key} must be {expected}, not {shown(self._obj[key])}")

    def take(self, key: str, default: object = _REQUIRED) -> object:
        """Return any value; `default` is for keys that older versions didn't write."""
        if key in self._obj:
            return self._obj[key]
        if default is _REQUIRED:
            raise LocalProtocolError(f"the saved {self._what} has no key {key}")
        return default

    def text(self, key: str) -> str | None:
        """Return a str or None."""
        value = self.take(key)
        if value is None or isinstance(value, str):
            return value
        raise self.refusal(key, "text or null")

    def word(self, key: str, words: tuple[_Word, ...]) -> _Word:
        """Return one of the `words`."""
        value = self.take(key)
        for word in words:
            if word == value:
                return word
        raise self.refusal(key, f"one of {', '.join(map(str, words))}")

    def flag(self, key: str, default: object = _REQUIRED) -> bool:
        """Return a bool."""
        value = self.take(key, default)
        if isinstance(value, bool):
            return value
        raise self.refusal(key, "true or false")

    def number(self, key: str) -> float:
        """Return an int or a float."""
        value = self.take(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise self.refusal(key, "a number")

    def whole(self, key: str, default: object = _REQUIRED) -> int:
        """Return an int of at least 0."""
        value = self.take(key, default)
        if is_count(value):
            return value
        raise self.refusal(key, "a whole number of at least 0")

    def count(self, key: str, default: object = _REQUIRED) -> int | None:
        """Return an int of at least 0, or None."""
        value = self.take(key, default)
        if value is None or is_count(value):
            return value
        raise self.refusal(key, "a whole number of at least 0, or null")

    def choice(self, key: str, kind: type[_Choice]) -> _Choice:
        """Return the member of an enumeration that has the value."""
        value = self.take(key)
        for option in kind:
            if option.value == value:
                return option
        raise self.refusal(key, f"one of {', '.join(option.name for option in kind)}")

    def items(self, key: str) -> list[object]:
        """Return a list."""
        value = self.take(key)
        if isinstance(value, list):
            return value
        raise self.refusal(key, "a list")

    def mapping(self, key: str) -> dict[str, object]:
        """Return an object as a dict."""
        value = self.take(key)
        if isinstance(value, dict):
            return value
        raise self.refusal(key, "an object")

    def child(self, key: str) -> "SavedObject | None":
        """Return an object as a `SavedObject`, or None."""
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return SavedObject(f"{self._what}'s {key}", value)
        raise self.refusal(key, "an object or null")
