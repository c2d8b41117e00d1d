import json

import pytest

from event_rows import json_body, rows
from spongewatch.core.codec import MAX_BODY, decode, envelope_message
from spongewatch.core.errors import InvalidType, RemoteProtocolError
from spongewatch.core.events import EventsPage

GATHERED = rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 2")
JSON = json_body(GATHERED, import_id=1126, user_id="u", echo="")
XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<eventsResponse>
  <events type="array">
    <event><event-type>INITIALIZING</event-type><status>COMPLETED</status><value type="integer">0</value></event>
    <event><event-type>GATHERING</event-type><status>COMPLETED</status><value type="integer">2</value></event>
  </events>
  <echo></echo><user-id>u</user-id><import-id type="integer">1126</import-id>
</eventsResponse>"""


def refusal(body, content_type=None):
    with pytest.raises(RemoteProtocolError) as caught:
        decode(body, content_type)
    return str(caught.value)


def test_json_and_xml_of_the_same_rows_decode_to_the_same_page():
    assert decode(JSON) == decode(XML) == EventsPage("1126", "u", "", tuple(GATHERED))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json; charset=utf-8", JSON),
        ("Application/JSON", JSON),
        ("text/json", JSON),
        ("application/vnd.api+json", JSON),
        ("application/xml; charset=utf-8", XML),
        ("text/xml", XML),
        ("application/atom+xml;x=y", XML),
        ("text/plain", JSON),
        ("text/html", XML),
        ("", JSON),
        (None, XML),
    ],
)
def test_the_content_type_or_else_the_first_byte_decides_the_format(content_type, body):
    assert len(decode(body, content_type).events) == 2


@pytest.mark.parametrize("word", ["json", "xml"])
@pytest.mark.parametrize(
    "form",
    [
        "application/{}",
        "text/{}",
        "APPLICATION/{}",
        " \tapplication/{} ;charset=utf-8",
        "text/{};charset=utf-8",
        "application/vnd.api+{}",
    ],
)
def test_a_content_type_that_names_a_format_overrides_the_first_byte(form, word):
    other = {"json": XML, "xml": JSON}[word]
    assert f"the response is not valid {word.upper()}" in refusal(other, form.format(word))
    assert f"the response is not valid {word.upper()}" in refusal(other, form.format(word.upper()))


@pytest.mark.parametrize("word", ["json", "xml"])
@pytest.mark.parametrize(
    "form",
    [
        "application/{}p",
        "application/{} p",
        "image/x+{}",
        "text/plain;x=+{}",
        "text/plain, application/{}",
        "{}",
        "x/{}",
    ],
)
def test_a_content_type_that_names_neither_format_is_ignored(form, word):
    assert decode(JSON, form.format(word)) == decode(XML, form.format(word))


def test_a_body_is_not_parsed_in_another_format_than_its_content_type():
    assert "not valid XML" in refusal(JSON, "application/xml")
    assert "not valid JSON" in refusal(XML, "application/json")


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b" \r\n\t", b"\xef\xbb\xbf\n"])
def test_a_byte_order_mark_and_white_space_before_json_are_accepted(mark):
    assert len(decode(mark + JSON).events) == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_json_in_another_unicode_encoding_is_read(encoding):
    assert len(decode(JSON.decode().encode(encoding)).events) == 2


def test_the_last_of_duplicate_keys_counts():
    assert decode(b'{"events": 5, "import_id": 1, "import_id": 2, "events": []}').import_id == "2"


@pytest.mark.parametrize("body", [b"", b"  \r\n ", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_body_is_refused(body):
    assert refusal(body) == "the response is empty"


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><html>Sorry</html>", b"\n <HTML lang=en>", b"<html>", b"<!doctype  HTML>"]
)
@pytest.mark.parametrize("content_type", ["text/html", "application/json", "application/xml", None])
def test_an_html_page_is_refused(body, content_type):
    assert refusal(body, content_type) == "the response is an HTML page, not a list of events"


def test_an_error_envelope_is_refused_with_its_message():
    assert refusal(b'{"error": {"message": "gone", "code": 410}}') == "the service returned an error: gone"
    assert refusal(b"<error><message>gone</message></error>") == "the service returned an error: gone"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"error": {"message": "gone", "code": 410}}', "application/json"),
        (b'{"error": {"message": "gone", "code": 410}}', "text/html"),
        (b'\xef\xbb\xbf {"error": "gone"}', None),
        (b"<error><message>gone</message><code>410</code></error>", "text/xml"),
        (b"<error><message>gone</message></error>", None),
        (b"\xef\xbb\xbf<error><message>gone</message></error>", None),
        (b'{"error": {"message": "gone"}, "events": []}', None),
        (b'{"error": {"message": "gone"}}'.ljust(MAX_BODY), None),
    ],
)
def test_the_message_of_an_error_envelope_is_found(body, content_type):
    assert envelope_message(body, content_type) == "gone"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"busy",
        b"{",
        b"[]",
        b'{"events": []}',
        b'{"message": "gone"}',
        b"<html><error><message>gone</message></error></html>",
        b"\xef\xbb\xbf<html><error><message>gone</message></error></html>",
        b"<!DOCTYPE html><p>busy",
        b"<error><message>gone</message>",
        b'<!DOCTYPE error [<!ENTITY e "gone">]><error><message>&e;</message></error>',
        b"\xff\xfe\xff",
        b"[" * 200_000,
        b'{"error": %s}' % (b"9" * 5000),
        b'{"error": {"message": "gone"}}'.ljust(MAX_BODY + 1),
    ],
    ids=range(16),
)
@pytest.mark.parametrize("content_type", [None, "application/json", "application/xml", "text/html", "\x00"])
def test_a_body_without_an_envelope_has_no_message(body, content_type):
    assert envelope_message(body, content_type) is None


def test_the_content_type_decides_the_format_of_an_envelope():
    assert envelope_message(b'{"error": {"message": "gone"}}', "application/xml") is None
    assert envelope_message(b"<error><message>gone</message></error>", "application/json") is None


def test_the_message_of_an_envelope_is_shortened_and_escaped():
    body = json.dumps({"error": {"message": "\x1b[2J\u202e" + "m" * 500}}).encode()
    message = envelope_message(body)
    assert message == "\\x1b[2J\\u202e" + "m" * 195
    assert envelope_message(b'{"error": {}}') == "without a message"


def test_a_body_of_one_mebibyte_is_read_and_not_a_byte_more():
    largest = json.dumps({"events": [], "padding": ""}).encode().ljust(MAX_BODY)
    assert decode(largest).events == ()
    assert refusal(largest + b" ") == "the response has more than 1,048,576 bytes"


def test_deeply_nested_json_is_refused():
    assert refusal(b"[" * 200_000) == "the response is JSON that is nested too deeply"
    assert refusal(b'{"a":' * 100_000) == "the response is JSON that is nested too deeply"


def test_a_huge_number_is_odd_or_refused():
    body = b'{"events": [{"event_type": "GATHERING", "status": "INPROGRESS", "value": %s}]}'
    (event,) = decode(body % (b"9" * 1000)).events
    assert (event.value, event.odd_value) == (None, "9" * 200)
    assert refusal(body % (b"9" * 5000)) == "the response is JSON with a number of too many digits"


def test_invalid_utf_8_is_refused():
    assert refusal(b'{"events": "\xff"}') == "the response is not valid UTF-8 (byte 13)"


def test_invalid_json_is_refused_with_its_line_and_column():
    assert refusal(b'{"events": [}') == "the response is not valid JSON (line 1, column 13)"
    assert refusal(b"hello") == "the response is not valid JSON (line 1, column 1)"
    assert refusal(b"X") == "the response is not valid JSON (line 1, column 1)"


def test_a_body_must_be_bytes():
    with pytest.raises(InvalidType, match="^body must be bytes, not str$"):
        decode("{}")


@pytest.mark.parametrize("content_type", [5, b"text/xml", False])
def test_a_content_type_must_be_a_str(content_type):
    with pytest.raises(InvalidType, match=f"^content_type must be a str or None, not {type(content_type).__name__}$"):
        decode(b"{}", content_type)


@pytest.mark.parametrize("content_type", [None, "application/xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_blank_line_before_an_xml_declaration_is_accepted(encoding, content_type):
    row = "<event><event-type>COMPLETE</event-type><status>COMPLETED</status><value>0</value></event>"
    name = encoding.removesuffix("-sig")
    text = f"\r\n<?xml version='1.0' encoding='{name}'?><eventsResponse><events>{row}</events></eventsResponse>"
    assert [event.type for event in decode(text.encode(encoding), content_type).events] == ["COMPLETE"]
