import asyncio
import threading
from contextlib import nullcontext
from contextvars import ContextVar

import pytest

from spongewatch import LocalProtocolError, Request, Response, TransportError
from spongewatch.transports import ThreadedTransport
from spongewatch.transports.forking import begin_anew_in_child
from spongewatch.transports.testing import HandlerTransport

REQUEST = Request("GET", "https://api.example/events/1126.json")


class Slow:
    """Answers once it is let, and notes what was asked."""

    def __init__(self):
        self.timeouts, self.threads, self.let, self.closed = [], [], threading.Event(), 0
        self.under_way = threading.Semaphore(0)

    def send(self, request, *, timeout):
        self.timeouts.append(timeout)
        self.threads.append(threading.current_thread())
        self.under_way.release()
        self.let.wait(30)
        return Response(204)

    def close(self):
        self.closed += 1
        self.let.set()


def closing(transport, body):
    """What `body` gives for the threaded `transport`, which is closed afterwards."""

    async def main(threads):
        threaded = ThreadedTransport(transport, threads=threads)
        try:
            return await body(threaded)
        finally:
            await threaded.close()

    return lambda threads=2: asyncio.run(main(threads))


def test_an_answer_comes_from_another_thread():
    async def send(threaded):
        slow.let.set()
        return await threaded.send(REQUEST, timeout=1000)

    slow = Slow()
    assert closing(slow, send)() == Response(204)
    assert threading.current_thread() not in slow.threads
    assert slow.timeouts[0] == pytest.approx(1000, abs=100)
    assert slow.closed == 1


@pytest.mark.parametrize("error", [None, ZeroDivisionError], ids=["goes well", "raises"])
def test_as_a_context_manager_it_closes_itself(error):
    async def send():
        async with ThreadedTransport(slow) as threaded:
            assert await threaded.send(REQUEST, timeout=60) == Response(204)
            assert slow.closed == 0
            if error is not None:
                raise error

    slow = Slow()
    slow.let.set()
    with nullcontext() if error is None else pytest.raises(error):
        asyncio.run(send())
    assert slow.closed == 1


@pytest.mark.parametrize("error", [TransportError("refused"), LocalProtocolError("closed"), ZeroDivisionError()])
def test_what_a_transport_raises_comes_through(error):
    def refuse(request):
        raise error

    with pytest.raises(type(error)) as caught:
        closing(HandlerTransport(refuse), lambda threaded: threaded.send(REQUEST, timeout=60))()
    assert caught.value is error


def test_as_many_requests_as_threads_are_under_way_at_once():
    async def send_three(threaded):
        tasks = [asyncio.create_task(threaded.send(REQUEST, timeout=60)) for _ in range(3)]
        for _ in range(2):
            await asyncio.to_thread(slow.under_way.acquire, timeout=30)
        under_way = len(slow.threads)
        slow.let.set()
        await asyncio.gather(*tasks)
        return under_way

    slow = Slow()
    assert closing(slow, send_three)() == 2
    assert len(slow.timeouts) == 3


def test_who_finds_no_free_thread_in_time_is_told_at_once():
    async def send_two(threaded):
        first = asyncio.create_task(threaded.send(REQUEST, timeout=60))
        await asyncio.to_thread(slow.under_way.acquire, timeout=30)
        try:
            await threaded.send(REQUEST, timeout=0.01)
        finally:
            assert not first.done()
            slow.let.set()
            await first

    slow = Slow()
    with pytest.raises(TransportError, match="timeout: all threads were in use by other requests"):
        closing(slow, send_two)(threads=1)
    assert len(slow.threads) == 1


def test_a_cancelled_task_does_not_wait_for_its_answer():
    async def cancel(threaded):
        task = asyncio.create_task(threaded.send(REQUEST, timeout=60))
        await asyncio.to_thread(slow.under_way.acquire, timeout=30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not slow.let.is_set()

    slow = Slow()
    closing(slow, cancel)()


class Cuttable(Slow):
    """Its requests can be cut off, as those of `Urllib3Transport`."""

    def __init__(self):
        super().__init__()
        self.cut = []

    def sending(self, request, *, timeout):
        transport = self

        class Sending:
            def run(self):
                return transport.send(request, timeout=timeout)

            def interrupt(self):
                transport.cut.append(self)
                transport.let.set()

        return Sending()


def test_the_request_of_a_cancelled_task_is_cut_off_where_the_transport_can_do_that():
    async def cancel(threaded):
        task = asyncio.create_task(threaded.send(REQUEST, timeout=60))
        await asyncio.to_thread(transport.under_way.acquire, timeout=30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    transport = Cuttable()
    closing(transport, cancel)()
    assert len(transport.cut) == 1


@pytest.mark.parametrize("kind", [Slow, Cuttable])
def test_a_request_that_has_no_thread_yet_is_not_sent_for_a_cancelled_task(kind):
    async def cancel(threaded):
        first = asyncio.create_task(threaded.send(REQUEST, timeout=60))
        await asyncio.to_thread(transport.under_way.acquire, timeout=30)
        second = asyncio.create_task(threaded.send(REQUEST, timeout=60))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        transport.let.set()
        return await first

    transport = kind()
    assert closing(transport, cancel)(threads=1) == Response(204)
    assert len(transport.threads) == 1


def test_who_waits_for_a_thread_when_it_is_closed_is_told_so_and_not_cancelled():
    async def close(threaded):
        tasks = [asyncio.create_task(threaded.send(REQUEST, timeout=60)) for _ in range(3)]
        await asyncio.to_thread(slow.under_way.acquire, timeout=30)
        await threaded.close()
        return await asyncio.gather(*tasks, return_exceptions=True)

    slow = Slow()
    first, *others = closing(slow, close)(threads=1)
    assert first == Response(204)
    assert [str(error) for error in others] == ["the transport is closed"] * 2
    assert all(isinstance(error, LocalProtocolError) for error in others)


def test_closing_does_not_wait_for_threads_of_others():
    async def close(threaded):
        busy, loop = threading.Event(), asyncio.get_running_loop()
        others = [loop.run_in_executor(None, busy.wait, 60) for _ in range(40)]
        await asyncio.wait_for(threaded.close(), 30)
        busy.set()
        await asyncio.gather(*others)

    closing(Slow(), close)()


def test_a_transport_that_runs_out_of_answers_keeps_nobody_waiting():
    answers = iter([])
    with pytest.raises(RuntimeError, match="the transport raised StopIteration"):
        closing(HandlerTransport(lambda request: next(answers)), lambda threaded: threaded.send(REQUEST, timeout=60))()


def test_a_send_that_turns_out_to_be_async_is_refused():
    async def answer(request):
        return Response(204)

    with pytest.raises(LocalProtocolError, match="the send of a transport for asyncio is an `async def`"):
        closing(HandlerTransport(answer), lambda threaded: threaded.send(REQUEST, timeout=60))()


def test_a_thread_knows_the_context_of_its_task():
    name = ContextVar("name", default="unset")

    def answer(request):
        return Response(200, {}, name.get().encode())

    async def send(threaded):
        name.set("of the task")
        return await threaded.send(REQUEST, timeout=60)

    assert closing(HandlerTransport(answer), send)().body == b"of the task"


def test_once_closed_nothing_is_sent_and_no_thread_is_left():
    async def close(threaded):
        await threaded.send(REQUEST, timeout=60)
        await threaded.close()
        with pytest.raises(LocalProtocolError, match="the transport is closed"):
            await threaded.send(REQUEST, timeout=60)

    slow = Slow()
    slow.let.set()
    closing(slow, close)()
    assert slow.closed == 2
    for thread in slow.threads:
        thread.join(30)
        assert not thread.is_alive()


def test_released_it_leaves_the_transport_open():
    async def release(threaded):
        threaded.release()
        return slow.closed

    slow = Slow()
    assert closing(slow, release)() == 0


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_are_a_number_above_zero(threads):
    with pytest.raises(LocalProtocolError, match="threads is a whole number of at least 1, not "):
        ThreadedTransport(Slow(), threads=threads)


def test_after_a_fork_its_threads_are_new_ones():
    async def main(transport):
        try:
            first = await transport.send(REQUEST, timeout=60)
            begin_anew_in_child()  # as where the thread that waits for work is not there any more
            return first, await transport.send(REQUEST, timeout=60)
        finally:
            await transport.close()

    threads = []

    def handler(request):
        threads.append(threading.current_thread())
        return Response(200)

    assert asyncio.run(main(ThreadedTransport(HandlerTransport(handler), threads=1))) == (Response(200), Response(200))
    assert threads[0] is not threads[1]
