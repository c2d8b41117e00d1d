"""The times that a session accepts, and clocks that go back."""

import math

import pytest

from made_sessions import GATHERS, RESET, UNBOUNDED, good, new, only, resumed
from spongewatch import (
    InvalidArgument,
    InvalidType,
    Send,
    Wait,
)
from spongewatch.core.text import shown


def test_time_does_not_go_back_when_the_clock_does():
    session = new(100.0)
    session.receive(good(), now=110.0)
    assert session.next_action(now=50.0) == Wait(111.0)
    assert only(session.receive(good(GATHERS), now=20.0)[:1]).at == 10.0
    session.handle_timeout(now=0.0)
    assert session.elapsed == 10.0
    assert only(session.cancel(now=-5.0)).at == 10.0


def test_a_time_before_the_start_counts_as_the_start():
    session = new(100.0)
    assert session.next_action(now=0.0).deadline == 110.0
    session.sent(now=0.0)
    assert session.elapsed == 0.0


NOT_FINITE = [math.nan, math.inf, 1e11, 1e300, 1e308, pytest.param(10**400, id="huge")]
NOT_NUMBERS = ["now", None, 1j, []]


@pytest.mark.parametrize("now", [*NOT_FINITE, *NOT_NUMBERS])
def test_an_invalid_now_is_refused_and_nothing_changes(now):
    session = new()
    session.sent(now=0.0)
    before = session.save()
    for call in (
        session.next_action,
        session.sent,
        lambda now: session.receive(good(GATHERS), now=now),
        lambda now: session.receive_failure(RESET, now=now),
        session.handle_timeout,
        session.cancel,
    ):
        kind = InvalidArgument if isinstance(now, int | float) else InvalidType
        with pytest.raises(kind, match="^now must be a (finite )?number of seconds, not "):
            call(now=now)
    assert session.save() == before


@pytest.mark.parametrize("now", [*NOT_FINITE, -math.inf, -1e11, pytest.param(-(10**400), id="huge, below zero")])
def test_a_start_that_is_not_finite_is_refused(now):
    with pytest.raises(InvalidArgument) as caught:
        new(now)
    assert str(caught.value) == f"now must be a finite number of seconds, not {shown(now)}"
    with pytest.raises(InvalidArgument, match="^now must be a finite number of seconds, not "):
        resumed(new(), now)


@pytest.mark.parametrize("now", NOT_NUMBERS)
def test_a_start_must_be_a_number(now):
    for make in (new, lambda now: resumed(new(), now)):
        with pytest.raises(InvalidType, match="^now must be a number of seconds, not "):
            make(now)


def test_times_go_up_to_ten_billion_seconds():
    beyond = math.nextafter(1e10, math.inf)
    assert (new(1e10).start, new(-1e10).start) == (1e10, -1e10)
    assert resumed(new(-1e10), -1e10).start == -1e10
    assert new(**UNBOUNDED).receive(good(), now=1e10)[0].at == 1e10
    assert new(**UNBOUNDED).handle_timeout(now=1e10) == ()
    for call in (new, new().next_action, lambda now: new().receive(good(), now=now), lambda now: new(-now)):
        with pytest.raises(InvalidArgument, match="now must be a finite number of seconds, not "):
            call(now=beyond)


@pytest.mark.parametrize("start", [-1e10, -1.7e9, 0.1, 1.79e9, 1e10 - 1e6])
def test_waits_end_for_every_start_time(start):
    session = new(start, **UNBOUNDED)
    now = start
    for _ in range(50):
        session.sent(now=now)
        assert session.handle_timeout(now=session.next_action(now=now).until) != ()
        now = session.next_action(now=now).until
        assert isinstance(session.next_action(now=now), Send)
