import json
import threading
import time
from contextlib import suppress

import pytest

from event_rows import json_body, rows, triggers
from leftovers import descriptors
from spongewatch import (
    Abandoned,
    Cancelled,
    Completed,
    Ended,
    Failed,
    ImportFailure,
    LostContact,
    PollFailed,
    Rejected,
    Request,
    State,
    TimedOut,
    TransportError,
)
from spongewatch.transports import VirtualClock
from spongewatch.transports.recordings.opening import open_recording
from spongewatch.transports.recordings.recording import RecordingError
from spongewatch.transports.recordings.replay import ReplayTransport, replay

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}
WAITING = json_body(rows("INITIALIZING INPROGRESS 0"))
GATHERING = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5"))
COMPLETE = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 7", "COMPLETE COMPLETED 0"))
REQUEST = Request("GET", "/events/1126")


def polled(t, body, status=200):
    return {"t": t, "took": 0.25, "status": status, "headers": {}, "body": body.decode()}


def trace(tmp_path, *lines, header=HEADER, tail=""):
    file = tmp_path / "trace.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)) + tail)
    return file


def folder(tmp_path, *bodies):
    for number, body in enumerate(bodies):
        (tmp_path / f"{number}.json").write_bytes(body)
    return tmp_path


def end_of(path):
    *_, ended = replay(path)
    assert isinstance(ended, Ended)
    return ended


def test_a_trace_is_replayed_at_its_own_times(tmp_path):
    items = list(replay(trace(tmp_path, polled(0, WAITING), polled(1.25, GATHERING), polled(2.5, COMPLETE))))
    assert triggers(items) == ["start", "initialize", "progress", "gather", "complete"]
    assert [item.at for item in items] == [0.25, 1.5, 1.5, 2.75, 2.75, 2.75]
    assert items[-1] == Ended("1126", 2.75, Completed(7), State.COMPLETE, 7)


def test_the_bodies_in_a_folder_are_a_second_apart(tmp_path):
    items = list(replay(folder(tmp_path, WAITING, GATHERING, COMPLETE)))
    assert [item.at for item in items] == [0.0, 1.0, 1.0, 2.0, 2.0, 2.0]


def test_a_single_body_is_replayed_immediately(tmp_path):
    file = tmp_path / "any name"
    file.write_bytes(COMPLETE)
    assert [item.at for item in replay(file)] == [0.0] * 4


def test_every_speed_emits_the_same_items(tmp_path):
    path = trace(tmp_path, polled(0, WAITING), polled(1.25, COMPLETE))
    assert list(replay(path)) == list(replay(str(path), speed=1000))


def test_nothing_is_replayed_after_the_end_of_the_import(tmp_path):
    assert end_of(folder(tmp_path, COMPLETE, b"broken")).outcome == Completed(7)


def test_the_import_id_is_taken_from_the_trace_or_the_first_body_with_one(tmp_path):
    nameless = polled(0, WAITING)
    named = polled(1, json_body(rows("COMPLETE COMPLETED"), import_id=7))
    other = polled(2, json_body([], import_id=8))
    error = {"t": 0, "took": 0, "error": "dns"}
    lines = [error, polled(0, b"broken"), nameless, named, other]
    assert end_of(trace(tmp_path, *lines, header={"spongewatch-trace": 1})).import_id == "7"
    assert end_of(trace(tmp_path, nameless, header={"spongewatch-trace": 1})).import_id == "unknown"
    assert end_of(trace(tmp_path, nameless, [], named, header={"spongewatch-trace": 1})).import_id == "unknown"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (polled(0, b"", status=503), "status 503"),
        (polled(0, b'{"error": {"message": "busy"}}', status=503), "status 503: busy"),
        (polled(0, COMPLETE, status=404), "status 404"),
        (polled(0, COMPLETE, status=204), "status 204"),
        (polled(0, b"<html>"), "the response is an HTML page, not a list of events"),
        (polled(0, json_body([], import_id="9\x1b")), 'the response is about another import, "9\\u001b"'),
        ({"t": 0, "took": 0.25, "error": "reset", "detail": "after 12 bytes"}, "reset: after 12 bytes"),
    ],
)
def test_unusable_responses_are_failed_polls(tmp_path, line, reason):
    first, *rest = replay(trace(tmp_path, line, polled(1.25, COMPLETE)))
    assert first == PollFailed("1126", 0.25, 1, reason, 1.711)
    assert triggers(rest) == ["initialize", "gather", "complete"]


def test_retry_after_is_respected(tmp_path):
    busy = {**polled(0, b"", status=429), "headers": {"Retry-After": "7"}}
    first, *_ = replay(trace(tmp_path, busy, polled(7.25, COMPLETE)))
    assert (first.reason, first.retry_at) == ("status 429", 7.25)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (302, Rejected("redirect", "status 302; redirects are not followed, to protect the credentials")),
        (401, Rejected("credentials", "status 401")),
        (403, Rejected("credentials", "status 403")),
        (410, Rejected("unknown-import", "status 410")),
        (422, Rejected("request", "status 422")),
    ],
)
def test_a_rejection_ends_the_watch(tmp_path, status, outcome):
    (ended,) = replay(trace(tmp_path, polled(0, COMPLETE, status=status), polled(1, COMPLETE)))
    assert ended == Ended("1126", 0.25, outcome, State.INITIALIZING, None, seen=False)


def test_404_is_tolerated_during_the_grace(tmp_path):
    early, late = polled(9.5, b"", status=404), polled(9.75, b"", status=404)
    failed, ended = replay(trace(tmp_path, early, late))
    assert isinstance(failed, PollFailed)
    assert (ended.outcome, ended.at) == (Rejected("unknown-import", "status 404"), 10.0)


def test_a_permanent_error_ends_the_watch(tmp_path):
    error = {"t": 1, "took": 0.5, "error": "tls", "detail": "not trusted", "permanent": True}
    items = list(replay(trace(tmp_path, polled(0, GATHERING), error, polled(2, COMPLETE))))
    assert items[-1] == Ended("1126", 1.5, LostContact("tls: not trusted"), State.GATHERING, 5)
    assert not any(isinstance(item, PollFailed) for item in items)


RESET = {"took": 0.5, "error": "reset"}


@pytest.mark.parametrize(
    ("policy", "outcome", "at"),
    [
        ({"consent_timeout": 3}, TimedOut("consent"), 3.0),
        ({"timeout": 4}, TimedOut("total"), 4.0),
        ({"consent_timeout": 3, "timeout": 3}, TimedOut("consent"), 3.0),
        ({"gathering_timeout": 3, "timeout": 4.5}, TimedOut("total"), 4.5),
    ],
)
@pytest.mark.parametrize(
    "rest",
    [[{"t": 5, **RESET}], [polled(5, WAITING)]],
    ids=["a failed poll", "a response without news"],
)
def test_a_budget_in_the_header_ends_the_watch(tmp_path, policy, outcome, at, rest):
    header = {**HEADER, "policy": policy}
    *_, ended = replay(trace(tmp_path, polled(0, WAITING), {"t": 1, **RESET}, *rest, header=header))
    assert (ended.outcome, ended.at) == (outcome, at)


def test_a_recorded_end_counts_while_a_poll_is_overdue(tmp_path):
    header = {**HEADER, "policy": {"consent_timeout": 3}}
    end = {"t": 9.0, "end": "timed-out", "reason": "gathering"}
    ended = end_of(trace(tmp_path, polled(0, WAITING), {"t": 1, **RESET}, end, header=header))
    assert (ended.outcome, ended.at) == (TimedOut("gathering"), 9.0)


def test_overdue_polls_are_replayed_as_they_were_recorded(tmp_path):
    header = {**HEADER, "policy": {"lost_contact_timeout": 2}}
    polls = [polled(0, WAITING), {"t": 5, **RESET}, {"t": 6.5, **RESET}, polled(7.5, COMPLETE)]
    *_, failed, ended = replay(trace(tmp_path, *polls, header=header))
    assert (failed.at, failed.retry_at) == (5.5, 6.5)
    assert (ended.outcome, ended.at) == (
        LostContact("no valid response for 2 s (lost_contact_timeout); last failure: reset"),
        5.5,
    )


def test_the_lost_contact_budget_ends_the_watch(tmp_path):
    header = {**HEADER, "policy": {"lost_contact_timeout": 2, "interval": 1.5}}
    rest = {"t": 9.0, "end": "timed-out", "reason": "gathering"}
    ended = end_of(trace(tmp_path, polled(0, WAITING), {"t": 1, **RESET}, rest, header=header))
    assert ended.outcome == LostContact("no valid response for 2 s (lost_contact_timeout); last failure: reset")
    assert ended.at == 2.25


def test_the_gathering_budget_starts_with_gathering(tmp_path):
    header = {**HEADER, "policy": {"gathering_timeout": 3}}
    ended = end_of(trace(tmp_path, polled(60, WAITING), polled(100, GATHERING), polled(105, GATHERING), header=header))
    assert (ended.outcome, ended.at, ended.state) == (TimedOut("gathering"), 103.25, State.GATHERING)


def test_without_budgets_in_the_header_nothing_times_out(tmp_path):
    late = [{"t": moment, **RESET} for moment in (1, 1000, 10**6)]
    path = trace(tmp_path, polled(0, WAITING), *late, polled(10**7, GATHERING), polled(10**8, COMPLETE))
    assert end_of(path).outcome == Completed(7)


def test_consecutive_failed_polls_are_counted(tmp_path):
    bad = polled(0, b"")
    items = replay(trace(tmp_path, bad, bad, polled(0, WAITING), bad))
    assert [item.attempt for item in items if isinstance(item, PollFailed)] == [1, 2, 1]


def test_a_recording_that_ends_early_loses_contact(tmp_path):
    watch = replay(trace(tmp_path, polled(0, GATHERING)))
    *_, ended = watch
    outcome = LostContact("exhausted: the recording ends before the import does")
    assert ended == Ended("1126", 0.25, outcome, State.GATHERING, 5)
    assert watch.transport.exhausted
    assert (watch.transport.end, watch.transport.truncated_line, watch.transport.broken) == (None, None, None)


def test_a_truncated_last_line_is_dropped_and_remembered(tmp_path):
    watch = replay(trace(tmp_path, polled(0, GATHERING), tail='{"t": 1'))
    assert triggers(list(watch)) == ["initialize", "progress"]
    assert watch.transport.truncated_line == 3


def test_a_truncated_last_line_after_the_end_is_remembered(tmp_path):
    watch = replay(trace(tmp_path, polled(0, COMPLETE), polled(1, COMPLETE), tail='{"t": 1, "end'))
    assert list(watch)[-1].outcome == Completed(7)
    assert watch.transport.truncated_line == 4


def test_an_invalid_line_ends_the_watch_and_is_named(tmp_path):
    watch = replay(trace(tmp_path, polled(0, GATHERING), [], polled(1, COMPLETE)))
    *_, ended = watch
    assert ended.outcome == LostContact("protocol: line 3: not a JSON object")
    assert isinstance(watch.transport.broken, RecordingError)


FAILURE = ImportFailure.of(None, State.GATHERING)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ({"end": "completed"}, Completed(5)),
        ({"end": "failed"}, Failed(FAILURE)),
        ({"end": "abandoned"}, Abandoned(FAILURE)),
        ({"end": "timed-out"}, TimedOut("gathering")),
        ({"end": "timed-out", "reason": "total"}, TimedOut("total")),
        ({"end": "lost-contact"}, LostContact("")),
        ({"end": "lost-contact", "detail": "for 120 s"}, LostContact("for 120 s")),
        ({"end": "rejected"}, Rejected("request", "")),
        ({"end": "rejected", "reason": "credentials", "detail": "status 401"}, Rejected("credentials", "status 401")),
        ({"end": "cancelled"}, Cancelled()),
    ],
)
def test_the_recorded_end_is_replayed(tmp_path, line, outcome):
    ended = end_of(trace(tmp_path, polled(0, GATHERING), {"t": 9.5, **line}))
    assert ended == Ended("1126", 9.5, outcome, State.GATHERING, 5)


def test_a_recorded_cancellation_precedes_a_budget(tmp_path):
    header = {**HEADER, "policy": {"gathering_timeout": 5}}
    ended = end_of(trace(tmp_path, polled(0, GATHERING), {"t": 5.3, "end": "cancelled"}, header=header))
    assert (ended.outcome, ended.at) == (Cancelled(), 5.3)


def test_a_recorded_timeout_without_a_reason_is_that_of_the_phase(tmp_path):
    assert end_of(trace(tmp_path, {"t": 900, "end": "timed-out"})).outcome == TimedOut("consent")


def test_a_watch_can_be_cancelled(tmp_path):
    watch = replay(trace(tmp_path, polled(0, WAITING), polled(1, COMPLETE)))
    next(watch)
    watch.cancel()
    assert list(watch) == [Ended("1126", 0.25, Cancelled(), State.INITIALIZING, None)]


def test_cancelling_ends_a_sleep(tmp_path):
    watch = replay(trace(tmp_path, polled(0, WAITING), polled(7200, COMPLETE)), speed=1)
    next(watch)
    before = time.monotonic()
    threading.Timer(0.02, watch.cancel).start()
    (ended,) = watch
    assert time.monotonic() - before < 60
    assert (ended.outcome, ended.state) == (Cancelled(), State.INITIALIZING)
    assert 0.25 <= ended.at < 60


def test_the_file_is_closed_at_the_end(tmp_path):
    path = trace(tmp_path, polled(0, COMPLETE), polled(1, COMPLETE))
    watches = [replay(path) for _ in range(5)]
    for watch in watches:
        list(watch)
    assert str(path) not in {leads_to for _, leads_to in descriptors()}


def test_a_replay_can_continue_after_an_exception_in_its_clock(tmp_path, monkeypatch):
    def interrupted(clock, milliseconds, speed):
        moves.append(milliseconds)
        if len(moves) % 2:
            raise KeyboardInterrupt
        return milliseconds

    path = trace(tmp_path, polled(0, WAITING), polled(1, GATHERING), {"t": 3, "end": "cancelled"})
    whole = list(replay(path))
    monkeypatch.setattr(VirtualClock, "_slept", interrupted)
    watch, items, moves = replay(path, speed=1), [], []
    while len(items) < len(whole):
        with suppress(KeyboardInterrupt):
            items.append(next(watch))
    assert items == whole
    assert list(watch) == []
    assert moves == [250, 250, 1000, 1000, 1750, 1750]


RESUMED = {
    "now": 150_000,
    "delay": 1000,
    "failed_polls": 2,
    "last_failure": "status 503",
    "told_at": 100_250,
    "phase_end": 700_250,
    "lost_at": 220_250,
    "machine": {
        "spongewatch-machine": 1,
        "import_id": "1126",
        "state": "GATHERING",
        "contact_count": 5,
        "failure": None,
        "told": [["start"], ["progress"]],
    },
}
AS_IT_WAS = {**HEADER, "policy": {"gathering_timeout": 600, "lost_contact_timeout": 120}, "resumed": RESUMED}


def test_the_trace_of_a_resumed_watch_starts_with_its_state(tmp_path):
    path = trace(
        tmp_path, polled(160, b"", status=503), polled(161, GATHERING), polled(162, COMPLETE), header=AS_IT_WAS
    )
    watch = replay(path)
    assert (watch.session.state, watch.session.elapsed) == (State.GATHERING, 150.0)
    failed, *items = watch
    assert (failed.at, failed.attempt, failed.reason) == (160.25, 3, "status 503")
    assert triggers(items) == ["gather", "complete"]
    assert items[-1] == Ended("1126", 162.25, Completed(7), State.COMPLETE, 7)


def test_the_budgets_of_a_resumed_watch_continue(tmp_path):
    late = [polled(219, b"", status=503), {"t": 220.25, "end": "lost-contact"}]
    assert end_of(trace(tmp_path, *late, header=AS_IT_WAS)) == Ended(
        "1126",
        220.25,
        LostContact("no valid response for 120 s (lost_contact_timeout); last failure: status 503"),
        State.GATHERING,
        5,
    )


def test_the_time_before_a_watch_was_resumed_is_skipped(tmp_path):
    before = time.monotonic()
    assert end_of(trace(tmp_path, polled(150, COMPLETE), header=AS_IT_WAS)).outcome == Completed(7)
    *_, ended = replay(trace(tmp_path, polled(150, COMPLETE), header=AS_IT_WAS), speed=1)
    assert ended.at == 150.25
    assert time.monotonic() - before < 60  # not 150 seconds


def test_the_transport_responds_in_order_and_moves_the_clock(tmp_path):
    error = {"t": 3, "took": 1, "error": "timeout"}
    clock = VirtualClock()
    transport = ReplayTransport(open_recording(trace(tmp_path, polled(1, WAITING), polled(0, COMPLETE), error)), clock)
    assert (transport.send(REQUEST, timeout=10).body, clock.now()) == (WAITING, 1.25)
    assert (transport.send(REQUEST, timeout=10).body, clock.now()) == (COMPLETE, 1.25)
    with pytest.raises(TransportError, match="timeout"):
        transport.send(REQUEST, timeout=10)
    assert clock.now() == 4.0
    for _ in range(2):
        with pytest.raises(TransportError, match="exhausted: the recording ends before the import does") as caught:
            transport.send(REQUEST, timeout=10)
        assert caught.value.permanent
    transport.close()
    transport.close()


def test_after_close_there_is_no_response(tmp_path):
    transport = ReplayTransport(open_recording(trace(tmp_path, polled(1, WAITING))), VirtualClock())
    transport.close()
    with pytest.raises(TransportError, match="exhausted"):
        transport.send(REQUEST, timeout=10)


def test_the_import_id_can_be_passed(tmp_path):
    path = folder(tmp_path, COMPLETE)
    assert [item.import_id for item in replay(path, import_id="7")] == ["7"] * 4
