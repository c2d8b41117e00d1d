import json
from typing import get_args

import pytest

from spongewatch.core.emitted import Anomaly, Emitted, Ended, PollFailed, Transition
from spongewatch.core.error_codes import ImportFailure
from spongewatch.core.events import ImportEvent
from spongewatch.core.outcomes import (
    Abandoned,
    Cancelled,
    Completed,
    Failed,
    LostContact,
    Rejected,
    TimedOut,
)
from spongewatch.core.table import State

FAILURE = ImportFailure.of(514, State.INITIALIZING)


def line(item):
    return json.dumps(item.to_json(), separators=(",", ":"))


def test_an_item_is_one_of_four_classes():
    assert get_args(Emitted) == (Transition, Anomaly, PollFailed, Ended)


def test_the_line_of_a_transition():
    event = ImportEvent("INITIALIZING", "COMPLETED", 0)
    step = Transition("1126", 0.0, "initialize", State.INITIALIZING, State.GATHERING, None, event, None)
    assert line(step) == (
        '{"kind":"transition","at":0.0,"import_id":"1126","trigger":"initialize","source":"INITIALIZING",'
        '"dest":"GATHERING","contact_count":null,"event":{"type":"INITIALIZING","status":"COMPLETED","value":0},'
        '"failure":null}'
    )


def test_the_line_of_an_implied_transition_and_of_a_failure():
    implied = Transition(None, None, "initialize", State.INITIALIZING, State.GATHERING, None, None, None)
    assert '"at":null,"import_id":null' in line(implied)
    assert '"event":null' in line(implied)
    failed = Transition("1", 1.5, "fail", State.INITIALIZING, State.ERROR, 5, ImportEvent("A", "ERROR", 514), FAILURE)
    assert line(failed).endswith(
        '"failure":{"code":514,"category":"ABANDONED","phase":"INITIALIZING",'
        '"explanation":"The person declined to share their contacts.","remedy":"ASK_USER"}}'
    )


def test_the_line_of_an_anomaly():
    assert line(Anomaly("1126", 0.0, "unlisted-row", ImportEvent("SUBMITTING", "INPROGRESS", 50))) == (
        '{"kind":"anomaly","at":0.0,"import_id":"1126","reason":"unlisted-row",'
        '"event":{"type":"SUBMITTING","status":"INPROGRESS","value":50}}'
    )
    assert line(Anomaly(None, None, "odd-value", ImportEvent("A", "B", None, "x"))).endswith(
        '"event":{"type":"A","status":"B","value":null,"odd_value":"x"}}'
    )


def test_the_line_of_a_failed_poll():
    assert line(PollFailed("1126", 1.0, 1, "status 503", 2.4)) == (
        '{"kind":"poll-failed","at":1.0,"import_id":"1126","attempt":1,"reason":"status 503","retry_at":2.4}'
    )


def test_the_line_of_the_end():
    assert line(Ended("1126", 2.0, Completed(2), State.COMPLETE, 2)) == (
        '{"kind":"ended","at":2.0,"import_id":"1126","outcome":"completed","reason":null,"state":"COMPLETE","seen":true,'
        '"contact_count":2,"failure":null,"detail":null}'
    )


@pytest.mark.parametrize(
    ("outcome", "reason", "failure", "detail"),
    [
        (Failed(FAILURE), None, FAILURE.to_json(), None),
        (Abandoned(FAILURE), None, FAILURE.to_json(), None),
        (TimedOut("consent"), "consent", None, None),
        (LostContact("why"), None, None, "why"),
        (Rejected("credentials", "status 401"), "credentials", None, "status 401"),
        (Cancelled(), None, None, None),
    ],
)
def test_the_keys_of_each_outcome_in_the_line_of_the_end(outcome, reason, failure, detail):
    ended = Ended("1", 0.0, outcome, State.ERROR, None).to_json()
    assert (ended["outcome"], ended["reason"], ended["failure"], ended["detail"]) == (
        outcome.name,
        reason,
        failure,
        detail,
    )
