"""`PollPolicy`: how often a session polls, and how long it goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from math import ceil
from typing import Any, Final, final

from .errors import InvalidArgument, wrong_type
from .text import shown

TICK: Final = 5e-3
"""Milliseconds: more than the rounding error of a float that counts seconds, less than anyone measures."""

LONGEST: Final = 10**9
"""Seconds; the upper bound of every duration (about 30 years)."""

BUDGETS: Final = ("consent_timeout", "gathering_timeout", "lost_contact_timeout", "timeout")
"""The settings that may be None."""


@final
@dataclass(frozen=True, slots=True)
class PollPolicy:
    """The settings of a session: how often to poll, and for how long.

    All values are seconds, from 0.001 to 1,000,000,000, and are rounded up to whole milliseconds. Each of the four
    budgets (`consent_timeout`, `gathering_timeout`, `lost_contact_timeout`, `timeout`) ends the watch when it runs out;
    None means that it never does.

    Args:
        interval: The shortest time from the end of a poll to the next one. The public service requires at least 1.
        request_timeout: The longest time that one poll may take.
        consent_timeout: The budget of the state INITIALIZING, in which the person gives their consent.
        gathering_timeout: The budget of the state GATHERING.
        lost_contact_timeout: The budget between two valid responses. It must be longer than `interval`.
        timeout: The budget of the whole watch.
        not_found_grace: How long a 404 counts as "not there yet". May be 0.
        max_delay: The longest delay of the back-off after failed polls.

    Raises:
        InvalidType: A value is not a number.
        InvalidArgument: A value is out of range, or `interval` is not less than `lost_contact_timeout`.

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
            _check(field.name, getattr(self, field.name))
        lost = self.lost_contact_timeout
        if lost is not None and milliseconds(self.interval) >= milliseconds(lost):
            raise InvalidArgument(
                f"interval must be less than lost_contact_timeout in whole milliseconds, not {self.interval:g} s "
                f"for {lost:g} s"
            )

    def to_json(self) -> dict[str, float | None]:
        """Return each setting by its name.

        >>> PollPolicy().to_json()["interval"]
        1.0
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_json(cls, obj: Mapping[str, object]) -> "PollPolicy":
        """Return the policy that `to_json` returned.

        Args:
            obj: The settings by name. A missing budget is None; other missing settings have their defaults. Unknown
                keys are ignored.

        Raises:
            InvalidType: `obj` is not a mapping, or a setting is not a number.
            InvalidArgument: A setting is out of range.

        >>> PollPolicy.from_json({"interval": 0.05}).lost_contact_timeout is None
        True
        """
        if not isinstance(obj, Mapping):
            raise wrong_type("obj", "a mapping", obj)
        names = {field.name for field in fields(cls)}
        settings: dict[str, Any] = dict.fromkeys(BUDGETS)
        settings.update((name, value) for name, value in obj.items() if name in names)
        return cls(**settings)


def _check(name: str, value: object) -> None:
    if value is None and name in BUDGETS:
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong_type(name, f"a number of seconds{' or None' if name in BUDGETS else ''}", value)
    least = 0 if name == "not_found_grace" else 0.001
    if not least <= value <= LONGEST:
        raise InvalidArgument(f"{name} must be from {least} to {LONGEST:,} seconds, not {shown(value)}")


@lru_cache(maxsize=64)  # sessions with the same policy share the numbers
def milliseconds(seconds: float) -> int:
    """Return a duration in whole milliseconds, rounded up, so that no interval becomes shorter.

    >>> milliseconds(1.0), milliseconds(1.0004)
    (1000, 1001)
    """
    return ceil(seconds * 1000 - TICK)
