import json

import pytest

from event_rows import json_body, rows
from spongewatch import Cancelled, LostContact, Rejected, State, TimedOut
from spongewatch.adapters.timeline.timeline import (
    FIRST_ITEMS,
    LAST_ITEMS,
    MAX_MOMENTS,
    Phase,
    Poll,
    timeline_of,
)
from spongewatch.transports import open_recording

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}


def exchange(t, *events, took=0.1):
    return {"t": t, "took": took, "status": 200, "body": json_body(rows(*events)).decode()}


@pytest.fixture
def drawn(tmp_path):
    def timeline(*lines, header=HEADER, tail=""):
        file = tmp_path / "trace.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)) + tail)
        return timeline_of(open_recording(file))

    return timeline


WAITING = "INITIALIZING INPROGRESS"
COMPLETE = "COMPLETE COMPLETED 0"


def test_phases_are_consecutive_up_to_the_end(drawn):
    timeline = drawn(
        exchange(0, WAITING), exchange(3, "GATHERING INPROGRESS 5"), exchange(5, "GATHERING COMPLETED 7", COMPLETE)
    )
    assert timeline.phases == (Phase(State.INITIALIZING, 0.0, 3.1), Phase(State.GATHERING, 3.1, 5.1))
    assert timeline.ended.outcome.name == "completed"
    assert timeline.seconds == 5.1


def test_an_import_that_fails_before_gathering_has_one_phase(drawn):
    assert drawn(exchange(0, "INITIALIZING ERROR 514")).phases == (Phase(State.INITIALIZING, 0.0, 0.1),)


def test_each_new_contact_count_has_its_time(drawn):
    timeline = drawn(
        exchange(0, "GATHERING INPROGRESS 5"),
        exchange(1, "GATHERING INPROGRESS 5"),
        exchange(2, "GATHERING INPROGRESS 9"),
        exchange(3, "GATHERING ERROR 264"),
    )
    assert timeline.contacts == ((0.1, 5), (2.1, 9))


def test_each_poll_has_its_times_and_whether_it_failed(drawn):
    timeline = drawn(
        exchange(0, WAITING),
        {"t": 1, "took": 0.5, "status": 503},
        {"t": 2, "took": 3, "error": "timeout"},
        exchange(6, "SUBMITTING INPROGRESS 1"),
        {"t": 7, "end": "cancelled"},
    )
    assert timeline.polls == (
        Poll(0.0, 0.1),
        Poll(1.0, 1.5, failed=1),
        Poll(2.0, 5.0, failed=1),
        Poll(6.0, 6.1),
    )
    assert (timeline.poll_count, timeline.failed_count, timeline.anomalies) == (4, 2, (6.1,))
    assert timeline.ended.outcome == Cancelled()


@pytest.mark.parametrize(
    ("last", "outcome"),
    [({"status": 401}, Rejected), ({"error": "tls", "permanent": True}, LostContact)],
)
def test_a_poll_that_ends_the_watch_is_failed(drawn, last, outcome):
    timeline = drawn(exchange(0, WAITING), {"t": 1, "took": 0, **last})
    assert isinstance(timeline.ended.outcome, outcome)
    assert [poll.failed for poll in timeline.polls] == [0, 1]


def test_polls_after_the_end_are_ignored(drawn):
    timeline = drawn(exchange(0, COMPLETE), exchange(1, COMPLETE), exchange(2, COMPLETE))
    assert (timeline.poll_count, timeline.seconds) == (1, 0.1)


def test_overlapping_polls_are_put_one_after_the_other(drawn):
    timeline = drawn(exchange(5, WAITING, took=1), exchange(2, WAITING), exchange(5.5, COMPLETE, took=2))
    assert timeline.polls == (Poll(5.0, 6.0, count=2), Poll(6.0, 7.5))
    assert timeline.poll_count == 3


def test_a_response_after_a_budget_expired_extends_the_time_axis(drawn):
    timeline = drawn(exchange(0, WAITING), exchange(9, WAITING), header={**HEADER, "policy": {"consent_timeout": 5}})
    assert timeline.ended.outcome == TimedOut("consent")
    assert (timeline.ended.at, timeline.seconds) == (5.0, 9.1)


def test_polls_of_an_import_without_an_id_are_counted_once(drawn):
    timeline = drawn(exchange(0, WAITING), exchange(1, COMPLETE), header={"spongewatch-trace": 1})
    assert (timeline.ended.import_id, timeline.poll_count) == ("unknown", 2)


def test_a_recording_without_polls_has_a_timeline(drawn):
    timeline = drawn()
    assert (timeline.phases, timeline.polls, timeline.seconds) == ((Phase(State.INITIALIZING, 0.0, 0.0),), (), 0.0)
    assert timeline.notes == ("the recording ends, and no response in it lists import 1126",)


def test_a_truncated_last_line_is_noted(drawn):
    timeline = drawn(exchange(0, COMPLETE), tail='{"t": 2')
    assert (timeline.notes, timeline.broken) == (("line 3 (the last) is truncated and was ignored",), False)


def test_a_damaged_line_ends_the_timeline_and_is_noted(drawn):
    timeline = drawn(exchange(0, WAITING), [], exchange(1, COMPLETE))
    assert timeline.broken
    assert timeline.notes[0].startswith("line 3: ")
    assert timeline.polls == (Poll(0.0, 0.1),)


def test_very_many_polls_are_merged_and_all_counted(drawn):
    many = 3 * MAX_MOMENTS
    lines = [
        {"t": n, "took": 0.1, "status": 503} if n % 3 else exchange(n, f"GATHERING INPROGRESS {n}") for n in range(many)
    ]
    timeline = drawn(*lines, exchange(many, COMPLETE, took=0.9))
    assert MAX_MOMENTS / 2 <= len(timeline.polls) <= MAX_MOMENTS
    assert (timeline.poll_count, timeline.failed_count) == (many + 1, many * 2 // 3)
    assert timeline.polls[-1].finished == timeline.seconds == many + 0.9
    assert list(timeline.polls) == sorted(timeline.polls, key=lambda poll: poll.finished)
    assert len(timeline.contacts) <= MAX_MOMENTS
    assert timeline.contacts[-1][1] == many - 3
    assert (len(timeline.first_items), len(timeline.last_items)) == (FIRST_ITEMS, LAST_ITEMS)
    assert timeline.omitted == 2 + many + 1 - FIRST_ITEMS - LAST_ITEMS
    assert timeline.last_items[-1] is timeline.ended
