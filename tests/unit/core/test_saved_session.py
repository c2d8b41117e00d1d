import json

import pytest

from event_rows import rows
from spongewatch import (
    Abandoned,
    Cancelled,
    Completed,
    Failed,
    ImportFailure,
    ImportMachine,
    LocalProtocolError,
    LostContact,
    Rejected,
    State,
    TimedOut,
)
from spongewatch.core.outcome_words import OUTCOME_REASONS
from spongewatch.core.saved_object import SavedObject
from spongewatch.core.saved_session import outcome_to_json, saved_outcome

FAILED = Failed(ImportFailure.of(264, State.GATHERING))
ABANDONED = Abandoned(ImportFailure.of(514, State.INITIALIZING))
HISTORIES = {
    None: [],
    Completed(7): ["GATHERING COMPLETED 7", "COMPLETE COMPLETED 0"],
    Completed(None): ["COMPLETE COMPLETED 0"],
    FAILED: ["INITIALIZING COMPLETED 0", "GATHERING ERROR 264"],
    ABANDONED: ["INITIALIZING ERROR 514"],
}


def read(outcome, verdict=None):
    machine = ImportMachine("1126")
    machine.feed(rows(*HISTORIES[verdict]))
    return saved_outcome(SavedObject("session", json.loads(json.dumps({"outcome": outcome}))), machine)


def refusal(outcome, verdict=None):
    with pytest.raises(LocalProtocolError) as caught:
        read(outcome, verdict)
    return str(caught.value)


@pytest.mark.parametrize(
    "outcome",
    [
        *(TimedOut(reason) for reason in OUTCOME_REASONS["timed-out"]),
        *(Rejected(reason, "status 4xx") for reason in OUTCOME_REASONS["rejected"]),
        LostContact("no valid response for 120 s (lost_contact_timeout); last failure: status 503"),
        LostContact("status 503: " + "m" * 500),  # longer than one message, which it contains
        LostContact("reset: \\x1b[2J"),
        Rejected("request", ""),
        Cancelled(),
    ],
)
def test_an_outcome_reads_back_unchanged(outcome):
    assert read(outcome_to_json(outcome)) == outcome


@pytest.mark.parametrize("verdict", [Completed(7), Completed(None), FAILED, ABANDONED])
def test_a_verdict_of_the_service_is_read_from_the_machine(verdict):
    assert outcome_to_json(verdict) == {"name": verdict.name, "reason": None, "detail": ""}
    assert read(outcome_to_json(verdict), verdict) == verdict


def test_a_watch_that_has_not_ended_has_no_outcome():
    assert read(None) is None
    assert read(None, Completed(7)) is None


def test_a_watch_may_be_cancelled_although_the_import_has_ended():
    assert read(outcome_to_json(Cancelled()), Completed(7)) == Cancelled()


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("completed", None), ("completed", FAILED), ("failed", ABANDONED), ("abandoned", Completed(7))],
)
def test_a_saved_verdict_that_the_machine_lacks_is_refused(name, verdict):
    text = refusal({"name": name, "reason": None, "detail": ""}, verdict)
    assert text == f'the saved session\'s outcome: name must be the outcome of the saved machine, not "{name}"'


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        ("cancelled", "the saved session: outcome must be an object or null"),
        ({}, "outcome has no key name"),
        ({"name": "done", "detail": ""}, "name must be one of"),
        ({"name": None, "detail": ""}, "name must be one of"),
        ({"name": ["completed"], "detail": ""}, "name must be one of"),
        ({"name": "cancelled"}, "outcome has no key detail"),
        ({"name": "lost-contact", "detail": 5}, "detail must be text or null"),
        ({"name": "timed-out", "detail": ""}, "outcome has no key reason"),
        (
            {"name": "timed-out", "reason": "credentials", "detail": ""},
            "reason must be one of consent, gathering, total",
        ),
        ({"name": "rejected", "reason": None, "detail": ""}, "reason must be one of credentials, unknown-import,"),
    ],
)
def test_a_tampered_key_is_named(outcome, problem):
    assert problem in refusal(outcome)


def test_control_characters_in_saved_text_are_escaped():
    assert read({"name": "lost-contact", "detail": "\x1b[2J\u202e"}) == LostContact("\\x1b[2J\\u202e")
    assert read({"name": "lost-contact", "detail": None}) == LostContact("")
