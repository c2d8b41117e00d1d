"""A clock for watches with tight budgets, which are about what is polled and not about how busy the machine is."""

from time import monotonic

from spongewatch.transports import SystemClock

MOST = 0.1


class SteadyClock:
    """Leaves out the moments in which the machine stood still: between two readings no more goes by than `MOST`.

    What was slept is not counted into that. It is never ahead of time, so that what holds by it holds in time too.
    """

    def __init__(self) -> None:
        self._alarm = SystemClock()
        self._now = self._alarm.now()
        self._read = monotonic()

    def now(self) -> float:
        return self._moved(MOST)

    def sleep(self, seconds: float) -> None:
        self._moved(MOST)
        self._alarm.sleep(seconds)
        self._moved(max(seconds, 0) + MOST)

    def wake(self) -> None:
        self._alarm.wake()

    def _moved(self, most: float) -> float:
        read = monotonic()
        self._now += min(read - self._read, most)
        self._read = read
        return self._now
