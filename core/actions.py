"""The next action of a session: `ImportSession.next_action` returns a `Send`, a `Wait` or a `Done`.

Times are moments on the caller's clock, in seconds. Transports take a duration: `action.deadline - now`.
"""

from dataclasses import dataclass
from typing import final

from .exchange import Request
from .outcomes import Outcome


@final
@dataclass(frozen=True, slots=True)
class Send:
    """A poll is due: call the session's `sent`, send the request, and call `receive` or `receive_failure`.

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
    """Nothing is to be done before `until`, when `handle_timeout` is to be called.

    While a poll is open, `until` is its deadline, and `handle_timeout` makes it a failed poll.

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
