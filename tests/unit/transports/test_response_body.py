import gzip
import random
import tracemalloc
import zlib

import pytest

from spongewatch import MAX_BODY, LocalProtocolError, TransportError
from spongewatch.transports import AnswerBody

TEXT = b'{"events": []}' * 3_000


def whole(data, encoding, limit, size=1_000):
    body = AnswerBody(encoding, limit)
    for start in range(0, len(data), size):
        body.feed(data[start : start + size])
    return body.finish()


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        (None, bytes),
        ("", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        (" GZIP ", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
    ],
)
def test_a_body_comes_without_its_encoding(encoding, encode):
    assert whole(encode(TEXT), encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", [None, "gzip", "br"])
def test_an_empty_body_is_empty_in_any_encoding(encoding):
    assert whole(b"", encoding, 10) == b""
    body = AnswerBody(encoding)
    body.feed(b"")
    assert body.finish() == b""


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_the_pieces_may_be_of_any_size(size):
    assert whole(gzip.compress(TEXT), "gzip", len(TEXT), size) == TEXT


def test_a_body_is_as_large_as_an_answer_may_be_unless_something_else_is_said():
    body = AnswerBody()
    body.feed(bytes(MAX_BODY))
    assert body.finish() == bytes(MAX_BODY)
    with pytest.raises(TransportError, match="too-large"):
        body.feed(b"x")


def test_what_inflates_to_nothing_has_an_end_too():
    empty_blocks = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 1_000
    body = AnswerBody("gzip", 100)
    with pytest.raises(TransportError, match="too-large"):
        body.feed(empty_blocks)


def test_what_does_not_get_smaller_by_compressing_is_taken():
    noise = random.Random(1).randbytes(MAX_BODY)
    assert whole(gzip.compress(noise), "gzip", MAX_BODY, 16_384) == noise


def test_what_was_too_large_stays_so():
    body = AnswerBody(None, 10)
    for _ in range(2):
        with pytest.raises(TransportError, match="too-large"):
            body.feed(bytes(11))


@pytest.mark.parametrize("limit", [-1, 1.5, True, "10", None])
def test_a_limit_is_a_number_of_bytes(limit):
    with pytest.raises(LocalProtocolError, match="a limit is a number of bytes, not "):
        AnswerBody(None, limit)


@pytest.mark.parametrize(("encoding", "encode"), [(None, bytes), ("gzip", gzip.compress)])
def test_a_body_one_byte_too_large_is_refused(encoding, encode):
    with pytest.raises(TransportError, match="more than 41,999 bytes") as caught:
        whole(encode(TEXT), encoding, len(TEXT) - 1)
    assert caught.value.kind == "too-large"


def test_what_inflates_without_end_is_left_early():
    bomb = gzip.compress(bytes(64_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TransportError, match="too-large"):
            whole(bomb, "gzip", 1_000_000, size=16_384)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("body", "encoding", "detail"),
    [
        (b"not compressed", "gzip", "not in the content encoding"),
        (gzip.compress(TEXT, mtime=0)[:-9] + b"123456789", "gzip", "not in the content encoding"),
        (gzip.compress(TEXT, mtime=0)[:-4], "gzip", "ends too soon"),
        (gzip.compress(TEXT, mtime=0) + b"more", "gzip", "bytes behind its end"),
        (TEXT, "br", "not asked for"),
        (gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0), "gzip, gzip", "not asked for"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(body, encoding, detail):
    with pytest.raises(TransportError, match=detail) as caught:
        whole(body, encoding, 1_000_000)
    assert caught.value.kind == "protocol"
