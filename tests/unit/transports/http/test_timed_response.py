import socket
import struct
import threading
from contextlib import contextmanager, suppress
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from time import monotonic, sleep

import pytest

from spongewatch import TransportError
from spongewatch.transports import TimedResponse

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

    def pour():
        with suppress(OSError):
            theirs.sendall(data)
            theirs.shutdown(socket.SHUT_WR)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(timeout)
        answer = TimedResponse(ours)
        if pause:
            thread = threading.Thread(target=drip)
            thread.start()
        else:
            writer = threading.Thread(target=pour)  # it may be more than the buffers of the system hold
            writer.start()
        yield answer
        answer.close()
        ours.close()
        if pause:
            thread.join()
        else:
            writer.join()


def test_an_answer_is_read_as_it_came():
    with says(GOOD) as answer:
        answer.begin()
        assert (answer.status, answer.read()) == (200, b'{"events": []}')


def test_an_answer_that_drips_is_read_while_there_is_time():
    with says(GOOD, pause=0.001) as answer:
        answer.begin()
        assert answer.read() == b'{"events": []}'


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_response_without_a_body_ends_with_its_head(status):
    with says(b"HTTP/1.1 " + status + b"\r\ntransfer-encoding: chunked\r\n\r\n") as response:
        assert read_whole(response) == b""


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
        assert read_whole(TimedResponse(ours)) == b'{"events": []}'
        assert theirs.recv(1) == b""


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n", "reset: the response broke off"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "reset: the response broke off"),
        (b"HTTP/1.1 2", "reset: the response broke off"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 0\r\n\r\n", "protocol: a header of the response"),
        (b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n", "protocol: a header of the response"),
        (b"HTTP/1.1 200 OK\r\na: b\rcontent-length: 2\r\n\r\n[]", "protocol: a header of the response"),
        (b"nonsense\r\n\r\n", "protocol: the response is not HTTP"),
        (b"\r\n\r\n", "protocol: the response is not HTTP"),
        (b"HTTP/0.9 200 OK\r\n\r\n", "protocol: the response is not HTTP"),
        (b"HTTP/1.1 2_0_0 OK\r\n\r\n", "protocol: the response is not HTTP"),
        (b"HTTP/1.1 700 OK\r\n\r\n", "protocol: status 700 is not between 100 and 599"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n", "protocol: the response states its"),
        (b"HTTP/1.1 401 No\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n", "protocol: the response st"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n", "protocol: invalid Content-Length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1_0\r\n\r\n", "protocol: invalid Content-Length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3, 4\r\n\r\n", "protocol: invalid Content-Length"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", "protocol: invalid Content-Length or Transfer-E"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 65_536 + b"\r\n\r\n", "too-large: the head of the response"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 12_000 + b"\r\n", "too-large: the head of the response"),
        (b"HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n" * 3_000, "too-large: the head of the response"),
    ],
)
def test_a_head_that_is_unclear_is_refused(data, error):
    with says(data) as response, pytest.raises(TransportError) as caught:
        response.begin()
    assert str(caught.value).startswith(error)


def test_nothing_at_all_is_a_disconnection():
    with says(b"") as response, pytest.raises(RemoteDisconnected):
        response.begin()


@pytest.mark.parametrize("began", [False, True])
def test_a_reset_is_a_disconnection_only_before_the_first_byte(began):
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as ours:
        theirs, _ = listener.accept()
        ours.settimeout(30)
        response = TimedResponse(ours)
        if began:
            theirs.sendall(b"HTTP/1.1 200 OK\r\n")
            response.fp.peek(1)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        with pytest.raises(ConnectionResetError) as caught:
            response.begin()
        assert isinstance(caught.value, RemoteDisconnected) is not began
        response.close()


@pytest.mark.parametrize("count", [101, 1_000])
def test_more_headers_are_read_than_http_client_takes(count):
    lines = b"".join(b"x-%d: y\r\n" % number for number in range(count))
    with says(b"HTTP/1.1 200 OK\r\n" + lines + b"content-length: 0\r\n\r\n") as response:
        response.begin()
        assert response.getheader(f"x-{count - 1}") == "y"
        assert len(response.getheaders()) == count + 1


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_interim_responses_are_skipped(status):
    interim = b"HTTP/1.1 %d Interim\r\nlink: x\r\n\r\n" % status
    with says(interim * 3 + GOOD) as response:
        response.begin()
        assert (response.status, response.getheader("link"), response.read()) == (200, None, b'{"events": []}')


def test_no_http_follows_a_101():
    with says(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n") as response:
        response.begin()
        assert (response.status, response.will_close) == (101, True)


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("chunks", [b"2\r\n[]\r\n0\r\n\r\n", b"2;x=1\r\n[]\r\n0\r\nx: y\r\n\r\n", b"02\r\n[]\r\n0\r\n"])
def test_chunks_are_whole_with_their_last_one(chunks):
    with says(CHUNKED + chunks) as response:
        assert read_whole(response) == b"[]"


@pytest.mark.parametrize("chunks", [b"", b"2", b"2\r\n[", b"2\r\n[]", b"2\r\n[]\r\n", b"2\r\n[]\r\n0"])
def test_chunks_that_break_off_are_not_whole(chunks):
    with says(CHUNKED + chunks) as response, pytest.raises(IncompleteRead):
        read_whole(response)


@pytest.mark.parametrize("lines", [b"x: y\r\n" * 20_000, b"x: " + b"y" * 70_000])
def test_trailers_are_bounded(lines):
    with says(CHUNKED + b"2\r\n[]\r\n0\r\n" + lines) as response, pytest.raises((TransportError, HTTPException)):
        read_whole(response)
