import json

import pytest

from spongewatch import (
    Abandoned,
    Cancelled,
    Completed,
    Failed,
    ImportFailure,
    LocalProtocolError,
    LostContact,
    Rejected,
    State,
    TimedOut,
)
from spongewatch.core.saved import SavedObject
from spongewatch.core.saved_outcome import outcome_to_json, saved_outcome

FAILED = Failed(ImportFailure.of(264, State.GATHERING))
ABANDONED = Abandoned(ImportFailure.of(514, State.INITIALIZING))


def read(outcome, verdict=None):
    return saved_outcome(SavedObject("session", json.loads(json.dumps({"outcome": outcome}))), verdict)


def refusal(outcome, verdict=None):
    with pytest.raises(LocalProtocolError) as caught:
        read(outcome, verdict)
    return str(caught.value)


@pytest.mark.parametrize(
    "outcome",
    [
        *(TimedOut(reason) for reason in TimedOut.REASONS),
        *(Rejected(reason, "status 4xx") for reason in Rejected.REASONS),
        LostContact("no valid response for 120 s (lost_contact_timeout); last failure: status 503"),
        LostContact("status 503: " + "m" * 500),  # longer than one message, for it tells of more than that
        LostContact("reset: \\x1b[2J"),
        Rejected("request", ""),
        Cancelled(),
    ],
)
def test_how_a_watch_ended_comes_back_as_it_was(outcome):
    assert read(outcome_to_json(outcome)) == outcome


@pytest.mark.parametrize("verdict", [Completed(7), Completed(None), FAILED, ABANDONED])
def test_the_services_verdict_is_that_of_the_machine(verdict):
    assert outcome_to_json(verdict) == {"name": verdict.name, "reason": None, "detail": ""}
    assert read(outcome_to_json(verdict), verdict) is verdict


def test_a_watch_that_goes_on_has_none_whatever_the_machine_says():
    assert read(None) is None
    assert read(None, Completed(7)) is None


def test_a_watch_that_gave_up_may_follow_an_import_that_is_over():
    assert read(outcome_to_json(Cancelled()), Completed(7)) == Cancelled()


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("completed", None), ("completed", FAILED), ("failed", ABANDONED), ("abandoned", Completed(7))],
)
def test_a_verdict_that_the_machine_does_not_know(name, verdict):
    text = refusal({"name": name, "reason": None, "detail": ""}, verdict)
    assert (
        text == f'the saved session\'s outcome: name has to be what the saved machine says of the import, not "{name}"'
    )


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        ("cancelled", "the saved session: outcome has to be an object or null"),
        ({}, "outcome has no key name"),
        ({"name": "done", "detail": ""}, "name has to be one of"),
        ({"name": None, "detail": ""}, "name has to be one of"),
        ({"name": ["completed"], "detail": ""}, "name has to be one of"),
        ({"name": "cancelled"}, "outcome has no key detail"),
        ({"name": "lost-contact", "detail": 5}, "detail has to be text or null"),
        ({"name": "timed-out", "detail": ""}, "outcome has no key reason"),
        (
            {"name": "timed-out", "reason": "credentials", "detail": ""},
            "reason has to be one of consent, gathering, total",
        ),
        ({"name": "rejected", "reason": None, "detail": ""}, "reason has to be one of credentials, unknown-import,"),
    ],
)
def test_what_was_tampered_with_is_named(outcome, problem):
    assert problem in refusal(outcome)


def test_a_strangers_text_can_not_act_on_a_terminal():
    assert read({"name": "lost-contact", "detail": "\x1b[2J\u202e"}) == LostContact("\\x1b[2J\\u202e")
    assert read({"name": "lost-contact", "detail": None}) == LostContact("")
