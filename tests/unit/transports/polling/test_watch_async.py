"""What `watch` promises is tested with it; here it is that `watch_async` tells the same, and what asyncio adds."""

import asyncio
import json
import subprocess
import sys
import threading

import pytest

from answers import json_body, rows, triggers
from spongewatch import (
    Cancelled,
    Completed,
    Credentials,
    Ended,
    ImportSession,
    InvalidArgument,
    LocalProtocolError,
    PollFailed,
    PollPolicy,
    Rejected,
    Response,
    TimedOut,
    TransportError,
)
from spongewatch.transports import (
    ObserverErrors,
    Simulator,
    SystemClock,
    TraceWriter,
    VirtualClock,
    replay,
    wait_async,
    watch,
    watch_async,
)
from spongewatch.transports.http import urllib3_transport as real_transport
from spongewatch.transports.testing import HandlerTransport

CREDENTIALS = Credentials("demo-key", "demo-password")
WAITING = json_body(rows("INITIALIZING INPROGRESS 0"))
GATHERING = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5"))
COMPLETE = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 7", "COMPLETE COMPLETED 0"))
RESET = TransportError("reset", "after 12 bytes")
SCRIPTS = {
    "completes": [WAITING, GATHERING, COMPLETE],
    "trouble on the way": [WAITING, Response(503), RESET, WAITING, Response(200, {}, b"<html>"), COMPLETE],
    "rejected": [WAITING, Response(401)],
    "never ends": [WAITING],
    "never answers": [RESET],
}


class Service:
    """Gives one answer after the other, the last again and again; each takes a quarter of a second."""

    def __init__(self, clock, *answers):
        self.clock, self.answers = clock, list(answers)
        self.sent, self.timeouts, self.threads, self.closed = [], [], set(), False

    def send(self, request, *, timeout):
        self.sent.append(self.clock.now())
        self.timeouts.append(timeout)
        self.threads.add(threading.current_thread())
        self.clock.sleep(0.25)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, TransportError):
            raise answer
        return answer if isinstance(answer, Response) else Response(200, {}, answer)

    def close(self):
        self.closed = True


class AsyncService:
    """The same for asyncio; a poll whose number is in `hanging` gets no answer."""

    def __init__(self, clock, *answers, hanging=()):
        self.service, self.hanging = Service(clock, *answers), hanging
        self.given_up, self.under_way = 0, asyncio.Event()

    async def send(self, request, *, timeout):
        await asyncio.sleep(0)
        if len(self.service.sent) + 1 in self.hanging:
            self.service.sent.append(self.service.clock.now())
            self.under_way.set()
            try:
                await asyncio.sleep(60)
            finally:
                self.given_up += 1
        return self.service.send(request, timeout=timeout)

    async def close(self):
        self.service.close()


def new_session(now=0.0, **settings):
    return ImportSession("1126", CREDENTIALS, now=now, policy=PollPolicy(**settings))


def lines(items):
    return [json.dumps(item.to_json()) for item in items]


async def all_of(watching):
    return [item async for item in watching]


async def cancelled(awaitable, *, once):
    """Await it in a task, which is cancelled once that event has come."""

    async def wait():
        return await awaitable

    task = asyncio.create_task(wait())
    await once.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# The same as without asyncio.


@pytest.mark.parametrize("service", [Service, AsyncService])
@pytest.mark.parametrize("answers", SCRIPTS.values(), ids=SCRIPTS)
def test_the_same_is_told_and_recorded_at_the_same_moments(tmp_path, answers, service):
    heard, heard_async = [], []
    with TraceWriter(tmp_path / "sync.jsonl", CREDENTIALS) as record:
        clock = VirtualClock()
        plain = Service(clock, *answers)
        told = [*watch(new_session(), plain, clock=clock, record=record, observers=[heard.append])]

    async def main():
        clock = VirtualClock()
        transport = service(clock, *answers)
        watching = watch_async(new_session(), transport, clock=clock, record=record, observers=[heard_async.append])
        return await all_of(watching), transport

    with TraceWriter(tmp_path / "async.jsonl", CREDENTIALS) as record:
        told_async, transport = asyncio.run(main())
    assert lines(told_async) == lines(heard_async) == lines(told) == lines(heard)
    polled = getattr(transport, "service", transport)
    assert (polled.sent, polled.closed) == (plain.sent, False)
    for left, timeout in zip(polled.timeouts, plain.timeouts, strict=True):  # what is left of them in another thread
        assert timeout - 9 < left <= timeout
    assert (tmp_path / "async.jsonl").read_bytes() == (tmp_path / "sync.jsonl").read_bytes()


def test_running_gives_the_outcome():
    async def main():
        clock = VirtualClock()
        return await watch_async(new_session(), AsyncService(clock, WAITING, COMPLETE), clock=clock).run()

    assert asyncio.run(main()) == Completed(7)


def test_a_session_that_ended_has_nothing_more_to_tell():
    async def main():
        clock = VirtualClock()
        session = new_session()
        service = AsyncService(clock, COMPLETE)
        await watch_async(session, service, clock=clock).run()
        assert await all_of(watch_async(session, service, clock=clock)) == []
        return len(service.service.sent)

    assert asyncio.run(main()) == 1


def test_a_watch_that_is_cancelled_ends_with_that():
    async def main():
        clock = VirtualClock()
        watching = watch_async(new_session(), AsyncService(clock, WAITING), clock=clock)
        told = [await anext(watching)]
        watching.cancel()
        watching.cancel()
        return told + await all_of(watching)

    *_, ended = told = asyncio.run(main())
    assert [type(item).__name__ for item in told] == ["Transition", "Ended"]
    assert ended.outcome == Cancelled()


@pytest.mark.parametrize(
    ("answer", "told"),
    [(RESET, ["Ended"]), (WAITING, ["Transition", "Ended"]), (Response(503), ["PollFailed", "Ended"])],
)
def test_cancelled_while_a_poll_is_under_way_its_answer_counts_and_its_failure_does_not(answer, told):
    class Cut(AsyncService):
        async def send(self, request, *, timeout):
            watching.cancel()
            return await super().send(request, timeout=timeout)

    async def main():
        nonlocal watching
        clock = VirtualClock()
        watching = watch_async(new_session(), Cut(clock, answer), clock=clock)
        return await all_of(watching)

    watching = None
    items = asyncio.run(main())
    assert [type(item).__name__ for item in items] == told
    assert items[-1].outcome == Cancelled()


def test_a_watch_is_cancelled_while_it_sleeps():
    async def main():
        clock = SystemClock()
        session = ImportSession("1126", CREDENTIALS, now=clock.now(), policy=PollPolicy(interval=60))
        watching = watch_async(session, AsyncService(VirtualClock(), WAITING), clock=clock)
        await anext(watching)
        asyncio.get_running_loop().call_later(0.01, watching.cancel)
        return await watching.run()

    assert asyncio.run(main()) == Cancelled()


# Observers.


def test_async_observers_are_awaited_before_the_watch_goes_on():
    async def main():
        clock, order = VirtualClock(), []

        async def notify(item):
            await asyncio.sleep(0.001)
            order.append(("told", clock.now()))

        watching = watch_async(new_session(), AsyncService(clock, COMPLETE), clock=clock, observers=[notify])
        while not isinstance(item := await anext(watching), Ended):
            order.append(("yielded", item.at))
        return order

    assert asyncio.run(main()) == [("told", 0.25), ("yielded", 0.25)] * 3 + [("told", 0.25)]


def test_the_errors_of_observers_are_raised_once_and_in_the_end():
    async def fail(item):
        raise ValueError("a")

    async def main():
        clock = VirtualClock()
        watching = watch_async(new_session(), AsyncService(clock, COMPLETE), clock=clock, observers=[fail])
        told = [await anext(watching) for _ in range(4)]
        assert isinstance(told[-1], Ended)
        with pytest.raises(ExceptionGroup, match="observers failed"):
            await anext(watching)
        return await all_of(watching)

    assert asyncio.run(main()) == []


@pytest.mark.parametrize("observers", [5, ["not a function"]])
def test_what_can_not_be_told_is_refused_at_once(observers):
    with pytest.raises(LocalProtocolError, match="observer"):
        watch_async(new_session(), HandlerTransport(print), observers=observers)


# Cancelled tasks.


def test_a_cancelled_poll_is_given_up_and_the_session_is_there_to_resume():
    async def main():
        clock = VirtualClock()
        service = AsyncService(clock, WAITING, COMPLETE, hanging=[2])
        session = new_session()
        task = asyncio.create_task(all_of(watch_async(session, service, clock=clock)))
        await service.under_way.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        clock.move_to(3.0)
        resumed = ImportSession.resume(json.loads(json.dumps(session.save())), CREDENTIALS, now=clock.now())
        told = await all_of(watch_async(resumed, service, clock=clock))
        return service, told

    service, told = asyncio.run(main())
    assert service.given_up == 1
    assert triggers(told) == ["initialize", "gather", "complete"]
    assert service.service.sent == [0.0, 1.25, 3.0]


def test_a_watch_whose_poll_was_cancelled_goes_on_with_the_next_item():
    async def main():
        clock = VirtualClock()
        service = AsyncService(clock, WAITING, COMPLETE, hanging=[2])
        watching = watch_async(new_session(), service, clock=clock)
        told = [await anext(watching)]
        await cancelled(anext(watching), once=service.under_way)
        return told + await all_of(watching), service

    told, service = asyncio.run(main())
    assert triggers(told) == ["start", "initialize", "gather", "complete"]
    (failed,) = (item for item in told if isinstance(item, PollFailed))
    assert (failed.reason, failed.at) == ("reset: the request was given up: CancelledError", 1.25)
    assert service.service.sent[2] == failed.retry_at >= 2.25


@pytest.mark.parametrize(
    ("error", "raised"), [(ZeroDivisionError, ZeroDivisionError), (StopAsyncIteration, RuntimeError)]
)
def test_a_watch_whose_transport_is_broken_goes_on_with_the_next_item(error, raised):
    class Broken(AsyncService):
        async def send(self, request, *, timeout):
            if errors:
                raise errors.pop()
            return await super().send(request, timeout=timeout)

    async def main():
        clock = VirtualClock()
        watching = watch_async(new_session(), Broken(clock, COMPLETE), clock=clock)
        with pytest.raises(raised):
            await all_of(watching)
        return await all_of(watching)

    errors = [error]
    failed, *told = asyncio.run(main())
    assert failed.reason == f"reset: the request was given up: {error.__name__}"
    assert triggers(told) == ["initialize", "gather", "complete"]


def test_what_a_cancelled_task_was_being_told_is_told_again():
    async def main():
        clock, heard, hears = VirtualClock(), [], asyncio.Event()

        async def notify(item):
            heard.append(item)
            if len(heard) == 1:
                hears.set()
                await asyncio.sleep(60)

        watching = watch_async(new_session(), AsyncService(clock, COMPLETE), clock=clock, observers=[notify])
        await cancelled(anext(watching), once=hears)
        return await all_of(watching), heard

    told, heard = asyncio.run(main())
    assert heard == [told[0], *told]
    assert triggers(told) == ["initialize", "gather", "complete"]


def test_what_nobody_was_told_when_the_task_was_cancelled_is_there_to_keep():
    async def main():
        clock, hears = VirtualClock(), asyncio.Event()

        async def notify(item):
            if item.at > 1:
                hears.set()
                await asyncio.sleep(60)

        session = new_session()
        service = AsyncService(clock, WAITING, COMPLETE)
        watching = watch_async(session, service, clock=clock, observers=[notify])
        assert watching.pending == ()
        await cancelled(watching.run(), once=hears)
        return watching

    watching = asyncio.run(main())
    assert triggers(watching.pending) == ["initialize", "gather", "complete"]
    assert isinstance(watching.pending[-1], Ended)
    resumed = ImportSession.resume(watching.session.save(), CREDENTIALS, now=3.0)
    assert resumed.outcome == Completed(7)


def test_a_cancelled_poll_stands_in_the_trace(tmp_path):
    path = tmp_path / "trace.jsonl"

    async def main(record):
        clock = VirtualClock()
        service = AsyncService(clock, WAITING, COMPLETE, hanging=[2])
        watching = watch_async(new_session(), service, clock=clock, record=record)
        told = [await anext(watching)]
        await cancelled(anext(watching), once=service.under_way)
        return told + await all_of(watching)

    with TraceWriter(path, CREDENTIALS) as record:
        told = asyncio.run(main(record))
    assert lines(replay(path)) == lines(told)


def test_a_trace_says_only_once_how_a_watch_ended(tmp_path):
    path = tmp_path / "trace.jsonl"

    async def main(record):
        clock, waits, hears = VirtualClock(), [0, 0, 0, 60, 0], asyncio.Event()

        async def notify(item):
            if wait := waits.pop(0):
                hears.set()
            await asyncio.sleep(wait)

        watching = watch_async(
            new_session(), AsyncService(clock, COMPLETE), clock=clock, observers=[notify], record=record
        )
        await cancelled(watching.run(), once=hears)
        return await all_of(watching)

    with TraceWriter(path) as record:
        (ended,) = asyncio.run(main(record))
    assert ended.outcome == Completed(7)
    assert [line for line in path.read_text().splitlines() if '"end"' in line] == ['{"t": 0.25, "end": "completed"}']


def test_a_watch_belongs_to_one_task_at_a_time():
    async def main():
        clock = VirtualClock()
        service = AsyncService(clock, WAITING, hanging=[1])
        watching = watch_async(new_session(), service, clock=clock)
        task = asyncio.create_task(watching.run())
        await service.under_way.wait()
        with pytest.raises(LocalProtocolError, match="a watch belongs to one task at a time"):
            await anext(watching)
        assert service.given_up == 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


# Transports that know nothing of asyncio.


def test_a_plain_transport_sends_in_one_thread_of_its_own_that_goes_with_the_watch():
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


# wait_async


def test_waiting_gives_the_outcome_and_leaves_a_transport_open_that_was_given():
    async def main():
        clock, heard = VirtualClock(), []
        service = AsyncService(clock, WAITING, COMPLETE)

        async def notify(item):
            heard.append(item)

        outcome = await wait_async("1126", CREDENTIALS, transport=service, clock=clock, observers=[notify])
        return outcome, triggers(heard), service.service.closed

    assert asyncio.run(main()) == (Completed(7), ["start", "initialize", "gather", "complete"], False)


def test_waiting_takes_so_long_at_the_most():
    async def main():
        clock = VirtualClock()
        return await wait_async("1126", CREDENTIALS, 7, transport=AsyncService(clock, WAITING), clock=clock)

    assert asyncio.run(main()) == TimedOut("total")


def test_waiting_asks_as_it_was_told():
    asked = []

    def answer(request):
        asked.append(request.url)
        return Response(401)

    arguments = {"base_url": "http://sponge.example/api", "insecure_http": True, "format": "xml", "auth": "query"}
    waiting = wait_async("1126", Credentials("k", "p"), transport=HandlerTransport(answer), **arguments)
    assert asyncio.run(waiting) == Rejected("credentials", "status 401")
    assert asked == ["http://sponge.example/api/events/1126.xml?domain_key=k&domain_password=p"]


def test_waiting_sends_an_echo_records_and_logs_errors_of_observers(tmp_path, caplog):
    asked = []

    def answer(request):
        asked.append(request.url)
        return Response(200, {}, COMPLETE)

    def fail(item):
        raise ValueError

    async def main(record):
        return await wait_async(
            1126,
            None,
            base_url="https://x.example",
            echo="e",
            observers=[fail],
            on_observer_error="log",
            record=record,
            transport=HandlerTransport(answer),
        )

    with TraceWriter(tmp_path / "trace.jsonl") as record:
        outcome = asyncio.run(main(record))
    assert asked == ["https://x.example/events/1126.json?echo=e"]
    *_, ended = replay(tmp_path / "trace.jsonl")
    assert ended.outcome == outcome == Completed(7)
    assert len(caplog.records) == 4


def test_errors_of_observers_are_raised_with_the_outcome():
    def fail(item):
        raise ValueError

    async def main():
        clock = VirtualClock()
        transport = AsyncService(clock, COMPLETE)
        await wait_async("1126", CREDENTIALS, transport=transport, clock=clock, observers=[fail])

    with pytest.raises(ObserverErrors) as caught:
        asyncio.run(main())
    assert caught.value.outcome == Completed(7)


def test_the_transport_is_loaded_and_made_in_another_thread():
    script = """
import asyncio, importlib.abc, sys, threading
from spongewatch import Rejected
from spongewatch.transports import wait_async

class Watching(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in ("urllib3", "spongewatch.transports.http.urllib3_transport"):
            print(name, threading.current_thread() is threading.main_thread())

async def main():
    await wait_async("1126", None, 0.001, base_url="http://127.0.0.1:1")

sys.meta_path.insert(0, Watching())
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert dict(line.split() for line in done.stdout.splitlines()) == {
        "spongewatch.transports.http.urllib3_transport": "False",
        "urllib3": "False",
    }


def test_what_can_not_be_waited_for_is_refused():
    with pytest.raises(InvalidArgument):
        asyncio.run(wait_async("../1126", CREDENTIALS))


@pytest.fixture
def closed_transports(monkeypatch):
    """Which of the real transports that are made were closed."""
    closed = []

    class Noted(real_transport.Urllib3Transport):
        def close(self):
            super().close()
            closed.append(self)

    monkeypatch.setattr(real_transport, "Urllib3Transport", Noted)
    return closed


def test_waiting_makes_a_transport_of_its_own_and_closes_it(closed_transports):
    async def main(service):
        return await wait_async("1126", CREDENTIALS, 10, base_url=service.base_url)

    with Simulator("skips") as service:
        assert asyncio.run(main(service)) == Completed(2340)
        assert {request.connection for request in service.requests} == {1}
    assert len(closed_transports) == 1
    assert threads_left() == []


def test_a_transport_of_ones_own_is_closed_though_the_task_is_cancelled(closed_transports):
    async def main(service):
        async with asyncio.timeout(0.05):
            await wait_async("1126", CREDENTIALS, base_url=service.base_url)

    with Simulator("stuck") as service, pytest.raises(TimeoutError):
        asyncio.run(main(service))
    assert len(closed_transports) == 1
    assert threads_left() == []


def threads_left():
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("spongewatch")]
    for thread in threads:
        thread.join(30)
    return [thread for thread in threads if thread.is_alive()]
