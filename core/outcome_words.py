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

_EXPIRED: Final[Mapping[TimedOutReason, tuple[str, str]]] = {
    "consent": ("consent_timeout", "before the person consented"),
    "gathering": ("gathering_timeout", "before all contacts were gathered"),
    "total": ("timeout", "before the import ended"),
}
_REJECTED: Final[Mapping[RejectedReason, str]] = {
    "credentials": "the service rejected the credentials",
    "unknown-import": "the service doesn't know this import",
    "redirect": "the service redirected the request",
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


def outcome_text(outcome: Outcome, *, seen: bool = True) -> str:
    """Return an outcome in words for people, without a full stop and without the explanation of a failure.

    Args:
        outcome: The outcome.
        seen: Whether any response listed the import.

    >>> print(outcome_text(TimedOut("consent")))
    consent_timeout expired before the person consented; the import may still be running
    """
    fate = "the import may still be running" if seen else "no response listed the import, so its state is unknown"
    match outcome:
        case Completed(contact_count=count):
            advice = "" if count == 0 else f"; fetch {'it' if count == 1 else 'them'} within minutes"
            return f"completed with {contacts_text(count)}{advice}"
        case Failed(failure=failure) | Abandoned(failure=failure):
            return f"{outcome.name} in {failure.phase.value} {error_code_text(failure)}"
        case TimedOut(reason=reason):
            budget, before = _EXPIRED[reason]
            return f"{budget} expired {before}; {fate}" if seen else f"{budget} expired; {fate}"
        case LostContact(detail=detail):
            return f"lost contact{'' if seen else ' before any response listed the import'}: {detail}"
        case Rejected(reason=reason, detail=detail):
            return f"{_REJECTED.get(reason, 'the service rejected the request')}: {detail}"
        case Cancelled():
            return f"stopped watching; {fate}"
        case _:
            assert_never(outcome)


def contacts_text(count: int | None) -> str:
    """Return a number of contacts in words.

    >>> contacts_text(2001), contacts_text(1), contacts_text(None)
    ('2,001 contacts', '1 contact', 'an unknown number of contacts')
    """
    if count is None:
        return "an unknown number of contacts"
    return f"{count:,} {'contact' if count == 1 else 'contacts'}"


def error_code_text(failure: ImportFailure | None) -> str:
    """Return the error code of a failure in words.

    >>> error_code_text(ImportFailure.of(264, State.GATHERING)), error_code_text(None)
    ('with error code 264', 'without an error code')
    """
    return "without an error code" if failure is None or failure.code is None else f"with error code {failure.code}"
