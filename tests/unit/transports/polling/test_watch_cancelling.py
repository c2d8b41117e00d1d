"""`cancel` of a watch, at each moment of it."""

import asyncio
import threading
import time

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
from spongewatch import Cancelled, Completed, Ended, Response, State, TransportError
from spongewatch.transports import SystemClock, TraceWriter, VirtualClock, replay, watch, watch_async
from spongewatch.transports.testing import HandlerTransport


def started(*script, **arguments):
    clock = VirtualClock()
    service = Service(clock, *script)
    return watch(new_session(), service, clock=clock, **arguments), service


def test_cancel_before_the_first_poll_sends_nothing():
    watching, service = started(COMPLETE)
    watching.cancel()
    assert list(watching) == [Ended("1126", 0.0, Cancelled(), State.INITIALIZING, None, seen=False)]
    assert service.sent == []


def test_cancel_between_two_polls_ends_the_watch():
    watching, service = started(WAITING, COMPLETE)
    next(watching)
    watching.cancel()
    watching.cancel()
    assert watching.run() == Cancelled()
    assert service.sent == [0.0]


DURING_A_POLL = [(WAITING, ["Transition", "Ended"]), (BUSY, ["PollFailed", "Ended"]), (RESET, ["Ended"])]


@pytest.mark.parametrize(("response", "emitted"), DURING_A_POLL)
def test_cancel_during_a_poll_counts_its_response_but_not_its_transport_error(tmp_path, response, emitted):
    def cancel(request):
        watching.cancel()
        if isinstance(response, TransportError):
            raise response
        return response if isinstance(response, Response) else Response(200, {}, response)

    path = tmp_path / "trace.jsonl"
    with TraceWriter(path, CREDENTIALS) as record:
        watching = watch(new_session(), HandlerTransport(cancel), clock=VirtualClock(), record=record)
        items = list(watching)
    assert [type(item).__name__ for item in items] == emitted
    assert items[-1].outcome == Cancelled()
    assert lines(replay(path)) == lines(items)


@pytest.mark.parametrize(("response", "emitted"), DURING_A_POLL)
def test_cancel_during_an_async_poll_counts_its_response_but_not_its_transport_error(response, emitted):
    class Cancelling(AsyncService):
        async def send(self, request, *, timeout):
            watching.cancel()
            return await super().send(request, timeout=timeout)

    async def main():
        nonlocal watching
        clock = VirtualClock()
        watching = watch_async(new_session(), Cancelling(clock, response), clock=clock)
        return await collect(watching)

    watching = None
    items = asyncio.run(main())
    assert [type(item).__name__ for item in items] == emitted
    assert items[-1].outcome == Cancelled()


def test_cancel_during_delivery_delivers_the_rest_of_the_poll():
    watching, _ = started(GATHERING, COMPLETE)
    first = next(watching)
    watching.cancel()
    assert triggers([first, *watching]) == ["initialize", "progress"]
    assert watching.session.outcome == Cancelled()


def test_an_observer_can_cancel():
    watching, service = started(WAITING, COMPLETE, observers=[lambda item: watching.cancel()])
    start, ended = watching
    assert (start.trigger, ended) == ("start", Ended("1126", 0.25, Cancelled(), State.INITIALIZING, None))
    assert service.sent == [0.0]


def test_cancel_after_the_end_changes_nothing():
    watching, _ = started(COMPLETE)
    *_, ended = watching
    watching.cancel()
    assert list(watching) == []
    assert watching.session.outcome == ended.outcome == Completed(7)


def test_cancel_from_another_thread_ends_a_sleep():
    clock = SystemClock()
    session = new_session(now=clock.now(), interval=100)
    watching = watch(session, HandlerTransport(lambda request: Response(200, {}, WAITING)), clock=clock)
    assert next(watching).trigger == "start"
    before = time.monotonic()
    threading.Timer(0.02, watching.cancel).start()
    (ended,) = watching
    assert time.monotonic() - before < 30
    assert ended.outcome == Cancelled()
    assert 0.01 < ended.at < 30


def test_cancel_ends_an_async_sleep():
    async def main():
        clock = SystemClock()
        session = new_session(now=clock.now(), interval=60)
        watching = watch_async(session, AsyncService(VirtualClock(), WAITING), clock=clock)
        await anext(watching)
        asyncio.get_running_loop().call_later(0.01, watching.cancel)
        return await watching.run()

    assert asyncio.run(main()) == Cancelled()
