"""Responses with all the fields of real ones, which make up three quarters of their bytes."""

import json
from collections.abc import Sequence

from spongewatch import ImportEvent

IMPORT_ID = "89708927"
CREATED = "2016-04-12T15:12:10.000-07:00"
JSON_HEADERS = {"content-type": "application/json; charset=utf-8"}
XML_HEADERS = {"content-type": "application/xml; charset=utf-8"}


def json_response(*rows: ImportEvent, import_id: str = IMPORT_ID) -> bytes:
    extra = {"import_action_id": int(import_id), "import_id": int(import_id), "description": None}
    events = [
        {**extra, "event_type": row.type, "value": row.value, "status": row.status, "created_at": CREATED}
        for row in rows
    ]
    page = {"events": events, "import_id": int(import_id), "user_id": None, "id": int(import_id)}
    return json.dumps(page, separators=(",", ":")).encode()


def xml_response(*rows: ImportEvent) -> bytes:
    events = "".join(
        f"    <event>\n      <event-type>{row.type}</event-type>\n      <status>{row.status}</status>\n"
        f'      <value type="integer">{row.value}</value>\n      <description nil="true"></description>\n'
        f'      <import-action-id type="integer">{IMPORT_ID}</import-action-id>\n'
        f'      <created-at type="datetime">{CREATED}</created-at>\n    </event>\n'
        for row in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<eventsResponse>\n'
        f'  <import-id type="integer">{IMPORT_ID}</import-id>\n  <user-id nil="true"></user-id>\n'
        f'  <events type="array">\n{events}  </events>\n</eventsResponse>\n'
    ).encode()


_INITIALIZED = ImportEvent("INITIALIZING", "COMPLETED", 0)

WAITING = json_response(ImportEvent("INITIALIZING", "INPROGRESS", 0))
GATHERING = json_response(_INITIALIZED, ImportEvent("GATHERING", "INPROGRESS", 0))
COMPLETE = json_response(
    _INITIALIZED, ImportEvent("GATHERING", "COMPLETED", 2340), ImportEvent("COMPLETE", "COMPLETED", 0)
)
WHOLE_IMPORT: Sequence[bytes] = [WAITING] * 79 + [GATHERING] * 5 + [COMPLETE]
"""A recorded import: the person took 79 s to give consent."""


def gathering(contacts: int) -> bytes:
    """Return `GATHERING` with a number of contacts."""
    return _BEFORE_THE_COUNT + b"%d" % contacts + _AFTER_THE_COUNT


_BEFORE_THE_COUNT, _, _AFTER_THE_COUNT = json_response(
    _INITIALIZED, ImportEvent("GATHERING", "INPROGRESS", 999_999)
).partition(b"999999")
