"""The connections of `AsyncioTransport`: how many, and how long each is reused."""

import asyncio
import socket
import threading
from types import SimpleNamespace

import pytest

from asyncio_requests import GOOD, connected, error_of, get, hangs, post, results_of, until
from spongewatch import Request
from spongewatch.transports import AsyncioTransport
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    echoes,
    gzip_response,
    http_response,
    responds,
    sends,
)


def responds_after(event):
    def script(talk):
        while talk.read_request() is not None:
            event.wait(30)
            talk.send(http_response(b"{}"))

    return script


def test_requests_share_a_connection(run):
    async def main():
        async with AsyncioTransport() as transport:
            return [(await transport.send(get(server), timeout=30)).status for _ in range(20)]

    replies = (
        http_response(b"{}"),
        gzip_response(b"{}"),
        http_response(status="404 Not Found"),
        http_response(status="503 Busy"),
    )
    with HostileServer(responds(*replies)) as server:
        assert run(main) == [200, 200, 404] + [503] * 17
        assert server.connections == 1


def test_an_idle_connection_that_the_server_closed_is_replaced(run):
    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(server), timeout=30)
            await until(lambda: not connected(transport))
            return (await transport.send(get(server), timeout=30)).body

    with HostileServer(sends(http_response(b"1")), sends(http_response(b"2"))) as server:
        assert run(main) == b"2"


def test_an_idle_connection_is_closed_if_bytes_arrive(run):
    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(server), timeout=30)
            await until(lambda: not connected(transport))

    def unexpected(talk):
        talk.wait(0.05)
        talk.send(b"x")
        talk.hang()

    with HostileServer(sends(http_response(b"1"), unexpected)) as server:
        run(main)


def test_at_most_max_connections_are_open(run):
    async def main():
        async with AsyncioTransport(max_connections=3) as transport:
            return await asyncio.gather(*(transport.send(get(server), timeout=30) for _ in range(30)))

    with HostileServer(responds(http_response(b"{}"), pause=0.002)) as server:
        assert [response.body for response in run(main)] == [b"{}"] * 30
        assert server.connections == 3


def test_requests_wait_in_order_of_arrival(run):
    async def main():
        async with AsyncioTransport(max_connections=1) as transport:
            numbered = [get(server, f"/{number}") for number in range(5)]
            results = results_of(transport, *numbered)
            await until(lambda: len(results) == 5)
        return [exchange.head[0].split()[1] for exchange in server.exchanges]

    with HostileServer(echoes) as server:
        assert run(main) == ["/0", "/1", "/2", "/3", "/4"]
        assert server.connections == 1


def test_a_request_without_a_free_connection_times_out(run):
    async def main():
        async with AsyncioTransport(max_connections=1) as transport:
            results_of(transport, get(server))
            return await error_of(transport.send(get(server), timeout=0.05))

    with HostileServer(hangs) as server:
        assert run(main) == "timeout: all connections were in use by other requests"
        assert len(server.exchanges) <= 1


def test_a_waiting_request_can_be_cancelled(run):
    over = threading.Event()

    async def main():
        async with AsyncioTransport(max_connections=1) as transport:
            first = results_of(transport, get(server, "/1"))
            transport.start(get(server, "/2"), 30, pytest.fail).cancel()
            last = results_of(transport, get(server, "/3"))
            over.set()
            await until(lambda: first and last)
        return [exchange.head[0].split()[1] for exchange in server.exchanges]

    with HostileServer(responds_after(over)) as server:
        assert run(main) == ["/1", "/3"]


def test_an_idle_connection_to_another_host_is_closed_to_make_room(run):
    async def main():
        async with AsyncioTransport(max_connections=2) as transport:
            for server in (one, two, three, three):
                await transport.send(get(server), timeout=30)
            return len(connected(transport))

    with HostileServer(GOOD) as one, HostileServer(GOOD) as two, HostileServer(GOOD) as three:
        assert run(main) == 2
        assert three.connections == 1


def test_a_post_uses_a_new_connection_in_place_of_an_idle_one(run):
    async def main():
        async with AsyncioTransport(max_connections=1) as transport:
            for request in (get(server), post(server), post(server), get(server)):
                await transport.send(request, timeout=30)

    with HostileServer(GOOD) as server:
        run(main)
        assert server.connections == 3
        assert [exchange.body for exchange in server.exchanges] == [b"", b"[]", b"[]", b""]


def test_a_connection_is_not_reused_if_the_server_did_not_read_the_request(run):
    async def main():
        async with AsyncioTransport() as transport:
            large = Request("POST", server.url, {}, bytes(30_000_000))
            statuses = [(await transport.send(request, timeout=30)).status for request in (large, get(server))]
        over.set()
        return statuses

    def refuses_to_read(talk):
        talk.sock.recv(1)
        talk.send(http_response(status="413 Content Too Large"))
        over.wait(30)

    over = threading.Event()
    with HostileServer(refuses_to_read, GOOD) as server:
        assert run(main) == [413, 200]
        assert server.connections == 2


def test_connections_to_only_64_origins_are_kept(run, monkeypatch):
    looked_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: looked_up("127.0.0.1", *more, **named))
    if run.on_uvloop:
        pytest.skip("uvloop doesn't call socket.getaddrinfo")

    async def main():
        async with AsyncioTransport(trust_env=False) as transport:
            for number in range(70):
                url = f"http://host-{number}.example:{server.port}/"
                await transport.send(Request("GET", url), timeout=30)
            return len(connected(transport))

    with HostileServer(GOOD) as server:
        assert run(main) == 64


def test_a_response_to_head_has_no_body(run):
    async def main():
        async with AsyncioTransport() as transport:
            requests = [Request("HEAD", server.url), Request("HEAD", server.url)]
            return [(await transport.send(request, timeout=30)).headers["content-length"] for request in requests]

    with HostileServer(sends(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", lambda talk: talk.hang())) as server:
        assert run(main) == ["99", "99"]
        assert server.connections == 2


def test_idle_times_are_measured_on_the_given_clock(run):
    clock = SimpleNamespace(now=1_000.0)

    async def main():
        async with AsyncioTransport(clock=lambda: clock.now) as transport:
            for pause in (0.0, 3.9, 4.0):
                clock.now += pause
                await transport.send(get(server), timeout=30)

    with HostileServer(responds(http_response(b"{}", headers={"keep-alive": "timeout=5"}))) as server:
        run(main)
        assert server.connections == 2
