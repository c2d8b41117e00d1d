import base64
import json

import pytest

from spongewatch import ImportMachine, PollPolicy, Response, TransportError
from spongewatch.core.errors import TRANSPORT_ERROR_KINDS
from spongewatch.transports.recordings.recording import End, Exchange, RecordingError, TruncatedLine
from spongewatch.transports.recordings.trace import MAX_LINE, Trace, is_trace

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}
ANSWER = {"t": 1.184, "took": 0.121, "status": 200, "headers": {"Content-Type": "a"}, "body": "é"}


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
        list(trace(tmp_path, ANSWER, line).entries())
    assert caught.value.problem.startswith("line 3: ")
    return caught.value.problem.removeprefix("line 3: ")


def test_an_exchange_as_it_went(tmp_path):
    (exchange,) = trace(tmp_path, ANSWER).entries()
    assert exchange == Exchange(1.184, 1.305, Response(200, {"content-type": "a"}, "é".encode()))


@pytest.mark.parametrize(
    ("t", "took", "came"), [(0.1, 0.2, 0.3), (0, 0, 0.0), (1.0004, 0.0004, 1.0), (5, 1e9, 1e9 + 5)]
)
def test_times_are_whole_milliseconds(tmp_path, t, took, came):
    (exchange,) = trace(tmp_path, {"t": t, "took": took, "status": 200}).entries()
    assert exchange.came == came


def test_headers_and_body_may_be_left_out(tmp_path):
    (exchange,) = trace(tmp_path, {"t": 0, "took": 0, "status": 503}).entries()
    assert exchange.answer == Response(503, {}, b"")


@pytest.mark.parametrize("status", [0, 100, 599, 999])
def test_a_status_of_three_digits_is_read_as_a_session_takes_it(tmp_path, status):
    assert [entry.answer for entry in trace(tmp_path, {**ANSWER, "status": status}).entries()] == [
        Response(status, {"content-type": "a"}, "é".encode())
    ]


def test_a_body_that_is_no_text(tmp_path):
    encoded = base64.b64encode(b"\xff\x00").decode()
    (exchange,) = trace(tmp_path, {"t": 0, "took": 0, "status": 200, "body64": encoded}).entries()
    assert exchange.answer == Response(200, {}, b"\xff\x00")


@pytest.mark.parametrize("kind", TRANSPORT_ERROR_KINDS)
def test_an_error_in_place_of_an_answer(tmp_path, kind):
    (exchange,) = trace(tmp_path, {"t": 0, "took": 10, "error": kind, "detail": "why\x1b"}).entries()
    assert isinstance(exchange.answer, TransportError)
    assert str(exchange.answer) == f"{kind}: why\\x1b"


@pytest.mark.parametrize(
    ("member", "permanent"), [({}, False), ({"permanent": False}, False), ({"permanent": True}, True)]
)
def test_an_error_may_be_permanent(tmp_path, member, permanent):
    (exchange,) = trace(tmp_path, {"t": 0, "took": 10, "error": "tls", **member}).entries()
    assert isinstance(exchange.answer, TransportError)
    assert exchange.answer.permanent is permanent


def test_the_end_is_the_last_that_is_read(tmp_path):
    read = list(trace(tmp_path, {"t": 2.0, "end": "completed"}, b"whatever").entries())
    assert read == [End(2.0, "completed", None, "")]


def test_the_end_may_have_a_reason_and_a_detail(tmp_path):
    line = {"t": 2.0, "end": "rejected", "reason": "credentials", "detail": "status 401"}
    assert list(trace(tmp_path, line).entries()) == [End(2.0, "rejected", "credentials", "status 401")]


def test_a_detail_is_cut_and_can_not_act_on_a_terminal(tmp_path):
    (end,) = trace(tmp_path, {"t": 2.0, "end": "lost-contact", "detail": "\x1b" + "x" * 500}).entries()
    assert end.detail == "\\x1b" + "x" * 196
    (again,) = trace(tmp_path, {"t": 2.0, "end": "lost-contact", "detail": end.detail}).entries()
    assert again == end


def test_a_reason_where_the_outcome_has_none_is_passed_over(tmp_path):
    assert list(trace(tmp_path, {"t": 2.0, "end": "cancelled", "reason": "why"}).entries()) == [
        End(2.0, "cancelled", None, "")
    ]


def test_blank_lines_are_passed_over(tmp_path):
    assert len(list(trace(tmp_path, b"", ANSWER, b"  ").entries())) == 1


@pytest.mark.parametrize("tail", [b'{"t": 2.0, "to', b"{", '"é'.encode()[:-1]])
def test_a_torn_last_line_is_dropped_and_told(tmp_path, tail):
    first, last = trace(tmp_path, ANSWER, tail=tail).entries()
    assert isinstance(first, Exchange)
    assert last == TruncatedLine(3)


def test_a_last_line_that_is_whole_but_for_its_end_is_kept(tmp_path):
    first, last = trace(tmp_path, ANSWER, tail=json.dumps(ANSWER).encode()).entries()
    assert first == last


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        ({**ANSWER, "t": -1}, "t is -1, not a number of seconds"),
        ({**ANSWER, "t": True}, "t is true, not a number of seconds"),
        ({**ANSWER, "t": 10**400}, f"t is 1{'0' * 199}, not"),
        ({**ANSWER, "t": float("nan")}, "t is NaN, not a number of seconds"),
        ({"took": 1, "status": 200}, "t is null, not a number of seconds"),
        ({**ANSWER, "took": "0.1"}, 'took is "0.1", not a number of seconds'),
        ({**ANSWER, "status": -1}, "status is -1, not a number from 0 to 999"),
        ({**ANSWER, "status": 1000}, "status is 1000, not a number from 0 to 999"),
        ({**ANSWER, "status": "200"}, 'status is "200", not a number'),
        ({**ANSWER, "status": True}, "status is true, not a number"),
        ({"t": 0, "took": 0}, "status is null, not a number"),
        ({**ANSWER, "headers": []}, "headers are not an object of texts"),
        ({**ANSWER, "headers": {"a": 1}}, "headers are not an object of texts"),
        ({**ANSWER, "body": 5}, "body is 5, not text"),
        ({**ANSWER, "body": "\ud800"}, "body is not text that UTF-8 can hold"),
        ({**ANSWER, "body64": "é"}, "body64 is not base64"),
        ({**ANSWER, "body64": "a"}, "body64 is not base64"),
        ({"t": 0, "took": 0, "error": "bored"}, 'error is "bored", not one of refused, reset,'),
        ({"t": 0, "took": 0, "error": "dns", "detail": 5}, "detail is 5, not text"),
        ({"t": 0, "took": 0, "error": "dns", "permanent": 1}, "permanent is 1, not true or false"),
        ({"t": 0, "took": 0, "error": "dns", "permanent": None}, "permanent is null, not true or false"),
        ({"t": 0, "took": 0, "error": None}, "error is null, not one of refused, reset,"),
        ({"t": 0, "end": "done"}, 'end is "done", not one of completed, failed,'),
        ({"t": 0, "end": None}, "end is null, not one of completed, failed,"),
        ({"t": 0, "end": "rejected", "reason": "consent"}, 'reason is "consent", not one of credentials, unknown-'),
        (
            {"t": 0, "end": "timed-out", "reason": "request"},
            'reason is "request", not one of consent, gathering, total',
        ),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, problem):
    assert problem_of(tmp_path, line).startswith(problem)


def test_a_line_that_never_ends_is_not_read_whole(tmp_path):
    with pytest.raises(RecordingError, match="line 2: is longer than 8,388,608 bytes"):
        list(trace(tmp_path, tail=b"x" * (2 * MAX_LINE)).entries())


def test_a_header_may_say_more_or_less(tmp_path):
    more = {**HEADER, "format": "xml", "started": "2026-11-02T09:14:07Z", "policy": {"interval": 1}, "x": 1}
    assert trace(tmp_path, header=more).import_id == "1126"
    assert trace(tmp_path, header={"spongewatch-trace": 1}).import_id is None
    assert trace(tmp_path, header={**HEADER, "import_id": " 1126 "}).import_id == "1126"
    assert trace(tmp_path, header=b"\xef\xbb\xbf" + json.dumps(HEADER).encode()).import_id == "1126"


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_header_may_leave_the_import_unnamed(tmp_path, blank):
    assert trace(tmp_path, header={**HEADER, "import_id": blank}).import_id is None


def test_the_budgets_are_those_of_the_header_and_the_rest_is_as_ever(tmp_path):
    none = PollPolicy(consent_timeout=None, gathering_timeout=None, lost_contact_timeout=None, timeout=None)
    assert trace(tmp_path).policy == trace(tmp_path, header={**HEADER, "policy": {}}).policy == none
    every = PollPolicy(interval=0.5, consent_timeout=60, gathering_timeout=None, timeout=7, not_found_grace=0)
    assert trace(tmp_path, header={**HEADER, "policy": every.to_json()}).policy == every
    assert trace(tmp_path, header={**HEADER, "policy": {"timeout": 7, "x": 1}}).policy.timeout == 7


def test_a_header_may_say_how_the_watch_stood(tmp_path):
    assert trace(tmp_path).resumed is None
    assert trace(tmp_path, header={**HEADER, "resumed": None}).resumed is None
    assert trace(tmp_path, header={**HEADER, "resumed": RESUMED}).resumed == RESUMED


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ({"spongewatch-trace": 2}, "spongewatch-trace is 2; version 1 is the one that can be read"),
        ({"spongewatch-trace": True}, "spongewatch-trace is true; version 1"),
        ({**HEADER, "import_id": 1126}, "import_id is 1126, not text"),
        ({**HEADER, "import_id": "x" * 65}, f'import_id is "{"x" * 65}", which no import has'),
        ({**HEADER, "import_id": "../1126"}, 'import_id is "../1126", which no import has'),
        ({**HEADER, "import_id": "01126"}, 'import_id is "01126", which no import has'),
        ({**HEADER, "import_id": "\x1b[2J"}, 'import_id is "\\u001b[2J", which no import has'),
        ({**HEADER, "format": "yaml"}, 'format is "yaml", not one of json, xml'),
        ({**HEADER, "started": 5}, "started is 5, not text"),
        ({**HEADER, "policy": []}, "policy is [], not an object"),
        ({**HEADER, "policy": None}, "policy is null, not an object"),
        ({**HEADER, "policy": {"interval": 0}}, "interval must be from 0.001 to 1,000,000,000 seconds, not 0"),
        ({**HEADER, "policy": {"interval": None}}, "interval must be a number of seconds, not None"),
        ({**HEADER, "policy": {"max_delay": "30"}}, "max_delay must be a number of seconds, not str"),
        ({**HEADER, "policy": {"timeout": float("nan")}}, "timeout must be from 0.001 to"),
        ({**HEADER, "policy": {"timeout": True}}, "timeout must be a number of seconds or None, not bool"),
        ({**HEADER, "policy": {"lost_contact_timeout": 0.5}}, "interval must be less than lost_contact_timeout"),
        ({**HEADER, "resumed": []}, "resumed is [], not an object"),
        ({**HEADER, "resumed": {}}, "the saved session has no key machine"),
        ({**HEADER, "resumed": {**RESUMED, "now": -1}}, "the saved session: now must be a whole number"),
        ({**HEADER, "resumed": {**RESUMED, "machine": {}}}, "the saved machine has no key spongewatch-machine"),
        (
            {**HEADER, "import_id": "7", "resumed": RESUMED},
            'the saved session\'s machine is that of import "1126", not of 7',
        ),
        ({**HEADER, "import_id": None, "resumed": RESUMED}, "import_id must be 1 to 64 letters, digits,"),
        (b'{"spongewatch-trace": 1', "is not JSON"),
    ],
)
def test_a_bad_header_is_named(tmp_path, header, problem):
    with pytest.raises(RecordingError) as caught:
        trace(tmp_path, header=header)
    assert caught.value.problem.startswith(f"line 1: {problem}")


def test_a_trace_that_goes_away_is_named(tmp_path):
    there = trace(tmp_path, ANSWER)
    (tmp_path / "trace.jsonl").unlink()
    with pytest.raises(RecordingError, match="can't be read: No such file"):
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
def test_a_trace_is_known_by_its_first_line(line, expected):
    assert is_trace(line) is expected


def test_a_first_line_without_the_mark_is_not_parsed(monkeypatch):
    monkeypatch.setattr("json.loads", None)
    assert not is_trace(b'{"log": {"entries": []}}')
