import base64
import json

import pytest

from spongewatch import ImportMachine, PollPolicy, Response, TransportError
from spongewatch.core.errors import TRANSPORT_ERROR_KINDS
from spongewatch.transports.recordings.recording import End, Exchange, RecordingError, TruncatedLine
from spongewatch.transports.recordings.trace import MAX_LINE, Trace, is_trace

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}
POLL = {"t": 1.184, "took": 0.121, "status": 200, "headers": {"Content-Type": "a"}, "body": "é"}


RESUMED = {
    "now": 150_000,
    "delay": 1000,
    "failed_polls": 0,
    "last_failure": "",
    "told_at": 0,
    "phase_end": None,
    "lost_at": None,
    "machine": json.loads(ImportMachine("1126").save()),
}


def trace(tmp_path, *lines, header=HEADER, tail=b""):
    file = tmp_path / "trace.jsonl"
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in (header, *lines)]
    file.write_bytes(b"".join(text + b"\n" for text in texts) + tail)
    return Trace(file)


def problem_of(tmp_path, line):
    with pytest.raises(RecordingError) as caught:
        list(trace(tmp_path, POLL, line).entries())
    assert caught.value.problem.startswith("line 3: ")
    return caught.value.problem.removeprefix("line 3: ")


def test_an_exchange_is_read(tmp_path):
    (exchange,) = trace(tmp_path, POLL).entries()
    assert exchange == Exchange(1.184, 1.305, Response(200, {"content-type": "a"}, "é".encode()))


@pytest.mark.parametrize(
    ("t", "took", "received"), [(0.1, 0.2, 0.3), (0, 0, 0.0), (1.0004, 0.0004, 1.0), (5, 1e9, 1e9 + 5)]
)
def test_times_are_rounded_to_milliseconds(tmp_path, t, took, received):
    (exchange,) = trace(tmp_path, {"t": t, "took": took, "status": 200}).entries()
    assert exchange.received == received


def test_headers_and_body_are_optional(tmp_path):
    (exchange,) = trace(tmp_path, {"t": 0, "took": 0, "status": 503}).entries()
    assert exchange.response == Response(503, {}, b"")


@pytest.mark.parametrize("status", [0, 100, 599, 999])
def test_every_status_of_up_to_three_digits_is_read(tmp_path, status):
    assert [entry.response for entry in trace(tmp_path, {**POLL, "status": status}).entries()] == [
        Response(status, {"content-type": "a"}, "é".encode())
    ]


def test_a_body_in_base64_is_read(tmp_path):
    encoded = base64.b64encode(b"\xff\x00").decode()
    (exchange,) = trace(tmp_path, {"t": 0, "took": 0, "status": 200, "body64": encoded}).entries()
    assert exchange.response == Response(200, {}, b"\xff\x00")


@pytest.mark.parametrize("kind", TRANSPORT_ERROR_KINDS)
def test_an_error_is_read(tmp_path, kind):
    (exchange,) = trace(tmp_path, {"t": 0, "took": 10, "error": kind, "detail": "why\x1b"}).entries()
    assert isinstance(exchange.response, TransportError)
    assert str(exchange.response) == f"{kind}: why\\x1b"


@pytest.mark.parametrize(
    ("member", "permanent"), [({}, False), ({"permanent": False}, False), ({"permanent": True}, True)]
)
def test_an_error_may_be_permanent(tmp_path, member, permanent):
    (exchange,) = trace(tmp_path, {"t": 0, "took": 10, "error": "tls", **member}).entries()
    assert isinstance(exchange.response, TransportError)
    assert exchange.response.permanent is permanent


def test_nothing_is_read_after_the_end(tmp_path):
    read = list(trace(tmp_path, {"t": 2.0, "end": "completed"}, b"ignored").entries())
    assert read == [End(2.0, "completed", None, "")]


def test_the_end_may_have_a_reason_and_a_detail(tmp_path):
    line = {"t": 2.0, "end": "rejected", "reason": "credentials", "detail": "status 401"}
    assert list(trace(tmp_path, line).entries()) == [End(2.0, "rejected", "credentials", "status 401")]


def test_a_detail_is_shortened_and_printable(tmp_path):
    (end,) = trace(tmp_path, {"t": 2.0, "end": "lost-contact", "detail": "\x1b" + "x" * 500}).entries()
    assert end.detail == "\\x1b" + "x" * 196
    (again,) = trace(tmp_path, {"t": 2.0, "end": "lost-contact", "detail": end.detail}).entries()
    assert again == end


def test_a_reason_of_an_outcome_without_one_is_ignored(tmp_path):
    assert list(trace(tmp_path, {"t": 2.0, "end": "cancelled", "reason": "why"}).entries()) == [
        End(2.0, "cancelled", None, "")
    ]


def test_blank_lines_are_ignored(tmp_path):
    assert len(list(trace(tmp_path, b"", POLL, b"  ").entries())) == 1


@pytest.mark.parametrize("tail", [b'{"t": 2.0, "to', b"{", '"é'.encode()[:-1]])
def test_a_truncated_last_line_is_reported(tmp_path, tail):
    first, last = trace(tmp_path, POLL, tail=tail).entries()
    assert isinstance(first, Exchange)
    assert last == TruncatedLine(3)


def test_a_complete_last_line_without_a_line_feed_is_read(tmp_path):
    first, last = trace(tmp_path, POLL, tail=json.dumps(POLL).encode()).entries()
    assert first == last


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "not a JSON object"),
        ({**POLL, "t": -1}, "t must be a number of seconds, not -1"),
        ({**POLL, "t": True}, "t must be a number of seconds, not true"),
        ({**POLL, "t": 10**400}, f"t must be a number of seconds, not 1{'0' * 199}"),
        ({**POLL, "t": float("nan")}, "t must be a number of seconds, not NaN"),
        ({"took": 1, "status": 200}, "t must be a number of seconds, not null"),
        ({**POLL, "took": "0.1"}, 'took must be a number of seconds, not "0.1"'),
        ({**POLL, "status": -1}, "status must be a number from 0 to 999, not -1"),
        ({**POLL, "status": 1000}, "status must be a number from 0 to 999, not 1000"),
        ({**POLL, "status": "200"}, 'status must be a number from 0 to 999, not "200"'),
        ({**POLL, "status": True}, "status must be a number from 0 to 999, not true"),
        ({"t": 0, "took": 0}, "status must be a number from 0 to 999, not null"),
        ({**POLL, "headers": []}, "headers must be an object with string values"),
        ({**POLL, "headers": {"a": 1}}, "headers must be an object with string values"),
        ({**POLL, "body": 5}, "body must be a string, not 5"),
        ({**POLL, "body": "\ud800"}, "body must be encodable as UTF-8"),
        ({**POLL, "body64": "é"}, "body64 must be base64"),
        ({**POLL, "body64": "a"}, "body64 must be base64"),
        ({"t": 0, "took": 0, "error": "bored"}, "error must be one of refused, reset,"),
        ({"t": 0, "took": 0, "error": "dns", "detail": 5}, "detail must be a string, not 5"),
        ({"t": 0, "took": 0, "error": "dns", "permanent": 1}, "permanent must be true or false, not 1"),
        ({"t": 0, "took": 0, "error": "dns", "permanent": None}, "permanent must be true or false, not null"),
        ({"t": 0, "took": 0, "error": None}, "error must be one of refused, reset,"),
        ({"t": 0, "end": "done"}, "end must be one of completed, failed,"),
        ({"t": 0, "end": None}, "end must be one of completed, failed,"),
        ({"t": 0, "end": "rejected", "reason": "consent"}, "reason must be one of credentials, unknown-"),
        (
            {"t": 0, "end": "timed-out", "reason": "request"},
            'reason must be one of consent, gathering, total, not "request"',
        ),
    ],
)
def test_an_invalid_line_is_named(tmp_path, line, problem):
    assert problem_of(tmp_path, line).startswith(problem)


def test_a_line_is_not_read_beyond_the_limit(tmp_path):
    with pytest.raises(RecordingError, match="line 2: longer than 8,388,608 bytes"):
        list(trace(tmp_path, tail=b"x" * (2 * MAX_LINE)).entries())


def test_a_header_may_have_more_or_fewer_keys(tmp_path):
    more = {**HEADER, "format": "xml", "started": "2026-11-02T09:14:07Z", "policy": {"interval": 1}, "x": 1}
    assert trace(tmp_path, header=more).import_id == "1126"
    assert trace(tmp_path, header={"spongewatch-trace": 1}).import_id is None
    assert trace(tmp_path, header={**HEADER, "import_id": " 1126 "}).import_id == "1126"
    assert trace(tmp_path, header=b"\xef\xbb\xbf" + json.dumps(HEADER).encode()).import_id == "1126"


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_header_may_name_no_import(tmp_path, blank):
    assert trace(tmp_path, header={**HEADER, "import_id": blank}).import_id is None


def test_budgets_that_the_header_does_not_name_are_unlimited(tmp_path):
    none = PollPolicy(consent_timeout=None, gathering_timeout=None, lost_contact_timeout=None, timeout=None)
    assert trace(tmp_path).policy == trace(tmp_path, header={**HEADER, "policy": {}}).policy == none
    every = PollPolicy(interval=0.5, consent_timeout=60, gathering_timeout=None, timeout=7, not_found_grace=0)
    assert trace(tmp_path, header={**HEADER, "policy": every.to_json()}).policy == every
    assert trace(tmp_path, header={**HEADER, "policy": {"timeout": 7, "x": 1}}).policy.timeout == 7


def test_a_header_may_have_the_state_of_a_resumed_session(tmp_path):
    assert trace(tmp_path).resumed is None
    assert trace(tmp_path, header={**HEADER, "resumed": None}).resumed is None
    assert trace(tmp_path, header={**HEADER, "resumed": RESUMED}).resumed == RESUMED


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ({"spongewatch-trace": 2}, "trace version must be 1, not 2"),
        ({"spongewatch-trace": True}, "trace version must be 1, not true"),
        ({**HEADER, "import_id": 1126}, "import_id must be a string, not 1126"),
        ({**HEADER, "import_id": "x" * 65}, f'invalid import_id "{"x" * 65}"'),
        ({**HEADER, "import_id": "../1126"}, 'invalid import_id "../1126"'),
        ({**HEADER, "import_id": "01126"}, 'invalid import_id "01126"'),
        ({**HEADER, "import_id": "\x1b[2J"}, 'invalid import_id "\\u001b[2J"'),
        ({**HEADER, "format": "yaml"}, 'format must be one of json, xml, not "yaml"'),
        ({**HEADER, "started": 5}, "started must be a string, not 5"),
        ({**HEADER, "policy": []}, "policy must be an object, not []"),
        ({**HEADER, "policy": None}, "policy must be an object, not null"),
        ({**HEADER, "policy": {"interval": 0}}, "interval must be from 0.001 to 1,000,000,000 seconds, not 0"),
        ({**HEADER, "policy": {"interval": None}}, "interval must be a number of seconds, not None"),
        (
            {**HEADER, "policy": {"max_delay": "30"}},
            "max_delay must be a number of seconds, not str",
        ),
        ({**HEADER, "policy": {"timeout": float("nan")}}, "timeout must be from 0.001 to"),
        ({**HEADER, "policy": {"timeout": True}}, "timeout must be a number of seconds or None, not bool"),
        ({**HEADER, "policy": {"lost_contact_timeout": 0.5}}, "interval must be less than lost_contact_timeout"),
        ({**HEADER, "resumed": []}, "resumed must be an object, not []"),
        ({**HEADER, "resumed": {}}, "the saved session has no key machine"),
        ({**HEADER, "resumed": {**RESUMED, "now": -1}}, "the saved session: now must be a whole number"),
        ({**HEADER, "resumed": {**RESUMED, "machine": {}}}, "the saved machine has no key spongewatch-machine"),
        ({**HEADER, "import_id": "7", "resumed": RESUMED}, "the saved session's machine is that of import"),
        ({**HEADER, "import_id": None, "resumed": RESUMED}, "import_id must be 1 to 64 letters, digits,"),
        (b'{"spongewatch-trace": 1', "not valid JSON"),
    ],
)
def test_an_invalid_header_is_refused(tmp_path, header, problem):
    with pytest.raises(RecordingError) as caught:
        trace(tmp_path, header=header)
    assert caught.value.problem.startswith(f"line 1: {problem}")


def test_a_trace_that_disappears_is_an_error(tmp_path):
    there = trace(tmp_path, POLL)
    (tmp_path / "trace.jsonl").unlink()
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        list(there.entries())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"spongewatch-trace": 1}', True),
        (b'\xef\xbb\xbf {"import_id": "1", "spongewatch-trace": 2}', True),
        (b' { "spongewatch-trace"', True),
        (b'{"events": [], "echo": "spongewatch-trace"}', False),
        (b'{"events": [], "echo": "spongewatch-trace', False),
        (b'["spongewatch-trace"]', False),
        (b'{"events": []}', False),
        (b"", False),
    ],
)
def test_a_trace_is_recognized_by_its_first_line(line, expected):
    assert is_trace(line) is expected


def test_other_first_lines_are_not_parsed(monkeypatch):
    monkeypatch.setattr("json.loads", None)
    assert not is_trace(b'{"log": {"entries": []}}')
