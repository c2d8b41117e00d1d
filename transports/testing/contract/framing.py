"""Checks for transports that parse HTTP: where a response begins and ends, and to which request it belongs.

HTTP clients handle most of these cases themselves, each a little differently, so they are not part of
`TransportContract`.
"""

import ssl
from pathlib import Path
from threading import Event
from typing import Final

import pytest

from ..hostile_server import Conversation, HostileServer, Script, echoes, http_response, in_turn, sends
from .deadlines import assert_times_out
from .traffic import BODY, CERTIFICATE, CHUNKED, GOOD, PATIENCE, PAUSE, assert_own_response, get, numbered, serving
from .under_test import AMPLE, Checks, UnderTest, clean_environment

_MAX_HEAD: Final = 65_536
"""The limit for status line and headers, in bytes."""

_OTHER: Final = http_response(b"to another request", headers={"x-other": "1"})


def _message(lines: str, body: bytes = BODY, start: str = "HTTP/1.1 200 OK") -> bytes:
    return f"{start}\r\n{lines}\r\n\r\n".encode() + body


_CHUNK: Final = b"%x\r\n%b\r\n" % (len(BODY), BODY)
_LENGTH: Final = f"content-length: {len(BODY)}"


class FramingChecks(Checks):
    """Only complete HTTP/1 responses are accepted, and each belongs to its request."""

    def test_other_protocols_are_errors(self, transport: UnderTest) -> None:
        """Another protocol or version, and bytes before the status line, are of kind protocol."""
        versions = ("HTTP/0.9", "HTTP/2.0", "HTTP/11", "RTSP/1.0", "ICE/1.0")
        before = ("\r\n", " ", "\0", "x")
        for start in (*(f"{version} 200 OK" for version in versions), *(f"{each}HTTP/1.1 200 OK" for each in before)):
            _assert_error(transport, f"the response starts with {start!r}", _message(_LENGTH, start=start))

    def test_invalid_statuses_are_errors(self, transport: UnderTest) -> None:
        """A status that is not a number from 100 to 599 is of kind protocol."""
        for status in ("000", "099", "600", "999", "20", "2000", "-200", "+20", "2OO"):
            response = _message(_LENGTH, start=f"HTTP/1.1 {status} Odd")
            _assert_error(transport, f"the status is {status}", response)

    def test_interim_responses_are_limited(self, transport: UnderTest) -> None:
        """Interim responses count towards the limit of the headers and the timeout, and none is returned."""
        many = b"HTTP/1.1 102 Processing\r\nx: y\r\n\r\n" * (2 * _MAX_HEAD // 33)
        _assert_error(transport, "128 KiB of interim responses", many + GOOD, "too-large", "protocol")
        assert_times_out(transport, "only interim responses arrive", _keeps_processing)
        for interim in (b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 100 Continue\r\nx: "):
            when = f"the server sends {interim!r} and closes the connection"
            _assert_error(transport, when, interim, "reset", "protocol")

    def test_ambiguous_lengths_are_errors(self, transport: UnderTest) -> None:
        """A Content-Length that is not one number, or is beside a Transfer-Encoding, is of kind protocol."""
        for value in ("+14", "-14", "0x0e", "14, 14", "14 14", "", "1" * 30):
            _assert_error(transport, f"Content-Length is {value!r}", _message(f"content-length: {value}"))
        both = f"{_LENGTH}\r\ntransfer-encoding: chunked"
        _assert_error(transport, "there are two kinds of length", _message(both, _CHUNK + b"0\r\n\r\n"))

    def test_other_transfer_codings_are_errors(self, transport: UnderTest) -> None:
        """Every transfer coding except chunked, and every list of codings, is of kind protocol."""
        for values in (["gzip, chunked"], ["identity"], ["chunked, chunked"], ["chunked", "chunked"], ["xchunked"]):
            lines = "\r\n".join(f"transfer-encoding: {value}" for value in values)
            _assert_error(transport, f"Transfer-Encoding is {values}", _message(lines, _CHUNK + b"0\r\n\r\n"))

    def test_invalid_chunks_are_errors(self, transport: UnderTest) -> None:
        """A chunk whose size is not a number, or not the size of its data, is of kind protocol or reset."""
        for chunks in (b"x\r\n[]\r\n0\r\n\r\n", b"-2\r\n[]\r\n0\r\n\r\n", b"2\r\n[]0\r\n\r\n"):
            _assert_error(transport, f"the chunks are {chunks!r}", CHUNKED + chunks, "protocol", "reset")

    def test_chunks_without_an_end_are_errors(self, transport: UnderTest) -> None:
        """If the connection closes before the end of the last chunk or a trailer, the kind is reset or protocol."""
        for rest in (b"", b"0", b"0\r", b"0\r\nx-trailer: 1"):
            when = f"the connection closes after a chunk and {rest!r}"
            _assert_error(transport, when, CHUNKED + _CHUNK + rest, "reset", "protocol")

    def test_trailers_are_ignored(self, transport: UnderTest) -> None:
        """Fields after the last chunk do not become headers (RFC 9110 §6.5.1)."""
        trailers = b"retry-after: 99\r\nx-trailer: 1\r\n\r\n"
        with serving(CHUNKED + _CHUNK + b"0\r\n" + trailers) as server:
            headers = transport.response("a response with trailers", get(server)).headers
        found = {"retry-after", "x-trailer"} & {*headers}
        assert found == set(), f"trailers must be ignored, but these are among the headers: {sorted(found)}"

    def test_responses_without_a_body_end_after_their_headers(self, transport: UnderTest) -> None:
        """204 and 304 have no body, whatever their headers say (RFC 9112 §6.3)."""
        for status in ("204 No Content", "304 Not Modified"):
            for lines in ("content-length: 14", "transfer-encoding: chunked"):
                when = f"{status} with {lines}"
                head = _message(lines, b"", f"HTTP/1.1 {status}")
                with HostileServer(in_turn(sends(head), echoes), echoes, patience=PATIENCE) as server:
                    body = transport.response(when, get(server)).body
                    assert body == b"", f"{when} must have no body, but had one of {len(body)} bytes"
                    assert_own_response(transport.response(f"the request after {when}", numbered(server, 7)), 7)

    def test_a_reset_does_not_end_a_body(self, transport: UnderTest) -> None:
        """If the connection is reset in a body without a length, the kind is reset or protocol."""
        script = in_turn(sends(b"HTTP/1.1 200 OK\r\n\r\n" + BODY), _resets)
        with HostileServer(script, patience=PATIENCE) as server:
            transport.error("the connection is reset in a body without a length", get(server), "reset", "protocol")

    def test_truncated_tls_streams_are_errors(self, tmp_path: Path) -> None:
        """Only a close_notify ends a body without a length over TLS (RFC 9112 §9.8); an attacker can close TCP."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)

        def close_notify(talk: Conversation) -> None:
            assert isinstance(talk.sock, ssl.SSLSocket)
            talk.sock.unwrap()

        response = b"HTTP/1.1 200 OK\r\n\r\n" + BODY
        with clean_environment(tmp_path), pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
            with (
                HostileServer(sends(response, close_notify), sends(response), tls=context) as server,
                self._under_test() as transport,
            ):
                body = transport.response("a body that ends with a close_notify", get(server)).body
                assert body == BODY, f"a body that ends with a close_notify must be returned, but was {body!r}"
                transport.error("a TLS stream without a close_notify", get(server), "reset", "tls", "protocol")

    def test_headers_of_64_kib_are_the_limit(self, transport: UnderTest) -> None:
        """1,000 headers within 64 KiB are accepted; more than 64 KiB are of kind too-large or protocol."""
        many = "\r\n".join(f"x-{number}: {'y' * 40}" for number in range(1_000))
        with HostileServer(sends(_message(f"{many}\r\n{_LENGTH}")), patience=PATIENCE) as server:
            transport.response("1,000 headers", get(server))
        for what, lines in (
            ("one header of 64 KiB", f"x: {'y' * _MAX_HEAD}"),
            ("1,000 headers of 70 bytes", many.replace("y" * 40, "y" * 62)),
        ):
            _assert_error(transport, what, _message(f"{lines}\r\n{_LENGTH}"), "too-large", "protocol")

    def test_bytes_between_chunks_are_limited(self, transport: UnderTest) -> None:
        """More than 64 KiB of chunk extensions or trailers are of kind too-large or protocol; small chunks are fine."""
        long = b"y" * 3 * _MAX_HEAD
        for what, chunks in (
            ("an extension of 192 KiB", b"2;x=" + long + b"\r\n[]\r\n0\r\n\r\n"),
            ("a trailer of 192 KiB", _CHUNK + b"0\r\nx: " + long + b"\r\n\r\n"),
            ("trailers of 192 KiB", _CHUNK + b"0\r\n" + b"x: y\r\n" * (_MAX_HEAD // 2) + b"\r\n"),
        ):
            _assert_error(transport, what, CHUNKED + chunks, "too-large", "protocol")
        small = b"1\r\ny\r\n" * _MAX_HEAD
        with HostileServer(sends(CHUNKED + small + b"0\r\n\r\n"), patience=PATIENCE) as server:
            body = transport.response("65,536 chunks of one byte", get(server)).body
        assert body == b"y" * _MAX_HEAD, (
            f"65,536 chunks of one byte must be joined, but the body had {len(body):,} bytes"
        )

    def test_bytes_after_a_response_are_not_the_next_one(self, transport: UnderTest) -> None:
        """If bytes follow a response, its connection is not reused."""
        for what, extra in (("a second response", _OTHER), ("a byte", b"x"), ("half a response", _OTHER[:30])):
            _assert_not_reused(transport, f"{what} after the response", sends(GOOD + extra, _hangs))
        empty = b"HTTP/1.1 204 No Content\r\n\r\n"
        _assert_not_reused(transport, "a second response after a 204", sends(empty + _OTHER, _hangs))

    def test_bytes_on_an_idle_connection_are_not_the_next_response(self, transport: UnderTest) -> None:
        """If bytes arrive while a connection is idle, it is not reused."""
        sent = Event()

        def unexpected(talk: Conversation) -> None:
            talk.wait(PAUSE)  # until the first response was read
            talk.send(_OTHER)
            sent.set()
            talk.hang()

        _assert_not_reused(transport, "a response without a request", sends(GOOD, unexpected), until=sent)

    def test_connections_are_not_reused_after_101(self, transport: UnderTest) -> None:
        """101 is returned, and its connection is not reused: another protocol follows (RFC 9110 §15.2.2)."""
        for lines in ("connection: upgrade\r\nupgrade: other", "x: y"):
            for extra in (b"", _OTHER):
                switch = _message(lines, extra, "HTTP/1.1 101 Switching Protocols")
                _assert_not_reused(transport, f"101 with {lines!r}", sends(switch, _hangs), status=101)

    def test_http_1_0_connections_need_keep_alive_to_be_reused(self, transport: UnderTest) -> None:
        """A connection of HTTP/1.0 is reused if the server sends keep-alive, and otherwise not (RFC 9112 §9.3)."""
        old = _message(_LENGTH, start="HTTP/1.0 200 OK")
        _assert_not_reused(transport, "a response of HTTP/1.0", sends(old, _hangs))
        kept = _message(f"connection: keep-alive\r\n{_LENGTH}", start="HTTP/1.0 200 OK")
        with HostileServer(in_turn(sends(kept), echoes), patience=PATIENCE) as server:
            transport.response("a response of HTTP/1.0 with keep-alive", get(server))
            assert_own_response(transport.response("the request after it", numbered(server, 7)), 7)


def _assert_error(transport: UnderTest, when: str, response: bytes, *kinds: str) -> None:
    with HostileServer(sends(response), patience=PATIENCE) as server:
        transport.error(when, get(server), *(kinds or ("protocol",)))


def _assert_not_reused(
    transport: UnderTest, when: str, script: Script, *, status: int = 0, until: Event | None = None
) -> None:
    with HostileServer(script, echoes, patience=PATIENCE) as server:
        response = transport.response(when, get(server))
        assert status in (0, response.status), f"{when}: the status must be {status}, but was {response.status}"
        if until is not None:
            until.wait(AMPLE)
        assert_own_response(transport.response(f"the request after {when}", numbered(server, 7)), 7)
        made = server.connections
    assert made == 2, f"{when}: the connection must not be reused; {made} were made for two requests"


def _keeps_processing(talk: Conversation) -> None:
    talk.read_request()
    while not talk.wait(PAUSE):
        talk.send(b"HTTP/1.1 102 Processing\r\n\r\n")


def _hangs(talk: Conversation) -> None:
    talk.hang()


def _resets(talk: Conversation) -> None:
    talk.wait(PAUSE)  # a reset discards bytes that were not read yet
    talk.reset()
