import time
import zlib
from base64 import b64encode
from datetime import UTC, datetime
from gzip import compress
from pathlib import Path

import pytest

from spongewatch import MAX_BODY, Credentials, PollPolicy, Response, TransportError
from spongewatch.transports import RecordingError
from spongewatch.transports.captured import (
    Captured,
    CapturedAnswer,
    CapturedRequest,
    EntryError,
    answer_of,
    body_of,
    headers_of,
    member,
    seconds_of,
    text_of,
)

PATH = Path("browser.har")
PASSWORD = "p+/%: é"
LOGIN = Credentials("key", PASSWORD).basic()


def poll(sent=None, took=0.0, answer=None, *, url="http://a/events/7", method="GET", authorization=()):
    found = Response(200) if answer is None else answer
    values = [authorization] if isinstance(authorization, str | bytes) else authorization
    headers = [("Cookie", "a=b"), *(("Authorization", value) for value in values)]
    return CapturedRequest(method, url, headers, lambda: CapturedAnswer(sent, took, found))


def captured(*requests, import_id=None, **arguments):
    return Captured(PATH, requests, import_id, word="entry", **arguments)


def times(*requests, **arguments):
    return [(exchange.sent, exchange.came) for exchange in captured(*requests, **arguments).entries()]


def statuses(*requests, **arguments):
    return [exchange.answer.status for exchange in captured(*requests, **arguments).entries()]


def problem_of(*requests, **arguments):
    with pytest.raises(RecordingError) as caught:
        captured(*requests, **arguments)
    assert str(caught.value).startswith("browser.har: ")
    assert str(caught.value).isprintable()
    return caught.value.problem


def refuse():
    raise EntryError("is odd")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.cloudsponge.com/events/7",
        "https://api.cloudsponge.com/events/7.json",
        "http://127.0.0.1:8080/events/7.xml?echo=1&_=2#top",
        "/proxy/v1/events/7.json",
        "https://user@host/a/events/7",
    ],
)
@pytest.mark.parametrize("method", ["GET", "get"])
def test_a_poll_is_known_by_its_path_whatever_is_around_it(url, method):
    assert captured(poll(url=url, method=method)).import_id == "7"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "http://a/events/7"),
        ("OPTIONS", "http://a/events/7"),
        (None, "http://a/events/7"),
        ("GET", None),
        ("GET", "http://a/contacts/7.json"),
        ("GET", "http://a/events/"),
        ("GET", "http://a/events/.json"),
        ("GET", "http://a/events/7/contacts"),
        ("GET", "http://a/events/7.csv"),
        ("GET", "http://a/events/0"),
        ("GET", "http://a/events/" + "7" * 65),
        ("GET", "http://a/?q=/events/7"),
        ("GET", "http://[/events/7"),
    ],
)
def test_all_else_is_passed_over_unread(method, url):
    other = CapturedRequest(method, url, [], refuse)
    assert statuses(other, poll()) == [200]
    assert problem_of(other) == "holds no poll of an import, that is GET .../events/ID"


def test_the_only_import_is_taken_and_of_several_the_one_that_is_wanted():
    both = [poll(url="http://a/events/8", answer=Response(500)), poll()]
    assert statuses(*both, import_id="7") == [200]
    assert captured(*both, import_id="8").import_id == "8"
    assert problem_of(*both) == "holds polls of 2 imports: 8, 7; say which with --import-id"
    assert problem_of(*both, import_id="9") == "holds no poll of import 9, but of 8, 7"


def test_of_many_imports_the_first_are_listed():
    many = [poll(url=f"http://a/events/{number}") for number in range(1, 40)]
    listed = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 29 more"
    assert problem_of(*many) == f"holds polls of 39 imports: {listed}; say which with --import-id"


def test_what_is_odd_in_another_import_does_not_matter():
    assert statuses(CapturedRequest("GET", "http://a/events/8", [], refuse), poll(), import_id="7") == [200]


def test_what_is_odd_is_told_with_its_number_in_the_file():
    other = poll(url="http://a/")
    assert problem_of(other, poll(), CapturedRequest("GET", "http://a/events/7", [], refuse)) == "entry 3: is odd"


def test_times_count_from_the_first_poll_in_whole_milliseconds():
    assert times(poll(1793610847.2504, 0.1236), poll(1793610848.5, 0.25)) == [(0.0, 0.124), (1.25, 1.5)]


def test_without_times_polls_come_at_the_cadence_of_the_policy():
    assert times(poll(), poll(), poll()) == [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]
    assert times(poll(), poll(100), poll(), poll(103.5)) == [(0.0, 0.0), (0.0, 0.0), (1.0, 1.0), (3.5, 3.5)]


def test_time_never_goes_back():
    assert times(poll(10), poll(12), poll(9), poll(11), poll(13)) == [(n, n) for n in (0.0, 2.0, 2.0, 2.0, 3.0)]


def test_by_time_polls_are_in_the_order_in_which_they_left_and_else_in_that_of_the_file():
    requests = [poll(12, answer=Response(503)), poll(10), poll(12, answer=Response(504))]
    assert statuses(*requests) == [503, 200, 504]
    assert statuses(*requests, by_time=True) == [200, 503, 504]
    assert times(*requests, by_time=True) == [(0.0, 0.0), (2.0, 2.0), (2.0, 2.0)]


@pytest.mark.parametrize(
    ("sent", "took"), [(1e9 + 11, 0), (10, 1e9 + 1), (10, -0.1), (10, float("nan")), (10, float("inf"))]
)
def test_no_poll_is_thirty_years_late_or_long(sent, took):
    assert problem_of(poll(10), poll(sent, took)).startswith("entry 2: its times can't be: ")


def test_a_recording_ends_by_itself_so_no_budget_ends_it():
    assert captured(poll()).policy == PollPolicy.from_json({})


def query(password):
    return "http://a/events/7?domain_key=key&domain_password=" + "".join(f"%{byte:02x}" for byte in password.encode())


@pytest.mark.parametrize(
    "sender",
    [
        poll(authorization=LOGIN),
        poll(authorization="  basic   " + LOGIN.removeprefix("Basic ")),
        poll(authorization="Basic " + b64encode(f"key:{PASSWORD}".encode("latin-1")).decode()),
        poll(url=query(PASSWORD)),
        poll(url="http://key:p+%2F%25%3A%20%C3%A9@a/events/7"),
        poll(authorization=LOGIN.encode()),
        poll(authorization=["", LOGIN, "Bearer x"]),
        poll(url=query("other") + "&" + query(PASSWORD).partition("?")[2] + "&domain_password="),
        poll(url="http://a/events/7?domain_key=key&domain_password=p%2B%2F%25%3A+%E9"),
        poll(url="http://key:p+%2F%25%3A%20%E9@a/events/7"),
        poll(url="http://a/events/7?domain_key=key&domain_password=p+%2F%25%3A%20é"),
    ],
)
def test_passwords_that_any_poll_carries_are_taken_out_of_every_answer(sender):
    echoes = Response(
        200, {"content-type": f"text/{PASSWORD}"}, f'{{"echo": "{PASSWORD}", "sent": "{LOGIN}"}}'.encode()
    )
    error = TransportError("reset", f"after {PASSWORD}")
    first, second, _ = (
        exchange.answer for exchange in captured(poll(answer=echoes), poll(answer=error), sender).entries()
    )
    assert first == Response(200, {"content-type": "text/******"}, b'{"echo": "******", "sent": "Basic ******"}')
    assert second.detail == "after ******"


def test_the_name_of_a_header_may_be_bytes_too():
    request = CapturedRequest("GET", "http://a/events/7", [(b"Authorization", LOGIN)], poll().read)
    answer = Response(200, {}, PASSWORD.encode())
    assert [exchange.answer.body for exchange in captured(request, poll(answer=answer)).entries()] == [b"", b"******"]


def test_a_token_that_is_no_pair_is_a_secret_as_it_stands():
    (exchange,) = captured(poll(answer=Response(200, {}, b"a b****d"), authorization="Basic b****d")).entries()
    assert exchange.answer.body == b"a ******"


@pytest.mark.parametrize("authorization", ["", "Basic", "Bearer events", "Basic " + b64encode(b"events:").decode()])
def test_without_a_password_nothing_is_taken_out(authorization):
    (exchange,) = captured(poll(answer=Response(200, {}, b'{"events": []}'), authorization=authorization)).entries()
    assert exchange.answer.body == b'{"events": []}'


def test_passwords_that_no_watch_has_are_refused_before_they_are_searched_for():
    assert (
        problem_of(poll(), poll(url=query("x" * 300))) == "entry 2: it carries credentials of more than 256 characters"
    )
    passwords = [poll(url=query(f"password-{number}")) for number in range(3)]
    assert problem_of(*passwords) == "entry 3: it carries the third password in the file, and a watch has one"


def test_a_url_that_no_poll_has_is_not_searched():
    for url in ("http://a/events/7?" + "a&" * 5000, f"http://{'%41' * 5000}@a/events/7"):
        assert problem_of(poll(url=url)) == "entry 1: its url has more than 8,192 characters"


def test_backslashes_in_all_forms_are_searched_at_once():
    """Such a file of 755 bytes used to take 36 seconds."""
    body = compress(b"\\" * MAX_BODY, mtime=0)
    before = time.process_time()
    (exchange,) = captured(poll(answer=answer_of(200, {}, body), url=query("\\" * 250))).entries()
    assert time.process_time() - before < 1
    assert exchange.answer.body.startswith(b"******")


def test_all_bodies_together_are_bounded():
    large = poll(answer=Response(200, {}, b"x" * MAX_BODY))
    assert len(statuses(*[large] * 8)) == 8
    assert problem_of(*[large] * 8, poll(answer=Response(200, {}, b"x"))) == (
        "entry 9: the bodies up to here have more than 8,388,608 bytes"
    )


@pytest.mark.parametrize(
    "answer",
    [
        TransportError("too-large", "the body of the answer has more than 1,048,576 bytes"),
        Response(200, {}, b"secret" * (MAX_BODY // 6)),
        Response(200, {}, compress(b"\0" * MAX_BODY, mtime=0)[:-1]),
    ],
    ids=["inflated beyond", "shrunk", "inflated in vain"],
)
def test_what_was_not_kept_counts_too(answer):
    heavy = poll(answer=answer, url=f"{query('x')}&domain_password={'secret' * 40}")
    light = [poll(answer=other) for other in (TransportError("reset"), Response(200, {}, b"y"))] * 50
    assert len(list(captured(*light, *[heavy] * 7).entries())) == 107
    assert problem_of(*light, *[heavy] * 9) == "entry 108: the bodies up to here have more than 8,388,608 bytes"


def test_a_member_of_what_may_be_anything():
    assert member({"a": {"b": 1}}, "a", "b") == 1
    assert member({"a": [{"b": 1}]}, "a", "b") is None
    assert member(None, "a") is None


def test_headers_of_use_are_found_in_any_case_and_the_first_counts():
    pairs = [
        ("DATE", "now"),
        ("date", "later"),
        ("Retry-After", 7),
        (None, "x"),
        ("Cookie", "a=b"),
        ("Authorization", "B"),
        (b"content-type", b"text/\xe9"),
    ]
    assert headers_of(pairs) == {"date": "now", "content-type": "text/é"}


def test_no_header_is_so_long():
    assert headers_of([("date", "x" * 9000)]) == {}


@pytest.mark.parametrize(
    ("recorded", "text"), [("é", "é"), ("é".encode(), "é"), (b"\xe9", "é"), (None, None), ([b"x"], [b"x"])]
)
def test_bytes_may_be_text(recorded, text):
    assert text_of(recorded) == text


def test_a_moment_without_a_zone_is_not_of_the_zone_of_this_machine(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert (
            seconds_of(datetime.fromisoformat("1970-01-02")) == seconds_of(datetime(1970, 1, 2, tzinfo=UTC)) == 86_400
        )
    time.tzset()


@pytest.mark.parametrize(
    ("recorded", "in_base64", "body"),
    [
        (None, False, b""),
        (b"\xff", False, b"\xff"),
        ("é", False, "é".encode()),
        ("\ud800", False, b"\xed\xa0\x80"),
        ("w6k=", True, "é".encode()),
        ("w6\nk=\n", True, "é".encode()),
    ],
)
def test_a_body_is_bytes_however_it_was_written(recorded, in_base64, body):
    assert body_of(recorded, in_base64=in_base64) == body


@pytest.mark.parametrize(("recorded", "in_base64"), [(7, False), ([], True), ("w6k", True), ("é", True)])
def test_a_body_that_is_none_is_told(recorded, in_base64):
    with pytest.raises(EntryError, match="its body is not"):
        body_of(recorded, in_base64=in_base64)


@pytest.mark.parametrize(
    ("recorded", "body"),
    [
        (compress(b"{}", mtime=0), b"{}"),
        (zlib.compress(b"{}"), b"{}"),
        (b"{}", b"{}"),
        (b"x", b"x"),
        (compress(b"{}", mtime=0)[:-3], compress(b"{}", mtime=0)[:-3]),
        (b"", b""),
    ],
)
def test_a_body_is_inflated_by_what_it_is_and_not_by_what_is_said_of_it(recorded, body):
    assert answer_of(200, {"content-encoding": "br", "content-length": "3"}, recorded).body == body


@pytest.mark.parametrize("body", [compress(b"\0" * (MAX_BODY + 1), mtime=0), b"\0" * (MAX_BODY + 1)])
def test_a_body_that_is_too_large_is_no_answer(body):
    answer = answer_of(200, {}, body)
    assert isinstance(answer, TransportError)
    assert answer.kind == "too-large"


@pytest.mark.parametrize("status", [100, 599, "200", 200.0])
def test_a_status_is_a_number_or_its_digits(status):
    assert answer_of(status, {}, b"").status == int(status)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (0, "0"),
        (600, "600"),
        ("2\x1b", '"2\\u001b"'),
        (None, "null"),
        (20.5, "20.5"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (True, "true"),
        ([[]], "no number"),
    ],
)
def test_a_status_that_is_none_is_told(status, told):
    with pytest.raises(EntryError) as caught:
        answer_of(status, {}, b"")
    assert str(caught.value) == f"its status is {told}, not a number from 100 to 599"
