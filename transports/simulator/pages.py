"""Response bodies as the service writes them, in JSON and in XML."""

import json
import re
from collections.abc import Mapping
from html import escape
from http import HTTPStatus

from ...core import ImportEvent, Response
from .scenarios import Rows

_JSON = "application/json; charset=utf-8"
_XML = "application/xml; charset=utf-8"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def json_page(rows: Rows, import_id: str | None, echo: str | None = None, user_id: str | None = None) -> Response:
    """Return the events of an import in JSON.

    Args:
        rows: The events.
        import_id: The id of the import, None for a response that names none.
        echo: The echo of the request, None for a response without the key.
        user_id: The `user_id` that the import was begun with.

    >>> json_page((ImportEvent("GATHERING", "INPROGRESS", 5),), "1126").body
    b'{"events":[{"event_type":"GATHERING","status":"INPROGRESS","value":5}],"import_id":1126,"user_id":null}'
    """
    page: dict[str, object] = {
        "events": [{"event_type": row.type, "status": row.status, "value": _value(row)} for row in rows],
        "import_id": import_id and _id(import_id),
        "user_id": user_id,
    }
    return Response(200, {"content-type": _JSON}, _compact_json(page if echo is None else {**page, "echo": echo}))


def xml_page(rows: Rows, import_id: str, echo: str | None = None, user_id: str | None = None) -> Response:
    """Return the events of an import in XML, as Rails writes it; the arguments are those of `json_page`."""
    events = "".join(
        f"<event><event-type>{escape(row.type)}</event-type><status>{escape(row.status)}</status>"
        f"{_xml_value(row)}</event>"
        for row in rows
    )
    echoed = "" if echo is None else f"<echo>{escape(echo)}</echo>"
    body = _xml(
        f'<eventsResponse><events type="array">{events}</events>{echoed}'
        f"{_xml_element('user_id', user_id)}<import-id>{import_id}</import-id></eventsResponse>"
    )
    return Response(200, {"content-type": _XML}, body)


def begun_page(import_id: str, url: str | None, user_id: str | None, echo: str | None, *, in_xml: bool) -> Response:
    """Return the response of step 1; without a URL, the import needs no consent."""
    consent = {} if url is None else {"url": url, "import_type": "OAUTH"}
    begun = {"status": "success", **consent, "echo": echo, "import_id": _id(import_id), "user_id": user_id}
    return _page("userConsentResponse", {**begun, "id": _id(import_id)}, in_xml=in_xml)


def contacts_page(
    contacts: list[dict[str, object]],
    owner: Mapping[str, object],
    start: int,
    total: int,
    import_id: str,
    user_id: str | None,
    echo: str | None,
    *,
    in_xml: bool,
) -> Response:
    """Return the response of step 3."""
    page = {
        "contacts": contacts,
        "contacts_owner": owner,
        "start": start,
        "count": len(contacts),
        "total": total,
        "import_id": _id(import_id),
        "user_id": user_id,
        "id": _id(import_id),
        "echo": echo,
    }
    return _page("contactsResponse", page, in_xml=in_xml)


def refusal(status: int, message: str, *, in_xml: bool, code: int | None = None) -> Response:
    """Return the service's error envelope; with 401, HTTP requires a challenge (RFC 9110 §15.5.2)."""
    code = int(status) if code is None else code
    headers = {"www-authenticate": 'Basic realm="simulator"'} if status == HTTPStatus.UNAUTHORIZED else {}
    if in_xml:
        body = _xml(f"<error><message>{escape(message)}</message><code>{code}</code></error>")
        return Response(status, {"content-type": _XML, **headers}, body)
    body = _compact_json({"error": {"message": message, "code": code}})
    return Response(status, {"content-type": _JSON, **headers}, body)


def _page(root: str, obj: Mapping[str, object], *, in_xml: bool) -> Response:
    if in_xml:
        return Response(200, {"content-type": _XML}, _xml(_xml_element(root, obj)))
    return Response(200, {"content-type": _JSON}, _compact_json(obj))


def _xml_element(name: str, value: object) -> str:
    """Return `value` as Rails writes it."""
    name = name.replace("_", "-")
    match value:
        case None:
            return f'<{name} nil="true"></{name}>'
        case bool():
            return f'<{name} type="boolean">{str(value).lower()}</{name}>'
        case int():
            return f'<{name} type="integer">{value}</{name}>'
        case list():
            items = "".join(_xml_element(name.removesuffix("s"), item) for item in value)
            return f'<{name} type="array">{items}</{name}>'
        case Mapping():
            return f"<{name}>{''.join(_xml_element(key, item) for key, item in value.items())}</{name}>"
        case _:
            return f"<{name}>{escape(str(value))}</{name}>"


def _id(import_id: str) -> int | str:
    return int(import_id) if import_id.isdecimal() else import_id


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
