"""`AsyncioTransport.start` and `before_write`."""

import asyncio

import pytest

from asyncio_requests import GOOD, connected, error_of, get, hangs, post, receive, results_of, timed_out, until
from spongewatch import Request, Response, TransportError
from spongewatch.transports import AsyncioTransport
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    http_response,
    unused_url,
)


@pytest.mark.parametrize("send", [get, post])
def test_before_write_is_called_after_connecting_and_before_the_first_byte(run, send):
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


@pytest.mark.parametrize("error", [ValueError("the lease has expired"), KeyboardInterrupt()])
def test_an_exception_of_before_write_is_raised_and_nothing_is_written(run, error):
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


def test_stop_iteration_in_before_write_is_a_runtime_error(run):
    async def main():
        async with AsyncioTransport() as transport:
            return await error_of(transport.send(get(server), timeout=30, before_write=lambda: next(iter(()))))

    with HostileServer(GOOD) as server:
        assert run(main) == "before_write raised StopIteration"


def test_before_write_can_cancel_its_request(run):
    async def main():
        async with AsyncioTransport() as transport:
            started = []
            started.append(transport.start(get(server), 30, pytest.fail, lambda: started[0].cancel()))
            await until(lambda: not connected(transport))

    with HostileServer(GOOD) as server:
        run(main)
        assert server.exchanges == []


def test_a_connection_is_closed_if_bytes_arrive_and_before_write_raises(run):
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


def test_a_request_without_time_is_not_written(run):
    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(server), timeout=30)
            return [await error_of(transport.send(get(server), timeout=timeout)) for timeout in (0, -1)]

    with HostileServer(GOOD) as server:
        assert run(main) == [timed_out(0), timed_out(-1)]
        assert len(server.exchanges) == 1


def test_done_gets_the_response_or_the_error(run):
    async def main():
        async with AsyncioTransport() as transport:
            results = results_of(transport, get(server), Request("GET", url))
            assert results == []
            await until(lambda: len(results) == 2)
        return {type(result) for result in results}

    with HostileServer(GOOD) as server, unused_url() as url:
        assert run(main) == {Response, TransportError}


def test_done_is_called_after_start_has_returned(run):
    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(server), timeout=30)
            results = results_of(transport, get(server), before_write=lambda: 1 / 0)
            assert results == []
            await until(lambda: results)
            return type(results[0])

    with HostileServer(GOOD) as server:
        assert run(main) is ZeroDivisionError


def test_an_exception_of_done_is_passed_to_the_exception_handler(run):
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


def test_cancel_closes_the_connection_of_a_request(run, ca_file):
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


def test_cancel_does_nothing_after_the_request_has_ended(run):
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


def test_a_response_that_arrives_as_its_task_is_cancelled_is_dropped(run):
    async def main():
        handled = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: handled.append(context))
        async with AsyncioTransport() as transport:
            task = asyncio.create_task(transport.send(get(server), timeout=30))
            await until(lambda: server.exchanges)
            task.cancel()
            (connection,) = connected(transport)
            receive(connection, http_response(b"{}"))
            with pytest.raises(asyncio.CancelledError):
                await task
        return handled

    with HostileServer(hangs) as server:
        assert run(main) == []


def test_a_finished_request_keeps_no_credentials(run):
    async def main():
        async with AsyncioTransport() as transport:
            results = []
            started = transport.start(get(server, authorization="s3cret"), 30, results.append)
            await until(lambda: results)
        return [getattr(started, name, None) for name in ("request", "target", "before_write")]

    with HostileServer(GOOD) as server:
        assert run(main) == [None] * 3
