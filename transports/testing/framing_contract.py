"""Checks for transports that parse HTTP: where a response begins, where it ends, and to which request it belongs.

They matter for a transport that is built on a bare parser. HTTP clients do most of this themselves, each a bit
differently, so the contract of all transports doesn't ask for it.
"""

import ssl
from pathlib import Path
from threading import Event
from typing import Final

import pytest

from .contract import (
    _AMPLE,
    _BODY,
    _CHUNKED,
    _GOOD,
    _PATIENCE,
    _PAUSE,
    AsyncTransportContract,
    TransportContract,
    _assert_its_own,
    _Contract,
    _Driven,
    _get,
    _numbered,
    _times_out,
)
from .hostile_server import Conversation, HostileServer, Script, answer, echoes, in_turn, keeps_answering, says

_HEAD: Final = 65_536
"""Bytes of a head that no transport may exceed."""

_CERTIFICATE: Final = Path(__file__).with_name("untrusted.pem")

_OTHER: Final = answer(b"of another request", headers={"x-other": "1"})


def _with(lines: str, body: bytes = _BODY, start: str = "HTTP/1.1 200 OK") -> bytes:
    return f"{start}\r\n{lines}\r\n\r\n".encode() + body


_CHUNK: Final = b"%x\r\n%b\r\n" % (len(_BODY), _BODY)
_LENGTH: Final = f"content-length: {len(_BODY)}"


class _Framing(_Contract):
    """The checks for transports of both kinds."""

    # Where a response begins.

    def test_only_http_1_is_a_response(self, transport: _Driven) -> None:
        """Another protocol, another version, and anything before the status line are of kind protocol."""
        starts = ("HTTP/0.9 200 OK", "HTTP/2.0 200 OK", "HTTP/11 200 OK", "RTSP/1.0 200 OK", "ICE/1.0 200 OK")
        before = ("\r\nHTTP/1.1 200 OK", " HTTP/1.1 200 OK", "\0HTTP/1.1 200 OK", "xHTTP/1.1 200 OK")
        for start in (*starts, *before):
            _is_no_response(transport, f"the response starts with {start!r}", _with(_LENGTH, start=start))

    def test_a_status_is_between_100_and_599(self, transport: _Driven) -> None:
        """Every other status is of kind protocol."""
        for status in ("000", "099", "600", "999", "20", "2000", "-200", "+20", "2OO"):
            start = f"HTTP/1.1 {status} Odd"
            _is_no_response(transport, f"the status is {status}", _with(_LENGTH, start=start))

    def test_interim_responses_are_limited(self, transport: _Driven) -> None:
        """Interim responses count as part of the head, and for the timeout; none of them is the response."""
        many = b"HTTP/1.1 102 Processing\r\nx: y\r\n\r\n" * (2 * _HEAD // 33)
        _is_no_response(transport, "128 KiB of interim responses", many + _GOOD, "too-large", "protocol")
        _times_out(transport, "only interim responses arrive", _keeps_processing)
        for interim in (b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 100 Continue\r\nx: "):
            _is_no_response(transport, "an interim response, and the end", interim, "reset", "protocol")

    # How long it is.

    def test_lengths_are_beyond_doubt(self, transport: _Driven) -> None:
        """A Content-Length that is not one number, or that comes with a Transfer-Encoding, is of kind protocol."""
        for value in ("+14", "-14", "0x0e", "14, 14", "14 14", "", "1" * 30):
            _is_no_response(transport, f"Content-Length is {value!r}", _with(f"content-length: {value}"))
        both = f"{_LENGTH}\r\ntransfer-encoding: chunked"
        _is_no_response(transport, "a length and a transfer coding", _with(both, _CHUNK + b"0\r\n\r\n"))

    def test_chunked_is_the_only_transfer_coding(self, transport: _Driven) -> None:
        """Every other coding, and a list of codings, are of kind protocol."""
        for values in (["gzip, chunked"], ["identity"], ["chunked, chunked"], ["chunked", "chunked"], ["xchunked"]):
            lines = "\r\n".join(f"transfer-encoding: {value}" for value in values)
            _is_no_response(transport, f"Transfer-Encoding is {values}", _with(lines, _CHUNK + b"0\r\n\r\n"))

    def test_chunks_are_well_formed(self, transport: _Driven) -> None:
        """A chunk whose size is no number, or not that of its data, is of kind protocol, or reset."""
        for chunks in (b"x\r\n[]\r\n0\r\n\r\n", b"-2\r\n[]\r\n0\r\n\r\n", b"2\r\n[]0\r\n\r\n"):
            _is_no_response(transport, f"the chunks are {chunks!r}", _CHUNKED + chunks, "protocol", "reset")

    def test_a_chunked_body_ends_with_its_last_chunk(self, transport: _Driven) -> None:
        """A stream that ends before, or within a trailer, is of kind reset, or protocol."""
        for rest in (b"", b"0", b"0\r", b"0\r\nx-trailer: 1"):
            when = f"the stream ends after a chunk and {rest!r}"
            _is_no_response(transport, when, _CHUNKED + _CHUNK + rest, "reset", "protocol")

    def test_trailers_are_no_headers(self, transport: _Driven) -> None:
        """Fields after the last chunk are ignored: nothing says that they may replace headers (RFC 9110 §6.5.1)."""
        trailers = b"retry-after: 99\r\nx-trailer: 1\r\n\r\n"
        with HostileServer(keeps_answering(_CHUNKED + _CHUNK + b"0\r\n" + trailers), patience=_PATIENCE) as server:
            headers = transport.answer("a response with trailers", _get(server)).headers
        found = {"retry-after", "x-trailer"} & {*headers}
        assert found == set(), f"trailers are ignored, but these are among the headers: {sorted(found)}"

    def test_a_response_without_a_body_ends_with_its_head(self, transport: _Driven) -> None:
        """204 and 304 have no body, whatever their headers say (RFC 9112 §6.3)."""
        for status in ("204 No Content", "304 Not Modified"):
            for lines in ("content-length: 14", "transfer-encoding: chunked"):
                head = _with(lines, b"", f"HTTP/1.1 {status}")
                when = f"{status} with {lines}"
                with HostileServer(in_turn(says(head), echoes), echoes, patience=_PATIENCE) as server:
                    body = transport.answer(when, _get(server)).body
                    assert body == b"", f"{when} has no body, but came with {len(body)} bytes"
                    _assert_its_own(transport.answer(f"the request after {when}", _numbered(server, 7)), 7)

    def test_a_reset_ends_no_body(self, transport: _Driven) -> None:
        """A body without a length ends with the stream, but not with a reset: that is of kind reset, or protocol."""
        script = in_turn(says(b"HTTP/1.1 200 OK\r\n\r\n" + _BODY), _resets)
        with HostileServer(script, patience=_PATIENCE) as server:
            transport.error("the connection is reset in a body without a length", _get(server), "reset", "protocol")

    def test_a_cut_off_tls_stream_is_no_response(self, tmp_path: Path) -> None:
        """A body without a length ends with a close_notify of TLS; anyone on the way can cut off a connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_CERTIFICATE)

        def says_goodbye(talk: Conversation) -> None:
            assert isinstance(talk.sock, ssl.SSLSocket)
            talk.sock.unwrap()

        head = b"HTTP/1.1 200 OK\r\n\r\n"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(_CERTIFICATE))
            with (
                HostileServer(says(head + _BODY, says_goodbye), says(head + _BODY), tls=context) as server,
                self._driven() as transport,
            ):
                given = transport.answer("a body that ends with a close_notify", _get(server)).body
                assert given == _BODY, f"a body that ends with a close_notify is given, but {given!r} was"
                transport.error("a TLS stream without a close_notify", _get(server), "reset", "tls", "protocol")

    # How large it may be.

    def test_a_head_of_64_kib_is_read_and_a_larger_one_is_not(self, transport: _Driven) -> None:
        """1,000 headers within 64 KiB are read; more than 64 KiB of headers are too-large, or protocol."""
        many = "\r\n".join(f"x-{number}: {'y' * 40}" for number in range(1_000))
        with HostileServer(says(_with(f"{many}\r\n{_LENGTH}")), patience=_PATIENCE) as server:
            transport.answer("1,000 headers", _get(server))
        for what, lines in (
            ("one header of 64 KiB", f"x: {'y' * _HEAD}"),
            ("1,000 headers of 70 bytes", many.replace("y" * 40, "y" * 62)),
        ):
            _is_no_response(transport, what, _with(f"{lines}\r\n{_LENGTH}"), "too-large", "protocol")

    def test_bytes_around_chunks_are_limited(self, transport: _Driven) -> None:
        """More than 64 KiB of chunk extensions or trailers are too-large, or protocol; many small chunks are fine."""
        much = b"y" * 3 * _HEAD
        for what, chunks in (
            ("an extension of 192 KiB", b"2;x=" + much + b"\r\n[]\r\n0\r\n\r\n"),
            ("a trailer of 192 KiB", _CHUNK + b"0\r\nx: " + much + b"\r\n\r\n"),
            ("trailers of 192 KiB", _CHUNK + b"0\r\n" + b"x: y\r\n" * (_HEAD // 2) + b"\r\n"),
        ):
            _is_no_response(transport, what, _CHUNKED + chunks, "too-large", "protocol")
        small = b"1\r\ny\r\n" * _HEAD
        with HostileServer(says(_CHUNKED + small + b"0\r\n\r\n"), patience=_PATIENCE) as server:
            given = transport.answer("64 Ki chunks of one byte", _get(server)).body
        assert given == b"y" * _HEAD, f"small chunks are put together, but {len(given):,} bytes came"

    # To which request it belongs.

    def test_bytes_behind_a_response_are_not_the_next_one(self, transport: _Driven) -> None:
        """A connection on which more arrived than one response is not used again."""
        for what, behind in (("a second response", _OTHER), ("a byte", b"x"), ("half a response", _OTHER[:30])):
            self._assert_not_reused(transport, f"{what} behind the response", says(_GOOD + behind, _hangs))
        empty = b"HTTP/1.1 204 No Content\r\n\r\n"
        self._assert_not_reused(transport, "a second response behind a 204", says(empty + _OTHER, _hangs))

    def test_bytes_on_an_idle_connection_are_not_the_next_response(self, transport: _Driven) -> None:
        """The same if they arrive later, and wait to be read when the next request is sent."""
        sent = Event()

        def unasked(talk: Conversation) -> None:
            talk.wait(_PAUSE)  # until the first response was read
            talk.send(_OTHER)
            sent.set()
            talk.hang()

        self._assert_not_reused(transport, "a response that was not asked for", says(_GOOD, unasked), sent)

    def test_no_response_follows_a_101(self, transport: _Driven) -> None:
        """After 101 the connection speaks another protocol; it is not used again."""
        for lines in ("connection: upgrade\r\nupgrade: other", "x: y"):
            for behind in (b"", _OTHER):
                switch = _with(lines, behind, "HTTP/1.1 101 Switching Protocols")
                self._assert_not_reused(transport, f"101 with {lines!r}", says(switch, _hangs), status=101)

    def test_http_1_0_ends_with_the_connection(self, transport: _Driven) -> None:
        """A connection of HTTP/1.0 is not used again, unless the server says keep-alive."""
        old = _with(_LENGTH, start="HTTP/1.0 200 OK")
        self._assert_not_reused(transport, "a response of HTTP/1.0", says(old, _hangs))
        kept = _with(f"connection: keep-alive\r\n{_LENGTH}", start="HTTP/1.0 200 OK")
        with HostileServer(in_turn(says(kept), echoes), patience=_PATIENCE) as server:
            transport.answer("a response of HTTP/1.0 with keep-alive", _get(server))
            _assert_its_own(transport.answer("the request after it", _numbered(server, 7)), 7)

    @staticmethod
    def _assert_not_reused(
        transport: _Driven, when: str, script: Script, until: Event | None = None, status: int | None = None
    ) -> None:
        with HostileServer(script, echoes, patience=_PATIENCE) as server:
            response = transport.answer(when, _get(server))
            assert status in (None, response.status), f"{when}: the status is {status}, but came as {response.status}"
            if until is not None:
                until.wait(_AMPLE)
            _assert_its_own(transport.answer(f"the request after {when}", _numbered(server, 7)), 7)
            made = server.connections
        assert made == 2, f"{when}: the connection is not used again, but {made} were made for two requests"


class FramingContract(_Framing, TransportContract):
    """`TransportContract`, and what a transport promises that parses HTTP itself.

    >>> from spongewatch.transports import Transport, Urllib3Transport
    >>> class TestMine(FramingContract):
    ...     def make_transport(self) -> Transport:
    ...         return Urllib3Transport()
    ...     test_a_cut_off_tls_stream_is_no_response = None  # http.client takes every end of a stream for a clean one
    """


class AsyncFramingContract(_Framing, AsyncTransportContract):
    """The same for an asynchronous transport.

    >>> from spongewatch.transports import AsyncioTransport, AsyncTransport
    >>> class TestMine(AsyncFramingContract):
    ...     async def make_transport(self) -> AsyncTransport:
    ...         return AsyncioTransport()
    """


def _hangs(talk: Conversation) -> None:
    talk.hang()


def _keeps_processing(talk: Conversation) -> None:
    talk.read_request()
    while not talk.wait(_PAUSE):
        talk.send(b"HTTP/1.1 102 Processing\r\n\r\n")


def _resets(talk: Conversation) -> None:
    talk.wait(_PAUSE)  # a reset discards what was not read yet
    talk.reset()


def _is_no_response(transport: _Driven, when: str, data: bytes, *kinds: str) -> None:
    with HostileServer(says(data), patience=_PATIENCE) as server:
        transport.error(when, _get(server), *(kinds or ("protocol",)))
