import errno
import socket
from contextlib import contextmanager
from http.client import BadStatusLine

import pytest

from spongewatch.transports.answer_file import AnswerFile, Reads


class Decrypting(socket.socket):
    """A socket that holds so many bytes more, as OpenSSL does of a record that is not read to its end."""

    held = 0

    def pending(self):
        return self.held


@contextmanager
def read_from(data, kind=socket.socket):
    """The near end of a connection, of this kind, on which `data` came; a file to read it from; and the far end."""
    near, theirs = socket.socketpair()
    with kind(fileno=near.detach()) as ours, theirs:
        theirs.sendall(data)
        ours.settimeout(30.0)
        theirs.settimeout(30.0)
        raw = ours.makefile("rb").detach()
        yield ours, AnswerFile(ours, Reads(raw)), theirs


def is_open(ours, theirs):
    """Does a byte still come through?"""
    try:
        theirs.sendall(b"!")
    except BrokenPipeError:
        return False
    return ours.recv(1) == b"!"


@pytest.mark.parametrize("kind", [socket.socket, Decrypting])
def test_what_is_read_to_its_end_leaves_the_connection_open(kind):
    with read_from(b"first line\nrest", kind) as (ours, file, theirs):
        assert (file.readline(), file.read(4)) == (b"first line\n", b"rest")
        file.close()
        file.close()
        assert is_open(ours, theirs)


def test_what_was_read_ahead_and_never_asked_for_shuts_the_connection_down():
    with read_from(b"first line\nx") as (ours, file, theirs):
        file.readline()
        file.close()
        assert not is_open(ours, theirs)


def test_what_is_decrypted_already_shuts_the_connection_down():
    with read_from(b"first line\n", Decrypting) as (ours, file, theirs):
        file.readline()
        ours.held = 1
        file.close()
        assert not is_open(ours, theirs)


def test_to_close_it_waits_for_nothing_and_reads_nothing():
    with read_from(b"1\n") as (ours, file, theirs):
        file.readline()
        theirs.sendall(b"!")  # the operating system knows of this one
        file.close()
        assert ours.recv(1) == b"!"


def test_it_takes_no_descriptor_to_shut_a_connection_down(monkeypatch):
    def none_left(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    with read_from(b"first line\nx") as (ours, file, theirs):
        file.readline()
        monkeypatch.setattr(socket, "dup", none_left)
        file.close()
        assert not is_open(ours, theirs)
        assert ours.fileno() >= 0


def test_a_socket_that_is_gone_is_no_error():
    with read_from(b"first line\nx") as (ours, file, _):
        file.readline()
        with socket.socket(fileno=ours.detach()):
            file.close()


def test_it_is_known_when_the_other_side_has_hung_up():
    with read_from(b"x") as (ours, file, theirs):
        theirs.shutdown(socket.SHUT_WR)
        reads = file.raw
        assert (file.read(1), reads.ended) == (b"x", False)
        assert (file.read(1), reads.ended) == (b"", True)
        file.close()
        assert ours.fileno() >= 0


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0  404\r\n", b"HTTP/1.1 200", b"x: 2_0\r\n", b""])
def test_a_line_is_read_as_it_is(line):
    with read_from(line) as (_, file, theirs):
        theirs.shutdown(socket.SHUT_WR)
        assert file.readline(100) == line
        file.close()


@pytest.mark.parametrize("status", [b"2_0_0", b"+200", b"0200", b"20", b"2000", b" ", b"200x"])
def test_a_status_that_is_not_three_digits_is_none(status):
    with read_from(b"HTTP/1.1 " + status + b" OK\r\n") as (_, file, _), pytest.raises(BadStatusLine):
        file.readline(100)
