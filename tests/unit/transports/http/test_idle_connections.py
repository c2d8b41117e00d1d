"""For how long an idle connection is reused, on a clock that the tests move."""

import socket
from math import inf

import pytest

from spongewatch import Request, TransportError
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.http.connection import Connection
from spongewatch.transports.http.idle_connections import IdleConnections, keep_alive_limit
from spongewatch.transports.http.origins import Origin
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds, sends


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


def connections_after(*waits, script, then=None):
    """The number of connections that were made after each of several requests, with pauses between them."""
    clock, made = Clock(), []
    scripts = [script] if then is None else [script, then]
    with HostileServer(*scripts) as server, Urllib3Transport(clock=clock) as transport:
        for wait in (0, *waits):
            clock.now += wait
            try:
                transport.send(Request("GET", server.url), timeout=30)
            except TransportError as error:
                assert error.kind == "stale"
            made.append(server.connections)
    return made


GOOD = responds(http_response(b"{}"))


def responds_with_keep_alive(value):
    return responds(http_response(b"{}", headers={"keep-alive": value}))


def test_without_a_keep_alive_header_there_is_no_limit():
    assert connections_after(1, 1_000, 100_000, script=GOOD) == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("value", "idle", "made"),
    [
        ("timeout=5", 3.9, 1),
        ("timeout=5", 4.0, 2),
        ("max=100, timeout=5", 4.0, 2),
        ("Timeout = 5", 4.0, 2),
        ('timeout="5"', 4.0, 2),
        ("timeout=0", 0, 2),
        ("timeout=1", 0, 2),
        ("timeout=five", 4.0, 1),
        ("idle-timeout=5", 4.0, 1),
        ("max=5", 4.0, 1),
    ],
)
def test_the_keep_alive_header_limits_reuse_with_a_margin(value, idle, made):
    assert connections_after(idle, script=responds_with_keep_alive(value))[-1] == made


def ends_at_the_second_request(talk):
    sends(http_response(b"{}"))(talk)
    sends(b"")(talk)


def test_a_limit_is_learned_from_a_stale_connection():
    made = connections_after(1.0, 1.0, 0.7, 0.81, 1.0, 0.79, script=ends_at_the_second_request, then=GOOD)
    assert made == [1, 1, 2, 2, 3, 4, 4]


def test_a_learned_limit_is_forgotten_after_ten_minutes():
    made = connections_after(1.0, 1.0, 598.0, 2.0, script=ends_at_the_second_request, then=GOOD)
    assert made == [1, 1, 2, 3, 3]


def test_the_shortest_learned_limit_counts():
    made = connections_after(1.0, 0.0, 0.5, 0.0, 0.5, 0.39, script=ends_at_the_second_request)
    assert made == [1, 1, 2, 2, 3, 4, 4]


def test_each_origin_has_its_own_limit():
    clock = Clock()
    with (
        HostileServer(ends_at_the_second_request, GOOD) as one,
        HostileServer(GOOD) as other,
        Urllib3Transport(clock=clock) as transport,
    ):
        for server in (one, other):
            transport.send(Request("GET", server.url), timeout=30)
        clock.now += 1
        with pytest.raises(TransportError, match="stale: the server closed an idle connection"):
            transport.send(Request("GET", one.url), timeout=30)
        transport.send(Request("GET", other.url), timeout=30)
        assert other.connections == 1


def test_an_empty_keep_alive_header_is_no_limit():
    assert keep_alive_limit(None) == keep_alive_limit("") == inf


def test_a_connection_returned_after_close_is_closed():
    idle, (ours, theirs) = IdleConnections(Clock()), socket.socketpair()
    connection = Connection(Origin("http", "127.0.0.1", 80, None), None)
    connection.sock = ours
    idle.close()
    idle.keep(connection)
    with theirs:
        assert (connection.is_closed, theirs.recv(1)) == (True, b"")
