import base64
import errno
import json
import os
import stat

import pytest

from event_rows import json_body, rows
from spongewatch import (
    Cancelled,
    Completed,
    Credentials,
    Ended,
    ImportSession,
    InvalidArgument,
    LocalProtocolError,
    LostContact,
    PollPolicy,
    Rejected,
    Response,
    State,
    TimedOut,
    TransportError,
)
from spongewatch.core.redaction import Redaction
from spongewatch.transports import RecordingError, VirtualClock, poll, replay, watch
from spongewatch.transports.recordings.recording import End, Exchange
from spongewatch.transports.recordings.trace import Trace
from spongewatch.transports.recordings.trace_writer import TraceWriter
from spongewatch.transports.testing import HandlerTransport

PASSWORD = 'p+/%: é"'
CREDENTIALS = Credentials("demo-key", PASSWORD)
COMPLETE = json_body(rows("COMPLETE COMPLETED 0"))
TIMEOUT = TransportError("timeout", "no response within 10 s")


def new_session(**arguments):
    return ImportSession("1126", CREDENTIALS, now=1793610847.25, **arguments)


def write(path, *responses, secrets=CREDENTIALS, session=None):
    """Record these responses, each of which takes a quarter of a second, and return the lines of the trace."""
    session = session or new_session()
    with TraceWriter(path, secrets) as record:
        for number, response in enumerate(responses):
            received = session.start + number + 0.25
            if isinstance(response, TransportError):
                session.receive_failure(response, now=received)
            else:
                session.receive(response, now=received)
            record.exchange(session, float(number), response)
    assert record.error is None
    return lines_of(path)


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "trace.jsonl"


def test_a_request_sent_in_the_future_is_refused(path):
    session = new_session()
    with TraceWriter(path, CREDENTIALS) as record:
        session.receive(Response(503), now=session.start + 0.25)
        with pytest.raises(InvalidArgument, match=r"^sent must be at most session\.elapsed, not 100\.0$"):
            record.exchange(session, 100.0, Response(503))
    assert path.read_text() == ""


def test_the_header_has_import_format_time_and_policy(path):
    policy = PollPolicy(timeout=180, consent_timeout=None)
    header, _ = write(path, Response(503), session=new_session(format="xml", policy=policy))
    assert header == {
        "spongewatch-trace": 1,
        "import_id": "1126",
        "format": "xml",
        "started": "2026-11-02T09:14:07.250+00:00",
        "policy": policy.to_json(),
    }
    trace = Trace(path)
    assert (trace.import_id, trace.policy) == ("1126", policy)


def test_a_second_import_is_refused(path):
    with TraceWriter(path, CREDENTIALS) as record:
        clock = VirtualClock()
        first = ImportSession("1126", CREDENTIALS, now=0.0)
        watch(first, HandlerTransport(lambda request: Response(200, {}, COMPLETE)), record=record, clock=clock).run()
        before = path.read_text()
        other, sent = ImportSession("1127", CREDENTIALS, now=0.0), []
        transport = HandlerTransport(sent.append)
        problem = "^this TraceWriter records import 1126; use another one for import 1127$"
        for use in (
            lambda: watch(other, transport, record=record, clock=clock).run(),
            lambda: poll(other, transport, record=record, clock=clock),
            lambda: record.exchange(other, 0.0, Response(503)),
            lambda: record.end(other, Ended("1127", 0.0, Cancelled(), State.INITIALIZING, None)),
        ):
            with pytest.raises(LocalProtocolError, match=problem):
                use()
        assert (sent, path.read_text()) == ([], before)


def test_a_resumed_session_of_the_same_import_continues_the_trace(path):
    clock = VirtualClock()
    with TraceWriter(path, CREDENTIALS) as record:
        session = ImportSession("1126", CREDENTIALS, now=0.0)
        poll(session, HandlerTransport(lambda request: Response(503)), record=record, clock=clock)
        clock.move_to(5.0)
        again = ImportSession.resume(session.save(), CREDENTIALS, now=5.0)
        watch(again, HandlerTransport(lambda request: Response(200, {}, COMPLETE)), record=record, clock=clock).run()
    assert len(lines_of(path)) == 4
    *_, ended = replay(path)
    assert (ended.at, ended.outcome) == (5.0, Completed(None))


def test_the_header_has_the_state_of_a_resumed_session(path):
    first = new_session()
    first.receive(Response(200, {}, json_body(rows("SUBMITTING DONE"))), now=first.start + 1)
    first.receive_failure(TransportError("reset", PASSWORD), now=first.start + 3)
    session = ImportSession.resume(first.save(), None, now=first.start + 9)
    with TraceWriter(path, CREDENTIALS) as record:
        record.begin(session)
        record.begin(session)
    (header,) = lines_of(path)
    assert (header["resumed"]["now"], header["resumed"]["last_failure"]) == (3000, "reset: ******")
    assert Trace(path).resumed == header["resumed"]


def test_without_begin_the_header_has_no_state(path, tmp_path):
    header, _ = write(path, Response(200, {}, COMPLETE))
    assert "resumed" not in header
    with TraceWriter(tmp_path / "other.jsonl") as record:
        record.end(new_session(), Ended("1126", 1.0, Cancelled(), State.INITIALIZING, None))
    assert "resumed" not in lines_of(tmp_path / "other.jsonl")[0]


@pytest.mark.parametrize("watched", ["by a watch", "by polls"])
def test_the_trace_of_a_resumed_watch_replays_to_the_same_items(path, watched):
    gathers = rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5", "SUBMITTING DONE")
    first, clock = new_session(), VirtualClock(start=1793610847.25)
    responses = iter([Response(200, {}, json_body(gathers)), Response(503), Response(503), Response(200, {}, COMPLETE)])
    transport = HandlerTransport(lambda request: next(responses))
    clock.sleep(150)
    first.receive(next(responses), now=clock.now())
    clock.sleep(90)
    poll(first, transport, clock=clock)
    clock.sleep(1)
    session = ImportSession.resume(first.save(), CREDENTIALS, now=clock.now())
    with TraceWriter(path, CREDENTIALS) as record:
        if watched == "by a watch":
            items = list(watch(session, transport, clock=clock, record=record))
        else:
            items = []
            while not session.outcome:
                items += poll(session, transport, clock=clock, record=record)
                clock.sleep(0.25)
    assert [item.to_json() for item in replay(path)] == [item.to_json() for item in items]
    assert items[0].attempt == 2
    assert items[-1].outcome == Completed(5)


def test_an_exchange_is_read_back_unchanged(path):
    response = Response(200, {"content-type": "application/json"}, '{"events": [], "echo": "é\\u0000"}'.encode())
    _, line = write(path, response)
    assert line == {
        "t": 0.0,
        "took": 0.25,
        "status": 200,
        "headers": {"content-type": "application/json"},
        "body": '{"events": [], "echo": "é\\u0000"}',
    }
    assert list(Trace(path).entries()) == [Exchange(0.0, 0.25, response)]


@pytest.mark.parametrize("body", [b"\xff\x00\x80", json.dumps("é").encode("utf-16"), b"caf\xe9"])
def test_a_body_that_is_not_utf_8_is_written_in_base64(path, body):
    _, line = write(path, Response(200, {}, body))
    assert base64.b64decode(line["body64"]) == body
    assert "body" not in line
    assert list(Trace(path).entries()) == [Exchange(0.0, 0.25, Response(200, {}, body))]


@pytest.mark.parametrize(
    ("outcome", "keys"),
    [
        (Completed(7), {}),
        (Cancelled(), {}),
        (TimedOut("consent"), {"reason": "consent"}),
        (LostContact("reset"), {"detail": "reset"}),
        (Rejected("request", ""), {"reason": "request"}),
        (Rejected("credentials", "status 401"), {"reason": "credentials", "detail": "status 401"}),
    ],
)
def test_the_end_has_outcome_time_and_reason(path, outcome, keys):
    with TraceWriter(path, CREDENTIALS) as record:
        record.end(new_session(), Ended("1126", 9.5, outcome, State.GATHERING, 5))
    header, line = lines_of(path)
    assert header["spongewatch-trace"] == 1
    assert line == {"t": 9.5, "end": outcome.name, **keys}
    (end,) = Trace(path).entries()
    assert end == End(9.5, outcome.name, keys.get("reason"), keys.get("detail", ""))


def test_secrets_are_removed_from_bodies_headers_and_errors(path):
    echoed = json.dumps({"error": {"message": PASSWORD, "sent": CREDENTIALS.basic()}}).encode()
    write(
        path,
        Response(500, {"content-type": f"text/{PASSWORD}"}, echoed),
        Response(500, {}, b"\xff" + PASSWORD.encode()),
        TransportError("reset", f"after {PASSWORD}"),
    )
    _, first, second, third = lines_of(path)
    assert json.loads(first["body"]) == {"error": {"message": "******", "sent": "Basic ******"}}
    assert first["headers"] == {"content-type": "text/******"}
    assert base64.b64decode(second["body64"]) == b"\xff******"
    assert third["detail"] == "after ******"


@pytest.mark.parametrize(
    ("echoed", "kept"),
    [
        (f"text/{PASSWORD}; é", "text/******; é"),
        (f"text/{PASSWORD}".encode().decode("latin-1"), "text/******"),  # UTF-8, as HTTP clients show it
        (f"text/{PASSWORD}; \u20ac", "text/******; \u20ac"),
    ],
)
def test_secrets_are_removed_from_headers_in_any_encoding(path, echoed, kept):
    _, line = write(path, Response(503, {"content-type": echoed}))
    assert line["headers"] == {"content-type": kept}


def test_more_secrets_can_be_passed(path):
    _, line = write(path, Response(500, {}, b"one-secret two-secret three"), secrets=["one-secret", "two-secret"])
    assert line["body"] == "****** ****** three"


def test_the_credentials_of_the_session_are_removed_without_passing_them(path):
    _, line, error = write(path, Response(500, {}, PASSWORD.encode()), TransportError("reset", PASSWORD), secrets=())
    assert (line["body"], error["detail"]) == ("******", "******")


def test_the_import_id_is_not_removed(path):
    session = ImportSession("my-import", None, now=1793610847.25)
    _, line = write(
        path, Response(500, {}, b"my-import other-secret"), secrets=["my-import", "other-secret"], session=session
    )
    assert line["body"] == "my-import ******"


def test_no_url_and_no_credentials_are_written(path):
    session = new_session(base_url="https://sponge.example/hidden", auth="query")
    write(path, Response(200, {}, COMPLETE), session=session, secrets=())
    text = path.read_text()
    assert "sponge.example" not in text
    assert "demo-key" not in text


def test_only_the_owner_can_read_the_file(path):
    before = os.umask(0)
    try:
        write(path, Response(503))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_file_is_not_overwritten(path):
    path.write_text("precious")
    with pytest.raises(RecordingError, match=r"trace.jsonl: cannot be created: File exists"):
        TraceWriter(path)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("target", ["there", "gone"])
def test_links_are_not_followed(path, tmp_path, target):
    (tmp_path / "there").write_text("precious")
    path.symlink_to(tmp_path / target)
    with pytest.raises(RecordingError, match="cannot be created: File exists"):
        TraceWriter(path)
    assert (tmp_path / "there").read_text() == "precious"
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("gone/trace.jsonl", "cannot be created: No such file or directory"),
        (".", "cannot be created: "),
        ("x" * 300, "cannot be created: File name too long"),
        ("a\0b", "is not a valid path"),
    ],
)
def test_a_file_that_cannot_be_created_raises(tmp_path, name, problem):
    with pytest.raises(LocalProtocolError) as caught:
        TraceWriter(f"{tmp_path}/{name}")
    assert problem in str(caught.value)
    assert str(caught.value).isprintable()


def test_without_a_watch_the_file_stays_empty(path):
    with TraceWriter(path) as record:
        record.close()
        record.close()
    assert path.read_bytes() == b""


def test_each_line_is_one_write(path, monkeypatch):
    real, written = os.write, []

    def noted(file, data):
        written.append(bytes(data))
        return real(file, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", noted)
        write(path, Response(200, {}, b"\n\r\x00" * 1000), Response(200, {}, b"\xff\n"), TIMEOUT)
    assert path.read_bytes() == b"".join(written)
    assert len(written) == 4
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 and line.isascii() for line in written)


def test_each_line_is_written_immediately(path):
    session = new_session()
    record = TraceWriter(path)
    for number in (1, 2):
        record.exchange(session, 0.0, Response(503))
        assert len(lines_of(path)) == 1 + number
    record.close()


def full(file, data):
    raise OSError(errno.ENOSPC, "No space left on device")


def nearly_full(file, data):
    return len(data) - 1


@pytest.mark.parametrize(("failing", "problem"), [(full, "No space left on device"), (nearly_full, "the disk is full")])
def test_a_full_disk_stops_the_recording_but_not_the_watch(path, monkeypatch, failing, problem):
    clock, real, left = VirtualClock(), os.write, [2]

    def limited(file, data):
        left[0] -= 1
        return real(file, data) if left[0] >= 0 else failing(file, data)

    bodies = [json_body(rows(f"GATHERING INPROGRESS {number}")) for number in (1, 2, 3)] + [COMPLETE]
    transport = HandlerTransport(lambda request: Response(200, {}, bodies.pop(0)))
    session = ImportSession("1126", CREDENTIALS, now=0.0)
    with TraceWriter(path, CREDENTIALS) as record, monkeypatch.context() as patched:
        patched.setattr(os, "write", limited)
        assert watch(session, transport, record=record, clock=clock).run() == Completed(3)
    assert isinstance(record.error, RecordingError)
    assert str(record.error) == f"{path}: recording stopped: {problem}"
    assert left == [-1]  # no further attempt
    assert [item.at for item in replay(path)] == [0.0] * 3  # the lines before are complete


def test_a_forked_process_does_not_write_into_the_trace(tmp_path, monkeypatch):
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as record:
        session = ImportSession("1126", None, now=0.0)
        record.begin(session)
        header = path.read_text()
        monkeypatch.setattr(os, "getpid", lambda: 1)
        record.exchange(session, 0.0, Response(200))
        assert str(record.error) == f"{path}: recording stopped: the process was forked"
    assert path.read_text() == header


@pytest.mark.parametrize("by_polls", [True, False])
def test_a_recorded_response_is_searched_for_secrets_once(path, monkeypatch, by_polls):
    searched, search = [], Redaction.data
    monkeypatch.setattr(Redaction, "data", lambda self, data: searched.append(data) or search(self, data))
    session, clock = new_session(), VirtualClock(start=1793610847.25)
    transport = HandlerTransport(lambda request: Response(410, {}, b"no " + PASSWORD.encode()))
    with TraceWriter(path, CREDENTIALS) as record:
        if by_polls:
            poll(session, transport, clock=clock, record=record)
        else:
            list(watch(session, transport, clock=clock, record=record))
    assert searched == [b"no " + PASSWORD.encode()]
    assert lines_of(path)[1]["body"] == "no ******"
