import pytest

from spongewatch import (
    Abandoned,
    Anomaly,
    Cancelled,
    Completed,
    Ended,
    Failed,
    ImportEvent,
    ImportFailure,
    ImportMachine,
    LostContact,
    PollFailed,
    Rejected,
    Remedy,
    State,
    TimedOut,
    Transition,
)
from spongewatch.adapters.phrases import REMEDIES, line, minutes_and_seconds, name_of, verdict

MAY_RUN = "; the import may still be running"
UNKNOWN = "; no response listed the import, so its state is unknown"


def test_the_lines_of_an_import_that_completes():
    machine = ImportMachine("1126")
    rows = [
        ImportEvent("INITIALIZING", "INPROGRESS"),
        ImportEvent("INITIALIZING", "COMPLETED"),
        ImportEvent("GATHERING", "INPROGRESS"),
        ImportEvent("GATHERING", "INPROGRESS", 1),
        ImportEvent("GATHERING", "COMPLETED", 2340),
        ImportEvent("COMPLETE", "COMPLETED"),
    ]
    assert [line(step) for step in machine.feed(rows, at=12.34)] == [
        "    12.3 s  INITIALIZING  waiting for the person's consent",
        "    12.3 s  GATHERING     gathering contacts",
        "    12.3 s  GATHERING     an unknown number of contacts so far",
        "    12.3 s  GATHERING     1 contact so far",
        "    12.3 s  GATHERING     2,340 contacts in total",
        "    12.3 s  COMPLETE      done",
    ]


@pytest.mark.parametrize(("code", "text"), [(264, "with error code 264"), (0, "without an error code")])
def test_the_line_of_a_transition_that_fails_has_the_error_code(code, text):
    (step,) = ImportMachine().feed([ImportEvent("INITIALIZING", "ERROR", code)])
    assert line(step) == f"       ? s  ERROR         failed {text}"


def test_a_failing_transition_without_a_failure_has_no_error_code():
    step = Transition("1126", 1.0, "fail", State.GATHERING, State.ERROR, None, None, None)
    assert line(step) == "     1.0 s  ERROR         failed without an error code"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ImportEvent("SUBMITTING", "INPROGRESS", 0), "SUBMITTING INPROGRESS 0"),
        (ImportEvent("SUBMITTING", "DONE"), "SUBMITTING DONE"),
        (ImportEvent("A", "B", None, "\x1b[2J"), "A B \\x1b[2J"),
    ],
)
def test_the_line_of_an_anomaly_has_its_reason_and_row(event, text):
    assert line(Anomaly("1", 0.0, "unlisted-row", event)) == f"     0.0 s  anomaly       unlisted-row: {text}"


@pytest.mark.parametrize(
    ("attempt", "retry_at", "text"),
    [
        (1, None, "status 503"),
        (2, None, "status 503 (2 in a row)"),
        (1, 2.44, "status 503; next poll at 2.4 s"),
        (3, 2.44, "status 503 (3 in a row); next poll at 2.4 s"),
    ],
)
def test_the_line_of_a_failed_poll(attempt, retry_at, text):
    assert line(PollFailed("1", 1.0, attempt, "status 503", retry_at)) == f"     1.0 s  poll failed   {text}"


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Completed(0), "completed with 0 contacts"),
        (Completed(1), "completed with 1 contact; fetch it within minutes"),
        (Completed(None), "completed with an unknown number of contacts; fetch them within minutes"),
        (
            Failed(ImportFailure.of(264, State.GATHERING)),
            "failed in GATHERING with error code 264: The provider's address book can't be reached for the moment. "
            "Try again: a new import may succeed.",
        ),
        (
            Failed(ImportFailure.of(None, State.GATHERING)),
            "failed in GATHERING without an error code: The service returned no error code. No remedy is known.",
        ),
        (
            Abandoned(ImportFailure.of(517, State.INITIALIZING)),
            "abandoned in INITIALIZING with error code 517: The person left before giving consent. "
            "Ask the person: they must act before a new import can succeed.",
        ),
        (TimedOut("consent"), f"consent_timeout expired before the person consented{MAY_RUN}"),
        (TimedOut("gathering"), f"gathering_timeout expired before all contacts were gathered{MAY_RUN}"),
        (TimedOut("total"), f"timeout expired before the import ended{MAY_RUN}"),
        (LostContact("why"), "lost contact: why"),
        (Rejected("credentials", "status 401"), "the service rejected the credentials: status 401"),
        (Rejected("unknown-import", "status 410"), "the service doesn't know this import: status 410"),
        (Rejected("redirect", "status 302"), "the service redirected the request: status 302"),
        (Rejected("request", "status 400"), "the service rejected the request: status 400"),
        (Cancelled(), f"stopped watching{MAY_RUN}"),
    ],
)
def test_the_line_of_the_end(outcome, text):
    assert line(Ended("11\u202e26", 61.0, outcome, State.ERROR, None)) == f"    61.0 s  import 11\\u202e26: {text}"


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (TimedOut("consent"), f"consent_timeout expired{UNKNOWN}"),
        (TimedOut("total"), f"timeout expired{UNKNOWN}"),
        (LostContact("why"), "lost contact before any response listed the import: why"),
        (Cancelled(), f"stopped watching{UNKNOWN}"),
    ],
)
def test_an_import_that_was_never_seen_is_reported_as_unknown(outcome, text):
    ended = Ended("1126", 61.0, outcome, State.INITIALIZING, None, seen=False)
    assert line(ended) == f"    61.0 s  import 1126: {text}"
    assert verdict(ended) == [f"1:01  import 1126: {text}"]


@pytest.mark.parametrize("kind", [Failed, Abandoned])
def test_the_verdict_on_a_failed_import_has_lines_for_its_explanation_and_remedy(kind):
    assert verdict(Ended("11\u202e26", 61.0, kind(ImportFailure.of(264, State.GATHERING)), State.ERROR, None)) == [
        f"1:01  import 11\\u202e26: {kind.name} in GATHERING with error code 264",
        "      The provider's address book can't be reached for the moment.",
        "      Try again: a new import may succeed.",
    ]


def test_the_name_of_an_end_is_its_outcome():
    assert name_of(Ended("1126", 3.0, LostContact("why"), State.GATHERING, 5)) == "lost-contact"


def test_each_remedy_has_a_sentence():
    assert set(REMEDIES) == set(Remedy)


def test_minutes_and_seconds():
    assert [minutes_and_seconds(seconds) for seconds in (-1, 0, 59.999, 60, 3599, 3600, 359999)] == [
        "0:00",
        "0:00",
        "0:59",
        "1:00",
        "59:59",
        "1:00:00",
        "99:59:59",
    ]
