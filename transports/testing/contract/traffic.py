"""Requests and responses that several checks use, and assertions about them."""

import gzip
from functools import cache
from itertools import chain, repeat
from pathlib import Path
from typing import Final

from ....core import Credentials, Request, Response
from ....core._shared import MAX_BODY
from ..hostile_server import Conversation, Exchange, HostileServer, http_response, pours, sends

PATIENCE: Final = 3.0
"""Seconds after which a server closes its connections, which ends requests without a working timeout."""

SHORT: Final = 0.2
"""Seconds of a timeout that has to end a request."""

PAUSE: Final = 0.02
"""Seconds between bytes that drip."""

_ENDLESS: Final = 32 * MAX_BODY
"""Bytes of a response that is meant to be endless; a transport that reads all of them does no harm."""

BODY: Final = b'{"events": []}'
GOOD: Final = http_response(BODY)
CHUNKED: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
"""The head of a response with chunks."""

CERTIFICATE: Final = Path(__file__).parent.with_name("untrusted.pem")
"""A self-signed certificate for 127.0.0.1, and its key."""

TARGET: Final = "/api/events/1126.json?echo=a%20b%26c&domain_key=the-key&domain_password=hush%2B%C3%A9%3D"
HEADERS: Final = {"accept": "application/json", "cache-control": "no-cache", "x-odd": "two  blanks, and a comma"}
PASSWORD: Final = "hush-hush-7f3a"  # noqa: S105 # not a real one
BASIC: Final = Credentials("the-key", PASSWORD).basic()


def serving(*responses: bytes) -> HostileServer:
    """Return a server that sends the next of `responses` to each request, on any connection; the last one repeats."""
    remaining = chain(responses, repeat(responses[-1]))

    def script(talk: Conversation) -> None:
        while talk.read_request() is not None:
            talk.send(next(remaining))

    return HostileServer(script, patience=PATIENCE)


def pouring(start: bytes, piece: bytes) -> HostileServer:
    """Return a server that sends `start`, and then `piece` without an end."""
    return HostileServer(pours(start, piece, _ENDLESS // len(piece)), patience=PATIENCE)


def framed(status: str, lines: str, body: bytes) -> bytes:
    """Return a response with these header lines, and with `content-length` unless they frame the body themselves."""
    is_framed = "content-length" in lines or "transfer-encoding" in lines
    length = "" if is_framed else f"content-length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{lines}\r\n{length}\r\n".encode() + body


def labeled_gzip(body: bytes) -> bytes:
    """Return a response that calls its body gzip, whatever it is."""
    return http_response(body, headers={"content-encoding": "gzip"})


@cache
def gzip_bomb() -> bytes:
    """Return a small response whose body becomes very large when it is decompressed."""
    return labeled_gzip(gzip.compress(bytes(_ENDLESS), compresslevel=1))


FAILURES: Final = {
    "the server closes the connection": sends(b""),
    "the response is not HTTP": sends(b"220 mail.example ESMTP\r\n"),
    "the body is truncated": sends(GOOD[:-1]),
    "the body is not gzip as labeled": sends(labeled_gzip(b"not gzip at all")),
    "the server sends nothing": sends(b"", lambda talk: talk.hang()),
}
"""Scripts that make a request fail, by description."""


def get(server: HostileServer, **headers: str) -> Request:
    """Return a GET request to `server`."""
    return Request("GET", server.url + TARGET, headers)


def post(server: HostileServer) -> Request:
    """Return a POST request to `server`."""
    return Request("POST", server.url + TARGET, body=b"[]")


def numbered(server: HostileServer, number: int) -> Request:
    """Return a GET request with a number in its path and in a header."""
    return Request("GET", f"{server.url}/{number}", {"x-number": str(number)})


def assert_own_response(response: Response, number: int) -> None:
    """Check that an echoed request is `numbered(server, number)`."""
    line, *lines = response.body.decode("latin-1").split("\r\n")
    echoed = (line.split()[1], header_values(lines, "x-number"))
    assert echoed == (f"/{number}", [str(number)]), f"request {number} got the response to another request, {echoed}"


def exchanges(server: HostileServer, sends: int) -> list[Exchange]:
    """Return the requests that `server` received, which must be one for each call of `send`."""
    received = len(server.exchanges)
    assert received == sends, f"each send must send one request; {sends} sends sent {received}"
    return server.exchanges


def assert_same_bytes(body: bytes, expected: bytes) -> None:
    """Check a body without the diff of pytest, which is slow for a megabyte."""
    same = body == expected
    assert same, (
        f"a body of {len(expected):,} bytes must be returned unchanged; the {len(body):,} bytes returned differ"
    )


def header_values(lines: list[str], name: str) -> list[str]:
    """Return the value of each header line with this name."""
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for found, _, value in pairs if found.lower() == name]


def accepts_gzip(request: bytes) -> bool:
    """Return whether a request has `accept-encoding: gzip`."""
    return any("gzip" in value for value in header_values(request.decode("latin-1").split("\r\n"), "accept-encoding"))
