"""Whatever the bytes: a page, or a `RemoteProtocolError` that a person can read, and nothing else."""

import json
from xml.sax.saxutils import escape

from hypothesis import example, given, settings
from hypothesis import strategies as st

from answers import words
from spongewatch import EventsPage, ImportMachine, LocalProtocolError, RemoteProtocolError, decode

FUZZ = settings(max_examples=max(500, settings.default.max_examples))
CONTENT_TYPES = st.sampled_from([None, "", "application/json", "application/xml", "text/html", "text/plain; x"])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)
xml_text = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=10)
numbers = st.integers(0, 10**15 - 1)
row_objects = st.fixed_dictionaries(
    {"event_type": words, "status": words}, optional={"value": numbers | numbers.map(str) | st.none() | xml_text}
)
page_objects = st.fixed_dictionaries(
    {"events": st.lists(row_objects, max_size=5)},
    optional={"import_id": numbers | words, "user_id": st.none() | xml_text, "echo": st.none() | xml_text},
)


def to_xml(page: dict) -> bytes:
    """The same page as Rails' `to_xml` writes it."""

    def element(name: str, value: object) -> str:
        tag = name.replace("_", "-")
        if value is None:
            return f'<{tag} nil="true"></{tag}>'
        kind = ' type="integer"' if isinstance(value, int) else ""
        return f"<{tag}{kind}>{escape(str(value))}</{tag}>"

    events = "".join("<event>" + "".join(element(*item) for item in row.items()) + "</event>" for row in page["events"])
    others = "".join(element(*item) for item in page.items() if item[0] != "events")
    body = f'<eventsResponse><events type="array">{events}</events>{others}</eventsResponse>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()


def understands(body: bytes, content_type: str | None) -> None:
    try:
        page = decode(body, content_type)
    except RemoteProtocolError as error:
        assert str(error).isprintable()
        assert 0 < len(str(error)) < 2000
    else:
        ImportMachine().feed(page.events)
        json.dumps([event.to_json() for event in page.events])


@FUZZ
@given(st.binary(max_size=200), CONTENT_TYPES)
def test_any_bytes(body, content_type):
    understands(body, content_type)


@FUZZ
@given(page_objects, st.booleans(), st.data())
def test_good_bodies_with_bytes_changed(page, as_xml, data):
    body = bytearray(to_xml(page) if as_xml else json.dumps(page).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        length = data.draw(st.integers(0, 3))
        body[start : start + length] = data.draw(st.binary(max_size=3) | st.sampled_from([b"<", b"]", b"&", b"\x00"]))
    understands(bytes(body), data.draw(CONTENT_TYPES))


@FUZZ
@given(st.text(max_size=100), st.sampled_from(["utf-8", "utf-16", "utf-16-be", "utf-32", "latin-1", "cp037"]))
def test_any_text_in_any_encoding(text, encoding):
    understands(text.encode(encoding, errors="replace"), None)


@FUZZ
@given(json_values)
@example({"events": [{"event_type": "A", "status": "B", "value": {"deep": [1.5, None]}}]})
def test_any_json(value):
    understands(json.dumps(value).encode(), "application/json")
    try:
        EventsPage.from_json(value)
    except RemoteProtocolError as error:
        assert str(error).isprintable()


@FUZZ
@given(page_objects)
def test_both_formats_of_the_same_rows_give_equal_pages(page):
    assert decode(json.dumps(page).encode()) == decode(to_xml(page))


@FUZZ
@given(st.text() | json_values.map(json.dumps))
def test_any_text_as_a_saved_machine(saved):
    try:
        ImportMachine.resume(saved)
    except LocalProtocolError as error:
        assert str(error).isprintable()


@FUZZ
@given(st.sampled_from(sorted(json.loads(ImportMachine("1126").save()))), json_values)
def test_any_member_of_a_saved_machine_changed(member, value):
    saved = {**json.loads(ImportMachine("1126").save()), member: value}
    try:
        resumed = ImportMachine.resume(json.dumps(saved))
    except LocalProtocolError as error:
        assert member in str(error)
    else:
        assert json.loads(resumed.save())[member] == value
