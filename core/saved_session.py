"""Sessions as JSON: what `ImportSession.save` writes, and how `ImportSession.resume` reads it.

`docs/reference/saved-session.md` describes the format. Every value is checked: saved sessions are untrusted input.
`PollSchedule.restore` decides when a poll that was open is repeated, `Budgets.restore` when the budgets end.
"""

import json
from typing import Final, NamedTuple

from .endpoint import FORMATS, Format, is_echo, is_import_id
from .errors import InvalidArgument, InvalidType, LocalProtocolError
from .machine import ImportMachine
from .moments import FARTHEST, rounded_up
from .outcome_words import OUTCOME_NAMES, OUTCOME_REASONS, OutcomeWords, outcome_from_words, outcome_words
from .outcomes import Abandoned, Completed, Failed, Outcome
from .policy import PollPolicy
from .saved_object import SavedObject
from .session_state import SessionState
from .text import printable, shown

VERSION: Final = 1

_VERDICTS: Final = (Completed.name, Failed.name, Abandoned.name)


class Settings(NamedTuple):
    """The arguments of a session that are saved with it."""

    import_id: str
    start: float
    format: Format
    echo: str | None
    policy: PollPolicy
    machine: ImportMachine


def session_to_json(session: SessionState) -> str:
    """Return a session as JSON. It contains no secret and no base URL."""
    return json.dumps(
        {
            "spongewatch-session": VERSION,
            "import_id": session.import_id,
            "format": session._format,
            "sent_echo": session._sent_echo,
            "policy": session._policy.to_json(),
            "start": session._start,
            "now": session._now,
            **session._schedule.to_json(),
            "failed_polls": session._failed_polls,
            "last_failure": session._last_failure,
            "told_at": session._last_item_at,
            **session._budgets.to_json(),
            "outcome": session._outcome and outcome_to_json(session._outcome),
            "user_id": session._user_id,
            "echo": session._echo,
            "machine": json.loads(session._machine.save()),
        }
    )


def parse_session(text: str) -> SavedObject:
    """Parse what `session_to_json` returned."""
    return SavedObject.parse("session", VERSION, text)


def saved_settings(saved: SavedObject) -> Settings:
    """Return the settings of a saved session."""
    machine = ImportMachine.resume(json.dumps(saved.take("machine")))
    import_id = saved.text("import_id")
    if not is_import_id(import_id):
        raise saved.refusal("import_id", "an import id")
    if machine.import_id != import_id:
        machine_of = shown(machine.import_id)
        raise LocalProtocolError(f"the saved session's machine is that of import {machine_of}, not of {import_id}")
    start = saved.number("start")
    if not abs(start) <= FARTHEST:
        raise saved.refusal("start", "a time on a clock")
    echo = saved.text("sent_echo")
    if echo is not None and not is_echo(echo):
        raise saved.refusal("sent_echo", "null, or text of at least one character without lone surrogates")
    return Settings(import_id, start, saved.word("format", FORMATS), echo, _saved_policy(saved), machine)


def restore_session(session: SessionState, saved: SavedObject, now: float, *, sole_owner: bool) -> None:
    """Take over the rest of a saved session, at the time `now`."""
    session._now = saved.whole("now")
    behind = session._now - rounded_up(now, session._start)
    if behind > 0:  # in whole milliseconds, so that items after the resume get the same times
        session._start -= behind / 1000
    if session._start < -FARTHEST:
        raise saved.refusal("now", "a time on a clock")
    moment = session._not_before(now)
    session._schedule.restore(saved, moment, sole_owner=sole_owner)
    if saved.flag("poll_is_open"):
        session._now = moment  # so that a clock that steps back before the next input doesn't shorten the wait
    session._failed_polls = saved.whole("failed_polls")
    session._last_failure = printable(saved.text("last_failure") or "")
    session._last_item_at = saved.whole("told_at")
    session._outcome = saved_outcome(saved, session._machine)
    session._budgets.restore(saved, moment, session.state, has_ended=session._outcome is not None)
    session._user_id, session._echo = saved.text("user_id"), saved.text("echo")


def _saved_policy(saved: SavedObject) -> PollPolicy:
    try:
        return PollPolicy.from_json(saved.mapping("policy"))
    except (InvalidArgument, InvalidType) as error:
        raise LocalProtocolError(f"the saved session's policy: {error}") from None


def outcome_to_json(outcome: Outcome) -> dict[str, object]:
    """Return the name, the reason and the detail; the rest of the service's verdict is in the machine."""
    name, reason, detail = outcome_words(outcome)
    return {"name": name, "reason": reason, "detail": detail or ""}


def saved_outcome(parsed: SavedObject, machine: ImportMachine) -> Outcome | None:
    """Return the outcome of a saved session, or None if it has not ended."""
    saved = parsed.child("outcome")
    if saved is None:
        return None
    name = saved.word("name", OUTCOME_NAMES)
    if name in _VERDICTS:
        if machine.outcome is None or machine.outcome.name != name:
            raise saved.refusal("name", "the outcome of the saved machine")
        return machine.outcome
    detail = printable(saved.text("detail") or "")
    reason = saved.word("reason", OUTCOME_REASONS[name]) if name in OUTCOME_REASONS else None
    return outcome_from_words(OutcomeWords(name, reason, detail), machine.state, machine.contact_count)
