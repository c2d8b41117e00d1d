"""`AsyncioTransport` over loopback, on the event loops of asyncio and uvloop."""

import asyncio
import inspect
import socket
import ssl
import sys
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import trustme

from leftovers import nothing_left
from spongewatch import InvalidArgument, InvalidType, LocalProtocolError, Request, Response, TransportError
from spongewatch.transports import AsyncioTransport, AsyncTransport
from spongewatch.transports.deadline import Deadline
from spongewatch.transports.http.asyncio_connection import AsyncioConnection
from spongewatch.transports.http.origins import Origin
from spongewatch.transports.testing import AsyncFramingContract, AsyncKeepAliveContract
from spongewatch.transports.testing.contract import _Driven
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    answer,
    echoes,
    gzipped,
    keeps_answering,
    nobody,
    says,
)

try:
    import uvloop
except ImportError:  # it doesn't exist for Windows
    uvloop = None

LOOPS = {"asyncio": asyncio.new_event_loop} | ({"uvloop": uvloop.new_event_loop} if uvloop else {})
AUTHORITY = trustme.CA()
GOOD = keeps_answering(answer(b"{}"))


class TestOnAsyncio(AsyncKeepAliveContract, AsyncFramingContract):
    async def make_transport(self):
        return AsyncioTransport()


@pytest.mark.skipif(uvloop is None, reason="uvloop is not installed")
class TestOnUvloop(TestOnAsyncio):
    @contextmanager
    def _driven(self):
        with (
            asyncio.Runner(loop_factory=LOOPS["uvloop"]) as runner,
            _Driven(runner.run(self.make_transport()), runner.run) as driven,
        ):
            yield driven


@pytest.fixture(params=LOOPS)
def run(request, monkeypatch):
    """Runs a coroutine on a new event loop; without proxies, since loopback is meant."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    new_loop = LOOPS[request.param]

    def run(main):
        with nothing_left(), asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(main())

    run.on_uvloop = request.param == "uvloop"
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(asyncio.sleep(0))  # uvloop opens a pipe that it keeps
    return run


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


def tls(*names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names).configure_cert(context)
    return context


def get(server, target="/events/1126.json", **headers):
    return Request("GET", server.url + target, headers)


def post(server):
    return Request("POST", server.url + "/import", {}, b"[]")


def hangs(talk):
    talk.read_request()
    talk.hang()


def ends_when_told(over):
    def script(talk):
        while talk.read_request() is not None:
            over.wait(30)
            talk.send(answer(b"{}"))

    return script


async def until(holds):
    while not holds():
        await asyncio.sleep(0.001)


async def error_of(awaitable):
    try:
        return await awaitable
    except Exception as error:
        return str(error)


def outcomes(transport, *requests, timeout=30.0, **more):
    """Start the requests; their results, in the order in which they come."""
    results = []
    for request in requests:
        transport.start(request, timeout, results.append, **more)
    return results


def test_it_is_a_transport():
    for name in ("send", "close"):
        asked = inspect.signature(getattr(AsyncTransport, name)).parameters
        assert {*asked} <= {*inspect.signature(getattr(AsyncioTransport, name)).parameters}


# Connections.


def test_requests_share_a_connection(run):
    async def main():
        async with AsyncioTransport() as transport:
            return [(await transport.send(get(server), timeout=30)).status for _ in range(20)]

    replies = answer(b"{}"), gzipped(b"{}"), answer(status="404 Not Found"), answer(status="503 Busy")
    with HostileServer(keeps_answering(*replies)) as server:
        assert run(main) == [200, 200, 404] + [503] * 17
        assert server.connections == 1


def test_a_connection_that_the_server_closes_while_it_is_idle_is_replaced(run):
    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(server), timeout=30)
            await until(lambda: not connected(transport))
            return (await transport.send(get(server), timeout=30)).body

    with HostileServer(says(answer(b"1")), says(answer(b"2"))) as server:
        assert run(main) == b"2"


def test_a_connection_with_unasked_bytes_is_closed_at_once(run):
    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(server), timeout=30)
            await until(lambda: not connected(transport))

    def unasked(talk):
        talk.wait(0.05)
        talk.send(b"x")
        talk.hang()

    with HostileServer(says(answer(b"1"), unasked)) as server:
        run(main)


def connected(transport):
    return transport._pool._open


def test_at_most_max_connections_are_open(run):
    async def main():
        async with AsyncioTransport(max_connections=3) as transport:
            return await asyncio.gather(*(transport.send(get(server), timeout=30) for _ in range(30)))

    with HostileServer(keeps_answering(answer(b"{}"), pause=0.002)) as server:
        assert [response.body for response in run(main)] == [b"{}"] * 30
        assert server.connections == 3


def test_requests_wait_in_order_of_arrival(run):
    async def main():
        async with AsyncioTransport(max_connections=1) as transport:
            numbered = [get(server, f"/{number}") for number in range(5)]
            results = outcomes(transport, *numbered)
            await until(lambda: len(results) == 5)
        return [exchange.head[0].split()[1] for exchange in server.exchanges]

    with HostileServer(echoes) as server:
        assert run(main) == ["/0", "/1", "/2", "/3", "/4"]
        assert server.connections == 1


def test_a_request_waits_within_its_timeout(run):
    async def main():
        async with AsyncioTransport(max_connections=1) as transport:
            outcomes(transport, get(server))
            return await error_of(transport.send(get(server), timeout=0.05))

    with HostileServer(hangs) as server:
        assert run(main) == "timeout: all connections were in use by other requests"
        assert len(server.exchanges) <= 1


def test_a_request_that_waits_can_be_cancelled(run):
    over = threading.Event()

    async def main():
        async with AsyncioTransport(max_connections=1) as transport:
            first = outcomes(transport, get(server, "/1"))
            transport.start(get(server, "/2"), 30, pytest.fail).cancel()
            last = outcomes(transport, get(server, "/3"))
            over.set()
            await until(lambda: first and last)
        return [exchange.head[0].split()[1] for exchange in server.exchanges]

    with HostileServer(ends_when_told(over)) as server:
        assert run(main) == ["/1", "/3"]


def test_an_idle_connection_to_another_host_makes_room(run):
    async def main():
        async with AsyncioTransport(max_connections=2) as transport:
            for server in (one, two, three, three):
                await transport.send(get(server), timeout=30)
            return len(connected(transport))

    with HostileServer(GOOD) as one, HostileServer(GOOD) as two, HostileServer(GOOD) as three:
        assert run(main) == 2
        assert three.connections == 1


def test_a_post_uses_a_new_connection_and_makes_room_for_it(run):
    async def main():
        async with AsyncioTransport(max_connections=1) as transport:
            for request in (get(server), post(server), post(server), get(server)):
                await transport.send(request, timeout=30)

    with HostileServer(GOOD) as server:
        run(main)
        assert server.connections == 3
        assert [exchange.body for exchange in server.exchanges] == [b"", b"[]", b"[]", b""]


def test_a_connection_on_which_the_request_was_not_read_is_not_used_again(run):
    async def main():
        async with AsyncioTransport() as transport:
            large = Request("POST", server.url, {}, bytes(30_000_000))
            statuses = [(await transport.send(request, timeout=30)).status for request in (large, get(server))]
        over.set()
        return statuses

    def refuses_to_read(talk):
        talk.sock.recv(1)
        talk.send(answer(status="413 Content Too Large"))
        over.wait(30)

    over = threading.Event()
    with HostileServer(refuses_to_read, GOOD) as server:
        assert run(main) == [413, 200]
        assert server.connections == 2


def test_idle_connections_to_many_hosts_are_not_all_kept(run, monkeypatch):
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

    with HostileServer(says(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", lambda talk: talk.hang())) as server:
        assert run(main) == ["99", "99"]
        assert server.connections == 2


def test_the_clock_decides_how_long_a_connection_is_idle(run):
    clock = SimpleNamespace(now=1_000.0)

    async def main():
        async with AsyncioTransport(clock=lambda: clock.now) as transport:
            for pause in (0.0, 3.9, 4.0):
                clock.now += pause
                await transport.send(get(server), timeout=30)

    with HostileServer(keeps_answering(answer(b"{}", headers={"keep-alive": "timeout=5"}))) as server:
        run(main)
        assert server.connections == 2


# TLS.


def test_a_private_authority_can_be_trusted(run, ca_file):
    async def main(**more):
        async with AsyncioTransport(**more) as transport:
            return [(await transport.send(get(server), timeout=30)).body for _ in range(3)]

    with HostileServer(GOOD, tls=tls("127.0.0.1")) as server:
        assert run(lambda: main(ca_file=ca_file)) == [b"{}"] * 3
        assert server.connections == 1
        assert run(lambda: main(ssl_context=ssl.create_default_context(cafile=ca_file))) == [b"{}"] * 3


@pytest.mark.parametrize("name", ["127.0.0.2", "elsewhere.example"])
def test_a_certificate_for_another_name_is_a_permanent_error(run, ca_file, name):
    async def main():
        async with AsyncioTransport(ca_file=ca_file) as transport:
            with pytest.raises(
                TransportError, match="^tls: the certificate of the service is for another name"
            ) as caught:
                await transport.send(get(server), timeout=30)
        return caught.value.permanent

    with HostileServer(GOOD, tls=tls(name)) as server:
        assert run(main)
        assert server.exchanges == []


def test_the_certificates_of_the_system_are_loaded_once(run, monkeypatch, ca_file):
    loaded = []
    make = ssl.create_default_context

    def create(**more):
        loaded.append(more)
        return make(**more)

    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(plain), timeout=30)
            assert loaded == []
            first = asyncio.create_task(transport.send(get(server), timeout=30))
            await asyncio.sleep(0)
            first.cancel()  # which must not cancel the loading for the others
            return await asyncio.gather(*(transport.send(get(server), timeout=30) for _ in range(3)))

    monkeypatch.setattr(ssl, "create_default_context", create)
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    with HostileServer(GOOD) as plain, HostileServer(GOOD, tls=tls("127.0.0.1")) as server:
        assert [response.status for response in run(main)] == [200] * 3
    assert loaded == [{"cafile": None}]


def test_a_handshake_that_hangs_ends_at_the_timeout(run, ca_file):
    async def main():
        async with AsyncioTransport(ca_file=ca_file) as transport:
            return await error_of(transport.send(Request("GET", f"https://127.0.0.1:{server.port}/"), timeout=0.1))

    with HostileServer(lambda talk: talk.hang()) as server:
        assert run(main) == f"timeout: {expired(0.1)}"


def expired(seconds):
    return Deadline(seconds).expired().detail


# The way to the server.


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_a_host_name_that_no_lookup_takes_is_unknown(run, host):
    async def main():
        async with AsyncioTransport(trust_env=False) as transport:
            return await error_of(transport.send(Request("GET", f"http://{host}/"), timeout=30))

    assert run(main).startswith("dns: ")


def test_an_address_that_can_not_be_reached_is_refused_with_the_reason(run):
    async def main():
        async with AsyncioTransport(trust_env=False) as transport:
            return await error_of(transport.send(Request("GET", "http://255.255.255.255/"), timeout=30))

    assert run(main).startswith("refused: no connection: ")


def test_an_address_that_does_not_listen_leaves_time_to_the_next(run, monkeypatch):
    async def main():
        async with AsyncioTransport(trust_env=False) as transport:
            return (await transport.send(Request("GET", f"http://api.example:{server.port}/"), timeout=30)).body

    with HostileServer(GOOD) as server:

        async def two(loop, host, port):
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", each)) for each in (1, port)]

        monkeypatch.setattr("spongewatch.transports.http.connecting._addresses", two)
        assert run(main) == b"{}"


def url_of(proxy):
    return f"http://user:s3cret@127.0.0.1:{proxy.port}"


def test_a_proxy_is_asked_for_the_whole_url(run):
    async def main():
        async with AsyncioTransport(proxy=url_of(proxy)) as transport:
            return (await transport.send(Request("GET", "http://api.example/events?echo=a"), timeout=30)).body

    with HostileServer(GOOD) as proxy:
        assert run(main) == b"{}"
        assert proxy.exchanges[0].head[0] == "GET http://api.example/events?echo=a HTTP/1.1"
        assert "proxy-authorization: Basic dXNlcjpzM2NyZXQ=" in proxy.exchanges[0].head


def test_a_tunnel_carries_tls(run, ca_file):
    async def main():
        async with AsyncioTransport(proxy=url_of(proxy), ca_file=ca_file) as transport:
            return [(await transport.send(Request("GET", "https://api.example/a"), timeout=30)).body for _ in range(2)]

    def pass_on(talk):
        talk.read_request()
        talk.send(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 Conn")
        talk.wait(0.02)
        talk.send(b"ection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", server.port)) as far:
            back = threading.Thread(target=pump, args=(far, talk.sock))
            back.start()
            pump(talk.sock, far)
            back.join()

    def pump(source, sink):
        try:
            while piece := source.recv(65_536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    with HostileServer(GOOD, tls=tls("api.example")) as server, HostileServer(pass_on) as proxy:
        assert run(main) == [b"{}", b"{}"]
        assert [exchange.head[:3] for exchange in proxy.exchanges] == [
            ["CONNECT api.example:443 HTTP/1.1", "host: api.example:443", "proxy-authorization: Basic dXNlcjpzM2NyZXQ="]
        ]
        assert server.exchanges[0].head[:2] == ["GET /a HTTP/1.1", "host: api.example"]


@pytest.mark.parametrize(
    ("response", "said", "permanent"),
    [
        (answer(status="407 Who are you"), "refused: the proxy: .*407", True),
        (answer(status="502 Bad Gateway"), "refused: the proxy: .*502", False),
        (b"", "reset: the proxy: ", False),
        (b"nonsense\r\n\r\n", "protocol: the proxy: ", False),
    ],
)
def test_a_proxy_that_opens_no_tunnel_is_an_error(run, response, said, permanent):
    async def main():
        async with AsyncioTransport(proxy=url_of(proxy)) as transport:
            with pytest.raises(TransportError, match=f"^{said}") as caught:
                await transport.send(Request("GET", "https://api.example/"), timeout=30)
        return caught.value.permanent

    with HostileServer(says(response)) as proxy:
        assert run(main) is permanent


def test_a_proxy_that_does_not_listen_is_named(run):
    async def main(url):
        async with AsyncioTransport(proxy=url) as transport:
            return await error_of(transport.send(Request("GET", "http://api.example/"), timeout=30))

    with nobody() as url:
        assert run(lambda: main(url)).startswith("refused: the proxy: ")


# Before a request is written.


@pytest.mark.parametrize("send", [get, post])
def test_before_write_is_called_when_connected_and_before_the_first_byte(run, send):
    async def main():
        async with AsyncioTransport() as transport:
            for _ in range(2):
                await transport.send(send(server), timeout=30, before_write=check)

    def check():
        seen.append((server.connections, len(server.exchanges)))

    seen = []
    with HostileServer(GOOD) as server:
        run(main)
        assert [requests for _, requests in seen] == [0, 1]


@pytest.mark.parametrize("error", [ValueError("the lease is over"), KeyboardInterrupt()])
def test_what_before_write_raises_is_raised_and_nothing_is_written(run, error):
    async def main():
        async with AsyncioTransport() as transport:
            for _ in range(2):  # on a new connection, and on one that is open
                task = asyncio.ensure_future(transport.send(get(server), timeout=30, before_write=raises))
                with pytest.raises(type(error)):
                    await task
            return (await transport.send(get(server), timeout=30)).body

    def raises():
        raise error

    with HostileServer(GOOD) as server:
        if isinstance(error, KeyboardInterrupt):
            with pytest.raises(KeyboardInterrupt):
                run(main)
        else:
            assert run(main) == b"{}"
            assert (server.connections, len(server.exchanges)) == (1, 1)


def test_a_stop_iteration_of_before_write_does_not_hang(run):
    async def main():
        async with AsyncioTransport() as transport:
            return await error_of(transport.send(get(server), timeout=30, before_write=lambda: next(iter(()))))

    with HostileServer(GOOD) as server:
        assert run(main) == "before_write raised StopIteration"


def test_before_write_may_cancel_its_request(run):
    async def main():
        async with AsyncioTransport() as transport:
            started = []
            started.append(transport.start(get(server), 30, pytest.fail, lambda: started[0].cancel()))
            await until(lambda: not connected(transport))

    with HostileServer(GOOD) as server:
        run(main)
        assert server.exchanges == []


def test_a_connection_on_which_the_server_spoke_first_is_not_kept_if_nothing_is_written(run):
    async def main():
        async with AsyncioTransport() as transport:

            def raises():
                (connection,) = connected(transport)
                receive(connection, b"HTTP")
                raise ValueError("too late")

            error = await error_of(transport.send(get(server), timeout=30, before_write=raises))
            return error, len(connected(transport))

    with HostileServer(lambda talk: talk.hang()) as server:
        assert run(main) == ("too late", 0)


def receive(connection, data):
    """Let a connection receive `data` now, as the event loop would do."""
    connection.get_buffer(-1)[: len(data)] = data
    connection.buffer_updated(len(data))


def test_a_request_without_time_is_not_written(run):
    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(server), timeout=30)
            return [await error_of(transport.send(get(server), timeout=timeout)) for timeout in (0, -1)]

    with HostileServer(GOOD) as server:
        assert run(main) == [f"timeout: {expired(0)}", f"timeout: {expired(-1)}"]
        assert len(server.exchanges) == 1


# The callback form.


def test_done_gets_the_response_or_the_error(run):
    async def main():
        async with AsyncioTransport() as transport:
            results = outcomes(transport, get(server), Request("GET", url))
            assert results == []
            await until(lambda: len(results) == 2)
        return {type(result) for result in results}

    with HostileServer(GOOD) as server, nobody() as url:
        assert run(main) == {Response, TransportError}


def test_done_is_called_after_start_has_returned(run):
    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(server), timeout=30)
            results = outcomes(transport, get(server), before_write=lambda: 1 / 0)
            assert results == []
            await until(lambda: results)
            return type(results[0])

    with HostileServer(GOOD) as server:
        assert run(main) is ZeroDivisionError


def test_an_exception_of_done_goes_to_the_handler_of_the_event_loop(run):
    async def main():
        handled = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: handled.append(context))
        async with AsyncioTransport() as transport:
            transport.start(get(server), 30, lambda result: 1 / 0)
            await until(lambda: handled)
            status = (await transport.send(get(server), timeout=30)).status
        return status, type(handled[0]["exception"]), handled[0]["message"]

    with HostileServer(GOOD) as server:
        message = "Exception in the done callback of AsyncioTransport.start"
        assert run(main) == (200, ZeroDivisionError, message)
        assert server.connections == 1


def test_an_interrupt_in_done_ends_the_loop(run):
    if run.on_uvloop:
        pytest.skip("uvloop reports it, and goes on")

    async def main():
        transport = AsyncioTransport()
        try:
            transport.start(get(server), 30, interrupted)
            await asyncio.sleep(30)
        finally:
            await transport.close()

    def interrupted(result):
        raise KeyboardInterrupt

    with HostileServer(GOOD) as server, pytest.raises(KeyboardInterrupt):
        run(main)


def test_a_request_is_cancelled_while_it_connects_and_while_it_waits_for_its_response(run, ca_file):
    async def main():
        async with AsyncioTransport(ca_file=ca_file) as transport:
            url = f"https://127.0.0.1:{silent.port}/"
            starts = [transport.start(each, 30, pytest.fail) for each in (Request("GET", url), get(server))]
            await until(lambda: silent.connections and server.exchanges)
            for started in starts:
                started.cancel()
                started.cancel()
            assert not connected(transport)

    with HostileServer(lambda talk: talk.hang()) as silent, HostileServer(hangs) as server:
        run(main)


def test_a_cancel_after_the_end_does_nothing(run):
    async def main():
        async with AsyncioTransport() as transport:
            results = []
            started = transport.start(get(server), 30, results.append)
            await until(lambda: results)
            started.cancel()
            await transport.send(get(server), timeout=30)

    with HostileServer(GOOD) as server:
        run(main)
        assert server.connections == 1


def test_a_response_that_comes_as_its_task_is_cancelled_is_dropped(run):
    async def main():
        handled = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: handled.append(context))
        async with AsyncioTransport() as transport:
            task = asyncio.create_task(transport.send(get(server), timeout=30))
            await until(lambda: server.exchanges)
            task.cancel()
            (connection,) = connected(transport)
            receive(connection, answer(b"{}"))
            with pytest.raises(asyncio.CancelledError):
                await task
        return handled

    with HostileServer(hangs) as server:
        assert run(main) == []


def test_the_object_of_a_request_keeps_no_credentials_after_the_end(run):
    async def main():
        async with AsyncioTransport() as transport:
            results = []
            started = transport.start(get(server, authorization="s3cret"), 30, results.append)
            await until(lambda: results)
        return [getattr(started, name, None) for name in ("request", "target", "before_write")]

    with HostileServer(GOOD) as server:
        assert run(main) == [None] * 3


# The end.


def test_closing_ends_open_requests_and_those_that_wait(run):
    async def main():
        transport = AsyncioTransport(max_connections=1)
        tasks = [asyncio.create_task(error_of(transport.send(get(server), timeout=30))) for _ in range(2)]
        await until(lambda: server.exchanges)
        await transport.close()
        await transport.close()
        return await asyncio.gather(*tasks, error_of(transport.send(get(server), timeout=30)))

    with HostileServer(hangs) as server:
        closed = "the transport is closed"
        assert run(main) == ["reset: the request was cut off", closed, closed]


def test_closing_ends_a_request_that_connects(run, ca_file):
    async def main():
        transport = AsyncioTransport(ca_file=ca_file)
        results = outcomes(transport, Request("GET", f"https://127.0.0.1:{server.port}/"))
        await until(lambda: server.connections)
        await transport.close()
        return str(results[0])

    with HostileServer(lambda talk: talk.hang()) as server:
        assert run(main) == "reset: the request was cut off"


def test_closing_before_any_request_is_fine(run):
    async def main():
        transport = AsyncioTransport()
        await transport.close()
        return await error_of(transport.send(Request("GET", "http://127.0.0.1:1/"), timeout=1))

    assert run(main) == "the transport is closed"


def test_an_event_loop_that_ends_amid_requests_leaves_nothing(run, ca_file):
    async def main():
        transport = AsyncioTransport(ca_file=ca_file)
        results = outcomes(transport, Request("GET", f"https://127.0.0.1:{server.port}/"))
        await until(lambda: server.connections)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()  # as asyncio.run does at its end
        await until(lambda: results)
        await transport.close()
        return str(results[0])

    with HostileServer(lambda talk: talk.hang()) as server:
        assert run(main) == "reset: the request was cut off"


def test_a_connection_that_opens_after_it_was_closed_is_aborted():
    aborted = []
    pool = SimpleNamespace(closing=lambda connection: None)
    connection = AsyncioConnection(pool, Origin("http", "127.0.0.1", 80, None))
    connection.close()
    connection.connection_made(SimpleNamespace(abort=lambda: aborted.append(True)))
    assert aborted == [True]
    assert not connection.is_connected


# Misuse.


def test_a_transport_belongs_to_one_event_loop(run):
    async def main():
        await transport.send(get(server), timeout=30)
        other = asyncio.new_event_loop()
        try:
            errors = await asyncio.to_thread(
                lambda: [
                    other.run_until_complete(error_of(transport.send(get(server), timeout=30))),
                    other.run_until_complete(error_of(transport.close())),
                ]
            )
        finally:
            other.close()
            await transport.close()
        return errors

    transport = AsyncioTransport()
    with HostileServer(GOOD) as server:
        assert run(main) == ["an AsyncioTransport belongs to one event loop; make another one here"] * 2


def test_without_an_event_loop_nothing_is_sent():
    with pytest.raises(LocalProtocolError, match="^AsyncioTransport needs a running event loop of asyncio"):
        AsyncioTransport().start(Request("GET", "http://127.0.0.1:1/"), 1, print)


@pytest.mark.parametrize(
    ("url", "timeout", "error"),
    [
        ("http://127.0.0.1:1/", None, InvalidType),
        ("http://127.0.0.1:1/", float("nan"), InvalidArgument),
        ("ftp://127.0.0.1/", 1, LocalProtocolError),
    ],
)
def test_an_argument_that_can_not_be_used_is_refused_at_once(run, url, timeout, error):
    async def main():
        async with AsyncioTransport() as transport:
            with pytest.raises(error):
                transport.start(Request("GET", url), timeout, pytest.fail)
            with pytest.raises(InvalidArgument, match="header name"):
                transport.start(Request("GET", "http://127.0.0.1:1/", {"a b": ""}), 1, pytest.fail)

    run(main)


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"max_connections": 0}, InvalidArgument, "max_connections must be at least 1, not 0"),
        ({"max_connections": True}, InvalidType, "max_connections must be an int, not bool"),
        ({"max_connections": "9"}, InvalidType, "max_connections must be an int, not str"),
        ({"proxy": 5}, InvalidType, "proxy must be a str, not int"),
        ({"ssl_context": "x"}, InvalidType, "ssl_context must be an ssl.SSLContext, not str"),
    ],
)
def test_a_configuration_that_can_not_be_used_is_refused(more, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        AsyncioTransport(**more)


def test_without_httptools_the_extra_is_named(monkeypatch):
    for name in [*sys.modules]:
        if name.startswith("spongewatch.transports.http.") and hasattr(sys.modules[name], "ResponseParser"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "spongewatch.transports.http.connection_pool")
    monkeypatch.setitem(sys.modules, "httptools", None)
    with pytest.raises(LocalProtocolError, match=r"needs httptools: pip install 'spongewatch\[fleet\]'$"):
        AsyncioTransport()
