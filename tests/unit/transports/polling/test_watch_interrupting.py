"""Exceptions that interrupt a watch: Ctrl-C, broken transports, cancelled tasks."""

import asyncio
import json

import pytest

from event_rows import triggers
from scripted_service import (
    COMPLETE,
    CREDENTIALS,
    WAITING,
    AsyncService,
    Service,
    collect,
    lines,
    new_session,
)
from spongewatch import Completed, Ended, ImportSession, LocalProtocolError, PollFailed, Response
from spongewatch.transports import TraceWriter, VirtualClock, replay, watch, watch_async
from spongewatch.transports.testing import HandlerTransport


class Interrupted(Service):
    """A service whose second request raises `error`."""

    def __init__(self, *arguments, error):
        super().__init__(*arguments)
        self.error = error

    def send(self, request, *, timeout):
        if len(self.sent) == 1 and self.error:
            error, self.error = self.error, None
            raise error
        return super().send(request, timeout=timeout)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupted_poll_fails_and_the_watch_and_its_trace_continue(tmp_path, error):
    clock = VirtualClock()
    service = Interrupted(clock, WAITING, COMPLETE, error=error)
    with TraceWriter(tmp_path / "trace.jsonl", CREDENTIALS) as record:
        watching = watch(new_session(), service, clock=clock, record=record)
        items = [next(watching)]
        with pytest.raises(error):
            next(watching)
        (failed,) = watching.pending
        items += watching
    assert triggers(items) == ["start", "initialize", "gather", "complete"]
    assert (failed.reason, failed.at) == (f"reset: the request was aborted: {error.__name__}", 1.25)
    assert service.sent[1] == failed.retry_at >= 2.25
    assert items[1] == failed
    assert lines(replay(tmp_path / "trace.jsonl")) == lines(items)


def test_a_stop_iteration_of_a_transport_does_not_end_the_watch_silently():
    clock = VirtualClock()
    watching = watch(new_session(), Interrupted(clock, WAITING, COMPLETE, error=StopIteration), clock=clock)
    with pytest.raises(RuntimeError, match="the transport raised StopIteration"):
        list(watching)
    assert triggers(watching) == ["initialize", "gather", "complete"]


def test_an_interrupted_sleep_continues():
    class Clock(VirtualClock):
        def sleep(self, seconds):
            super().sleep(seconds / 2)
            if interrupts:
                raise interrupts.pop()

    clock, interrupts, bodies = Clock(), [KeyboardInterrupt], [WAITING, COMPLETE]
    watching = watch(new_session(), HandlerTransport(lambda request: Response(200, {}, bodies.pop(0))), clock=clock)
    assert next(watching).trigger == "start"
    with pytest.raises(KeyboardInterrupt):
        next(watching)
    assert watching.pending == ()
    assert watching.run() == Completed(7)


def test_an_item_whose_delivery_was_interrupted_is_delivered_again():
    received = []

    def interrupted(item):
        received.append(item)
        if len(received) == 2:
            raise KeyboardInterrupt

    clock = VirtualClock()
    watching = watch(new_session(), Service(clock, COMPLETE), clock=clock, observers=[interrupted])
    items = [next(watching)]
    with pytest.raises(KeyboardInterrupt):
        next(watching)
    assert triggers(watching.pending) == ["gather", "complete"]
    items += watching
    assert triggers(items) == ["initialize", "gather", "complete"]
    assert received == [*items[:2], *items[1:]]
    assert watching.pending == ()


@pytest.mark.parametrize("returned", [None, {"status": 200}])
def test_a_transport_that_returns_no_response_is_an_error_and_the_poll_fails(returned):
    script = [returned, Response(200, {}, COMPLETE)]
    watching = watch(new_session(), HandlerTransport(lambda request: script.pop(0)), clock=VirtualClock())
    with pytest.raises(LocalProtocolError, match="must return a Response, not"):
        watching.run()
    (failed,) = watching.pending
    assert failed.reason == "reset: the request was aborted: LocalProtocolError"
    assert watching.run() == Completed(7)


# Under asyncio


async def cancelled(awaitable, *, once):
    """Await it in a task, and cancel that when the event is set."""

    async def wait():
        return await awaitable

    task = asyncio.create_task(wait())
    await once.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_session_of_a_cancelled_task_can_be_resumed():
    async def main():
        clock = VirtualClock()
        service = AsyncService(clock, WAITING, COMPLETE, hanging=[2])
        session = new_session()
        await cancelled(collect(watch_async(session, service, clock=clock)), once=service.hangs)
        clock.move_to(3.0)
        resumed = ImportSession.resume(json.loads(json.dumps(session.save())), CREDENTIALS, now=clock.now())
        return service, await collect(watch_async(resumed, service, clock=clock))

    service, items = asyncio.run(main())
    assert service.aborted == 1
    assert triggers(items) == ["initialize", "gather", "complete"]
    assert service.service.sent == [0.0, 1.25, 3.0]


def test_a_cancelled_poll_fails_and_the_watch_and_its_trace_continue(tmp_path):
    async def main(record):
        clock = VirtualClock()
        service = AsyncService(clock, WAITING, COMPLETE, hanging=[2])
        watching = watch_async(new_session(), service, clock=clock, record=record)
        items = [await anext(watching)]
        await cancelled(anext(watching), once=service.hangs)
        return items + await collect(watching), service

    with TraceWriter(tmp_path / "trace.jsonl", CREDENTIALS) as record:
        items, service = asyncio.run(main(record))
    assert triggers(items) == ["start", "initialize", "gather", "complete"]
    (failed,) = (item for item in items if isinstance(item, PollFailed))
    assert (failed.reason, failed.at) == ("reset: the request was aborted: CancelledError", 1.25)
    assert service.service.sent[2] == failed.retry_at >= 2.25
    assert lines(replay(tmp_path / "trace.jsonl")) == lines(items)


@pytest.mark.parametrize(
    ("error", "raised"), [(ZeroDivisionError, ZeroDivisionError), (StopAsyncIteration, RuntimeError)]
)
def test_an_async_watch_continues_after_an_exception_of_its_transport(error, raised):
    class Broken(AsyncService):
        async def send(self, request, *, timeout):
            if errors:
                raise errors.pop()
            return await super().send(request, timeout=timeout)

    async def main():
        clock = VirtualClock()
        watching = watch_async(new_session(), Broken(clock, COMPLETE), clock=clock)
        with pytest.raises(raised):
            await collect(watching)
        return await collect(watching)

    errors = [error]
    failed, *items = asyncio.run(main())
    assert failed.reason == f"reset: the request was aborted: {error.__name__}"
    assert triggers(items) == ["initialize", "gather", "complete"]


def test_an_item_whose_delivery_was_cancelled_is_delivered_again():
    async def main():
        clock, received, delivering = VirtualClock(), [], asyncio.Event()

        async def observer(item):
            received.append(item)
            if len(received) == 1:
                delivering.set()
                await asyncio.sleep(60)

        watching = watch_async(new_session(), AsyncService(clock, COMPLETE), clock=clock, observers=[observer])
        await cancelled(anext(watching), once=delivering)
        return await collect(watching), received

    items, received = asyncio.run(main())
    assert received == [items[0], *items]
    assert triggers(items) == ["initialize", "gather", "complete"]


def test_pending_items_of_a_cancelled_task_can_be_stored_with_the_session():
    async def main():
        clock, delivering = VirtualClock(), asyncio.Event()

        async def observer(item):
            if item.at > 1:
                delivering.set()
                await asyncio.sleep(60)

        service = AsyncService(clock, WAITING, COMPLETE)
        watching = watch_async(new_session(), service, clock=clock, observers=[observer])
        assert watching.pending == ()
        await cancelled(watching.run(), once=delivering)
        return watching

    watching = asyncio.run(main())
    assert triggers(watching.pending) == ["initialize", "gather", "complete"]
    assert isinstance(watching.pending[-1], Ended)
    resumed = ImportSession.resume(watching.session.save(), CREDENTIALS, now=3.0)
    assert resumed.outcome == Completed(7)


def test_the_end_is_recorded_once_even_if_its_delivery_was_cancelled(tmp_path):
    path = tmp_path / "trace.jsonl"

    async def main(record):
        clock, pauses, delivering = VirtualClock(), [0, 0, 0, 60, 0], asyncio.Event()

        async def observer(item):
            if pause := pauses.pop(0):
                delivering.set()
            await asyncio.sleep(pause)

        watching = watch_async(
            new_session(), AsyncService(clock, COMPLETE), clock=clock, observers=[observer], record=record
        )
        await cancelled(watching.run(), once=delivering)
        return await collect(watching)

    with TraceWriter(path) as record:
        (ended,) = asyncio.run(main(record))
    assert ended.outcome == Completed(7)
    assert [line for line in path.read_text().splitlines() if '"end"' in line] == ['{"t": 0.25, "end": "completed"}']
