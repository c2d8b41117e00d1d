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
    """A transport that answers when the test is over."""
    over = threading.Event()

    def handle(request):
        over.wait(60)
        return Response(200)

    yield HandlerTransport(handle)
    over.set()


def test_answers_come_through_in_order():
    statuses = iter([200, 404])
    with InterruptibleTransport(HandlerTransport(lambda request: Response(next(statuses)))) as transport:
        assert [transport.send(REQUEST, timeout=10).status for _ in range(2)] == [200, 404]


def test_the_request_and_its_time_come_through():
    class Transport:
        def send(self, request, *, timeout):
            asked.append((request, timeout, threading.current_thread() is threading.main_thread()))
            return Response(200)

        def close(self):
            pytest.fail("it is not this one's to close")

    asked = []
    with InterruptibleTransport(Transport()) as transport:
        transport.send(REQUEST, timeout=2.5)
    assert asked == [(REQUEST, 2.5, False)]


@pytest.mark.parametrize("error", [TransportError("reset", "why"), LocalProtocolError("what"), ZeroDivisionError()])
def test_errors_come_through_and_the_next_request_is_sent(error):
    answers = iter([error, Response(200)])

    def handle(request):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    transport = InterruptibleTransport(HandlerTransport(handle))
    with pytest.raises(type(error)) as raised:
        transport.send(REQUEST, timeout=10)
    assert raised.value is error
    assert transport.send(REQUEST, timeout=10).status == 200
    transport.close()


def test_a_request_that_hangs_is_cut_off_by_a_signal(hangs):
    transport = InterruptibleTransport(hangs)
    before = signal.signal(signal.SIGALRM, lambda number, frame: transport.interrupt())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(TransportError, match="reset: the request was cut off"):
            transport.send(REQUEST, timeout=60)
    finally:
        signal.signal(signal.SIGALRM, before)
    transport.close()


def test_an_answer_may_take_longer_than_a_signal_is_waited_for(monkeypatch):
    monkeypatch.setattr(interruptible, "_PATIENCE", 0.005)
    asked = threading.Event()

    def handle(request):
        asked.wait(0.05)
        return Response(200)

    with InterruptibleTransport(HandlerTransport(handle)) as transport:
        assert transport.send(REQUEST, timeout=10).status == 200


def test_a_request_that_is_cut_off_before_it_is_sent_does_not_hang(hangs):
    with InterruptibleTransport(hangs) as transport:
        transport.interrupt()
        with pytest.raises(TransportError):
            transport.send(REQUEST, timeout=60)


def test_a_request_that_hangs_keeps_nothing_alive(hangs):
    threads = SimpleQueue()
    transport = InterruptibleTransport(HandlerTransport(lambda request: threads.put(threading.current_thread())))
    transport._asked.put((REQUEST, 1.0))
    thread = threads.get(timeout=10)
    assert thread.daemon
    transport.close()
    thread.join(10)
    assert not thread.is_alive()
