"""The clocks of the live block, which keeps counting while the watch sleeps."""

import time
from collections.abc import Callable
from typing import Final, Protocol, final

from ...transports import Clock

_MAX_SLEEP: Final = 0.5
"""Seconds; Python runs a signal handler only after a wait if the signal arrives just before it or in another thread."""


class LiveClock(Protocol):
    """The clock that a live block reads, in seconds.

    >>> clock: LiveClock = PacedClock(20.0)
    """

    on_sleep: Callable[[], object]
    """Called in the watching thread before each sleep."""

    next_poll: float | None
    """When the next poll is due, or the one in progress was due; None if unknown."""

    def now(self) -> float:
        """Return the time on the session's clock; may be called from any thread."""
        ...


@final
class WatchClock:
    """The clock of a watch, which knows from its sleeps when the next poll is due.

    >>> from spongewatch.transports import VirtualClock
    >>> clock = WatchClock(VirtualClock())
    >>> clock.on_sleep = lambda: print(clock.now(), clock.next_poll)
    >>> clock.sleep(1.5)
    0.0 1.5
    >>> clock.now()
    0.5
    """

    def __init__(self, clock: Clock) -> None:
        self.on_sleep: Callable[[], object] = _ignore
        self.next_poll: float | None = clock.now()
        self._clock = clock

    def now(self) -> float:
        """Return the time of the wrapped clock."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Call `on_sleep`, then sleep at most half a second; the loop sleeps again if time is left."""
        self.next_poll = self.now() + seconds
        self.on_sleep()
        self._clock.sleep(min(seconds, _MAX_SLEEP))

    def wake(self) -> None:
        """End the current sleep, or else the next one; may be called from any thread or signal handler."""
        self._clock.wake()


@final
class PacedClock:
    """The clock of a replay: counts from 0, `speed` times as fast as real time.

    >>> PacedClock(20.0).now() < 20.0
    True
    """

    def __init__(self, speed: float) -> None:
        self.on_sleep: Callable[[], object] = _ignore
        self.next_poll: float | None = None
        self._speed = speed
        self._start = time.monotonic()

    def now(self) -> float:
        """Return the seconds since its creation, times `speed`."""
        return (time.monotonic() - self._start) * self._speed


def _ignore() -> None:
    pass
