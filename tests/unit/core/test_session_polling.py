"""When a session polls, and how long it waits."""

import pytest

from made_sessions import BASE_URL, CREDENTIALS, end_of, good, new, only
from spongewatch import (
    Done,
    LocalProtocolError,
    PollFailed,
    Send,
    TimedOut,
    Wait,
)


def test_the_first_action_is_to_send():
    action = new(100.0, base_url=BASE_URL, echo="a b").next_action(now=100.0)
    assert isinstance(action, Send)
    assert action.request.method == "GET"
    assert action.request.url == f"{BASE_URL}/events/1126.json?echo=a%20b"
    assert dict(action.request.headers) == {
        "accept": "application/json",
        "cache-control": "no-cache",
        "authorization": CREDENTIALS.basic(),
    }
    assert action.deadline == 110.0


def test_the_format_is_in_the_url():
    session = new(format="xml", auth="query", request_timeout=2.5)
    action = session.next_action(now=0.0)
    assert action.request.url.startswith("https://api.cloudsponge.com/events/1126.xml?domain_key=key&domain_password=")
    assert "authorization" not in action.request.headers
    assert action.deadline == 2.5
    assert session.format == "xml"


def test_a_poll_is_due_until_it_is_sent():
    session = new()
    assert session.next_action(now=3.0) == session.next_action(now=3.0)
    assert session.next_action(now=3.0).deadline == 13.0


def test_the_deadline_is_no_later_than_the_nearest_budget():
    assert new(timeout=4).next_action(now=1.0).deadline == 4.0
    assert new(consent_timeout=3).next_action(now=1.0).deadline == 3.0


def test_an_open_poll_is_awaited_until_its_deadline():
    session = new()
    session.sent(now=1.0)
    assert session.next_action(now=1.0) == Wait(11.0)
    assert session.next_action(now=20.0) == Wait(11.0)
    assert session.outcome is None


def test_an_open_poll_is_awaited_no_longer_than_the_nearest_budget():
    session = new(timeout=4)
    session.sent(now=1.0)
    assert session.next_action(now=1.0) == Wait(4.0)


@pytest.mark.parametrize("interval", [1, 1.5, 60])
def test_the_next_poll_comes_an_interval_after_the_end_of_the_last(interval):
    session = new(interval=interval)
    session.sent(now=0.0)
    session.receive(good(), now=4.0)
    assert session.next_action(now=4.0) == Wait(4 + interval)
    assert isinstance(session.next_action(now=3.999 + interval), Wait)
    assert isinstance(session.next_action(now=4.0 + interval), Send)


def test_a_fraction_of_a_millisecond_is_rounded_up():
    session = new(interval=1.0004)
    session.receive(good(), now=0.0)
    assert session.next_action(now=1.0) == Wait(1.001)


def test_times_are_rounded_so_that_the_floor_holds():
    session = new()
    session.receive(good(), now=0.2001)
    assert session.next_action(now=1.2009) == Wait(1.201)
    assert isinstance(session.next_action(now=1.201), Send)
    session.sent(now=1.2019)
    assert session.elapsed == 1.201


def test_unix_time_causes_no_rounding_errors():
    session = new(1_790_000_000.123)
    items = session.receive(good(), now=1_790_000_000.323)
    assert only(items).at == 0.2
    until = session.next_action(now=1_790_000_000.323).until
    assert until == pytest.approx(1_790_000_001.323)
    assert isinstance(session.next_action(now=until), Send)


def test_a_wait_is_no_longer_than_the_nearest_budget():
    session = new(consent_timeout=5, interval=3)
    session.receive(good(), now=4.0)
    assert session.next_action(now=4.0) == Wait(5.0)


def test_next_action_after_a_budget_is_a_wait_in_the_past():
    session = new(consent_timeout=5, interval=3)
    session.receive(good(), now=4.0)
    assert session.next_action(now=9.0) == Wait(5.0)
    assert session.outcome is None
    assert end_of(session.handle_timeout(now=9.0)) == (TimedOut("consent"), 5.0)
    assert session.next_action(now=9.0) == Done(TimedOut("consent"))


def test_nothing_is_sent_when_a_budget_runs_out():
    session = new(consent_timeout=5)
    session.receive(good(), now=4.0)
    assert session.next_action(now=5.0) == Wait(5.0)
    assert end_of(session.handle_timeout(now=5.0)) == (TimedOut("consent"), 5.0)


def test_a_wait_never_ends_after_now_once_it_is_over():
    almost = 9.999997  # counts as 10 s in whole milliseconds
    session = new(timeout=20)
    session.sent(now=0.0)
    assert session.next_action(now=almost).until <= almost
    session = new(timeout=10)
    session.receive(good(), now=9.5)
    assert session.next_action(now=almost).until <= almost


def test_next_action_changes_nothing():
    session = new()
    before = session.save()
    for now in (0.0, 5.0, 1000.0, 2.0):
        session.next_action(now=now)
    assert session.save() == before


@pytest.mark.parametrize(
    ("now", "first"),
    [
        pytest.param(1.0, lambda session: session.sent(now=0.0), id="one is open"),
        pytest.param(1.9, lambda session: session.receive(good(), now=1.0), id="too soon"),
        pytest.param(1.0, lambda session: session.cancel(now=0.0), id="ended"),
        pytest.param(5.0, lambda session: session.receive(good(), now=4.5), id="a budget has run out"),
    ],
)
def test_sent_is_refused_when_no_poll_is_due(now, first):
    session = new(consent_timeout=5)
    first(session)
    before = session.save()
    with pytest.raises(LocalProtocolError, match="no poll of import 1126 is due"):
        session.sent(now=now)
    assert session.save() == before


def test_a_poll_at_its_deadline_has_failed():
    session = new()
    session.sent(now=0.0)
    assert session.handle_timeout(now=9.999) == ()
    failed = only(session.handle_timeout(now=10.0))
    assert failed == PollFailed("1126", 10.0, 1, "timeout: no response within 10 s", 11.461)
    assert session.next_action(now=10.0) == Wait(11.461)


def test_a_failed_poll_has_the_time_of_its_deadline():
    session = new()
    session.sent(now=0.0)
    assert only(session.handle_timeout(now=30.0)).at == 10.0
    assert isinstance(session.next_action(now=30.0), Send)


def test_a_deadline_noticed_after_a_budget_makes_the_next_poll_overdue():
    session = new(timeout=20)
    session.sent(now=0.0)
    failed = only(session.handle_timeout(now=20.5))
    assert (failed.at, failed.retry_at) == (10.0, 11.461)
    assert session.next_action(now=20.5).deadline == 30.5


def test_extra_and_early_calls_of_handle_timeout_do_nothing():
    session = new()
    before = session.next_action(now=3.0)
    for now in (0.0, 1.0, 3.0, 2.0):
        assert session.handle_timeout(now=now) == ()
    assert session.next_action(now=3.0) == before
    session.sent(now=3.0)
    assert session.handle_timeout(now=4.0) == ()
    assert session.next_action(now=4.0) == Wait(13.0)
