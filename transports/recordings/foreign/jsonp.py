"""JSONP: a JSON object as the argument of a function call, which browsers load as a script."""

import json
import re
from typing import Final

_WORD: Final = rb"[A-Za-z_$][\w$]{0,200}"
_NAME: Final = rb"%b(?:\.%b|\[[0-9]{1,9}]|\[\"%b\"]|\['%b']){0,9}" % (_WORD, _WORD, _WORD, _WORD)

# Rails writes `/**/` in front of the call, Express also a `typeof` check, against scripts with chosen first bytes.
_CALL = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:/\*\*/\s*)?(?:typeof\s+(?P<checked>%b)\s*={2,3}\s*[\"']function[\"']\s*&&\s*)?"
    rb"(?P<name>%b)\s*\(\s*(?=\{)" % (_NAME, _NAME)
)
_END = re.compile(rb"\s*\)\s*;?\s*")


def without_jsonp(body: bytes) -> bytes:
    """Return the JSON object in a JSONP `body`; return any other body unchanged.

    A JSONP body is a single function call whose only argument is an object.

    >>> without_jsonp(b'jq1_0({"events": []});')
    b'{"events": []}'
    >>> without_jsonp(b'alert(1); jq1_0({"events": []})')
    b'alert(1); jq1_0({"events": []})'
    """
    call = _CALL.match(body)
    end = body.rfind(b"}") + 1
    if call is None or call["checked"] not in (None, call["name"]) or not _END.fullmatch(body, end):
        return body
    argument = body[call.end() : end]
    try:
        json.loads(argument)
    except (ValueError, RecursionError):
        return body
    return argument
