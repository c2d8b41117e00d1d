"""An XML answer as the object that its JSON twin would have given.

The document is Rails' `to_xml` (wire-facts): dashes in names, `nil="true"` for null, `type` attributes
that tell nothing new. Nothing that a DTD could do is allowed, and of encodings only those that need no
table of Python's: UTF-8, UTF-16, ISO-8859-1 and ASCII.
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
"""A byte order mark, if there is one, and white space in UTF-16 or in an encoding of one byte a character."""


def xml_to_object(body: bytes) -> object:
    """What `EventsPage.from_json` takes. Raises `RemoteProtocolError`, whatever the bytes."""
    root = _parse(body)
    response = _named("eventsResponse", root)
    if response is None:
        error = _named("error", root)
        if error is None:
            raise RemoteProtocolError("the answer is XML without an eventsResponse element")
        return {"error": _member(error)}
    members = {_name(child): _member(child) for child in response}
    events = response.findall("events")
    if events:
        members["events"] = _rows(events[-1])
    return members


def _parse(body: bytes) -> Element:
    # XML 1.0 §2.8 allows nothing before the declaration, but some servers send a blank line.
    if space := _LEADING_SPACE.match(body):
        body = body[space.end() :]  # the parser needs no byte order mark
    # Without its zero bytes and its byte order mark, a declaration in UTF-16 reads as one in ASCII.
    declared = _ENCODING.match(body.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe"))
    if declared and declared[1].upper() not in _ENCODINGS:
        raise RemoteProtocolError("the answer is XML in an encoding other than UTF-8, UTF-16, ISO-8859-1 or ASCII")
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise RemoteProtocolError("the answer is XML with a document type, which is never read") from None
    except (ParseError, LookupError, ValueError) as error:
        # The latter two are for encodings, and come from the parser under the parser.
        raise RemoteProtocolError(f"the answer is not XML that can be read: {printable(str(error))}") from None
    return root


def _named(tag: str, root: Element) -> Element | None:
    """The root itself, or what stands in it where it is a wrapper (an old fixture has one, wire-facts)."""
    return root if root.tag == tag else root.find(tag)


def _rows(events: Element) -> object:
    if events.get("nil") == "true":
        return None
    rows = [{_name(child): _member(child) for child in row} if row.tag == "event" else row.tag for row in events]
    return (events.text or "").strip() or rows


def _member(element: Element) -> object:
    """Null, text, or an object where there are elements inside, as deep as this one only."""
    if element.get("nil") == "true":
        return None
    if len(element):
        return {_name(child): _text(child) for child in element}
    return element.text or ""


def _name(element: Element) -> str:
    """The JSON name; in an object built from these, of members with one name the last counts."""
    return element.tag.replace("-", "_")


def _text(element: Element) -> str:
    return "".join(element.itertext())
