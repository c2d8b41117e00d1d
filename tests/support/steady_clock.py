"""A clock for tests with tight budgets, which a busy machine must not exceed."""

from time import monotonic

from spongewatch.transports import SystemClock

MOST = 0.1


class SteadyClock:
    """Advances by at most `MOST` seconds between two readings, sleeps excepted, so that pauses of the machine don't count.

    It is never ahead of real time, so minimum intervals that hold on this clock hold in real time too.
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
