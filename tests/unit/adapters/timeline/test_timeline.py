import json

import pytest

from answers import json_body, rows
from spongewatch import Anomaly, Cancelled, Ended, LostContact, PollFailed, Rejected, State, TimedOut
from spongewatch.adapters.timeline.timeline import (
    MOMENTS,
    TOLD_FIRST,
    TOLD_LAST,
    Phase,
    Poll,
    in_words,
    timeline_of,
)
from spongewatch.transports import open_recording

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}


def answer(t, *events, took=0.1):
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


def test_phases_follow_each_other_up_to_the_end(drawn):
    timeline = drawn(
        answer(0, WAITING), answer(3, "GATHERING INPROGRESS 5"), answer(5, "GATHERING COMPLETED 7", COMPLETE)
    )
    assert timeline.phases == (Phase(State.INITIALIZING, 0.0, 3.1), Phase(State.GATHERING, 3.1, 5.1))
    assert timeline.ended.outcome.name == "completed"
    assert timeline.seconds == 5.1


def test_an_import_that_was_never_gathered_has_one_phase(drawn):
    assert drawn(answer(0, "INITIALIZING ERROR 514")).phases == (Phase(State.INITIALIZING, 0.0, 0.1),)


def test_a_number_of_contacts_is_a_point_when_it_becomes_known(drawn):
    timeline = drawn(
        answer(0, "GATHERING INPROGRESS 5"),
        answer(1, "GATHERING INPROGRESS 5"),
        answer(2, "GATHERING INPROGRESS 9"),
        answer(3, "GATHERING ERROR 264"),
    )
    assert timeline.contacts == ((0.1, 5), (2.1, 9))


def test_each_poll_is_there_with_its_times_and_whether_it_failed(drawn):
    timeline = drawn(
        answer(0, WAITING),
        {"t": 1, "took": 0.5, "status": 503},
        {"t": 2, "took": 3, "error": "timeout"},
        answer(6, "SUBMITTING INPROGRESS 1"),
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
def test_a_poll_that_ends_the_watch_failed_too(drawn, last, outcome):
    timeline = drawn(answer(0, WAITING), {"t": 1, "took": 0, **last})
    assert isinstance(timeline.ended.outcome, outcome)
    assert [poll.failed for poll in timeline.polls] == [0, 1]


def test_polls_after_the_end_are_no_part_of_the_watch(drawn):
    timeline = drawn(answer(0, COMPLETE), answer(1, COMPLETE), answer(2, COMPLETE))
    assert (timeline.poll_count, timeline.seconds) == (1, 0.1)


def test_polls_that_overlap_or_go_back_in_time_are_taken_one_after_the_other(drawn):
    timeline = drawn(answer(5, WAITING, took=1), answer(2, WAITING), answer(5.5, COMPLETE, took=2))
    assert timeline.polls == (Poll(5.0, 6.0, count=2), Poll(6.0, 7.5))
    assert timeline.poll_count == 3


def test_an_answer_that_came_after_a_budget_ran_out_is_within_the_picture(drawn):
    timeline = drawn(answer(0, WAITING), answer(9, WAITING), header={**HEADER, "policy": {"consent_timeout": 5}})
    assert timeline.ended.outcome == TimedOut("consent")
    assert (timeline.ended.at, timeline.seconds) == (5.0, 9.1)


def test_where_nothing_names_the_import_its_polls_are_still_noted_once(drawn):
    timeline = drawn(answer(0, WAITING), answer(1, COMPLETE), header={"spongewatch-trace": 1})
    assert (timeline.ended.import_id, timeline.poll_count) == ("unknown", 2)


def test_a_recording_without_polls_is_a_timeline_all_the_same(drawn):
    timeline = drawn()
    assert (timeline.phases, timeline.polls, timeline.seconds) == ((Phase(State.INITIALIZING, 0.0, 0.0),), (), 0.0)
    assert timeline.notes == ("the recording ends, and no response in it lists import 1126",)


def test_a_torn_last_line_is_noted(drawn):
    timeline = drawn(answer(0, COMPLETE), tail='{"t": 2')
    assert (timeline.notes, timeline.broken) == (("line 3, the last, is truncated and was ignored",), False)


def test_a_broken_line_ends_the_picture_and_is_noted(drawn):
    timeline = drawn(answer(0, WAITING), [], answer(1, COMPLETE))
    assert (timeline.notes, timeline.broken) == (("line 3: not a JSON object",), True)
    assert timeline.polls == (Poll(0.0, 0.1),)


def test_of_very_many_polls_neighbours_become_one_and_none_is_lost(drawn):
    many = 3 * MOMENTS
    lines = [
        {"t": n, "took": 0.1, "status": 503} if n % 3 else answer(n, f"GATHERING INPROGRESS {n}") for n in range(many)
    ]
    timeline = drawn(*lines, answer(many, COMPLETE, took=0.9))
    assert MOMENTS / 2 <= len(timeline.polls) <= MOMENTS
    assert (timeline.poll_count, timeline.failed_count) == (many + 1, many * 2 // 3)
    assert timeline.polls[-1].came == timeline.seconds == many + 0.9
    assert list(timeline.polls) == sorted(timeline.polls, key=lambda poll: poll.came)
    assert len(timeline.contacts) <= MOMENTS
    assert timeline.contacts[-1][1] == many - 3
    assert (len(timeline.told), len(timeline.told_last)) == (TOLD_FIRST, TOLD_LAST)
    assert timeline.left_out == 2 + many + 1 - TOLD_FIRST - TOLD_LAST
    assert timeline.told_last[-1] is timeline.ended


def test_what_is_told_has_a_time_a_word_and_the_rest():
    completes = timeline_of(open_recording("docs/traces/completes.jsonl"))
    assert in_words(completes.told[0]) == ("0.2 s", "INITIALIZING", "waiting for the person's consent")
    odd = Anomaly("1126", 1.0, "odd-value", rows("GATHERING INPROGRESS")[0])
    assert in_words(odd) == ("1.0 s", "unexpected", "odd-value: GATHERING INPROGRESS")
    lost = Ended("1126", 2.0, LostContact("two  blanks"), State.GATHERING, None)
    assert in_words(lost) == ("2.0 s", "lost-contact", "import 1126 is lost from sight: two  blanks")
    failed = PollFailed("1126", 3.0, 1, "a s  b", None)
    assert in_words(failed) == ("3.0 s", "no news", "poll failed (1 in a row): a s  b")
