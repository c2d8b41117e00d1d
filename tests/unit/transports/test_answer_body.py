import gzip
import io
import tracemalloc
import zlib

import pytest
from urllib3 import HTTPResponse

from spongewatch import TransportError
from spongewatch.transports.answer_body import read_body

TEXT = b'{"events": []}' * 3_000


def answer(body, encoding=None):
    headers = {} if encoding is None else {"content-encoding": encoding}
    return HTTPResponse(io.BytesIO(body), headers, 200, preload_content=False)


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
    assert read_body(answer(encode(TEXT), encoding), len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", [None, "gzip", "br"])
def test_an_empty_body_is_empty_in_any_encoding(encoding):
    assert read_body(answer(b"", encoding), 10) == b""


@pytest.mark.parametrize(("encoding", "encode"), [(None, bytes), ("gzip", gzip.compress)])
def test_a_body_one_byte_too_large_is_refused(encoding, encode):
    with pytest.raises(TransportError, match="more than 41,999 bytes") as caught:
        read_body(answer(encode(TEXT), encoding), len(TEXT) - 1)
    assert caught.value.kind == "too-large"


def test_what_inflates_without_end_is_left_early():
    bomb = gzip.compress(bytes(64_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TransportError, match="too-large"):
            read_body(answer(bomb, "gzip"), 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("body", "encoding", "detail"),
    [
        (b"not compressed", "gzip", "not in the content encoding"),
        (gzip.compress(TEXT)[:-9] + b"123456789", "gzip", "not in the content encoding"),
        (gzip.compress(TEXT)[:-4], "gzip", "ends too soon"),
        (gzip.compress(TEXT) + b"more", "gzip", "bytes behind its end"),
        (TEXT, "br", "not asked for"),
        (gzip.compress(gzip.compress(TEXT)), "gzip, gzip", "not asked for"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(body, encoding, detail):
    with pytest.raises(TransportError, match=detail) as caught:
        read_body(answer(body, encoding), 1_000_000)
    assert caught.value.kind == "protocol"
