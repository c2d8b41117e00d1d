"""Checks of content codings."""

import gzip

from ..hostile_server import Conversation, HostileServer
from .memory import little_memory
from .traffic import (
    BODY,
    GOOD,
    PATIENCE,
    accepts_gzip,
    exchanges,
    framed,
    get,
    gzip_bomb,
    labeled_gzip,
    serving,
)
from .under_test import Checks, UnderTest


class CodingChecks(Checks):
    """Content codings are decoded, or the error names them."""

    def test_gzip_bodies_are_decoded(self, transport: UnderTest) -> None:
        """A transport that accepts gzip returns decompressed bodies."""

        def as_accepted(talk: Conversation) -> None:
            while (request := talk.read_request()) is not None:
                talk.send(labeled_gzip(gzip.compress(BODY)) if accepts_gzip(request) else GOOD)

        with HostileServer(as_accepted, patience=PATIENCE) as server:
            returned = transport.response("a body in gzip, if accepted", get(server)).body
        assert returned == BODY, f"a body in gzip must be decompressed, but was returned as {returned!r}"

    def test_codings_are_decoded_in_reverse_order(self, transport: UnderTest) -> None:
        """Several codings, in one header or two, are decoded; a label that is not a coding means identity."""
        once, twice = gzip.compress(BODY), gzip.compress(gzip.compress(BODY))
        for lines, encoded in {
            "content-encoding: identity, gzip": once,
            "content-encoding: gzip, utf-8": once,
            "content-encoding: gzip\r\ncontent-encoding: identity": once,
            "content-encoding: gzip, gzip": twice,
            "content-encoding: gzip\r\ncontent-encoding: gzip": twice,
            "content-encoding: utf-8": BODY,
            "content-encoding: none": BODY,
            "content-encoding: gzip": gzip.compress(BODY[:5]) + gzip.compress(BODY[5:]),  # RFC 1952 §2.2: two members
        }.items():
            with serving(framed("200 OK", lines, encoded)) as server:
                returned = transport.response(f"a body with {lines!r}", get(server)).body
            assert returned == BODY, f"a body with {lines!r} must be decoded, but was returned as {returned!r}"

    def test_unsupported_codings_are_errors(self, transport: UnderTest) -> None:
        """A coding that was not accepted is of kind protocol, and the error names it."""
        for coding in ("br", "zstd"):
            with serving(framed("200 OK", f"content-encoding: {coding}", b"\x0b\x02\x80[]\x03")) as server:
                error = transport.error(f"a body in {coding}", get(server), "protocol")
            assert coding in error.detail, f"a body in {coding}: the error must name the coding, but is {error}"

    def test_invalid_gzip_is_an_error(self, transport: UnderTest) -> None:
        """A body that is not gzip as labeled, or lacks its end, is of kind protocol."""
        with serving(labeled_gzip(b"not gzip at all")) as server:
            transport.error("the body is not gzip as labeled", get(server), "protocol")
        with serving(labeled_gzip(gzip.compress(BODY)[:-9])) as server:
            transport.error("the gzip of the body lacks its end", get(server), "protocol")

    def test_gzip_bombs_are_aborted(self, transport: UnderTest) -> None:
        """A small body that becomes very large is of kind too-large, or protocol if gzip was not accepted."""
        with serving(gzip_bomb()) as server, little_memory("a gzip bomb"):
            error = transport.error("a gzip bomb", get(server), "too-large", "protocol")
            accepted = accepts_gzip(exchanges(server, sends=1)[0].request)
        assert error.kind == "too-large" or not accepted, (
            f"a gzip bomb, and gzip was accepted: the kind must be too-large, but was {error}"
        )
