"""Pages of rows, in all the ways in which a service might write them; they echo the password."""

import json
from collections.abc import Iterable
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from drawn_model import IMPORT_ID, Row
from spongewatch import Credentials

HIDDEN = "7q3z9k"
"""A part of the password that every encoding leaves as it is, and that can't be part of an object's address."""

CREDENTIALS = Credentials("the-key", f'p+/%:"{HIDDEN}-')
PASSWORD, BASIC = CREDENTIALS.domain_password, CREDENTIALS.basic().removeprefix("Basic ")
JSON, XML = "application/json", "application/xml"
ABSENT = object()
"""In place of a blank value: no key at all."""


def json_page(rows: Iterable[Row], blank: object = None, *, as_text: bool = False, **members: object) -> str:
    """Return a JSON page; a row without a value gets `blank`, or no key if that is ABSENT."""

    def element(row: Row) -> dict[str, object]:
        number = f" {row.value} " if as_text else row.value
        value = row.odd_value or (blank if row.value is None else number)
        words = {"event_type": row.type, "status": row.status, "description": None}
        return words if value is ABSENT else {**words, "value": value}

    return json.dumps({"events": list(map(element, rows)), "user_id": PASSWORD, "echo": BASIC, **members})


def xml_page(rows: Iterable[Row], *, import_id: str | None = IMPORT_ID, encoding: str = "UTF-8") -> str:
    def element(row: Row) -> str:
        value = row.odd_value or ("" if row.value is None else row.value)
        nil = ' nil="true"' if value == "" else ' type="integer"'
        words = f"<event-type>{escape(row.type)}</event-type><status> {escape(row.status)}\n</status>"
        return f"<event>{words}<value{nil}>{escape(str(value))}</value><unclaimed>true</unclaimed></event>"

    named = "" if import_id is None else f'<import-id type="integer">{import_id}</import-id>'
    events = f'<events type="array">{"".join(map(element, rows))}</events>'
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        f"<eventsResponse>{events}<echo>{escape(BASIC)}</echo>{named}</eventsResponse>"
    )


@st.composite
def pages(draw: st.DrawFn, rows: list[Row]) -> tuple[str, bytes, str | None]:
    """Draw a way to write `rows`: a description, the body, and its content type."""
    if draw(st.booleans()):
        blank = draw(st.sampled_from([None, "", ABSENT]))
        import_id = draw(st.sampled_from([{"import_id": 1126}, {"import_id": "1126"}, {"import_id": None}, {}]))
        text = json_page(rows, blank, as_text=draw(st.booleans()), **import_id)
        if draw(st.booleans()):
            text = text.replace("{", f'{{"events": {draw(st.sampled_from(["null", "[]", "[5]"]))}, ', 1)
        encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]))
        types = [JSON, "text/json", "Application/Problem+JSON; charset=x", "text/html", "", None]
        return f"JSON in {encoding}", text.encode(encoding), draw(st.sampled_from(types))
    encoding = draw(st.sampled_from(["UTF-8", "UTF-8", "UTF-16", "ISO-8859-1", "US-ASCII"]))
    text = xml_page(rows, import_id=draw(st.sampled_from([IMPORT_ID, None])), encoding=encoding)
    if draw(st.booleans()):
        text = text.replace("<eventsResponse>", "<root><eventsResponse>") + "</root>"
    types = [XML, "text/xml; charset=utf-8", "application/atom+xml", "text/html", "application/octet-stream", None]
    return f"XML in {encoding}", text.encode(encoding), draw(st.sampled_from(types))
