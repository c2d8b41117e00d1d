"""Parsing responses from pieces of bytes, without a network."""

import gzip

import pytest

from spongewatch import Response, TransportError
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports.http.response_parser import ResponseParser

GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"


@pytest.fixture
def parser():
    made = ResponseParser()
    yield made
    made.close()


def parsed(parser, *pieces, head_only=False, max_body=MAX_BODY, end=None):
    """Return the result of feeding the pieces, and then the end of the stream unless `end` is None."""
    parser.start(head_only=head_only, max_body=max_body)
    complete = any(parser.feed(memoryview(piece)) for piece in pieces)
    if end is not None and not complete:
        parser.end(clean=end)
    return parser.result()


def parts(response):
    return response.status, dict(response.headers), response.body


def test_headers_are_in_lower_case_joined_and_stripped(parser):
    head = b"HTTP/1.1 200 OK\r\nX-Seen:  a \t\r\nContent-Length: 2 \r\nx-seen: \xe9\r\nEmpty:\r\n\r\n[]"
    expected = {"x-seen": "a, \xe9", "content-length": "2", "empty": ""}
    assert parts(parsed(parser, head)) == (200, expected, b"[]")


def test_a_response_may_have_no_headers(parser):
    assert parts(parsed(parser, b"HTTP/1.1 204 No Content\r\n\r\n")) == (204, {}, b"")
    assert parser.reusable


@pytest.mark.parametrize(
    "response", [GOOD, INTERIM + GOOD, CHUNKED + b"2\r\n[]\r\n0\r\nx: y\r\n\r\n", GOOD.replace(b"1.1", b"1.0")]
)
def test_the_size_of_the_pieces_does_not_matter(parser, response):
    whole = parts(parsed(parser, response))
    bytewise = ResponseParser()
    assert parts(parsed(bytewise, *(bytes([byte]) for byte in response))) == whole
    assert bytewise.reusable is parser.reusable


def test_one_parser_reads_many_responses(parser):
    for body in (b"1", b"22", b""):
        response = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        assert parsed(parser, response).body == body
        assert parser.reusable


@pytest.mark.parametrize(
    ("response", "reusable"),
    [
        (GOOD, True),
        (CHUNKED + b"0\r\n\r\n", True),
        (GOOD.replace(b"content", b"connection: close\r\ncontent"), False),
        (GOOD.replace(b"1.1", b"1.0"), False),
        (GOOD.replace(b"1.1", b"1.0").replace(b"content", b"connection: keep-alive\r\ncontent"), True),
        (CHUNKED.replace(b"1.1 200 OK", b"1.0 200 OK\r\nconnection: keep-alive") + b"0\r\n\r\n", False),
        (GOOD + b"x", False),
        (GOOD + GOOD, False),
        (GOOD + INTERIM, False),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", False),
        (b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nabc", False),
    ],
)
def test_a_connection_is_reusable_only_if_nothing_follows_its_response(parser, response, reusable):
    assert isinstance(parsed(parser, response), Response)
    assert parser.reusable is reusable


def test_a_second_response_does_not_change_the_first(parser):
    other = b"HTTP/1.1 404 Not Found\r\nx: y\r\ncontent-length: 1\r\n\r\n1"
    assert parts(parsed(parser, GOOD + other)) == (200, {"content-length": "2"}, b"[]")


def test_a_response_to_head_ends_with_its_headers(parser):
    assert parts(parsed(parser, GOOD[:-2], head_only=True)) == (200, {"content-length": "2"}, b"")
    assert not parser.reusable


def test_bytes_after_the_response_to_connect_are_ignored(parser):
    assert parsed(parser, b"HTTP/1.0 200 Connection established\r\n\r\nabc", head_only=True, max_body=0).body == b""


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\n\r\n[]", b"HTTP/1.0 200 OK\r\n\r\n[]"])
def test_only_a_clean_end_of_the_stream_ends_a_body_without_a_length(parser, data):
    assert parsed(parser, data, end=True).body == b"[]"
    assert not parser.reusable
    error = parsed(ResponseParser(), data, end=False)
    assert str(error) == "reset: connection closed before the response was complete"


@pytest.mark.parametrize("data", [b"", GOOD[:3], GOOD[:20], GOOD[:-1], INTERIM, CHUNKED, CHUNKED + b"2\r\n[]\r\n0"])
def test_an_early_end_of_the_stream_is_an_error(parser, data):
    error = parsed(parser, *([data] if data else []), end=True)
    assert error.kind == "reset"
    assert error.detail == "connection closed " + ("before the response was complete" if data else "without a response")
    assert not parser.reusable


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"220 mail.example ESMTP\r\n", "protocol: invalid HTTP response"),
        (GOOD.replace(b"1.1", b"2.0"), "protocol: invalid HTTP response"),
        (INTERIM + GOOD.replace(b"1.1", b"2.0"), "protocol: invalid HTTP response"),
        (GOOD.replace(b": 2", b": +2"), "protocol: invalid HTTP response"),
        (GOOD.replace(b"200", b"999"), "protocol: invalid status 999; must be between 100 and 599"),
        (CHUNKED.replace(b": ch", b": gzip, ch"), "protocol: invalid Content-Length or Transfer-Encoding"),
        (GOOD.replace(b"c", b"content-encoding: br\r\nc", 1), "protocol: unsupported content coding br"),
        (
            GOOD.replace(b"c", b"content-encoding: gzip\r\nc", 1),
            "protocol: response body does not match its Content-Encoding",
        ),
    ],
)
def test_an_invalid_response_is_an_error_without_a_traceback(parser, data, message):
    error = parsed(parser, data)
    assert str(error).startswith(message)
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)
    assert not parser.reusable


def test_incomplete_compressed_data_is_an_error(parser):
    packed = gzip.compress(b"[]")[:-9]
    head = b"HTTP/1.1 %d OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
    error = parsed(parser, head % (200, len(packed)) + packed)
    assert str(error) == "protocol: compressed response body is incomplete"
    assert error.__traceback__ is None
    assert parsed(parser, head % (503, len(packed)) + packed).body == b""
    assert not parser.reusable


@pytest.mark.parametrize(
    "fail",
    [
        lambda parser: parser.feed(memoryview(b"3 is not a chunk size")),
        lambda parser: parser.feed(memoryview(b"9\r\ntoo large\r\n")),
        lambda parser: parser.end(clean=True),
        lambda parser: parser.fail(TransportError("timeout")),
    ],
)
def test_a_status_other_than_200_needs_no_body(parser, fail):
    parser.start(head_only=False, max_body=5)
    parser.feed(memoryview(CHUNKED.replace(b"200 OK", b"401 Unauthorized\r\nretry-after: 7")))
    fail(parser)
    response = parser.result()
    assert (response.status, response.headers["retry-after"], response.body) == (401, "7", b"")
    assert not parser.reusable


def headers_of(size):
    start, end = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: ", b"\r\n\r\n"
    return start + b"y" * (size - len(start) - len(end)) + end


@pytest.mark.parametrize("piece", [1_000, 65_536])
@pytest.mark.parametrize(("size", "kind"), [(65_536, None), (65_537, "too-large")])
def test_headers_are_limited_to_64_kib(parser, size, kind, piece):
    data = headers_of(size) + b"[]"
    result = parsed(parser, *(data[start : start + piece] for start in range(0, len(data), piece)))
    assert getattr(result, "kind", None) == kind


def test_interim_responses_count_towards_the_limit(parser):
    data = INTERIM * 1_000 + headers_of(40_000) + b"[]"
    assert parsed(parser, *(data[start : start + 1_000] for start in range(0, len(data), 1_000))).kind == "too-large"


def test_the_limit_starts_again_after_each_chunk(parser):
    extended = b"1;" + b"x" * 60_000 + b"\r\ny\r\n"
    data = headers_of(60_000).replace(b"content-length: 2", b"transfer-encoding: chunked") + 3 * extended + b"0\r\n\r\n"
    assert parsed(parser, *(data[start : start + 1_000] for start in range(0, len(data), 1_000))).body == b"yyy"
