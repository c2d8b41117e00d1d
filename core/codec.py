"""`decode`: the body of a response as an `EventsPage`. It may be JSON or XML.

Both formats are turned into the same object, which `EventsPage.from_json` reads.
"""

import json
import re

from .errors import RemoteProtocolError, wrong_type
from .events import EventsPage, error_message
from .exchange import MAX_BODY

_JSON_TYPE = re.compile(r"\s*(application|text)/([^;]*\+)?json\s*(;|$)", re.IGNORECASE)
_XML_TYPE = re.compile(r"\s*(application|text)/([^;]*\+)?xml\s*(;|$)", re.IGNORECASE)
_BYTE_ORDER_MARKS_AND_BLANKS = b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n"
_HTML = re.compile(rb"<(!doctype\s+html|html)\b", re.IGNORECASE)


def decode(body: bytes, content_type: str | None = None) -> EventsPage:
    """Parse the body of a response.

    The format is the one that `content_type` names. If it names neither JSON nor XML, the first byte decides.

    Args:
        body: The body, after content decoding.
        content_type: The value of the `Content-Type` header, or None.

    Returns:
        The page.

    Raises:
        RemoteProtocolError: The body has more than 1 MiB, or is not a list of events.
        InvalidType: `body` is not bytes, or `content_type` is neither a str nor None.

    >>> decode(b'{"events": [{"event_type": "GATHERING", "status": "INPROGRESS", "value": 5}]}').events
    (ImportEvent(type='GATHERING', status='INPROGRESS', value=5, odd_value=None),)
    """
    if not isinstance(body, bytes):
        raise wrong_type("body", "bytes", body)
    if content_type is not None and not isinstance(content_type, str):
        raise wrong_type("content_type", "a str or None", content_type)
    if len(body) > MAX_BODY:
        raise RemoteProtocolError(f"the response has more than {MAX_BODY:,} bytes")
    start = body.lstrip(_BYTE_ORDER_MARKS_AND_BLANKS)
    if not start:
        raise RemoteProtocolError("the response is empty")
    if _HTML.match(start):
        raise RemoteProtocolError("the response is an HTML page, not a list of events")
    return EventsPage.from_json(_to_object(body, content_type, start))


def envelope_message(body: bytes, content_type: str | None = None) -> str | None:
    """Return the message of the error envelope in `body`, or None if it has none.

    >>> envelope_message(b'{"error": {"message": "the import is gone", "code": 410}}')
    'the import is gone'
    """
    start = body.lstrip(_BYTE_ORDER_MARKS_AND_BLANKS)
    if len(body) > MAX_BODY or _HTML.match(start):
        return None
    try:
        return error_message(_to_object(body, content_type, start))
    except RemoteProtocolError:
        return None


def _to_object(body: bytes, content_type: str | None, start: bytes) -> object:
    if not _is_xml(content_type, start):
        return _json_to_object(body)
    from .xml_response import xml_to_object  # on first use: the XML parser takes a third of the import time

    return xml_to_object(body)


def _is_xml(content_type: str | None, start: bytes) -> bool:
    if content_type is not None and _JSON_TYPE.match(content_type):
        return False
    if content_type is not None and _XML_TYPE.match(content_type):
        return True
    return start.startswith(b"<")


def _json_to_object(body: bytes) -> object:
    try:
        return json.loads(body)
    except RecursionError:
        raise RemoteProtocolError("the response is JSON that is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(
            f"the response is not valid {error.encoding.upper()} (byte {error.start + 1})"
        ) from None
    except json.JSONDecodeError as error:
        raise RemoteProtocolError(
            f"the response is not valid JSON (line {error.lineno}, column {error.colno})"
        ) from None
    except ValueError:
        # Python converts no number of more than 4,300 digits. Other numbers that are too large are odd values.
        raise RemoteProtocolError("the response is JSON with a number of too many digits") from None
