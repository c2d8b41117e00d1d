"""What is emitted, as lines for people: one for each change, with its time in front."""

from typing import assert_never

from spongewatch import (
    Abandoned,
    Anomaly,
    Cancelled,
    Completed,
    Emitted,
    Ended,
    Failed,
    ImportFailure,
    LostContact,
    Outcome,
    PollFailed,
    Rejected,
    Remedy,
    TimedOut,
    Transition,
    printable,
)

REMEDIES = {
    Remedy.TRY_AGAIN: "A new import may well succeed.",
    Remedy.ASK_USER: "The person has to act before a new import can succeed.",
    Remedy.FIX_SETUP: "The application or its CloudSponge account has to be changed.",
    Remedy.NONE: "No remedy is known.",
}
"""What a remedy says to people."""

_BUDGETS = {
    "consent": "the person did not consent in the time allowed (consent_timeout)",
    "gathering": "the contacts were not gathered in the time allowed (gathering_timeout)",
    "total": "the time allowed for the whole watch is over (timeout)",
}


def line(item: Emitted) -> str:
    """One line for `item`, with nothing in it that acts on a terminal.

    >>> from spongewatch import Completed, State
    >>> print(line(Ended("1126", 61.0, Completed(2001), State.COMPLETE, 2001)))
        61.0 s  import 1126 is complete: 2,001 contacts, to be fetched within minutes
    """
    at = "?" if item.at is None else f"{item.at:.1f}"
    return printable(f"{at:>8} s  {_text(item)}")


def count_of_contacts(count: int | None) -> str:
    """A number of contacts in words.

    >>> count_of_contacts(2340), count_of_contacts(1), count_of_contacts(None)
    ('2,340 contacts', '1 contact', 'an unknown number of contacts')
    """
    if count is None:
        return "an unknown number of contacts"
    return f"{count:,} {'contact' if count == 1 else 'contacts'}"


def _text(item: Emitted) -> str:
    match item:
        case Transition():
            return f"{item.dest.value:<12}  {_step(item)}"
        case Anomaly(reason=reason, event=event):
            value = event.odd_value if event.value is None else event.value
            return (
                f"{'unexpected':<12}  {reason}: {event.type} {event.status} {'' if value is None else value}".rstrip()
            )
        case PollFailed(attempt=attempt, reason=reason, retry_at=retry_at):
            retry = "" if retry_at is None else f"; next poll at {retry_at:.1f} s"
            return f"{'no news':<12}  poll failed ({attempt} in a row): {reason}{retry}"
        case Ended(import_id=import_id, outcome=outcome):
            return f"import {import_id} {_verdict(outcome)}"
        case _:
            assert_never(item)


def _step(step: Transition) -> str:
    match step.trigger:
        case "start":
            return "waiting for the person's consent"
        case "initialize":
            return "the contacts are being gathered"
        case "progress":
            return f"{count_of_contacts(step.contact_count)} so far"
        case "gather":
            return f"{count_of_contacts(step.contact_count)} gathered"
        case "complete":
            return "all is done"
        case _:
            code = step.failure and step.failure.code
            return "no error code" if code is None else f"error code {code}"


def _verdict(outcome: Outcome) -> str:
    match outcome:
        case Completed(contact_count=count):
            return f"is complete: {count_of_contacts(count)}, to be fetched within minutes"
        case Failed(failure=failure):
            return f"failed while {_reason(failure)}"
        case Abandoned(failure=failure):
            return f"was abandoned while {_reason(failure)}"
        case TimedOut(reason=reason):
            return f"is still running, and is no longer watched: {_BUDGETS[reason]}"
        case LostContact(detail=detail):
            return f"is lost from sight: {detail}"
        case Rejected(reason=reason, detail=detail):
            return f"can't be watched ({reason}): {detail}"
        case Cancelled():
            return "is no longer watched"
        case _:
            assert_never(outcome)


def _reason(failure: ImportFailure) -> str:
    code = "" if failure.code is None else f" (code {failure.code})"
    return f"{failure.phase.value}{code}: {failure.explanation} {REMEDIES[failure.remedy]}"
