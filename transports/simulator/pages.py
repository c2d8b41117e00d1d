"""Answers as the service writes them, in JSON and in XML, for those who stand in for it."""

import json
import re
from html import escape
from http import HTTPStatus

from ...core import ImportEvent, Response
from .scenarios import Rows

_JSON = "application/json; charset=utf-8"
_XML = "application/xml; charset=utf-8"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def json_page(rows: Rows, import_id: str | None, echo: str | None = None) -> Response:
    """What the service says of an import in JSON; `echo` is absent where none was sent.

    >>> json_page((ImportEvent("GATHERING", "INPROGRESS", 5),), "1126").body
    b'{"events":[{"event_type":"GATHERING","status":"INPROGRESS","value":5}],"import_id":1126,"user_id":null}'
    """
    page: dict[str, object] = {
        "events": [{"event_type": row.type, "status": row.status, "value": _value(row)} for row in rows],
        "import_id": int(import_id) if import_id and import_id.isdecimal() else import_id,
        "user_id": None,
    }
    return Response(200, {"content-type": _JSON}, _compact_json(page if echo is None else {**page, "echo": echo}))


def xml_page(rows: Rows, import_id: str, echo: str | None = None) -> Response:
    """The same in XML, as Rails writes it."""
    events = "".join(
        f"<event><event-type>{escape(row.type)}</event-type><status>{escape(row.status)}</status>"
        f"{_xml_value(row)}</event>"
        for row in rows
    )
    said_back = "" if echo is None else f"<echo>{escape(echo)}</echo>"
    body = _xml(
        f'<eventsResponse><events type="array">{events}</events>{said_back}'
        f'<user-id nil="true"></user-id><import-id>{import_id}</import-id></eventsResponse>'
    )
    return Response(200, {"content-type": _XML}, body)


def refusal(status: int, message: str, *, in_xml: bool) -> Response:
    """The error envelope; with 401, the question for credentials."""
    headers = {"www-authenticate": 'Basic realm="simulator"'} if status == HTTPStatus.UNAUTHORIZED else {}
    if in_xml:
        body = _xml(f"<error><message>{escape(message)}</message><code>{status:d}</code></error>")
        return Response(status, {"content-type": _XML, **headers}, body)
    body = _compact_json({"error": {"message": message, "code": status}})
    return Response(status, {"content-type": _JSON, **headers}, body)


def _xml_value(row: ImportEvent) -> str:
    value = _value(row)
    if value is None:
        return '<value type="integer" nil="true"></value>'
    return f'<value type="integer">{escape(str(value))}</value>'


def _value(row: ImportEvent) -> int | str | None:
    return row.value if row.odd_value is None else row.odd_value


def _xml(element: str) -> bytes:
    """A document; a character that XML can't hold becomes the one that stands for such."""
    return f'<?xml version="1.0" encoding="UTF-8"?>{_NOT_XML.sub(chr(0xFFFD), element)}'.encode()


def _compact_json(obj: object) -> bytes:
    return json.dumps(obj, separators=(",", ":")).encode()
