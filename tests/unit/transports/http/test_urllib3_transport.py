"""The requests of `Urllib3Transport`, its results, and its connections."""

import gzip
import socket
import threading
from contextlib import suppress

import pytest

from http_requests import ask, failure
from leftovers import nothing_left
from spongewatch import InvalidArgument, InvalidType, LocalProtocolError, Request, TransportError, __version__
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.http.sending import Sending
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    gzip_response,
    http_response,
    responds,
    sends,
    unused_url,
)

# Requests


def test_a_request_is_sent_with_its_headers_and_two_more(transport):
    with HostileServer(responds(http_response())) as server:
        ask(transport, server, "/events/1126.json?echo=a%20b#part", authorization="Basic a2V5OnA=")
        assert sorted(server.exchanges[0].head) == [
            "",
            "",
            "GET /events/1126.json?echo=a%20b HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "accept-encoding: gzip",
            "authorization: Basic a2V5OnA=",
            f"user-agent: spongewatch/{__version__}",
        ]


def test_headers_of_the_request_replace_those_of_the_transport(transport):
    with HostileServer(responds(http_response())) as server:
        ask(transport, server, **{"user-agent": "mine", "host": "api.example"})
        head = server.exchanges[0].head
    assert {line for line in head if line.lower().startswith(("user-agent", "host"))} == {
        "host: api.example",
        "user-agent: mine",
    }


@pytest.mark.parametrize("timeout", [None, "10", True, [1.0]])
def test_timeout_must_be_a_number(transport, timeout):
    with unused_url() as url, pytest.raises(InvalidType, match="^timeout must be a number of seconds, not "):
        transport.send(Request("GET", url), timeout=timeout)


def test_timeout_must_not_be_nan(transport):
    with unused_url() as url, pytest.raises(InvalidArgument, match="^timeout must be a number of seconds, not NaN"):
        transport.send(Request("GET", url), timeout=float("nan"))


@pytest.mark.parametrize("timeout", [0, -1.0])
def test_without_time_nothing_is_sent(transport, timeout):
    with HostileServer(responds(http_response())) as server:
        assert failure(transport, server, timeout=timeout).kind == "timeout"
        assert server.connections == 0


def test_an_infinite_timeout_is_allowed(transport):
    with HostileServer(responds(http_response(b"{}"))) as server:
        assert ask(transport, server, timeout=float("inf")).body == b"{}"


def test_the_repr_of_an_uninitialized_object_does_not_raise():
    for kind in (Urllib3Transport, Sending):
        assert kind.__name__ in repr(object.__new__(kind))


# Responses


def test_header_names_are_in_lower_case_and_repeated_headers_joined(transport):
    reply = b"HTTP/1.1 200 OK\r\nX-Seen: a\r\nContent-Length: 2\r\nx-seen: b\r\nDATE: today\r\n\r\n{}"
    with HostileServer(responds(reply)) as server:
        response = ask(transport, server)
    assert (response.status, response.body) == (200, b"{}")
    assert dict(response.headers) == {"x-seen": "a, b", "content-length": "2", "date": "today"}


def test_a_compressed_body_is_decoded(transport):
    with HostileServer(responds(gzip_response(b'{"events": []}' * 1_000))) as server:
        assert ask(transport, server).body == b'{"events": []}' * 1_000


def test_max_body_of_the_request_limits_the_body(transport):
    with HostileServer(responds(http_response(b"12345"))) as server:
        assert transport.send(Request("GET", server.url, max_body=5), timeout=30).body == b"12345"
        with pytest.raises(TransportError, match="^too-large: response body exceeds 4 bytes"):
            transport.send(Request("GET", server.url, max_body=4), timeout=30)


def test_redirects_are_not_followed(transport):
    with HostileServer(responds(http_response(b"{}"))) as other:
        redirect = http_response(status="302 Found", headers={"location": other.url + "/events/1126.json"})
        with HostileServer(responds(redirect)) as server:
            response = ask(transport, server, authorization="Basic a2V5OnA=")
        assert (response.status, response.headers["location"]) == (302, other.url + "/events/1126.json")
        assert other.connections == 0


def test_a_response_is_returned_even_if_the_server_closes_before_it_has_read_the_request(transport):
    def refuse(talk):
        talk.sock.recv(100)
        talk.send(http_response(status="413 Content Too Large"))  # closing with unread data resets the connection

    with HostileServer(refuse) as server:
        response = transport.send(Request("POST", server.url, body=bytes(20_000_000)), timeout=30)
    assert response.status == 413


BAD_BODIES = [
    sends(http_response(b"{}", "401 No", {"content-length": "100"})),
    sends(b"HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\n\r\nno\r\n"),
    responds(http_response(b"no gzip", "401 No", {"content-encoding": "gzip"})),
    responds(http_response(gzip.compress(b"{}")[:-3], "401 No", {"content-encoding": "gzip"})),
    responds(http_response(b"x", "401 No", {"content-encoding": "br"})),
    responds(http_response(bytes(MAX_BODY + 1), "401 No")),
    sends(http_response(b"{}", "401 No", {"content-length": "100"}), lambda talk: talk.reset()),
    sends(http_response(b"{}", "401 No", {"content-length": "100"}), lambda talk: talk.hang()),
]


@pytest.mark.parametrize("script", BAD_BODIES)
def test_a_status_other_than_200_is_returned_even_if_its_body_fails(transport, script):
    with HostileServer(script, responds(http_response(b"{}"))) as server:
        response = ask(transport, server, timeout=0.3)
        assert (response.status, response.body) == (401, b"")
        assert {"content-type", "transfer-encoding"} & {*response.headers}
        assert ask(transport, server).body == b"{}"
        assert server.connections == 2


# Connections


def test_requests_to_one_host_share_a_connection(transport):
    with HostileServer(
        responds(http_response(b"{}"), gzip_response(b"{}"), http_response(status="404 Not Found"))
    ) as server:
        for _ in range(20):
            ask(transport, server)
        assert (server.connections, len(server.exchanges)) == (1, 20)


@pytest.mark.parametrize(
    "reply",
    [
        http_response(b'{"error": {}}', "404 Not Found"),
        http_response(b"busy", "503 Service Unavailable"),
        http_response(status="429 Too Many Requests", headers={"retry-after": "5"}),
        http_response(status="401 Unauthorized", headers={"www-authenticate": "Basic"}),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\ncontent-encoding: gzip\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nx: y\r\n\r\n" * 3 + http_response(b"{}"),
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + http_response(b"{}"),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_a_complete_response_leaves_the_connection_open(transport, reply):
    with HostileServer(responds(reply)) as server:
        first, second = ask(transport, server), ask(transport, server)
        assert (first.status, first.body) == (second.status, second.body)
        assert first.status >= 200
        assert server.connections == 1


@pytest.mark.parametrize("headers", ["connection: close\r\ncontent-length: 2\r\n", ""])
def test_a_connection_that_the_server_ends_is_not_reused(transport, headers):
    with HostileServer(sends(f"HTTP/1.1 200 OK\r\n{headers}\r\n{{}}".encode())) as server:
        assert [ask(transport, server).body for _ in range(3)] == [b"{}"] * 3
        assert server.connections == 3


def test_a_connection_is_not_reused_after_a_101(transport):
    switch = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"
    with HostileServer(responds(switch)) as server:
        assert [ask(transport, server).status for _ in range(2)] == [101, 101]
        assert server.connections == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_methods_other_than_get_use_a_new_connection(transport, method):
    with HostileServer(responds(http_response(b"{}"))) as server:
        ask(transport, server)
        transport.send(Request(method, server.url, body=b"a=\xff"), timeout=30)
        assert (server.connections, server.exchanges[1].body) == (2, b"a=\xff")
        ask(transport, server)
        assert server.connections == 2  # the next GET reuses it; the first one was closed to make room


def test_connections_to_only_64_origins_are_kept(monkeypatch):
    looked_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: looked_up("127.0.0.1", *more, **named))
    with (
        HostileServer(responds(http_response(b"{}"))) as server,
        Urllib3Transport(trust_env=False) as transport,
    ):
        for number in (*range(1, 80), 79):
            transport.send(Request("GET", f"http://host-{number}.example:{server.port}/"), timeout=30)
        assert server.connections == 79
        transport.send(Request("GET", f"http://host-1.example:{server.port}/"), timeout=30)
        assert server.connections == 80


def test_the_next_address_is_tried_if_one_refuses(monkeypatch):
    looked_up = socket.getaddrinfo

    def two_addresses(host, *more, **named):
        (family, *rest, address), *_ = looked_up("127.0.0.1", *more, **named)
        return [(family, *rest, ("127.0.0.1", 1)), (family, *rest, address)]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    with HostileServer(responds(http_response(b"{}"))) as server, Urllib3Transport(trust_env=False) as transport:
        assert transport.send(Request("GET", f"http://api.example:{server.port}/"), timeout=30).body == b"{}"


# Close


def test_a_closed_transport_refuses_to_send_and_can_be_closed_again():
    with HostileServer(responds(http_response())) as server:
        transport = Urllib3Transport()
        ask(transport, server)
        transport.close()
        transport.close()
        with pytest.raises(LocalProtocolError, match="^the transport is closed"):
            ask(transport, server)
        assert len(server.exchanges) == 1


def test_close_leaves_no_thread_and_no_descriptor():
    scripts = [
        responds(http_response(b"{}")),
        sends(http_response(b"{}", headers={"content-length": "100"})),
        sends(b"HTTP/1.1 200 OK\r\n\r\n", lambda talk: talk.hang()),
        sends(b"nonsense"),
    ]
    for script in scripts:
        with nothing_left(), HostileServer(script) as server, Urllib3Transport() as transport:
            threads = threading.active_count()
            for _ in range(3):
                with suppress(TransportError):
                    ask(transport, server, timeout=0.05)
            assert threading.active_count() <= threads + 3  # the server has one for each connection


def test_a_connection_that_finishes_while_the_transport_is_closed_is_not_kept():
    with nothing_left():
        transport = Urllib3Transport()

        def closes(talk):
            talk.read_request()
            transport._closed = True
            talk.send(http_response(b"{}"))
            talk.hang()

        with HostileServer(closes) as server:
            assert ask(transport, server).body == b"{}"
