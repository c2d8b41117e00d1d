"""How a session ends: budgets, cancelling, and what follows."""

import pytest

from event_rows import rows, triggers
from made_sessions import CREDENTIALS, GATHERS, IS_COMPLETE, RESET, UNBOUNDED, end_of, good, new, only, poll_overdue
from spongewatch import (
    Cancelled,
    Done,
    Ended,
    ImportSession,
    LostContact,
    Rejected,
    Response,
    Send,
    State,
    TimedOut,
    Wait,
)

# Budgets.


def test_consent_timeout_ends_the_watch():
    session = new(lost_contact_timeout=None)
    session.receive(good(), now=1.0)
    assert session.handle_timeout(now=899.9) == ()
    assert only(poll_overdue(session, 900.0)) == Ended("1126", 900.0, TimedOut("consent"), State.INITIALIZING, None)


def test_gathering_timeout_starts_with_the_phase():
    session = new(lost_contact_timeout=None)
    session.receive(good(GATHERS), now=800.0)
    assert session.handle_timeout(now=1399.9) == ()
    ended = only(poll_overdue(session, 1400.0, good(GATHERS)))
    assert ended == Ended("1126", 1400.0, TimedOut("gathering"), State.GATHERING, 5)


def test_progress_does_not_extend_the_budget_of_the_phase():
    session = new(lost_contact_timeout=None)
    session.receive(good(GATHERS), now=100.0)
    session.receive(good(rows("GATHERING INPROGRESS 6")), now=650.0)
    assert end_of(poll_overdue(session, 700.0)) == (TimedOut("gathering"), 700.0)


def test_the_lost_contact_budget_starts_with_the_watch():
    session = new(interval=50)
    session.receive_failure(RESET, now=100.0)
    assert session.handle_timeout(now=119.9) == ()
    detail = "no valid response for 120 s (lost_contact_timeout); last failure: reset: by the other side"
    assert end_of(session.handle_timeout(now=120.0)) == (LostContact(detail), 120.0)


def test_contact_may_be_lost_in_the_first_poll():
    session = new(lost_contact_timeout=5)
    session.sent(now=0.0)
    assert session.handle_timeout(now=5.0)[-1].outcome.detail == "no valid response for 5 s (lost_contact_timeout)"


def test_the_lost_contact_budget_restarts_with_a_valid_response():
    session = new()
    session.receive(good(), now=50.0)
    session.receive(Response(503), now=100.0)
    session.receive_failure(RESET, now=168.9)
    assert session.handle_timeout(now=169.9) == ()
    detail = "no valid response for 120 s (lost_contact_timeout); last failure: reset: by the other side"
    assert end_of(session.handle_timeout(now=170.0)) == (LostContact(detail), 170.0)


def test_lost_contact_names_no_failure_before_the_last_valid_response():
    session = new(lost_contact_timeout=5)
    session.receive(Response(503), now=1.0)
    session.receive(good(), now=2.0)
    session.sent(now=3.0)
    assert session.handle_timeout(now=7.0)[0].outcome.detail == "no valid response for 5 s (lost_contact_timeout)"


def test_timeout_ends_the_whole_watch():
    session = new(timeout=60)
    session.receive(good(GATHERS), now=50.0)
    assert end_of(poll_overdue(session, 60.0)) == (TimedOut("total"), 60.0)


def test_without_budgets_the_watch_does_not_end():
    session = new(**UNBOUNDED)
    assert session.handle_timeout(now=1e9) == ()
    assert isinstance(session.next_action(now=1e9), Send)


@pytest.mark.parametrize("budget", ["timeout", "lost_contact_timeout"])
def test_the_budget_of_the_phase_counts_if_several_run_out_together(budget):
    session = new(consent_timeout=7, **{budget: 7})
    assert end_of(poll_overdue(session, 9.0, error=RESET)) == (TimedOut("consent"), 7.0)
    session = new(**{"gathering_timeout": 7, "timeout": None, "lost_contact_timeout": None, budget: 7})
    session.receive(good(GATHERS), now=0.0)
    assert end_of(poll_overdue(session, 9.0, error=RESET)) == (TimedOut("gathering"), 7.0)


def test_the_budget_that_ran_out_first_counts():
    assert end_of(poll_overdue(new(consent_timeout=7, timeout=6), 9.0)) == (TimedOut("total"), 9.0)
    assert end_of(poll_overdue(new(consent_timeout=7, timeout=6), 9.0, error=RESET)) == (TimedOut("total"), 6.0)


@pytest.mark.parametrize("headers", [{}, {"retry-after": "99"}])
def test_a_failed_poll_after_the_end_of_a_budget_is_not_emitted(headers):
    session = new(timeout=5)
    session.sent(now=0.0)
    assert end_of(session.receive_failure(RESET, now=5.0)) == (TimedOut("total"), 5.0)
    assert end_of(poll_overdue(new(timeout=5), 7.0, Response(503, headers))) == (TimedOut("total"), 5.0)


def test_a_deadline_at_the_end_of_a_budget_ends_the_watch():
    session = new(timeout=5)
    session.sent(now=0.0)
    assert end_of(session.handle_timeout(now=5.0)) == (TimedOut("total"), 5.0)


def test_a_rejection_counts_although_a_budget_has_run_out():
    assert end_of(new(timeout=5).receive(Response(401), now=7.0)) == (Rejected("credentials", "status 401"), 7.0)


def test_the_end_is_no_earlier_than_the_last_item():
    session = new(consent_timeout=5, timeout=6)
    session.sent(now=8.0)
    items = session.receive(good(GATHERS), now=8.0)
    assert triggers(items) == ["initialize", "progress"]
    assert end_of(items) == (TimedOut("total"), 8.0)


def test_retry_at_is_none_if_no_poll_follows():
    session = new(timeout=5)
    assert only(session.receive_failure(RESET, now=4.0)).retry_at is None
    assert only(new(timeout=1.761).receive_failure(RESET, now=0.3)).retry_at is None
    assert only(new(timeout=1.762).receive_failure(RESET, now=0.3)).retry_at == 1.761
    assert session.next_action(now=4.0) == Wait(5.0)


# Cancelling, and after the end.


def test_cancel_ends_the_watch():
    session = new()
    session.sent(now=1.0)
    assert only(session.cancel(now=1.5)) == Ended("1126", 1.5, Cancelled(), State.INITIALIZING, None, seen=False)
    assert session.next_action(now=1.5) == Done(Cancelled())


def test_nothing_is_emitted_after_the_end():
    session = new()
    session.cancel(now=1.0)
    before = session.save()
    assert session.receive(good(IS_COMPLETE), now=2.0) == ()
    assert session.receive(Response(401), now=2.0) == ()
    assert session.receive_failure(RESET, now=2.0) == ()
    assert session.handle_timeout(now=5000.0) == ()
    assert session.cancel(now=2.0) == ()
    assert session.next_action(now=5000.0) == Done(Cancelled())
    assert session.save() == before


def test_the_end_says_whether_any_response_listed_the_import():
    def ended_after(*responses):
        session = new(timeout=60.0)
        for number, response in enumerate(responses):
            session.receive(response, now=float(number))
        resumed = ImportSession.resume(session.save(), CREDENTIALS, now=60.0)
        return poll_overdue(resumed, 60.0, error=RESET)[-1]

    assert not ended_after().seen
    assert not ended_after(Response(503), Response(200, {}, b'{"events": []}')).seen
    assert ended_after(good(rows("INITIALIZING INPROGRESS 0")), Response(503)).seen
