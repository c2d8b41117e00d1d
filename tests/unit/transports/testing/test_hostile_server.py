"""What the hostile server does, as a client of bare sockets sees it."""

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
    answer,
    drips,
    echoes,
    gzipped,
    in_turn,
    keeps_answering,
    nobody,
    pours,
    says,
)

GET = b"GET /a?b=c HTTP/1.1\r\nhost: here\r\n\r\n"


def connected(server):
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.settimeout(30)
    return sock


def heard(sock, size=None):
    """What comes until the connection is closed, or so many bytes."""
    said = b""
    while (size is None or len(said) < size) and (piece := sock.recv(65_536)):
        said += piece
    return said


def asked(server):
    with connected(server) as sock:
        sock.sendall(GET)
        return heard(sock)


def test_an_answer_tells_its_length_and_type():
    assert answer(b"[]") == b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]"


def test_a_header_may_be_added_and_left_out():
    made = answer(b"", "404 Not Found", {"content-type": "", "x": "y"})
    assert made == b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx: y\r\n\r\n"


def test_a_compressed_answer_says_so():
    head, _, body = gzipped(b"[]").partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head
    assert gzip.decompress(body) == b"[]"


def test_requests_are_noted_as_they_came():
    with HostileServer(says(b"first"), says(b"next")) as server:
        assert [asked(server), asked(server), asked(server)] == [b"first", b"next", b"next"]
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert server.connections == 3
        assert [seen.request for seen in server.exchanges] == [GET] * 3
        assert server.exchanges[0].head == ["GET /a?b=c HTTP/1.1", "host: here", "", ""]
        assert all(seen.began <= seen.ended for seen in server.exchanges)


def test_a_request_may_come_in_pieces():
    with HostileServer(says(b"ok")) as server, connected(server) as sock:
        sock.sendall(GET[:10])
        time.sleep(0.01)
        sock.sendall(GET[10:])
        assert heard(sock) == b"ok"
        assert server.exchanges[0].request == GET


def test_answers_come_one_after_the_other_and_the_last_again():
    with HostileServer(keeps_answering(b"1", b"2", pause=0.001)) as server, connected(server) as sock:
        for expected in (b"1", b"2", b"2"):
            sock.sendall(GET)
            assert heard(sock, 1) == expected


def test_scripts_are_played_in_turn_on_one_connection():
    with HostileServer(in_turn(says(b"1"), says(b"2"))) as server, connected(server) as sock:
        sock.sendall(GET)
        assert heard(sock, 1) == b"1"
        sock.sendall(GET)
        assert heard(sock) == b"2"


def test_an_echo_is_the_request():
    with HostileServer(echoes) as server, connected(server) as sock:
        sock.sendall(GET)
        assert heard(sock, len(answer(GET))) == answer(GET)


def test_a_drip_is_a_byte_at_a_time_without_an_end():
    with HostileServer(drips(b"start", b"ab", 0.001)) as server, connected(server) as sock:
        sock.sendall(GET)
        assert heard(sock, 9).startswith(b"startabab")


def test_what_is_poured_has_an_end_if_it_is_told():
    with HostileServer(pours(b"start", b"ab", times=3)) as server:
        assert asked(server) == b"startababab"


def test_what_is_poured_without_an_end_ends_with_the_server():
    with HostileServer(pours(b"start", b"ab")) as server, connected(server) as sock:
        sock.sendall(GET)
        assert heard(sock, 1_000)[:9] == b"startabab"
        server.stopping.set()
        heard(sock)


def test_a_reset_is_seen_as_one():
    def resets(talk):
        talk.read_request()
        talk.reset()

    with HostileServer(resets) as server, pytest.raises(ConnectionResetError):
        asked(server)


def test_a_hanging_service_waits_for_the_client_or_its_own_end():
    with HostileServer(says(b"go on", lambda talk: talk.hang())) as server:
        with connected(server) as sock:
            sock.sendall(GET)
            assert heard(sock, 5) == b"go on"
            sock.sendall(b"passed over")
        sock = connected(server)
        sock.sendall(GET)
        assert heard(sock, 5) == b"go on"
    with sock:
        assert heard(sock) == b""


def test_a_word_without_a_request_is_no_answer_to_one():
    with HostileServer(lambda talk: talk.send(b"hello")) as server, connected(server) as sock:
        assert heard(sock) == b"hello"
        assert server.exchanges == []


def ticking(monkeypatch, step):
    """The time goes by as a test says, so much from each look to the next once it begins; gives what begins it."""
    begun, ticks = threading.Event(), count()
    monkeypatch.setattr(hostile_server, "monotonic", lambda: next(ticks) * step if begun.is_set() else 0.0)
    return begun


def test_its_patience_has_an_end(monkeypatch):
    goes_by = ticking(monkeypatch, 0.01)
    with HostileServer(says(b"", lambda talk: talk.hang()), patience=0.05) as server, connected(server) as sock:
        sock.sendall(GET)
        while not server.exchanges:
            time.sleep(0.001)
        assert not server.stopping.is_set()
        goes_by.set()
        assert heard(sock) == b""
        with pytest.raises(ConnectionError), connected(server) as another:
            another.recv(1)


def test_whoever_is_suspended_costs_it_no_patience(monkeypatch):
    goes_by = ticking(monkeypatch, 1000.0)
    with HostileServer(says(b"ok"), patience=100.0) as server:
        goes_by.set()
        assert [asked(server) for _ in range(5)] == [b"ok"] * 5


def test_a_connection_that_is_made_while_it_stops_is_closed():
    with HostileServer(echoes) as server:
        server._stop()
        with connected(server) as sock:
            assert sock.recv(1) == b""
        assert server.connections == 0


def test_a_connection_that_comes_to_hand_after_the_end_is_ended():
    server = HostileServer(echoes)
    server._stop()
    ours, theirs = socket.socketpair()
    with server._listener, ours, theirs:
        server._hold(theirs)
        assert ours.recv(1) == b""


def test_a_drip_stops_with_the_server():
    with HostileServer(drips(b"start", b"ab", 60)) as server:
        sock = connected(server)
        sock.sendall(GET)
        assert heard(sock, 5) == b"start"
    with sock:
        assert heard(sock) == b""


def test_nothing_drips_once_the_server_is_stopped():
    server = HostileServer(echoes)
    server._stop()
    ours, theirs = socket.socketpair()
    with server._listener, ours:
        with theirs, pytest.raises(ConnectionAbortedError):
            Conversation(server, theirs).drip(b"ab", 60)
        assert ours.recv(1) == b""


def test_it_speaks_tls():
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.configure_trust(ours)
    with HostileServer(keeps_answering(b"ok"), tls=theirs) as server:
        assert server.url == f"https://127.0.0.1:{server.port}"
        with connected(server) as sock, ours.wrap_socket(sock, server_hostname="127.0.0.1") as secure:
            secure.sendall(GET)
            assert heard(secure, 2) == b"ok"


def test_nobody_listens_where_nobody_is():
    with nobody() as url, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
