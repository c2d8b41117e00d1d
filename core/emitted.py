"""The items that a watch emits: `Transition`, `Anomaly`, `PollFailed` and `Ended`.

Each is a self-contained value. `at` and `retry_at` are seconds from the start of the watch, in whole milliseconds.
`to_json` returns the object of a `--jsonl` line, its keys in order.
"""

from dataclasses import dataclass
from typing import Literal, final

from .error_codes import ImportFailure
from .events import ImportEvent
from .outcome_words import outcome_words
from .outcomes import Abandoned, Failed, Outcome
from .table import State, Trigger

AnomalyReason = Literal["unlisted-row", "odd-value", "contradiction"]


@final
@dataclass(frozen=True, slots=True)
class Transition:
    """A step of the import from one state to another, or within a state.

    Args:
        import_id: The id of the import; None from an `ImportMachine` that has none.
        at: Seconds from the start of the watch; None from an `ImportMachine` that was fed without a time.
        trigger: `start`, `initialize`, `progress`, `gather`, `complete` or `fail`.
        source: The state before.
        dest: The state after. It may be the same.
        contact_count: The known number of contacts after the row was applied, or None. If a later row implies the step,
            the number before that row.
        event: The row that caused the step; None if a later row implies it (rule 2 of `core/table.py`).
        failure: Why the import failed, if `trigger` is `fail`, else None.

    >>> from spongewatch import ImportMachine
    >>> [step.trigger for step in ImportMachine().feed([ImportEvent("GATHERING", "INPROGRESS", 0)])]
    ['initialize', 'progress']
    """

    import_id: str | None
    at: float | None
    trigger: Trigger
    source: State
    dest: State
    contact_count: int | None
    event: ImportEvent | None
    failure: ImportFailure | None

    def to_json(self) -> dict[str, object]:
        """Return the object of a `transition` line.

        >>> Transition("1126", 0.0, "start", State.INITIALIZING, State.INITIALIZING, None, None, None).to_json()["kind"]
        'transition'
        """
        return {
            "kind": "transition",
            "at": self.at,
            "import_id": self.import_id,
            "trigger": self.trigger,
            "source": self.source.value,
            "dest": self.dest.value,
            "contact_count": self.contact_count,
            "event": self.event and self.event.to_json(),
            "failure": self.failure and self.failure.to_json(),
        }


@final
@dataclass(frozen=True, slots=True)
class Anomaly:
    """A row that the protocol's page doesn't foresee. Each is emitted once and changes nothing else.

    Args:
        import_id: As in a `Transition`.
        at: As in a `Transition`.
        reason: `unlisted-row`: the pair of type and status is not listed. `odd-value`: the value is not a number from 0
            to 999,999,999,999,999. `contradiction`: the row says that the import ended in another way.
        event: The row.

    >>> from spongewatch import ImportMachine
    >>> [anomaly.reason for anomaly in ImportMachine().feed([ImportEvent("SUBMITTING", "INPROGRESS", 50)])]
    ['unlisted-row']
    """

    import_id: str | None
    at: float | None
    reason: AnomalyReason
    event: ImportEvent

    def to_json(self) -> dict[str, object]:
        """Return the object of an `anomaly` line.

        >>> Anomaly("1126", 0.0, "unlisted-row", ImportEvent("SUBMITTING", "INPROGRESS", 50)).to_json()["reason"]
        'unlisted-row'
        """
        return {
            "kind": "anomaly",
            "at": self.at,
            "import_id": self.import_id,
            "reason": self.reason,
            "event": self.event.to_json(),
        }


@final
@dataclass(frozen=True, slots=True)
class PollFailed:
    """A poll without a valid response.

    Args:
        import_id: The id of the import.
        at: Seconds from the start of the watch.
        attempt: How many polls have failed in a row.
        reason: The cause, for people.
        retry_at: When the next poll is due, in seconds from the start of the watch; None if the watch ends before.

    >>> PollFailed("1126", 1.0, 1, "status 503", 2.4).retry_at
    2.4
    """

    import_id: str | None
    at: float
    attempt: int
    reason: str
    retry_at: float | None

    def to_json(self) -> dict[str, object]:
        """Return the object of a `poll-failed` line.

        >>> PollFailed("1126", 1.0, 1, "status 503", 2.4).to_json()["reason"]
        'status 503'
        """
        return {
            "kind": "poll-failed",
            "at": self.at,
            "import_id": self.import_id,
            "attempt": self.attempt,
            "reason": self.reason,
            "retry_at": self.retry_at,
        }


@final
@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the watch, always the last item.

    Args:
        import_id: The id of the import.
        at: Seconds from the start of the watch.
        outcome: How the watch ended.
        state: The last known state of the import.
        contact_count: The last known number of contacts, or None.
        seen: Whether any response listed the import. If not, it is unknown whether it runs or even exists, and `state`
            is INITIALIZING.

    >>> from spongewatch import Completed
    >>> Ended("1126", 2.0, Completed(2), State.COMPLETE, 2).outcome.ok
    True
    """

    import_id: str | None
    at: float
    outcome: Outcome
    state: State
    contact_count: int | None
    seen: bool = True

    def to_json(self) -> dict[str, object]:
        """Return the object of an `ended` line.

        >>> from spongewatch import Completed
        >>> Ended("1126", 2.0, Completed(2), State.COMPLETE, 2).to_json()["outcome"]
        'completed'
        """
        name, reason, detail = outcome_words(self.outcome)
        failure = self.outcome.failure if isinstance(self.outcome, Failed | Abandoned) else None
        return {
            "kind": "ended",
            "at": self.at,
            "import_id": self.import_id,
            "outcome": name,
            "reason": reason,
            "state": self.state.value,
            "seen": self.seen,
            "contact_count": self.contact_count,
            "failure": failure and failure.to_json(),
            "detail": detail,
        }


Emitted = Transition | Anomaly | PollFailed | Ended
"""Any item that a watch emits."""
