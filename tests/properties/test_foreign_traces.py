"""Whatever stands in a HAR or a cassette: a recording, or a `RecordingError`, and nothing else; and what `convert` makes of it."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answers import json_body, rows
from spongewatch import Ended
from spongewatch.core.errors import TRANSPORT_ERROR_KINDS
from spongewatch.transports import RecordingError, open_recording, replay
from spongewatch.transports.recordings.trace_lines import TraceLines

EVENTS = json_body(rows("GATHERING INPROGRESS 5"), import_id=7).decode()
DATA = Path(__file__).parents[1] / "data"
FILES = [DATA / name for name in ("chromium.har", "vcrpy.json", "vcrpy.yaml", "ruby-vcr.yml")]
FUZZ = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["GET", "http://a/events/7", "/events/8.json", "2026-11-02T09:14:07Z", "200", "base64", "Basic e30="]
    ),
    st.sampled_from([200, 0, 503, 10**400, -1, float("nan"), "Mon, 02 Nov 2026 09:14:07 GMT", "\ud800", "http://[/"]),
)
NAMES = [
    "request", "response", "method", "url", "uri", "status", "code", "headers", "name", "value", "content", "text",
    "encoding", "size", "body", "string", "base64_string", "startedDateTime", "time", "recorded_at", "_error",
    "status_code", "authorization", "redirectURL", "_file", "duration", "postData", "domain_password", "location",
]  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=2), inner),
    max_leaves=12,
)


def played(path: Path, content: bytes) -> None:
    """Whatever it is, its replay ends, and so does that of what it is converted to."""
    path.write_bytes(content)
    try:
        told = list(replay(path))
    except RecordingError as error:
        assert str(error).isprintable()
    else:
        assert isinstance(told[-1], Ended)
        converted = path.with_name("converted")
        converted.write_text("".join(TraceLines(open_recording(path))))
        assert json.dumps([item.to_json() for item in replay(converted)]) == json.dumps(
            [item.to_json() for item in told]
        )


@st.composite
def polls(draw: st.DrawFn, url: str) -> dict[str, object]:
    """An entry that is a poll, and whose every part may be missing or odd."""

    def perhaps(usual: object) -> object:
        return usual if draw(st.integers(0, 3)) else draw(values)

    shapes = [[{"name": "date", "value": "now"}], {"date": ["now"]}, ["Date", "now"], [["Date", "now"]], "Date: now"]
    headers = perhaps(draw(st.sampled_from(shapes)))
    body: dict[str, object] = {"text": perhaps(EVENTS), "string": perhaps(EVENTS), "encoding": perhaps("utf-8")}
    return {
        "request": {"method": perhaps("GET"), url: "http://k:p@a/events/7", "headers": perhaps(headers)},
        "response": perhaps(
            {
                "status": perhaps(200 if url == "url" else {"code": 200}),
                "headers": headers,
                "redirectURL": draw(st.sampled_from(["", "/events/7", "http://a/events/7"])),
                "content": body,
                "body": body,
            }
        ),
        "startedDateTime": perhaps("2026-11-02T09:14:07Z"),
        "time": perhaps(1.5),
        "recorded_at": perhaps("Mon, 02 Nov 2026 09:14:07 GMT"),
    }


@FUZZ
@given(st.lists(polls("url") | values, max_size=4))
def test_any_har(tmp_path, entries):
    played(tmp_path / "x", json.dumps({"log": {"entries": entries}}).encode())


@FUZZ
@given(st.lists(polls("uri") | values, max_size=4), st.sampled_from(["interactions", "http_interactions", ""]))
def test_any_cassette(tmp_path, interactions, name):
    played(tmp_path / "x", json.dumps({name: interactions} if name else interactions).encode())


@FUZZ
@given(st.lists(polls("uri") | values, max_size=3), st.sampled_from(["CSafeLoader", ""]))
def test_any_cassette_in_yaml(tmp_path, interactions, gone):
    with pytest.MonkeyPatch.context() as patched:
        if gone:
            patched.delattr(yaml, gone, raising=False)
        played(tmp_path / "x", b"interactions: " + json.dumps(interactions).encode())  # for JSON is YAML


@FUZZ
@given(st.binary(max_size=200), st.sampled_from([b"---\n", b"interactions:\n", b"interactions:\n- ", b'{"log": ']))
def test_any_bytes_behind_a_start_that_is_known(tmp_path, content, start):
    played(tmp_path / "x", start + content)


@FUZZ
@given(st.text(st.sampled_from("[]{}:,-?&*!|>'\"%@` \n\tab<#~1="), max_size=60), st.sampled_from(["CSafeLoader", ""]))
def test_any_signs_of_yaml(tmp_path, text, gone):
    with pytest.MonkeyPatch.context() as patched:
        if gone:
            patched.delattr(yaml, gone, raising=False)
        played(tmp_path / "x", b"interactions:\n" + text.encode())


@FUZZ
@given(st.sampled_from(FILES), st.data())
def test_a_file_with_bytes_changed(tmp_path, file, data):
    content = bytearray(file.read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    content[start : start + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    played(tmp_path / "x", bytes(content))


details = st.none() | st.text(max_size=8).flatmap(lambda text: st.integers(0, 250).map(text.__mul__))
seconds = st.integers(0, 10_000).map(lambda half: half / 2000) | st.sampled_from([1e9, 0.0005, 1.0015])
reads = st.fixed_dictionaries({"t": seconds, "took": seconds})
headers = st.dictionaries(
    st.sampled_from(["Date", "retry-after", "Content-Type", "x"]), st.text(max_size=4) | st.just("7")
)
bodies = st.sampled_from(
    [{"body": '{"events": []}'}, {"body": '{"error": {"message": "\x1b\u202e"}}'}, {"body64": "/wA="}, {}]
)
answered = st.builds(
    lambda status, headers, body: {"status": status, "headers": headers, **body},
    st.sampled_from([200, 404, 503]), headers, bodies,
)  # fmt: skip
failed = st.fixed_dictionaries(
    {"error": st.sampled_from(TRANSPORT_ERROR_KINDS), "detail": details, "permanent": st.booleans()}
)
exchanges = st.builds(lambda read, told: read | told, reads, answered | failed)
outcomes = [
    ("completed", None), ("failed", None), ("abandoned", None), ("timed-out", "total"), ("lost-contact", None),
    ("rejected", "credentials"), ("cancelled", None),
]  # fmt: skip
ends = st.builds(
    lambda at, outcome, detail: {"t": at, "end": outcome[0], "reason": outcome[1], "detail": detail},
    seconds, st.sampled_from(outcomes), details,
)  # fmt: skip


@FUZZ
@given(st.lists(exchanges, max_size=5), st.lists(ends, max_size=1))
def test_a_trace_replays_as_it_did_before_it_was_converted(tmp_path, exchanges, end):
    lines = [{"spongewatch-trace": 1}, *exchanges, *end]
    played(tmp_path / "x", "".join(f"{json.dumps(line)}\n" for line in lines).encode())
