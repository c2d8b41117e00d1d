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
    """A response that arrives at once or, if there is a pause, one byte at a time."""

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
        response = TimedResponse(ours)
        if pause:
            thread = threading.Thread(target=drip)
            thread.start()
        else:
            writer = threading.Thread(target=pour)  # in a thread, because it may not fit into the socket buffer
            writer.start()
        yield response
        response.close()
        ours.close()
        if pause:
            thread.join()
        else:
            writer.join()


def test_a_response_is_read():
    with says(GOOD) as response:
        response.begin()
        assert (response.status, response.read()) == (200, b'{"events": []}')


def test_a_slow_response_is_read_within_the_timeout():
    with says(GOOD, pause=0.001) as response:
        response.begin()
        assert response.read() == b'{"events": []}'


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_chunked_response_without_a_body_ends_after_its_headers(status):
    with says(b"HTTP/1.1 " + status + b"\r\ntransfer-encoding: chunked\r\n\r\n") as response:
        assert read_all(response) == b""


@pytest.mark.parametrize("in_body", [False, True], ids=["head", "body"])
def test_a_response_that_is_too_slow_times_out(in_body):
    head = b"HTTP/1.1 200 OK\r\n\r\n" if in_body else b""
    start = monotonic()
    with says(head + b"x" * 5_000, timeout=0.1, pause=0.003) as response, pytest.raises(TimeoutError):
        read_all(response)
    assert monotonic() - start < 12  # all the bytes would take 15 s


def read_all(response):
    response.begin()
    return response.read()


def test_a_read_after_the_timeout_times_out():
    with says(GOOD, timeout=0.01) as response:
        sleep(0.02)
        with pytest.raises(TimeoutError):
            response.begin()


def test_a_socket_without_a_timeout_has_unlimited_time():
    with says(GOOD, timeout=None) as response:
        assert read_all(response) == b'{"events": []}'


def test_bytes_after_the_response_shut_the_connection_down():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(30.0)
        theirs.sendall(GOOD + GOOD)
        assert read_all(TimedResponse(ours)) == b'{"events": []}'
        assert theirs.recv(1) == b""


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n", "reset: connection closed before the response was complete"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "reset: connection closed before the response was complete"),
        (b"HTTP/1.1 2", "reset: connection closed before the response was complete"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 0\r\n\r\n", "protocol: invalid response header"),
        (b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n", "protocol: invalid response header"),
        (b"HTTP/1.1 200 OK\r\na: b\rcontent-length: 2\r\n\r\n[]", "protocol: invalid response header"),
        (b"nonsense\r\n\r\n", "protocol: invalid HTTP response"),
        (b"\r\n\r\n", "protocol: invalid HTTP response"),
        (b"HTTP/0.9 200 OK\r\n\r\n", "protocol: invalid HTTP response"),
        (b"HTTP/1.1 2_0_0 OK\r\n\r\n", "protocol: invalid HTTP response"),
        (b"HTTP/1.1 700 OK\r\n\r\n", "protocol: invalid status 700; must be between 100 and 599"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n",
            "protocol: more than one Content-Length or",
        ),
        (
            b"HTTP/1.1 401 No\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
            "protocol: more than one Content-Length or",
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n", "protocol: invalid Content-Length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1_0\r\n\r\n", "protocol: invalid Content-Length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3, 4\r\n\r\n", "protocol: invalid Content-Length"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", "protocol: invalid Content-Length or Transfer-E"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 65_536 + b"\r\n\r\n", "too-large: response headers exceed"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 12_000 + b"\r\n", "too-large: response headers exceed"),
        (b"HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n" * 3_000, "too-large: response headers exceed"),
    ],
)
def test_invalid_headers_are_an_error(data, error):
    with says(data) as response, pytest.raises(TransportError) as caught:
        response.begin()
    assert str(caught.value).startswith(error)


def test_an_end_before_the_first_byte_is_a_disconnection():
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
def test_more_headers_are_read_than_http_client_accepts(count):
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


def test_a_101_ends_http_on_the_connection():
    with says(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n") as response:
        response.begin()
        assert (response.status, response.will_close) == (101, True)


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("chunks", [b"2\r\n[]\r\n0\r\n\r\n", b"2;x=1\r\n[]\r\n0\r\nx: y\r\n\r\n", b"02\r\n[]\r\n0\r\n"])
def test_a_chunked_body_is_complete_with_its_last_chunk(chunks):
    with says(CHUNKED + chunks) as response:
        assert read_all(response) == b"[]"


@pytest.mark.parametrize("chunks", [b"", b"2", b"2\r\n[", b"2\r\n[]", b"2\r\n[]\r\n", b"2\r\n[]\r\n0"])
def test_a_truncated_chunked_body_is_incomplete(chunks):
    with says(CHUNKED + chunks) as response, pytest.raises(IncompleteRead):
        read_all(response)


@pytest.mark.parametrize("lines", [b"x: y\r\n" * 20_000, b"x: " + b"y" * 70_000])
def test_trailers_are_bounded(lines):
    with says(CHUNKED + b"2\r\n[]\r\n0\r\n" + lines) as response, pytest.raises((TransportError, HTTPException)):
        read_all(response)
