"""`poll`: one step at a time, with the session stored in between."""

import json

import pytest

from event_rows import json_body, rows, triggers
from scripted_service import (
    BUSY,
    COMPLETE,
    CREDENTIALS,
    GATHERING,
    RESET,
    WAITING,
    Service,
    lines,
    new_session,
)
from spongewatch import Completed, ImportSession, Response, TimedOut, TransportError, Wait
from spongewatch.transports import SystemClock, TraceWriter, VirtualClock, poll, replay, watch
from spongewatch.transports.testing import HandlerTransport


def polled(script, settings, *, resume, record):
    """Poll with a new worker each time the session is due, and return all items."""
    clock = VirtualClock()
    service, items = Service(clock, *script), []
    session = new_session(**settings)
    while session.outcome is None:
        items += poll(session, service, clock=clock, record=record)
        if resume:
            session = ImportSession.resume(session.save(), CREDENTIALS, now=clock.now())
        action = session.next_action(now=clock.now())
        if isinstance(action, Wait):
            clock.move_to(action.until)
    return items


@pytest.mark.parametrize(
    ("script", "settings"),
    [
        ([WAITING, BUSY, RESET, WAITING, GATHERING, Response(200, {}, b"<html>"), COMPLETE], {}),
        ([WAITING], {"consent_timeout": 10}),
        ([GATHERING], {"gathering_timeout": 10}),
        ([WAITING, RESET], {"lost_contact_timeout": 30}),
        ([GATHERING, Response(401)], {}),
        ([BUSY, Response(429, {"retry-after": "100"}), COMPLETE], {}),
        ([Response(503, {}, json.dumps({"error": "m" * 500}).encode())], {"lost_contact_timeout": 30}),
        ([Response(429, {"retry-after": "200"})], {}),
        ([json_body(rows("COMPLETE ERROR 264"))], {}),
    ],
    ids=range(9),
)
@pytest.mark.parametrize("resume", [False, True], ids=["one session", "resumed after every step"])
def test_polls_emit_the_same_items_as_a_watch(tmp_path, script, settings, resume):
    clock = VirtualClock()
    watched = lines(watch(new_session(**settings), Service(clock, *script), clock=clock))
    with TraceWriter(tmp_path / "trace.jsonl") as record:
        assert lines(polled(script, settings, resume=resume, record=record)) == watched
    assert lines(replay(tmp_path / "trace.jsonl")) == watched


@pytest.mark.parametrize("response", [Response(200, {}, COMPLETE), TransportError("refused", "connection refused")])
def test_a_poll_is_received_and_recorded_with_the_same_time(tmp_path, response):
    clock, path = VirtualClock(), tmp_path / "trace.jsonl"
    with TraceWriter(path) as record:
        first, *_ = poll(new_session(), Service(clock, response), record=record, clock=clock)
    assert first.at == 0.25
    line = json.loads(path.read_text().splitlines()[1])
    assert (line["t"], line["took"], "error" in line) == (0.0, 0.25, isinstance(response, TransportError))


def test_poll_does_nothing_while_nothing_is_due():
    clock = VirtualClock()
    session, service = new_session(), Service(clock, WAITING, GATHERING, COMPLETE)
    assert triggers(poll(session, service, clock=clock)) == ["start"]
    for moment in (0.25, 1.0, 1.249):
        clock.move_to(moment)
        before = session.save()
        assert poll(session, service, clock=clock) == ()
        assert session.save() == before
    assert service.sent == [0.0]
    clock.move_to(1.25)
    assert triggers(poll(session, service, clock=clock)) == ["initialize", "progress"]
    clock.move_to(60.0)
    assert poll(session, service, clock=clock)[-1].outcome == Completed(7)
    assert poll(session, service, clock=clock) == ()
    assert service.sent == [0.0, 1.25, 60.0]


def test_an_overdue_poll_is_sent_before_the_watch_ends():
    clock = VirtualClock()
    session, service = new_session(consent_timeout=5), Service(clock, WAITING)
    poll(session, service, clock=clock)
    clock.move_to(60.0)
    (ended,) = poll(session, service, clock=clock)
    assert (ended.outcome, ended.at, service.sent) == (TimedOut("consent"), 5.0, [0.0, 60.0])


def test_an_open_poll_fails_once_its_timeout_is_over():
    clock = VirtualClock()
    session, service = new_session(), Service(clock, WAITING)
    session.sent(now=0.0)
    assert poll(session, service, clock=clock) == ()
    clock.move_to(10.0)
    (failed,) = poll(session, service, clock=clock)
    assert failed.reason.startswith("timeout: ")
    assert (failed.at, service.sent) == (10.0, [])


def test_a_session_stored_before_sending_is_resumed_with_its_poll_open():
    clock = VirtualClock()
    session, service, stored = new_session(), Service(clock, WAITING), []
    poll(session, service, clock=clock, before_sending=lambda: stored.append((session.save(), len(service.sent))))
    [(saved, sent)] = stored
    resumed = ImportSession.resume(saved, CREDENTIALS, now=0.0)
    assert (sent, resumed.next_action(now=0.0)) == (0, Wait(until=11.0))
    assert poll(session, service, clock=clock, before_sending=lambda: stored.append("nothing is due")) == ()
    assert len(stored) == 1


def test_nothing_is_sent_if_before_sending_raises():
    def fail():
        raise OSError("the disk is full")

    service = Service(VirtualClock(), WAITING)
    with pytest.raises(OSError, match="the disk is full"):
        poll(new_session(), service, clock=VirtualClock(), before_sending=fail)
    assert service.sent == []


@pytest.mark.parametrize(("seconds", "timeouts"), [(3.0, [7.0]), (10.0, []), (60.0, [])])
def test_before_sending_uses_time_of_the_request(tmp_path, seconds, timeouts):
    clock = VirtualClock()
    session, service = new_session(), Service(clock, WAITING)
    with TraceWriter(tmp_path / "trace.jsonl") as record:
        items = poll(session, service, clock=clock, record=record, before_sending=lambda: clock.move_to(seconds))
    assert service.timeouts == timeouts
    if not timeouts:
        [failed] = items
        assert failed.reason == "timeout: before_sending left no time to send the request"
        assert failed.retry_at >= seconds + 1
    assert lines(replay(tmp_path / "trace.jsonl"))[: len(items)] == lines(items)


def test_a_budget_can_run_out_in_before_sending():
    clock = VirtualClock()
    session, service = new_session(timeout=5), Service(clock, WAITING)
    [ended] = poll(session, service, clock=clock, before_sending=lambda: clock.move_to(5.5))
    assert (ended.outcome, service.sent) == (TimedOut("total"), [])


def test_the_default_clock_is_that_of_the_system():
    session = new_session(now=SystemClock().now())
    transport = HandlerTransport(lambda request: Response(200, {}, WAITING))
    assert triggers(poll(session, transport)) == ["start"]
    assert poll(session, transport) == ()
