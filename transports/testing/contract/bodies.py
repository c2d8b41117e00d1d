"""Checks of response bodies: their bytes, their framing and their size."""

from ....core import Request
from ....core._shared import MAX_BODY
from ..hostile_server import HostileServer, http_response, sends
from .memory import little_memory
from .traffic import BODY, CHUNKED, PATIENCE, assert_same_bytes, get, pouring, serving
from .under_test import Checks, UnderTest


class BodyChecks(Checks):
    """Bodies are returned unchanged, up to a limit."""

    def test_response_bodies_are_returned_unchanged(self, transport: UnderTest) -> None:
        """Any bytes are returned as they are, whatever the charset, also in a body that ends with the connection."""
        bodies = (b"", b"\x00\xff\xfe\x00", "\ufeffé\r\n\r".encode(), bytes(range(256)) * 300)
        for content_type in ("application/json", "text/html; charset=utf-16"):
            with serving(*(http_response(body, headers={"content-type": content_type}) for body in bodies)) as server:
                for body in bodies:
                    returned = transport.response(f"a body of {len(body)} bytes, {content_type}", get(server)).body
                    assert_same_bytes(returned, body)
        with HostileServer(sends(b"HTTP/1.1 200 OK\r\n\r\n" + bodies[-1]), patience=PATIENCE) as server:
            returned = transport.response("a body that ends with the connection", get(server)).body
        assert_same_bytes(returned, bodies[-1])

    def test_chunked_bodies_are_joined(self, transport: UnderTest) -> None:
        """Chunks are returned without their framing, extensions and trailers (RFC 9112 §7.1)."""
        chunks = b"e;odd=1\r\n" + BODY + b"\r\n1\r\n\x00\r\n0\r\nx-trailer: 1\r\n\r\n"
        with serving(CHUNKED + chunks) as server:
            returned = transport.response("a body in chunks", get(server)).body
        assert returned == BODY + b"\x00", f"a body in chunks must be joined, but was returned as {returned!r}"

    def test_bodies_of_max_body_bytes_are_accepted(self, transport: UnderTest) -> None:
        """A body may have `MAX_BODY` bytes."""
        body = bytes(MAX_BODY)
        with serving(http_response(body)) as server:
            returned = transport.response(f"a body of MAX_BODY, {MAX_BODY:,} bytes", get(server)).body
        assert_same_bytes(returned, body)

    def test_larger_bodies_are_too_large(self, transport: UnderTest) -> None:
        """A body of `MAX_BODY` + 1 bytes, in chunks or not, is of kind too-large."""
        body = bytes(MAX_BODY + 1)
        with serving(http_response(body)) as server:
            transport.error("a body of MAX_BODY + 1 bytes", get(server), "too-large")
        with serving(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)) as server:
            transport.error("a body of MAX_BODY + 1 bytes, in chunks", get(server), "too-large")

    def test_max_body_of_the_request_is_the_limit(self, transport: UnderTest) -> None:
        """`Request.max_body` limits the decoded body, and may be larger than `MAX_BODY`."""
        for limit in (0, 9, MAX_BODY + 1):
            with serving(http_response(bytes(limit)), http_response(bytes(limit + 1))) as server:
                request = Request("GET", server.url, max_body=limit)
                returned = transport.response(f"a body of max_body, {limit:,} bytes", request).body
                assert_same_bytes(returned, bytes(limit))
                transport.error(f"a body of max_body + 1, {limit + 1:,} bytes", request, "too-large")

    def test_endless_bodies_are_aborted(self, transport: UnderTest) -> None:
        """An endless body, in chunks or not, is of kind too-large, and is not kept in memory until then."""
        piece = bytes(65_536)
        with pouring(b"HTTP/1.1 200 OK\r\n\r\n", piece) as server, little_memory("an endless body"):
            transport.error("an endless body", get(server), "too-large")
        chunk = b"%x\r\n%b\r\n" % (len(piece), piece)
        with pouring(CHUNKED, chunk) as server, little_memory("an endless number of chunks"):
            transport.error("an endless number of chunks", get(server), "too-large")
