import signal
import threading
from queue import SimpleQueue

import pytest

from spongewatch import LocalProtocolError, Request, Response, TransportError
from spongewatch.adapters.cli import interruptible
from spongewatch.adapters.cli.interruptible import InterruptibleTransport
from spongewatch.transports.testing import HandlerTransport

REQUEST = Request("GET", "https://api.example/events/1126.json")


@pytest.fixture
def hangs():
    """A transport that responds when the test is done."""
    done = threading.Event()

    def handle(request):
        done.wait(60)
        return Response(200)

    yield HandlerTransport(handle)
    done.set()


def test_responses_are_returned_in_order():
    statuses = iter([200, 404])
    with InterruptibleTransport(HandlerTransport(lambda request: Response(next(statuses)))) as transport:
        assert [transport.send(REQUEST, timeout=10).status for _ in range(2)] == [200, 404]


def test_the_request_and_its_timeout_are_passed_on_in_another_thread():
    class Transport:
        def send(self, request, *, timeout):
            sent.append((request, timeout, threading.current_thread() is threading.main_thread()))
            return Response(200)

        def close(self):
            pytest.fail("closed a transport that belongs to the caller")

    sent = []
    with InterruptibleTransport(Transport()) as transport:
        transport.send(REQUEST, timeout=2.5)
    assert sent == [(REQUEST, 2.5, False)]


@pytest.mark.parametrize("error", [TransportError("reset", "why"), LocalProtocolError("what"), ZeroDivisionError()])
def test_errors_are_raised_and_the_next_request_is_sent(error):
    results = iter([error, Response(200)])

    def handle(request):
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    transport = InterruptibleTransport(HandlerTransport(handle))
    with pytest.raises(type(error)) as raised:
        transport.send(REQUEST, timeout=10)
    assert raised.value is error
    assert transport.send(REQUEST, timeout=10).status == 200
    transport.close()


def test_a_signal_interrupts_a_hanging_request(hangs):
    transport = InterruptibleTransport(hangs)
    before = signal.signal(signal.SIGALRM, lambda number, frame: transport.interrupt())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(TransportError, match="reset: the request was interrupted"):
            transport.send(REQUEST, timeout=60)
    finally:
        signal.signal(signal.SIGALRM, before)
    transport.close()


def test_a_response_may_take_longer_than_one_wait(monkeypatch):
    monkeypatch.setattr(interruptible, "_WAIT", 0.005)

    def handle(request):
        threading.Event().wait(0.05)
        return Response(200)

    with InterruptibleTransport(HandlerTransport(handle)) as transport:
        assert transport.send(REQUEST, timeout=10).status == 200


def test_a_request_that_was_interrupted_in_advance_does_not_hang(hangs):
    with InterruptibleTransport(hangs) as transport:
        transport.interrupt()
        with pytest.raises(TransportError):
            transport.send(REQUEST, timeout=60)


def test_close_ends_the_thread():
    threads = SimpleQueue()
    transport = InterruptibleTransport(HandlerTransport(lambda request: threads.put(threading.current_thread())))
    transport._requests.put((REQUEST, 1.0))
    thread = threads.get(timeout=10)
    assert thread.daemon
    transport.close()
    thread.join(10)
    assert not thread.is_alive()
