"""The clock of a replay: it moves only when it is moved, and can be made to take its time."""

from queue import Empty, SimpleQueue
from threading import TIMEOUT_MAX
from typing import final


@final
class VirtualClock:
    """Counts seconds, in whole milliseconds, from 0.

    With a `speed` (1 is real time), moving the clock takes that long; without one, no time at all.

    >>> clock = VirtualClock()
    >>> clock.move_to(0.184)
    >>> clock.move_to(0.1)
    >>> clock.now()
    0.184
    """

    def __init__(self, speed: float | None = None) -> None:
        self._milliseconds = 0
        self._speed = speed
        # Of all that can end a sleep, only this queue may be touched in a signal handler.
        self._wake: SimpleQueue[None] = SimpleQueue()

    def now(self) -> float:
        """Seconds since the start."""
        return self._milliseconds / 1000

    def move_to(self, moment: float) -> None:
        """Make it `moment`, in seconds since the start, unless it is later already."""
        ahead = round(moment * 1000) - self._milliseconds
        if ahead > 0:
            self._sleep(ahead / 1000)
            self._milliseconds += ahead

    def wake(self) -> None:
        """End the sleep under way, or the next one; from any thread or signal handler."""
        self._wake.put(None)

    def _sleep(self, seconds: float) -> None:
        if self._speed is not None:
            try:
                self._wake.get(timeout=min(seconds / self._speed, TIMEOUT_MAX))
            except Empty:
                return
