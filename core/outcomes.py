"""How a watch ended.

That differs from the state of the import: after a watch has given up, the import may still be running.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, NoReturn, Self, final

from .error_codes import ImportFailure
from .outcome_errors import (
    ContactLost,
    ImportAbandoned,
    ImportFailed,
    WatchCancelled,
    WatchRejected,
    WatchTimedOut,
)

TimedOutReason = Literal["consent", "gathering", "total"]
RejectedReason = Literal["credentials", "unknown-import", "redirect", "request"]


@final
@dataclass(frozen=True, slots=True)
class Completed:
    """The import completed. Its contacts can be fetched for a few minutes.

    All outcomes have these attributes:

    - `name`: the outcome in JSON lines, traces and logs.
    - `ok`: True for `Completed`, False for all others.
    - `may_still_run`: True unless the service reported that the import is over (`Completed`, `Failed`,
      `Abandoned`) or doesn't exist (`Rejected("unknown-import")`). To learn how such an import ends, watch it again.
    - `raise_for_outcome()`: returns a `Completed` itself; any other outcome raises its subclass of `OutcomeError`.

    Args:
        contact_count: The number of contacts, 0 for an empty address book; None if no response contained it.

    >>> Completed(2001).name, Completed(2001).ok, Completed(2001).may_still_run
    ('completed', True, False)
    >>> Completed(2001).raise_for_outcome().contact_count
    2001
    """

    contact_count: int | None
    name: ClassVar[Literal["completed"]] = "completed"
    ok: ClassVar[Literal[True]] = True
    may_still_run: ClassVar[bool] = False

    def raise_for_outcome(self) -> Self:
        """Return the outcome itself, since the import completed."""
        return self


@final
@dataclass(frozen=True, slots=True)
class Failed:
    """The service reported that the import failed, or that it ended with a code of unknown category.

    Args:
        failure: Why it failed.

    >>> from spongewatch import State
    >>> Failed(ImportFailure.of(264, State.GATHERING)).name
    'failed'
    """

    failure: ImportFailure
    name: ClassVar[Literal["failed"]] = "failed"
    ok: ClassVar[Literal[False]] = False
    may_still_run: ClassVar[bool] = False

    def raise_for_outcome(self) -> NoReturn:
        """Raise `ImportFailed`."""
        raise ImportFailed(self)


@final
@dataclass(frozen=True, slots=True)
class Abandoned:
    """The service reported that the person did not go through with the import.

    Args:
        failure: Why it was abandoned.

    >>> from spongewatch import State
    >>> Abandoned(ImportFailure.of(514, State.INITIALIZING)).failure.code
    514
    """

    failure: ImportFailure
    name: ClassVar[Literal["abandoned"]] = "abandoned"
    ok: ClassVar[Literal[False]] = False
    may_still_run: ClassVar[bool] = False

    def raise_for_outcome(self) -> NoReturn:
        """Raise `ImportAbandoned`."""
        raise ImportAbandoned(self)


@final
@dataclass(frozen=True, slots=True)
class TimedOut:
    """A time budget ran out before the import ended.

    Args:
        reason: The budget: `consent` (`consent_timeout`), `gathering` (`gathering_timeout`) or `total` (`timeout`).

    >>> TimedOut("consent").name, TimedOut("consent").may_still_run
    ('timed-out', True)
    """

    reason: TimedOutReason
    name: ClassVar[Literal["timed-out"]] = "timed-out"
    ok: ClassVar[Literal[False]] = False
    may_still_run: ClassVar[bool] = True

    def raise_for_outcome(self) -> NoReturn:
        """Raise `WatchTimedOut`."""
        raise WatchTimedOut(self)


@final
@dataclass(frozen=True, slots=True)
class LostContact:
    """The service stopped returning valid responses, so it is unknown what became of the import.

    Args:
        detail: The cause, for people.

    >>> LostContact("the trace ended before the import did").name
    'lost-contact'
    """

    detail: str
    name: ClassVar[Literal["lost-contact"]] = "lost-contact"
    ok: ClassVar[Literal[False]] = False
    may_still_run: ClassVar[bool] = True

    def raise_for_outcome(self) -> NoReturn:
        """Raise `ContactLost`."""
        raise ContactLost(self)


@final
@dataclass(frozen=True, slots=True)
class Rejected:
    """The service refused the request, and would refuse it again.

    Args:
        reason: `credentials`, `unknown-import`, `redirect` or `request`, from the status of the response.
        detail: The status and the service's message, for people.

    >>> Rejected("credentials", "status 401").may_still_run, Rejected("unknown-import", "status 410").may_still_run
    (True, False)
    """

    reason: RejectedReason
    detail: str
    name: ClassVar[Literal["rejected"]] = "rejected"
    ok: ClassVar[Literal[False]] = False

    @property
    def may_still_run(self) -> bool:
        """False if the service knows no such import; other rejections say nothing about the import."""
        return self.reason != "unknown-import"

    def raise_for_outcome(self) -> NoReturn:
        """Raise `WatchRejected`."""
        raise WatchRejected(self)


@final
@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller cancelled the watch.

    >>> Cancelled().name
    'cancelled'
    """

    name: ClassVar[Literal["cancelled"]] = "cancelled"
    ok: ClassVar[Literal[False]] = False
    may_still_run: ClassVar[bool] = True

    def raise_for_outcome(self) -> NoReturn:
        """Raise `WatchCancelled`."""
        raise WatchCancelled(self)


Outcome = Completed | Failed | Abandoned | TimedOut | LostContact | Rejected | Cancelled
"""How a watch can end."""
