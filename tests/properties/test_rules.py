"""The seven rules of the machine, each as a property of what comes out of it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers import (
    answers,
    ending_rows,
    failing_rows,
    failing_unlisted_rows,
    growing_answers,
    histories,
    listed_rows,
    row,
    rows,
    triggers,
    unlisted_rows,
)
from spongewatch import TRANSITIONS, Anomaly, ErrorCategory, ImportEvent, ImportMachine, State, Transition

COMPLETED = ("COMPLETE", "COMPLETED")


def machine_after(history: list[list[ImportEvent]]) -> ImportMachine:
    machine = ImportMachine()
    for answer in history:
        machine.feed(answer)
    return machine


def everything_told(machine: ImportMachine, history: list[list[ImportEvent]]) -> list[Transition | Anomaly]:
    return [item for answer in history for item in machine.feed(answer)]


def transitions(items: list[Transition | Anomaly]) -> list[Transition]:
    return [item for item in items if isinstance(item, Transition)]


def pair(event: ImportEvent) -> tuple[str, str]:
    return event.type, event.status


# Rule 1: order does not matter.


@given(histories, answers, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(history, answer, random):
    shuffled = list(answer)
    random.shuffle(shuffled)
    one, other = machine_after(history), machine_after(history)
    assert one.feed(answer) == other.feed(shuffled)
    assert one.save() == other.save()


@given(histories, answers)
def test_a_row_that_stands_twice_changes_nothing(history, answer):
    one, other = machine_after(history), machine_after(history)
    assert one.feed(answer) == other.feed(answer + answer)
    assert one.save() == other.save()


def test_rows_are_taken_in_the_order_of_the_protocol():
    scrambled = rows(
        "COMPLETE COMPLETED 0",
        "GATHERING COMPLETED 7",
        "GATHERING INPROGRESS 5",
        "GATHERING INPROGRESS",
        "GATHERING INPROGRESS 2",
        "INITIALIZING COMPLETED 0",
        "INITIALIZING INPROGRESS 0",
    )
    steps = [(step.trigger, step.contact_count) for step in transitions(list(ImportMachine().feed(scrambled)))]
    assert steps == [
        ("start", None),
        ("initialize", None),
        ("progress", None),
        ("progress", 2),
        ("progress", 5),
        ("gather", 7),
        ("complete", 7),
    ]


def test_unlisted_rows_come_last_and_by_name():
    scrambled = rows("ZETA DONE", "ALPHA PENDING", "ALPHA DONE", "COMPLETE PENDING", "GATHERING PENDING")
    told = [pair(item.event) for item in ImportMachine().feed(scrambled) if item.event]
    assert told == [
        ("GATHERING", "PENDING"),
        ("COMPLETE", "PENDING"),
        ("ALPHA", "DONE"),
        ("ALPHA", "PENDING"),
        ("ZETA", "DONE"),
    ]


# Rule 2: the path is whole.


@given(histories)
def test_what_is_told_joins_up_from_the_beginning_to_where_the_machine_stands(history):
    machine = ImportMachine()
    steps = transitions(everything_told(machine, history))
    for step in steps:
        assert (step.trigger, step.source, step.dest) in TRANSITIONS
    for step, following in pairwise(steps):
        assert step.dest is following.source
    assert (steps[0].source if steps else State.INITIALIZING) is State.INITIALIZING
    assert (steps[-1].dest if steps else State.INITIALIZING) is machine.state


@given(histories)
def test_only_initialize_is_ever_implied_and_only_by_what_can_not_be_without_it(history):
    steps = transitions(everything_told(ImportMachine(), history))
    for number, step in enumerate(steps):
        if step.event is None:
            assert step.trigger == "initialize"
            implied_by = next(later.event for later in steps[number + 1 :] if later.event)
            assert implied_by.type == "GATHERING" or pair(implied_by) == COMPLETED
        else:
            by_status = {"INPROGRESS": ("start", "progress"), "COMPLETED": ("initialize", "gather", "complete")}
            assert step.trigger in by_status.get(step.event.status, ("fail",))


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("GATHERING INPROGRESS 0", ["initialize", "progress"]),
        ("GATHERING COMPLETED 0", ["initialize", "gather"]),
        ("GATHERING ERROR 264", ["initialize", "fail"]),
        ("COMPLETE COMPLETED 0", ["initialize", "complete"]),
        ("COMPLETE ERROR 264", ["fail"]),
        ("SUBMITTING ERROR 264", ["fail"]),
        ("GATHERING PENDING 5", []),
        ("COMPLETE INPROGRESS 5", []),
    ],
)
def test_what_a_first_row_implies(text, steps):
    assert triggers(ImportMachine().feed([row(text)])) == steps


def test_an_implied_step_knows_only_what_was_known_before_the_row_that_implies_it():
    implied, caused = ImportMachine().feed(rows("GATHERING INPROGRESS 5"))
    assert (implied.event, implied.contact_count) == (None, None)
    assert (caused.event, caused.contact_count) == (row("GATHERING INPROGRESS 5"), 5)


# Rule 3: each thing once.


@given(histories, answers)
def test_the_same_answer_again_tells_nothing(history, answer):
    machine = machine_after(history)
    machine.feed(answer)
    before = machine.save()
    assert machine.feed(answer) == ()
    assert machine.save() == before


@given(histories)
def test_start_and_gather_are_told_once_and_progress_only_as_it_grows(history):
    steps = transitions(everything_told(ImportMachine(), history))
    told = triggers(steps)
    assert all(told.count(trigger) <= 1 for trigger in ("start", "initialize", "gather", "complete", "fail"))
    assert "progress" not in told[told.index("gather") :] if "gather" in told else True
    counts = [-1 if step.contact_count is None else step.contact_count for step in steps if step.trigger == "progress"]
    assert all(count < following for count, following in pairwise(counts))


@given(st.lists(st.none() | st.integers(0, 9), min_size=1))
def test_progress_is_told_first_and_at_each_number_beyond_all_before(numbers):
    machine = ImportMachine()
    for index, number in enumerate(numbers):
        told = triggers(machine.feed([ImportEvent("GATHERING", "INPROGRESS", number)]))
        earlier = [n for n in numbers[:index] if n is not None]
        grew = number is not None and number > max(earlier, default=-1)
        assert ("progress" in told) is (index == 0 or grew)


# Rule 4: how often one polls does not matter.


@given(growing_answers(), st.data())
def test_polling_more_or_less_often_passes_through_the_same_states(snapshots, data):
    polled = [snapshot for snapshot in snapshots[:-1] if data.draw(st.booleans())]
    seen, last_only = ImportMachine(), ImportMachine()
    assert states_entered(everything_told(seen, [*polled, snapshots[-1]])) == states_entered(
        everything_told(last_only, snapshots[-1:])
    )
    assert seen.state is last_only.state


def states_entered(items: list[Transition | Anomaly]) -> list[State]:
    return [step.dest for step in transitions(items) if step.source is not step.dest]


# Rule 5: it never goes back.


@given(growing_answers(), st.data())
def test_a_stale_or_shrunken_answer_tells_nothing_and_loses_nothing(snapshots, data):
    now = data.draw(st.integers(0, len(snapshots) - 1))
    machine = machine_after(snapshots[: now + 1])
    stale = data.draw(st.sampled_from(snapshots[: now + 1]))
    shrunken = data.draw(st.lists(st.sampled_from(stale), unique=True))
    before = machine.save()
    assert machine.feed(shrunken) == ()
    assert machine.save() == before


@given(histories)
def test_the_contact_count_is_the_largest_number_of_gathering_before_the_end(history):
    machine, largest = ImportMachine(), None
    for answer in history:
        machine.feed(answer)
        if machine.state.is_terminal:
            return
        counts = [event.value for event in answer if pair(event) in COUNTING and event.value is not None]
        largest = max([*counts, *([] if largest is None else [largest])], default=None)
        assert machine.contact_count == largest


COUNTING = {("GATHERING", "INPROGRESS"), ("GATHERING", "COMPLETED")}


# Rule 6: the end is the end.


@given(histories, ending_rows, histories)
def test_nothing_moves_after_the_end(history, last, later):
    machine = machine_after([*history, [last]])
    assert machine.state.is_terminal
    end = (machine.state, machine.contact_count, machine.failure, machine.outcome)
    told = everything_told(machine, later)
    assert transitions(told) == []
    assert {item.reason for item in told if isinstance(item, Anomaly)} <= {"contradiction", "unlisted-row"}
    assert (machine.state, machine.contact_count, machine.failure, machine.outcome) == end


@given(histories, answers)
def test_a_contradiction_is_told_once_when_it_is_one_and_only_then(history, answer):
    machine, contradicted = ImportMachine(), False
    for polled in [*history, answer]:
        before = machine.state
        told = [item for item in machine.feed(polled) if isinstance(item, Anomaly) and item.reason == "contradiction"]
        fails = any(event.status == "ERROR" for event in polled)
        completes = any(pair(event) == COMPLETED for event in polled)
        contradicts = fails if before is State.COMPLETE else completes and (fails or before is State.ERROR)
        assert len(told) == (1 if contradicts and not contradicted else 0)
        contradicted = contradicted or contradicts


@given(st.lists(listed_rows | failing_unlisted_rows, max_size=6), failing_rows)
def test_an_error_wins_inside_one_answer(answer, failing):
    machine = ImportMachine()
    steps = transitions(list(machine.feed([*answer, row("COMPLETE COMPLETED 0"), failing])))
    assert machine.state is State.ERROR
    assert machine.outcome is not None
    assert machine.outcome.name in ("failed", "abandoned")
    assert "complete" not in triggers(steps)


def test_complete_completed_beside_an_error_implies_nothing():
    told = ImportMachine().feed(rows("COMPLETE COMPLETED 0", "COMPLETE ERROR 514"))
    assert triggers(told) == ["fail"]
    assert [(item.reason, item.event) for item in told if isinstance(item, Anomaly)] == [
        ("contradiction", row("COMPLETE COMPLETED 0"))
    ]


@pytest.mark.parametrize(
    ("answer", "code", "event", "phase"),
    [
        (["GATHERING ERROR 264", "COMPLETE ERROR 514"], 264, "GATHERING ERROR 264", State.GATHERING),
        (["GATHERING ERROR 0", "COMPLETE ERROR 514"], 514, "GATHERING ERROR 0", State.GATHERING),
        (["GATHERING ERROR", "COMPLETE ERROR 0"], None, "GATHERING ERROR", State.GATHERING),
        (["INITIALIZING ERROR 517", "GATHERING INPROGRESS 5"], 517, "INITIALIZING ERROR 517", State.INITIALIZING),
        (["GATHERING INPROGRESS 5", "SUBMITTING ERROR 9999"], 9999, "SUBMITTING ERROR 9999", State.GATHERING),
        (["ERROR ERROR 1"], 1, "ERROR ERROR 1", State.INITIALIZING),
    ],
)
def test_where_a_failure_gets_its_code_its_event_and_its_phase(answer, code, event, phase):
    machine = ImportMachine()
    (failed,) = [step for step in transitions(list(machine.feed(rows(*answer)))) if step.trigger == "fail"]
    assert failed.event == row(event)
    assert failed.failure is machine.failure
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.phase) == (code, phase)


def test_a_further_error_is_no_contradiction():
    machine = machine_after([rows("GATHERING ERROR 264")])
    assert machine.feed(rows("GATHERING ERROR 264", "COMPLETE ERROR 514")) == ()
    assert machine.failure is not None
    assert machine.failure.code == 264


# Rule 7: unknown words are carried, not refused.


@given(histories, answers, st.lists(unlisted_rows, max_size=4))
def test_unlisted_rows_change_nothing_else(history, answer, extra):
    with_them, without = machine_after(history), machine_after(history)
    told, expected = with_them.feed([*answer, *extra]), without.feed(answer)
    assert [item for item in told if not is_unlisted(item)] == [item for item in expected if not is_unlisted(item)]
    assert (with_them.state, with_them.contact_count) == (without.state, without.contact_count)


def is_unlisted(item: Transition | Anomaly) -> bool:
    return isinstance(item, Anomaly) and item.reason == "unlisted-row"


@given(histories)
def test_each_unlisted_pair_is_told_once_in_any_state(history):
    told = [pair(item.event) for item in everything_told(ImportMachine(), history) if is_unlisted(item) and item.event]
    listed = {(t, s) for t in ("INITIALIZING", "GATHERING", "COMPLETE") for s in ("INPROGRESS", "COMPLETED", "ERROR")}
    sent = {pair(event) for answer in history for event in answer} - (listed - {("COMPLETE", "INPROGRESS")})
    assert sorted(told) == sorted(sent)


@given(histories, failing_rows)
def test_an_error_status_ends_the_import_whatever_the_type(history, event):
    machine = machine_after(history)
    machine.feed([event])
    assert machine.state.is_terminal


@given(st.integers(1, 60))
def test_of_unlisted_pairs_thirty_three_are_told(count):
    machine = ImportMachine()
    told = [machine.feed([ImportEvent(f"NEW{number}", "DONE")]) for number in range(count)]
    assert [len(items) for items in told] == [1] * min(count, 33) + [0] * max(count - 33, 0)
    assert machine.feed([ImportEvent("NEW0", "DONE"), ImportEvent("NEW40", "LATER")]) == (
        () if count >= 33 else machine_after([]).feed([ImportEvent("NEW40", "LATER")])
    )


def test_a_row_that_is_both_is_told_as_both_the_contradiction_first():
    machine = machine_after([rows("COMPLETE COMPLETED 0")])
    assert [item.reason for item in machine.feed(rows("SUBMITTING ERROR 1")) if isinstance(item, Anomaly)] == [
        "contradiction",
        "unlisted-row",
    ]


def test_an_unlisted_code_is_carried():
    machine = machine_after([rows("GATHERING ERROR 4711")])
    assert machine.failure is not None
    assert (machine.failure.code, machine.failure.category) == (4711, ErrorCategory.UNKNOWN)
