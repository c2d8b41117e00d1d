"""Outcomes and error codes in words for people: exceptions, the log and the command line all use them."""

from collections.abc import Mapping
from typing import Final, assert_never

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

    >>> from spongewatch import State
    >>> error_code_text(ImportFailure.of(264, State.GATHERING)), error_code_text(None)
    ('with error code 264', 'without an error code')
    """
    return "without an error code" if failure is None or failure.code is None else f"with error code {failure.code}"
