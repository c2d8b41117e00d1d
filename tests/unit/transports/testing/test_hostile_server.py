"""The hostile server, seen by a client on plain sockets."""

import gzip
import socket
import ssl
import threading
import time
from itertools import count

import pytest
import trustme

from spongewatch.transports.testing import hostile_server
from spongewatch.transports.testing.hostile_server import (
    Conversation,
    HostileServer,
    drips,
    echoes,
    gzip_response,
    http_response,
    in_turn,
    pours,
    responds,
    sends,
    unused_url,
)

GET = b"GET /a?b=c HTTP/1.1\r\nhost: here\r\n\r\n"


def connect(server):
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.settimeout(30)
    return sock


def received(sock, size=None):
    """Return what arrives until the connection is closed, or at least `size` bytes."""
    data = b""
    while (size is None or len(data) < size) and (piece := sock.recv(65_536)):
        data += piece
    return data


def response_of(server):
    with connect(server) as sock:
        sock.sendall(GET)
        return received(sock)


def test_a_response_has_its_length_and_type():
    assert http_response(b"[]") == b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]"


def test_headers_can_be_added_and_left_out():
    made = http_response(b"", "404 Not Found", {"content-type": "", "x": "y"})
    assert made == b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx: y\r\n\r\n"


def test_a_gzip_response_is_compressed_and_labeled():
    head, _, body = gzip_response(b"[]").partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head
    assert gzip.decompress(body) == b"[]"


def test_requests_are_recorded_unchanged():
    with HostileServer(sends(b"first"), sends(b"next")) as server:
        assert [response_of(server), response_of(server), response_of(server)] == [b"first", b"next", b"next"]
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert server.connections == 3
        assert [seen.request for seen in server.exchanges] == [GET] * 3
        assert server.exchanges[0].head == ["GET /a?b=c HTTP/1.1", "host: here", "", ""]
        assert all(seen.began <= seen.ended for seen in server.exchanges)


def test_a_request_may_arrive_in_pieces():
    with HostileServer(sends(b"ok")) as server, connect(server) as sock:
        sock.sendall(GET[:10])
        time.sleep(0.01)
        sock.sendall(GET[10:])
        assert received(sock) == b"ok"
        assert server.exchanges[0].request == GET


def test_responses_are_sent_in_order_and_the_last_one_repeats():
    with HostileServer(responds(b"1", b"2", pause=0.001)) as server, connect(server) as sock:
        for expected in (b"1", b"2", b"2"):
            sock.sendall(GET)
            assert received(sock, 1) == expected


def test_scripts_can_run_in_turn_on_one_connection():
    with HostileServer(in_turn(sends(b"1"), sends(b"2"))) as server, connect(server) as sock:
        sock.sendall(GET)
        assert received(sock, 1) == b"1"
        sock.sendall(GET)
        assert received(sock) == b"2"


def test_an_echo_is_the_request():
    with HostileServer(echoes) as server, connect(server) as sock:
        sock.sendall(GET)
        assert received(sock, len(http_response(GET))) == http_response(GET)


def test_drips_are_endless():
    with HostileServer(drips(b"start", b"ab", 0.001)) as server, connect(server) as sock:
        sock.sendall(GET)
        assert received(sock, 9).startswith(b"startabab")


def test_pours_can_be_limited():
    with HostileServer(pours(b"start", b"ab", times=3)) as server:
        assert response_of(server) == b"startababab"


def test_endless_pours_end_with_the_server():
    with HostileServer(pours(b"start", b"ab")) as server, connect(server) as sock:
        sock.sendall(GET)
        assert received(sock, 1_000)[:9] == b"startabab"
        server.stopping.set()
        received(sock)


def test_the_client_sees_a_reset():
    def resets(talk):
        talk.read_request()
        talk.reset()

    with HostileServer(resets) as server, pytest.raises(ConnectionResetError):
        response_of(server)


def test_a_hanging_script_ends_with_the_connection_or_the_server():
    with HostileServer(sends(b"go on", lambda talk: talk.hang())) as server:
        with connect(server) as sock:
            sock.sendall(GET)
            assert received(sock, 5) == b"go on"
            sock.sendall(b"ignored")
        sock = connect(server)
        sock.sendall(GET)
        assert received(sock, 5) == b"go on"
    with sock:
        assert received(sock) == b""


def test_data_without_a_request_is_no_exchange():
    with HostileServer(lambda talk: talk.send(b"hello")) as server, connect(server) as sock:
        assert received(sock) == b"hello"
        assert server.exchanges == []


def ticking(monkeypatch, step):
    """Let each reading of the clock be `step` seconds later, once the returned event is set."""
    started, ticks = threading.Event(), count()
    monkeypatch.setattr(hostile_server, "monotonic", lambda: next(ticks) * step if started.is_set() else 0.0)
    return started


def test_connections_are_closed_after_its_patience(monkeypatch):
    time_passes = ticking(monkeypatch, 0.01)
    with HostileServer(sends(b"", lambda talk: talk.hang()), patience=0.05) as server, connect(server) as sock:
        sock.sendall(GET)
        while not server.exchanges:
            time.sleep(0.001)
        assert not server.stopping.is_set()
        time_passes.set()
        assert received(sock) == b""
        with pytest.raises(ConnectionError), connect(server) as another:
            another.recv(1)


def test_time_while_suspended_does_not_count(monkeypatch):
    time_passes = ticking(monkeypatch, 1000.0)
    with HostileServer(sends(b"ok"), patience=100.0) as server:
        time_passes.set()
        assert [response_of(server) for _ in range(5)] == [b"ok"] * 5


def test_connections_made_while_it_stops_are_closed():
    with HostileServer(echoes) as server:
        server._stop()
        with connect(server) as sock:
            assert sock.recv(1) == b""
        assert server.connections == 0


def test_connections_accepted_after_the_end_are_shut_down():
    server = HostileServer(echoes)
    server._stop()
    ours, theirs = socket.socketpair()
    with server._listener, ours, theirs:
        server._hold(theirs)
        assert ours.recv(1) == b""


def test_drips_end_with_the_server():
    with HostileServer(drips(b"start", b"ab", 60)) as server:
        sock = connect(server)
        sock.sendall(GET)
        assert received(sock, 5) == b"start"
    with sock:
        assert received(sock) == b""


def test_nothing_drips_after_the_end_of_the_server():
    server = HostileServer(echoes)
    server._stop()
    ours, theirs = socket.socketpair()
    with server._listener, ours:
        with theirs, pytest.raises(ConnectionAbortedError):
            Conversation(server, theirs).drip(b"ab", 60)
        assert ours.recv(1) == b""


def test_the_server_accepts_tls():
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.configure_trust(ours)
    with HostileServer(responds(b"ok"), tls=theirs) as server:
        assert server.url == f"https://127.0.0.1:{server.port}"
        with connect(server) as sock, ours.wrap_socket(sock, server_hostname="127.0.0.1") as secure:
            secure.sendall(GET)
            assert received(secure, 2) == b"ok"


def test_an_unused_url_refuses_connections():
    with unused_url() as url, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
