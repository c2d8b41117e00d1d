import asyncio
import os
import signal
import threading
import time

import pytest

from spongewatch import InvalidArgument, InvalidType, LocalProtocolError
from spongewatch.transports.clock import Clock, SystemClock, VirtualClock


def test_a_virtual_clock_moves_only_when_told_to_and_never_back():
    clock = VirtualClock()
    assert clock.now() == 0.0
    for moment, now in [(0.184, 0.184), (0.1, 0.184), (1e6, 1e6), (0.0, 1e6)]:
        clock.move_to(moment)
        assert clock.now() == now


def test_virtual_times_are_whole_milliseconds():
    clock = VirtualClock()
    clock.move_to(0.1 + 0.2)
    assert clock.now() == 0.3
    clock.move_to(0.3004)
    assert clock.now() == 0.3


def test_a_virtual_clock_starts_at_any_time():
    assert VirtualClock(start=160.25).now() == 160.25
    clock = VirtualClock(start=-5)
    clock.sleep(1)
    assert clock.now() == -4.0


@pytest.mark.parametrize("start", [float("nan"), float("inf"), 1e11, -(10**400)])
def test_start_must_be_in_range(start):
    with pytest.raises(InvalidArgument, match=r"^start must be between -1e\+10 and 1e\+10 seconds, not "):
        VirtualClock(start=start)


@pytest.mark.parametrize("name", ["speed", "start"])
@pytest.mark.parametrize("value", ["20", [1]])
def test_speed_and_start_must_be_numbers(name, value):
    with pytest.raises(InvalidType, match=f"^{name} must be a number, not {type(value).__name__}$"):
        VirtualClock(**{name: value})


def test_without_a_speed_a_virtual_clock_does_not_wait():
    before = time.monotonic()
    VirtualClock().move_to(1e6)
    assert time.monotonic() - before < 30


def test_with_a_speed_a_virtual_clock_waits():
    clock, before = VirtualClock(speed=100), time.monotonic()
    clock.move_to(2.0)
    assert time.monotonic() - before >= 0.02
    assert clock.now() == 2.0


def test_wake_from_another_thread_ends_a_virtual_sleep():
    clock, before = VirtualClock(speed=1e-300), time.monotonic()
    threading.Timer(0.02, clock.wake).start()
    clock.move_to(1e6)
    assert time.monotonic() - before < 30
    assert clock.now() == 0.0


def test_a_virtual_sleep_that_wake_ended_moves_the_clock_by_the_time_that_passed(monkeypatch):
    clock, monotonic = VirtualClock(speed=100), iter([50.0, 53.5])
    clock.wake()
    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: next(monotonic))
        clock.move_to(1000)
    assert clock.now() == 350.0


@pytest.mark.parametrize(
    ("start", "seconds", "now"),
    [
        (0.0, 1.5, 1.5),
        (0.3, 0.7, 1.0),
        (5.0, 0.0, 5.0),
        (5.0, -1.0, 5.0),
        (5.0, 0.0015, 5.002),
        (5.0, 0.0004, 5.001),
        (0.3, 5e-17, 0.301),
    ],
)
def test_a_virtual_sleep_moves_the_clock_by_at_least_a_millisecond(start, seconds, now):
    clock = VirtualClock()
    clock.move_to(start)
    clock.sleep(seconds)
    assert clock.now() == now


def test_both_clocks_sleep():
    clocks: list[Clock] = [SystemClock(), VirtualClock()]
    for clock in clocks:
        before = clock.now()
        clock.sleep(0.002)
        assert clock.now() >= before + 0.0019


def test_the_system_clock_returns_unix_time():
    before = time.time()
    assert before - 0.001 <= SystemClock().now() <= time.time() + 0.001


def test_the_system_clock_ignores_changes_to_the_time_of_the_machine(monkeypatch):
    clock = SystemClock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert before <= clock.now() < before + 3600


def test_a_suspension_while_the_system_clock_is_created_does_not_make_it_late(monkeypatch):
    monotonic = iter([105.0, 100.0, 100.0, 100.0])
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    monkeypatch.setattr(time, "monotonic", lambda: next(monotonic))
    assert SystemClock().now() == 1_000.0


def test_the_system_clock_counts_suspended_time_if_it_can(monkeypatch):
    running, suspended = 100.0, 50.0
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    monkeypatch.setattr(time, "monotonic", lambda: running)
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime", lambda number: running + suspended if number == 7 else running)
    clock = SystemClock()
    running, suspended = 101.0, 3650.0
    assert clock.now() == 4_601.0


def test_the_system_clock_uses_monotonic_time_otherwise(monkeypatch):
    running = 100.0
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    monkeypatch.setattr(time, "monotonic", lambda: running)
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    clock = SystemClock()
    running = 101.0
    assert clock.now() == 1_001.0


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no such clock")
def test_the_system_clock_runs_as_fast_as_boottime():
    def bracketed():
        return time.clock_gettime(time.CLOCK_BOOTTIME), clock.now(), time.clock_gettime(time.CLOCK_BOOTTIME)

    clock = SystemClock()
    earliest, first, latest = bracketed()
    clock.sleep(0.002)
    earliest_again, second, latest_again = bracketed()
    assert earliest_again - latest - 1e-4 <= second - first <= latest_again - earliest + 1e-4


@pytest.mark.parametrize("seconds", [0, -1, -1e300])
def test_a_sleep_of_zero_or_less_returns_at_once(seconds):
    before = time.monotonic()
    SystemClock().sleep(seconds)
    assert time.monotonic() - before < 30


@pytest.mark.parametrize("seconds", [3600, 1e300, float("inf")])
def test_wake_from_another_thread_ends_a_sleep(seconds):
    clock, before = SystemClock(), time.monotonic()
    threading.Timer(0.02, clock.wake).start()
    clock.sleep(seconds)
    assert 0.01 < time.monotonic() - before < 30


def test_wake_without_a_sleep_ends_the_next_one_only():
    clock = SystemClock()
    clock.wake()
    before = time.monotonic()
    clock.sleep(3600)
    assert time.monotonic() - before < 30
    clock.sleep(0.02)
    assert time.monotonic() - before >= 0.02


def test_wake_from_a_signal_handler_ends_a_sleep():
    clock, before = SystemClock(), time.monotonic()
    handler = signal.signal(signal.SIGUSR1, lambda *_: clock.wake())
    try:
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        clock.sleep(3600)
    finally:
        signal.signal(signal.SIGUSR1, handler)
    assert time.monotonic() - before < 30


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), pytest.param(10**400, id="huge")])
def test_speed_must_be_greater_than_0(speed):
    with pytest.raises(InvalidArgument, match="^speed must be a number greater than 0, not "):
        VirtualClock(speed)


# Under asyncio


def test_other_tasks_run_during_an_async_sleep():
    async def main():
        clock, order = SystemClock(), []

        async def sleep():
            await clock.sleep_async(60)
            order.append("slept")

        async def work():
            await asyncio.sleep(0.005)
            order.append("worked")
            clock.wake()

        await asyncio.gather(sleep(), work())
        assert order == ["worked", "slept"]
        before = clock.now()
        await clock.sleep_async(0.03)
        assert clock.now() - before >= 0.03

    asyncio.run(main())


def test_wake_from_another_thread_ends_an_async_sleep():
    async def main():
        clock = SystemClock()
        threading.Timer(0.02, clock.wake).start()
        before = time.monotonic()
        await clock.sleep_async(60)
        assert time.monotonic() - before < 30
        await clock.sleep_async(0.001)

    asyncio.run(main())


def test_wake_without_a_sleep_ends_the_next_async_one_only():
    async def main():
        clock = SystemClock()
        clock.wake()
        await clock.sleep_async(60)
        before = time.monotonic()
        await clock.sleep_async(0.02)
        assert time.monotonic() - before >= 0.02

    asyncio.run(main())


def test_a_clock_works_after_a_cancelled_sleep():
    async def main():
        clock = SystemClock()
        task = asyncio.create_task(clock.sleep_async(60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        clock.wake()
        await clock.sleep_async(60)

    asyncio.run(main())


def test_an_async_virtual_sleep_lets_other_tasks_run_and_does_not_wait():
    async def main():
        clock, order = VirtualClock(), []

        async def sleep(name):
            for _ in range(3):
                await clock.sleep_async(1000)
                order.append(name)

        before = time.monotonic()
        await asyncio.gather(sleep("a"), sleep("b"))
        assert clock.now() == 6000
        assert time.monotonic() - before < 30
        assert order == ["a", "b"] * 3

    asyncio.run(main())


def test_a_virtual_clock_with_a_speed_refuses_an_async_sleep():
    with pytest.raises(LocalProtocolError, match="a VirtualClock with a speed would block the event loop"):
        asyncio.run(VirtualClock(speed=20).sleep_async(1))


def test_wake_ends_all_async_sleeps():
    async def main():
        clock = SystemClock()
        asyncio.get_running_loop().call_later(0.01, clock.wake)
        before = time.monotonic()
        await asyncio.gather(*[clock.sleep_async(60) for _ in range(3)])
        assert time.monotonic() - before < 30

    asyncio.run(main())


def test_wake_after_the_loop_was_closed_does_nothing():
    clock, loop = SystemClock(), asyncio.new_event_loop()
    sleeping = clock.sleep_async(60)
    task = loop.create_task(sleeping)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    clock.wake()
    task._log_destroy_pending = False  # it was left pending on purpose
    sleeping.close()
