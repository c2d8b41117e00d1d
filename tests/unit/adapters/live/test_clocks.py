from time import monotonic, sleep

from spongewatch.adapters.live.clocks import PacedClock, SleepTellingClock
from spongewatch.transports import SystemClock, VirtualClock


def test_each_sleep_is_told_before_it_begins():
    clock = SleepTellingClock(VirtualClock())
    told = []
    clock.on_sleep = lambda: told.append((clock.now(), clock.next_poll))
    clock.sleep(0.3)
    clock.sleep(0.25)
    assert (told, clock.now()) == ([(0.0, 0.3), (0.3, 0.55)], 0.55)


def test_a_long_sleep_is_taken_in_pieces_so_that_no_signal_goes_unnoticed():
    clock = SleepTellingClock(VirtualClock())
    clock.sleep(60.0)
    assert (clock.now(), clock.next_poll) == (0.5, 60.0)


def test_the_first_poll_is_due_at_once_and_nobody_has_to_be_told_of_a_sleep():
    clock = SleepTellingClock(VirtualClock())
    assert clock.next_poll == 0.0
    clock.sleep(0.1)
    assert clock.now() == 0.1


def test_a_sleep_can_be_ended():
    inner = SystemClock()
    SleepTellingClock(inner).wake()
    start = monotonic()
    inner.sleep(60)
    assert monotonic() - start < 30


def test_a_paced_clock_is_so_many_times_as_fast():
    start = monotonic()
    clock = PacedClock(1000.0)
    sleep(0.005)
    assert 5 <= clock.now() <= (monotonic() - start) * 1000
    assert clock.next_poll is None
    clock.on_sleep()
