"""Outcomes as words: in JSON lines, saved sessions and traces, back again, and as sentences for people."""

from collections.abc import Mapping
from typing import Final, NamedTuple, assert_never, cast, get_args

from .failures import ImportFailure
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

_SETTINGS: Final[Mapping[TimedOutReason, str]] = {
    "consent": "consent_timeout",
    "gathering": "gathering_timeout",
    "total": "timeout",
}


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


def outcome_sentence(outcome: Outcome, import_id: str | None = None, *, seen: bool = True) -> str:
    """Return a sentence for people, without a full stop.

    Args:
        outcome: The outcome.
        import_id: The id of the import. Default: "the import".
        seen: Whether any response listed the import.

    >>> print(outcome_sentence(TimedOut("consent"), "1126"))
    the watch of import 1126 timed out (consent_timeout)
    """
    what = "the import" if import_id is None else f"import {import_id}"
    unseen = "" if seen else "; no response listed the import"
    match outcome:
        case Completed(contact_count=None):
            return f"{what} completed with an unknown number of contacts"
        case Completed(contact_count=count):
            return f"{what} completed with {count:,} {'contact' if count == 1 else 'contacts'}"
        case Failed(failure=failure):
            return f"{what} failed {_circumstances(failure)}"
        case Abandoned(failure=failure):
            return f"{what} was abandoned {_circumstances(failure)}"
        case TimedOut(reason=reason):
            return f"the watch of {what} timed out ({_SETTINGS[reason]}){unseen}"
        case LostContact(detail=detail):
            return f"lost contact with {what}: {detail}{unseen}"
        case Rejected(reason=reason, detail=detail):
            return f"the service rejected the request for {what} ({reason}): {detail}"
        case Cancelled():
            return f"the watch of {what} was cancelled{unseen}"
        case _:
            assert_never(outcome)


def _circumstances(failure: ImportFailure) -> str:
    code = "no code" if failure.code is None else f"code {failure.code}"
    return f"in {failure.phase.value} with {code}: {failure.explanation}"
