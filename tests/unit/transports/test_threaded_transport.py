import asyncio
import threading
from contextlib import nullcontext
from contextvars import ContextVar

import pytest

from spongewatch import LocalProtocolError, Request, Response, TransportError
from spongewatch.transports import ThreadedTransport
from spongewatch.transports.forking import reset_all
from spongewatch.transports.testing import HandlerTransport

REQUEST = Request("GET", "https://api.example/events/1126.json")


class Slow:
    """Responds once `let` is set; records its calls."""

    def __init__(self):
        self.timeouts, self.threads, self.let, self.closed = [], [], threading.Event(), 0
        self.started = threading.Semaphore(0)

    def send(self, request, *, timeout):
        self.timeouts.append(timeout)
        self.threads.append(threading.current_thread())
        self.started.release()
        self.let.wait(30)
        return Response(204)

    def close(self):
        self.closed += 1
        self.let.set()


def closing(transport, body):
    """Return a function that returns `await body(threaded)` and closes `transport`."""

    async def main(threads):
        threaded = ThreadedTransport(transport, threads=threads)
        try:
            return await body(threaded)
        finally:
            await threaded.close()

    return lambda threads=2: asyncio.run(main(threads))


def test_a_threaded_transport_sends_in_another_thread():
    async def send(threaded):
        slow.let.set()
        return await threaded.send(REQUEST, timeout=1000)

    slow = Slow()
    assert closing(slow, send)() == Response(204)
    assert threading.current_thread() not in slow.threads
    assert slow.timeouts[0] == pytest.approx(1000, abs=100)
    assert slow.closed == 1


@pytest.mark.parametrize("error", [None, ZeroDivisionError], ids=["no error", "error"])
def test_async_with_closes_the_transport(error):
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
def test_exceptions_of_the_transport_are_raised(error):
    def refuse(request):
        raise error

    with pytest.raises(type(error)) as caught:
        closing(HandlerTransport(refuse), lambda threaded: threaded.send(REQUEST, timeout=60))()
    assert caught.value is error


def test_a_threaded_transport_sends_one_request_per_thread_at_once():
    async def send_three(threaded):
        tasks = [asyncio.create_task(threaded.send(REQUEST, timeout=60)) for _ in range(3)]
        for _ in range(2):
            await asyncio.to_thread(slow.started.acquire, timeout=30)
        started = len(slow.threads)
        slow.let.set()
        await asyncio.gather(*tasks)
        return started

    slow = Slow()
    assert closing(slow, send_three)() == 2
    assert len(slow.timeouts) == 3


def test_a_request_without_a_free_thread_times_out():
    async def send_two(threaded):
        first = asyncio.create_task(threaded.send(REQUEST, timeout=60))
        await asyncio.to_thread(slow.started.acquire, timeout=30)
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


def test_a_cancelled_task_does_not_wait_for_its_response():
    async def cancel(threaded):
        task = asyncio.create_task(threaded.send(REQUEST, timeout=60))
        await asyncio.to_thread(slow.started.acquire, timeout=30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not slow.let.is_set()

    slow = Slow()
    closing(slow, cancel)()


class Interruptible(Slow):
    """Has the method `sending`, as `Urllib3Transport` does."""

    def __init__(self):
        super().__init__()
        self.interrupted = []

    def sending(self, request, *, timeout):
        transport = self

        class Sending:
            def run(self):
                return transport.send(request, timeout=timeout)

            def interrupt(self):
                transport.interrupted.append(self)
                transport.let.set()

        return Sending()


def test_the_request_of_a_cancelled_task_is_interrupted_if_the_transport_can_do_that():
    async def cancel(threaded):
        task = asyncio.create_task(threaded.send(REQUEST, timeout=60))
        await asyncio.to_thread(transport.started.acquire, timeout=30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    transport = Interruptible()
    closing(transport, cancel)()
    assert len(transport.interrupted) == 1


@pytest.mark.parametrize("kind", [Slow, Interruptible])
def test_a_request_that_waits_for_a_thread_is_not_sent_if_its_task_is_cancelled(kind):
    async def cancel(threaded):
        first = asyncio.create_task(threaded.send(REQUEST, timeout=60))
        await asyncio.to_thread(transport.started.acquire, timeout=30)
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


def test_closing_fails_requests_that_wait_for_a_thread_without_cancelling_their_tasks():
    async def close(threaded):
        tasks = [asyncio.create_task(threaded.send(REQUEST, timeout=60)) for _ in range(3)]
        await asyncio.to_thread(slow.started.acquire, timeout=30)
        await threaded.close()
        return await asyncio.gather(*tasks, return_exceptions=True)

    slow = Slow()
    first, *others = closing(slow, close)(threads=1)
    assert first == Response(204)
    assert [str(error) for error in others] == ["the transport is closed"] * 2
    assert all(isinstance(error, LocalProtocolError) for error in others)


def test_closing_does_not_wait_for_other_threads_of_the_loop():
    async def close(threaded):
        busy, loop = threading.Event(), asyncio.get_running_loop()
        others = [loop.run_in_executor(None, busy.wait, 60) for _ in range(40)]
        await asyncio.wait_for(threaded.close(), 30)
        busy.set()
        await asyncio.gather(*others)

    closing(Slow(), close)()


def test_a_stop_iteration_of_the_transport_does_not_hang_the_task():
    responses = iter([])
    with pytest.raises(RuntimeError, match="the transport raised StopIteration"):
        closing(
            HandlerTransport(lambda request: next(responses)), lambda threaded: threaded.send(REQUEST, timeout=60)
        )()


def test_a_transport_whose_send_returns_a_coroutine_is_refused():
    async def handle(request):
        return Response(204)

    with pytest.raises(
        LocalProtocolError, match="ThreadedTransport needs a blocking transport; this one's send is async"
    ):
        closing(HandlerTransport(handle), lambda threaded: threaded.send(REQUEST, timeout=60))()


def test_a_thread_runs_in_the_context_of_its_task():
    name = ContextVar("name", default="unset")

    def handle(request):
        return Response(200, {}, name.get().encode())

    async def send(threaded):
        name.set("of the task")
        return await threaded.send(REQUEST, timeout=60)

    assert closing(HandlerTransport(handle), send)().body == b"of the task"


def test_a_closed_transport_refuses_to_send_and_leaves_no_thread():
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


def test_release_leaves_the_blocking_transport_open():
    async def release(threaded):
        threaded.release()
        return slow.closed

    slow = Slow()
    assert closing(slow, release)() == 0


def test_a_forked_process_has_new_threads():
    async def main(transport):
        try:
            first = await transport.send(REQUEST, timeout=60)
            reset_all()  # as in a forked process, in which the waiting thread doesn't exist
            return first, await transport.send(REQUEST, timeout=60)
        finally:
            await transport.close()

    threads = []

    def handler(request):
        threads.append(threading.current_thread())
        return Response(200)

    assert asyncio.run(main(ThreadedTransport(HandlerTransport(handler), threads=1))) == (Response(200), Response(200))
    assert threads[0] is not threads[1]
