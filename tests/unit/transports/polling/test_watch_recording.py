"""A recorded watch replays to the same items."""

import json

import pytest

from event_rows import json_body, rows
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
from spongewatch import Cancelled, Ended, Response, TransportError
from spongewatch.transports import TraceWriter, VirtualClock, poll, replay, watch
from spongewatch.transports.testing import HandlerTransport

ODD = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5", "SUBMITTING INPROGRESS 1"))


@pytest.mark.parametrize(
    ("script", "settings"),
    [
        ([WAITING, BUSY, RESET, WAITING, GATHERING, ODD, Response(200, {}, b"<html>"), COMPLETE], {}),
        ([WAITING], {"consent_timeout": 10}),
        ([GATHERING], {"gathering_timeout": 10}),
        ([GATHERING], {"timeout": 10}),
        ([WAITING, RESET], {"lost_contact_timeout": 10}),
        ([Response(401, {}, b'{"error": {"message": "no"}}')], {}),
        ([Response(404), Response(404), WAITING, Response(410)], {}),
        ([Response(429, {"retry-after": "7"}), COMPLETE], {}),
        ([Response(429, {"retry-after": "7000"})], {}),
        ([TransportError("tls", "not trusted", permanent=True)], {}),
        ([json_body(rows("COMPLETE ERROR 264"))], {}),
        ([json_body([], import_id="999"), json_body(rows("COMPLETE COMPLETED"), import_id="1126")], {}),
        ([CREDENTIALS.basic().encode(), COMPLETE], {}),
        ([Response(500, {}, json.dumps({"error": CREDENTIALS.domain_password}).encode()), COMPLETE], {}),
        ([b"\xff\xfe\x00", COMPLETE], {}),
    ],
    ids=range(15),
)
@pytest.mark.parametrize("took", [0.0, 0.25, 1.2345])
def test_a_trace_replays_to_the_same_items(tmp_path, script, settings, took):
    path, clock = tmp_path / "trace.jsonl", VirtualClock()
    with TraceWriter(path, CREDENTIALS) as record:
        service = Service(clock, *script, took=took)
        items = list(watch(new_session(**settings), service, clock=clock, record=record))
    assert record.error is None
    assert isinstance(items[-1], Ended)
    assert lines(replay(path)) == lines(items)


@pytest.mark.parametrize("settings", [{}, {"consent_timeout": 1.1}])
def test_the_trace_of_a_watch_that_was_cancelled_in_a_sleep_replays_to_the_same_items(tmp_path, settings):
    clock = VirtualClock()

    class Oversleeping:
        now, wake = clock.now, clock.wake

        def sleep(self, seconds):
            watching.cancel()
            clock.sleep(seconds + 0.5)

    with TraceWriter(tmp_path / "trace.jsonl") as record:
        watching = watch(new_session(**settings), Service(clock, WAITING), record=record, clock=Oversleeping())
        items = list(watching)
    assert items[-1].outcome == Cancelled()
    assert lines(replay(tmp_path / "trace.jsonl")) == lines(items)


def test_an_unfinished_trace_replays_as_far_as_it_goes(tmp_path):
    clock = VirtualClock()
    with TraceWriter(tmp_path / "trace.jsonl") as record:
        watching = watch(new_session(), Service(clock, WAITING, GATHERING, COMPLETE), clock=clock, record=record)
        items = [next(watching) for _ in range(3)]
    assert lines(replay(tmp_path / "trace.jsonl"))[:-1] == lines(items)


def poll_once(session, transport, record):
    poll(session, transport, record=record, clock=VirtualClock())


def watch_to_the_end(session, transport, record):
    watch(session, transport, record=record, clock=VirtualClock()).run()


@pytest.mark.parametrize("loop", [poll_once, watch_to_the_end])
def test_the_trace_of_an_interrupted_first_poll_can_be_replayed(tmp_path, loop):
    def interrupted(request):
        raise KeyboardInterrupt

    with TraceWriter(tmp_path / "trace.jsonl", CREDENTIALS) as record, pytest.raises(KeyboardInterrupt):
        loop(new_session(), HandlerTransport(interrupted), record)
    *_, ended = replay(tmp_path / "trace.jsonl")
    assert (ended.import_id, ended.outcome.name) == ("1126", "lost-contact")
