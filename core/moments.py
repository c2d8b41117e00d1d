"""Moments of a watch: whole milliseconds from its start, computed from seconds on the caller's clock.

A moment at which a request may leave is rounded down, one at which a response came is rounded up, so that rounding
never shortens the gap between two requests.
"""

from math import ceil, floor
from typing import Final

from .errors import LocalProtocolError
from .policy import TICK
from .text import shown

FARTHEST: Final = 1e10
"""The largest time that is accepted, in seconds: beyond it, a float can't count milliseconds."""


def rounded_down(now: float, start: float) -> int:
    """Return `now` as milliseconds from `start`, rounded down; raise `LocalProtocolError` if it is no finite time."""
    try:
        moment = floor((now - start) * 1000 + TICK)
    except (TypeError, ValueError, OverflowError):
        raise _not_finite(now) from None
    if now > FARTHEST:
        raise _not_finite(now)
    return moment


def rounded_up(now: float, start: float) -> int:
    """Return `now` as milliseconds from `start`, rounded up; raise `LocalProtocolError` if it is no finite time."""
    try:
        moment = ceil((now - start) * 1000 - TICK)
    except (TypeError, ValueError, OverflowError):
        raise _not_finite(now) from None
    if now > FARTHEST:
        raise _not_finite(now)
    return moment


def checked(now: float) -> float:
    """Return `now` as a float; raise `LocalProtocolError` if it is no finite time."""
    if isinstance(now, int | float) and abs(now) <= FARTHEST:
        return float(now)
    raise _not_finite(now)


def _not_finite(now: object) -> LocalProtocolError:
    return LocalProtocolError(f"now must be a finite number of seconds, not {shown(now)}")
