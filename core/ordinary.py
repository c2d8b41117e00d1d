"""Text that occurs in ordinary responses, which echo nothing.

A password that is part of such text can't be removed: that would make each response unreadable and hide the end of the
import. Layouts, cases and numbers differ between services, so text is compared without whitespace, in lower case, and
with `0` in place of each number. Services order the members of a row as they like, so text is compared piece by piece.
"""

import re
from functools import lru_cache
from typing import Final

from .table import STATUSES, TYPES

_NUMBER: Final = "0"
_WHITESPACE = re.compile(r"\s+")
_DIGITS = re.compile(r"[0-9]+")
_DATE = re.compile(r"[0-9]+([-.:][0-9]+)+")
"""A date or a phone number: it only occurs inside strings, so replacing it leaves a response readable."""

_BETWEEN_PIECES = re.compile(r"([{}\[\],]+)|(?<=>)(?=<)")
"""Brackets and commas of JSON, which are a piece of their own, and where an XML tag follows another one."""

_HEADERS: Final = (
    'content-type: application/json; charset="utf-8"',
    'content-type: text/xml; charset="utf-8"',
    "content-type: application/xml; charset=utf-8",
    "content-type: text/json; charset=utf-8",
    "retry-after: 0",
    "date: ",
)
_JSON: Final = (
    '{"events":[{"value":0,"value":0},{"value":0}],"value":0}',
    '{"value":0,"events":[{"value":0}]}',
    '{"events":[],"value":0}',
    '{"value":0,"events":[]}',
    '{"error":{"message":"","code":0}}',
    '{"error":""}',
    *(f'"event_type":"{name}"' for name in TYPES),
    *(f'"status":"{name}"' for name in STATUSES),
    *(f'"{name}":0' for name in ("value", "import_action_id", "import_id", "id")),
    *(f'"{name}":null' for name in ("value", "description", "user_id", "echo")),
    *(f'"{name}":""' for name in ("user_id", "echo")),
    '"value":"0"',
    *(f'"{name}":{value}' for name in ("import_id", "id") for value in ("ID", '"ID"')),
    '"created_at":"0-0-0T0:0:0.0-0:0"',
)
_XML: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><root></root>',
    '<?xml version="1.0" encoding="UTF-8"?><eventsResponse></eventsResponse>',
    '<?xml version="1.0"?><events type="array"><event></event></events>',
    "<events><event></event></events>",
    '<error><message></message><code>0</code><code type="integer">0</code></error>',
    *(f"<event-type>{name}</event-type>" for name in TYPES),
    *(f"<status>{name}</status>" for name in STATUSES),
    *(f'<{name} type="integer">0</{name}>' for name in ("value", "import-action-id", "import-id", "id")),
    *(f'<{name} type="datetime">0-0-0T0:0:0-0:0</{name}>' for name in ("created-at", "updated-at")),
    *(f'<{name} nil="true"></{name}>' for name in ("description", "user-id", "echo")),
    *(f"<{name}></{name}>" for name in ("description", "user-id", "echo")),
    '<value type="integer" nil="true"></value>',
    "<value>0</value>",
    '<unclaimed type="boolean">false</unclaimed>',
    '<unclaimed type="boolean">true</unclaimed>',
    "<import-id>ID</import-id>",
)


def is_ordinary(text: str, import_id: str = _NUMBER) -> bool:
    """Return whether `text` occurs in a response about import `import_id` that echoes nothing.

    >>> is_ordinary('D", "value": 17'), is_ordinary("hunter22")
    (True, False)
    """
    if _DATE.fullmatch(text):
        return False
    known = _known_pieces(_DIGITS.sub(_NUMBER, import_id))
    pieces = _pieces(text)
    if len(pieces) < 2:
        return any("".join(pieces) in piece for piece in known)
    first, *others, last = pieces
    return (
        known.issuperset(others)
        and any(piece.endswith(first) for piece in known)
        and any(piece.startswith(last) for piece in known)
    )


def _pieces(text: str) -> list[str]:
    squeezed = _DIGITS.sub(_NUMBER, _WHITESPACE.sub("", text.lower()))
    return [piece for piece in _BETWEEN_PIECES.split(squeezed) if piece]


@lru_cache(maxsize=4)
def _known_pieces(import_id: str) -> frozenset[str]:
    return frozenset(piece for text in (*_HEADERS, *_JSON, *_XML) for piece in _pieces(text.replace("ID", import_id)))
