"""Headers, bodies, statuses and times, in all shapes in which programs write them."""

import json
import time
import zlib
from base64 import b64encode, urlsafe_b64encode
from gzip import compress

import pytest

from spongewatch import Response, TransportError
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports.recordings.foreign.bodies import body_of, is_positive, status_of, with_body
from spongewatch.transports.recordings.foreign.headers import (
    first_of,
    header_pairs,
    headers_of,
    kept_headers,
)
from spongewatch.transports.recordings.foreign.jsonp import without_jsonp
from spongewatch.transports.recordings.foreign.request import CapturedResponse, EntryError, member, text_of
from spongewatch.transports.recordings.foreign.times import duration_of, moment_of

EMPTY = CapturedResponse(TransportError("reset"))
TEXT = '{"echo": "é~~~???"}'
GZIP = compress(TEXT.encode(), mtime=0)
MOMENT = 1793610847.0


def test_keys_are_found_in_any_spelling():
    assert member({"a": {"b": 1}}, "a", "b") == 1
    assert member({"a": [{"b": 1}]}, "a", "b") is None
    assert member(None, "a") is None
    assert [
        member({name: 1}, "recorded_at") for name in ("recordedAt", "RecordedAt", "recorded-at", b"recorded_at")
    ] == [1] * 4
    assert member({"A": 1, "a": 2}, "a") == 2
    assert member({"RecordedAt": 1, **{str(n): n for n in range(100)}}, "recorded_at") is None


@pytest.mark.parametrize(
    ("recorded", "text"), [("é", "é"), ("é".encode(), "é"), (b"\xe9", "é"), (None, None), ([b"x"], [b"x"])]
)
def test_bytes_are_decoded(recorded, text):
    assert text_of(recorded) == text


@pytest.mark.parametrize(
    "headers",
    [
        {"Date": "now", "Retry-After": 7},
        {"DATE": ["now", "later"], "retry-after": ["7"]},
        {b"date": b"now", "retry-after": {"value": "7"}},
        [{"name": "Date", "value": "now"}, {"name": "Retry-After", "value": "7"}],
        [{"Name": "Date", "Value": "now"}, {"Name": "Retry-After", "Value": 7}],
        [{"key": "Date", "value": "now"}, {"key": "Retry-After", "value": "7"}],
        [{"name": "Date", "values": ["now"]}, {"name": "Retry-After", "value": ["7", "8"]}],
        [{"Date": "now"}, {"Retry-After": "7"}],
        [["Date", "now"], ("Retry-After", ["7"])],
        ["Date", "now", "Retry-After", "7"],
        ["Date: now", "Retry-After:7", None, 7, [], {}, ["x"]],
        "HTTP/1.1 200 OK\r\nDate: now\r\nRetry-After: 7\r\n\r\n",
        b"Date: now\nRetry-After: 7",
    ],
)
def test_headers_are_read_in_any_shape(headers):
    assert kept_headers(first_of(headers_of({"headers": headers}))) == {"date": "now", "retry-after": "7"}


@pytest.mark.parametrize("headers", [None, 7, "", [], {}, [None], {"date": None}, {7: "x"}, {"date": True}, ["a"]])
def test_missing_headers_are_read_in_any_shape(headers):
    assert list(header_pairs(headers)) == []


def test_headers_can_be_split_into_several_objects():
    message = {"RequestHeaders": {"Date": "now"}, "content_headers": {"x": 1e300}, "headersSize": 9}
    assert headers_of(message) == [("date", "now"), ("x", "")]
    assert headers_of(None) == []


def test_very_long_headers_are_dropped():
    assert kept_headers({"date": "x" * 8193, "retry-after": "x" * 8192}) == {"retry-after": "x" * 8192}


@pytest.mark.parametrize("status", [200, 200.0, "200", "200 OK", "HTTP/1.1 200 OK", " 200", b"200", "200.0"])
def test_statuses_are_read_in_any_shape(status):
    assert status_of(status) == 200


@pytest.mark.parametrize(
    "status",
    [None, 0, -1, -2, "-2", "", "0", 99, 600, "600", True, 20.5, float("nan"), float("inf"), "2\x1b", [[]], {}],
)
def test_other_values_are_no_status(status):
    assert status_of(status) is None


@pytest.mark.parametrize(("size", "positive"), [(181, True), ("181", True), (1.5, True), (0, False), ("0", False)])
def test_sizes_are_numbers_or_strings(size, positive):
    assert is_positive(size) is positive
    assert not any(map(is_positive, [None, "", -1, "x", [], True]))


@pytest.mark.parametrize(
    ("recorded", "encoding", "body"),
    [
        (None, None, b""),
        (b"\xff", None, b"\xff"),
        (TEXT, None, TEXT.encode()),
        ("plain", None, b"plain"),
        ("\ud800", None, b"\xed\xa0\x80"),
        (b64encode(TEXT.encode()).decode(), "base64", TEXT.encode()),
        (b64encode(TEXT.encode()).decode(), "BASE64 ", TEXT.encode()),
        (urlsafe_b64encode(TEXT.encode()).decode().rstrip("="), "base64", TEXT.encode()),
        (
            b64encode(TEXT.encode()).decode()[:9] + "\r\n" + b64encode(TEXT.encode()).decode()[9:],
            "base64",
            TEXT.encode(),
        ),
        (TEXT, "base64", TEXT.encode()),
        ("\ufeff" + TEXT, "base64", ("\ufeff" + TEXT).encode()),
        (b64encode(TEXT.encode()).decode(), None, TEXT.encode()),
        (b64encode(GZIP).decode(), None, GZIP),
        (b64encode(b"plain").decode(), None, b64encode(b"plain")),
        (GZIP.decode("latin-1"), None, GZIP),
        ("\x1f\x8b\u0100", None, "\x1f\x8b\u0100".encode()),
        (json.dumps([b64encode(GZIP[:9]).decode(), b64encode(GZIP[9:]).decode()]), "base64", GZIP),
        ([b64encode(GZIP[:9]).decode(), b64encode(GZIP[9:]).decode()], "base64", GZIP),
        (json.dumps([GZIP[:9].hex(), GZIP[9:].hex()]), None, GZIP),
        (json.dumps([GZIP[:9].hex(), GZIP[9:].hex()]), "base64", GZIP),
        (json.dumps([b64encode(GZIP).decode()]), None, GZIP),
        (json.dumps(["cafe", "babe"]), "base64", b"q\xa7\xdem\xa6\xde"),
        (GZIP.hex(), "hex", GZIP),
        ('["{", "}"]', None, b"{}"),
        ("[]", None, b""),
        ("[1]", None, b"[1]"),
        ("[" * 100_000, None, b"[" * 100_000),
    ],
)
def test_bodies_are_read_in_any_shape(recorded, encoding, body):
    assert body_of(recorded, encoding=encoding) == body


@pytest.mark.parametrize(
    ("recorded", "encoding"),
    [(7, None), ({}, None), ([1], None), ("w6k=!", "base64"), ("w", "base64"), ('["!"]', "base64")],
)
def test_other_values_are_no_body(recorded, encoding):
    with pytest.raises(EntryError, match="its body is not"):
        body_of(recorded, encoding=encoding)


def with_(body, status=200, **headers):
    return with_body(EMPTY, status, headers, body)


@pytest.mark.parametrize(
    ("recorded", "body"),
    [
        (compress(b"{}", mtime=0), b"{}"),
        (zlib.compress(b"{}"), b"{}"),
        (b"{}", b"{}"),
        (b"x", b"x"),
        (compress(b"{}", mtime=0)[:-3], compress(b"{}", mtime=0)[:-3]),
        (b"", b""),
        (b"cb({})", b"{}"),
        (compress(b"cb({})", mtime=0), b"{}"),
    ],
)
def test_bodies_are_decompressed_by_their_first_bytes(recorded, body):
    for coding in ("gzip", "identity", "deflate"):
        assert with_(recorded, **{"content-encoding": coding}).response.body == body


@pytest.mark.parametrize("body", [compress(b"\0" * (MAX_BODY + 1), mtime=0), b"\0" * (MAX_BODY + 1)])
def test_a_body_that_is_too_large_is_an_error(body):
    assert with_(body).response.kind == "too-large"


@pytest.mark.parametrize(
    ("body", "extra"),
    [
        (b"{}", 0),
        (compress(b"{}", mtime=0), 2),
        (compress(b"{}", mtime=0)[:-3], MAX_BODY),
        (compress(b"\0" * (MAX_BODY + 1), mtime=0), MAX_BODY),
    ],
)
def test_decompressed_bytes_count(body, extra):
    assert with_(body).extra == extra


def test_a_304_with_a_body_counts_as_200():
    assert with_(b"{}", 304).response == Response(200, {}, b"{}")
    assert with_(b"", 304).response == Response(304)


@pytest.mark.parametrize(
    ("body", "headers", "coding"),
    [
        (b"\x1b\x02\x00\xf8", {"content-encoding": "br"}, "Brotli"),
        (b"\x8b\x02\x80{}", {"content-encoding": "gzip, BR"}, "Brotli"),
        (b"\x28\xb5\x2f\xfd\x04", {}, "zstd"),
    ],
)
def test_unsupported_codings_are_named(body, headers, coding):
    read = with_(body, **headers)
    assert read.missing.startswith(f"contains response bodies in {coding}, which is not supported; ")
    assert str(read.response) == "protocol: the recording does not contain the response body"


def test_a_decoded_body_may_still_be_labeled_brotli():
    for body in (b"{}", b"", b"cb(\t{'x'})", b"  {}"):
        assert with_(body, **{"content-encoding": "br"}).response.status == 200


@pytest.mark.parametrize(
    "text",
    [
        'cb({"a": ")"})',
        'jQuery1102_17({"a": ")"});',
        '/**/ angular.callbacks._0({"a": ")"})\n',
        '/**/typeof cb === \'function\' && cb({"a": ")"});',
        'typeof a.b == "function" && a.b({"a": ")"}) ;',
        '\ufeff\r\n $_[0]["x"][\'y\'] ( {"a": ")"} )',
    ],
)
def test_jsonp_is_unwrapped(text):
    assert without_jsonp(text.encode()).strip() == b'{"a": ")"}'


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "cb()", "cb([])", 'cb("{}")', "cb({}", "cb{})", "cb({}) + 1", "cb({}); x()", "x(); cb({})", "cb({}, 1)",
        "cb({});cb({})", "cb({a: 1})", "cb({}}", "new cb({})", "if(1)cb({})", "cb.({})", "cb[x]({})", "cb[({})", "1cb({})",
        "(cb)({})", "({})", "var x = cb({})", "typeof a === 'function' && b({})", "// cb({})", "while(1);cb({})",
        "cb({}) // x", "cb(" + '{"a":' * 100_000 + "1" + "}" * 100_000 + ")", "<cb({})>", "c" * 300 + "({})",
        "a" + ".b" * 10 + "({})",
    ],
)  # fmt: skip
def test_other_bodies_are_not_unwrapped(text):
    assert without_jsonp(text.encode()) == text.encode()


@pytest.mark.parametrize(
    "recorded",
    [
        "2026-11-02T09:14:07.000Z",
        "2026-11-02T09:14:07.0000000Z",
        "2026-11-02T09:14:07",
        "2026-11-02T09:14:07+00:00",
        "2026-11-02T10:14:07.000+0100",
        "2026-11-02 09:14:07",
        "2026-11-02 09:14:07 UTC",
        "2026-11-02 09:14:07 GMT",
        "2026-11-02 09:14:07.000000000 Z",
        "2026-11-02 10:14:07.000000000 +01:00",
        " 20261102T091407Z ",
        "Mon, 02 Nov 2026 09:14:07 GMT",
        "Mon, 02 Nov 2026 09:14:07 -0000",
        "Mon, 02 Nov 2026 09:14:07",
        "Mon, 02 Nov 2026 04:14:07 -0500",
        "Mon Nov 02 2026 10:14:07 GMT+0100 (Central European Standard Time)",
        "Mon Nov 02 2026 09:14:07 GMT+0000",
        1793610847,
        1793610847.0,
        1793610847000,
        "1793610847",
        "1793610847000.0",
        b"2026-11-02T09:14:07Z",
    ],
)
def test_times_are_read_in_any_shape_and_are_utc_by_default(monkeypatch, recorded):
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert moment_of(recorded, "x") == MOMENT
    time.tzset()


def test_missing_times_are_none():
    assert moment_of(None, "x") is moment_of("", "x") is None


@pytest.mark.parametrize(
    "recorded",
    [
        "yesterday", 7, True, [], {"a": 1}, "2026-11-02T25:00:00Z", "2026-11-02 09:14:07 " + "x" * 100,
        "Mon, 99 Nov 2026 09:14:07 GMT", "\x1b", 10**400, float("nan"), 1e15, "Xxx Yyy 99 2026 99:99:99 GMT+0000",
        "Mon, 02 Nov 2026 09:14:07 " * 100,
    ],
)  # fmt: skip
def test_invalid_times_are_refused(recorded):
    with pytest.raises(
        EntryError, match="^its started must be a time such as 2026-11-02T09:14:07.250Z, not "
    ) as caught:
        moment_of(recorded, "started")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("recorded", "seconds"),
    [
        (90.5, 0.0905), ("90.5", 0.0905), (b"90", 0.09), ("90.5ms", 0.0905), ("1m2.5s", 62.5), ("1h0m0s", 3600),
        ("850\u00b5s", 0.00085), ("850us", 0.00085), ("0s", 0), (None, 0), ("", 0), (-1, 0), (-2e9, 0), ("-1", 0),
    ],
)  # fmt: skip
def test_durations_are_read_in_any_shape(recorded, seconds):
    assert duration_of(recorded, "time") == pytest.approx(seconds)


@pytest.mark.parametrize(
    "recorded",
    [float("nan"), float("inf"), 10**400, 1e13, True, [1], "x", "1 s", "s1", "1x", "1s" * 100, "9" * 99 + "h"],
)
def test_invalid_durations_are_refused(recorded):
    with pytest.raises(EntryError, match="^its time must be a number of milliseconds, not "):
        duration_of(recorded, "time")
