"""What one answer says: `EventsPage`, and its rows, `ImportEvent`.

Strict where the shape is concerned, lenient about values: one odd word in a row must not hide that
the import is over. How bytes become what `EventsPage.from_json` takes is the codec's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeGuard, final

from .errors import LocalProtocolError, RemoteProtocolError
from .text import json_text, printable, shortened

MAX_ROWS: Final = 1000
MAX_WORD: Final = 64
MAX_NUMBER: Final = 10**15 - 1
"""Fifteen digits: exact in the floating-point numbers that other languages read JSON into."""

_WORD = re.compile(rf"[ -~]{{1,{MAX_WORD}}}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


@final
@dataclass(frozen=True, slots=True)
class ImportEvent:
    """One row of an answer.

    `type` and `status` are the service's words, 1 to 64 printable ASCII characters; `value` is a count
    of contacts or an error code, a whole number from 0 to 999,999,999,999,999; `odd_value` is the text
    of a value that is no such number. Raises `LocalProtocolError` for anything else.

    >>> ImportEvent("GATHERING", "INPROGRESS", 5).to_json()
    {'type': 'GATHERING', 'status': 'INPROGRESS', 'value': 5}
    """

    type: str
    status: str
    value: int | None = None
    odd_value: str | None = None

    def __post_init__(self) -> None:
        for name, word in (("type", self.type), ("status", self.status)):
            if not is_word(word):
                raise LocalProtocolError(f"the {name} of a row is 1 to {MAX_WORD} printable ASCII characters")
        if self.value is not None and not is_count(self.value):
            raise LocalProtocolError(f"the value of a row is a whole number from 0 to {MAX_NUMBER:,}, or None")
        if self.odd_value is not None and (self.value is not None or not isinstance(self.odd_value, str)):
            raise LocalProtocolError("the odd_value of a row is text, and stands only where there is no value")

    def to_json(self) -> dict[str, object]:
        """The row as a JSON object; `odd_value` is a member only where there is one."""
        row: dict[str, object] = {"type": self.type, "status": self.status, "value": self.value}
        return row if self.odd_value is None else {**row, "odd_value": self.odd_value}


@final
@dataclass(frozen=True, slots=True)
class EventsPage:
    """One parsed answer of the `/events` endpoint; ids are text, or None where the answer has none.

    `user_id` and `echo` are what the customer asked to have handed back; `events` are the rows, as they came.

    >>> page = EventsPage.from_json({"events": [], "import_id": 1126, "user_id": None})
    >>> page.import_id, page.events
    ('1126', ())
    """

    import_id: str | None
    user_id: str | None
    echo: str | None
    events: tuple[ImportEvent, ...]

    @classmethod
    def from_json(cls, obj: object) -> "EventsPage":
        """The page in what a JSON parser gave.

        Unknown members are passed over. Raises `RemoteProtocolError`, which names the row and the
        member, where `obj` is not a list of rows with a type and a status each.
        """
        if not isinstance(obj, Mapping):
            raise RemoteProtocolError(f"the answer is {_kind(obj)}, not an object with events in it")
        if "events" not in obj:
            message = error_message(obj)
            raise RemoteProtocolError(
                "the answer holds no events" if message is None else f"the service answers with an error: {message}"
            )
        rows = obj["events"]
        if not isinstance(rows, list | tuple):
            raise RemoteProtocolError(f"the answer's events are {_kind(rows)}, not a list")
        if len(rows) > MAX_ROWS:
            raise RemoteProtocolError(f"the answer has {len(rows):,} rows, {MAX_ROWS:,} are the most")
        return cls(
            import_id=shortened((_text(obj.get("import_id")) or "").strip()) or None,
            user_id=_text(obj.get("user_id")),
            echo=_text(obj.get("echo")),
            events=tuple(_row(number, row) for number, row in enumerate(rows, start=1)),
        )


def error_message(obj: object) -> str | None:
    """What the service's error envelope in `obj` says, or None where there is none.

    The envelope, `{"error": {"message": ..., "code": ...}}`, is what older clients read (wire-facts).

    >>> error_message({"error": {"message": "no such import", "code": 404}})
    'no such import'
    """
    if not isinstance(obj, Mapping) or "error" not in obj:
        return None
    error = obj["error"]
    message = error.get("message") if isinstance(error, Mapping) else error
    return printable(shortened(_text(message) or "without a message"))


def is_count(value: object) -> TypeGuard[int]:
    """True for a whole number from 0 to `MAX_NUMBER`; True and False are no numbers here.

    >>> is_count(0), is_count(-1), is_count(True)
    (True, False, False)
    """
    return type(value) is int and 0 <= value <= MAX_NUMBER


def is_word(value: object) -> TypeGuard[str]:
    """True for a type or a status as rows have them: 1 to `MAX_WORD` printable ASCII characters.

    >>> is_word("GATHERING"), is_word(""), is_word("caf\u00e9")
    (True, False, False)
    """
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _row(number: int, row: object) -> ImportEvent:
    if not isinstance(row, Mapping):
        raise RemoteProtocolError(f"row {number} of the answer is {_kind(row)}, not an object")
    event_type = _word(number, row, "event_type")
    status = _word(number, row, "status")
    value = row.get("value")
    if is_count(value):
        return ImportEvent(event_type, status, value)
    text = (_text(value) or "").strip()
    if _NUMBER.fullmatch(text):
        return ImportEvent(event_type, status, int(text))
    return ImportEvent(event_type, status, None, shortened(text) or None)


def _word(number: int, row: Mapping[object, object], member: str) -> str:
    if member not in row:
        raise RemoteProtocolError(f"row {number} of the answer: {member} is missing")
    word = row[member]
    if not isinstance(word, str):
        raise RemoteProtocolError(f"row {number} of the answer: {member} is {_kind(word)}, not text")
    word = word.strip()
    if is_word(word):
        return word
    if not word:
        raise RemoteProtocolError(f"row {number} of the answer: {member} is blank")
    if len(word) > MAX_WORD:
        raise RemoteProtocolError(
            f"row {number} of the answer: {member} has {len(word):,} characters, {MAX_WORD} are the most"
        )
    raise RemoteProtocolError(
        f"row {number} of the answer: {member} is '{printable(word)}', which is not printable ASCII"
    )


def _text(value: object) -> str | None:
    """A member as text: itself, or as JSON writes it. None stays None."""
    return value if value is None or isinstance(value, str) else json_text(value)


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")
