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

_ENCODING = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"'>]*)")
_ENCODINGS = {b"UTF-8", b"UTF-16", b"UTF-16LE", b"UTF-16BE", b"ISO-8859-1", b"US-ASCII", b"ASCII"}


def xml_to_object(body: bytes) -> object:
    """What `EventsPage.from_json` takes. Raises `RemoteProtocolError`, whatever the bytes."""
    root = _parse(body)
    response = _named("eventsResponse", root)
    if response is None:
        error = _named("error", root)
        if error is None:
            raise RemoteProtocolError("the answer is XML without an eventsResponse element")
        return {"error": _members(error)}
    members = _members(response)
    events = response.findall("events")
    if events:
        members["events"] = [_members(row) if row.tag == "event" else row.tag for row in events[-1]]
    return members


def _parse(body: bytes) -> Element:
    declared = _ENCODING.match(body)
    if declared and declared[1].upper() not in _ENCODINGS:
        raise RemoteProtocolError("the answer is XML in an encoding other than UTF-8, UTF-16, ISO-8859-1 or ASCII")
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise RemoteProtocolError("the answer is XML with a document type, which is never read") from None
    except ParseError as error:
        line, column = error.position
        raise RemoteProtocolError(f"the answer is not XML, at line {line}, column {column + 1}") from None
    except (LookupError, ValueError):
        raise RemoteProtocolError("the answer is XML in an encoding that can't be read") from None
    return root


def _named(tag: str, root: Element) -> Element | None:
    """The root itself, or what stands in it where it is a wrapper (an old fixture has one, wire-facts)."""
    return root if root.tag == tag else root.find(tag)


def _members(element: Element) -> dict[str, object]:
    """The children of `element` by their JSON names; of those with one name the last counts."""
    return {child.tag.replace("-", "_"): _text(child) for child in element}


def _text(element: Element) -> str | None:
    return None if element.get("nil") == "true" else "".join(element.itertext())
