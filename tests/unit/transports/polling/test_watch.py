"""The items of a watch, its polls, and its end."""

import logging

import pytest

from event_rows import json_body, rows, triggers
from scripted_service import BUSY, COMPLETE, CREDENTIALS, GATHERING, RESET, WAITING, Service, new_session
from spongewatch import (
    Completed,
    Ended,
    ImportSession,
    PollFailed,
    Response,
    State,
    TimedOut,
    TransportError,
)
from spongewatch.transports import ObserverErrors, VirtualClock, watch


def started(*script, settings=None, took=0.25, **arguments):
    clock = VirtualClock()
    service = Service(clock, *script, took=took)
    return watch(new_session(**settings or {}), service, clock=clock, **arguments), service


def test_an_import_is_reported_step_by_step():
    watching, service = started(WAITING, GATHERING, COMPLETE)
    items = list(watching)
    assert triggers(items) == ["start", "initialize", "progress", "gather", "complete"]
    assert [item.at for item in items] == [0.25, 1.5, 1.5, 2.75, 2.75, 2.75]
    assert items[-1] == Ended("1126", 2.75, Completed(7), State.COMPLETE, 7)
    assert service.sent == [0.0, 1.25, 2.5]
    assert not service.closed


def test_the_interval_runs_from_the_end_of_a_poll_to_the_next():
    watching, service = started(*[WAITING] * 20, COMPLETE, took=3.0)
    watching.run()
    assert [later - earlier for earlier, later in zip(service.sent, service.sent[1:], strict=False)] == [4.0] * 20


def test_failed_polls_are_reported_and_repeated_at_the_time_they_name():
    watching, service = started(BUSY, RESET, b"", COMPLETE)
    failed = [item for item in watching if isinstance(item, PollFailed)]
    assert [item.reason.split(":")[0] for item in failed[:2]] == ["status 503", "reset"]
    assert len(failed) == 3
    assert [item.retry_at for item in failed] == service.sent[1:]


def test_a_request_gets_no_more_time_than_the_budget_has_left():
    watching, service = started(WAITING, settings={"consent_timeout": 4, "request_timeout": 3})
    assert watching.run() == TimedOut("consent")
    assert service.timeouts == [3.0, 2.75, 1.5, pytest.approx(0.25)]


@pytest.mark.parametrize(
    ("script", "settings", "outcome", "at"),
    [
        ([json_body(rows("COMPLETE ERROR 264"))], {}, "failed", 0.25),
        ([json_body(rows("INITIALIZING ERROR 514"))], {}, "abandoned", 0.25),
        ([Response(401)], {}, "rejected", 0.25),
        ([WAITING], {"consent_timeout": 60}, "timed-out", 60.0),
        ([GATHERING], {"gathering_timeout": 60}, "timed-out", 60.25),
        ([GATHERING], {"timeout": 60}, "timed-out", 60.0),
        ([BUSY], {"lost_contact_timeout": 60}, "lost-contact", 60.0),
        ([TransportError("tls", "not trusted", permanent=True)], {}, "lost-contact", 0.25),
    ],
)
def test_every_watch_ends_with_an_outcome(script, settings, outcome, at):
    watching, service = started(*script, settings=settings)
    *_, ended = watching
    assert (ended.outcome.name, ended.at) == (outcome, at)
    assert watching.session.outcome is ended.outcome
    assert len(service.sent) <= at + 1


def test_a_response_after_its_timeout_still_counts():
    watching, _ = started(WAITING, COMPLETE, took=25.0)
    items = list(watching)
    assert [item.at for item in items] == [25.0, 51.0, 51.0, 51.0, 51.0]
    assert items[-1].outcome == Completed(7)


def test_a_response_after_the_budget_counts_but_does_not_extend_it():
    watching, _ = started(WAITING, settings={"consent_timeout": 60}, took=70.0)
    start, ended = watching
    assert (start.trigger, start.at) == ("start", 70.0)
    assert (ended.outcome, ended.at) == (TimedOut("consent"), 70.0)


def test_a_watch_is_an_iterator():
    watching, _ = started(WAITING, COMPLETE)
    assert iter(watching) is watching
    assert next(watching).trigger == "start"
    assert watching.session.state is State.INITIALIZING
    assert watching.run() == Completed(7)
    assert watching.run() == Completed(7)
    with pytest.raises(StopIteration):
        next(watching)


def test_a_watch_polls_only_when_an_item_is_requested():
    watching, service = started(COMPLETE)
    assert service.sent == []
    next(watching)
    assert service.sent == [0.0]


def test_a_session_that_has_ended_is_not_polled_again():
    session, clock = new_session(), VirtualClock()
    watch(session, Service(clock, COMPLETE), clock=clock).run()
    resumed = ImportSession.resume(session.save(), CREDENTIALS, now=clock.now())
    service = Service(clock, COMPLETE)
    assert list(watch(resumed, service, clock=clock)) == []
    assert watch(resumed, service, clock=clock).run() == Completed(7)
    assert service.sent == []


@pytest.mark.parametrize("start", [0.1, 0.3, 0.7, 12.345, 1793610847.123])
def test_a_budget_is_exact_wherever_the_clock_starts(start):
    clock = VirtualClock(start=start)
    session = new_session(now=clock.now(), consent_timeout=3.1, timeout=3.2)
    *_, ended = watch(session, Service(clock, WAITING), clock=clock)
    assert (ended.outcome, ended.at) == (TimedOut("consent"), 3.1)


def test_a_watch_ends_even_if_its_clock_is_far_behind_that_of_the_session():
    session = new_session(now=1793610847.1234567, consent_timeout=3)
    clock = VirtualClock()
    assert watch(session, Service(clock, WAITING), clock=clock).run() == TimedOut("consent")


# Observers


def test_observers_are_called_before_the_item_is_yielded():
    received = []
    watching, _ = started(WAITING, COMPLETE, observers=[received.append])
    for item in watching:
        assert received[-1] is item
    assert len(received) == 5


def fail(item):
    raise ValueError(f"about {type(item).__name__}")


def test_errors_of_observers_are_raised_once_at_the_end_with_the_outcome():
    received, items = [], []
    watching, _ = started(WAITING, COMPLETE, observers=[fail, received.append])
    with pytest.raises(ObserverErrors, match="observers failed") as caught:
        items.extend(watching)
    assert caught.value.outcome == watching.session.outcome == Completed(7)
    assert len(caught.value.exceptions) == len(received) == len(items) == 5
    assert list(watching) == []


def test_run_raises_errors_of_observers():
    watching, _ = started(COMPLETE, observers=[fail])
    with pytest.raises(ObserverErrors) as caught:
        watching.run()
    assert caught.value.outcome == Completed(7)


def test_errors_of_observers_can_be_logged_instead(caplog):
    watching, _ = started(WAITING, COMPLETE, observers=[fail], on_observer_error="log")
    assert watching.run() == Completed(7)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 5
