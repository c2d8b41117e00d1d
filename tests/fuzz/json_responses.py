"""Target: any bytes as a JSON response."""

import json

from event_rows import STATUSES, TYPES, UNLISTED_STATUSES, UNLISTED_TYPES, json_body, rows

from .choices import Choices
from .pages import holds, is_received, page_of

_VALUES = ("number", 0, 5, 264, 514, -1, 1.5, True, "7", " 8 ", "many", "few", "", [], {"a": None}, 10**15, "9" * 16)

SEEDS = (
    b"\x00" + bytes(range(64)),
    b"\x00\x0a\x01\x00\x0b\x01\x00\x01\x01\x01\x01\x02\x01",
    json_body(rows("INITIALIZING INPROGRESS 0"), import_id=1126, user_id=None),
    json_body(rows("INITIALIZING COMPLETED", "GATHERING INPROGRESS 5"), echo="mine", id=1126),
    json_body(rows("COMPLETE COMPLETED 0", "GATHERING COMPLETED 2"), import_id="1126", user_id="me"),
    json_body(rows("GATHERING ERROR 264", "COMPLETE ERROR 264", "SUBMITTING PENDING 1")),
    b'{"events":[{"event_type":"GATHERING","status":"COMPLETED","value":"999999999999999"}]}',
    b'{"error": {"message": "no such import", "code": 410}}',
    b'{"error": "Too many requests", "events": null}',
    b'\xef\xbb\xbf {"events":[{"event_type":" GATHERING\\t","status":"INPROGRESS","value":"5"}]}',
    b'{"events":[{"event_type":"A","status":"B","value":{"deep":[1.5,null,true,"\\ud83d\\ude00\\ud800"]}}]}',
    b'{"events":[{"event_type":"GATHERING","status":"INPROGRESS","value":-1e400}],"import_id":NaN,"echo":[Infinity]}',
    json.dumps({"events": [], "user_id": "\u202e\x1b[2J"}).encode("utf-16"),
    b'{"events": ' + 40 * b"[" + 40 * b"]" + b"}",
)


def one_input(data: bytes) -> None:
    if data.startswith(b"\x00"):
        data = _made(Choices(data[1:]))
    page = page_of(data, "application/json")
    if page is not None:
        holds(page)
        shown = page_of(data, None)
        assert shown is None or shown == page
    is_received(data, "application/json")


def _made(choices: Choices) -> bytes:
    """Build rows of listed and unlisted words, in any order and with any value."""
    rows = []
    while choices.more() and len(rows) < 8:
        value = choices.pick((*_VALUES, None, None))
        rows.append(
            {
                "event_type": choices.pick((*TYPES, *UNLISTED_TYPES)),
                "status": choices.pick((*STATUSES, *UNLISTED_STATUSES)),
                "value": choices.number(2) if value == "number" else value,
            }
        )
    return json.dumps({"events": rows, "import_id": 1126}).encode()
