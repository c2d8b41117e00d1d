"""`AsyncioTransport` passes the contracts; its arguments, and its life on an event loop."""

import asyncio
import inspect
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from asyncio_requests import GOOD, LOOPS, error_of, get, hangs, results_of, until
from spongewatch import InvalidArgument, InvalidType, LocalProtocolError, Request
from spongewatch.transports import AsyncioTransport, AsyncTransport
from spongewatch.transports.http.asyncio_connection import AsyncioConnection
from spongewatch.transports.http.origins import Origin
from spongewatch.transports.testing import AsyncFramingContract, AsyncKeepAliveContract
from spongewatch.transports.testing.contract.under_test import UnderTest
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
)


class TestOnAsyncio(AsyncKeepAliveContract, AsyncFramingContract):
    async def make_transport(self):
        return AsyncioTransport()


@pytest.mark.skipif("uvloop" not in LOOPS, reason="uvloop is not installed")
class TestOnUvloop(TestOnAsyncio):
    @contextmanager
    def _under_test(self):
        with (
            asyncio.Runner(loop_factory=LOOPS["uvloop"]) as runner,
            UnderTest(runner.run(self.make_transport()), runner.run) as under_test,
        ):
            yield under_test


def test_it_has_the_methods_of_an_async_transport():
    for name in ("send", "close"):
        asked = inspect.signature(getattr(AsyncTransport, name)).parameters
        assert {*asked} <= {*inspect.signature(getattr(AsyncioTransport, name)).parameters}


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
        assert run(main) == ["this AsyncioTransport belongs to another event loop; make one for each"] * 2


def test_without_an_event_loop_it_refuses_to_send():
    with pytest.raises(LocalProtocolError, match="^AsyncioTransport needs a running asyncio event loop"):
        AsyncioTransport().start(Request("GET", "http://127.0.0.1:1/"), 1, print)


@pytest.mark.parametrize(
    ("url", "timeout", "error"),
    [
        ("http://127.0.0.1:1/", None, InvalidType),
        ("http://127.0.0.1:1/", float("nan"), InvalidArgument),
        ("ftp://127.0.0.1/", 1, InvalidArgument),
    ],
)
def test_start_checks_its_arguments(run, url, timeout, error):
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
def test_arguments_are_checked(more, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        AsyncioTransport(**more)


def test_without_httptools_the_error_names_the_extra(monkeypatch):
    for name in [*sys.modules]:
        if name.startswith("spongewatch.transports.http.") and hasattr(sys.modules[name], "ResponseParser"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "spongewatch.transports.http.connection_pool")
    monkeypatch.setitem(sys.modules, "httptools", None)
    with pytest.raises(
        LocalProtocolError, match=r"needs httptools; install the extra: pip install \"spongewatch\[fleet\]\"$"
    ):
        AsyncioTransport()


def test_close_aborts_open_requests_and_refuses_waiting_ones(run):
    async def main():
        transport = AsyncioTransport(max_connections=1)
        tasks = [asyncio.create_task(error_of(transport.send(get(server), timeout=30))) for _ in range(2)]
        await until(lambda: server.exchanges)
        await transport.close()
        await transport.close()
        return await asyncio.gather(*tasks, error_of(transport.send(get(server), timeout=30)))

    with HostileServer(hangs) as server:
        closed = "the transport is closed"
        assert run(main) == ["reset: the request was aborted", closed, closed]


def test_close_aborts_a_request_that_is_connecting(run, ca_file):
    async def main():
        transport = AsyncioTransport(ca_file=ca_file)
        results = results_of(transport, Request("GET", f"https://127.0.0.1:{server.port}/"))
        await until(lambda: server.connections)
        await transport.close()
        return str(results[0])

    with HostileServer(lambda talk: talk.hang()) as server:
        assert run(main) == "reset: the request was aborted"


def test_a_closed_transport_refuses_to_send(run):
    async def main():
        transport = AsyncioTransport()
        await transport.close()
        return await error_of(transport.send(Request("GET", "http://127.0.0.1:1/"), timeout=1))

    assert run(main) == "the transport is closed"


def test_an_event_loop_that_ends_during_a_request_leaves_nothing_behind(run, ca_file):
    async def main():
        transport = AsyncioTransport(ca_file=ca_file)
        results = results_of(transport, Request("GET", f"https://127.0.0.1:{server.port}/"))
        await until(lambda: server.connections)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()  # as asyncio.run does at its end
        await until(lambda: results)
        await transport.close()
        return str(results[0])

    with HostileServer(lambda talk: talk.hang()) as server:
        assert run(main) == "reset: the request was aborted"


def test_a_connection_that_opens_after_close_is_aborted():
    aborted = []
    pool = SimpleNamespace(closing=lambda connection: None)
    connection = AsyncioConnection(pool, Origin("http", "127.0.0.1", 80, None))
    connection.close()
    connection.connection_made(SimpleNamespace(abort=lambda: aborted.append(True)))
    assert aborted == [True]
    assert not connection.is_connected
