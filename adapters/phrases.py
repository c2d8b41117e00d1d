"""The wording of items and outcomes for people.

The log, the command line, the live block and the timeline take their words from here and differ only in layout.
"""

from typing import Final, assert_never

from ..core import (
    Abandoned,
    Anomaly,
    Emitted,
    Ended,
    Failed,
    Outcome,
    PollFailed,
    Remedy,
    State,
    Transition,
)
from ..core._shared import contacts_text, error_code_text, outcome_text, printable

REMEDIES: Final = {
    Remedy.TRY_AGAIN: "Try again: a new import may succeed.",
    Remedy.ASK_USER: "Ask the person: they must act before a new import can succeed.",
    Remedy.FIX_SETUP: "Fix the setup: the application or its CloudSponge account must be changed.",
    Remedy.NONE: "No remedy is known.",
}
SHORT_REMEDIES: Final = {
    Remedy.TRY_AGAIN: "try again",
    Remedy.ASK_USER: "ask the person",
    Remedy.FIX_SETUP: "fix the setup",
    Remedy.NONE: "none known",
}
STATES: Final = {
    State.INITIALIZING: "waiting for the person's consent",
    State.GATHERING: "gathering contacts",
    State.COMPLETE: "done",
    State.ERROR: "failed",
}


def name_of(item: Emitted) -> str:
    """Return one or two words for the kind of `item`: the state, `anomaly`, `poll failed`, or the outcome.

    >>> name_of(PollFailed("1126", 1.0, 1, "status 503", 2.5))
    'poll failed'
    """
    match item:
        case Transition(dest=dest):
            return dest.value
        case Anomaly():
            return "anomaly"
        case PollFailed():
            return "poll failed"
        case Ended(outcome=outcome):
            return outcome.name
        case _:
            assert_never(item)


def description_of(item: Emitted) -> str:
    """Return what happened, without the time and the import id; may contain unprintable text from the service.

    >>> description_of(PollFailed("1126", 1.0, 1, "status 503", 2.5))
    'status 503; next poll at 2.5 s'
    """
    match item:
        case Transition():
            return _step(item)
        case Anomaly():
            return anomaly(item)
        case PollFailed(retry_at=retry_at):
            return failed_poll(item) + ("" if retry_at is None else f"; next poll at {retry_at:.1f} s")
        case Ended():
            explanation = " ".join(_explanation(item.outcome))
            return f"{_end(item)}: {explanation}" if explanation else _end(item)
        case _:
            assert_never(item)


def line(item: Emitted) -> str:
    """Return `item` as one line of the command line, with unprintable characters escaped.

    >>> from spongewatch import Completed, State
    >>> print(line(Ended("1126", 61.0, Completed(2001), State.COMPLETE, 2001)))
        61.0 s  import 1126: completed with 2,001 contacts; fetch them within minutes
    """
    start = f"import {item.import_id}: " if isinstance(item, Ended) else f"{name_of(item):<12}  "
    return printable(f"{time_of(item):>10}  {start}{description_of(item)}")


def verdict(ended: Ended) -> list[str]:
    """Return the end of a watch as lines; for a failed import, explanation and remedy are lines of their own.

    >>> from spongewatch import Completed, State
    >>> print(*verdict(Ended("1126", 61.0, Completed(2001), State.COMPLETE, 2001)))
    1:01  import 1126: completed with 2,001 contacts; fetch them within minutes
    """
    at = minutes_and_seconds(ended.at)
    lines = [f"{at}  import {ended.import_id}: {_end(ended)}"]
    lines += [f"{'':{len(at)}}  {sentence}" for sentence in _explanation(ended.outcome)]
    return [printable(text) for text in lines]


def failed_poll(item: PollFailed) -> str:
    """Return why a poll failed, and how many have failed in a row.

    >>> failed_poll(PollFailed("1126", 1.0, 2, "status 503", 2.5))
    'status 503 (2 in a row)'
    """
    return item.reason if item.attempt == 1 else f"{item.reason} ({item.attempt} in a row)"


def anomaly(item: Anomaly) -> str:
    """Return the reason of an anomaly and its row.

    >>> from spongewatch import ImportEvent
    >>> anomaly(Anomaly("1126", 1.0, "odd-value", ImportEvent("GATHERING", "INPROGRESS", None, "many")))
    'odd-value: GATHERING INPROGRESS many'
    """
    event = item.event
    value = event.odd_value if event.value is None else event.value
    return f"{item.reason}: {event.type} {event.status}{'' if value is None else f' {value}'}"


def early_end(ended: Ended) -> str:
    """Return what to say about a recording that ends before its import does.

    >>> from spongewatch import LostContact, State
    >>> early_end(Ended("1126", 2.0, LostContact("the recording ends"), State.GATHERING, 2))
    'the recording ends while import 1126 is in GATHERING'
    """
    if ended.seen:
        return f"the recording ends while import {ended.import_id} is in {ended.state.value}"
    return f"the recording ends, and no response in it lists import {ended.import_id}"


def truncated_line(number: int) -> str:
    """Return what to say about a recording whose last line, `number`, is truncated.

    >>> truncated_line(4)
    'line 4 (the last) is truncated and was ignored'
    """
    return f"line {number} (the last) is truncated and was ignored"


def time_of(item: Emitted) -> str:
    """Return the time of `item`; `?` if it has none, as from a machine that was fed without a time.

    >>> time_of(PollFailed("1126", 1.0, 1, "status 503", 2.5))
    '1.0 s'
    """
    return "? s" if item.at is None else f"{item.at:.1f} s"


def minutes_and_seconds(seconds: float) -> str:
    """Return a duration as minutes and seconds, with hours if needed; a negative one counts as 0.

    >>> minutes_and_seconds(42.9), minutes_and_seconds(860), minutes_and_seconds(36061)
    ('0:42', '14:20', '10:01:01')
    """
    whole = max(int(seconds), 0)
    start = f"{whole // 3600}:{whole // 60 % 60:02}" if whole >= 3600 else f"{whole // 60}"
    return f"{start}:{whole % 60:02}"


def _step(step: Transition) -> str:
    if step.trigger == "progress":
        return f"{contacts_text(step.contact_count)} so far"
    if step.trigger == "gather":
        return f"{contacts_text(step.contact_count)} in total"
    return STATES[step.dest] + (f" {error_code_text(step.failure)}" if step.trigger == "fail" else "")


def _end(ended: Ended) -> str:
    return outcome_text(ended.outcome, seen=ended.seen)


def _explanation(outcome: Outcome) -> list[str]:
    if isinstance(outcome, Failed | Abandoned):
        return [outcome.failure.explanation, REMEDIES[outcome.failure.remedy]]
    return []
