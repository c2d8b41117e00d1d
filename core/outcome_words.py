"""Outcomes as words in JSON lines, saved sessions and traces, and back again; `outcome_text` has them for people."""

from collections.abc import Mapping
from typing import Final, NamedTuple, cast, get_args

from .error_codes import ImportFailure
from .outcomes import (
    Abandoned,
    Cancelled,
    Completed,
    Failed,
    LostContact,
    Outcome,
    Rejected,
    RejectedReason,
    TimedOut,
    TimedOutReason,
)
from .table import State

OUTCOME_NAMES: Final[tuple[str, ...]] = tuple(kind.name for kind in get_args(Outcome))
"""The names of all outcomes."""

OUTCOME_REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    TimedOut.name: get_args(TimedOutReason),
    Rejected.name: get_args(RejectedReason),
}
"""The possible reasons of the outcomes that have one, by name."""


class OutcomeWords(NamedTuple):
    """The words for an outcome. `reason` and `detail` are None if the outcome has none."""

    name: str
    reason: str | None
    detail: str | None


def outcome_words(outcome: Outcome) -> OutcomeWords:
    """Return the words for an outcome.

    >>> outcome_words(TimedOut("consent"))
    OutcomeWords(name='timed-out', reason='consent', detail=None)
    """
    return OutcomeWords(
        outcome.name,
        outcome.reason if isinstance(outcome, TimedOut | Rejected) else None,
        outcome.detail if isinstance(outcome, LostContact | Rejected) else None,
    )


def outcome_from_words(words: OutcomeWords, state: State, contact_count: int | None) -> Outcome:
    """Return the outcome for words that have been checked with `OUTCOME_NAMES` and `OUTCOME_REASONS`.

    A reason that is missing, as in traces written by hand, is the most likely one.

    Args:
        words: The words.
        state: The last known state of the import.
        contact_count: The last known number of contacts.

    >>> outcome_from_words(OutcomeWords("timed-out", None, None), State.GATHERING, 5)
    TimedOut(reason='gathering')
    """
    match words.name:
        case Completed.name:
            return Completed(contact_count)
        case Failed.name:
            return Failed(ImportFailure.of(None, state))
        case Abandoned.name:
            return Abandoned(ImportFailure.of(None, state))
        case TimedOut.name:
            return TimedOut(cast("TimedOutReason", words.reason)) if words.reason else timed_out_in(state)
        case LostContact.name:
            return LostContact(words.detail or "")
        case Rejected.name:
            return Rejected(cast("RejectedReason", words.reason or "request"), words.detail or "")
        case _:
            return Cancelled()


def timed_out_in(state: State) -> TimedOut:
    """Return the outcome of a watch in which the budget of the state ran out."""
    return TimedOut("consent" if state is State.INITIALIZING else "gathering")
