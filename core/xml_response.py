"""Reads an XML response as the object that the same response in JSON would be.

The documents are those of Rails' `to_xml`: dashes in names, `nil="true"` for null, and redundant `type` attributes.
Document types are refused, and so are all encodings but UTF-8, UTF-16, ISO-8859-1 and ASCII, for which the parser would
look up one of Python's codecs.
"""

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .errors import RemoteProtocolError
from .text import printable

_ENCODING = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"']*)")
_ENCODINGS = {b"UTF-8", b"UTF-16", b"UTF-16LE", b"UTF-16BE", b"ISO-8859-1", b"US-ASCII", b"ASCII"}

_LEADING_SPACE = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?(?:(?:\x00[ \t\r\n])+|(?:[ \t\r\n]\x00)+|[ \t\r\n]+)")
"""An optional byte order mark, and white space in UTF-16 or a single-byte encoding."""


def xml_to_object(body: bytes) -> object:
    """Return the object for `EventsPage.from_json`; raise `RemoteProtocolError` if `body` can't be read."""
    root = _parse(body)
    response = _named("eventsResponse", root)
    if response is None:
        error = _named("error", root)
        if error is None:
            raise RemoteProtocolError("the response is XML without an eventsResponse element")
        return {"error": _value(error)}
    values = {_name(child): _value(child) for child in response}
    events = response.findall("events")
    if events:
        values["events"] = _rows(events[-1])
    return values


def _parse(body: bytes) -> Element:
    # XML 1.0 §2.8 allows nothing before the declaration, but some servers send a blank line.
    if space := _LEADING_SPACE.match(body):
        body = body[space.end() :]  # the parser needs no byte order mark
    # Without NUL bytes and byte order mark, a declaration in UTF-16 reads like one in ASCII.
    declared = _ENCODING.match(body.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe"))
    if declared and declared[1].upper() not in _ENCODINGS:
        raise RemoteProtocolError("the response is XML in an encoding other than UTF-8, UTF-16, ISO-8859-1 or ASCII")
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise RemoteProtocolError("the response is XML with a document type, which is not supported") from None
    except (ParseError, LookupError, ValueError) as error:
        # expat raises LookupError and ValueError for encodings.
        raise RemoteProtocolError(f"the response is not valid XML: {printable(str(error))}") from None
    return root


def _named(tag: str, root: Element) -> Element | None:
    """Return the root, or its child of that name: some services wrap the document in another element."""
    return root if root.tag == tag else root.find(tag)


def _rows(events: Element) -> object:
    if events.get("nil") == "true":
        return None
    rows = [{_name(child): _value(child) for child in row} if row.tag == "event" else row.tag for row in events]
    return (events.text or "").strip() or rows


def _value(element: Element) -> object:
    """Return None, the text, or an object of the child elements' text."""
    if element.get("nil") == "true":
        return None
    if len(element):
        return {_name(child): _text(child) for child in element}
    return element.text or ""


def _name(element: Element) -> str:
    """Return the name that the element has in JSON."""
    return element.tag.replace("-", "_")


def _text(element: Element) -> str:
    return "".join(element.itertext())
