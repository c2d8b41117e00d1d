"""The next action of a session: `Send`, `Wait` or `Done`. Times are seconds on the caller's clock."""

from dataclasses import dataclass
from typing import final

from .exchange import Request
from .outcomes import Outcome


@final
@dataclass(frozen=True, slots=True)
class Send:
    """A poll is due: call `sent`, send the request, and call `receive` or `receive_failure`.

    Args:
        request: The request.
        deadline: When to give up the request, in seconds on the caller's clock.

    >>> Send(Request("GET", "https://api.example/events/1126.json"), 10.0).deadline
    10.0
    """

    request: Request
    deadline: float


@final
@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is due yet: call `handle_timeout` once `until` has passed.

    Args:
        until: When something is due, in seconds on the caller's clock.

    >>> Wait(11.0).until
    11.0
    """

    until: float


@final
@dataclass(frozen=True, slots=True)
class Done:
    """The watch has ended.

    Args:
        outcome: How it ended.

    >>> from spongewatch import Completed
    >>> Done(Completed(2)).outcome
    Completed(contact_count=2)
    """

    outcome: Outcome


Action = Send | Wait | Done
"""The return type of `next_action`."""
