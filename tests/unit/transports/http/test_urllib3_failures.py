"""Requests without a good response: each failure has its kind and text, and the transport stays usable."""

import gzip
import tracemalloc

import pytest

from http_requests import ask, at_most, failure, tls
from spongewatch import InvalidArgument, Request, TransportError
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    drips,
    gzip_response,
    http_response,
    pours,
    responds,
    sends,
    unused_url,
)


def test_a_port_without_a_listener_is_refused(transport):
    with unused_url() as url, pytest.raises(TransportError, match="^refused: connection refused$") as caught:
        transport.send(Request("GET", url), timeout=30)
    assert not caught.value.permanent


def test_an_ipv6_address_is_connected_to(transport):
    with pytest.raises(TransportError, match="^refused: "):
        transport.send(Request("GET", "http://[::1]:1/"), timeout=30)


def test_an_address_that_cannot_be_reached_is_refused_with_the_reason():
    with (
        Urllib3Transport(trust_env=False) as transport,
        pytest.raises(TransportError, match="^refused: connection failed: "),
    ):
        transport.send(Request("GET", "http://255.255.255.255/"), timeout=30)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example", "a..example"])
def test_a_host_name_that_cannot_be_resolved_is_a_dns_error(host):
    with (
        Urllib3Transport(trust_env=False) as transport,
        pytest.raises(TransportError, match="^dns: the host name could not be resolved$"),
    ):
        transport.send(Request("GET", f"http://{host}/"), timeout=30)


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
INCOMPLETE = "reset: connection closed before the response was complete"
INVALID = "protocol: invalid HTTP response"
ENDLESS = ("too-large: response headers exceed", INVALID)
"""Newer Python versions limit interim responses and trailers themselves, and report them differently."""


@pytest.mark.parametrize(
    ("script", "text"),
    [
        (sends(http_response(b"x" * 50_000)[:5_000], lambda talk: talk.reset()), "reset: connection reset"),
        (sends(b"", lambda talk: talk.reset()), "reset: connection closed without a response"),
        (sends(b""), "reset: connection closed without a response"),
        (sends(b"HTTP/1.1 2"), INCOMPLETE),
        (sends(http_response(b"{}", headers={"content-length": "100"})), INCOMPLETE),
        (sends(CHUNKED + b"9\r\n{}"), INCOMPLETE),
        (sends(CHUNKED + b"-7\r\n{}"), INVALID),
        (sends(http_response(headers={"content-length": "3, 4"})), "protocol: invalid Content-Length"),
        (sends(b"220 mail.example ESMTP\r\n"), INVALID),
        (sends(b"HTTP/1.1 abc OK\r\n\r\n"), INVALID),
        (sends(b"HTTP/9.1 200 OK\r\n\r\n"), INVALID),
        (sends(b"HTTP/1.1 200 " + b"x" * 70_000), "too-large: response headers exceed 65,536 bytes"),
        (pours(HEAD + b"x: ", b"y" * 10_000), "too-large: response headers exceed"),
        (pours(HEAD, b"x: y\r\n"), "too-large: response headers exceed"),
        (pours(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000), ENDLESS),
        (pours(CHUNKED + b"fffffff\r\n", b"x" * 10_000), "too-large: response body exceeds 1,048,576 bytes"),
        (pours(CHUNKED + b"0\r\n", b"x: y\r\n" * 1_000), ENDLESS),
        (pours(HEAD + b"\r\n", b"x" * 10_000), "too-large: response body exceeds"),
        (
            sends(http_response(b"no gzip", headers={"content-encoding": "gzip"})),
            "protocol: response body does not match its Content-Encoding",
        ),
        (
            sends(http_response(gzip.compress(b"{}")[:-3], headers={"content-encoding": "gzip"})),
            "protocol: compressed response body is incomplete",
        ),
    ],
)
def test_a_bad_response_is_an_error_and_closes_its_connection(transport, script, text):
    with HostileServer(script, responds(http_response(b"{}"))) as server, at_most(10):
        error = failure(transport, server)
        assert str(error).startswith(text)
        assert not error.permanent
        assert ask(transport, server).body == b"{}"
        assert server.connections == 2


@pytest.mark.parametrize(
    "script",
    [
        sends(b"", lambda talk: talk.hang()),
        drips(b"", b"HTTP/1.1 200 OK", 0.01),
        drips(HEAD, b"x: y\r\n", 0.01),
        drips(HEAD + b"x: ", b"y", 0.01),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.002),
        drips(HEAD + b"content-length: 100000\r\n\r\n", b"x", 0.01),
        drips(HEAD + b"\r\n", b"x", 0.01),
        drips(CHUNKED, b"1\r\nx\r\n", 0.01),
        drips(CHUNKED + b"0\r\n", b"x: y\r\n", 0.01),
        sends(http_response(b"{}", headers={"content-length": "3"}), lambda talk: talk.hang()),
    ],
)
@pytest.mark.parametrize("secure", [False, True])
def test_the_timeout_covers_the_whole_response(script, secure, ca_file):
    context = tls("127.0.0.1") if secure else None
    with Urllib3Transport(ca_file=ca_file) as transport, HostileServer(script, tls=context) as server, at_most(10):
        assert str(failure(transport, server, timeout=0.15)) == "timeout: no complete response within 0.15 s"


def test_the_timeout_covers_the_tls_handshake(ca_file):
    with (
        HostileServer(lambda talk: talk.hang()) as server,
        Urllib3Transport(ca_file=ca_file) as transport,
        at_most(10),
        pytest.raises(TransportError, match="^timeout: no complete response within 0.1 s"),
    ):
        transport.send(Request("GET", f"https://127.0.0.1:{server.port}/"), timeout=0.1)


def test_a_decompression_bomb_takes_little_memory(transport):
    with HostileServer(responds(gzip_response(bytes(64_000_000)))) as server:
        tracemalloc.start()
        try:
            assert failure(transport, server).kind == "too-large"
            assert tracemalloc.get_traced_memory()[1] < 4 * MAX_BODY
        finally:
            tracemalloc.stop()


def test_a_server_without_tls_is_not_a_permanent_error(ca_file):
    with (
        HostileServer(lambda talk: talk.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server,
        Urllib3Transport(ca_file=ca_file) as transport,
        pytest.raises(TransportError, match="^tls: TLS error: ") as caught,
    ):
        transport.send(Request("GET", f"https://127.0.0.1:{server.port}/"), timeout=30)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/events/1126?s3cret", "url must start with http:// or https:// and a host"),
        ("ftp://api.example/s3cret", "url must start with http:// or https:// and a host"),
        ("http:///s3cret", "url must start with http:// or https:// and a host"),
        ("http://api.example:99999/s3cret", "url can't be parsed"),
        ("http://key:s3cret@api.example/", "url must not contain credentials; send them in a header"),
    ],
)
def test_an_invalid_url_is_an_invalid_argument(transport, url, message):
    with pytest.raises(InvalidArgument) as caught:
        transport.send(Request("GET", url), timeout=30)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "request_", [Request("GET /", ""), Request("GET", "", {"x": "a\nb"}), Request("GET", "", {"x": "\u2028"})]
)
def test_a_request_that_http_does_not_allow_is_an_invalid_argument(transport, request_):
    with HostileServer(responds(http_response(b"{}"))) as server:
        with pytest.raises(InvalidArgument, match="^request has a method, URL or header that HTTP doesn't allow$"):
            transport.send(Request(request_.method, server.url, request_.headers), timeout=30)
        assert ask(transport, server).body == b"{}"
