"""How a watch ended. That differs from the state of the import: after a watch gave up, the import may still run."""

from dataclasses import dataclass
from typing import ClassVar, NoReturn, Self, final

from .failures import ImportFailure
from .outcome_errors import (
    ContactLost,
    ImportAbandoned,
    ImportFailed,
    WatchCancelled,
    WatchRejected,
    WatchTimedOut,
)


@final
@dataclass(frozen=True, slots=True)
class Completed:
    """The import completed, and its contacts can be fetched for a few minutes.

    `contact_count` is their number, 0 for an empty address book; None if no response contained it.

    All outcomes have these members:

    - `name`: the word for it in JSON lines, traces and logs.
    - `ok`: True for `Completed`, False for all others.
    - `may_still_run`: True unless the service reported that the import is over (`Completed`, `Failed`,
      `Abandoned`) or doesn't exist (`Rejected("unknown-import")`). To learn how such an import ends, watch it again.
    - `raise_for_outcome()`: returns a `Completed` itself; any other outcome raises its subclass of `OutcomeError`.

    >>> Completed(2001).name, Completed(2001).ok, Completed(2001).may_still_run
    ('completed', True, False)
    >>> Completed(2001).raise_for_outcome().contact_count
    2001
    """

    contact_count: int | None
    name: ClassVar[str] = "completed"
    ok: ClassVar[bool] = True
    may_still_run: ClassVar[bool] = False

    def raise_for_outcome(self) -> Self:
        """Return the outcome itself, since the import completed."""
        return self


@final
@dataclass(frozen=True, slots=True)
class Failed:
    """The service reported that the import failed, or that it ended with a code of unknown category.

    >>> from spongewatch import State
    >>> Failed(ImportFailure.of(264, State.GATHERING)).name
    'failed'
    """

    failure: ImportFailure
    name: ClassVar[str] = "failed"
    ok: ClassVar[bool] = False
    may_still_run: ClassVar[bool] = False

    def raise_for_outcome(self) -> NoReturn:
        """Raise `ImportFailed`."""
        raise ImportFailed(self)


@final
@dataclass(frozen=True, slots=True)
class Abandoned:
    """The service reported that the person did not go through with the import.

    >>> from spongewatch import State
    >>> Abandoned(ImportFailure.of(514, State.INITIALIZING)).failure.code
    514
    """

    failure: ImportFailure
    name: ClassVar[str] = "abandoned"
    ok: ClassVar[bool] = False
    may_still_run: ClassVar[bool] = False

    def raise_for_outcome(self) -> NoReturn:
        """Raise `ImportAbandoned`."""
        raise ImportAbandoned(self)


@final
@dataclass(frozen=True, slots=True)
class TimedOut:
    """A time budget ran out before the import ended: `reason` is `consent`, `gathering` or `total`.

    >>> TimedOut("consent").name, TimedOut("consent").may_still_run
    ('timed-out', True)
    """

    reason: str
    name: ClassVar[str] = "timed-out"
    ok: ClassVar[bool] = False
    may_still_run: ClassVar[bool] = True
    REASONS: ClassVar[tuple[str, ...]] = ("consent", "gathering", "total")

    def raise_for_outcome(self) -> NoReturn:
        """Raise `WatchTimedOut`."""
        raise WatchTimedOut(self)


@final
@dataclass(frozen=True, slots=True)
class LostContact:
    """The service stopped returning valid responses, so the fate of the import is unknown; `detail` is for people.

    >>> LostContact("the trace ended before the import did").name
    'lost-contact'
    """

    detail: str
    name: ClassVar[str] = "lost-contact"
    ok: ClassVar[bool] = False
    may_still_run: ClassVar[bool] = True

    def raise_for_outcome(self) -> NoReturn:
        """Raise `ContactLost`."""
        raise ContactLost(self)


@final
@dataclass(frozen=True, slots=True)
class Rejected:
    """The service refused the request: `reason` is `credentials`, `unknown-import`, `redirect` or `request`.

    `detail` says what it responded, for people.

    >>> Rejected("credentials", "status 401").may_still_run, Rejected("unknown-import", "status 410").may_still_run
    (True, False)
    """

    reason: str
    detail: str
    name: ClassVar[str] = "rejected"
    ok: ClassVar[bool] = False
    REASONS: ClassVar[tuple[str, ...]] = ("credentials", "unknown-import", "redirect", "request")

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

    name: ClassVar[str] = "cancelled"
    ok: ClassVar[bool] = False
    may_still_run: ClassVar[bool] = True

    def raise_for_outcome(self) -> NoReturn:
        """Raise `WatchCancelled`."""
        raise WatchCancelled(self)


Outcome = Completed | Failed | Abandoned | TimedOut | LostContact | Rejected | Cancelled
"""How a watch can end."""
