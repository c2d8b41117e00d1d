import ssl
import threading
import time
from http.client import BadStatusLine
from threading import Lock
from urllib.parse import urlsplit

import pytest
import trustme
from urllib3.util.wait import wait_for_read

from spongewatch import LocalProtocolError, TransportError
from spongewatch.transports import guarded_socket
from spongewatch.transports.connection_pool import Connection, ConnectionPool, Origin, _Places
from spongewatch.transports.guarded_socket import Allowance, GuardedTlsSocket
from spongewatch.transports.proxies import Proxy
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    answer,
    drips,
    keeps_answering,
    nobody,
    pours,
    says,
)

AUTHORITY = trustme.CA()
CHUNKED = answer(headers={"content-length": "", "transfer-encoding": "chunked"})
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"


def origin_of(server):
    return Origin("http", "127.0.0.1", server.port)


def plain(origin):
    return Connection(origin, None)


def in_time():
    return Allowance(30, 300_000)


def exchange(connection, target="/"):
    reply = connection.exchange("GET", target, {}, in_time())
    body = reply.read()
    return reply.status, body


@pytest.fixture
def server():
    with HostileServer(keeps_answering(answer(b"{}"))) as running:
        yield running


def test_a_connection_is_used_again(server):
    pool = ConnectionPool(3, plain)
    for _ in range(5):
        connection = pool.take(origin_of(server), in_time())
        assert exchange(connection) == (200, b"{}")
        pool.give_back(connection)
    pool.close()
    assert (server.connections, len(server.exchanges)) == (1, 5)


def test_the_target_goes_over_the_wire_and_nothing_is_added_but_the_host(server):
    connection = plain(origin_of(server))
    exchange(connection, "/events/1126?echo=%20x")
    connection.close()
    head = server.exchanges[0].head
    assert head[:2] == ["GET /events/1126?echo=%20x HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]


def test_the_usual_port_stands_in_no_host_header():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert Connection(Origin("https", "api.example", 443), tls).default_port == 443
    assert plain(Origin("http", "api.example", 80)).default_port == 80


def test_a_connection_that_the_service_closed_is_made_anew():
    with HostileServer(says(answer(b"1")), keeps_answering(answer(b"2"))) as server:
        connection = plain(origin_of(server))
        assert exchange(connection) == (200, b"1")
        assert wait_for_read(connection.sock, timeout=30)  # its end has arrived
        assert exchange(connection) == (200, b"2")
        connection.close()


@pytest.mark.parametrize("behind", [b"x", answer(b"false")], ids=["a byte", "an answer"])
@pytest.mark.parametrize(
    "reply",
    [answer(b"{}"), answer(status="204 No Content", headers={"content-length": ""}), CHUNKED + b"0\r\n\r\n"],
    ids=["length", "no body", "chunks"],
)
def test_a_connection_on_which_something_came_behind_the_answer_is_closed_when_it_is_given_back(reply, behind):
    with HostileServer(says(reply + behind, lambda talk: talk.hang())) as server:
        pool = ConnectionPool(1, plain)
        connection = pool.take(origin_of(server), in_time())
        exchange(connection)
        assert not connection.is_closed
        pool.give_back(connection)
        assert connection.is_closed


def test_chunks_are_put_together_and_their_connection_is_used_again():
    reply = CHUNKED + b"e;odd=1\r\n0123456789abcd\r\n2\r\nef\r\n0\r\nx-trailer: 1\r\n\r\n"
    with HostileServer(keeps_answering(reply)) as server:
        connection = plain(origin_of(server))
        got = connection.exchange("GET", "/", {}, in_time())
        pieces = [got.read(size, decode_content=False) for size in (3, 12, 9)]
        assert pieces == [b"012", b"3456789abcde", b"f"]  # after which nobody has to ask for more
        assert exchange(connection) == (200, b"0123456789abcdef")
        assert server.connections == 1
        connection.close()


@pytest.mark.parametrize("status", ["2_0_0 OK", "+200 OK", "0200 OK", "2000", "20"])
def test_a_status_is_three_digits(status):
    with HostileServer(says(answer(b"{}", status))) as server:
        connection = plain(origin_of(server))
        with pytest.raises(BadStatusLine):
            exchange(connection)
        connection.close()


def test_no_more_are_lent_than_agreed(server):
    pool = ConnectionPool(1, plain)
    first = pool.take(origin_of(server), in_time())
    with pytest.raises(TransportError, match="timeout: all connections were in use"):
        pool.take(origin_of(server), Allowance(0.05, 0))
    pool.give_back(first)
    assert pool.take(origin_of(server), in_time()) is not first  # that one was never connected
    pool.close()


def test_whoever_has_waited_longest_comes_next_and_not_who_asks_again():
    pool, turns = ConnectionPool(1, plain), []

    def take_turn(number):
        connection = pool.take(Origin("http", "api.example", 80), in_time())
        turns.append(number)
        pool.give_back(connection)

    held = pool.take(Origin("http", "api.example", 80), in_time())
    threads = [threading.Thread(target=take_turn, args=(number,)) for number in range(5)]
    for waiting, thread in enumerate(threads, start=1):
        thread.start()
        while len(pool._places._waiting) < waiting:
            time.sleep(0.001)
    pool.give_back(held)
    take_turn("again")
    for thread in threads:
        thread.join()
    assert turns == [0, 1, 2, 3, 4, "again"]
    pool.close()


def test_a_turn_that_comes_too_late_is_passed_on():
    places, late = _Places(1), Lock()
    assert places.take(1)
    places.give_back()
    assert places.take(1)
    places._leave(late)  # as its turn had come, and it did not wait any more
    assert places.take(0.01)
    assert not places.take(0.01)
    places.give_back()
    assert places.take(0.01)


def test_no_more_stay_open_than_agreed_over_all_origins():
    with HostileServer(keeps_answering(answer())) as one, HostileServer(keeps_answering(answer())) as other:
        pool = ConnectionPool(2, plain)
        for server in (one, other, one):
            connection = pool.take(origin_of(server), in_time())
            exchange(connection)
            pool.give_back(connection)
        assert (one.connections, other.connections) == (1, 1)
        both = [pool.take(origin_of(one), in_time()), pool.take(origin_of(one), in_time())]
        for connection in both:
            exchange(connection)
            pool.give_back(connection)
        assert (one.connections, other.connections) == (2, 1)
        connection = pool.take(origin_of(other), in_time())
        exchange(connection)
        assert other.connections == 2  # the idle one made room for the second to the other origin
        pool.give_back(connection)
        pool.close()


def test_what_is_in_use_when_the_pool_closes_is_closed_when_it_is_given_back(server):
    pool = ConnectionPool(2, plain)
    connection = pool.take(origin_of(server), in_time())
    exchange(connection)
    pool.close()
    pool.close()
    assert not connection.is_closed
    pool.give_back(connection)
    assert connection.is_closed


def test_a_closed_pool_lends_nothing_and_is_not_used_up_by_being_asked(server):
    pool = ConnectionPool(1, plain)
    pool.close()
    for _ in range(2):
        with pytest.raises(LocalProtocolError, match="the transport is closed"):
            pool.take(origin_of(server), in_time())


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("G T", "/", {}),
        ("GET", "/ secret", {}),
        ("GET", "/", {"authorization": "secret\r\nx: y"}),
        ("GET", "/", {"echo": "secret\u20ac"}),
        ("GET", "/", {"a b:": "secret"}),
        ("GET", "/", {"a": None}),
    ],
)
def test_what_http_can_not_carry_is_the_callers_mistake_and_is_not_shown(server, method, target, headers):
    connection = plain(origin_of(server))
    with pytest.raises(LocalProtocolError, match=r"^the request holds what HTTP can't carry$"):
        connection.exchange(method, target, headers, in_time())
    connection.close()


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (b"HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 2\r\n\r\n{}", "a header of the answer can't be read"),
        (b"HTTP/1.1 200 OK\r\n folded: first\r\n\r\n", "a header of the answer can't be read"),
        (answer(b"{}", headers={"transfer-encoding": "chunked"}), "tells its length twice"),
        (answer(headers={"content-length": "", "transfer-encoding": "gzip, chunked"}), "a way that nobody knows"),
        (b"HTTP/1.1 200 OK\r\n" + b"transfer-encoding: chunked\r\n" * 2 + b"\r\n", "tells its length twice"),
        (b"HTTP/1.1 200 OK\r\n" + b"content-length: 2\r\n" * 2 + b"\r\n{}", "tells its length twice"),
        *(
            (answer(headers={"content-length": odd}), "a way that nobody knows")
            for odd in ("2, 3", "-2", "+2", "9" * 5000)
        ),
        (answer(status="999 Odd"), "status 999, not one from 100 to 599"),
    ],
)
def test_an_answer_whose_end_is_unclear_is_refused(reply, detail, caplog):
    with HostileServer(says(reply)) as server:
        connection = plain(origin_of(server))
        with pytest.raises(TransportError, match=detail) as caught:
            exchange(connection)
        connection.close()
    assert caught.value.kind == "protocol"
    assert caplog.records == []


@pytest.mark.parametrize("head", [b"HTTP/1.1 410 Gone\r\n", b"HTTP/1.1 403 Forbidden\r\nx: y\r\n"])
def test_a_head_that_broke_off_is_no_answer(head):
    with HostileServer(says(head, lambda talk: talk.sock.close())) as service:
        connection = Connection(Origin("http", "127.0.0.1", service.port), None)
        with pytest.raises(TransportError, match="reset: the answer broke off"):
            connection.exchange("GET", "/", {}, Allowance(30, 1000))
        connection.close()


def by_way_of(server, scheme="https", host="api.example", port=443, authorization="Basic cHJveHk6czNjcmV0"):
    """A connection to `host` for which `server` is the proxy."""
    context = None
    if scheme == "https":
        context = ssl.create_default_context()
        AUTHORITY.configure_trust(context)
        context.sslsocket_class = GuardedTlsSocket
    return Connection(Origin(scheme, host, port, Proxy("127.0.0.1", server.port, authorization)), context)


def refusal(connection, seconds=30):
    with pytest.raises(TransportError) as caught:
        connection.exchange("GET", "/events/1126", {"authorization": "Basic a2V5"}, Allowance(seconds, 300_000))
    assert connection.is_closed
    return caught.value


def then_speaks_tls(talk):
    """The proxy connects the tunnel to a service of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("api.example").configure_cert(context)
    with context.wrap_socket(talk.sock, server_side=True) as secure:
        talk.sock = secure
        keeps_answering(answer(b"{}"))(talk)


@pytest.mark.parametrize(
    ("host", "port", "authority"),
    [
        ("api.example", 443, "api.example:443"),
        ("api.example", 8443, "api.example:8443"),
        ("2001:db8::1", 443, "[2001:db8::1]:443"),
    ],
)
@pytest.mark.parametrize(("authorization", "line"), [(None, ""), ("Basic cDpw", "proxy-authorization: Basic cDpw\r\n")])
def test_a_proxy_is_asked_for_a_tunnel_and_told_no_more(host, port, authority, authorization, line):
    with HostileServer(says(answer(status="502 Bad Gateway"))) as proxy:
        refusal(by_way_of(proxy, host=host, port=port, authorization=authorization))
        asked = f"CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n{line}\r\n"
        assert [exchange.request.decode() for exchange in proxy.exchanges] == [asked]


@pytest.mark.parametrize(
    "reply",
    [
        TUNNEL,
        b"HTTP/1.0 200 OK\r\nvia: x\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + TUNNEL,
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + TUNNEL,
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + TUNNEL,
    ],
)
def test_one_tunnel_carries_all_exchanges_and_the_service_is_not_told_of_the_proxy(reply):
    with HostileServer(says(reply, then_speaks_tls)) as proxy:
        connection = by_way_of(proxy)
        assert [exchange(connection, "/events/1126") for _ in range(3)] == [(200, b"{}")] * 3
        connection.close()
        connect, *requests = (exchange.request for exchange in proxy.exchanges)
    assert connect.startswith(b"CONNECT api.example:443 ")
    assert all(request.startswith(b"GET /events/1126 HTTP/1.1\r\nHost: api.example\r\n") for request in requests)
    assert not any(b"proxy" in request.lower() for request in requests)
    assert proxy.connections == 1


ENDLESS = "too-large: the proxy: the answer does not end | protocol: the proxy: the answer is not HTTP"
"""Newer versions of Python count what comes before an answer, and leave sooner."""


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (says(answer(b"<html>s3cret", "403 s3cret")), "refused: the proxy: it answers 403 to CONNECT"),
        (says(answer(b"<html>s3cret", "502 Bad Gateway")), "refused: the proxy: it answers 502 to CONNECT"),
        (
            says(b"HTTP/1.1 302 Found\r\nlocation: http://s3cret/\r\n\r\n"),
            "refused: the proxy: it answers 302 to CONNECT",
        ),
        (says(b"HTTP/1.1 101 s3cret\r\n\r\n"), "refused: the proxy: it answers 101 to CONNECT"),
        (pours(b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b"x" * 10_000), "refused: the proxy: it answers 502 to CONNECT"),
        (says(b""), "reset: the proxy: the connection broke off"),
        (says(b"", lambda talk: talk.reset()), "reset: the proxy: the connection broke off"),
        (says(b"HTTP/1.1 200 OK\r\nx: y\r\n"), "reset: the proxy: the answer broke off"),
        (says(b"HTTP/1.1 103 s3cret\r\n\r\n"), "reset: the proxy: the connection broke off"),
        (
            says(b"HTTP/1.1 103 s3cret\r\n\r\n" + answer(status="502 Bad Gateway")),
            "refused: the proxy: it answers 502 to CONNECT",
        ),
        (says(b"s3cret\r\n\r\n"), "protocol: the proxy: the answer is not HTTP"),
        (says(b"HTTP/1.1 s3cret\r\n\r\n"), "protocol: the proxy: the answer is not HTTP"),
        (says(b"\x05\x00"), "protocol: the proxy: the answer is not HTTP"),
        (pours(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), "protocol: the proxy: the answer is not HTTP"),
        (pours(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 10_000), "protocol: the proxy: the answer is not HTTP"),
        (pours(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), ENDLESS),
        (pours(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100), "too-large: the proxy: the answer does not end"),
        (says(b"", lambda talk: talk.hang()), "timeout: the proxy: no whole answer within 0.2 s"),
        (drips(b"", TUNNEL[:30], 0.01), "timeout: the proxy: no whole answer within 0.2 s"),
        (drips(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", 0.01), "timeout: the proxy: no whole answer within 0.2 s"),
    ],
)
def test_a_proxy_that_makes_no_tunnel_is_told_in_our_own_words(script, detail, caplog, capfd):
    with HostileServer(script) as proxy:
        start = time.monotonic()
        error = refusal(by_way_of(proxy), seconds=0.2 if "timeout" in detail else 60)
        assert time.monotonic() - start < 30
    assert str(error) in detail.split(" | ")
    assert not error.permanent
    assert error.__suppress_context__ or error.__context__ is None
    assert (caplog.records, capfd.readouterr()) == ([], ("", ""))


def test_a_tunnel_that_leads_to_silence_is_a_time_out_of_the_service(monkeypatch):
    def tunnel_to_nowhere(talk):
        talk.read_request()
        now.append(29.8)
        talk.send(TUNNEL)
        talk.hang()

    now = [0.0]
    monkeypatch.setattr(guarded_socket, "monotonic", lambda: now[-1])  # all goes well until there is a tunnel
    with HostileServer(tunnel_to_nowhere) as proxy:
        assert str(refusal(by_way_of(proxy))) == "timeout: no whole answer within 30 s"


def test_a_proxy_that_wants_another_password_is_not_asked_again():
    with HostileServer(says(answer(status="407 Proxy Authentication Required"))) as proxy:
        error = refusal(by_way_of(proxy))
    assert str(error) == "refused: the proxy: it answers 407 to CONNECT and wants another user or password"
    assert error.permanent


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_behind_a_tunnel_without_tls_nothing_is_said(reply):
    with HostileServer(says(TUNNEL, lambda talk: talk.send(reply))) as proxy:
        connection = by_way_of(proxy)
        with pytest.raises((ssl.SSLError, ConnectionResetError)):  # which of them, is a matter of moments
            exchange(connection)
        assert connection.is_closed
        assert len(proxy.exchanges) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_told_as_the_proxy(scheme):
    with nobody() as url:
        connection = by_way_of(urlsplit(url), scheme)
        assert str(refusal(connection)) == "refused: the proxy: nothing listens there"
    nowhere = Connection(Origin(scheme, "api.example", 80, Proxy("no-such-host.invalid", 3128)), None)
    assert str(refusal(nowhere)) == "dns: the proxy: the host's name can't be looked up"


@pytest.mark.parametrize("authorization", [None, "Basic cDpw"])
def test_without_tls_the_proxy_gets_the_request(authorization):
    with HostileServer(keeps_answering(answer(b"{}"))) as proxy:
        connection = by_way_of(proxy, "http", port=80, authorization=authorization)
        assert [exchange(connection, "http://api.example/events/1126") for _ in range(3)] == [(200, b"{}")] * 3
        connection.close()
        assert proxy.connections == 1
        for head in [exchange.head for exchange in proxy.exchanges]:
            assert head[:2] == ["GET http://api.example/events/1126 HTTP/1.1", "Host: api.example"]
            told = [line for line in head if line.startswith("proxy-authorization")]
            assert told == ([f"proxy-authorization: {authorization}"] if authorization else [])


def test_a_connection_is_not_used_again_by_way_of_another_proxy(server):
    with HostileServer(keeps_answering(answer(b"2"))) as other:
        pool = ConnectionPool(3, plain)
        for port in (server.port, other.port, server.port):
            connection = pool.take(Origin("http", "api.example", 80, Proxy("127.0.0.1", port)), in_time())
            exchange(connection, "http://api.example/")
            pool.give_back(connection)
        pool.close()
        assert (server.connections, len(server.exchanges)) == (1, 2)
        assert (other.connections, len(other.exchanges)) == (1, 1)


def test_a_pool_that_is_left_to_the_parent_shares_nothing_but_its_end(server):
    pool = ConnectionPool(2, plain)
    idle, used = pool.take(origin_of(server), in_time()), pool.take(origin_of(server), in_time())
    exchange(idle)
    exchange(used)
    pool.give_back(idle)
    anew = pool.left_to_parent()
    assert (idle.is_closed, used.is_closed) == (True, False)
    lent = [anew.take(origin_of(server), in_time()) for _ in range(2)]
    assert not {idle, used} & {*lent}
    pool.give_back(used)
    pool.close()
    with pytest.raises(LocalProtocolError, match="the transport is closed"):
        pool.left_to_parent().take(origin_of(server), in_time())
