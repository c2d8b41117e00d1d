import json
import os
from base64 import b64encode
from gzip import compress
from pathlib import Path

import pytest

from answers import json_body, rows
from spongewatch import Completed, PollFailed, Response
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports import RecordingError, replay
from spongewatch.transports.recordings.foreign.har import is_har, read_har

EVENTS = json_body(rows("GATHERING INPROGRESS 5")).decode()
DATA = Path(__file__).parents[4] / "data"
PATH = Path("browser.har")


def entry(started="2026-11-02T09:14:07.250Z", time=124.6, status=200, text=EVENTS, **members):
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


def response_of(*arguments, **members):
    """The response of the last of two polls; the first one shows that they are polls of the service."""
    _, exchange = read(entry(), entry(*arguments, **members))
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
    assert '"echo":"' in kept


def vars_of(answer):
    return (answer.status, dict(answer.headers), answer.body.decode()) if isinstance(answer, Response) else str(answer)


def test_a_response_as_the_browser_had_it():
    (exchange,) = read(entry(text='{"events": []}'))
    assert (exchange.sent, exchange.came) == (0.0, 0.125)
    assert exchange.answer == Response(200, {"content-type": "application/json"}, b'{"events": []}')


@pytest.mark.parametrize(
    "headers", [{"Content-Type": ["text/x"]}, [["content-type", "text/x"]], "CONTENT-TYPE: text/x"]
)
def test_headers_in_other_shapes(headers):
    assert dict(response_of(response={"headers": headers}).headers) == {"content-type": "text/x"}


def test_content_in_base64_and_as_a_text():
    assert response_of(response={"content": {"text": "w6k=", "encoding": "base64"}}).body == "é".encode()
    assert response_of(response={"content": EVENTS}).body == EVENTS.encode()


def test_polls_are_read_in_the_order_in_which_they_left():
    later, sooner = entry("2026-11-02T09:14:09Z", status=503), entry("2026-11-02T10:14:07+01:00")
    assert [(exchange.sent, exchange.answer.status) for exchange in read(later, sooner)] == [(0.0, 200), (2.0, 503)]


def test_a_time_without_an_offset_is_utc():
    assert [exchange.sent for exchange in read(entry("2026-11-02T09:14:07"), entry("2026-11-02T09:14:08Z"))] == [
        0.0,
        1.0,
    ]


def test_polls_without_times_are_read_in_the_order_of_the_file():
    found = read(entry("2026-11-02T09:14:09Z"), entry(None, status=503), entry("", status=504))
    assert [(exchange.sent, exchange.answer.status) for exchange in found] == [(0.0, 200), (1.0, 503), (2.0, 504)]


@pytest.mark.parametrize("started", [7, "yesterday", "2026-11-02T25:00:00Z", "\x1b", {"a": 1}])
def test_a_time_that_is_none_is_reported_with_its_entry(started):
    assert problem_of(entry(), entry(started)).startswith("entry 2: its startedDateTime is ")


@pytest.mark.parametrize("time", [float("nan"), 1e13, "soon", [1]])
def test_so_is_a_duration(time):
    assert problem_of(entry(), entry(time=time)).startswith("entry 2: its time is ")


@pytest.mark.parametrize("where", ["_error", "_failureText"])
@pytest.mark.parametrize(
    ("reason", "reported", "permanent"),
    [
        ("net::ERR_CONNECTION_REFUSED", "refused: the connection was refused", False),
        ("net::ERR_CONNECTION_RESET", "reset: no response was recorded", False),
        ("net::ERR_TIMED_OUT", "timeout: the request timed out", False),
        ("net::ERR_CONNECTION_TIMED_OUT", "timeout: the connection timed out", False),
        ("net::ERR_NAME_NOT_RESOLVED", "dns: the host was not found", False),
        ("net::ERR_CERT_AUTHORITY_INVALID", "tls: the certificate was not trusted", True),
        ("net::ERR_SSL_PROTOCOL_ERROR", "tls: TLS failed", False),
        ("net::ERR_INVALID_HTTP_RESPONSE", "protocol: the response was not HTTP", False),
        ("secret \x1b", "reset: no response was recorded", False),
    ],
)
def test_why_there_is_no_response_is_reported_in_words_of_our_own(where, reason, reported, permanent):
    for error in (response_of(status=0, response={where: reason}), response_of(status=0, **{where: reason})):
        assert (str(error), error.permanent) == (reported, permanent)


@pytest.mark.parametrize("status", [0, -1, -2, "-2", "0", "", None, 99, 600, "x", [[]]])
def test_without_a_status_the_poll_failed_and_the_others_count(status):
    assert str(response_of(status=status)) == "reset: no response was recorded"


@pytest.mark.parametrize("response", [None, [], 7, {}])
def test_so_did_one_without_a_response(response):
    _, failed = read(entry(), {**entry(), "response": response})
    assert str(failed.answer) == "reset: no response was recorded"


@pytest.mark.parametrize("status", [200, "200", "200 OK", 200.0])
def test_a_status_is_a_number_or_a_text(status):
    assert response_of(status=status).status == 200


def test_a_response_that_broke_off_is_none():
    assert response_of(response={"_error": "net::ERR_INCOMPLETE_CHUNKED_ENCODING"}).kind == "reset"


LEFT_OUT = [
    {"content": {"size": 12}},
    {"content": {"size": "12", "text": None}},
    {"content": {"size": -1, "comment": "Response bodies are not included."}},
    {"content": {}},
    {"content": None},
    {"content": {"size": 181, "text": ""}},
    {"content": {"size": "181", "text": ""}},
    {"content": {"text": ""}, "bodySize": 181},
    {"content": {"text": "", "size": 0}, "headers": [{"name": "Content-Length", "value": "181"}]},
]


@pytest.mark.parametrize("response", LEFT_OUT)
def test_content_that_was_left_out_is_a_poll_that_failed(response):
    failed = response_of(response=response)
    assert str(failed) == "protocol: the recording does not contain the response body"
    assert not failed.permanent


@pytest.mark.parametrize("response", LEFT_OUT)
def test_if_all_content_was_left_out_the_error_says_how_to_get_it(response):
    polls = [entry(response=response, status=status) for status in (200, 503, 200)]
    assert problem_of(*polls, entry(status=0)) == (
        "contains no response bodies; export it again with them: in Chrome as HAR with content, "
        'with Playwright with content "embed"'
    )


@pytest.mark.parametrize("response", LEFT_OUT)
@pytest.mark.parametrize("status", [204, 302, 304, 401, 503, "503"])
def test_only_a_200_has_to_have_content(status, response):
    assert response_of(status=status, response=response).body == b""


@pytest.mark.parametrize("content", [{"size": 0}, {"size": "0"}, {"size": -1, "text": ""}, {"text": ""}])
def test_an_empty_body_is_one(content):
    assert response_of(response={"content": content}) == Response(200, {"content-type": "application/json"})


def test_a_304_with_content_is_what_the_page_saw():
    (exchange,) = read(entry(status=304))
    assert exchange.answer.status == 200


@pytest.mark.parametrize("where", ["redirectURL", "Location"])
def test_a_redirect_that_the_browser_followed_is_not_the_end(where):
    target = "https://a/events/7.json"
    response = {"headers": {"Location": target}} if where == "Location" else {"redirectURL": target}
    upgraded = entry(status=307, response={**response, "content": {"size": 0}})
    followed = {**entry("2026-11-02T09:14:07.300Z"), "request": {"method": "GET", "url": target}}
    (exchange,) = read(upgraded, followed)
    assert (exchange.sent, exchange.came, exchange.answer.status) == (0.0, 0.175, 200)


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"request": 7}, {"request": {"headers": [7, {"name": 7}]}}])
def test_other_entries_may_be_anything(odd):
    assert len(read(odd, entry(), odd)) == 1


def test_a_har_is_known_by_its_log_or_its_entries():
    assert is_har({"log": {}})
    assert is_har([None, entry()])
    assert not any(map(is_har, [None, [], {}, {"log": []}, {"events": []}, [{}]]))
    assert len(list(read_har(PATH, [entry()], None).entries())) == 1
    with pytest.raises(RecordingError, match=r"browser.har: is a HAR without a list of entries"):
        read_har(PATH, {"log": {"entries": {}}}, None)


@pytest.fixture
def attached(tmp_path):
    """Read a HAR in a folder of its own, whose last poll has its body in the file of that name."""

    def read_attached(name, status=200):
        response = {"status": status, "headers": [], "content": {"size": -1, "_file": name}}
        entries = [entry(), entry(response=response)]
        _, exchange = read_har(folder / "browser.har", {"log": {"entries": entries}}, None).entries()
        return exchange.answer

    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside.json").write_text(EVENTS)
    (folder / "body.json").write_text(EVENTS)
    (folder / "body.js").write_text(f"cb({EVENTS})")
    (folder / "body.gz").write_bytes(compress(EVENTS.encode()))
    (folder / "error.json").write_text('{"error": {"message": "busy"}}')
    (folder / "notes.json").write_text('{"private": "planted"}')
    (folder / ".netrc").write_text(EVENTS)
    (folder / "link.json").symlink_to(folder / "body.json")
    (folder / "outside-link.json").symlink_to(tmp_path / "outside.json")
    (folder / "hollow").mkdir()
    (folder / "hollow" / "body.json").write_text(EVENTS)
    os.mkfifo(folder / "pipe")
    (folder / "large.json").write_bytes(b"x" * (3 * MAX_BODY))
    return read_attached


@pytest.mark.parametrize("name", ["body.json", "body.js", "body.gz"])
def test_an_attached_body_is_read_from_the_folder_of_the_har(attached, name):
    assert attached(name) == Response(200, {}, EVENTS.encode())


def test_so_is_an_error_of_the_service(attached):
    assert attached("error.json", 503).body == b'{"error": {"message": "busy"}}'


@pytest.mark.parametrize(
    "name",
    [
        "gone.json", "", ".", "..", ".netrc", "../outside.json", "hollow/body.json", "./body.json", "hollow", "pipe",
        "hollow\\body.json", "link.json", "outside-link.json", "/etc/hostname", "C:body.json", "a\0b", "x" * 300,
    ],
)  # fmt: skip
def test_no_other_file_is_read(attached, name):
    assert str(attached(name)) == "protocol: the recording does not contain the response body"


def test_what_is_no_response_of_the_service_never_gets_into_a_trace(attached):
    assert str(attached("notes.json")) == "protocol: the attached file is not a response of the service"
    assert attached("notes.json", 404) == Response(404)
    assert attached("large.json").kind == "protocol"


def test_attached_bodies_count_each_time_they_are_read(attached, tmp_path):
    entries = [entry(response={"content": {"_file": "large.json"}})] * 9
    with pytest.raises(RecordingError, match="entry 8: the bodies up to here have more than 8,388,608 bytes"):
        read_har(tmp_path / "folder" / "browser.har", {"log": {"entries": entries}}, None)


def test_without_the_attached_files_the_error_says_what_to_do():
    polls = [entry(response={"content": {"_file": f"{number}.json"}}) for number in range(3)]
    assert problem_of(*polls) == (
        "keeps its response bodies in files that are not in its folder; copy them there, "
        'or record again with content "embed"'
    )


def test_a_body_that_is_still_in_brotli_is_named_with_the_way_out():
    content = {"text": b64encode(b"\x1b\x02\x00\xf8").decode(), "encoding": "base64"}
    brotli = entry(response={"content": content, "headers": {"Content-Encoding": "br"}})
    assert problem_of(brotli) == (
        "contains response bodies in Brotli, which is not supported; record with Accept-Encoding: gzip"
    )
    assert len(read(entry(), brotli)) == 2
