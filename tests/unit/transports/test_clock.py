import threading
import time

from spongewatch.transports.clock import VirtualClock


def test_the_clock_moves_only_when_it_is_moved_and_never_back():
    clock = VirtualClock()
    assert clock.now() == 0.0
    for moment, now in [(0.184, 0.184), (0.1, 0.184), (1e6, 1e6), (0.0, 1e6)]:
        clock.move_to(moment)
        assert clock.now() == now


def test_times_are_whole_milliseconds():
    clock = VirtualClock()
    clock.move_to(0.1 + 0.2)
    assert clock.now() == 0.3
    clock.move_to(0.3004)
    assert clock.now() == 0.3


def test_without_a_speed_nothing_waits():
    before = time.monotonic()
    VirtualClock().move_to(1e6)
    assert time.monotonic() - before < 0.5


def test_with_a_speed_a_second_takes_its_part_of_a_second():
    clock, before = VirtualClock(speed=100), time.monotonic()
    clock.move_to(2.0)
    assert time.monotonic() - before >= 0.02
    assert clock.now() == 2.0


def test_a_sleep_can_be_ended_from_another_thread():
    clock, before = VirtualClock(speed=1e-300), time.monotonic()
    threading.Timer(0.02, clock.wake).start()
    clock.move_to(1e6)
    assert time.monotonic() - before < 30
    assert clock.now() == 1e6
