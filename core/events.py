"""`EventsPage` and its rows, `ImportEvent`: the content of one response.

The shape is checked strictly, the values leniently: one odd value must not hide that the import has ended.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeGuard, final

from .errors import InvalidArgument, RemoteProtocolError, wrong_type
from .text import json_text, printable, shortened

MAX_ROWS: Final = 1000
MAX_WORD: Final = 64
MAX_NUMBER: Final = 10**15 - 1
"""Fifteen digits: exact as a double, which is what many JSON parsers return."""

_WORD = re.compile(rf"[ -~]{{1,{MAX_WORD}}}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


@final
@dataclass(frozen=True, slots=True)
class ImportEvent:
    """One row of a response.

    Args:
        type: The stage, such as `GATHERING`: 1 to 64 printable ASCII characters.
        status: The status of the stage, such as `INPROGRESS`: 1 to 64 printable ASCII characters.
        value: A number of contacts or an error code, from 0 to 999,999,999,999,999; None if there is none.
        odd_value: The text of a value that is no such number, else None.

    Raises:
        InvalidType: An argument has the wrong type.
        InvalidArgument: A word or the value is out of range, or there are both a `value` and an `odd_value`.

    >>> ImportEvent("GATHERING", "INPROGRESS", 5).to_json()
    {'type': 'GATHERING', 'status': 'INPROGRESS', 'value': 5}
    """

    type: str
    status: str
    value: int | None = None
    odd_value: str | None = None

    def __post_init__(self) -> None:
        for name, word in (("type", self.type), ("status", self.status)):
            if not isinstance(word, str):
                raise wrong_type(name, "a str", word)
            if not is_word(word):
                raise InvalidArgument(f"{name} must be 1 to {MAX_WORD} printable ASCII characters")
        if self.value is not None and not is_count(self.value):
            if type(self.value) is not int:
                raise wrong_type("value", "an int or None", self.value)
            raise InvalidArgument(f"value must be from 0 to {MAX_NUMBER:,}")
        if self.odd_value is not None:
            if not isinstance(self.odd_value, str):
                raise wrong_type("odd_value", "a str or None", self.odd_value)
            if self.value is not None:
                raise InvalidArgument("odd_value must be None if there is a value")

    def to_json(self) -> dict[str, object]:
        """Return the row as a JSON object; it has an `odd_value` only if there is one.

        >>> ImportEvent("GATHERING", "INPROGRESS", None, "many").to_json()
        {'type': 'GATHERING', 'status': 'INPROGRESS', 'value': None, 'odd_value': 'many'}
        """
        row: dict[str, object] = {"type": self.type, "status": self.status, "value": self.value}
        return row if self.odd_value is None else {**row, "odd_value": self.odd_value}


@final
@dataclass(frozen=True, slots=True)
class EventsPage:
    """One parsed response of the `/events` endpoint.

    Args:
        import_id: The id of the import, or None.
        user_id: The `user_id` with which the import was begun, or None.
        echo: The `echo` of the request, or None.
        events: The rows, in the order of the response.

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
        """Return the page for a parsed JSON body. Unknown keys are ignored.

        Args:
            obj: The output of a JSON parser, or the equivalent of an XML document.

        Raises:
            RemoteProtocolError: `obj` is not an object with a list of rows, each with a type and a status. The message
                names the row and the key.

        >>> EventsPage.from_json({"events": [{"event_type": "GATHERING", "status": "COMPLETED", "value": 2}]}).events
        (ImportEvent(type='GATHERING', status='COMPLETED', value=2, odd_value=None),)
        """
        if not isinstance(obj, Mapping):
            raise RemoteProtocolError(f"the response is {_kind(obj)}, not an object with events")
        if "events" not in obj:
            message = error_message(obj)
            raise RemoteProtocolError(
                "the response has no events" if message is None else f"the service returned an error: {message}"
            )
        rows = obj["events"]
        if not isinstance(rows, list | tuple):
            raise RemoteProtocolError(f"the events of the response are {_kind(rows)}, not a list")
        if len(rows) > MAX_ROWS:
            raise RemoteProtocolError(f"the response has {len(rows):,} rows; at most {MAX_ROWS:,} are accepted")
        return cls(
            import_id=shortened((_text(obj.get("import_id")) or "").strip()) or None,
            user_id=_text(obj.get("user_id")),
            echo=_text(obj.get("echo")),
            events=tuple(_row(number, row) for number, row in enumerate(rows, start=1)),
        )


def error_message(obj: object) -> str | None:
    """Return the message of the error envelope in `obj`, or None if it has none.

    The envelope is `{"error": {"message": ..., "code": ...}}`; no page describes it, but existing clients read it.

    >>> error_message({"error": {"message": "no such import", "code": 404}})
    'no such import'
    """
    if not isinstance(obj, Mapping) or "error" not in obj:
        return None
    error = obj["error"]
    message = error.get("message") if isinstance(error, Mapping) else error
    return printable(shortened(_text(message) or "without a message"))


def is_count(value: object) -> TypeGuard[int]:
    """Return whether `value` is an int from 0 to `MAX_NUMBER`, and no bool.

    >>> is_count(0), is_count(-1), is_count(True)
    (True, False, False)
    """
    return type(value) is int and 0 <= value <= MAX_NUMBER


def is_word(value: object) -> TypeGuard[str]:
    """Return whether `value` can be the type or the status of a row: 1 to `MAX_WORD` printable ASCII characters.

    >>> is_word("GATHERING"), is_word(""), is_word("caf\u00e9")
    (True, False, False)
    """
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _row(number: int, row: object) -> ImportEvent:
    if not isinstance(row, Mapping):
        raise RemoteProtocolError(f"row {number} of the response is {_kind(row)}, not an object")
    event_type = _word(number, row, "event_type")
    status = _word(number, row, "status")
    value = row.get("value")
    if is_count(value):
        return ImportEvent(event_type, status, value)
    text = (_text(value) or "").strip()
    if _NUMBER.fullmatch(text):
        return ImportEvent(event_type, status, int(text))
    return ImportEvent(event_type, status, None, shortened(text) or None)


def _word(number: int, row: Mapping[object, object], key: str) -> str:
    where = f"row {number} of the response"
    if key not in row:
        raise RemoteProtocolError(f"{where} has no {key}")
    word = row[key]
    if not isinstance(word, str):
        raise RemoteProtocolError(f"{where}: {key} is {_kind(word)}, not text")
    word = word.strip()
    if is_word(word):
        return word
    if not word:
        raise RemoteProtocolError(f"{where}: {key} is blank")
    if len(word) > MAX_WORD:
        raise RemoteProtocolError(f"{where}: {key} has {len(word):,} characters; at most {MAX_WORD} are accepted")
    raise RemoteProtocolError(f"{where}: {key} is '{printable(word)}', which is not printable ASCII")


def _text(value: object) -> str | None:
    """Return a str as it is, None as None, and any other value as JSON."""
    return value if value is None or isinstance(value, str) else json_text(value)


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")
