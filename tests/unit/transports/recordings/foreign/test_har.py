import json
import os
from base64 import b64encode
from gzip import compress
from pathlib import Path

import pytest

from event_rows import json_body, rows
from spongewatch import Completed, PollFailed, Response
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports import RecordingError, replay
from spongewatch.transports.recordings.foreign.har import is_har, read_har

EVENTS = json_body(rows("GATHERING INPROGRESS 5")).decode()
DATA = Path(__file__).parents[4] / "data"
PATH = Path("browser.har")


def entry(started="2026-11-02T09:14:07.250Z", time=124.6, status=200, text=EVENTS, **keys):
    """Return an entry of a HAR; `keys` replace its keys, `response` those of its response."""
    response = {
        "status": status,
        "headers": [{"name": "Content-Type", "value": "application/json"}, {"name": "Set-Cookie", "value": "a=b"}],
        "content": {"size": len(text), "mimeType": "application/json", "text": text},
        **keys.pop("response", {}),
    }
    request = {"method": "GET", "url": "http://a/events/7.json", "headers": []}
    return {"startedDateTime": started, "time": time, "request": request, "response": response, **keys}


def read(*entries, import_id=None):
    return list(read_har(PATH, {"log": {"version": "1.2", "entries": list(entries)}}, import_id).entries())


def response_of(*arguments, **keys):
    """Return the response of the second of two polls; the first one identifies the service."""
    _, exchange = read(entry(), entry(*arguments, **keys))
    return exchange.response


def problem_of(*entries):
    with pytest.raises(RecordingError) as caught:
        read(*entries)
    assert str(caught.value).isprintable()
    return caught.value.problem


def test_a_har_of_chromium_is_replayed():
    items = list(replay(DATA / "chromium.har"))
    assert [(item.at, item.reason) for item in items if isinstance(item, PollFailed)] == [
        (1.044, "refused: the connection was refused")
    ]
    assert items[-1].outcome == Completed(2001)
    assert items[-1].at == 3.067


def test_neither_other_requests_nor_secrets_are_kept():
    text = (DATA / "chromium.har").read_text()
    exchanges = list(read_har(PATH, json.loads(text), None).entries())
    kept = "".join(f"{vars_of(exchange.response)}" for exchange in exchanges)
    assert len(exchanges) == 4
    for left_out in ("demo-password", "ZGVtby1rZXk6", "cookie-to-be-left-out", "form-to-be-left-out", "last_name"):
        assert left_out in text
        assert left_out not in kept
    assert '"echo":"' in kept


def vars_of(response):
    return (
        (response.status, dict(response.headers), response.body.decode())
        if isinstance(response, Response)
        else str(response)
    )


def test_a_response_is_read():
    (exchange,) = read(entry(text='{"events": []}'))
    assert (exchange.sent, exchange.received) == (0.0, 0.125)
    assert exchange.response == Response(200, {"content-type": "application/json"}, b'{"events": []}')


@pytest.mark.parametrize(
    "headers", [{"Content-Type": ["text/x"]}, [["content-type", "text/x"]], "CONTENT-TYPE: text/x"]
)
def test_headers_can_have_other_shapes(headers):
    assert dict(response_of(response={"headers": headers}).headers) == {"content-type": "text/x"}


def test_content_can_be_base64_or_a_string():
    assert response_of(response={"content": {"text": "w6k=", "encoding": "base64"}}).body == "é".encode()
    assert response_of(response={"content": EVENTS}).body == EVENTS.encode()


def test_polls_are_sorted_by_time():
    later, sooner = entry("2026-11-02T09:14:09Z", status=503), entry("2026-11-02T10:14:07+01:00")
    assert [(exchange.sent, exchange.response.status) for exchange in read(later, sooner)] == [(0.0, 200), (2.0, 503)]


def test_polls_without_times_keep_the_order_of_the_file():
    found = read(entry("2026-11-02T09:14:09Z"), entry(None, status=503), entry("", status=504))
    assert [(exchange.sent, exchange.response.status) for exchange in found] == [(0.0, 200), (1.0, 503), (2.0, 504)]


@pytest.mark.parametrize("started", [7, "yesterday", "2026-11-02T25:00:00Z", "\x1b", {"a": 1}])
def test_invalid_times_are_reported_with_their_entry(started):
    assert problem_of(entry(), entry(started)).startswith("entry 2: its startedDateTime must be a time ")


@pytest.mark.parametrize("time", [float("nan"), 1e13, "soon", [1]])
def test_invalid_durations_are_reported_with_their_entry(time):
    assert problem_of(entry(), entry(time=time)).startswith("entry 2: its time must be ")


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
def test_network_errors_are_translated(where, reason, reported, permanent):
    for error in (response_of(status=0, response={where: reason}), response_of(status=0, **{where: reason})):
        assert (str(error), error.permanent) == (reported, permanent)


@pytest.mark.parametrize("status", [0, -1, -2, "-2", "0", "", None, 99, 600, "x", [[]]])
def test_a_poll_without_a_status_failed(status):
    assert str(response_of(status=status)) == "reset: no response was recorded"


@pytest.mark.parametrize("response", [None, [], 7, {}])
def test_a_poll_without_a_response_failed(response):
    _, failed = read(entry(), {**entry(), "response": response})
    assert str(failed.response) == "reset: no response was recorded"


def test_a_truncated_response_is_an_error():
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
def test_missing_content_is_a_failed_poll(response):
    failed = response_of(response=response)
    assert str(failed) == "protocol: the recording does not contain the response body"
    assert not failed.permanent


@pytest.mark.parametrize("response", LEFT_OUT)
def test_if_all_content_is_missing_the_error_says_how_to_export_it(response):
    polls = [entry(response=response, status=status) for status in (200, 503, 200)]
    assert problem_of(*polls, entry(status=0)) == (
        "contains no response bodies; export it again with them: in Chrome as HAR with content, "
        'with Playwright with content "embed"'
    )


@pytest.mark.parametrize("response", LEFT_OUT)
@pytest.mark.parametrize("status", [204, 302, 304, 401, 503, "503"])
def test_other_statuses_need_no_content(status, response):
    assert response_of(status=status, response=response).body == b""


@pytest.mark.parametrize("content", [{"size": 0}, {"size": "0"}, {"size": -1, "text": ""}, {"text": ""}])
def test_empty_content_is_an_empty_body(content):
    assert response_of(response={"content": content}) == Response(200, {"content-type": "application/json"})


@pytest.mark.parametrize("where", ["redirectURL", "Location"])
def test_followed_redirects_are_dropped(where):
    target = "https://a/events/7.json"
    response = {"headers": {"Location": target}} if where == "Location" else {"redirectURL": target}
    upgraded = entry(status=307, response={**response, "content": {"size": 0}})
    followed = {**entry("2026-11-02T09:14:07.300Z"), "request": {"method": "GET", "url": target}}
    (exchange,) = read(upgraded, followed)
    assert (exchange.sent, exchange.received, exchange.response.status) == (0.0, 0.175, 200)


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"request": 7}, {"request": {"headers": [7, {"name": 7}]}}])
def test_invalid_entries_of_other_requests_are_ignored(odd):
    assert len(read(odd, entry(), odd)) == 1


def test_a_har_is_recognized_by_its_log_or_its_entries():
    assert is_har({"log": {}})
    assert is_har([None, entry()])
    assert not any(map(is_har, [None, [], {}, {"log": []}, {"events": []}, [{}]]))
    assert len(list(read_har(PATH, [entry()], None).entries())) == 1
    with pytest.raises(RecordingError, match=r"browser.har: is a HAR without a list of entries"):
        read_har(PATH, {"log": {"entries": {}}}, None)


@pytest.fixture
def attached(tmp_path):
    """Return a function that reads a HAR whose last poll has its body in a file of the given name."""

    def read_attached(name, status=200):
        response = {"status": status, "headers": [], "content": {"size": -1, "_file": name}}
        entries = [entry(), entry(response=response)]
        _, exchange = read_har(folder / "browser.har", {"log": {"entries": entries}}, None).entries()
        return exchange.response

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
def test_attached_bodies_are_read_from_the_folder_of_the_har(attached, name):
    assert attached(name) == Response(200, {}, EVENTS.encode())


def test_attached_errors_of_the_service_are_read(attached):
    assert attached("error.json", 503).body == b'{"error": {"message": "busy"}}'


@pytest.mark.parametrize(
    "name",
    [
        "gone.json", "", ".", "..", ".netrc", "../outside.json", "hollow/body.json", "./body.json", "hollow", "pipe",
        "hollow\\body.json", "link.json", "outside-link.json", "/etc/hostname", "C:body.json", "a\0b", "x" * 300,
    ],
)  # fmt: skip
def test_other_files_are_not_read(attached, name):
    assert str(attached(name)) == "protocol: the recording does not contain the response body"


def test_attached_files_of_other_content_are_not_kept(attached):
    assert str(attached("notes.json")) == "protocol: the attached file is not a response of the service"
    assert attached("notes.json", 404) == Response(404)
    assert attached("large.json").kind == "protocol"


def test_attached_bodies_count_each_time(attached, tmp_path):
    entries = [entry(response={"content": {"_file": "large.json"}})] * 9
    with pytest.raises(RecordingError, match="entry 8: the bodies up to this one have more than 8,388,608 bytes"):
        read_har(tmp_path / "folder" / "browser.har", {"log": {"entries": entries}}, None)


def test_if_attached_files_are_missing_the_error_says_what_to_do():
    polls = [entry(response={"content": {"_file": f"{number}.json"}}) for number in range(3)]
    assert problem_of(*polls) == (
        "stores its response bodies in files that are not in its folder; copy them there, "
        'or record again with content "embed"'
    )


def test_if_bodies_are_in_brotli_the_error_says_what_to_do():
    content = {"text": b64encode(b"\x1b\x02\x00\xf8").decode(), "encoding": "base64"}
    brotli = entry(response={"content": content, "headers": {"Content-Encoding": "br"}})
    assert problem_of(brotli) == (
        "contains response bodies in Brotli, which is not supported; record with Accept-Encoding: gzip"
    )
    assert len(read(entry(), brotli)) == 2
