"""The seven rules of the machine, each as a property of the items that it emits."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_rows import (
    ending_rows,
    failing_rows,
    failing_unlisted_rows,
    growing_rows,
    histories,
    listed_rows,
    row,
    row_lists,
    rows,
    triggers,
    unlisted_rows,
)
from spongewatch import TRANSITIONS, Anomaly, ErrorCategory, ImportEvent, ImportMachine, State, Transition

COMPLETED = ("COMPLETE", "COMPLETED")


def machine_after(history: list[list[ImportEvent]]) -> ImportMachine:
    machine = ImportMachine()
    for response in history:
        machine.feed(response)
    return machine


def all_items(machine: ImportMachine, history: list[list[ImportEvent]]) -> list[Transition | Anomaly]:
    return [item for response in history for item in machine.feed(response)]


def transitions(items: list[Transition | Anomaly]) -> list[Transition]:
    return [item for item in items if isinstance(item, Transition)]


def pair(event: ImportEvent) -> tuple[str, str]:
    return event.type, event.status


# Rule 1: order does not matter.


@given(histories, row_lists, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(history, response, random):
    shuffled = list(response)
    random.shuffle(shuffled)
    one, other = machine_after(history), machine_after(history)
    assert one.feed(response) == other.feed(shuffled)
    assert one.save() == other.save()


@given(histories, row_lists)
def test_duplicate_rows_change_nothing(history, response):
    one, other = machine_after(history), machine_after(history)
    assert one.feed(response) == other.feed(response + response)
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


def test_unlisted_rows_come_last_sorted_by_name():
    scrambled = rows("ZETA DONE", "ALPHA PENDING", "ALPHA DONE", "COMPLETE PENDING", "GATHERING PENDING")
    emitted = [pair(item.event) for item in ImportMachine().feed(scrambled) if item.event]
    assert emitted == [
        ("GATHERING", "PENDING"),
        ("COMPLETE", "PENDING"),
        ("ALPHA", "DONE"),
        ("ALPHA", "PENDING"),
        ("ZETA", "DONE"),
    ]


# Rule 2: the path has no gaps.


@given(histories)
def test_transitions_form_a_path_from_the_start_to_the_current_state(history):
    machine = ImportMachine()
    steps = transitions(all_items(machine, history))
    for step in steps:
        assert (step.trigger, step.source, step.dest) in TRANSITIONS
    for step, following in pairwise(steps):
        assert step.dest is following.source
    assert (steps[0].source if steps else State.INITIALIZING) is State.INITIALIZING
    assert (steps[-1].dest if steps else State.INITIALIZING) is machine.state


@given(histories)
def test_only_initialize_is_implied_and_only_by_rows_that_require_it(history):
    steps = transitions(all_items(ImportMachine(), history))
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
def test_transitions_implied_by_a_first_row(text, steps):
    assert triggers(ImportMachine().feed([row(text)])) == steps


def test_an_implied_transition_has_no_event_and_no_new_count():
    implied, caused = ImportMachine().feed(rows("GATHERING INPROGRESS 5"))
    assert (implied.event, implied.contact_count) == (None, None)
    assert (caused.event, caused.contact_count) == (row("GATHERING INPROGRESS 5"), 5)


# Rule 3: everything is reported once.


@given(histories, row_lists)
def test_an_unchanged_response_emits_nothing(history, response):
    machine = machine_after(history)
    machine.feed(response)
    before = machine.save()
    assert machine.feed(response) == ()
    assert machine.save() == before


@given(histories)
def test_each_trigger_is_emitted_once_but_progress_for_each_growing_count(history):
    steps = transitions(all_items(ImportMachine(), history))
    emitted = triggers(steps)
    assert all(emitted.count(trigger) <= 1 for trigger in ("start", "initialize", "gather", "complete", "fail"))
    assert "progress" not in emitted[emitted.index("gather") :] if "gather" in emitted else True
    counts = [-1 if step.contact_count is None else step.contact_count for step in steps if step.trigger == "progress"]
    assert all(count < following for count, following in pairwise(counts))


@given(st.lists(st.none() | st.integers(0, 9), min_size=1))
def test_progress_is_emitted_for_the_first_count_and_each_new_maximum(numbers):
    machine = ImportMachine()
    for index, number in enumerate(numbers):
        emitted = triggers(machine.feed([ImportEvent("GATHERING", "INPROGRESS", number)]))
        earlier = [n for n in numbers[:index] if n is not None]
        grew = number is not None and number > max(earlier, default=-1)
        assert ("progress" in emitted) is (index == 0 or grew)


# Rule 4: how often you poll does not matter.


@given(growing_rows(), st.data())
def test_polling_more_or_less_often_passes_through_the_same_states(snapshots, data):
    polled = [snapshot for snapshot in snapshots[:-1] if data.draw(st.booleans())]
    seen, last_only = ImportMachine(), ImportMachine()
    assert states_entered(all_items(seen, [*polled, snapshots[-1]])) == states_entered(
        all_items(last_only, snapshots[-1:])
    )
    assert seen.state is last_only.state


def states_entered(items: list[Transition | Anomaly]) -> list[State]:
    return [step.dest for step in transitions(items) if step.source is not step.dest]


# Rule 5: it never goes back.


@given(growing_rows(), st.data())
def test_a_stale_or_shrunken_response_emits_nothing_and_loses_nothing(snapshots, data):
    now = data.draw(st.integers(0, len(snapshots) - 1))
    machine = machine_after(snapshots[: now + 1])
    stale = data.draw(st.sampled_from(snapshots[: now + 1]))
    shrunken = data.draw(st.lists(st.sampled_from(stale), unique=True))
    before = machine.save()
    assert machine.feed(shrunken) == ()
    assert machine.save() == before


@given(histories)
def test_the_contact_count_is_the_largest_gathering_value_before_the_end(history):
    machine, largest = ImportMachine(), None
    for response in history:
        machine.feed(response)
        if machine.state.is_terminal:
            return
        counts = [event.value for event in response if pair(event) in COUNTING and event.value is not None]
        largest = max([*counts, *([] if largest is None else [largest])], default=None)
        assert machine.contact_count == largest


COUNTING = {("GATHERING", "INPROGRESS"), ("GATHERING", "COMPLETED")}


# Rule 6: terminal states are final.


@given(histories, ending_rows, histories)
def test_terminal_states_are_final(history, last, later):
    machine = machine_after([*history, [last]])
    assert machine.state.is_terminal
    end = (machine.state, machine.contact_count, machine.failure, machine.outcome)
    emitted = all_items(machine, later)
    assert transitions(emitted) == []
    assert {item.reason for item in emitted if isinstance(item, Anomaly)} <= {"contradiction", "unlisted-row"}
    assert (machine.state, machine.contact_count, machine.failure, machine.outcome) == end


@given(histories, row_lists)
def test_a_contradiction_is_reported_exactly_once(history, response):
    machine, contradicted = ImportMachine(), False
    for polled in [*history, response]:
        before = machine.state
        emitted = [
            item for item in machine.feed(polled) if isinstance(item, Anomaly) and item.reason == "contradiction"
        ]
        fails = any(event.status == "ERROR" for event in polled)
        completes = any(pair(event) == COMPLETED for event in polled)
        contradicts = fails if before is State.COMPLETE else completes and (fails or before is State.ERROR)
        assert len(emitted) == (1 if contradicts and not contradicted else 0)
        contradicted = contradicted or contradicts


@given(st.lists(listed_rows | failing_unlisted_rows, max_size=6), failing_rows)
def test_an_error_row_takes_precedence_in_a_response(response, failing):
    machine = ImportMachine()
    steps = transitions(list(machine.feed([*response, row("COMPLETE COMPLETED 0"), failing])))
    assert machine.state is State.ERROR
    assert machine.outcome is not None
    assert machine.outcome.name in ("failed", "abandoned")
    assert "complete" not in triggers(steps)


def test_a_completion_beside_an_error_implies_no_transitions():
    emitted = ImportMachine().feed(rows("COMPLETE COMPLETED 0", "COMPLETE ERROR 514"))
    assert triggers(emitted) == ["fail"]
    assert [(item.reason, item.event) for item in emitted if isinstance(item, Anomaly)] == [
        ("contradiction", row("COMPLETE COMPLETED 0"))
    ]


@pytest.mark.parametrize(
    ("response", "code", "event", "phase"),
    [
        (["GATHERING ERROR 264", "COMPLETE ERROR 514"], 264, "GATHERING ERROR 264", State.GATHERING),
        (["GATHERING ERROR 0", "COMPLETE ERROR 514"], 514, "GATHERING ERROR 0", State.GATHERING),
        (["GATHERING ERROR", "COMPLETE ERROR 0"], None, "GATHERING ERROR", State.GATHERING),
        (["INITIALIZING ERROR 517", "GATHERING INPROGRESS 5"], 517, "INITIALIZING ERROR 517", State.INITIALIZING),
        (["GATHERING INPROGRESS 5", "SUBMITTING ERROR 9999"], 9999, "SUBMITTING ERROR 9999", State.GATHERING),
        (["ERROR ERROR 1"], 1, "ERROR ERROR 1", State.INITIALIZING),
    ],
)
def test_code_event_and_phase_of_a_failure(response, code, event, phase):
    machine = ImportMachine()
    (failed,) = [step for step in transitions(list(machine.feed(rows(*response)))) if step.trigger == "fail"]
    assert failed.event == row(event)
    assert failed.failure is machine.failure
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.phase) == (code, phase)


def test_a_further_error_is_no_contradiction():
    machine = machine_after([rows("GATHERING ERROR 264")])
    assert machine.feed(rows("GATHERING ERROR 264", "COMPLETE ERROR 514")) == ()
    assert machine.failure is not None
    assert machine.failure.code == 264


# Rule 7: unknown words are reported, not refused.


@given(histories, row_lists, st.lists(unlisted_rows, max_size=4))
def test_unlisted_rows_change_nothing_else(history, response, extra):
    with_them, without = machine_after(history), machine_after(history)
    emitted, expected = with_them.feed([*response, *extra]), without.feed(response)
    assert [item for item in emitted if not is_unlisted(item)] == [item for item in expected if not is_unlisted(item)]
    assert (with_them.state, with_them.contact_count) == (without.state, without.contact_count)


def is_unlisted(item: Transition | Anomaly) -> bool:
    return isinstance(item, Anomaly) and item.reason == "unlisted-row"


@given(histories)
def test_each_unlisted_pair_is_reported_once_in_any_state(history):
    emitted = [pair(item.event) for item in all_items(ImportMachine(), history) if is_unlisted(item) and item.event]
    listed = {(t, s) for t in ("INITIALIZING", "GATHERING", "COMPLETE") for s in ("INPROGRESS", "COMPLETED", "ERROR")}
    sent = {pair(event) for response in history for event in response} - (listed - {("COMPLETE", "INPROGRESS")})
    assert sorted(emitted) == sorted(sent)


@given(histories, failing_rows)
def test_an_error_status_ends_the_import_whatever_the_type(history, event):
    machine = machine_after(history)
    machine.feed([event])
    assert machine.state.is_terminal


@given(st.integers(1, 60))
def test_at_most_33_unlisted_pairs_are_reported(count):
    machine = ImportMachine()
    emitted = [machine.feed([ImportEvent(f"NEW{number}", "DONE")]) for number in range(count)]
    assert [len(items) for items in emitted] == [1] * min(count, 33) + [0] * max(count - 33, 0)
    assert machine.feed([ImportEvent("NEW0", "DONE"), ImportEvent("NEW40", "LATER")]) == (
        () if count >= 33 else machine_after([]).feed([ImportEvent("NEW40", "LATER")])
    )


def test_a_contradicting_unlisted_row_is_reported_as_both():
    machine = machine_after([rows("COMPLETE COMPLETED 0")])
    assert [item.reason for item in machine.feed(rows("SUBMITTING ERROR 1")) if isinstance(item, Anomaly)] == [
        "contradiction",
        "unlisted-row",
    ]


def test_an_unlisted_error_code_is_kept():
    machine = machine_after([rows("GATHERING ERROR 4711")])
    assert machine.failure is not None
    assert (machine.failure.code, machine.failure.category) == (4711, ErrorCategory.UNKNOWN)
