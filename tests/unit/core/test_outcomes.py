import copy
import pickle
from typing import get_args

import pytest

from spongewatch import (
    Abandoned,
    Cancelled,
    Completed,
    ContactLost,
    Failed,
    ImportAbandoned,
    ImportFailed,
    ImportFailure,
    LostContact,
    OutcomeError,
    Rejected,
    State,
    TimedOut,
    WatchCancelled,
    WatchRejected,
    WatchTimedOut,
)
from spongewatch.core import outcomes

UNSUCCESSFUL = [
    (
        Failed(ImportFailure.of(264, State.GATHERING)),
        ImportFailed,
        "the import failed in GATHERING with code 264: The provider's address book can't be reached for the moment.",
    ),
    (
        Abandoned(ImportFailure.of(514, State.INITIALIZING)),
        ImportAbandoned,
        "the import was abandoned in INITIALIZING with code 514: The person declined to share their contacts.",
    ),
    (TimedOut("consent"), WatchTimedOut, "the watch ran out of time (consent)"),
    (LostContact("why"), ContactLost, "lost contact with the import: why"),
    (Rejected("request", "status 400"), WatchRejected, "the service rejected the request (request): status 400"),
    (Cancelled(), WatchCancelled, "the watch was cancelled"),
]


def test_each_way_to_end_has_the_name_that_lines_and_traces_use():
    assert [kind.name for kind in get_args(outcomes.Outcome)] == [
        "completed",
        "failed",
        "abandoned",
        "timed-out",
        "lost-contact",
        "rejected",
        "cancelled",
    ]


def test_the_reasons_that_lines_and_traces_use():
    assert outcomes.TimedOut.REASONS == ("consent", "gathering", "total")
    assert outcomes.Rejected.REASONS == ("credentials", "unknown-import", "redirect", "request")


def test_outcomes_are_values():
    assert outcomes.Completed(2) == outcomes.Completed(2) != outcomes.Completed(3)
    assert outcomes.Cancelled() == outcomes.Cancelled()


def test_only_completed_is_ok():
    assert Completed(None).ok
    assert not any(outcome.ok for outcome, _, _ in UNSUCCESSFUL)


@pytest.mark.parametrize(
    ("outcome", "may"),
    [
        (Completed(2), False),
        (Failed(ImportFailure.of(264, State.GATHERING)), False),
        (Abandoned(ImportFailure.of(514, State.INITIALIZING)), False),
        (TimedOut("consent"), True),
        (TimedOut("gathering"), True),
        (TimedOut("total"), True),
        (LostContact("why"), True),
        (Rejected("credentials", "status 401"), True),
        (Rejected("redirect", "status 302"), True),
        (Rejected("request", "status 400"), True),
        (Rejected("unknown-import", "status 410"), False),
        (Cancelled(), True),
    ],
)
def test_an_import_may_still_run_unless_the_service_reported_its_end(outcome, may):
    assert outcome.may_still_run is may


def test_a_completed_outcome_is_returned():
    completed = Completed(2)
    assert completed.raise_for_outcome() is completed


@pytest.mark.parametrize(("outcome", "kind", "message"), UNSUCCESSFUL)
def test_any_other_outcome_raises_its_own_exception(outcome, kind, message):
    with pytest.raises(OutcomeError) as caught:
        outcome.raise_for_outcome()
    assert type(caught.value) is kind
    assert caught.value.outcome is outcome
    assert str(caught.value) == message
    assert repr(caught.value) == f"{kind.__name__}({outcome!r})"


@pytest.mark.parametrize("another", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
@pytest.mark.parametrize(("outcome", "kind", "message"), UNSUCCESSFUL)
def test_an_outcome_error_is_copied_and_pickled_with_its_outcome(outcome, kind, message, another):
    made = another(kind(outcome))
    assert (type(made), made.outcome, str(made)) == (kind, outcome, message)


def test_a_failure_without_a_code():
    error = ImportFailed(Failed(ImportFailure.of(None, State.GATHERING)))
    assert str(error) == "the import failed in GATHERING with no code: The service returned no error code."


def test_an_error_of_the_base_class():
    assert str(OutcomeError(Cancelled())) == "the watch ended as cancelled"
