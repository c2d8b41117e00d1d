"""What is emitted, as records of the standard `logging`: one for each change, and none for a poll without news."""

import logging
from collections.abc import Mapping
from typing import assert_never, final

from ...core import (
    Abandoned,
    Anomaly,
    Cancelled,
    Completed,
    Emitted,
    Ended,
    Failed,
    ImportFailure,
    LocalProtocolError,
    LostContact,
    Outcome,
    PollFailed,
    Rejected,
    TimedOut,
    Transition,
)
from ...core._shared import printable
from ..phrases import count_of_contacts

_PREFIX = "spongewatch."


@final
class LoggingAdapter:
    """An observer that logs all that it is told, to `logger`, a logger or the name of one.

    Levels: INFO for a transition, for a watch that ended as completed and for one that was cancelled. WARNING
    for a transition that fails, an anomaly, a failed poll, and a watch that ended as failed, abandoned or
    timed-out. ERROR for one that ended as lost-contact or rejected: what became of the import is not known.

    The message is one short sentence. `extra` has the members of the item's `to_json`, flat and in the same
    order: `spongewatch.kind`, `spongewatch.at` (seconds), `spongewatch.import_id`, `spongewatch.event.type`
    and so on; the dot keeps them apart from the names that a `LogRecord` has itself. What does not print in a
    stranger's text is escaped in both. Where the level is off, nothing is computed.

    Raises `LocalProtocolError` for a `logger` that is neither.

    >>> import logging
    >>> import sys
    >>> from spongewatch.transports import replay
    >>> logger = logging.getLogger("an.example")
    >>> logger.setLevel(logging.WARNING)
    >>> logger.addHandler(logging.StreamHandler(sys.stdout))
    >>> adapter = LoggingAdapter(logger)
    >>> for item in replay("docs/traces/abandoned.jsonl"):
    ...     adapter(item)
    import 1127 failed in INITIALIZING with the error code 514: The person declined to share their contacts.
    the watch of import 1127 ended as abandoned in INITIALIZING with the error code 514: The person declined \
to share their contacts.
    """

    __slots__ = ("_logger",)

    def __init__(self, logger: logging.Logger | str | None = None) -> None:
        if logger is None or isinstance(logger, str):
            logger = logging.getLogger("spongewatch" if logger is None else logger)
        if not isinstance(logger, logging.Logger):
            raise LocalProtocolError(f"a logger is a logging.Logger or the name of one, not {type(logger).__name__}")
        self._logger = logger

    def __call__(self, item: Emitted) -> None:
        """Log `item`, where its level is on."""
        level = _level(item)
        if self._logger.isEnabledFor(level):
            message, *texts = _sentence(item)
            import_id = "without an id" if item.import_id is None else item.import_id
            self._logger.log(level, message, *map(printable, (import_id, *texts)), extra=_flat(_PREFIX, item.to_json()))


def _level(item: Emitted) -> int:
    match item:
        case Transition(trigger=trigger):
            return logging.WARNING if trigger == "fail" else logging.INFO
        case Ended(outcome=Completed() | Cancelled()):
            return logging.INFO
        case Ended(outcome=LostContact() | Rejected()):
            return logging.ERROR
        case Anomaly() | PollFailed() | Ended():
            return logging.WARNING
        case _:
            assert_never(item)


def _sentence(item: Emitted) -> tuple[str, ...]:
    """The message, whose first `%s` is the import, and what its others stand for."""
    match item:
        case Transition():
            return _step(item)
        case Anomaly(reason=reason, event=event):
            value = event.odd_value if event.value is None else event.value
            row = f"{event.type} {event.status}{'' if value is None else f' {value}'}"
            return "import %s has an unexpected row, %s: %s", reason, row
        case PollFailed(attempt=attempt, reason=reason, retry_at=retry_at):
            retry = "" if retry_at is None else f"; the next is at {retry_at} s"
            return "a poll of import %s failed, %s in a row: %s", str(attempt), f"{reason}{retry}"
        case Ended(outcome=outcome, seen=seen):
            unseen = "" if seen else ", and no response ever listed the import"
            return "the watch of import %s ended as %s", f"{outcome.name}{_verdict(outcome)}{unseen}"
        case _:
            assert_never(item)


def _step(step: Transition) -> tuple[str, ...]:
    match step.trigger:
        case "start":
            return ("import %s waits for the person's consent",)
        case "initialize":
            return ("import %s gathers the contacts",)
        case "progress":
            return "import %s has gathered %s so far", count_of_contacts(step.contact_count)
        case "gather":
            return "import %s has gathered %s in all", count_of_contacts(step.contact_count)
        case "complete":
            return ("import %s is complete",)
        case _:
            return "import %s failed%s", _why(step.failure or ImportFailure.of(None, step.source))


def _verdict(outcome: Outcome) -> str:
    match outcome:
        case Completed(contact_count=count):
            return f": {count_of_contacts(count)}"
        case Failed(failure=failure) | Abandoned(failure=failure):
            return _why(failure)
        case TimedOut(reason=reason):
            return f" ({reason})"
        case LostContact(detail=detail):
            return f": {detail}"
        case Rejected(reason=reason, detail=detail):
            return f" ({reason}): {detail}"
        case Cancelled():
            return ""
        case _:
            assert_never(outcome)


def _why(failure: ImportFailure) -> str:
    code = "no error code" if failure.code is None else f"the error code {failure.code}"
    return f" in {failure.phase.value} with {code}: {failure.explanation}"


def _flat(prefix: str, members: Mapping[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in members.items():
        if isinstance(value, Mapping):
            flat |= _flat(f"{prefix}{name}.", value)
        else:
            flat[prefix + name] = printable(value) if isinstance(value, str) else value
    return flat
