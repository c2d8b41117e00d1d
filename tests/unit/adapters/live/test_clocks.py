from time import monotonic, sleep

from spongewatch.adapters.live.clocks import PacedClock, WatchClock
from spongewatch.transports import SystemClock, VirtualClock


def test_on_sleep_is_called_before_each_sleep():
    clock = WatchClock(VirtualClock())
    calls = []
    clock.on_sleep = lambda: calls.append((clock.now(), clock.next_poll))
    clock.sleep(0.3)
    clock.sleep(0.25)
    assert (calls, clock.now()) == ([(0.0, 0.3), (0.3, 0.55)], 0.55)


def test_a_sleep_is_at_most_half_a_second_so_that_signals_are_handled():
    clock = WatchClock(VirtualClock())
    clock.sleep(60.0)
    assert (clock.now(), clock.next_poll) == (0.5, 60.0)


def test_the_first_poll_is_due_at_once_and_on_sleep_is_optional():
    clock = WatchClock(VirtualClock())
    assert clock.next_poll == 0.0
    clock.sleep(0.1)
    assert clock.now() == 0.1


def test_wake_ends_a_sleep():
    inner = SystemClock()
    WatchClock(inner).wake()
    start = monotonic()
    inner.sleep(60)
    assert monotonic() - start < 30


def test_a_paced_clock_counts_speed_times_as_fast():
    start = monotonic()
    clock = PacedClock(1000.0)
    sleep(0.005)
    assert 5 <= clock.now() <= (monotonic() - start) * 1000
    assert clock.next_poll is None
    clock.on_sleep()
