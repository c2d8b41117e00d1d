import json
import sys
import time
from gzip import compress
from pathlib import Path

import pytest
import yaml

from spongewatch import Completed, Response
from spongewatch.transports import RecordingError, replay
from spongewatch.transports.plain_yaml import read_yaml
from spongewatch.transports.vcr import is_cassette, is_yaml_cassette, read_cassette, read_yaml_cassette

DATA = Path(__file__).parents[2] / "data"
CASSETTES = ["vcrpy.yaml", "vcrpy.json", "ruby-vcr.yml"]
PATH = Path("cassette.yml")


def interaction(recorded_at=None, body=None, response=None, **members):
    found = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Content-Type": ["application/json", "text/html"], "Date": "now", "Set-Cookie": ["a=b"], "X": []},
        "body": {"string": "{}"} if body is None else body,
    }
    request = {"method": "get", "uri": "http://a/events/7", "headers": {}}
    told = {} if recorded_at is None else {"recorded_at": recorded_at}
    return {"request": request, "response": response or found, **told, **members}


def read(*interactions, key="interactions"):
    return list(read_cassette(PATH, {key: list(interactions)}, None).entries())


def answer_of(*arguments, **members):
    (exchange,) = read(interaction(*arguments, **members))
    return exchange.answer


def problem_of(call, *arguments):
    with pytest.raises(RecordingError) as caught:
        call(*arguments)
    assert str(caught.value).isprintable()
    return caught.value.problem


@pytest.mark.parametrize(("name", "end"), [("vcrpy.yaml", 4.0), ("vcrpy.json", 4.0), ("ruby-vcr.yml", 8.0)])
def test_what_was_recorded_is_told(name, end):
    *_, ended = replay(DATA / name)
    assert (ended.outcome, ended.at, ended.import_id) == (Completed(2001), end, "1126")


@pytest.mark.parametrize("name", CASSETTES)
def test_nothing_of_the_other_requests_is_kept_and_no_secret(name):
    cassette = read_yaml((DATA / name).read_bytes())  # which JSON is too
    exchanges = list(read_cassette(PATH, cassette, None).entries())
    assert len(exchanges) == 5
    kept = "".join(f"{dict(exchange.answer.headers)} {exchange.answer.body.decode()}" for exchange in exchanges)
    for left_out in ("demo-password", "ZGVtby1rZXk6", "cookie-to-be-left-out", "form-to-be-left-out", "last_name"):
        assert left_out not in kept
    assert '"echo":"******"' in kept


def test_of_bodies_that_are_said_to_be_compressed_one_is_not():
    assert b"!!binary" in (DATA / "vcrpy.yaml").read_bytes()
    assert '\\"events\\"' in (DATA / "vcrpy.json").read_text()  # though Content-Encoding is gzip there too
    assert b"base64_string" in (DATA / "ruby-vcr.yml").read_bytes()
    assert all("gzip" in (DATA / name).read_text() for name in CASSETTES)


def test_an_answer_as_it_came():
    assert answer_of(body={"string": '{"events": []}'}) == Response(
        200, {"content-type": "application/json", "date": "now"}, b'{"events": []}'
    )


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ({"string": compress(b"{}", mtime=0)}, b"{}"),
        ({"encoding": "ASCII-8BIT", "base64_string": "e30=\n"}, b"{}"),
        ({"string": None}, b""),
        ({}, b""),
        ("", b""),
        ("plain", b"plain"),
        (compress(b"{}", mtime=0), b"{}"),
    ],
)
def test_a_body_in_each_of_its_forms(body, data):
    assert answer_of(body=body).body == data


def test_the_first_cassettes_of_httpx():
    assert answer_of(response={"status_code": 503, "content": "busy", "headers": None}) == Response(503, {}, b"busy")


def test_without_times_polls_come_a_second_apart():
    assert [exchange.sent for exchange in read(interaction(), interaction())] == [0.0, 1.0]


def test_recorded_at_is_when_the_answer_was_there():
    first, second = interaction("Mon, 02 Nov 2026 09:14:07 GMT"), interaction("Mon, 02 Nov 2026 09:14:10 GMT")
    exchanges = read(first, second, key="http_interactions")
    assert [(exchange.sent, exchange.came) for exchange in exchanges] == [(0.0, 0.0), (3.0, 3.0)]


@pytest.mark.parametrize(
    "moment",
    [
        "yesterday",
        7,
        [],
        "2026-11-02T25:00:00Z",
        "2026-11-02 09:14:07 " + "x" * 100,
        "Mon, 99 Nov 2026 09:14:07 GMT",
        "\x1b",
    ],
)
def test_an_odd_time_is_told_with_its_interaction(moment):
    odd = interaction(moment)
    assert problem_of(read, interaction(), odd).startswith("interaction 2: its recorded_at is ")


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-02T09:14:10Z",
        "2026-11-02 09:14:10.000000000 Z",
        "2026-11-02 10:14:10.000000000 +01:00",
        "2026-11-02 09:14:10",
        "Mon, 02 Nov 2026 09:14:10 -0000",
        "Mon, 02 Nov 2026 09:14:10",
        "Mon, 02 Nov 2026 04:14:10 -0500",
    ],
)
def test_a_time_may_be_written_in_other_ways_and_is_of_utc_where_it_names_no_zone(monkeypatch, moment):
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        _, second = read(interaction("Mon, 02 Nov 2026 09:14:07 GMT"), interaction(moment))
    time.tzset()
    assert second.sent == 3.0


def test_no_time_is_so_long_that_reading_it_takes_long():
    assert problem_of(read, interaction("Mon, 02 Nov 2026 09:14:07 " * 100)).startswith(
        "interaction 1: its recorded_at"
    )


def test_an_empty_time_is_none():
    assert [exchange.sent for exchange in read(interaction(""), interaction(""))] == [0.0, 1.0]


@pytest.mark.parametrize("method", ["get", "GET", ":get", b"GET"])
@pytest.mark.parametrize(
    "uri", ["http://a/events/7?domain_password=p%F6pper", b"http://a/events/7?domain_password=p%F6pper"]
)
@pytest.mark.parametrize("name", ["Retry-After", b"Retry-After"])
def test_a_request_in_each_of_its_forms(method, uri, name):
    response = {"status": {"code": 503}, "headers": {name: [b"7"]}, "body": {"string": "no pöpper"}}
    request = {"method": method, "uri": uri, "headers": None}
    assert answer_of(request=request, response=response) == Response(503, {"retry-after": "7"}, b"no ******")


@pytest.mark.parametrize("name", ["Authorization", b"Authorization"])
@pytest.mark.parametrize("value", ["Basic azpzM2NyZXQ=", b"Basic azpzM2NyZXQ=", ["x", b"Basic azpzM2NyZXQ="]])
def test_headers_in_bytes_hold_secrets_too(name, value):
    request = {"method": "GET", "uri": "http://a/events/7", "headers": {name: value}}
    text = yaml.safe_dump({"interactions": [interaction(body={"string": "no s3cret"}, request=request)]})
    (exchange,) = read_yaml_cassette(PATH, text.encode(), None).entries()
    assert exchange.answer.body == b"no ******"


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"request": {"headers": [7]}}])
def test_other_interactions_may_be_anything(odd):
    assert len(read(odd, interaction(), odd)) == 1


def test_a_cassette_is_known_by_its_list():
    assert is_cassette({"interactions": []})
    assert is_cassette({"http_interactions": []})
    assert not any(map(is_cassette, [None, [], {}, {"interactions": {}}, {"events": []}]))
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
    ],
)
def test_a_cassette_in_yaml_is_known_by_its_start(start):
    assert is_yaml_cassette(start)


@pytest.mark.parametrize(
    "start",
    [b"", b"hello", b"{}", b"<a>", b"%TAG ! x\n---\n", b"events: []", b"\n" * 10**6 + b"interactions:", b"----"],
)
def test_other_text_is_never_taken_for_yaml(start):
    assert not is_yaml_cassette(start)


def test_json_and_yaml_of_one_cassette_are_the_same():
    cassette = {"version": 1, "interactions": [interaction(), interaction()]}
    (first, second) = (
        list(read_yaml_cassette(PATH, text.encode(), None).entries())
        for text in (yaml.safe_dump(cassette), json.dumps(cassette))
    )
    assert first == second == read(interaction(), interaction())


def test_lists_that_vcrpy_wrote_once_are_read_wherever_they_stand():
    shared = ["application/json"]
    found = {"status": {"code": 200}, "headers": {"Content-Type": shared, "X": shared}, "body": {"string": "{}"}}
    text = yaml.safe_dump({"interactions": [interaction(response=found)]})
    assert "*id001" in text
    (exchange,) = read_yaml_cassette(PATH, text.encode(), None).entries()
    assert exchange.answer.headers == {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            b"---\n- !ruby/struct:VCR::HTTPInteraction\n  a: b\n",
            "holds an object, tagged !ruby/struct:VCR::HTTPInteraction",
        ),
        (b"interactions: [", "is not YAML at line "),
        (b"---\na: b\n", "is YAML, but no cassette: it has no list of http_interactions or interactions"),
        (b"interactions: {}\n", "is YAML, but no cassette"),
        (b"interactions: []\n", "holds no poll of an import"),
    ],
)
def test_what_is_no_cassette_is_told(text, problem):
    assert problem_of(read_yaml_cassette, PATH, text, None).startswith(problem)


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert problem_of(read_yaml_cassette, PATH, b"interactions: []", None) == (
        'looks like a cassette in YAML; to read it, install the extra: pip install "spongewatch[yaml]"'
    )
    assert list(replay(DATA / "vcrpy.json"))[-1].outcome == Completed(2001)
