"""What is emitted, as lines for people: one for each change, with its time in front."""

from typing import assert_never

from ..core import (
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
)
from ..core._shared import printable

REMEDIES = {
    Remedy.TRY_AGAIN: "A new import may well succeed.",
    Remedy.ASK_USER: "The person has to act before a new import can succeed.",
    Remedy.FIX_SETUP: "The application or its CloudSponge account has to be changed.",
    Remedy.NONE: "No remedy is known.",
}
"""What a remedy says to people."""

_UNSEEN = {
    "consent": "no response listed it in the time allowed for the consent (consent_timeout)",
    "gathering": "no response listed it in the time allowed for the gathering (gathering_timeout)",
    "total": "no response listed it in the time allowed for the whole watch (timeout)",
}
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


def verdict(ended: Ended) -> list[str]:
    """How a watch ended: a line, and for an import that failed one each for what happened and for what to do.

    >>> from spongewatch import Completed, State
    >>> print(*verdict(Ended("1126", 61.0, Completed(2001), State.COMPLETE, 2001)))
    1:01  import 1126 is complete: 2,001 contacts, to be fetched within minutes
    """
    at = minutes(ended.at)
    lines = [f"{at}  import {ended.import_id} {_verdict(ended)}"]
    if isinstance(ended.outcome, Failed | Abandoned):
        failure = ended.outcome.failure
        lines += [f"{'':{len(at)}}  {text}" for text in (failure.explanation, REMEDIES[failure.remedy])]
    return [printable(text) for text in lines]


def minutes(seconds: float) -> str:
    """A time as minutes and seconds, with hours where it is that long; less than none is none.

    >>> minutes(42.9), minutes(860), minutes(36061)
    ('0:42', '14:20', '10:01:01')
    """
    whole = max(int(seconds), 0)
    start = f"{whole // 3600}:{whole // 60 % 60:02}" if whole >= 3600 else f"{whole // 60}"
    return f"{start}:{whole % 60:02}"


def failed_poll(item: PollFailed) -> str:
    """What is told of a poll that failed.

    >>> failed_poll(PollFailed("1126", 1.0, 2, "status 503", 2.5))
    'poll failed (2 in a row): status 503'
    """
    return f"poll failed ({item.attempt} in a row): {item.reason}"


def anomaly(item: Anomaly) -> str:
    """What is told of a row that is not as it should be.

    >>> from spongewatch import ImportEvent
    >>> anomaly(Anomaly("1126", 1.0, "odd-value", ImportEvent("GATHERING", "INPROGRESS", None, "many")))
    'odd-value: GATHERING INPROGRESS many'
    """
    event = item.event
    value = event.odd_value if event.value is None else event.value
    return f"{item.reason}: {event.type} {event.status} {'' if value is None else value}".rstrip()


def cut_short(ended: Ended) -> str:
    """Describe a recording that ends before its import does.

    >>> from spongewatch import State
    >>> cut_short(Ended("1126", 2.0, LostContact("the recording ends"), State.GATHERING, 2))
    'the recording ends before import 1126 does, in GATHERING'
    """
    if ended.seen:
        return f"the recording ends before import {ended.import_id} does, in {ended.state.value}"
    return f"the recording ends, and no response in it lists import {ended.import_id}"


def _text(item: Emitted) -> str:
    match item:
        case Transition():
            return f"{item.dest.value:<12}  {_step(item)}"
        case Anomaly():
            return f"{'unexpected':<12}  {anomaly(item)}"
        case PollFailed(retry_at=retry_at):
            retry = "" if retry_at is None else f"; next poll at {retry_at:.1f} s"
            return f"{'no news':<12}  {failed_poll(item)}{retry}"
        case Ended(import_id=import_id, outcome=outcome):
            return f"import {import_id} {_verdict(item)}{_explanation(outcome)}"
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


def _verdict(ended: Ended) -> str:
    match ended.outcome:
        case Completed(contact_count=count):
            return f"is complete: {count_of_contacts(count)}, to be fetched within minutes"
        case Failed(failure=failure):
            return f"failed while {_place(failure)}"
        case Abandoned(failure=failure):
            return f"was abandoned while {_place(failure)}"
        case TimedOut(reason=reason) if ended.seen:
            return f"was still running when last seen, and is no longer watched: {_BUDGETS[reason]}"
        case TimedOut(reason=reason):
            return f"was never seen, and is no longer watched: {_UNSEEN[reason]}"
        case LostContact(detail=detail):
            return f"{'is lost from sight' if ended.seen else 'was never seen'}: {detail}"
        case Rejected(reason=reason, detail=detail):
            return f"can't be watched ({reason}): {detail}"
        case Cancelled():
            return "is no longer watched"
        case _:
            assert_never(ended.outcome)


def _place(failure: ImportFailure) -> str:
    return failure.phase.value if failure.code is None else f"{failure.phase.value} (code {failure.code})"


def _explanation(outcome: Outcome) -> str:
    if isinstance(outcome, Failed | Abandoned):
        return f": {outcome.failure.explanation} {REMEDIES[outcome.failure.remedy]}"
    return ""
