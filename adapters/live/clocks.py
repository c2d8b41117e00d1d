"""The clocks by which a live block counts, which has to know the time while the watch sleeps."""

import time
from collections.abc import Callable
from typing import Final, Protocol, final

from ...transports import Clock

_PIECE: Final = 0.5
"""Seconds; a signal that comes just before a wait, or to another thread, is not noticed before the wait is over."""


class LiveClock(Protocol):
    """What a live block knows of time, in seconds.

    >>> clock: LiveClock = PacedClock(20.0)
    """

    on_sleep: Callable[[], object]
    """Called by the thread that watches, when it is about to sleep."""

    next_poll: float | None
    """When the next poll is due, or the one under way was; None where nobody knows."""

    def now(self) -> float:
        """The time on the clock of the session; from any thread."""
        ...


@final
class SleepTellingClock:
    """The clock of a watch, which sleeps from poll to poll, and tells of it before it does.

    >>> from spongewatch.transports import VirtualClock
    >>> clock = SleepTellingClock(VirtualClock())
    >>> clock.on_sleep = lambda: print(clock.now(), clock.next_poll)
    >>> clock.sleep(1.5)
    0.0 1.5
    >>> clock.now()
    0.5
    """

    def __init__(self, clock: Clock) -> None:
        self.on_sleep: Callable[[], object] = _tell_nobody
        self.next_poll: float | None = clock.now()
        self._clock = clock

    def now(self) -> float:
        """The time of the clock."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Tell of it, and sleep, half a second at the most: the loop comes again, and signals are noticed meanwhile."""
        self.next_poll = self.now() + seconds
        self.on_sleep()
        self._clock.sleep(min(seconds, _PIECE))

    def wake(self) -> None:
        """End the sleep under way, or the next one; from any thread or signal handler."""
        self._clock.wake()


@final
class PacedClock:
    """Counts from 0, `speed` times as fast as time goes by, as a replay of that speed does.

    >>> PacedClock(20.0).now() < 20.0
    True
    """

    def __init__(self, speed: float) -> None:
        self.on_sleep: Callable[[], object] = _tell_nobody
        self.next_poll: float | None = None
        self._speed = speed
        self._start = time.monotonic()

    def now(self) -> float:
        """Seconds since it was made, on its own count."""
        return (time.monotonic() - self._start) * self._speed


def _tell_nobody() -> None:
    pass
