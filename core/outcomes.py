"""How a watch ended, which is not the state of the import: after a watch that gave up, it may still run."""

from dataclasses import dataclass
from typing import ClassVar, final

from .failures import ImportFailure


@final
@dataclass(frozen=True, slots=True)
class Completed:
    """The import is over and its contacts can be fetched, for a few minutes only.

    `contact_count` is how many there are, 0 for an empty address book, None where no answer said.

    >>> Completed(2001).name
    'completed'
    """

    contact_count: int | None
    name: ClassVar[str] = "completed"


@final
@dataclass(frozen=True, slots=True)
class Failed:
    """The service says that the import failed, or that it ended with a code of no known category.

    >>> from spongewatch import State
    >>> Failed(ImportFailure.of(264, State.GATHERING)).name
    'failed'
    """

    failure: ImportFailure
    name: ClassVar[str] = "failed"


@final
@dataclass(frozen=True, slots=True)
class Abandoned:
    """The service says that the person did not go through with the import.

    >>> from spongewatch import State
    >>> Abandoned(ImportFailure.of(514, State.INITIALIZING)).failure.code
    514
    """

    failure: ImportFailure
    name: ClassVar[str] = "abandoned"


@final
@dataclass(frozen=True, slots=True)
class TimedOut:
    """A budget of time ran out while the import was still running: `reason` is `consent`, `gathering` or `total`.

    >>> TimedOut("consent").name
    'timed-out'
    """

    reason: str
    name: ClassVar[str] = "timed-out"
    REASONS: ClassVar[tuple[str, ...]] = ("consent", "gathering", "total")


@final
@dataclass(frozen=True, slots=True)
class LostContact:
    """No good answer came any more, so what became of the import is not known; `detail` says why, for people.

    >>> LostContact("the trace ended before the import did").name
    'lost-contact'
    """

    detail: str
    name: ClassVar[str] = "lost-contact"


@final
@dataclass(frozen=True, slots=True)
class Rejected:
    """The service refused to answer: `reason` is `credentials`, `unknown-import`, `redirect` or `request`.

    `detail` is what it answered, for people.

    >>> Rejected("credentials", "status 401").name
    'rejected'
    """

    reason: str
    detail: str
    name: ClassVar[str] = "rejected"
    REASONS: ClassVar[tuple[str, ...]] = ("credentials", "unknown-import", "redirect", "request")


@final
@dataclass(frozen=True, slots=True)
class Cancelled:
    """Whoever watched stopped watching.

    >>> Cancelled().name
    'cancelled'
    """

    name: ClassVar[str] = "cancelled"


Outcome = Completed | Failed | Abandoned | TimedOut | LostContact | Rejected | Cancelled
"""How a watch can end."""
