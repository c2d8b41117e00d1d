"""Moments of a watch: whole milliseconds from its start, computed from seconds on the caller's clock.

The moment at which a request may be sent is rounded down, and the moment at which a response came is rounded up, so
that rounding never shortens the gap between two requests.
"""

from math import ceil, floor
from typing import Final

from .errors import InvalidArgument, InvalidType, wrong_type
from .policy import TICK
from .text import shown

FARTHEST: Final = 1e10
"""The latest time that is accepted, in seconds; beyond it, a float is too coarse to count milliseconds."""


def rounded_down(now: float, start: float) -> int:
    """Return `now` as milliseconds from `start`, rounded down."""
    try:
        moment = floor((now - start) * 1000 + TICK)
    except (TypeError, ValueError, OverflowError):
        raise time_error("now", now) from None
    if now > FARTHEST:
        raise time_error("now", now)
    return moment


def rounded_up(now: float, start: float) -> int:
    """Return `now` as milliseconds from `start`, rounded up."""
    try:
        moment = ceil((now - start) * 1000 - TICK)
    except (TypeError, ValueError, OverflowError):
        raise time_error("now", now) from None
    if now > FARTHEST:
        raise time_error("now", now)
    return moment


def checked_start(now: float) -> float:
    """Return the start of a watch as a float."""
    if isinstance(now, int | float) and abs(now) <= FARTHEST:
        return float(now)
    raise time_error("now", now)


def time_error(parameter: str, value: object) -> InvalidArgument | InvalidType:
    """Return the error for an argument that is not a time."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return wrong_type(parameter, "a number of seconds", value)
    return InvalidArgument(f"{parameter} must be a finite number of seconds, not {shown(value)}")
