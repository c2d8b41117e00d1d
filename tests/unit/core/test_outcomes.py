import copy
import pickle

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
from spongewatch.core.outcome_text import outcome_text
from spongewatch.core.outcome_words import (
    OUTCOME_NAMES,
    OUTCOME_REASONS,
    OutcomeWords,
    outcome_from_words,
    outcome_words,
)

UNSUCCESSFUL = [
    (
        Failed(ImportFailure.of(264, State.GATHERING)),
        ImportFailed,
        "the import failed in GATHERING with error code 264: The provider's address book can't be reached for the moment.",
    ),
    (
        Abandoned(ImportFailure.of(514, State.INITIALIZING)),
        ImportAbandoned,
        "the import was abandoned in INITIALIZING with error code 514: The person declined to share their contacts.",
    ),
    (
        TimedOut("consent"),
        WatchTimedOut,
        "consent_timeout expired before the person consented; the import may still be running",
    ),
    (LostContact("why"), ContactLost, "lost contact: why"),
    (Rejected("request", "status 400"), WatchRejected, "the service rejected the request: status 400"),
    (Cancelled(), WatchCancelled, "stopped watching; the import may still be running"),
]


def test_the_names_of_the_outcomes():
    assert list(OUTCOME_NAMES) == [
        "completed",
        "failed",
        "abandoned",
        "timed-out",
        "lost-contact",
        "rejected",
        "cancelled",
    ]


def test_the_reasons_of_the_outcomes():
    assert OUTCOME_REASONS == {
        "timed-out": ("consent", "gathering", "total"),
        "rejected": ("credentials", "unknown-import", "redirect", "request"),
    }


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
    assert str(error) == "the import failed in GATHERING without an error code: The service returned no error code."


def test_the_base_class_describes_any_outcome():
    assert str(OutcomeError(Cancelled())) == "stopped watching; the import may still be running"
    assert str(OutcomeError(Completed(2001))) == "completed with 2,001 contacts; fetch them within minutes"


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Completed(None), "completed with an unknown number of contacts; fetch them within minutes"),
        (Completed(1), "completed with 1 contact; fetch it within minutes"),
        (Completed(0), "completed with 0 contacts"),
        (Rejected("unknown-import", "status 404"), "the service doesn't know this import: status 404"),
    ],
)
def test_outcomes_in_words_for_people(outcome, text):
    assert outcome_text(outcome) == text


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (TimedOut("total"), "timeout expired; no response listed the import, so its state is unknown"),
        (LostContact("why"), "lost contact before any response listed the import: why"),
        (Cancelled(), "stopped watching; no response listed the import, so its state is unknown"),
    ],
)
def test_an_import_that_was_never_seen_is_not_called_running(outcome, text):
    assert outcome_text(outcome, seen=False) == text


@pytest.mark.parametrize("outcome", [Completed(5), *(outcome for outcome, _, _ in UNSUCCESSFUL)])
def test_an_outcome_reads_back_from_its_words(outcome):
    read = outcome_from_words(outcome_words(outcome), State.GATHERING, 5)
    assert type(read) is type(outcome)
    assert outcome_words(read) == outcome_words(outcome)
    if not isinstance(outcome, Failed | Abandoned):  # whose error code is not among the words
        assert read == outcome


@pytest.mark.parametrize(
    ("name", "state", "outcome"),
    [
        ("timed-out", State.INITIALIZING, TimedOut("consent")),
        ("timed-out", State.GATHERING, TimedOut("gathering")),
        ("rejected", State.GATHERING, Rejected("request", "")),
        ("lost-contact", State.GATHERING, LostContact("")),
    ],
)
def test_a_missing_reason_is_the_most_likely_one(name, state, outcome):
    assert outcome_from_words(OutcomeWords(name, None, None), state, None) == outcome
