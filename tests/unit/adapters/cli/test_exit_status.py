import pytest

from spongewatch import (
    Abandoned,
    Cancelled,
    Completed,
    Failed,
    ImportFailure,
    LostContact,
    Rejected,
    State,
    TimedOut,
)
from spongewatch.adapters.cli.exit_status import (
    EXIT_STATUSES,
    FAULT,
    INTERRUPTED,
    UNREADABLE,
    USAGE,
    exit_status,
)

FAILURE = ImportFailure.of(264, State.GATHERING)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Completed(None), 0),
        (Failed(FAILURE), 3),
        (Abandoned(FAILURE), 4),
        (TimedOut("consent"), 5),
        (TimedOut("gathering"), 5),
        (TimedOut("total"), 5),
        (LostContact("why"), 6),
        (Rejected("credentials", ""), 7),
        (Rejected("unknown-import", ""), 8),
        (Rejected("redirect", ""), 10),
        (Rejected("request", ""), 10),
        (Cancelled(), 130),
    ],
)
def test_each_outcome_has_its_status(outcome, status):
    assert exit_status(outcome) == status


def test_other_statuses_are_distinct():
    assert (FAULT, USAGE, UNREADABLE, INTERRUPTED) == (1, 2, 9, 130)


def test_the_help_lists_each_status():
    words = EXIT_STATUSES.split()
    assert {int(word) for word in words if word.isdigit()} == {*range(11), 129, 130, 141, 143}
