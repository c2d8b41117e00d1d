"""Write a page in both formats, and check what holds for every page."""

import json
import re
from dataclasses import replace
from xml.sax.saxutils import escape

from spongewatch import EventsPage, ImportMachine, ImportSession, RemoteProtocolError, Response, decode

from .oracles import BASE_URL, CREDENTIALS, forms_a_path, is_printable_line, lines_of, texts_are_printable

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def page_of(body: bytes, content_type: str | None) -> EventsPage | None:
    """Return the page; None if the body is refused."""
    try:
        return decode(body, content_type)
    except RemoteProtocolError as error:
        is_printable_line(error)
        return None


def holds(page: EventsPage) -> None:
    """Check that both formats read the same, that order doesn't matter, and that everything is emitted once."""
    page = _without_blanks(page)
    twin = _json(page)
    assert decode(twin) == page
    if not _NOT_IN_XML.search("".join(_texts(page))):
        assert decode(_xml(page)) == page
    machine, other = ImportMachine(page.import_id), ImportMachine(page.import_id)
    emitted = machine.feed(page.events, at=1.0)
    forms_a_path(emitted)
    assert other.feed(page.events[::-1], at=1.0) == emitted
    assert ImportMachine.resume(machine.save()).save() == machine.save()
    assert ImportMachine.resume(machine.save()).feed(page.events) == machine.feed(page.events) == ()


def is_received(body: bytes, content_type: str) -> None:
    """Check that a session accepts any response."""
    for status in (200, 503, 400):
        session = ImportSession("1126", CREDENTIALS, now=0.0, base_url=BASE_URL)
        emitted = session.receive(Response(status, {"content-type": content_type}, body), now=0.2)
        assert forms_a_path(emitted) is session.state
        lines_of(emitted)
        for item in emitted:
            texts_are_printable(item)
        saved = session.save()
        assert ImportSession.resume(saved, CREDENTIALS, now=0.2, base_url=BASE_URL).save() == saved


def _without_blanks(page: EventsPage) -> EventsPage:
    """Return the page without the blanks at which values were cut."""
    events = tuple(replace(row, odd_value=row.odd_value and row.odd_value.strip()) for row in page.events)
    return replace(page, import_id=page.import_id and page.import_id.strip(), events=events)


def _texts(page: EventsPage) -> list[str]:
    texts = [page.import_id, page.user_id, page.echo, *(row.odd_value for row in page.events)]
    return [text for text in texts if text is not None]


def _members(page: EventsPage) -> dict[str, str | None]:
    return {"import_id": page.import_id, "user_id": page.user_id, "echo": page.echo}


def _json(page: EventsPage) -> bytes:
    rows = [
        {"event_type": row.type, "status": row.status, "value": row.value if row.odd_value is None else row.odd_value}
        for row in page.events
    ]
    return json.dumps({"events": rows, **_members(page)}).encode()


def _xml(page: EventsPage) -> bytes:
    """Write the page as Rails' `to_xml` does."""
    rows = [
        _element("event-type", row.type)
        + _element("status", row.status)
        + _element("value", row.odd_value or (None if row.value is None else str(row.value)))
        for row in page.events
    ]
    events = f'<events type="array">{"".join(f"<event>{row}</event>" for row in rows)}</events>'
    members = "".join(_element(name.replace("_", "-"), text) for name, text in _members(page).items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<eventsResponse>{events}{members}</eventsResponse>'.encode()


def _element(tag: str, text: str | None) -> str:
    if text is None:
        return f'<{tag} nil="true"></{tag}>'
    return f"<{tag}>{escape(text, {chr(13): '&#13;'})}</{tag}>"
