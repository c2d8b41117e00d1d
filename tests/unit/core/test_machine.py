import json
import sys
from copy import copy

import pytest

from event_rows import row, rows, triggers
from spongewatch.core.emitted import Anomaly, Transition
from spongewatch.core.error_codes import ErrorCategory, ImportFailure
from spongewatch.core.errors import InvalidArgument, InvalidType, LocalProtocolError
from spongewatch.core.events import ImportEvent
from spongewatch.core.machine import ImportMachine
from spongewatch.core.outcomes import Abandoned, Completed, Failed
from spongewatch.core.table import State

HISTORIES = {
    State.INITIALIZING: ["INITIALIZING INPROGRESS 0"],
    State.GATHERING: ["INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 1"],
    State.COMPLETE: ["GATHERING COMPLETED 1", "COMPLETE COMPLETED 0"],
    State.ERROR: ["GATHERING INPROGRESS 1", "GATHERING ERROR 264"],
}

# The items that each row emits in each state, in the order of HISTORIES; + marks an anomaly.
EXPECTED = {
    "INITIALIZING INPROGRESS 0": ("", "", "", ""),
    "INITIALIZING COMPLETED 0": ("initialize", "", "", ""),
    "INITIALIZING ERROR 514": ("fail", "fail", "+contradiction", ""),
    "GATHERING INPROGRESS 0": ("initialize progress", "", "", ""),
    "GATHERING INPROGRESS 5": ("initialize progress", "progress", "", ""),
    "GATHERING COMPLETED 0": ("initialize gather", "gather", "", ""),
    "GATHERING COMPLETED 5": ("initialize gather", "gather", "", ""),
    "GATHERING ERROR 264": ("initialize fail", "fail", "+contradiction", ""),
    "COMPLETE COMPLETED 0": ("initialize complete", "complete", "", "+contradiction"),
    "COMPLETE ERROR 514": ("fail", "fail", "+contradiction", ""),
    "COMPLETE INPROGRESS 5": ("+unlisted-row", "+unlisted-row", "+unlisted-row", "+unlisted-row"),
    "GATHERING PENDING 5": ("+unlisted-row", "+unlisted-row", "+unlisted-row", "+unlisted-row"),
    "ALPHA DONE 5": ("+unlisted-row", "+unlisted-row", "+unlisted-row", "+unlisted-row"),
    "SUBMITTING INPROGRESS 50": ("+unlisted-row", "+unlisted-row", "+unlisted-row", "+unlisted-row"),
    "SUBMITTING ERROR 9": (
        "fail +unlisted-row",
        "fail +unlisted-row",
        "+contradiction +unlisted-row",
        "+unlisted-row",
    ),
}


def in_state(state):
    machine = ImportMachine("1126")
    machine.feed(rows(*HISTORIES[state]))
    assert machine.state is state
    return machine


@pytest.mark.parametrize("text", EXPECTED)
@pytest.mark.parametrize("state", HISTORIES)
def test_every_row_in_every_state_emits_what_the_table_says(state, text):
    items = in_state(state).feed([row(text)])
    names = [item.trigger if isinstance(item, Transition) else f"+{item.reason}" for item in items]
    assert " ".join(names) == EXPECTED[text][list(HISTORIES).index(state)]


# The rows of four real imports, a line for each response that differed from the one before.
CONSENT_EMPTY = [
    ["INITIALIZING INPROGRESS 0"],
    ["INITIALIZING INPROGRESS 0"],
    ["INITIALIZING COMPLETED 0", "GATHERING COMPLETED 0", "COMPLETE COMPLETED 0"],
]
PASSWORD_ONE_CONTACT = [
    ["INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 0"],
    ["INITIALIZING COMPLETED 0", "GATHERING COMPLETED 1", "COMPLETE COMPLETED 0"],
]
CONSENT_MANY = [
    ["INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 0"],
    ["INITIALIZING COMPLETED 0", "GATHERING COMPLETED 2340", "COMPLETE COMPLETED 0"],
]
OVER_AT_FIRST_POLL = [["INITIALIZING COMPLETED 0", "GATHERING COMPLETED 2001", "COMPLETE COMPLETED 0"]]


@pytest.mark.parametrize(
    ("responses", "steps", "count"),
    [
        (CONSENT_EMPTY, ["start", "initialize", "gather", "complete"], 0),
        (PASSWORD_ONE_CONTACT, ["initialize", "progress", "gather", "complete"], 1),
        (CONSENT_MANY, ["initialize", "progress", "gather", "complete"], 2340),
        (OVER_AT_FIRST_POLL, ["initialize", "gather", "complete"], 2001),
    ],
)
def test_recorded_imports_emit_the_expected_items(responses, steps, count):
    machine = ImportMachine()
    assert triggers([item for response in responses for item in machine.feed(rows(*response))]) == steps
    assert machine.outcome == Completed(count)


def test_a_transition_does_not_change_later():
    machine = ImportMachine("1126")
    (step,) = machine.feed(rows("INITIALIZING INPROGRESS 0"), at=1.5)
    machine.feed(rows("COMPLETE COMPLETED 0"), at=9)
    assert step == Transition(
        "1126", 1.5, "start", State.INITIALIZING, State.INITIALIZING, None, row("INITIALIZING INPROGRESS 0"), None
    )


def test_all_items_of_a_response_have_its_id_and_time():
    items = ImportMachine("1126").feed(rows("GATHERING ERROR 264", "COMPLETE COMPLETED", "ALPHA DONE"), at=1.5)
    assert len(items) == 4
    assert {(item.import_id, item.at) for item in items} == {("1126", 1.5)}


def test_the_time_of_an_item_is_a_float():
    (step,) = ImportMachine().feed(rows("INITIALIZING INPROGRESS"), at=3)
    assert repr(step.at) == "3.0"


def test_the_same_number_is_emitted_once():
    machine = in_state(State.GATHERING)
    assert machine.feed(rows("GATHERING INPROGRESS 1")) == machine.feed(rows("GATHERING INPROGRESS")) == ()


def test_the_contact_count_of_a_transition_is_the_one_after_its_row():
    items = ImportMachine().feed(rows("GATHERING INPROGRESS 5", "GATHERING COMPLETED 7", "COMPLETE COMPLETED 9"))
    assert [(step.trigger, step.contact_count) for step in items] == [
        ("initialize", None),
        ("progress", 5),
        ("gather", 7),
        ("complete", 7),
    ]


def test_transitions_come_before_anomalies():
    items = ImportMachine().feed(rows("COMPLETE COMPLETED 0", "ALPHA DONE", "GATHERING PENDING"))
    assert [type(item) for item in items] == [Transition, Transition, Anomaly, Anomaly]


IN_ORDER = [
    row("INITIALIZING INPROGRESS 0"),
    row("INITIALIZING COMPLETED 0"),
    row("GATHERING INPROGRESS"),
    row("GATHERING INPROGRESS 0"),
    row("GATHERING INPROGRESS 7"),
    row("GATHERING COMPLETED 7"),
    row("COMPLETE COMPLETED 0"),
    row("INITIALIZING PENDING"),
    row("GATHERING DONE"),
    row("GATHERING PENDING"),
    row("COMPLETE INPROGRESS"),
    row("ALPHA INPROGRESS"),
    row("ALPHA COMPLETED"),
    row("ALPHA DONE"),
    row("BETA INPROGRESS"),
]


@pytest.mark.parametrize("first", range(len(IN_ORDER)))
def test_rows_are_sorted_into_the_protocols_order(first):
    turned = IN_ORDER[first:] + IN_ORDER[:first]
    for arrived in (turned, turned[::-1]):
        assert [item.event for item in ImportMachine().feed(arrived)] == IN_ORDER


@pytest.mark.parametrize(
    "in_order",
    [
        [row("ALPHA DONE"), row("ALPHA DONE 0"), row("ALPHA DONE 5")],
        [ImportEvent("ALPHA", "DONE", None, "less"), ImportEvent("ALPHA", "DONE", None, "more")],
        [ImportEvent("ALPHA", "DONE"), ImportEvent("ALPHA", "DONE", None, "")],
    ],
)
def test_rows_with_the_same_words_are_sorted_by_value(in_order):
    for arrived in (in_order, in_order[::-1]):
        (only,) = ImportMachine().feed(arrived)
        assert only.event == in_order[0]


def test_a_failure_has_the_first_error_row_and_the_first_code_above_0():
    failing = rows("INITIALIZING ERROR 0", "GATHERING ERROR", "COMPLETE ERROR 264", "ALPHA ERROR 514")
    for arrived in (failing, failing[::-1]):
        machine = ImportMachine()
        (step,) = (item for item in machine.feed(arrived) if isinstance(item, Transition))
        assert (step.event, step.failure) == (failing[0], machine.failure)
        assert machine.failure == ImportFailure.of(264, State.INITIALIZING)


@pytest.mark.parametrize("completed_before", [False, True])
def test_a_failure_wins_over_a_completion_in_the_same_response(completed_before):
    machine = in_state(State.COMPLETE if completed_before else State.GATHERING)
    completed, failing = response = rows("COMPLETE COMPLETED 0", "COMPLETE ERROR 264")
    items = machine.feed(response, at=2.0)
    assert triggers(items) == ([] if completed_before else ["fail"])
    assert items[-1] == Anomaly("1126", 2.0, "contradiction", failing if completed_before else completed)
    assert machine.feed(response) == ()


def test_a_contradicted_completion_implies_nothing():
    items = ImportMachine().feed(rows("COMPLETE COMPLETED 0", "COMPLETE ERROR 264"))
    assert triggers(items) == ["fail"]


def test_an_odd_value_is_emitted_once_for_each_pair():
    machine = ImportMachine()
    odd = ImportEvent("GATHERING", "COMPLETED", None, "lots")
    items = machine.feed([odd, row("COMPLETE COMPLETED 0")])
    assert triggers(items) == ["initialize", "gather", "complete"]
    assert items[-1] == Anomaly(None, None, "odd-value", odd)
    other = ImportMachine()
    other.feed([odd])
    assert other.feed([ImportEvent("GATHERING", "COMPLETED", None, "more")]) == ()
    (again,) = other.feed([ImportEvent("INITIALIZING", "COMPLETED", None, "x")])
    assert isinstance(again, Anomaly)


def test_an_odd_value_is_not_emitted_for_unlisted_rows_or_after_the_end():
    (only,) = ImportMachine().feed([ImportEvent("SUBMITTING", "DONE", None, "x")])
    assert isinstance(only, Anomaly)
    assert only.reason == "unlisted-row"
    assert in_state(State.ERROR).feed([ImportEvent("GATHERING", "INPROGRESS", None, "x")]) == ()
    failing = [row("INITIALIZING ERROR 514"), ImportEvent("GATHERING", "COMPLETED", None, "x")]
    assert triggers(ImportMachine().feed(failing)) == ["fail"]
    assert len(ImportMachine().feed(failing)) == 1


def test_at_most_33_unlisted_pairs_are_emitted():
    machine = in_state(State.INITIALIZING)
    machine.feed([ImportEvent("GATHERING", "COMPLETED", None, "odd")])
    pairs = rows(*(f"NEW{number} DONE" for number in range(40)))
    assert [len(machine.feed([pair, pair])) for pair in pairs] == [1] * 33 + [0] * 7
    resumed = ImportMachine.resume(machine.save())
    assert machine.feed(pairs) == resumed.feed(pairs) == ()


def test_the_count_grows_after_gather_without_a_transition():
    machine = ImportMachine()
    machine.feed(rows("GATHERING COMPLETED 5"))
    assert machine.feed(rows("GATHERING INPROGRESS 7")) == ()
    assert machine.contact_count == 7
    machine.feed(rows("COMPLETE COMPLETED 0"))
    machine.feed(rows("GATHERING COMPLETED 9"))
    assert machine.contact_count == 7


@pytest.mark.parametrize(("code", "kind"), [(514, Abandoned), (264, Failed), (4711, Failed), (0, Failed)])
def test_the_outcome_of_a_failure(code, kind):
    machine = ImportMachine()
    machine.feed([ImportEvent("GATHERING", "ERROR", code)])
    assert machine.outcome == kind(machine.failure)
    assert machine.failure is not None
    assert machine.failure.category is {514: ErrorCategory.ABANDONED, 264: ErrorCategory.FAILED}.get(
        code, ErrorCategory.UNKNOWN
    )


def test_there_is_no_outcome_before_the_end():
    assert in_state(State.GATHERING).outcome is None


@pytest.mark.parametrize("events", [["GATHERING"], [None], [row("A B"), ("A", "B")], None, row("A B")])
def test_only_events_are_accepted_and_nothing_changes(events):
    machine = in_state(State.INITIALIZING)
    before = machine.save()
    with pytest.raises(InvalidType, match="^events must "):
        machine.feed(events)
    assert machine.save() == before


@pytest.mark.parametrize("at", [float("nan"), float("-inf"), True, "soon", 1j, pytest.param(10**400, id="huge")])
def test_an_invalid_time_is_refused_and_nothing_changes(at):
    machine = ImportMachine()
    with pytest.raises((InvalidArgument, InvalidType), match="^at must be a (finite )?number of seconds, not "):
        machine.feed(rows("COMPLETE COMPLETED"), at=at)
    assert machine.state is State.INITIALIZING


@pytest.mark.parametrize("at", [0, -1.5, 10**15 - 1, 1 - 10**15])
def test_a_time_has_up_to_fifteen_digits(at):
    (step,) = ImportMachine().feed(rows("INITIALIZING INPROGRESS"), at=at)
    assert step.at == at
    problem = r"^at must be a finite number of seconds, not -?1000000000000000$"
    for beyond in (10**15, -(10**15)):
        with pytest.raises(InvalidArgument, match=problem):
            ImportMachine().feed(rows("INITIALIZING INPROGRESS"), at=beyond)


def test_an_import_id_becomes_a_str():
    for import_id in (1126, "1126"):
        machine = ImportMachine(import_id)
        assert machine.import_id == ImportMachine.resume(machine.save()).import_id == "1126"
    for wrong in (True, 1126.0, b"1126"):
        with pytest.raises(InvalidType, match=f"^import_id must be a str or an int, not {type(wrong).__name__}$"):
            ImportMachine(wrong)


@pytest.mark.parametrize("saved", [None, b"{}", {}])
def test_a_saved_machine_must_be_a_str(saved):
    with pytest.raises(InvalidType, match="^saved must be a str, not "):
        ImportMachine.resume(saved)


def test_the_repr_shows_state_and_count():
    assert repr(in_state(State.GATHERING)) == "<ImportMachine import_id='1126' state=GATHERING contact_count=1>"


def test_a_machine_is_small():
    machine = in_state(State.COMPLETE)
    assert not hasattr(machine, "__dict__")
    parts = [machine, machine._emitted, *machine._emitted]
    assert sum(map(sys.getsizeof, parts)) < 512


def test_a_copy_is_independent():
    machine = in_state(State.INITIALIZING)
    other = copy(machine)
    other.feed(rows("SUBMITTING DONE", "COMPLETE COMPLETED"))
    assert machine.save() == in_state(State.INITIALIZING).save()


@pytest.mark.parametrize("state", HISTORIES)
def test_a_resumed_machine_behaves_like_the_saved_one(state):
    machine = in_state(state)
    machine.feed([ImportEvent("GATHERING", "COMPLETED", None, "odd"), row("SUBMITTING INPROGRESS 50")])
    resumed = ImportMachine.resume(machine.save())
    assert resumed.save() == machine.save()
    for text in EXPECTED:
        assert resumed.feed([row(text)], at=3.0) == machine.feed([row(text)], at=3.0)
        assert resumed.save() == machine.save()


def test_a_machine_in_initializing_can_be_resumed():
    machine = ImportMachine.resume(in_state(State.INITIALIZING).save())
    assert machine.feed(rows("INITIALIZING INPROGRESS 0")) == ()


@pytest.mark.parametrize("state", [State.COMPLETE, State.ERROR])
def test_a_resumed_machine_does_not_repeat_a_contradiction(state):
    machine = in_state(state)
    contradicting = rows("COMPLETE COMPLETED 0", "COMPLETE ERROR 514")
    assert [item.reason for item in machine.feed(contradicting)] == ["contradiction"]
    assert ImportMachine.resume(machine.save()).feed(contradicting) == ()


def tampered(state, key, value):
    saved = json.loads(in_state(state).save())
    saved[key] = value
    return json.dumps(saved)


def test_the_saved_machine_is_json_with_a_version():
    assert json.loads(in_state(State.ERROR).save()) == {
        "spongewatch-machine": 1,
        "import_id": "1126",
        "state": "ERROR",
        "contact_count": 1,
        "failure": {"code": 264, "phase": "GATHERING"},
        "told": [["progress"]],
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("spongewatch-machine", 2),
        ("import_id", 1126),
        ("state", "DONE"),
        ("contact_count", -1),
        ("contact_count", 1.5),
        ("spongewatch-machine", True),
        ("told", [["contradiction"], ["odd-value"]]),
        ("failure", None),
        ("failure", {"code": 0, "phase": "GATHERING"}),
        ("failure", {"code": "264", "phase": "GATHERING"}),
        ("failure", {"code": 264, "phase": "COMPLETE"}),
        ("failure", {"code": 264}),
        ("told", None),
        ("told", [5]),
        ("told", ["start"]),
        ("told", [{"0": "start"}]),
        ("told", [{}]),
        ("told", [["nonsense"]]),
        ("told", [["odd-value", "SUBMITTING", "DONE"]]),
        ("told", [["unlisted-row", "GATHERING", "COMPLETED"]]),
        ("told", [["unlisted-row", "GATHERING", "\x1b"]]),
        ("told", [["unlisted-row", "", "DONE"]]),
        ("told", [["unlisted-row", 5, "DONE"]]),
        ("told", [["unlisted-row", f"NEW{n}", "DONE"] for n in range(34)]),
    ],
)
def test_a_tampered_key_is_named_in_the_message(key, value):
    with pytest.raises(LocalProtocolError, match=key):
        ImportMachine.resume(tampered(State.ERROR, key, value))


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("failure", {"code": 0, "phase": "GATHERING"}, "'s failure: code must be above 0, or null, not 0"),
        (
            "failure",
            {"code": 264, "phase": "COMPLETE"},
            '\'s failure: phase must be a state in which an import can fail, not "COMPLETE"',
        ),
        (
            "told",
            [["unlisted-row", str(number), "D"] for number in range(34)],
            f": told must be a list with at most 33 unlisted rows, not {json.dumps([['unlisted-row', str(number), 'D'] for number in range(34)])[:200]}",
        ),
        ("told", [["x"]], ': told must be a list of what a machine emits only once, not [["x"]]'),
    ],
)
def test_the_message_for_a_tampered_key(key, value, problem):
    with pytest.raises(LocalProtocolError) as caught:
        ImportMachine.resume(tampered(State.ERROR, key, value))
    assert str(caught.value) == f"the saved machine{problem}"


def test_a_saved_failure_in_another_state_is_refused():
    with pytest.raises(
        LocalProtocolError, match="failure must be an object in the state ERROR, and null in every other"
    ):
        ImportMachine.resume(tampered(State.GATHERING, "failure", {"code": 264, "phase": "GATHERING"}))


@pytest.mark.parametrize("failure", [None, {"code": 264, "phase": "INITIALIZING"}])
@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("contact_count", 0, "null"),
        ("told", [["progress"]], "without progress and gather"),
        ("told", [["start"], ["gather"]], "without progress and gather"),
    ],
)
def test_a_saved_count_or_progress_before_gathering_is_refused(failure, key, value, expected):
    saved = json.loads(ImportMachine().save())
    saved.update({"state": "ERROR" if failure else "INITIALIZING", "failure": failure, key: value})
    with pytest.raises(LocalProtocolError, match=f": {key} must be {expected} before the state GATHERING, not "):
        ImportMachine.resume(json.dumps(saved))


def test_a_saved_contradiction_before_the_end_is_refused():
    with pytest.raises(LocalProtocolError, match="told must be without a contradiction before the end"):
        ImportMachine.resume(tampered(State.GATHERING, "told", [["contradiction"]]))


@pytest.mark.parametrize("key", json.loads(ImportMachine().save()))
def test_a_missing_key_is_named(key):
    saved = json.loads(ImportMachine().save())
    del saved[key]
    with pytest.raises(LocalProtocolError, match=f"has no key {key}"):
        ImportMachine.resume(json.dumps(saved))


def test_the_repr_of_a_half_made_machine_does_not_raise():
    assert repr(object.__new__(ImportMachine)) == "<ImportMachine>"


@pytest.mark.parametrize(
    "row", ["INITIALIZING INPROGRESS 0", "INITIALIZING COMPLETED 0", "GATHERING ERROR 264", "A B 1"]
)
def test_an_import_is_seen_once_a_row_lists_it(row):
    machine = ImportMachine("1126")
    machine.feed([])
    assert not machine.seen
    machine.feed(rows(row))
    assert machine.seen
    assert ImportMachine.resume(machine.save()).seen
