"""Watches under asyncio over real sockets: many at once, and cancelled at any time."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
import uvloop

from event_rows import json_body, rows, triggers
from leftovers import nothing_left
from spongewatch import Completed, Credentials, ImportSession, InvalidArgument, PollPolicy, Request, TransportError
from spongewatch.transports import (
    AsyncioTransport,
    Simulator,
    SystemClock,
    ThreadedTransport,
    TraceWriter,
    Urllib3Transport,
    replay,
    wait_async,
    watch_async,
)
from spongewatch.transports.testing import AsyncFramingContract
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds, sends

CREDENTIALS = Credentials("demo-key", "demo-password")
QUICK = PollPolicy(interval=0.02)
WAITING = json_body(rows("INITIALIZING INPROGRESS 0"))


def new_session(url, import_id="1126", policy=QUICK):
    clock = SystemClock()
    return ImportSession(import_id, CREDENTIALS, now=clock.now(), base_url=url, policy=policy), clock


def eventually(holds):
    """Wait until it holds; return False if it doesn't within the time that a busy machine may need."""
    deadline = time.monotonic() + 30
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.002)
    return holds()


def test_two_hundred_imports_are_watched_at_once_on_one_event_loop():
    contacts = {str(number): number for number in range(5000, 5200)}
    polls = defaultdict(list)

    def service(talk):
        while (request := talk.read_request()) is not None:
            import_id = request.split(b"/", 2)[2].split(b".")[0].decode()
            polls[import_id].append(time.monotonic())
            polled, count = len(polls[import_id]), contacts[import_id]
            steps = ["INITIALIZING INPROGRESS 0"], [f"GATHERING INPROGRESS {count - 1}"]
            last = [f"GATHERING COMPLETED {count}", "COMPLETE COMPLETED 0"]
            talk.send(http_response(json_body(rows(*(steps[polled - 1] if polled < 3 else last)))))

    async def main(url):
        transport = ThreadedTransport(Urllib3Transport(connections=8), threads=8)
        emitted = {}

        async def follow(import_id):
            session, clock = new_session(url, import_id, PollPolicy(interval=0.3))
            emitted[import_id] = [item async for item in watch_async(session, transport, clock=clock)]

        async with asyncio.TaskGroup() as group:
            for import_id in contacts:
                group.create_task(follow(import_id))
        await transport.close()
        return emitted

    with HostileServer(service) as server:
        emitted = asyncio.run(main(server.url))
        assert server.connections <= 8
    assert {import_id: items[-1].outcome.contact_count for import_id, items in emitted.items()} == contacts
    for items in emitted.values():
        assert triggers(items) == ["start", "initialize", "progress", "gather", "complete"]
        assert {item.import_id for item in items} == {items[0].import_id}
    assert {len(moments) for moments in polls.values()} == {3}
    assert all(later - earlier >= 0.29 for moments in polls.values() for earlier, later in pairwise(moments))


def test_a_trace_replays_to_the_same_bytes(tmp_path):
    path = tmp_path / "trace.jsonl"

    async def main(url, record):
        session, clock = new_session(url)
        transport = ThreadedTransport(Urllib3Transport())
        emitted = [item async for item in watch_async(session, transport, clock=clock, record=record)]
        await transport.close()
        return emitted

    with Simulator("flaky", speed=50) as service, TraceWriter(path, CREDENTIALS) as record:
        emitted = asyncio.run(main(service.base_url, record))
    assert isinstance(emitted[-1].outcome, Completed)
    assert [json.dumps(item.to_json()) for item in replay(path)] == [json.dumps(item.to_json()) for item in emitted]


def hangs(talk):
    talk.read_request()
    talk.hang()


async def until(holds):
    while not holds():
        await asyncio.sleep(0.001)


def test_a_cancelled_wait_closes_its_connection_at_once_and_leaves_nothing_behind():
    async def main(server):
        waiting = wait_async("1126", CREDENTIALS, base_url=server.url, policy=PollPolicy(interval=0.02))
        task = asyncio.create_task(waiting)
        await until(lambda: server.exchanges)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 30

    with nothing_left(), HostileServer(hangs) as server:
        with nothing_left():
            asyncio.run(main(server))
        assert len(server.exchanges) == 1


@pytest.mark.parametrize("poll_under_way", [True, False], ids=["during a poll", "between two polls"])
def test_the_session_of_a_cancelled_task_can_be_resumed(poll_under_way):
    last = json_body(rows("INITIALIZING COMPLETED", "GATHERING COMPLETED 7", "COMPLETE COMPLETED"))
    scripts = [sends(http_response(WAITING, headers={"connection": "close"}))]
    scripts += [hangs] if poll_under_way else []
    interval = 0.02 if poll_under_way else 0.4

    async def main(server):
        transport = ThreadedTransport(Urllib3Transport())
        session, clock = new_session(server.url, policy=PollPolicy(interval=interval))
        emitted = []

        task = asyncio.create_task(watch_async(session, transport, clock=clock, observers=[emitted.append]).run())
        await until(lambda: emitted and len(server.exchanges) == len(scripts))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        saved = session.save()
        resumed = ImportSession.resume(saved, CREDENTIALS, now=clock.now(), base_url=server.url)
        emitted += [item async for item in watch_async(resumed, transport, clock=clock)]
        await transport.close()
        return emitted

    with HostileServer(*scripts, responds(http_response(last))) as server:
        emitted = asyncio.run(main(server))
        moments = [exchange.began for exchange in server.exchanges]
    assert triggers(emitted) == ["start", "initialize", "gather", "complete"]
    assert len(moments) == len(scripts) + 1
    assert all(later - earlier >= interval - 0.01 for earlier, later in pairwise(moments))


def test_a_timeout_of_asyncio_raises_and_a_budget_ends_with_an_outcome():
    async def main(url):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await wait_async("1126", CREDENTIALS, base_url=url, policy=QUICK)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait_async("1126", CREDENTIALS, base_url=url, policy=QUICK), 0.05)
        return await wait_async("1126", CREDENTIALS, 0.05, base_url=url, policy=QUICK)

    with Simulator("consent-never") as service:
        outcome = asyncio.run(main(service.base_url))
    assert (outcome.name, outcome.reason) == ("timed-out", "total")


def test_one_failure_in_a_task_group_ends_the_other_watches():
    emitted, tasks = [], []

    async def main(url):
        with Urllib3Transport() as transport:
            session, clock = new_session(url)
            watching = watch_async(session, transport, clock=clock, observers=[emitted.append])
            async with asyncio.TaskGroup() as group:
                tasks.append(group.create_task(watching.run()))
                await until(lambda: emitted)
                group.create_task(wait_async("../1126", CREDENTIALS, base_url=url))

    with Simulator("consent-never") as service, pytest.raises(ExceptionGroup) as caught:
        asyncio.run(main(service.base_url))
    assert [type(error) for error in caught.value.exceptions] == [InvalidArgument]
    assert tasks[0].cancelled()
    assert triggers(emitted) == ["start"]


def test_cancelling_a_poll_leaves_other_polls_of_the_transport_alone():
    cut = threading.Event()

    def notes_the_end(talk):
        talk.read_request()
        talk.hang()
        cut.set()

    async def main(server):
        transport = ThreadedTransport(Urllib3Transport(), threads=2)
        session, _ = new_session(server.url)
        request = session.next_action(now=session.start).request
        first = asyncio.create_task(transport.send(request, timeout=60))
        await until(lambda: len(server.exchanges) == 1)
        second = asyncio.create_task(transport.send(request, timeout=60))
        await until(lambda: len(server.exchanges) == 2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        response = await second
        await transport.close()
        return response

    with HostileServer(notes_the_end, responds(http_response(WAITING), pause=0.1)) as server:
        assert asyncio.run(main(server)).status == 200
        assert cut.wait(30)


def random_service(seed):
    """Return a script that responds late, partially or not at all, as random numbers decide."""
    numbers = random.Random(seed)

    def script(talk):
        while (request := talk.read_request()) is not None:
            response = http_response(request.partition(b"\r\n")[0])
            match numbers.randrange(12):
                case 0:
                    return
                case 1:
                    talk.reset()
                    return
                case 2:
                    talk.send(response[: numbers.randrange(len(response))])
                    return
                case 3:
                    talk.send(response + b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nodd")
                case 4:
                    talk.wait(0.05)
                    talk.send(response)
                case 5:
                    talk.send(response.replace(b"content-length", b"connection: close\r\ncontent-length"))
                    return
                case _:
                    talk.send(response)

    return script


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_asyncio_transport_returns_no_response_to_another_request(new_loop):
    numbers = random.Random(7)

    async def one(transport, number):
        request = Request(numbers.choice(("GET", "GET", "GET", "POST")), f"{server.url}/{number}")
        sending = transport.send(request, timeout=numbers.choice((0.03, 5.0)))
        try:
            async with asyncio.timeout(numbers.choice((0.02, None, None))):
                response = await sending
        except (TransportError, TimeoutError) as error:
            return getattr(error, "kind", "cancelled")
        assert response.body == f"{request.method} /{number} HTTP/1.1".encode()
        return "response"

    async def main():
        async with AsyncioTransport(max_connections=8) as transport:
            outcomes = []
            for start in range(0, 1_000, 100):
                outcomes += await asyncio.gather(*(one(transport, start + number) for number in range(100)))
                assert len(transport._pool._open) <= 8
            return Counter(outcomes)

    scripts = [random_service(seed) for seed in range(2_000)]
    uvloop.run(asyncio.sleep(0))  # opens a pipe that stays open
    with HostileServer(*scripts) as server, nothing_left(), asyncio.Runner(loop_factory=new_loop) as runner:
        outcomes = runner.run(main())
    assert {"response", "reset", "cancelled", "timeout"} <= {*outcomes}
    assert outcomes["response"] > 200


class TestThreaded(AsyncFramingContract):
    test_truncated_tls_streams_are_errors = None  # http.client doesn't notice a missing close_notify

    async def make_transport(self):
        return ThreadedTransport(Urllib3Transport())


def test_ctrl_c_ends_a_program_at_once_while_a_poll_hangs(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, sys\n"
        "from spongewatch import Credentials, PollPolicy\n"
        "from spongewatch.transports import wait_async\n"
        "policy = PollPolicy(request_timeout=90)\n"
        "asyncio.run(wait_async('1126', Credentials('k', 'p'), base_url=sys.argv[1], policy=policy))\n"
    )
    with HostileServer(hangs) as server:
        process = subprocess.Popen([sys.executable, program, server.url], stderr=subprocess.PIPE)
        assert eventually(lambda: server.exchanges)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=110)
        assert time.monotonic() - started < 30  # not after the poll's 90 seconds
    assert err.splitlines()[-1] == b"KeyboardInterrupt"
