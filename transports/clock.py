"""The clocks of the loops: one that goes by itself, and one that moves only when it is moved."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from sys import float_info
from threading import TIMEOUT_MAX
from typing import Protocol, final

from ..core import LocalProtocolError
from ..core._shared import shown
from .unpicklable import Unpicklable

_FARTHEST = 1e10
"""Seconds; a session takes none beyond."""


class Clock(Protocol):
    """What a loop knows of time, in seconds.

    >>> clock: Clock = VirtualClock()
    >>> clock.sleep(1.5)
    >>> clock.now()
    1.5
    """

    def now(self) -> float:
        """The time; never earlier than before."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when so many seconds have gone by, or when `wake` is called."""
        ...

    def wake(self) -> None:
        """End the sleep under way, or the next one; from any thread or signal handler."""
        ...


class AsyncClock(Protocol):
    """What a loop under asyncio knows of time, in seconds.

    >>> clock: AsyncClock = SystemClock()
    """

    def now(self) -> float:
        """The time; never earlier than before."""
        ...

    async def sleep_async(self, seconds: float) -> None:
        """Return when so many seconds have gone by, or when `wake` is called; others run meanwhile."""
        ...

    def wake(self) -> None:
        """End the sleep under way, or the next one; from any thread or signal handler."""
        ...


@final
class SystemClock(Unpicklable):
    """UNIX time when the clock was made, plus the time elapsed since; changes to the system's time don't affect it.

    Time during which the system was suspended counts where Python has a clock for it (`CLOCK_BOOTTIME`: Linux).
    A sleep takes as much longer as the system was suspended during it.

    >>> clock = SystemClock()
    >>> before = clock.now()
    >>> clock.sleep(0.001)
    >>> clock.now() - before >= 0.001
    True
    """

    def __init__(self) -> None:
        # The largest of three: a process that is suspended between the two readings would have a clock that is late,
        # and the next one, which resumes its session, would poll too soon.
        self._elapsed = _elapsed_clock()
        self._offset = max(time.time() - self._elapsed() for _ in range(3))
        self._alarm = _Alarm()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._offset + self._elapsed()

    def sleep(self, seconds: float) -> None:
        """Return when so many seconds have gone by, or when `wake` is called."""
        self._alarm.wait(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """The same, while others run on the event loop."""
        await self._alarm.wait_async(seconds)

    def wake(self) -> None:
        """End the sleep under way, or the next one; from any thread or signal handler."""
        self._alarm.ring()


@final
class VirtualClock(Unpicklable):
    """Counts seconds, in whole milliseconds, from `start`.

    With a `speed` (1 is real time), moving the clock takes that long; without one, no time at all. Raises
    `LocalProtocolError` for a speed that is no number above 0, and for a start that is no number of seconds.

    >>> clock = VirtualClock()
    >>> clock.move_to(0.184)
    >>> clock.move_to(0.1)
    >>> clock.now()
    0.184
    """

    def __init__(self, speed: float | None = None, *, start: float = 0.0) -> None:
        if speed is not None and not (isinstance(speed, int | float) and 0 < speed <= float_info.max):
            raise LocalProtocolError(f"a speed is a number above 0, such as 20, not {shown(speed)}")
        if not (isinstance(start, int | float) and abs(start) <= _FARTHEST):
            raise LocalProtocolError(f"a clock starts at a number of seconds, not {shown(start)}")
        self._milliseconds = round(start * 1000)
        self._speed = None if speed is None else float(speed)
        self._alarm = _Alarm()

    def now(self) -> float:
        """Seconds."""
        return self._milliseconds / 1000

    def move_to(self, moment: float) -> None:
        """Make it `moment`, in seconds, unless it is later already, or `wake` comes first."""
        ahead = round(moment * 1000) - self._milliseconds
        if ahead > 0:
            self._milliseconds += ahead if self._speed is None else self._slept(ahead, self._speed)

    def sleep(self, seconds: float) -> None:
        """Move the clock on by so many seconds, and by a millisecond at the least where it is any time at all."""
        if seconds > 0:  # or who sleeps until a time that is no whole millisecond would do so for ever
            self.move_to(self.now() + max(seconds, 0.001))

    async def sleep_async(self, seconds: float) -> None:
        """The same, while others run on the event loop; raises `LocalProtocolError` where the clock has a speed."""
        if self._speed is not None:
            raise LocalProtocolError("a virtual clock with a speed keeps an event loop waiting; leave the speed out")
        self.sleep(seconds)
        await self._alarm.wait_async(0)

    def wake(self) -> None:
        """With a speed, end the sleep under way, or the next one; without one, no sleep takes time that could end."""
        self._alarm.ring()

    def _slept(self, milliseconds: int, speed: float) -> int:
        """How many of the `milliseconds` of this clock have gone by when the sleep ends."""
        start = time.monotonic()
        if not self._alarm.wait(milliseconds / 1000 / speed):
            return milliseconds
        return min(milliseconds, round((time.monotonic() - start) * speed * 1000))


def _elapsed_clock() -> Callable[[], float]:
    """The system's steady clock that counts suspended time, else the monotonic one."""
    boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic if boottime is None else partial(time.clock_gettime, boottime)


class _Alarm:
    """A sleep that can be ended; of all that could do so, only this queue may be touched in a signal handler."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()
        self._tell_loops: set[Callable[[], object]] = set()

    def ring(self) -> None:
        self._rung.put(None)
        for tell_loop in tuple(self._tell_loops):
            with suppress(RuntimeError):  # it is closed, and nobody sleeps there any more
                tell_loop()

    def wait(self, seconds: float) -> bool:
        """True where it rang before the time was over."""
        try:
            self._rung.get(timeout=min(max(seconds, 0), TIMEOUT_MAX))
        except Empty:
            return False
        return True

    async def wait_async(self, seconds: float) -> None:
        import asyncio  # which takes as long to load as all the rest

        loop = asyncio.get_running_loop()
        rung = asyncio.Event()
        tell_loop = partial(loop.call_soon_threadsafe, rung.set)
        self._tell_loops.add(tell_loop)
        try:
            if self._rung.empty():
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await rung.wait()
        finally:
            self._tell_loops.remove(tell_loop)
        self.wait(0)
