"""Saved sessions can be resumed and behave the same."""

import copy
import json
import pickle

import pytest

from event_rows import rows, triggers
from made_sessions import (
    BASE_URL,
    CREDENTIALS,
    GATHERS,
    PASSWORD,
    RESET,
    end_of,
    envelope,
    every_end,
    good,
    in_the_middle,
    new,
    only,
    resumed,
    tampered,
)
from spongewatch import (
    Cancelled,
    Credentials,
    Done,
    Ended,
    ImportMachine,
    ImportSession,
    InvalidArgument,
    LocalProtocolError,
    PollPolicy,
    Response,
    Send,
    TimedOut,
    Wait,
)


def test_a_resumed_session_behaves_like_the_saved_one():
    session = in_the_middle()
    again = resumed(session, 1005.0, base_url=BASE_URL)
    assert again.save() == session.save()
    assert again.next_action(now=1006.0) == session.next_action(now=1006.0)
    assert again.next_action(now=1010.0) == session.next_action(now=1010.0)
    assert (again.user_id, again.echo, again.format) == ("me", "mine", "xml")
    assert again.receive_failure(RESET, now=1122.9) == session.receive_failure(RESET, now=1122.9)
    assert again.receive(good(GATHERS), now=1123.0) == session.receive(good(GATHERS), now=1123.0) == ()


def test_repeated_resumes_shift_no_time():
    session = new()
    session.receive(good(), now=0.2004)
    again = session
    for _ in range(5):
        again = resumed(again, 0.2004)
    assert again.start == 0.0
    assert again.receive(good(GATHERS), now=1.2014) == session.receive(good(GATHERS), now=1.2014)


def test_the_last_failure_is_saved():
    session = new()
    session.receive(Response(503, {}, envelope("x" * 1000)), now=1.0)
    again = resumed(session, 1.0)
    for each in (session, again):
        each.receive_failure(RESET, now=119.5)
    assert again.handle_timeout(now=200.0) == session.handle_timeout(now=200.0) != ()


def test_a_saved_session_is_json_without_a_secret_or_a_base_url():
    text = in_the_middle().save()
    assert json.loads(text)["spongewatch-session"] == 1
    for hidden in (PASSWORD, "p+/", CREDENTIALS.basic()[6:], "sponge.example", "NaN", "Infinity"):
        assert hidden not in text


def test_the_keys_of_a_saved_session():
    assert json.loads(new(5.0, echo="mine").save()) == {
        "spongewatch-session": 1,
        "import_id": "1126",
        "format": "json",
        "sent_echo": "mine",
        "policy": PollPolicy().to_json(),
        "start": 5.0,
        "now": 0,
        "next_poll": 0,
        "delay": 0,
        "poll_is_open": False,
        "poll_deadline": None,
        "owed": False,
        "overdue_polls": 0,
        "repeated": False,
        "stale": False,
        "failed_polls": 0,
        "last_failure": "",
        "told_at": 0,
        "phase_end": 900_000,
        "lost_at": 120_000,
        "outcome": None,
        "user_id": None,
        "echo": None,
        "machine": json.loads(ImportMachine("1126").save()),
    }


def test_an_open_poll_is_repeated_an_interval_after_its_deadline():
    session = new()
    session.sent(now=0.0)
    again = resumed(session, 4.0)
    assert again.next_action(now=4.0) == Wait(11.0)
    assert again.handle_timeout(now=10.9) == ()
    assert isinstance(again.next_action(now=11.0), Send)


def test_resume_takes_its_own_base_url_and_auth():
    assert "?domain_key=key&" in resumed(new(), auth="query").next_action(now=0.0).request.url
    with pytest.raises(InvalidArgument, match="base_url must not be plain http"):
        resumed(new(), base_url="http://x.example")


@pytest.mark.parametrize("behind", [0.001, 0.002, 5.0])
def test_a_clock_that_is_behind_continues_from_the_saved_time(behind):
    session = new(1000.0)
    session.receive_failure(RESET, now=1010.0)
    again = resumed(session, 1010.0 - behind)
    assert again.start == pytest.approx(1000.0 - behind, abs=1e-6)
    assert only(again.cancel(now=1010.5 - behind)).at == 10.5


@pytest.mark.parametrize("budget", ["consent_timeout", "lost_contact_timeout", "timeout"])
def test_a_resumed_session_waits_no_longer_than_the_nearest_budget(budget):
    again = resumed(new(**{budget: 5}, interval=4))
    assert again.next_action(now=1.0).deadline == 5.0
    again.sent(now=1.0)
    assert isinstance(only(again.handle_timeout(now=5.0)), Ended)


def test_a_second_resume_keeps_the_floor():
    session = new()
    session.sent(now=0.0)
    once = resumed(session, 4.0004, sole_owner=True)
    assert resumed(once, 4.0004).next_action(now=4.0004) == Wait(5.001)
    assert resumed(once, 1.5).next_action(now=1.5).until == pytest.approx(2.5, abs=0.001)


def test_a_response_after_the_resume_counts():
    session = new()
    session.sent(now=0.0)
    assert triggers(resumed(session, 0.0).receive(good(), now=0.5)) == ["start"]


def test_a_watch_continues_although_the_clock_is_behind():
    session = new(1000.0)
    session.receive(good(), now=1040.0)
    again = resumed(session, 10.0)
    assert again.next_action(now=10.0) == Wait(11.0)
    assert again.elapsed == 40.0
    items = again.receive(good(GATHERS), now=12.0)
    assert items[0].at == 42.0
    assert again.next_action(now=12.0) == Wait(13.0)


def test_a_watch_continues_although_the_clock_is_before_its_start():
    again = resumed(new(1000.0), 10.0)
    assert again.next_action(now=10.0).deadline == 20.0


def test_a_resume_extends_no_budget():
    session = new(timeout=200)
    session.receive(good(), now=50.0)
    for now in (60.0, 100.0, 20.0, 169.0):
        session = resumed(session, now)
    assert session.budgets["lost_contact_timeout"] - session.start == pytest.approx(170.0)
    session.receive(good(GATHERS), now=169.0)
    assert end_of(resumed(session, 300.0).handle_timeout(now=300.0)) == (TimedOut("total"), 200.0)


def test_a_resumed_wait_is_no_longer_than_the_whole_delay():
    session = new()
    session.receive(Response(429, {"retry-after": "60"}), now=1.0)
    assert resumed(session, 2.0).next_action(now=2.0) == Wait(61.0)
    saved = tampered(session, next_poll=10**9)
    assert ImportSession.resume(saved, CREDENTIALS, now=2.0).next_action(now=2.0) == Wait(62.0)


def test_an_ended_session_can_be_resumed_although_its_machine_went_on():
    session = new(gathering_timeout=None)
    session.cancel(now=5.0)
    session.machine.feed(rows("GATHERING INPROGRESS 1"))
    assert resumed(session, 6.0).outcome == Cancelled()


def test_a_clock_that_steps_back_between_two_resumes_does_not_shorten_the_wait():
    session = new()
    session.sent(now=0.0)
    once = resumed(session, 0.001, sole_owner=True)
    assert json.loads(once.save())["next_poll"] == 1001
    assert json.loads(resumed(once, -0.299).save())["next_poll"] == 1001


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_can_not_be_pickled_or_copied(take):
    session = ImportSession("1126", Credentials("key", "password"), now=0.0)
    with pytest.raises(
        LocalProtocolError, match=r"^a session can't be pickled or copied; use save\(\) and resume\(\)$"
    ):
        take(session)


@pytest.mark.parametrize("name", every_end())
def test_a_session_that_ended_stays_ended(name):
    session = every_end()[name]
    again = resumed(session, 2000.0)
    assert again.outcome == session.outcome is not None
    assert again.next_action(now=2000.0) == Done(session.outcome)
    assert again.receive(good(GATHERS), now=2000.0) == ()
    assert again.cancel(now=2000.0) == ()
    assert again.save() == session.save()


def test_ending_closes_an_open_poll():
    session = new()
    session.sent(now=0.0)
    session.cancel(now=1.0)
    assert resumed(session, 2000.0).save() == session.save()
