"""The clock of a replay: it moves only when it is moved, and can be made to take its time."""

from queue import Empty, SimpleQueue
from sys import float_info
from threading import TIMEOUT_MAX
from time import monotonic
from typing import final

from spongewatch import LocalProtocolError, shown


@final
class VirtualClock:
    """Counts seconds, in whole milliseconds, from 0.

    With a `speed` (1 is real time), moving the clock takes that long; without one, no time at all. Raises
    `LocalProtocolError` for a speed that is no number above 0.

    >>> clock = VirtualClock()
    >>> clock.move_to(0.184)
    >>> clock.move_to(0.1)
    >>> clock.now()
    0.184
    """

    def __init__(self, speed: float | None = None) -> None:
        if speed is not None and not (isinstance(speed, int | float) and 0 < speed <= float_info.max):
            raise LocalProtocolError(f"a speed is a number above 0, such as 20, not {shown(speed)}")
        self._milliseconds = 0
        self._speed = None if speed is None else float(speed)
        # Of all that can end a sleep, only this queue may be touched in a signal handler.
        self._wake: SimpleQueue[None] = SimpleQueue()

    def now(self) -> float:
        """Seconds since the start."""
        return self._milliseconds / 1000

    def move_to(self, moment: float) -> None:
        """Make it `moment`, in seconds since the start, unless it is later already, or `wake` comes first."""
        ahead = round(moment * 1000) - self._milliseconds
        if ahead > 0:
            self._milliseconds += ahead if self._speed is None else self._slept(ahead, self._speed)

    def wake(self) -> None:
        """End the sleep under way, or the next one; from any thread or signal handler."""
        self._wake.put(None)

    def _slept(self, milliseconds: int, speed: float) -> int:
        """How many of the `milliseconds` of this clock have gone by when the sleep ends."""
        start = monotonic()
        try:
            self._wake.get(timeout=min(milliseconds / 1000 / speed, TIMEOUT_MAX))
        except Empty:
            return milliseconds
        return min(milliseconds, round((monotonic() - start) * speed * 1000))
