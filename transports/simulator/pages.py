"""Response bodies as the service writes them, in JSON and in XML."""

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
    """Return the events of an import in JSON.

    Args:
        rows: The events.
        import_id: The id of the import, None for a response that names none.
        echo: The echo of the request, None for a response without the key.

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
    """Return the events of an import in XML, as Rails writes it; the arguments are those of `json_page`."""
    events = "".join(
        f"<event><event-type>{escape(row.type)}</event-type><status>{escape(row.status)}</status>"
        f"{_xml_value(row)}</event>"
        for row in rows
    )
    echoed = "" if echo is None else f"<echo>{escape(echo)}</echo>"
    body = _xml(
        f'<eventsResponse><events type="array">{events}</events>{echoed}'
        f'<user-id nil="true"></user-id><import-id>{import_id}</import-id></eventsResponse>'
    )
    return Response(200, {"content-type": _XML}, body)


def refusal(status: int, message: str, *, in_xml: bool) -> Response:
    """Return the service's error envelope; with 401, HTTP requires a challenge (RFC 9110 §15.5.2)."""
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
    """Return an XML document; U+FFFD replaces characters that XML 1.0 can't contain."""
    return f'<?xml version="1.0" encoding="UTF-8"?>{_NOT_XML.sub(chr(0xFFFD), element)}'.encode()


def _compact_json(obj: object) -> bytes:
    return json.dumps(obj, separators=(",", ":")).encode()
