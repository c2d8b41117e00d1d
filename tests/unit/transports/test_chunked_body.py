from io import BufferedReader, BytesIO

import pytest

from spongewatch import TransportError
from spongewatch.transports.chunked_body import ChunkedBody


def body(data):
    return ChunkedBody(BufferedReader(BytesIO(data)))


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"0\r\n\r\n", b""),
        (b"2\r\n{}\r\n0\r\n\r\n", b"{}"),
        (b'D\r\n{"events":[]}\r\n000\r\n\r\n', b'{"events":[]}'),
        (b"2;name=value;other\r\n{}\r\n0;last\r\n\r\n", b"{}"),
        (b"2 ; x\r\n{}\r\n1  \r\n\n\r\n0\r\n\r\n", b"{}\n"),
        (b"2\r\n\r\n\r\n0\r\nx-trailer: 1\r\ny:\r\n\r\n", b"\r\n"),
        (b"18000\r\n" + b"x" * 98_304 + b"\r\n0\r\n\r\n", b"x" * 98_304),
    ],
)
def test_a_body_is_put_together(data, whole):
    read = body(data)
    assert (read.read(), read.over, read.read(), read.read(9)) == (whole, True, b"", b"")


def test_it_is_read_piece_by_piece_and_no_further_than_its_end():
    file = BufferedReader(BytesIO(b"4\r\n0123\r\n4\r\n4567\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"))
    read = ChunkedBody(file)
    assert [read.read(size) for size in (3, 0, 3, 2)] == [b"012", b"", b"345", b"67"]
    assert not read.over
    assert (read.read(1), read.over, file.read()) == (b"", True, b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        *(
            (size + b"\r\n" + b"x" * 13 + b"\r\n0\r\n\r\n", "the size of a chunk of the answer can't be read")
            for size in (b"0x0d", b"0_d", b"-d", b"+d", b" d", b"", b"d x", b";x", b"g", b"d" * 16, b"d;\r", b"d;a\nb")
        ),
        (b"2\n{}\r\n0\r\n\r\n", "the size of a chunk of the answer can't be read"),
        (b"2;" + b"x" * 70_000 + b"\r\n{}\r\n0\r\n\r\n", "the size of a chunk of the answer can't be read"),
        (b"2\r\n{}XX0\r\n\r\n", "a chunk of the answer is longer than it says"),
        (b"2\r\n{}\n0\r\n\r\n", "a chunk of the answer is longer than it says"),
        (b"2\r\n{}0\r\n\r\n", "a chunk of the answer is longer than it says"),
        (b"0\r\nHTTP/1.1 200 OK\r\n\r\n", "a trailer of the answer can't be read"),
        (b"0\r\n folded: 1\r\n\r\n", "a trailer of the answer can't be read"),
        (b"0\r\nx: y\n\r\n", "a trailer of the answer can't be read"),
        (b"0\r\n\n", "a trailer of the answer can't be read"),
    ],
)
def test_what_is_not_framed_to_the_letter_is_no_body(data, detail):
    with pytest.raises(TransportError) as caught:
        body(data).read()
    assert (caught.value.kind, caught.value.detail) == ("protocol", detail)


@pytest.mark.parametrize(
    "data",
    [b"", b"2", b"2\r\n", b"2\r\n{", b"2\r\n{}", b"2\r\n{}\r", b"2\r\n{}\r\n", b"0\r\n", b"0\r\nx: y\r\n", b"0\r\nx"],
)
def test_what_breaks_off_is_no_body(data):
    with pytest.raises(TransportError, match="^reset: the answer broke off$"):
        body(data).read()
