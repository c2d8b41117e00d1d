"""Recognizes formats that are not supported, and says how to get a recording that is."""

import re
from typing import Final

from .request import member

_START: Final = 65_536
"""Bytes at the start of a file by which its format is recognized."""

_XML = rb"(?:<\?xml[^>]*>\s*)?(?:<!DOCTYPE[^>]*>\s*)?"
_HAR = "export a HAR instead"
_PATTERNS: Final = (
    (rb"\x1f\x8b", "is compressed with gzip; decompress it first, e.g. with gunzip"),
    (rb"\x78[\x01\x5e\x9c\xda]", "is compressed with zlib; decompress it first"),
    (rb"\x28\xb5\x2f\xfd", "is compressed with zstd; decompress it first, e.g. with unzstd"),
    (rb"BZh[1-9]1AY", "is compressed with bzip2; decompress it first, e.g. with bunzip2"),
    (rb"\xfd7zXZ\x00", "is compressed with xz; decompress it first, e.g. with unxz"),
    (rb"PK\x03\x04(?s:.*?)(?:raw/|_index\.htm)", f"is a Fiddler session (SAZ); {_HAR} (File > Export Sessions)"),
    (rb"PK\x03\x04(?s:.*?)-meta\.json", f"is a Charles session; {_HAR} (File > Export Session)"),
    (rb"PK\x03\x04(?s:.*?)trace\.network", "is a Playwright trace; record a HAR instead (recordHar)"),
    (rb"PK[\x03\x05]", "is a ZIP archive, as Playwright writes it; unpack it and open the .har file among the others"),
    (rb"\xac\xed\x00\x05", f"is a Charles session; {_HAR} (File > Export Session)"),
    (rb"bplist00", f"is a binary property list, such as a Proxyman session; {_HAR}"),
    (rb"SQLite format 3\x00", f"is an SQLite database; {_HAR}"),
    (rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x0a\x0d\x0d\x0a", "is a packet capture; record a HAR instead"),
    (
        rb"[0-9]{1,12}:(?s:.*?)[0-9]:(?:request|response|version|websocket|client_conn)[;,]",
        "is a mitmproxy flow file; convert it with mitmdump -nr FILE --set hardump=FILE.har",
    ),
    (rb"HTTP/[0-9.]+ [0-9]{3}\b", "is a response with its headers, as curl -i prints it; save the body alone"),
    (
        rb"% Total|\*\s+(?:Trying|Host|Connected|Rebuilt|Uses|Added|About)\b|> [A-Z]+ \S+ HTTP/",
        "is output of curl -v; save the body alone",
    ),
    (rb"[A-Z]+ \S+ HTTP/[0-9.]+\r?\n", f"is an HTTP request; {_HAR}"),
    (_XML + rb"<charles-session\b", f"is a Charles session in XML; {_HAR} (File > Export Session)"),
    (_XML + rb"(?:<!(?s:.*?)]>\s*)?<items\s+burpVersion", f"is a Burp Suite export; {_HAR}"),
    (_XML + rb"<log[\s>]", "is a HAR in XML, as Internet Explorer exports it; export one in JSON with another browser"),
    (rb"type:\s*[a-z]+\.insomnia\.rest/", f"is an Insomnia export; {_HAR} with a browser or proxy"),
    (
        rb'\{[^{}]{0,200}"type"\s*:\s*"(?:context-options|resource-snapshot)"',
        "is a Playwright trace; record a HAR instead (recordHar)",
    ),
    (rb'\{"kind"\s*:\s*"', "is output of --jsonl, which can't be replayed; record with --record"),
)  # fmt: skip
"""Patterns for the beginning of a file, specific ones first."""

_WIREMOCK = "is a file of WireMock mappings, which have no order; record a HAR or a cassette instead"
_KEYS: Final = (
    (("constants", "events"), "is a Chrome NetLog; export a HAR from the developer tools instead"),
    (("traceEvents",), "is a Chrome performance trace; export a HAR from the Network panel instead"),
    (("info", "item"), f"is a Postman collection; {_HAR} with a browser or proxy"),
    (("collection", "run"), f"is a Newman report; {_HAR} with a browser or proxy"),
    (("resources", "__export_format"), f"is an Insomnia export; {_HAR} with a browser or proxy"),
    (("mappings",), _WIREMOCK),
    (("imposters",), "is a file of Mountebank imposters; record a HAR or a cassette instead"),
    (("scope", "path", "response"), "is a recording of nock; record a HAR (PollyJS) or a cassette instead"),
    (("httpRequest",), "is a MockServer file; record a HAR or a cassette instead"),
    (("request", "response", "host", "path"), f"is a Charles session in JSON; {_HAR} (File > Export Session)"),
)
"""Keys of the object in a file, or of the first object in a list."""


def unread_bytes(content: bytes) -> str:
    r"""Return the format of a file, by its first bytes, and what to do; empty if the format is unknown.

    >>> unread_bytes(b"HTTP/1.1 200 OK\r\n")
    'is a response with its headers, as curl -i prints it; save the body alone'
    """
    start = content[:_START]
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((problem for pattern, problem in _PATTERNS if re.match(pattern, start) or re.match(pattern, text)), "")


def unread_object(obj: object) -> str:
    """Return the format of a JSON file, by its content, and what to do; empty if the format is unknown."""
    if isinstance(obj, list):
        obj = next((item for item in obj if isinstance(item, dict)), None)
    elif member(obj, "request") and member(obj, "response"):
        return _WIREMOCK
    keys = obj if isinstance(obj, dict) else ()
    return next((problem for names, problem in _KEYS if all(name in keys for name in names)), "")
