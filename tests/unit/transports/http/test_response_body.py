import asyncio
import gzip
import random
import time
import tracemalloc
import zlib

import pytest

from spongewatch import InvalidArgument, InvalidType, TransportError
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports import ResponseBody

TEXT = b'{"events": []}' * 3_000


def decoded(data, encoding, limit, size=1_000):
    body = ResponseBody(200, encoding, limit)
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
def test_a_body_is_decoded(encoding, encode):
    assert decoded(encode(TEXT), encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", [None, "gzip", "br"])
def test_an_empty_body_is_empty_in_any_encoding(encoding):
    assert decoded(b"", encoding, 10) == b""
    body = ResponseBody(200, encoding)
    body.feed(b"")
    assert body.finish() == b""


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_pieces_can_have_any_size(size):
    assert decoded(gzip.compress(TEXT), "gzip", len(TEXT), size) == TEXT


def test_the_default_limit_is_that_of_requests():
    body = ResponseBody(200)
    body.feed(bytes(MAX_BODY))
    assert body.finish() == bytes(MAX_BODY)
    with pytest.raises(TransportError, match="too-large"):
        body.feed(b"x")


def test_compressed_data_that_decodes_to_nothing_is_limited():
    empty_blocks = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 1_000
    body = ResponseBody(200, "gzip", 100)
    with pytest.raises(TransportError, match="too-large"):
        body.feed(empty_blocks)


def test_incompressible_data_is_accepted():
    noise = random.Random(1).randbytes(MAX_BODY)
    assert decoded(gzip.compress(noise), "gzip", MAX_BODY, 16_384) == noise


def test_a_body_that_was_too_large_stays_too_large():
    body = ResponseBody(200, None, 10)
    for _ in range(2):
        with pytest.raises(TransportError, match="too-large"):
            body.feed(bytes(11))


@pytest.mark.parametrize("limit", [1.5, True, "10", None])
def test_limit_must_be_an_int(limit):
    with pytest.raises(InvalidType, match="limit must be an int, not "):
        ResponseBody(200, None, limit)


def test_limit_must_not_be_negative():
    with pytest.raises(InvalidArgument, match="limit must be at least 0, not -1"):
        ResponseBody(200, None, -1)


@pytest.mark.parametrize("status", ["200", 200.0, None, True])
def test_status_must_be_an_int(status):
    with pytest.raises(InvalidType, match="status must be an int, not "):
        ResponseBody(status)


@pytest.mark.parametrize(("encoding", "encode"), [(None, bytes), ("gzip", gzip.compress)])
def test_a_body_one_byte_over_the_limit_is_an_error(encoding, encode):
    with pytest.raises(TransportError, match="response body exceeds 41,999 bytes") as caught:
        decoded(encode(TEXT), encoding, len(TEXT) - 1)
    assert caught.value.kind == "too-large"


def test_a_decompression_bomb_takes_little_memory():
    bomb = gzip.compress(bytes(64_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TransportError, match="too-large"):
            decoded(bomb, "gzip", 1_000_000, size=16_384)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("body", "encoding", "detail"),
    [
        (b"not compressed", "gzip", "does not match its Content-Encoding"),
        (gzip.compress(TEXT, mtime=0)[:-9] + b"123456789", "gzip", "does not match its Content-Encoding"),
        (gzip.compress(TEXT, mtime=0)[:-4], "gzip", "is incomplete"),
        (gzip.compress(TEXT, mtime=0) + b"more", "gzip", "does not match its Content-Encoding"),
        (gzip.compress(TEXT, mtime=0) + gzip.compress(TEXT)[:-1], "gzip", "is incomplete"),
        (TEXT, "br", "unsupported content coding br"),
        (TEXT, "gzip, ZSTD", "unsupported content coding zstd"),
        (gzip.compress(TEXT), ",".join(["gzip"] * 6), "more than 5 content codings"),
    ],
)
def test_a_body_that_does_not_match_its_encoding_is_an_error(body, encoding, detail):
    with pytest.raises(TransportError, match=detail) as caught:
        decoded(body, encoding, 1_000_000)
    assert caught.value.kind == "protocol"


@pytest.mark.parametrize("encoding", ["utf-8", "none", "UTF-8, identity", "x-unknown", "iso-8859-1;q=1", ",", " "])
def test_an_unregistered_coding_means_identity(encoding):
    assert decoded(TEXT, encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_several_gzip_members_are_decoded(size):
    members = b"".join(gzip.compress(TEXT[start : start + 10_000]) for start in range(0, len(TEXT), 10_000))
    assert decoded(members, "gzip", len(TEXT), size) == TEXT


def test_several_codings_are_decoded():
    assert decoded(zlib.compress(gzip.compress(TEXT)), "gzip, utf-8, deflate", len(TEXT)) == TEXT


def test_a_nested_decompression_bomb_takes_little_memory():
    bomb = gzip.compress(gzip.compress(bytes(300_000_000), compresslevel=9), compresslevel=9)
    tracemalloc.start()
    try:
        with pytest.raises(TransportError, match="too-large"):
            decoded(bomb, "gzip, gzip", 1_000_000, size=16_384)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_many_members_take_linear_time():
    members = gzip.compress(b"") * 20_000
    start = time.process_time()
    assert decoded(members, "gzip", 10_000_000, len(members)) == b""
    assert time.process_time() - start < 5  # in quadratic time, 4 GB would be copied


FAILURES = [
    (b"not compressed", "gzip", 100),
    (gzip.compress(TEXT)[:-4], "gzip", len(TEXT)),
    (b"\x00", "br", 100),
    (TEXT, None, 10),
]


@pytest.mark.parametrize("status", [101, 204, 301, 401, 404, 429, 503])
@pytest.mark.parametrize(("data", "encoding", "limit"), FAILURES)
def test_a_body_that_fails_is_dropped_unless_the_status_is_200(status, data, encoding, limit):
    with ResponseBody(status, encoding, limit) as body:
        body.feed(data)
    assert body.finish() == b""
    assert body.dropped


@pytest.mark.parametrize(
    "error", [OSError("gone"), TimeoutError(), KeyError("a client's own"), TransportError("reset")]
)
def test_errors_of_the_client_are_dropped_unless_the_status_is_200(error):
    with ResponseBody(429) as body:
        body.feed(b"some of it")
        raise error
    assert (body.finish(), body.dropped) == (b"", True)
    with pytest.raises(type(error)), ResponseBody(200):
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError, SystemExit])
def test_interrupts_and_cancellations_are_raised_for_every_status(error):
    with pytest.raises(error), ResponseBody(401):
        raise error


def test_a_good_body_is_returned_for_every_status():
    with ResponseBody(404, "gzip") as body:
        body.feed(gzip.compress(TEXT))
    assert (body.finish(), body.dropped) == (TEXT, False)
