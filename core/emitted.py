"""What a watch emits: self-contained values, so that a list of them reads right however late.

`at` and `retry_at` count seconds from the start of the watch, in whole milliseconds; from a machine that
is fed by hand, `at` is what it was fed with. `to_json` is the object of a `--jsonl` line, its keys in order.
"""

from dataclasses import dataclass
from typing import final

from .events import ImportEvent
from .failures import ImportFailure
from .outcomes import Abandoned, Failed, LostContact, Outcome, Rejected, TimedOut
from .table import State


@final
@dataclass(frozen=True, slots=True)
class Transition:
    """One step of the import, by `trigger`, from the state `source` to `dest`.

    `import_id` is None from a machine that was given none, and `at` where it was fed without a time. `failure`
    is why the import failed, where `trigger` is `fail`, else None. `event` is the row that caused it, None
    where a later row implies it. `contact_count` is what is known once that row is applied; for an implied
    step, what was known before the row that implies it.

    >>> from spongewatch import ImportMachine
    >>> [step.trigger for step in ImportMachine().feed([ImportEvent("GATHERING", "INPROGRESS", 0)])]
    ['initialize', 'progress']
    """

    import_id: str | None
    at: float | None
    trigger: str
    source: State
    dest: State
    contact_count: int | None
    event: ImportEvent | None
    failure: ImportFailure | None

    def to_json(self) -> dict[str, object]:
        """The object of a `transition` line."""
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
    """A row that the protocol does not foresee; never fatal, and told once.

    `event` is the row; `import_id` and `at` are as for a `Transition`. `reason` is `unlisted-row`, `odd-value`
    or `contradiction`.

    >>> from spongewatch import ImportMachine
    >>> [odd.reason for odd in ImportMachine().feed([ImportEvent("SUBMITTING", "INPROGRESS", 50)])]
    ['unlisted-row']
    """

    import_id: str | None
    at: float | None
    reason: str
    event: ImportEvent

    def to_json(self) -> dict[str, object]:
        """The object of an `anomaly` line."""
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
    """A poll that brought nothing usable, the `attempt`-th of them in a row.

    `reason` is for people; `retry_at` is when the next poll is due, None where no other one is planned.

    >>> PollFailed("1126", 1.0, 1, "status 503", 2.4).to_json()["reason"]
    'status 503'
    """

    import_id: str | None
    at: float
    attempt: int
    reason: str
    retry_at: float | None

    def to_json(self) -> dict[str, object]:
        """The object of a `poll-failed` line."""
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
    """The end of a watch, always the last item that it emits.

    `outcome` is how the watch ended. `state` and `contact_count` are what was known of the import by then. `seen` is
    False if no response ever listed the import; then it is unknown whether it runs or even exists, and `state` is only
    where every import begins.

    >>> from spongewatch import Completed
    >>> Ended("1126", 2.0, Completed(2), State.COMPLETE, 2).to_json()["outcome"]
    'completed'
    """

    import_id: str | None
    at: float
    outcome: Outcome
    state: State
    contact_count: int | None
    seen: bool = True

    def to_json(self) -> dict[str, object]:
        """The object of an `ended` line."""
        outcome = self.outcome
        return {
            "kind": "ended",
            "at": self.at,
            "import_id": self.import_id,
            "outcome": outcome.name,
            "reason": outcome.reason if isinstance(outcome, TimedOut | Rejected) else None,
            "state": self.state.value,
            "seen": self.seen,
            "contact_count": self.contact_count,
            "failure": outcome.failure.to_json() if isinstance(outcome, Failed | Abandoned) else None,
            "detail": outcome.detail if isinstance(outcome, LostContact | Rejected) else None,
        }


Emitted = Transition | Anomaly | PollFailed | Ended
"""Whatever a watch emits."""
