"""How often to poll, and for how long: the settings of a session."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from math import ceil
from typing import Any, Final, final

from .errors import InvalidType, LocalProtocolError
from .text import shown

TICK: Final = 5e-3
"""Milliseconds: more than the noise of a float that counts seconds, less than anybody measures."""
LONGEST: Final = 10**9
"""Seconds; thirty years are no time-out."""


@final
@dataclass(frozen=True, slots=True)
class PollPolicy:
    """All in seconds, each from 0.001 to 1,000,000,000; a budget of None never runs out.

    Counted in whole milliseconds, rounded up.

    `interval`: the least time from the end of a poll to the next one (1 s is the service's own limit).
    `request_timeout`: for one poll, as a whole. The budgets: `consent_timeout`, in INITIALIZING, where a
    person has to act; `gathering_timeout`, in GATHERING; `lost_contact_timeout`, since the last good
    answer; `timeout`, for the whole watch. `not_found_grace`: how long a 404 may mean «not there yet».
    `max_delay`: the longest wait of the back-off.

    Raises `LocalProtocolError` for a value out of range, and for an interval that is not under
    `lost_contact_timeout`.

    >>> PollPolicy(timeout=180).consent_timeout
    900.0
    """

    interval: float = 1.0
    request_timeout: float = 10.0
    consent_timeout: float | None = 900.0
    gathering_timeout: float | None = 600.0
    lost_contact_timeout: float | None = 120.0
    timeout: float | None = None
    not_found_grace: float = 10.0
    max_delay: float = 30.0

    def __post_init__(self) -> None:
        for field in fields(self):
            self._check(field.name)
        lost = self.lost_contact_timeout
        if lost is not None and milliseconds(self.interval) >= milliseconds(lost):
            raise LocalProtocolError(
                f"an interval of {self.interval:g} s is not under lost_contact_timeout, "
                f"{lost:g} s: contact would be lost between two polls"
            )

    def to_json(self) -> dict[str, float | None]:
        """Each setting by its name.

        >>> PollPolicy().to_json()["interval"]
        1.0
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_json(cls, obj: Mapping[str, object]) -> "PollPolicy":
        """The policy in what `to_json` gave; a budget that is not in it is none, the rest has its defaults.

        Unknown members are passed over. Raises `LocalProtocolError`, which names the member, and `InvalidType` if
        `obj` is not a mapping.

        >>> PollPolicy.from_json({"interval": 0.05}).lost_contact_timeout is None
        True
        """
        if not isinstance(obj, Mapping):
            raise InvalidType(f"obj must be a mapping, not {type(obj).__name__}")
        names = {field.name for field in fields(cls)}
        given: dict[str, Any] = dict.fromkeys(BUDGETS)  # of any type: each is checked when the policy is made
        given.update((name, value) for name, value in obj.items() if name in names)
        return cls(**given)

    def _check(self, name: str) -> None:
        value: object = getattr(self, name)
        if value is None and name in BUDGETS:
            return
        least = 0 if name == "not_found_grace" else 0.001
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= LONGEST:
            raise LocalProtocolError(f"{name} is a number of seconds from {least} to {LONGEST:,}, not {shown(value)}")


@lru_cache(maxsize=64)  # so that a thousand sessions of one policy hold one number, not a thousand
def milliseconds(seconds: float) -> int:
    """A duration in what sessions count in, rounded up, for no interval is to become shorter.

    >>> milliseconds(1.0), milliseconds(1.0004)
    (1000, 1001)
    """
    return ceil(seconds * 1000 - TICK)


BUDGETS: Final = ("consent_timeout", "gathering_timeout", "lost_contact_timeout", "timeout")
"""The settings that may be None."""
