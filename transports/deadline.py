"""The deadline of one request."""

from math import isnan
from time import monotonic
from typing import Final, final

from ..core import InvalidArgument, InvalidType, TransportError

_LONGEST: Final = 1_000_000.0
"""Seconds (eleven days); operating systems don't accept much longer timeouts."""


@final
class Deadline:
    """A point in time, `seconds` from now.

    Raises:
        InvalidType: `seconds` is not a number.
        InvalidArgument: `seconds` is NaN.
    """

    __slots__ = ("_at", "_seconds")

    def __init__(self, seconds: float) -> None:
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise InvalidType(f"timeout must be a number of seconds, not {type(seconds).__name__}")
        if isnan(seconds):
            raise InvalidArgument("timeout must be a number of seconds, not NaN")
        self._seconds = seconds
        self._at = monotonic() + min(seconds, _LONGEST)

    def remaining(self) -> float:
        """Return the seconds left, negative once the deadline has passed."""
        return self._at - monotonic()

    def time_left(self) -> float:
        """Return the seconds left.

        Raises:
            TransportError: The deadline has passed.
        """
        left = self.remaining()
        if left > 0:
            return left
        raise self.expired()

    def expired(self) -> TransportError:
        """Return the error to raise once the deadline has passed."""
        return TransportError("timeout", f"no complete response within {round(self._seconds, 3):g} s")
