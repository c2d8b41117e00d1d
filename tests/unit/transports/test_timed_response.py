import socket
import threading
from contextlib import contextmanager
from http.client import HTTPException, IncompleteRead
from time import monotonic, sleep

import pytest

from spongewatch.transports import TimedAnswer

GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n" + b'{"events": []}'


@contextmanager
def says(data, *, timeout=30.0, pause=0.0):
    """An answer whose bytes come one after the other where there is a pause, and all at once where there is none."""

    def drip():
        for byte in data:
            sleep(pause)
            try:
                theirs.sendall(bytes([byte]))
            except OSError:
                return

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(timeout)
        answer = TimedAnswer(ours)
        if pause:
            thread = threading.Thread(target=drip)
            thread.start()
        else:
            theirs.sendall(data)
            theirs.shutdown(socket.SHUT_WR)
        yield answer
        answer.close()
        ours.close()
        if pause:
            thread.join()


def test_an_answer_is_read_as_it_came():
    with says(GOOD) as answer:
        answer.begin()
        assert (answer.status, answer.read()) == (200, b'{"events": []}')


def test_an_answer_that_drips_is_read_while_there_is_time():
    with says(GOOD, pause=0.001) as answer:
        answer.begin()
        assert answer.read() == b'{"events": []}'


@pytest.mark.parametrize("read_on", [False, True], ids=["head", "body"])
def test_an_answer_that_drips_for_too_long_is_late(read_on):
    head = b"HTTP/1.1 200 OK\r\n\r\n" if read_on else b""
    start = monotonic()
    with says(head + b"x" * 5_000, timeout=0.1, pause=0.003) as answer, pytest.raises(TimeoutError):
        read_whole(answer)
    assert monotonic() - start < 12  # and not 15, as long as it drips


def read_whole(answer):
    answer.begin()
    return answer.read()


def test_what_is_asked_for_when_the_time_is_over_is_late():
    with says(GOOD, timeout=0.01) as answer:
        sleep(0.02)
        with pytest.raises(TimeoutError):
            answer.begin()


def test_a_socket_without_a_time_out_gives_all_the_time():
    with says(GOOD, timeout=None) as answer:
        assert read_whole(answer) == b'{"events": []}'


def test_a_connection_on_which_more_came_is_none_any_more():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(30.0)
        theirs.sendall(GOOD + GOOD)
        assert read_whole(TimedAnswer(ours)) == b'{"events": []}'
        assert theirs.recv(1) == b""


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n", IncompleteRead),
        (b"HTTP/1.1 200 OK\r\ncontent-le", IncompleteRead),
        (b"HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 0\r\n\r\n", HTTPException),
        (b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n", HTTPException),
        (b"nonsense\r\n\r\n", HTTPException),
        (b"HTTP/1.1 2_0_0 OK\r\n\r\n", HTTPException),
    ],
)
def test_a_head_that_is_not_whole_is_refused(data, error):
    with says(data) as answer, pytest.raises(error):
        answer.begin()
