"""Overdue polls: no watch ends by elapsed time alone; a poll that was due is sent first, and its result counts."""

import json

import pytest

from event_rows import triggers
from made_sessions import GATHERS, IS_COMPLETE, RESET, good
from spongewatch import (
    Cancelled,
    Completed,
    Done,
    Ended,
    ImportSession,
    LocalProtocolError,
    LostContact,
    PollFailed,
    PollPolicy,
    Rejected,
    Response,
    Send,
    TimedOut,
    TransportError,
    Wait,
)

STALE = TransportError("stale", "the server closed the connection")
BUSY = Response(503)
LOST = LostContact("no valid response for 120 s (lost_contact_timeout); last failure: reset: by the other side")


def new(now=0.0, **settings):
    return ImportSession("1126", None, now=now, policy=PollPolicy(**settings))


def pass_on(session, result, now):
    if isinstance(result, TransportError):
        return session.receive_failure(result, now=now)
    return session.receive(result, now=now)


def polled(session, now, result, received=None):
    """Send the poll that is due at `now`, pass on its result, and return the emitted items."""
    action = session.next_action(now=now)
    assert isinstance(action, Send), action
    session.sent(now=now)
    return pass_on(session, result, now if received is None else received)


def saved_and_resumed(session, now):
    """Save and resume the session; while no poll is open, that changes nothing."""
    again = ImportSession.resume(session.save(), None, now=now)
    assert again.save() == session.save()
    assert again.next_action(now=now) == session.next_action(now=now)
    return again


def outcome_of(items):
    assert isinstance(items[-1], Ended)
    assert not any(isinstance(item, Ended) for item in items[:-1])
    return items[-1].outcome


# An overdue poll is sent before the watch ends.


@pytest.mark.parametrize("budget", ["consent_timeout", "lost_contact_timeout", "timeout"])
@pytest.mark.parametrize("late", [0.0, 0.5, 125.0, 1e6])
def test_the_first_poll_is_sent_however_late(budget, late):
    session = new(**{budget: 5.0})
    now = 5.0 + late
    assert session.handle_timeout(now=now) == ()
    session = saved_and_resumed(session, now)
    assert session.next_action(now=now).deadline == now + 10.0
    assert outcome_of(polled(session, now, good(IS_COMPLETE))) == Completed(7)


def test_a_consumer_busy_for_longer_than_lost_contact_timeout_misses_no_item():
    session = new()
    polled(session, 0.0, good())
    assert session.handle_timeout(now=500.0) == ()
    items = polled(session, 500.0, good(IS_COMPLETE))
    assert triggers(items[:-1]) == ["initialize", "gather", "complete"]
    assert outcome_of(items) == Completed(7)


def test_a_poll_that_is_due_after_the_end_of_a_budget_is_not_overdue():
    session = new(timeout=5)
    polled(session, 4.5, good())
    assert session.next_action(now=4.5) == Wait(5.0)
    assert outcome_of(session.handle_timeout(now=900.0)) == TimedOut("total")


def test_a_watch_that_polls_on_time_ends_within_a_request_timeout_of_its_budget():
    session = new(timeout=5, request_timeout=3)
    polled(session, 3.999, good())
    assert session.next_action(now=5.0).deadline == 8.0  # due at 4.999
    session.sent(now=5.0)
    assert session.handle_timeout(now=7.999) == ()
    ended = session.handle_timeout(now=8.0)
    assert (outcome_of(ended), ended[-1].at) == (TimedOut("total"), 5.0)


def test_while_an_overdue_poll_is_open_nothing_ends_the_watch():
    session = new(timeout=5)
    session.sent(now=6.0)
    assert session.handle_timeout(now=15.9) == ()
    assert session.next_action(now=15.9) == Wait(16.0)
    with pytest.raises(LocalProtocolError, match="no poll of import 1126 is due"):
        session.sent(now=15.9)


# Budgets after the response to an overdue poll.


def test_a_valid_response_restarts_lost_contact():
    session = new()
    assert triggers(polled(session, 500.0, good())) == ["start"]
    assert session.next_action(now=500.0) == Wait(501.0)
    assert session.budgets["lost_contact_timeout"] == 620.0


def test_a_change_of_state_starts_the_next_phase():
    session = new(lost_contact_timeout=None)
    assert triggers(polled(session, 1000.0, good(GATHERS))) == ["initialize", "progress"]
    assert session.budgets == {"gathering_timeout": 1600.0}


@pytest.mark.parametrize(
    ("budget", "outcome"), [("consent_timeout", TimedOut("consent")), ("timeout", TimedOut("total"))]
)
def test_a_budget_that_is_still_over_ends_the_watch_at_its_end_or_the_last_item(budget, outcome):
    session = new(**{budget: 5.0})
    items = polled(session, 30.0, good())
    assert (outcome_of(items), items[-1].at) == (outcome, 30.0)
    session = new(**{budget: 5.0})
    polled(session, 0.0, good())
    items = polled(session, 30.0, good())
    assert (outcome_of(items), items[-1].at) == (outcome, 5.0)


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (Response(401), Rejected("credentials", "status 401")),
        (Response(404), Rejected("unknown-import", "status 404")),
        (TransportError("tls", "not trusted", permanent=True), LostContact("tls: not trusted")),
    ],
)
def test_a_rejection_or_a_permanent_error_ends_the_watch(result, outcome):
    items = polled(new(consent_timeout=5, timeout=5, lost_contact_timeout=5), 30.0, result)
    assert (outcome_of(items), items[-1].at, len(items)) == (outcome, 30.0, 1)


# A failed overdue poll.


@pytest.mark.parametrize(
    ("result", "retry_at"), [(RESET, 131.0), (BUSY, 131.0), (Response(429, {"retry-after": "4"}), 134.0)]
)
def test_a_failed_overdue_poll_is_repeated_once_if_only_contact_is_lost(result, retry_at):
    session = new()
    (failed,) = polled(session, 130.0, result)
    assert isinstance(failed, PollFailed)
    assert (failed.at, failed.attempt, failed.retry_at) == (130.0, 1, retry_at)
    session = saved_and_resumed(session, 130.5)
    assert session.next_action(now=130.5) == Wait(retry_at)
    assert session.next_action(now=retry_at).deadline == retry_at + 10.0
    items = polled(session, retry_at, RESET)
    assert (outcome_of(items), items[-1].at, len(items)) == (LOST, 130.0, 1)


def test_the_repetition_may_get_a_valid_response():
    session = new()
    polled(session, 130.0, RESET)
    assert triggers(polled(session, 131.0, good())) == ["start"]
    assert session.next_action(now=131.0) == Wait(132.0)
    polled(session, 500.0, RESET)  # a second suspension may repeat its poll again
    assert outcome_of(polled(session, 501.0, good(IS_COMPLETE))) == Completed(7)


def test_a_retry_after_over_the_request_timeout_ends_the_watch():
    items = polled(new(), 130.0, Response(429, {"retry-after": "11"}))
    detail = "status 429; the service asks to wait 11 s, longer than the time left"
    assert (outcome_of(items), len(items)) == (LostContact(detail), 1)


@pytest.mark.parametrize(
    ("budget", "outcome"), [("consent_timeout", TimedOut("consent")), ("timeout", TimedOut("total"))]
)
@pytest.mark.parametrize("result", [RESET, BUSY, Response(200, {}, b"<html>")])
def test_if_another_budget_is_over_a_failure_ends_the_watch_without_a_poll_failed(budget, outcome, result):
    items = polled(new(**{budget: 5.0}), 130.0, result)
    assert (outcome_of(items), items[-1].at, len(items)) == (outcome, 5.0, 1)


def test_an_overdue_poll_that_gets_no_response_is_a_failure_too():
    session = new()
    session.sent(now=130.0)
    (failed,) = session.handle_timeout(now=140.0)
    assert (failed.at, failed.retry_at) == (140.0, 141.0)


@pytest.mark.parametrize("budget", ["consent_timeout", "lost_contact_timeout", "timeout"])
def test_a_stale_overdue_poll_is_repeated_whichever_budget_is_over(budget):
    session = new(**{budget: 5.0})
    assert polled(session, 30.0, STALE) == ()
    session = saved_and_resumed(session, 30.0)
    assert session.failed_polls == 0
    assert session.next_action(now=30.0) == Wait(31.0)
    assert outcome_of(polled(session, 31.0, good(IS_COMPLETE))) == Completed(7)


def test_at_most_three_overdue_polls_are_sent_without_a_valid_response():
    session = new(lost_contact_timeout=5)
    assert polled(session, 30.0, STALE) == ()
    assert len(polled(session, 31.0, RESET)) == 1  # is repeated, and the repetition is the third
    assert outcome_of(polled(session, 32.0, good(IS_COMPLETE))) == Completed(7)
    session = new(lost_contact_timeout=5)
    for now in (30.0, 31.0):
        polled(session, now, STALE if now == 30.0 else RESET)
    assert outcome_of(polled(session, 32.0, STALE)) == LostContact(
        "no valid response for 5 s (lost_contact_timeout); last failure: reset: by the other side"
    )
    session = new(timeout=5)
    for now in (30.0, 50.0, 70.0):
        session.sent(now=now)
        session = ImportSession.resume(session.save(), None, now=now + 10.0)
    assert session.next_action(now=90.0) == Wait(5.0)
    assert outcome_of(session.handle_timeout(now=90.0)) == TimedOut("total")


def test_the_third_overdue_poll_is_not_repeated():
    session = new(lost_contact_timeout=5)
    for now in (30.0, 50.0):
        session.sent(now=now)
        session = ImportSession.resume(session.save(), None, now=now + 10.0)
    items = polled(session, 70.0, RESET)
    detail = "no valid response for 5 s (lost_contact_timeout); last failure: reset: by the other side"
    assert (outcome_of(items), len(items)) == (LostContact(detail), 1)


def test_polls_repeated_after_kills_count_as_overdue():
    session = new(timeout=60)
    for now in range(10):
        session.sent(now=now)
        session = ImportSession.resume(session.save(), None, now=now, sole_owner=True)
    assert isinstance(session.next_action(now=10.0), Send)
    assert outcome_of(session.handle_timeout(now=60.0)) == TimedOut("total")


# Stale connections.


def test_a_stale_poll_is_repeated_after_the_interval_and_emits_nothing():
    session = new()
    polled(session, 0.0, good())
    assert polled(session, 1.0, STALE, received=1.02) == ()
    session = saved_and_resumed(session, 1.02)
    assert (session.failed_polls, session.next_action(now=1.1)) == (0, Wait(2.02))
    assert polled(session, 2.02, good()) == ()
    assert polled(session, 3.02, STALE) == ()


def test_the_second_stale_poll_in_a_row_is_an_ordinary_failure():
    session = new()
    polled(session, 0.0, STALE)
    session = saved_and_resumed(session, 0.0)
    (failed,) = polled(session, 1.0, STALE)
    assert (failed.attempt, failed.reason) == (1, "stale: the server closed the connection")
    assert [len(polled(session, now, result)) for now, result in ((10.0, RESET), (20.0, STALE), (30.0, STALE))] == [
        1,
        0,
        1,
    ]


# The process was stopped while a poll was open.


@pytest.mark.parametrize("result", [good(), RESET, BUSY, STALE])
@pytest.mark.parametrize("budget", ["consent_timeout", "timeout"])
def test_one_more_poll_is_overdue_after_the_process_was_stopped(budget, result):
    session = new(**{budget: 30.0})
    session.sent(now=25.0)
    items = pass_on(session, result, 500.0)
    assert session.outcome is None
    assert [item.retry_at for item in items if isinstance(item, PollFailed)] == (
        [501.0] if result in (RESET, BUSY) else []
    )
    session = saved_and_resumed(session, 500.0)
    assert session.next_action(now=500.0) == Wait(501.0)
    assert outcome_of(polled(session, 501.0, good(IS_COMPLETE))) == Completed(7)


def test_one_more_poll_is_overdue_if_the_timeout_was_noticed_late():
    session = new(timeout=5)
    session.sent(now=0.0)
    (failed,) = session.handle_timeout(now=500.0)
    assert (failed.at, failed.retry_at) == (5.0, 6.0)
    assert outcome_of(polled(session, 500.0, good(IS_COMPLETE))) == Completed(7)


def test_an_unsolicited_response_does_not_replace_an_overdue_poll():
    session = new(consent_timeout=5)
    assert triggers(session.receive(good(), now=30.0)) == ["start"]
    assert session.next_action(now=30.0) == Wait(31.0)
    assert outcome_of(polled(session, 31.0, good())) == TimedOut("consent")


@pytest.mark.parametrize("result", [good(), RESET])
def test_a_slow_but_running_process_ends_the_watch_by_its_budget(result):
    session = new(timeout=5)
    session.sent(now=4.0)
    items = pass_on(session, result, 5.9)  # a busy machine, but no missed poll
    assert outcome_of(items) == TimedOut("total")


# Resuming an open poll.


def test_a_resumed_poll_is_repeated_an_interval_after_its_full_deadline():
    session = new(timeout=5)
    session.sent(now=4.0)
    assert json.loads(session.save())["poll_deadline"] == 14_000
    again = ImportSession.resume(session.save(), None, now=4.5)
    assert again.next_action(now=4.5) == Wait(15.0)
    assert again.handle_timeout(now=14.9) == ()
    assert again.next_action(now=15.0).deadline == 25.0
    assert outcome_of(polled(again, 15.0, good(IS_COMPLETE))) == Completed(7)


def test_a_poll_resumed_after_its_deadline_is_repeated_an_interval_from_now():
    session = new()
    session.sent(now=0.0)
    assert ImportSession.resume(session.save(), None, now=60.0).next_action(now=60.0) == Wait(61.0)


def test_a_saved_deadline_is_at_most_a_request_timeout_away():
    session = new()
    session.sent(now=0.0)
    saved = json.dumps({**json.loads(session.save()), "poll_deadline": 10**9})
    assert ImportSession.resume(saved, None, now=2.0).next_action(now=2.0) == Wait(13.0)


def test_a_sole_owner_repeats_the_poll_an_interval_from_now():
    session = new(timeout=5)
    session.sent(now=4.0)
    again = ImportSession.resume(session.save(), None, now=4.5, sole_owner=True)
    assert again.next_action(now=4.5) == Wait(5.5)
    assert again.next_action(now=5.5).deadline == 15.5
    assert outcome_of(polled(again, 5.5, good(IS_COMPLETE))) == Completed(7)


def test_a_repeated_poll_has_the_whole_request_timeout():
    session = new(timeout=7)
    session.sent(now=0.0)
    again = ImportSession.resume(session.save(), None, now=0.5, sole_owner=True)
    assert again.next_action(now=1.5).deadline == 11.5


# Cancelling.


def test_cancel_ends_the_watch_even_if_a_poll_is_overdue():
    session = new(timeout=5)
    session.sent(now=30.0)
    assert outcome_of(session.cancel(now=31.0)) == Cancelled()
    assert session.next_action(now=31.0) == Done(Cancelled())
