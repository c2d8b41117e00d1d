import json
import sys
from gzip import compress
from pathlib import Path

import pytest
import yaml

from event_rows import json_body, rows
from spongewatch import Completed, Response
from spongewatch.transports import RecordingError, replay
from spongewatch.transports.recordings.foreign.plain_yaml import read_yaml
from spongewatch.transports.recordings.foreign.vcr import (
    is_cassette,
    is_yaml_cassette,
    read_cassette,
    read_yaml_cassette,
)

DATA = Path(__file__).parents[4] / "data"
CASSETTES = ["vcrpy.yaml", "vcrpy.json", "ruby-vcr.yml"]
PATH = Path("cassette.yml")


EVENTS = json_body(rows("GATHERING INPROGRESS 5")).decode()


def interaction(recorded_at=None, body=None, response=None, **keys):
    found = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Content-Type": ["application/json", "text/html"], "Date": "now", "Set-Cookie": ["a=b"], "X": []},
        "body": {"string": EVENTS} if body is None else body,
    }
    request = {"method": "get", "uri": "http://a/events/7", "headers": {}}
    recorded = {} if recorded_at is None else {"recorded_at": recorded_at}
    return {"request": request, "response": response or found, **recorded, **keys}


def read(*interactions, key="interactions"):
    return list(read_cassette(PATH, {key: list(interactions)}, None).entries())


def response_of(*arguments, **keys):
    """Return the response of the second of two polls; the first one identifies the service."""
    _, exchange = read(interaction(), interaction(*arguments, **keys))
    return exchange.response


def problem_of(call, *arguments):
    with pytest.raises(RecordingError) as caught:
        call(*arguments)
    assert str(caught.value).isprintable()
    return caught.value.problem


@pytest.mark.parametrize(("name", "end"), [("vcrpy.yaml", 4.0), ("vcrpy.json", 4.0), ("ruby-vcr.yml", 8.0)])
def test_recorded_cassettes_are_replayed(name, end):
    *_, ended = replay(DATA / name)
    assert (ended.outcome, ended.at, ended.import_id) == (Completed(2001), end, "1126")


@pytest.mark.parametrize("name", CASSETTES)
def test_neither_other_requests_nor_secrets_are_kept(name):
    cassette = read_yaml((DATA / name).read_bytes())  # JSON is YAML
    exchanges = list(read_cassette(PATH, cassette, None).entries())
    assert len(exchanges) == 5
    kept = "".join(f"{dict(exchange.response.headers)} {exchange.response.body.decode()}" for exchange in exchanges)
    for left_out in ("demo-password", "ZGVtby1rZXk6", "cookie-to-be-left-out", "form-to-be-left-out", "last_name"):
        assert left_out not in kept
    assert '"echo":"' in kept


def test_bodies_labeled_gzip_can_be_compressed_or_not():
    assert b"!!binary" in (DATA / "vcrpy.yaml").read_bytes()
    assert '\\"events\\"' in (DATA / "vcrpy.json").read_text()  # labeled gzip too
    assert b"base64_string" in (DATA / "ruby-vcr.yml").read_bytes()
    assert all("gzip" in (DATA / name).read_text() for name in CASSETTES)


def test_a_response_is_read():
    assert response_of(body={"string": '{"events": []}'}) == Response(
        200, {"content-type": "application/json", "date": "now"}, b'{"events": []}'
    )


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ({"string": compress(b"{}", mtime=0)}, b"{}"),
        ({"encoding": "ASCII-8BIT", "base64_string": "e30=\n"}, b"{}"),
        ({"string": None}, b""),
        ({"string": "{}", "file": "no"}, b"{}"),
        ({}, b""),
        ("", b""),
        (None, EVENTS.encode()),
        ("plain", b"plain"),
        (compress(b"{}", mtime=0), b"{}"),
        ("cb({});", b"{}"),
    ],
)
def test_bodies_are_read_in_any_shape(body, data):
    assert response_of(body=body).body == data


@pytest.mark.parametrize(
    "status",
    [
        {"status": {"code": 503, "message": "Busy"}},
        {"status": {"http_version": "1.1", "code": "503"}},
        {"status": {"status_code": "503", "category": "Server error"}},
        {"status": "503 Service Unavailable", "code": 503, "duration": "90.5ms"},
        {"status": "503 Service Unavailable"},
        {"status": 503},
        {"status_code": "503"},
        {"statusCode": 503},
    ],
)
@pytest.mark.parametrize("body", [{"content": "busy"}, {"body": "busy"}, {"body": {"string": "busy"}}])
def test_responses_are_read_in_any_shape(status, body):
    assert response_of(response={**status, **body, "headers": None}) == Response(503, {}, b"busy")


@pytest.mark.parametrize("response", [None, 7, {"status": None}, {"status": {"code": 0}, "body": "{}"}])
def test_a_poll_without_a_status_failed(response):
    _, failed = read(interaction(), {**interaction(), "response": response})
    assert str(failed.response) == "reset: no response was recorded"


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (
            {"status": 200, "body": {"file": "yes", "string": "../files/a.json"}},
            "stores response bodies in other files",
        ),
        ({"status": 200, "body": {"file": True, "string": "a.json"}}, "stores response bodies in other files"),
        ({"status": 200, "headers": {"content-length": ["181"]}, "body": ""}, "contains no response bodies; "),
    ],
)
def test_if_bodies_are_missing_the_error_says_what_to_do(response, problem):
    assert str(response_of(response=response)) == "protocol: the recording does not contain the response body"
    assert problem_of(read, interaction(response=response)).startswith(problem)


@pytest.mark.parametrize("shape", ["php", "go 1", "go 3", "r", "c#", "java"])
def test_cassettes_of_other_languages_are_read(shape):
    uri = "https://api.cloudsponge.com/events/7"
    php = {"request": {"method": "GET", "url": uri}, "response": {"status": {"code": "200"}, "body": EVENTS}}
    go = {
        "request": {"url": uri, "method": "GET", "form": {}},
        "response": {"body": EVENTS, "code": 200, "duration": ""},
    }
    cassette = {
        "php": [php],
        "go 1": {"version": 1, "rwmutex": {}, "interactions": [go]},
        "go 3": {"version": 2, "interactions": [{"id": 0, **go, "response": {**go["response"], "duration": "1.5ms"}}]},
        "r": {"http_interactions": [{"request": {"method": "get", "uri": uri},
              "response": {"status": 200, "body": {"string": EVENTS}}, "recorded_at": "2026-11-02 09:14:07 GMT"}]},
        "c#": [{"Duration": 90, "Request": {"Method": "GET", "Uri": uri, "RequestHeaders": {}}, "RecordedAt":
                "2026-11-02T09:14:07.1234567+00:00", "Response": {"Status": {"Code": 200}, "Body": EVENTS}}],
        "java": {"interactions": [{"recorded": "2026-11-02T09:14:07.000Z", "request": {"method": "GET", "uri": uri},
                 "response": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": EVENTS}}]},
    }[shape]  # fmt: skip
    (exchange,) = read_cassette(PATH, cassette, None).entries()
    assert exchange.response.body == EVENTS.encode()
    assert exchange.received == {"go 3": 0.002, "c#": 0.09}.get(shape, 0.0)
    (again,) = read_yaml_cassette(PATH, yaml.safe_dump(cassette, explicit_start=True).encode(), None).entries()
    assert again == exchange


def test_followed_redirects_are_dropped():
    old, target = "http://old.example/events/7", "http://a/events/7.json"
    redirect = interaction(
        request={"method": "GET", "uri": old},
        response={"status": {"code": 302}, "headers": {"location": [target]}, "body": {"string": ""}},
    )
    final = interaction(request={"method": "GET", "uri": target})
    assert [exchange.response.status for exchange in read(redirect, final, redirect, final)] == [200, 200]
    assert [exchange.response.status for exchange in read(redirect, final, redirect)] == [200, 302]


def test_polls_without_times_are_a_second_apart():
    assert [exchange.sent for exchange in read(interaction(), interaction())] == [0.0, 1.0]


def test_recorded_at_is_read():
    first, second = interaction("Mon, 02 Nov 2026 09:14:07 GMT"), interaction("Mon, 02 Nov 2026 09:14:10 GMT")
    exchanges = read(first, second, key="http_interactions")
    assert [(exchange.sent, exchange.received) for exchange in exchanges] == [(0.0, 0.0), (3.0, 3.0)]


@pytest.mark.parametrize(
    "moment",
    [
        "yesterday",
        7,
        [],
    ],
)
def test_invalid_times_are_reported_with_their_interaction(moment):
    odd = interaction(moment)
    assert problem_of(read, interaction(), odd).startswith("interaction 2: its recorded_at must be ")


@pytest.mark.parametrize("method", ["get", "GET", ":get", b"GET"])
@pytest.mark.parametrize(
    "uri", ["http://a/events/7?domain_password=geheim-p%F6pp", b"http://a/events/7?domain_password=geheim-p%F6pp"]
)
@pytest.mark.parametrize("name", ["Retry-After", b"Retry-After"])
def test_requests_are_read_in_any_shape(method, uri, name):
    response = {"status": {"code": 503}, "headers": {name: [b"7"]}, "body": {"string": "no geheim-pöpp"}}
    request = {"method": method, "uri": uri, "headers": None}
    failed = response_of(request=request, response=response)
    assert (failed.status, dict(failed.headers)) == (503, {"retry-after": "7"})
    assert failed.body.startswith(b"no ")
    assert "pöpp".encode() not in failed.body


@pytest.mark.parametrize("name", ["Authorization", b"Authorization"])
@pytest.mark.parametrize(
    "value", ["Basic azpzM2NyZXQtczNjcmV0", b"Basic azpzM2NyZXQtczNjcmV0", ["x", b"Basic azpzM2NyZXQtczNjcmV0"]]
)
def test_passwords_in_headers_of_bytes_are_removed(name, value):
    request = {"method": "GET", "uri": "http://a/events/7", "headers": {name: value}}
    text = yaml.safe_dump(
        {"interactions": [interaction(body={"string": '{"events": [], "echo": "s3cret-s3cret"}'}, request=request)]}
    )
    (exchange,) = read_yaml_cassette(PATH, text.encode(), None).entries()
    assert exchange.response.body.startswith(b'{"events": [], "echo": "')
    assert b"s3cret" not in exchange.response.body


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"request": {"headers": [7]}}])
def test_invalid_interactions_of_other_requests_are_ignored(odd):
    assert len(read(odd, interaction(), odd)) == 1


def test_a_cassette_is_recognized_by_its_list():
    assert is_cassette({"interactions": []})
    assert is_cassette({"http_interactions": []})
    assert is_cassette([None, interaction()])
    assert not any(map(is_cassette, [None, [], [{}], {}, {"interactions": {}}, {"events": []}]))
    assert (
        len(list(read_cassette(PATH, {"http_interactions": {}, "interactions": [interaction()]}, None).entries())) == 1
    )


@pytest.mark.parametrize(
    "start",
    [
        b"interactions:\n",
        b"http_interactions: []",
        b"---\nhttp_interactions:\n",
        b"--- \n- !ruby/struct:VCR::HTTPInteraction\n",
        b"\xef\xbb\xbf\r\n\r\n# made by hand\r\n\r\nversion: 1\r\n",
        b'"interactions" : \n',
        b"recorded_with: VCR 6\n",
        b"\n-\n    request:\n        method: GET\n",
        b"- request:\n    method: GET\n",
        b"!tape\ninteractions:\n",
    ],
)
def test_a_cassette_in_yaml_is_recognized_by_its_start(start):
    assert is_yaml_cassette(start)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"hello",
        b"{}",
        b"<a>",
        b"%TAG ! x\n---\n",
        b"events: []",
        b"\n" * 10**6 + b"interactions:",
        b"----",
        b"- a\n",
    ],
)
def test_other_files_are_not_parsed_as_yaml(start):
    assert not is_yaml_cassette(start)


def test_a_cassette_is_the_same_in_json_and_yaml():
    cassette = {"version": 1, "interactions": [interaction(), interaction()]}
    (first, second) = (
        list(read_yaml_cassette(PATH, text.encode(), None).entries())
        for text in (yaml.safe_dump(cassette), json.dumps(cassette))
    )
    assert first == second == read(interaction(), interaction())


def test_lists_of_early_vcrpy_versions_are_read():
    shared = ["application/json"]
    found = {"status": {"code": 200}, "headers": {"Content-Type": shared, "X": shared}, "body": {"string": EVENTS}}
    text = yaml.safe_dump({"interactions": [interaction(response=found)]})
    assert "*id001" in text
    (exchange,) = read_yaml_cassette(PATH, text.encode(), None).entries()
    assert exchange.response.headers == {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            b"---\n- !ruby/struct:VCR::HTTPInteraction\n  a: b\n",
            "unsupported tag !ruby/struct:VCR::HTTPInteraction",
        ),
        (b"interactions: [", "not valid YAML at line "),
        (b"---\na: b\n", "is not a cassette: it has no list http_interactions or interactions"),
        (b"interactions: {}\n", "is not a cassette"),
        (b"interactions: []\n", "contains no poll of an import"),
    ],
)
def test_invalid_cassettes_are_refused(text, problem):
    assert problem_of(read_yaml_cassette, PATH, text, None).startswith(problem)


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert problem_of(read_yaml_cassette, PATH, b"interactions: []", None) == (
        'looks like a cassette in YAML; to read it, install the extra: pip install "spongewatch[yaml]"'
    )
    assert list(replay(DATA / "vcrpy.json"))[-1].outcome == Completed(2001)
