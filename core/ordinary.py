"""Text that occurs in ordinary responses, which echo nothing.

A password that is part of such text can't be removed: that would make each response unreadable and hide the end of the
import. Layouts, cases and numbers differ between services, so text is compared without whitespace, in lower case, and
with `0` in place of each number.
"""

import re
from functools import lru_cache
from itertools import pairwise, permutations, product
from typing import Final

from .table import STATUSES, TYPES

_NUMBER: Final = "0"
_WHITESPACE = re.compile(r"\s+")
_LETTERS = re.compile(r"[a-z]+")
_DIGITS = re.compile(r"[0-9]+")
_DATE = re.compile(r"[0-9]+([-.:][0-9]+)+")
"""A date or a phone number: it only occurs inside strings, so replacing it leaves a response readable."""

_HEADERS: Final = (
    'content-type: application/json; charset="utf-8"',
    'content-type: text/xml; charset="utf-8"',
    "content-type: application/xml; charset=utf-8",
    "content-type: text/json; charset=utf-8",
    "retry-after: 0",
    "date: ",
)
_ENVELOPES: Final = (
    '{"error":{"message":"","code":0}}',
    '{"error":{"code":0,"message":""}}',
    '{"error":""}',
    '<?xml version="1.0" encoding="UTF-8"?><error><message></message><code>0</code></error>',
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><error><code type="integer">0</code><message></message>',
    '<?xml version="1.0"?><root><eventsResponse><events></events></eventsResponse></root>',
)
_JSON_MEMBERS: Final = (
    *(f'"event_type":"{name}"' for name in TYPES),
    *(f'"status":"{name}"' for name in STATUSES),
    *(f'"{name}":0' for name in ("value", "import_action_id", "import_id", "id")),
    *(f'"{name}":null' for name in ("value", "description", "user_id", "echo")),
    *(f'"{name}":""' for name in ("user_id", "echo")),
    '"value":"0"',
    '"import_id":"ID"',
    '"created_at":"0-0-0T0:0:0.0-0:0"',
)
_XML_MEMBERS: Final = (
    *(f"<event-type>{name}</event-type>" for name in TYPES),
    *(f"<status>{name}</status>" for name in STATUSES),
    *(f'<{name} type="integer">0</{name}>' for name in ("value", "import-action-id", "id")),
    *(f'<{name} type="datetime">0-0-0T0:0:0-0:0</{name}>' for name in ("created-at", "updated-at")),
    *(f'<{name} nil="true"></{name}>' for name in ("description", "user-id", "echo")),
    *(f"<{name}></{name}>" for name in ("description", "user-id", "echo")),
    '<value type="integer" nil="true"></value>',
    "<value>0</value>",
    '<unclaimed type="boolean">false</unclaimed>',
    '<unclaimed type="boolean">true</unclaimed>',
    "<import-id>ID</import-id>",
    '<import-id type="integer">0</import-id>',
)
_JSON_ROWS: Final = (
    '{"event_type":"TYPE","status":"STATUS","value":0}',
    '{"value":0,"status":"STATUS","event_type":"TYPE"}',
    '{"import_action_id":0,"import_id":0,"event_type":"TYPE","value":0,"description":null,"status":"STATUS",'
    '"created_at":"0-0-0T0:0:0.0-0:0"}',
)
_XML_ROWS: Final = (
    '<event><event-type>TYPE</event-type><status>STATUS</status><value type="integer">0</value></event>',
    '<event><created-at type="datetime">0-0-0T0:0:0-0:0</created-at><description nil="true"></description>'
    '<event-type>TYPE</event-type><id type="integer">0</id><import-action-id type="integer">0</import-action-id>'
    '<status>STATUS</status><unclaimed type="boolean">false</unclaimed><updated-at type="datetime">'
    '0-0-0T0:0:0-0:0</updated-at><value type="integer">0</value></event>',
)
_JSON_PAGES: Final = (
    '{"events":[ROWS],"import_id":ID}',
    '{"events":[ROWS],"import_id":"ID"}',
    '{"events":[ROWS],"import_id":"ID","user_id":null}',
    '{"events":[ROWS],"import_id":ID,"user_id":null,"id":ID}',
    '{"events":[ROWS],"echo":null,"user_id":null,"import_id":ID}',
    '{"import_id":ID,"user_id":null,"echo":null,"events":[ROWS]}',
)
_XML_PAGES: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><eventsResponse><events type="array">ROWS</events><echo nil="true"></echo>'
    '<user-id nil="true"></user-id><import-id>ID</import-id></eventsResponse>',
    '<root><eventsResponse><import-id type="integer">ID</import-id><user-id></user-id><echo></echo>'
    "<events>ROWS</events></eventsResponse></root>",
)


def is_ordinary(text: str, import_id: str = _NUMBER) -> bool:
    """Return whether `text` occurs in a response about import `import_id` that echoes nothing.

    >>> is_ordinary('D", "value": 17'), is_ordinary("hunter22")
    (True, False)
    """
    import_id = _NUMBER if import_id.isdecimal() else import_id
    squeezed, words = _squeezed(text), _words(import_id)
    if _DATE.fullmatch(text) or not all(letters in words for letters in _LETTERS.findall(squeezed)):
        return False
    without_numbers, alike = (_DIGITS.sub(_NUMBER, each) for each in (squeezed, import_id))
    return squeezed in _sample(import_id) or without_numbers in _sample(alike)


def _squeezed(text: str) -> str:
    return _WHITESPACE.sub("", text.lower())


@lru_cache(maxsize=4)
def _words(import_id: str) -> str:
    """Return text with all words of the sample; most texts hold another, and this is quick to search."""
    lines = (*_HEADERS, *_ENVELOPES, *_JSON_MEMBERS, *_XML_MEMBERS, *_JSON_PAGES, *_XML_PAGES, import_id)
    return _squeezed("\n".join(lines))


@lru_cache(maxsize=4)
def _sample(import_id: str) -> str:
    """Return ordinary responses, with each pair of members beside each other, as `is_ordinary` compares them."""
    texts = [*_HEADERS, *_ENVELOPES]
    for first, second in permutations(_JSON_MEMBERS, 2):
        texts.append(f'{{"events":[{{{first},{second}}},{{{first}}}],{second}}}')
    texts += [f'{{{first},"events":[{{{second}}}]}}' for first, second in permutations(_JSON_MEMBERS, 2)]
    for first, second in permutations(_XML_MEMBERS, 2):
        texts.append(f'<events type="array"><event>{first}{second}</event><event>{first}</event></events>{second}')
    for rows, between, pages in ((_JSON_ROWS, ",", _JSON_PAGES), (_XML_ROWS, "", _XML_PAGES)):
        for row in rows:
            for types, *statuses in product(pairwise(TYPES), STATUSES, STATUSES):
                named = zip(types, statuses, strict=True)
                both = between.join(row.replace("TYPE", kind).replace("STATUS", status) for kind, status in named)
                texts += [page.replace("ROWS", both) for page in pages]
    return _squeezed("\n".join(texts).replace("ID", import_id))
