import json
from pathlib import Path

import pytest

from spongewatch import Completed, PollFailed, Response
from spongewatch.transports import RecordingError, replay
from spongewatch.transports.har import is_har, read_har

DATA = Path(__file__).parents[2] / "data"
PATH = Path("browser.har")


def entry(started="2026-11-02T09:14:07.250Z", time=124.6, status=200, text="{}", **members):
    """An entry of a HAR; `members` replace what it has, `response` a part of its response."""
    response = {
        "status": status,
        "headers": [{"name": "Content-Type", "value": "application/json"}, {"name": "Set-Cookie", "value": "a=b"}],
        "content": {"size": len(text), "mimeType": "application/json", "text": text},
        **members.pop("response", {}),
    }
    request = {"method": "GET", "url": "http://a/events/7.json", "headers": []}
    return {"startedDateTime": started, "time": time, "request": request, "response": response, **members}


def read(*entries, import_id=None):
    return list(read_har(PATH, {"log": {"version": "1.2", "entries": list(entries)}}, import_id).entries())


def answer_of(*arguments, **members):
    (exchange,) = read(entry(*arguments, **members))
    return exchange.answer


def problem_of(*entries):
    with pytest.raises(RecordingError) as caught:
        read(*entries)
    assert str(caught.value).isprintable()
    return caught.value.problem


def test_what_chromium_exported_is_told_as_it_went():
    told = list(replay(DATA / "chromium.har"))
    assert [(item.at, item.reason) for item in told if isinstance(item, PollFailed)] == [
        (1.044, "refused: the connection was refused")
    ]
    assert told[-1].outcome == Completed(2001)
    assert told[-1].at == 3.067


def test_nothing_of_the_other_requests_is_kept_and_no_secret():
    text = (DATA / "chromium.har").read_text()
    exchanges = list(read_har(PATH, json.loads(text), None).entries())
    kept = "".join(f"{vars_of(exchange.answer)}" for exchange in exchanges)
    assert len(exchanges) == 4
    for left_out in ("demo-password", "ZGVtby1rZXk6", "cookie-to-be-left-out", "form-to-be-left-out", "last_name"):
        assert left_out in text
        assert left_out not in kept
    assert '"echo":"******"' in kept


def vars_of(answer):
    return (answer.status, dict(answer.headers), answer.body.decode()) if isinstance(answer, Response) else str(answer)


def test_an_answer_as_the_browser_had_it():
    (exchange,) = read(entry(text='{"events": []}'))
    assert (exchange.sent, exchange.came) == (0.0, 0.125)
    assert exchange.answer == Response(200, {"content-type": "application/json"}, b'{"events": []}')


def test_content_in_base64():
    assert answer_of(response={"content": {"text": "w6k=", "encoding": "base64"}}).body == "é".encode()


def test_polls_are_told_in_the_order_in_which_they_left():
    later, sooner = entry("2026-11-02T09:14:09Z", status=503), entry("2026-11-02T10:14:07+01:00")
    assert [(exchange.sent, exchange.answer.status) for exchange in read(later, sooner)] == [(0.0, 200), (2.0, 503)]


def test_a_time_without_an_offset_is_utc():
    assert [exchange.sent for exchange in read(entry("2026-11-02T09:14:07"), entry("2026-11-02T09:14:08Z"))] == [
        0.0,
        1.0,
    ]


@pytest.mark.parametrize("started", [None, 7, "", "yesterday", "2026-11-02T25:00:00Z", "\x1b", {"a": 1}])
def test_when_a_poll_left_has_to_be_known(started):
    assert problem_of(entry(), entry(started)).startswith("entry 2: its startedDateTime is ")


@pytest.mark.parametrize("time", [None, -1, -0.35, -2e9])
def test_how_long_a_poll_took_may_be_unknown(time):
    (exchange,) = read(entry(time=time))
    assert exchange.came == 0.0


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 10**400, 1e13, "12", [1]])
def test_how_long_a_poll_took_is_a_number_of_milliseconds(time):
    assert problem_of(entry(time=time)).startswith("entry 1: its time is ")


@pytest.mark.parametrize("where", ["_error", "_failureText"])
@pytest.mark.parametrize(
    ("reason", "told", "permanent"),
    [
        ("net::ERR_CONNECTION_REFUSED", "refused: the connection was refused", False),
        ("net::ERR_CONNECTION_RESET", "reset: the browser has no answer", False),
        ("net::ERR_TIMED_OUT", "timeout: no answer came in time", False),
        ("net::ERR_CONNECTION_TIMED_OUT", "timeout: the connection was not made in time", False),
        ("net::ERR_NAME_NOT_RESOLVED", "dns: the name of the host was not found", False),
        ("net::ERR_CERT_AUTHORITY_INVALID", "tls: the certificate of the service was not trusted", True),
        ("net::ERR_SSL_PROTOCOL_ERROR", "tls: TLS failed", False),
        ("net::ERR_INVALID_HTTP_RESPONSE", "protocol: the answer was not HTTP", False),
        ("secret \x1b", "reset: the browser has no answer", False),
    ],
)
def test_why_there_is_no_answer_is_told_in_words_of_our_own(where, reason, told, permanent):
    for error in (answer_of(status=0, response={where: reason}), answer_of(status=0, **{where: reason})):
        assert (str(error), error.permanent) == (told, permanent)


@pytest.mark.parametrize("status", [0, -1])
def test_without_a_status_there_was_no_answer(status):
    assert str(answer_of(status=status)) == "reset: the browser has no answer"


def test_an_answer_that_broke_off_is_none():
    assert answer_of(response={"_error": "net::ERR_INCOMPLETE_CHUNKED_ENCODING"}).kind == "reset"


EVICTED = [
    {"size": 12},
    {"size": 12, "text": None},
    {"size": -1, "comment": "Response bodies are not included."},
    {},
    None,
]


@pytest.mark.parametrize("content", EVICTED)
def test_content_that_was_left_out_is_a_poll_that_failed(content):
    failed, whole = read(entry(response={"content": content}), entry())
    assert str(failed.answer) == "protocol: the HAR does not hold the body of the answer"
    assert not failed.answer.permanent
    assert whole.answer.body == b"{}"


@pytest.mark.parametrize("content", EVICTED)
def test_where_all_content_was_left_out_it_is_told(content):
    polls = [entry(response={"content": content}, status=status) for status in (200, 503, 200)]
    assert problem_of(*polls, entry(status=0)) == "holds no body of an answer; save the HAR with content"


@pytest.mark.parametrize("content", EVICTED)
@pytest.mark.parametrize("status", [204, 302, 304, 401, 503, "503"])
def test_only_a_200_has_to_have_content(status, content):
    assert answer_of(status=status, response={"content": content}).body == b""


@pytest.mark.parametrize("status", [200, 200.0, "200"])
def test_an_empty_body_is_one(status):
    assert answer_of(status=status, response={"content": {"size": 0}}).body == b""
    assert isinstance(answer_of(status=status), Response)


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"request": 7}, {"request": {"headers": [7, {"name": 7}]}}])
def test_other_entries_may_be_anything(odd):
    assert len(read(odd, entry(), odd)) == 1


@pytest.mark.parametrize("response", [None, [], 7, {}])
def test_an_entry_without_a_response_is_told(response):
    assert problem_of({**entry(), "response": response}).startswith("entry 1: its status is null")


def test_a_har_is_known_by_its_log():
    assert is_har({"log": {}})
    assert not any(map(is_har, [None, [], {}, {"log": []}, {"events": []}]))
    with pytest.raises(RecordingError, match=r"browser.har: is a HAR without a list of entries"):
        read_har(PATH, {"log": {"entries": {}}}, None)
