import ssl

import pytest
from urllib3.util.wait import wait_for_read

from hostile_server import HostileServer, answer, keeps_answering, says
from spongewatch import LocalProtocolError, TransportError
from spongewatch.transports.connection_pool import Connection, ConnectionPool, Origin
from spongewatch.transports.guarded_socket import Allowance


def origin_of(server):
    return Origin("http", "127.0.0.1", server.port)


def plain(origin):
    return Connection(origin, None)


def in_time():
    return Allowance(1, 100_000)


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
        assert wait_for_read(connection.sock, timeout=1)  # its end has arrived
        assert exchange(connection) == (200, b"2")
        connection.close()


def test_no_more_are_lent_than_agreed(server):
    pool = ConnectionPool(1, plain)
    first = pool.take(origin_of(server), in_time())
    with pytest.raises(TransportError, match="timeout: all connections were in use"):
        pool.take(origin_of(server), Allowance(0.05, 0))
    pool.give_back(first)
    assert pool.take(origin_of(server), in_time()) is not first  # that one was never connected
    pool.close()


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
            connection.exchange("GET", "/", {}, Allowance(5.0, 1000))
        connection.close()
