import re

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
)
from spongewatch.adapters.phrases import REMEDIES, count_of_contacts, line, minutes, verdict


def test_the_steps_of_an_import():
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
        "    12.3 s  GATHERING     the contacts are being gathered",
        "    12.3 s  GATHERING     an unknown number of contacts so far",
        "    12.3 s  GATHERING     1 contact so far",
        "    12.3 s  GATHERING     2,340 contacts gathered",
        "    12.3 s  COMPLETE      all is done",
    ]


@pytest.mark.parametrize(("code", "text"), [(264, "error code 264"), (0, "no error code")])
def test_a_failure(code, text):
    (step,) = ImportMachine().feed([ImportEvent("INITIALIZING", "ERROR", code)])
    assert line(step) == f"       ? s  ERROR         {text}"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ImportEvent("SUBMITTING", "INPROGRESS", 0), "SUBMITTING INPROGRESS 0"),
        (ImportEvent("SUBMITTING", "DONE"), "SUBMITTING DONE"),
        (ImportEvent("A", "B", None, "\x1b[2J"), "A B \\x1b[2J"),
    ],
)
def test_an_anomaly(event, text):
    assert line(Anomaly("1", 0.0, "unlisted-row", event)) == f"     0.0 s  unexpected    unlisted-row: {text}"


def test_a_failed_poll():
    assert line(PollFailed("1", 1.0, 2, "status 503", None)) == (
        "     1.0 s  no news       poll failed (2 in a row): status 503"
    )
    assert line(PollFailed("1", 1.0, 1, "status 503", 2.44)).endswith("status 503; next poll at 2.4 s")


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Completed(0), "is complete: 0 contacts, to be fetched within minutes"),
        (
            Failed(ImportFailure.of(264, State.GATHERING)),
            "failed while GATHERING (code 264): The provider's address book can't be reached for the moment. "
            "A new import may well succeed.",
        ),
        (
            Failed(ImportFailure.of(None, State.GATHERING)),
            "failed while GATHERING: The service returned no error code. No remedy is known.",
        ),
        (
            Abandoned(ImportFailure.of(517, State.INITIALIZING)),
            "was abandoned while INITIALIZING (code 517): The person left before giving consent. "
            "The person has to act before a new import can succeed.",
        ),
        (
            TimedOut("consent"),
            "was still running when last seen, and is no longer watched: "
            "the person did not consent in the time allowed (consent_timeout)",
        ),
        (LostContact("why"), "is lost from sight: why"),
        (Rejected("credentials", "status 401"), "can't be watched (credentials): status 401"),
        (Cancelled(), "is no longer watched"),
    ],
)
def test_the_verdict(outcome, text):
    assert line(Ended("11\u202e26", 61.0, outcome, State.ERROR, None)) == f"    61.0 s  import 11\\u202e26 {text}"


@pytest.mark.parametrize("reason", ["consent", "gathering", "total"])
def test_each_budget_has_its_words(reason):
    assert "time allowed" in line(Ended("1", 0.0, TimedOut(reason), State.GATHERING, 0))


def test_each_remedy_has_its_words():
    assert set(REMEDIES) == set(Remedy)


def test_numbers_of_contacts():
    assert [count_of_contacts(count) for count in (0, 1, 2001)] == ["0 contacts", "1 contact", "2,001 contacts"]


def test_times():
    assert [minutes(seconds) for seconds in (-1, 0, 59.999, 60, 3599, 3600, 359999)] == [
        "0:00",
        "0:00",
        "0:59",
        "1:00",
        "59:59",
        "1:00:00",
        "99:59:59",
    ]


@pytest.mark.parametrize(("kind", "verb"), [(Failed, "failed"), (Abandoned, "was abandoned")])
def test_the_verdict_on_a_failure_has_lines_for_what_happened_and_for_what_to_do(kind, verb):
    assert verdict(Ended("11\u202e26", 61.0, kind(ImportFailure.of(264, State.GATHERING)), State.ERROR, None)) == [
        f"1:01  import 11\\u202e26 {verb} while GATHERING (code 264)",
        "      The provider's address book can't be reached for the moment.",
        "      A new import may well succeed.",
    ]


def test_any_other_verdict_is_one_line():
    assert verdict(Ended("1126", 3.0, LostContact("a\x1b"), State.GATHERING, 5)) == [
        "0:03  import 1126 is lost from sight: a\\x1b"
    ]


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (
            TimedOut("consent"),
            "was never seen, and is no longer watched: no response listed it in .* (consent_timeout)",
        ),
        (TimedOut("gathering"), "was never seen, and is no longer watched: .* (gathering_timeout)"),
        (TimedOut("total"), "was never seen, and is no longer watched: .* for the whole watch (timeout)"),
        (LostContact("why"), "was never seen: why"),
        (Cancelled(), "is no longer watched"),
    ],
)
def test_an_import_that_was_never_seen_is_not_said_to_run(outcome, text):
    ended = Ended("1126", 61.0, outcome, State.INITIALIZING, None, seen=False)
    pattern = re.escape(text).replace(r"\.\*", ".*")
    assert re.fullmatch(f"    61.0 s  import 1126 {pattern}", line(ended))
    assert re.fullmatch(f"1:01  import 1126 {pattern}", verdict(ended)[0])
