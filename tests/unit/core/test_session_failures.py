"""How a session retries failed polls."""

import pytest

from made_sessions import CREDENTIALS, RESET, UNBOUNDED, end_of, envelope, good, new, only, resumed
from spongewatch import (
    ImportSession,
    LostContact,
    PollFailed,
    Rejected,
    Response,
    TransportError,
    Wait,
)

# No response.


def test_a_poll_without_a_response_is_retried():
    session = new()
    session.sent(now=0.0)
    assert only(session.receive_failure(RESET, now=0.3)) == PollFailed(
        "1126", 0.3, 1, "reset: by the other side", 1.761
    )
    assert session.next_action(now=0.3) == Wait(1.761)
    session.sent(now=1.761)


def test_a_permanent_error_ends_the_watch():
    items = new().receive_failure(TransportError("tls", "not trusted", permanent=True), now=0.3)
    assert end_of(items) == (LostContact("tls: not trusted"), 0.3)


@pytest.mark.parametrize("now", [5.0, 6.0])
def test_a_permanent_error_ends_the_watch_although_a_budget_has_run_out(now):
    items = new(timeout=5).receive_failure(TransportError("tls", "not trusted", permanent=True), now=now)
    assert end_of(items) == (LostContact("tls: not trusted"), now)


# Back-off and Retry-After.


def waits_after_failures(session, count):
    waits, now = [], 0.0
    for _ in range(count):
        failed = only(session.receive_failure(RESET, now=now))
        waits.append(round(failed.retry_at - now, 3))
        assert session.next_action(now=now) == Wait(failed.retry_at)
        now = failed.retry_at
    return waits


def test_the_back_off_grows_to_the_longest_delay_and_stays_there():
    session = new(lost_contact_timeout=None)
    assert waits_after_failures(session, 7) == [1.461, 2.458, 4.016, 10.445, 23.359, 30.0, 30.0]


def test_the_back_off_after_very_many_failures():
    session = new(**UNBOUNDED)
    assert waits_after_failures(session, 3000)[-1] == 30.0


def test_the_back_off_is_never_shorter_than_the_interval():
    assert waits_after_failures(new(interval=2, max_delay=0.5), 3) == [2.0, 2.0, 2.0]


def test_a_valid_response_resets_the_back_off():
    session = new()
    waits_after_failures(session, 3)
    session.receive(good(), now=20.0)
    failed = only(session.receive(Response(503), now=21.0))
    assert (failed.attempt, failed.retry_at) == (1, 22.461)


def test_the_back_off_differs_between_imports():
    other = ImportSession("1127", CREDENTIALS, now=0.0)
    assert only(other.receive_failure(RESET, now=0.0)).retry_at != 1.461


DATE = "Mon, 02 Nov 2026 09:15:00 GMT"


@pytest.mark.parametrize("status", [202, 204, 304, 403, 408, 425, 429, 500, 503])
@pytest.mark.parametrize(
    ("header", "date", "wait"),
    [
        ("7", None, 7.0),
        (" 007 ", None, 7.0),
        ("0", None, 1.0),
        ("Mon, 02 Nov 2026 09:15:07 GMT", DATE, 7.0),
        ("Tue, 03 Nov 2026 00:00:00 GMT", "Mon, 02 Nov 2026 23:59:20 GMT", 40.0),
        ("Sun, 01 Mar 2026 00:00:30 GMT", "Sat, 28 Feb 2026 23:59:55 GMT", 35.0),
        ("Tue, 29 Feb 2028 00:00:30 GMT", "Mon, 28 Feb 2028 23:59:55 GMT", 35.0),
        ("Mon, 02 Nov 2026 09:14:00 GMT", DATE, 1.0),
        ("Mon, 02 Nov 2026 09:15:07 GMT", None, 1.461),
        ("Mon, 02 Nov 2026 09:15:07 GMT", "yesterday", 1.461),
        ("Mon, 2 Nov 2026 09:15:07 GMT", DATE, 1.461),
        ("Mon, 99 Nov 2026 09:15:07 GMT", DATE, 1.461),
        ("Mon, 02 Foo 2026 09:15:07 GMT", DATE, 1.461),
        ("Mon, 02 Nov 2026 25:15:07 GMT", DATE, 1.461),
        ("-7", None, 1.461),
        ("7.5", None, 7.5),
        ("7, 9", None, 9.0),
        ("7e0", None, 1.461),
        ("\u0667", None, 1.461),
        ("soon", DATE, 1.461),
        ("", DATE, 1.461),
    ],
)
def test_retry_after(status, header, date, wait):
    headers = {"retry-after": header} | ({"date": date} if date else {})
    session = new()
    assert only(session.receive(Response(status, headers), now=20.0)).retry_at == pytest.approx(20.0 + wait)
    assert session.next_action(now=20.0).until == pytest.approx(20.0 + wait)


@pytest.mark.parametrize("body", [b"", b'{"events": 5}', b"<html>busy</html>"])
def test_retry_after_on_an_unreadable_200_is_ignored(body):
    failed = only(new().receive(Response(200, {"retry-after": "50"}, body), now=1.0))
    assert failed.retry_at == 2.461


def test_retry_after_on_a_good_200_is_ignored():
    session = new()
    session.receive(Response(200, {"retry-after": "50"}, good().body), now=1.0)
    assert session.next_action(now=1.0).until == 2.0


def test_retry_after_on_an_early_404_does_not_lengthen_its_grace():
    session = new()
    not_found = Response(404, {"retry-after": "50"})
    assert only(session.receive(not_found, now=1.0)).retry_at == 51.0
    assert only(session.receive(not_found, now=51.0)).outcome == Rejected("unknown-import", "status 404")


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("100", "100"),
        ("3600", "3600"),
        ("Mon, 02 Nov 2026 10:15:00 GMT", "3600"),
        ("999999999999999", "1000000000"),
        ("9" * 5000, "1000000000"),
        ("Mon, 02 Nov 9999 10:15:00 GMT", "1000000000"),
    ],
)
def test_a_retry_after_beyond_the_nearest_budget_ends_the_watch(header, asked):
    response = Response(429, {"retry-after": header, "date": DATE}, envelope("slow down"))
    outcome, at = end_of(new().receive(response, now=20.0))
    detail = f"status 429: slow down; the service asks to wait {asked} s, longer than the time left"
    assert (outcome, at) == (LostContact(detail), 20.0)


def test_a_retry_after_may_be_as_long_as_the_budgets_allow():
    session = new()
    assert only(session.receive(Response(429, {"retry-after": "99"}), now=20.0)).retry_at == 119.0


@pytest.mark.parametrize("header", ["9" * 15, "9" * 40])
def test_without_budgets_the_longest_retry_after_is_obeyed(header):
    session = new(**UNBOUNDED)
    assert only(session.receive(Response(503, {"retry-after": header}), now=0.0)).retry_at == 1e9
    assert resumed(session).next_action(now=0.0) == Wait(1e9)
