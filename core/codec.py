"""`decode`: the bytes of an answer in, an `EventsPage` out; JSON or XML, whatever the bytes.

What the members mean is the business of `EventsPage.from_json`, to which both formats come.
"""

import json
import re

from .errors import LocalProtocolError, RemoteProtocolError
from .events import EventsPage, error_message
from .exchange import MAX_BODY

_JSON_TYPE = re.compile(r"\s*(application|text)/([^;]*\+)?json\s*(;|$)", re.IGNORECASE)
_XML_TYPE = re.compile(r"\s*(application|text)/([^;]*\+)?xml\s*(;|$)", re.IGNORECASE)
_BYTE_ORDER_MARKS_AND_BLANKS = b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n"
_HTML = re.compile(rb"<(!doctype\s+html|html)\b", re.IGNORECASE)


def decode(body: bytes, content_type: str | None = None) -> EventsPage:
    """The page in `body`.

    The format is the one that `content_type` names, else the one that the first byte shows. A body of more
    than `MAX_BODY` bytes is refused before it is parsed. Raises `RemoteProtocolError` for every body that
    is no list of events, and `LocalProtocolError` where `body` is not bytes, or `content_type` no text; any other
    exception is a bug.

    >>> decode(b'{"events": [{"event_type": "GATHERING", "status": "INPROGRESS", "value": 5}]}').events
    (ImportEvent(type='GATHERING', status='INPROGRESS', value=5, odd_value=None),)
    """
    if not isinstance(body, bytes):
        raise LocalProtocolError(f"a body is bytes, not {type(body).__name__}")
    if content_type is not None and not isinstance(content_type, str):
        raise LocalProtocolError(f"a content type is text, not {type(content_type).__name__}")
    if len(body) > MAX_BODY:
        raise RemoteProtocolError(f"the answer has more than {MAX_BODY:,} bytes")
    start = body.lstrip(_BYTE_ORDER_MARKS_AND_BLANKS)
    if not start:
        raise RemoteProtocolError("the answer is empty")
    if _HTML.match(start):
        raise RemoteProtocolError("the answer is an HTML page, not a list of events")
    return EventsPage.from_json(_to_object(body, content_type, start))


def envelope_message(body: bytes, content_type: str | None = None) -> str | None:
    """What the error envelope in `body` says, None where there is none; never an exception.

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
    from .xml_answer import xml_to_object  # whose parser takes a third of all loading, and few ask for XML

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
        raise RemoteProtocolError("the answer is JSON that is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(
            f"the answer is not {error.encoding.upper()} text, at byte {error.start + 1}"
        ) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise RemoteProtocolError(f"the answer is not JSON, at {where}") from None
    except ValueError:
        # Python reads no number of over 4,300 digits; other numbers too large are odd values.
        raise RemoteProtocolError("the answer is JSON with a number of too many digits") from None
