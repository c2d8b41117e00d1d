"""The clocks that loops wait by: the system's, and a virtual one that only moves when it is told to."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from sys import float_info
from threading import TIMEOUT_MAX
from typing import Protocol, final

from ..core import InvalidArgument, InvalidType, LocalProtocolError
from ..core._shared import shown
from .unpicklable import Unpicklable

_FARTHEST = 1e10
"""Seconds; a session accepts no later time."""


class Clock(Protocol):
    """The time and the sleep of a loop, in seconds.

    >>> clock: Clock = VirtualClock()
    >>> clock.sleep(1.5)
    >>> clock.now()
    1.5
    """

    def now(self) -> float:
        """Return the time in seconds; it never goes backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`, or earlier if `wake` is called."""
        ...

    def wake(self) -> None:
        """End the current sleep, or the next one if none is running; callable from any thread or signal handler."""
        ...


class AsyncClock(Protocol):
    """A `Clock` for asyncio: its sleep doesn't block the event loop.

    >>> import asyncio
    >>> clock: AsyncClock = VirtualClock()
    >>> asyncio.run(clock.sleep_async(1.5))
    >>> clock.now()
    1.5
    """

    def now(self) -> float:
        """Return the time in seconds; it never goes backwards."""
        ...

    async def sleep_async(self, seconds: float) -> None:
        """Return after `seconds`, or earlier if `wake` is called; other tasks run meanwhile."""
        ...

    def wake(self) -> None:
        """End the current sleep, or the next one if none is running; callable from any thread or signal handler."""
        ...


@final
class SystemClock(Unpicklable):
    """UNIX time, unaffected by later changes to the system's time.

    `now` is the UNIX time at which the clock was created plus the time elapsed since. Time during which the system was
    suspended counts if Python has a clock for it (`CLOCK_BOOTTIME`, on Linux). A suspended system extends a sleep.

    >>> clock = SystemClock()
    >>> before = clock.now()
    >>> clock.sleep(0.001)
    >>> clock.now() - before >= 0.001
    True
    """

    def __init__(self) -> None:
        # If the process is suspended between the two readings, the clock is late, and a process that resumes the
        # session would poll too soon. The largest of three offsets avoids that.
        self._elapsed = _elapsed_clock()
        self._offset = max(time.time() - self._elapsed() for _ in range(3))
        self._alarm = _Alarm()

    def now(self) -> float:
        """Return the UNIX time in seconds.

        >>> SystemClock().now() > 1_700_000_000
        True
        """
        return self._offset + self._elapsed()

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`, or earlier if `wake` is called.

        >>> SystemClock().sleep(0.001)
        """
        self._alarm.wait(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Return after `seconds`, or earlier if `wake` is called; other tasks run meanwhile.

        >>> import asyncio
        >>> asyncio.run(SystemClock().sleep_async(0.001))
        """
        await self._alarm.wait_async(seconds)

    def wake(self) -> None:
        """End the current sleep, or the next one if none is running; callable from any thread or signal handler.

        >>> clock = SystemClock()
        >>> clock.wake()
        >>> clock.sleep(3600)  # returns at once
        """
        self._alarm.ring()


@final
class VirtualClock(Unpicklable):
    """A clock for tests and replays: sleeping moves it forward, by default without waiting.

    It counts in whole milliseconds.

    Args:
        speed: How many times faster than real time a sleep passes; 1 is real time. None doesn't wait at all.
        start: The time at which the clock starts, in seconds.

    Raises:
        InvalidType: `speed` or `start` is not a number.
        InvalidArgument: `speed` is not greater than 0, or `start` is out of range.

    >>> clock = VirtualClock()
    >>> clock.move_to(0.184)
    >>> clock.move_to(0.1)
    >>> clock.now()
    0.184
    """

    def __init__(self, speed: float | None = None, *, start: float = 0.0) -> None:
        for name, value in (("speed", 1 if speed is None else speed), ("start", start)):
            if not isinstance(value, int | float):
                raise InvalidType(f"{name} must be a number, not {type(value).__name__}")
        if speed is not None and not 0 < speed <= float_info.max:
            raise InvalidArgument(f"speed must be a number greater than 0, not {shown(speed)}")
        if not abs(start) <= _FARTHEST:
            raise InvalidArgument(f"start must be between -{_FARTHEST:g} and {_FARTHEST:g} seconds, not {shown(start)}")
        self._milliseconds = round(start * 1000)
        self._speed = None if speed is None else float(speed)
        self._alarm = _Alarm()

    def now(self) -> float:
        """Return the time in seconds.

        >>> VirtualClock(start=5).now()
        5.0
        """
        return self._milliseconds / 1000

    def move_to(self, moment: float) -> None:
        """Move the clock forward to `moment`, in seconds, or until `wake` is called; never move it back.

        >>> clock = VirtualClock(start=5)
        >>> clock.move_to(7)
        >>> clock.move_to(6)
        >>> clock.now()
        7.0
        """
        ahead = round(moment * 1000) - self._milliseconds
        if ahead > 0:
            self._milliseconds += ahead if self._speed is None else self._slept(ahead, self._speed)

    def sleep(self, seconds: float) -> None:
        """Move the clock forward by `seconds`, at least by a millisecond if `seconds` is positive.

        >>> clock = VirtualClock()
        >>> clock.sleep(3600)
        >>> clock.now()
        3600.0
        """
        if seconds > 0:  # shorter sleeps would be rounded to none, and a loop would repeat them for ever
            self.move_to(self.now() + max(seconds, 0.001))

    async def sleep_async(self, seconds: float) -> None:
        """Move the clock forward as `sleep` does, and let other tasks run.

        Raises:
            LocalProtocolError: The clock has a speed; its sleep would block the event loop.

        >>> import asyncio
        >>> clock = VirtualClock()
        >>> asyncio.run(clock.sleep_async(3600))
        >>> clock.now()
        3600.0
        """
        if self._speed is not None:
            raise LocalProtocolError("a VirtualClock with a speed would block the event loop; create it without one")
        self.sleep(seconds)
        await self._alarm.wait_async(0)

    def wake(self) -> None:
        """End the current sleep, or the next one if none is running; without a speed, no sleep waits.

        >>> clock = VirtualClock(speed=1)
        >>> clock.wake()
        >>> clock.sleep(3600)  # returns at once
        >>> clock.now() < 3600
        True
        """
        self._alarm.ring()

    def _slept(self, milliseconds: int, speed: float) -> int:
        """Sleep, and return how many milliseconds of this clock have passed."""
        start = time.monotonic()
        if not self._alarm.wait(milliseconds / 1000 / speed):
            return milliseconds
        return min(milliseconds, round((time.monotonic() - start) * speed * 1000))


def _elapsed_clock() -> Callable[[], float]:
    """Return the clock that counts suspended time, or the monotonic one if there is none."""
    boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic if boottime is None else partial(time.clock_gettime, boottime)


class _Alarm:
    """A sleep that `ring` ends. It waits on a `SimpleQueue`, the only such class that a signal handler may use."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()
        self._wake_loops: set[Callable[[], object]] = set()

    def ring(self) -> None:
        self._rung.put(None)
        for wake_loop in tuple(self._wake_loops):
            with suppress(RuntimeError):  # the loop is closed
                wake_loop()

    def wait(self, seconds: float) -> bool:
        """Return whether it rang before the time was over."""
        try:
            self._rung.get(timeout=min(max(seconds, 0), TIMEOUT_MAX))
        except Empty:
            return False
        return True

    async def wait_async(self, seconds: float) -> None:
        import asyncio  # loading it takes as long as all the rest

        loop = asyncio.get_running_loop()
        rung = asyncio.Event()
        wake_loop = partial(loop.call_soon_threadsafe, rung.set)
        self._wake_loops.add(wake_loop)
        try:
            if self._rung.empty():
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await rung.wait()
        finally:
            self._wake_loops.remove(wake_loop)
        self.wait(0)
