"""What a session wants done next: one of three values, each on the caller's own clock."""

from dataclasses import dataclass
from typing import final

from .exchange import Request
from .outcomes import Outcome


@final
@dataclass(frozen=True, slots=True)
class Send:
    """A poll is due: say `sent`, and bring the answer to `request` by `deadline`, in seconds on the caller's clock.

    >>> Send(Request("GET", "https://api.example/events/1126.json"), 10.0).deadline
    10.0
    """

    request: Request
    deadline: float


@final
@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is due before `until`, in seconds on the caller's clock; once that has gone by, call `handle_timeout`.

    >>> Wait(11.0).until
    11.0
    """

    until: float


@final
@dataclass(frozen=True, slots=True)
class Done:
    """The watch has ended; `outcome` says how.

    >>> from spongewatch import Completed
    >>> Done(Completed(2)).outcome
    Completed(contact_count=2)
    """

    outcome: Outcome


Action = Send | Wait | Done
"""What `next_action` gives."""
