import threading
import time

import pytest

from spongewatch import LocalProtocolError
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
    assert clock.now() == 0.0


def test_a_sleep_that_was_ended_has_moved_the_clock_as_far_as_it_went():
    clock = VirtualClock(speed=100)
    threading.Timer(0.02, clock.wake).start()
    clock.move_to(1000)
    assert 1.0 <= clock.now() < 1000


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), "20", pytest.param(10**400, id="huge")])
def test_a_speed_is_a_number_above_0(speed):
    with pytest.raises(LocalProtocolError, match="a speed is a number above 0, such as 20, not "):
        VirtualClock(speed)
