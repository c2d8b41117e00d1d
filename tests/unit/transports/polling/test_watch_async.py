"""`watch_async` emits the same as `watch`; observers and transports may be async."""

import asyncio
import threading

import pytest

from event_rows import triggers
from scripted_service import (
    BUSY,
    COMPLETE,
    CREDENTIALS,
    GATHERING,
    RESET,
    WAITING,
    AsyncService,
    Service,
    collect,
    lines,
    new_session,
)
from spongewatch import Completed, Ended, LocalProtocolError, Response
from spongewatch.transports import TraceWriter, VirtualClock, watch, watch_async

SCRIPTS = {
    "completes": [WAITING, GATHERING, COMPLETE],
    "fails and completes": [WAITING, BUSY, RESET, WAITING, Response(200, {}, b"<html>"), COMPLETE],
    "rejected": [WAITING, Response(401)],
    "times out": [WAITING],
    "loses contact": [RESET],
}


@pytest.mark.parametrize("kind", [Service, AsyncService])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_watch_async_emits_records_and_polls_exactly_like_watch(tmp_path, script, kind):
    received, received_async = [], []
    with TraceWriter(tmp_path / "sync.jsonl", CREDENTIALS) as record:
        clock = VirtualClock()
        service = Service(clock, *script)
        items = [*watch(new_session(), service, clock=clock, record=record, observers=[received.append])]

    async def main():
        clock = VirtualClock()
        transport = kind(clock, *script)
        watching = watch_async(new_session(), transport, clock=clock, record=record, observers=[received_async.append])
        return await collect(watching), transport

    with TraceWriter(tmp_path / "async.jsonl", CREDENTIALS) as record:
        items_async, transport = asyncio.run(main())
    assert lines(items_async) == lines(received_async) == lines(items) == lines(received)
    polled = getattr(transport, "service", transport)
    assert (polled.sent, polled.closed) == (service.sent, False)
    for left, timeout in zip(polled.timeouts, service.timeouts, strict=True):  # waiting for the thread takes time
        assert timeout - 9 < left <= timeout
    assert (tmp_path / "async.jsonl").read_bytes() == (tmp_path / "sync.jsonl").read_bytes()


def test_run_returns_the_outcome():
    async def main():
        clock = VirtualClock()
        watching = watch_async(new_session(), AsyncService(clock, WAITING, COMPLETE), clock=clock)
        assert aiter(watching) is watching
        return await watching.run(), await watching.run()

    assert asyncio.run(main()) == (Completed(7), Completed(7))


def test_a_session_that_has_ended_is_not_polled_again():
    async def main():
        clock = VirtualClock()
        session = new_session()
        service = AsyncService(clock, COMPLETE)
        await watch_async(session, service, clock=clock).run()
        assert await collect(watch_async(session, service, clock=clock)) == []
        return len(service.service.sent)

    assert asyncio.run(main()) == 1


def test_async_observers_are_awaited_before_the_item_is_yielded():
    async def main():
        clock, order = VirtualClock(), []

        async def observer(item):
            await asyncio.sleep(0.001)
            order.append(("observed", clock.now()))

        watching = watch_async(new_session(), AsyncService(clock, COMPLETE), clock=clock, observers=[observer])
        while not isinstance(item := await anext(watching), Ended):
            order.append(("yielded", item.at))
        return order

    assert asyncio.run(main()) == [("observed", 0.25), ("yielded", 0.25)] * 3 + [("observed", 0.25)]


def test_errors_of_observers_are_raised_once_at_the_end():
    async def fail(item):
        raise ValueError("a")

    async def main():
        clock = VirtualClock()
        watching = watch_async(new_session(), AsyncService(clock, COMPLETE), clock=clock, observers=[fail])
        items = [await anext(watching) for _ in range(4)]
        assert isinstance(items[-1], Ended)
        with pytest.raises(ExceptionGroup, match="observers failed"):
            await anext(watching)
        return triggers(items), await collect(watching)

    assert asyncio.run(main()) == (["initialize", "gather", "complete"], [])


def test_only_one_task_can_await_the_next_item():
    async def main():
        clock = VirtualClock()
        service = AsyncService(clock, WAITING, hanging=[1])
        watching = watch_async(new_session(), service, clock=clock)
        task = asyncio.create_task(watching.run())
        await service.hangs.wait()
        with pytest.raises(LocalProtocolError, match="another task is already awaiting the next item of this watch"):
            await anext(watching)
        assert service.aborted == 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_a_blocking_transport_sends_in_a_thread_that_ends_with_the_watch():
    async def main():
        clock = VirtualClock()
        service = Service(clock, WAITING, GATHERING, COMPLETE)
        await watch_async(new_session(), service, clock=clock).run()
        return service

    service = asyncio.run(main())
    (thread,) = service.threads
    assert thread is not threading.main_thread()
    thread.join(30)
    assert not thread.is_alive()
    assert not service.closed
