import copy
import json
import math
import pickle
import traceback
from http import HTTPStatus

import pytest

from event_rows import json_body, rows, triggers
from spongewatch import (
    Abandoned,
    Cancelled,
    Completed,
    Credentials,
    Done,
    Ended,
    Failed,
    ImportMachine,
    ImportSession,
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    LostContact,
    PollFailed,
    PollPolicy,
    Rejected,
    Response,
    Send,
    State,
    TimedOut,
    TransportError,
    Wait,
)
from spongewatch.core.redaction import Redaction
from spongewatch.core.text import shown
from spongewatch.transports.simulator.pages import json_page, xml_page

PASSWORD = 'p+/%: é"'
CREDENTIALS = Credentials("key", PASSWORD)
BASE_URL = "https://sponge.example:8443/api"
UNBOUNDED = {"consent_timeout": None, "gathering_timeout": None, "lost_contact_timeout": None}
WAITS = rows("INITIALIZING INPROGRESS 0")
GATHERS = rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5")
IS_COMPLETE = rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 7", "COMPLETE COMPLETED 0")
IS_ABANDONED = rows("INITIALIZING ERROR 514")
HAS_FAILED = rows("INITIALIZING COMPLETED 0", "GATHERING ERROR 264")
RESET = TransportError("reset", "by the other side")


def new(now=0.0, **arguments):
    """Return a session; settings of the policy are passed by name."""
    settings = {name: arguments.pop(name) for name in PollPolicy().to_json() if name in arguments}
    return ImportSession("1126", CREDENTIALS, now=now, policy=PollPolicy(**settings), **arguments)


def good(events=WAITS, **keys):
    return Response(200, {"content-type": "application/json"}, json_body(events, **keys))


def envelope(message):
    return json.dumps({"error": {"message": message, "code": 1}}).encode()


def resumed(session, now=0.0, **arguments):
    return ImportSession.resume(session.save(), CREDENTIALS, now=now, **arguments)


def tampered(session, **values):
    """Return the saved session with other values; a key with the value `...` is left out."""
    saved = {**json.loads(session.save()), **values}
    return json.dumps({name: value for name, value in saved.items() if value is not ...})


def end_of(items):
    """Return the outcome and the time of the last item, which must be the only `Ended`."""
    assert [isinstance(item, Ended) for item in items] == [False] * (len(items) - 1) + [True]
    return items[-1].outcome, items[-1].at


def only(items):
    (item,) = items
    return item


def at_the_end(session, now, response=None, error=None):
    """Send the overdue poll, and return what its response or error emits: only then may a budget end the watch."""
    assert session.handle_timeout(now=now) == ()
    session.sent(now=now)
    if error:
        return session.receive_failure(error, now=now)
    return session.receive(response or good(), now=now)


# Sending, waiting, and the floor under the rate.


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


def test_the_action_after_a_budget_is_a_wait_in_the_past():
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


# Valid responses.


def test_an_import_from_beginning_to_end():
    session = new()
    items = [*session.receive(good(), now=1.0), *session.receive(good(GATHERS), now=2.0)]
    assert (session.state, session.contact_count) == (State.GATHERING, 5)
    items += session.receive(good(IS_COMPLETE), now=3.0)
    assert triggers(items) == ["start", "initialize", "progress", "gather", "complete"]
    assert [item.at for item in items] == [1.0, 2.0, 2.0, 3.0, 3.0, 3.0]
    assert items[-1] == Ended("1126", 3.0, Completed(7), State.COMPLETE, 7)
    assert session.next_action(now=3.0) == Done(Completed(7))
    assert session.outcome == Completed(7)


@pytest.mark.parametrize(("events", "kind", "code"), [(IS_ABANDONED, Abandoned, 514), (HAS_FAILED, Failed, 264)])
def test_the_services_own_verdict_ends_the_watch(events, kind, code):
    session = new()
    ended = session.receive(good(events), now=1.0)[-1]
    assert ended.outcome == kind(session.failure)
    assert session.failure.code == code
    assert ended.state is State.ERROR


def test_an_unchanged_response_emits_nothing_and_counts_as_valid():
    session = new()
    session.receive(good(), now=1.0)
    session.receive_failure(RESET, now=2.0)
    assert session.receive(good(), now=100.0) == ()
    assert session.next_action(now=100.0) == Wait(101.0)
    assert session.receive_failure(RESET, now=219.9)[0].attempt == 1


def test_the_same_rows_in_other_bytes_emit_nothing():
    session = new()
    session.receive(good(), now=1.0)
    assert session.receive(good(user_id="other bytes"), now=2.0) == ()


def test_the_content_type_decides_the_format():
    response = Response(200, {"content-type": "application/xml"}, good().body)
    assert only(new().receive(response, now=1.0)).reason.startswith("the response is not valid XML")


def test_a_response_may_be_xml():
    body = b"<eventsResponse><events><event><event-type>INITIALIZING</event-type><status>INPROGRESS</status></event>"
    response = Response(200, {}, body + b"</events><import-id>1126</import-id></eventsResponse>")
    assert triggers(new(format="xml").receive(response, now=1.0)) == ["start"]


def test_user_id_and_echo_are_those_of_the_last_valid_response():
    session = new(echo="mine")
    assert (session.user_id, session.echo) == (None, None)
    session.receive(good(user_id="me", echo="mine"), now=1.0)
    assert (session.user_id, session.echo) == ("me", "mine")
    session.receive(Response(503), now=2.0)
    assert (session.user_id, session.echo) == ("me", "mine")


@pytest.mark.parametrize("import_id", [1126, "1126", None])
def test_a_response_about_this_import_or_without_an_id_is_valid(import_id):
    assert triggers(new().receive(good(import_id=import_id), now=1.0)) == ["start"]


def test_an_unsolicited_response_counts():
    session = new()
    assert triggers(session.receive(good(), now=1.0)) == ["start"]
    assert session.next_action(now=1.0) == Wait(2.0)


def test_a_response_after_its_deadline_counts():
    session = new()
    session.sent(now=0.0)
    assert triggers(session.receive(good(), now=30.0)) == ["start"]
    assert session.next_action(now=30.0) == Wait(31.0)


def test_a_response_after_its_poll_failed_counts():
    session = new()
    session.sent(now=0.0)
    session.handle_timeout(now=10.0)
    assert triggers(session.receive(good(IS_COMPLETE), now=10.5))[-1] == "complete"
    assert session.outcome == Completed(7)


def test_a_response_counts_although_a_budget_has_run_out():
    session = new(consent_timeout=5)
    assert triggers(session.receive(good(GATHERS), now=8.0)) == ["initialize", "progress"]
    assert session.outcome is None
    assert new(timeout=5).receive(good(IS_COMPLETE), now=8.0)[-1].outcome == Completed(7)


def test_the_items_of_a_response_after_a_budget_precede_the_end():
    session = new(consent_timeout=5)
    session.sent(now=8.0)
    items = session.receive(good(), now=8.0)
    assert triggers(items) == ["start"]
    assert end_of(items) == (TimedOut("consent"), 8.0)


def test_an_unchanged_response_after_a_budget_ends_the_watch_at_the_budgets_end():
    session = new(consent_timeout=5)
    session.receive(good(), now=1.0)
    assert end_of(at_the_end(session, 8.0)) == (TimedOut("consent"), 5.0)


# The table of statuses.


def polls_failed(response, now=20.0):
    failed = only(new().receive(response, now=now))
    assert (type(failed), failed.at, failed.attempt) == (PollFailed, now, 1)
    assert failed.retry_at == pytest.approx(now + 1.461)
    return failed.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the response is empty"),
        (b"<html><body>Down</body></html>", "the response is an HTML page, not a list of events"),
        (b"{", "the response is not valid JSON (line 1, column 2)"),
        (b'{"events": [{"event_type": "GATHERING"}]}', "row 1 of the response has no status"),
        (b"<!DOCTYPE x [<!ENTITY y 'z'>]><x>&y;</x>", "the response is XML with a document type"),
        (envelope("not now"), "the service returned an error: not now"),
        (json_body(WAITS, import_id=1127), 'the response is about another import, "1127"'),
    ],
)
def test_an_invalid_200_is_a_failed_poll(body, reason):
    assert polls_failed(Response(200, {}, body)).startswith(reason)


def test_an_answer_of_another_import_changes_nothing_else():
    session = new()
    response = good(GATHERS, import_id=1127, user_id="not me")
    session.receive(response, now=1.0)
    assert (session.state, session.user_id) == (State.INITIALIZING, None)
    assert only(session.receive(response, now=3.0)).attempt == 2


@pytest.mark.parametrize(
    "status", [100, 103, 199, 201, 204, 206, 299, 304, 408, 425, 429, 500, 502, 503, 504, 599, 999]
)
def test_statuses_that_are_retried(status):
    assert polls_failed(Response(status)) == f"status {status}"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308, 399])
def test_a_redirect_is_not_followed(status):
    items = new().receive(Response(status, {"location": "https://elsewhere.example"}), now=1.0)
    assert end_of(items) == (
        Rejected("redirect", f"status {status}; redirects are not followed, to protect the credentials"),
        1.0,
    )


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_end_the_watch(status):
    items = new().receive(Response(status, {}, envelope("who are you?")), now=1.0)
    assert end_of(items) == (Rejected("credentials", f"status {status}: who are you?"), 1.0)


@pytest.mark.parametrize("header", ["soon", "", "-1"])
def test_403_with_a_malformed_retry_after_is_retried(header):
    assert polls_failed(Response(403, {"retry-after": header})) == "status 403"


def test_401_is_final_whatever_its_retry_after():
    assert end_of(new().receive(Response(401, {"retry-after": "5"}), now=1.0))[0].reason == "credentials"


@pytest.mark.parametrize(("status", "now"), [(404, 10.0), (404, 500.0), (410, 0.0), (410, 500.0)])
def test_an_unknown_import_ends_the_watch(status, now):
    items = new(lost_contact_timeout=None).receive(Response(status), now=now)
    assert end_of(items) == (Rejected("unknown-import", f"status {status}"), now)


def test_an_early_404_is_retried():
    assert polls_failed(Response(404), now=9.999) == "status 404"
    assert end_of(new(not_found_grace=0).receive(Response(404), now=0.0))[0].reason == "unknown-import"


@pytest.mark.parametrize("status", [400, 402, 405, 406, 407, 409, 411, 418, 422, 451, 499])
def test_a_refused_request_ends_the_watch(status):
    items = new().receive(Response(status, {"retry-after": "5"}, envelope("no")), now=1.0)
    assert end_of(items) == (Rejected("request", f"status {status}: no"), 1.0)


@pytest.mark.parametrize("status", [200, 403, 503])
def test_the_reason_contains_the_message_of_an_envelope(status):
    assert polls_failed(Response(status, {"retry-after": "?"}, envelope("ouch"))).endswith(": ouch")


def test_the_message_of_an_envelope_is_cut_and_can_not_act_on_a_terminal():
    assert polls_failed(Response(503, {}, envelope("x" * 1000))) == "status 503: " + "x" * 200
    assert polls_failed(Response(503, {}, envelope("\x1b[2J"))) == r"status 503: \x1b[2J"
    body = b"<error><message>h\xc3\xa9las</message></error>"
    assert polls_failed(Response(503, {"content-type": "text/xml"}, body)) == "status 503: hélas"


def test_a_rejection_emits_no_failed_poll():
    session = new()
    session.sent(now=0.0)
    assert [type(item) for item in session.receive(Response(400), now=1.0)] == [Ended]


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


# Budgets.


def test_the_consent_budget():
    session = new(lost_contact_timeout=None)
    session.receive(good(), now=1.0)
    assert session.handle_timeout(now=899.9) == ()
    assert only(at_the_end(session, 900.0)) == Ended("1126", 900.0, TimedOut("consent"), State.INITIALIZING, None)


def test_the_gathering_budget_starts_with_the_phase():
    session = new(lost_contact_timeout=None)
    session.receive(good(GATHERS), now=800.0)
    assert session.handle_timeout(now=1399.9) == ()
    ended = only(at_the_end(session, 1400.0, good(GATHERS)))
    assert ended == Ended("1126", 1400.0, TimedOut("gathering"), State.GATHERING, 5)


def test_progress_does_not_extend_the_budget_of_the_phase():
    session = new(lost_contact_timeout=None)
    session.receive(good(GATHERS), now=100.0)
    session.receive(good(rows("GATHERING INPROGRESS 6")), now=650.0)
    assert end_of(at_the_end(session, 700.0)) == (TimedOut("gathering"), 700.0)


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


def test_the_budget_of_the_whole_watch():
    session = new(timeout=60)
    session.receive(good(GATHERS), now=50.0)
    assert end_of(at_the_end(session, 60.0)) == (TimedOut("total"), 60.0)


def test_without_budgets_the_watch_does_not_end():
    session = new(**UNBOUNDED)
    assert session.handle_timeout(now=1e9) == ()
    assert isinstance(session.next_action(now=1e9), Send)


@pytest.mark.parametrize("budget", ["timeout", "lost_contact_timeout"])
def test_the_budget_of_the_phase_counts_if_several_run_out_together(budget):
    session = new(consent_timeout=7, **{budget: 7})
    assert end_of(at_the_end(session, 9.0, error=RESET)) == (TimedOut("consent"), 7.0)
    session = new(**{"gathering_timeout": 7, "timeout": None, "lost_contact_timeout": None, budget: 7})
    session.receive(good(GATHERS), now=0.0)
    assert end_of(at_the_end(session, 9.0, error=RESET)) == (TimedOut("gathering"), 7.0)


def test_the_budget_that_ran_out_first_counts():
    assert end_of(at_the_end(new(consent_timeout=7, timeout=6), 9.0)) == (TimedOut("total"), 9.0)
    assert end_of(at_the_end(new(consent_timeout=7, timeout=6), 9.0, error=RESET)) == (TimedOut("total"), 6.0)


@pytest.mark.parametrize("headers", [{}, {"retry-after": "99"}])
def test_a_failed_poll_after_the_end_of_a_budget_is_not_emitted(headers):
    session = new(timeout=5)
    session.sent(now=0.0)
    assert end_of(session.receive_failure(RESET, now=5.0)) == (TimedOut("total"), 5.0)
    assert end_of(at_the_end(new(timeout=5), 7.0, Response(503, headers))) == (TimedOut("total"), 5.0)


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


# The end, and clocks.


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


def test_a_clock_that_steps_back_stands_still():
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
NO_NUMBERS = ["now", None, 1j, []]


@pytest.mark.parametrize("now", [*NOT_FINITE, *NO_NUMBERS])
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


@pytest.mark.parametrize("now", NO_NUMBERS)
def test_a_start_must_be_a_number(now):
    for make in (new, lambda now: resumed(new(), now)):
        with pytest.raises(InvalidType, match="^now must be a number of seconds, not "):
            make(now)


@pytest.mark.parametrize("what", [None, ValueError("reset"), b"{}"])
def test_only_a_response_and_a_transport_error_are_received(what):
    session = new()
    session.sent(now=0.0)
    before = session.save()
    with pytest.raises(InvalidType, match="^response must be a Response, not "):
        session.receive(what, now=0.2)
    with pytest.raises(InvalidType, match="^error must be a TransportError, not "):
        session.receive_failure(what, now=0.2)
    assert session.save() == before
    assert session.next_action(now=0.2) == Wait(10.0)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("credentials", ("key", "password"), "credentials must be Credentials or None, not tuple"),
        ("machine", "1126", "machine must be an ImportMachine or None, not str"),
        ("policy", None, "policy must be a PollPolicy, not None"),
        ("policy", {"interval": 1}, "policy must be a PollPolicy, not dict"),
        ("base_url", None, "base_url must be a str"),
    ],
)
def test_an_argument_of_another_type_is_refused(name, value, problem):
    with pytest.raises(InvalidType) as caught:
        ImportSession("1126", **{"credentials": None, name: value}, now=0.0)
    assert str(caught.value) == problem


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
def test_a_wait_ends_on_every_clock(start):
    session = new(start, **UNBOUNDED)
    now = start
    for _ in range(50):
        session.sent(now=now)
        assert session.handle_timeout(now=session.next_action(now=now).until) != ()
        now = session.next_action(now=now).until
        assert isinstance(session.next_action(now=now), Send)


# Arguments and attributes.


def test_the_attributes_of_a_new_session():
    session = new(5.0, timeout=60)
    assert (session.import_id, session.start, session.elapsed) == ("1126", 5.0, 0.0)
    assert session.policy == PollPolicy(timeout=60)
    assert session.machine.import_id == "1126"
    assert (session.state, session.contact_count, session.failure) == (State.INITIALIZING, None, None)


@pytest.mark.parametrize("start", [0.0, 1.7e9])
def test_budgets_maps_names_to_ends(start):
    session = new(now=start)
    assert session.budgets == {"consent_timeout": start + 900, "lost_contact_timeout": start + 120}
    session.receive(good(GATHERS), now=start + 5)
    assert session.budgets == {"gathering_timeout": start + 605, "lost_contact_timeout": start + 125}
    assert list(new(now=start, timeout=5).budgets) == ["consent_timeout", "timeout", "lost_contact_timeout"]
    assert new(now=start, **UNBOUNDED).budgets == {}


def test_failed_polls_counts_failures_in_a_row():
    session = new()
    counts = [session.failed_polls]
    for now in (1.0, 2.0):
        session.receive_failure(RESET, now=now)
        counts.append(session.failed_polls)
    session.receive(good(), now=3.0)
    assert [*counts, session.failed_polls] == [0, 1, 2, 0]


def test_the_repr_shows_state_and_time_or_outcome():
    session = new()
    session.receive(good(GATHERS), now=2.5)
    assert repr(session) == "<ImportSession import_id='1126' state=GATHERING 2.5 s>"
    session.cancel(now=3.0)
    assert repr(session) == "<ImportSession import_id='1126' state=GATHERING cancelled>"


@pytest.mark.parametrize(
    "base_url",
    ["https://api.cloudsponge.com", "https://API.CloudSponge.com.:443/", "https://api.cloudsponge.com/v1"],
)
def test_an_interval_under_the_public_services_limit_is_refused(base_url):
    with pytest.raises(InvalidArgument, match="interval must be at least 1 s at the public service, not 0.9 s"):
        new(interval=0.9, base_url=base_url)


def test_other_services_may_be_polled_faster():
    session = new(interval=0.05, base_url=BASE_URL)
    session.receive(good(), now=1.0)
    assert session.next_action(now=1.0) == Wait(1.05)
    with pytest.raises(InvalidArgument, match="interval must be at least 1 s at the public service"):
        resumed(session)
    assert resumed(session, base_url=BASE_URL).policy.interval == 0.05


@pytest.mark.parametrize("base_url", ["", "ftp://x.example", "https://key:pass@x.example", "http://x.example"])
def test_an_invalid_base_url_is_refused_and_not_shown(base_url):
    with pytest.raises(InvalidArgument) as caught:
        new(base_url=base_url)
    assert "x.example" not in str(caught.value)


def test_plain_http_is_accepted_with_insecure_http():
    arguments = {"base_url": "http://x.example", "insecure_http": True}
    session = new(**arguments)
    assert session.next_action(now=0.0).request.url == "http://x.example/events/1126.json"
    assert resumed(session, **arguments).next_action(now=0.0).request == session.next_action(now=0.0).request


@pytest.mark.parametrize(
    "import_id",
    ["", "0", "01", "../1", "a/b", "1?x", "é", "x" * 65, 0, -1, -1126, 10**64, 10**5000, -(10**5000)],
    ids=lambda value: repr(value)[:9] if isinstance(value, str) else "",
)
def test_an_invalid_import_id_is_refused(import_id):
    with pytest.raises(InvalidArgument, match="^import_id must be 1 to 64 letters"):
        ImportSession(import_id, CREDENTIALS, now=0.0)


@pytest.mark.parametrize("import_id", [None, True, False, 1126.0, b"1126", ["1126"]])
def test_an_import_id_of_another_type_is_refused(import_id):
    with pytest.raises(InvalidType, match="^import_id must be a str or an int, not "):
        ImportSession(import_id, CREDENTIALS, now=0.0)


@pytest.mark.parametrize("import_id", [1126, HTTPStatus.OK, 10**64 - 1], ids=["id", "enumeration", "longest"])
def test_an_import_id_may_be_an_int(import_id):
    session = ImportSession(import_id, CREDENTIALS, now=0.0)
    assert session.import_id == str(int(import_id)) == session.machine.import_id
    assert session.next_action(now=0.0).request.url.endswith(f"/events/{int(import_id)}.json")
    assert only(session.cancel(now=1.0)).import_id == str(int(import_id))
    assert resumed(session).import_id == session.import_id
    assert ImportSession(import_id, CREDENTIALS, now=0.0, machine=ImportMachine(session.import_id)).import_id


def test_without_credentials_none_are_sent():
    session = ImportSession("1126", None, now=0.0)
    assert "authorization" not in session.next_action(now=0.0).request.headers
    assert only(session.receive_failure(RESET, now=1.0)).reason == "reset: by the other side"


def test_a_machine_of_an_earlier_session_repeats_nothing():
    first = new(timeout=5)
    first.receive(good(GATHERS), now=1.0)
    first.handle_timeout(now=5.0)
    second = new(100.0, machine=first.machine)
    assert (second.state, second.contact_count) == (State.GATHERING, 5)
    assert second.receive(good(GATHERS), now=101.0) == ()
    assert triggers(second.receive(good(IS_COMPLETE), now=102.0)) == ["gather", "complete"]
    assert second.outcome == Completed(7)


def test_a_machine_in_gathering_gets_the_gathering_budget():
    machine = ImportMachine("1126")
    machine.feed(GATHERS)
    session = new(machine=machine, lost_contact_timeout=None)
    assert end_of(at_the_end(session, 1000.0)) == (TimedOut("gathering"), 600.0)


def test_a_machine_that_has_ended_ends_the_watch_at_the_next_valid_response():
    machine = ImportMachine("1126")
    machine.feed(IS_COMPLETE)
    session = new(machine=machine)
    assert isinstance(session.next_action(now=0.0), Send)
    assert end_of(session.receive(good(IS_COMPLETE), now=1.0)) == (Completed(7), 1.0)


@pytest.mark.parametrize("import_id", ["1127", None])
def test_the_machine_of_another_import_is_refused(import_id):
    with pytest.raises(InvalidArgument, match=f"^machine must be that of import 1126, not of {json.dumps(import_id)}$"):
        new(machine=ImportMachine(import_id))


# Responses that echo a secret.


@pytest.mark.parametrize("secret", [PASSWORD, CREDENTIALS.basic()[6:]])
def test_items_and_saved_sessions_contain_no_echoed_secret(secret):
    session = new()
    row = {"event_type": "GATHERING", "status": "INPROGRESS", "value": secret}
    odd = json.dumps({"events": [row], "user_id": secret, "echo": f"<{secret}>"}).encode()
    items = [
        *session.receive(Response(200, {}, odd), now=1.0),
        *session.receive(Response(503, {}, envelope(secret)), now=3.0),
        *session.receive(Response(200, {}, json_body([], import_id=secret)), now=9.0),
        *session.receive(Response(200, {}, envelope(secret)), now=19.0),
        *session.receive_failure(TransportError("reset", secret), now=29.0),
    ]
    assert len(items) == 7
    shown = json.dumps([item.to_json() for item in items], ensure_ascii=False) + session.save()
    assert secret not in shown
    assert "******" in shown


@pytest.mark.parametrize("secret", [PASSWORD, f"<{CREDENTIALS.basic()[6:]}>"])
def test_attributes_contain_no_echoed_secret(secret):
    session = new()
    session.receive(good(user_id=secret, echo=secret), now=1.0)
    assert "******" in session.user_id
    assert "******" in session.echo


LONG = "x" * 195 + PASSWORD


@pytest.mark.parametrize(
    "response",
    [
        Response(200, {}, json.dumps({"events": [{"event_type": "A", "status": "B", "value": LONG}]}).encode()),
        Response(
            200, {}, json.dumps({"events": [{"event_type": "GATHERING", "status": "ERROR", "value": LONG}]}).encode()
        ),
        Response(200, {}, json_body(WAITS, import_id=LONG)),
        Response(200, {}, envelope(LONG)),
        Response(503, {}, envelope(LONG)),
    ],
)
def test_cut_text_contains_no_part_of_a_secret(response):
    items = json.dumps([item.to_json() for item in new().receive(response, now=1.0)])
    assert "x***" in items
    assert PASSWORD[:3] not in items


def test_a_response_is_cleaned_once_for_the_session_and_its_recorder(monkeypatch):
    session, searched = new(), []
    search = Redaction.data
    monkeypatch.setattr(Redaction, "data", lambda self, data: searched.append(data) or search(self, data))
    cleaned = session.clean(Response(503, {"date": PASSWORD}, envelope(PASSWORD)))
    assert cleaned == Response(503, {"date": "******"}, envelope("******"))
    before = len(searched)
    assert session.clean(cleaned) is cleaned
    (failed,) = session.receive(cleaned, now=1.0)
    assert failed.reason == "status 503: ******"
    assert len(searched) == before


def test_an_error_is_cleaned_for_the_session_and_its_recorder():
    session = new()
    cleaned = session.clean(TransportError("reset", f"after {PASSWORD}"))
    assert cleaned.detail == "after ******"
    assert session.receive_failure(cleaned, now=1.0) == new().receive_failure(
        TransportError("reset", f"after {PASSWORD}"), now=1.0
    )


def test_without_credentials_nothing_is_cleaned():
    response = Response(503, {}, envelope(PASSWORD))
    assert ImportSession("1126", None, now=0.0).clean(response) is response


@pytest.mark.parametrize("response", [None, 5, "no"])
def test_only_a_response_or_an_error_is_cleaned(response):
    with pytest.raises(InvalidType, match="^response must be a Response or a TransportError, not "):
        new().clean(response)


@pytest.mark.parametrize(
    "password", ["COMPLETED", "event_type", "GATHERING", "my-import", '","value":', "e", "264", "import"]
)
@pytest.mark.parametrize("write", [json_page, xml_page])
def test_no_password_hides_the_end_of_an_import(password, write):
    events = rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 264", "COMPLETE COMPLETED 0")
    session = ImportSession("my-import", Credentials("key", password), now=0.0)
    session.receive(write(tuple(events), "my-import"), now=1.0)
    assert session.outcome == Completed(264)


OUR_WORDS = ["timeout", "status 503", "service", "response", "lost_contact_timeout", "no valid response"]


@pytest.mark.parametrize("password", OUR_WORDS)
def test_our_own_words_are_not_searched(password):
    session = ImportSession("1126", Credentials("key", password), now=0.0)
    items = [*session.receive(Response(503), now=1.0), *session.receive(Response(200, {}, b"not now"), now=119.5)]
    items += session.handle_timeout(now=500.0)
    assert [item.to_json().get("reason") or item.outcome.detail for item in items] == [
        "status 503",
        "the response is not valid JSON (line 1, column 1)",
        "no valid response for 120 s (lost_contact_timeout); last failure: the response is not valid JSON (line 1, column 1)",
    ]


# Error reporters that print local variables.


def reported(*arguments, **more):
    """Return what an error reporter prints for our frames if a session is refused."""
    with pytest.raises((InvalidArgument, InvalidType)) as caught:
        ImportSession(*arguments, now=0.0, **more)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[1:]
    return str([frame.locals for frame in frames])


@pytest.mark.reads_locals
@pytest.mark.parametrize(
    "more",
    [
        {"base_url": "https://key:hunter22@sponge.example"},
        {"base_url": "https://sponge.example/?domain_password=hunter22"},
        {"base_url": "http://sponge.example/hunter22"},
        {"base_url": b"https://key:hunter22@sponge.example"},
        {"base_url": "https://key:hunter22@sponge.example:port"},
        {"echo": ""},
        {"echo": 5, "auth": "query"},
        {"format": "yaml", "auth": "query"},
        {"auth": "cookie"},
        {"policy": 5},
        {"policy": PollPolicy(interval=0.5)},
        {"machine": ImportMachine("7")},
        {"machine": "hunter22"},
    ],
)
def test_a_refused_session_shows_no_secret_to_an_error_reporter(more):
    assert "hunter22" not in reported("1126", Credentials("the-key", "hunter22"), **more)


@pytest.mark.reads_locals
@pytest.mark.parametrize("credentials", ["the-key:hunter22", ("the-key", "hunter22"), {"key": "hunter22"}])
def test_credentials_of_another_type_are_not_shown_to_an_error_reporter(credentials):
    assert "hunter22" not in reported("1126", credentials)


def test_an_invalid_now_shows_no_secret_to_an_error_reporter():
    with pytest.raises(InvalidType) as caught:
        ImportSession("1126", Credentials("the-key", "hunter22"), now=None, auth="query")
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "hunter22" not in shown.replace('Credentials("the-key", "hunter22")', "")


def test_the_request_hides_its_header_and_its_query():
    for auth in ("basic", "query"):
        session = ImportSession("1126", Credentials("the-key", "hunter22"), now=0.0, auth=auth)
        request = session.next_action(now=0.0).request
        assert "hunter22" not in repr((request.url, dict(request.headers), request.headers, {**request.headers}))
        assert Credentials("the-key", "hunter22").basic() not in repr((request.url, request.headers))


def test_the_repr_of_a_half_made_session_does_not_raise():
    assert repr(object.__new__(ImportSession)) == "<ImportSession>"


# Saving and resuming.


def in_the_middle():
    session = new(1000.0, base_url=BASE_URL, format="xml", echo="mine", timeout=500)
    session.receive(good([*GATHERS, *rows("SUBMITTING DONE")], user_id="me", echo="mine"), now=1003.2)
    session.receive(Response(503, {}, envelope("x" * 1000)), now=1005.0)
    return session


def test_a_resumed_session_behaves_like_the_saved_one():
    session = in_the_middle()
    again = resumed(session, 1005.0, base_url=BASE_URL)
    assert again.save() == session.save()
    assert again.next_action(now=1006.0) == session.next_action(now=1006.0)
    assert again.next_action(now=1010.0) == session.next_action(now=1010.0)
    assert (again.user_id, again.echo, again.format) == ("me", "mine", "xml")
    assert again.receive_failure(RESET, now=1122.9) == session.receive_failure(RESET, now=1122.9)
    assert again.receive(good(GATHERS), now=1123.0) == session.receive(good(GATHERS), now=1123.0) == ()


def test_a_resume_shifts_no_time():
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


def every_end():
    def ended(session, *calls):
        for call in calls:
            call(session)
        return session

    message = envelope("x" * 1000)
    return {
        "completed": ended(new(), lambda s: s.receive(good(IS_COMPLETE), now=1.0)),
        "failed": ended(new(), lambda s: s.receive(good(HAS_FAILED), now=1.0)),
        "abandoned": ended(new(), lambda s: s.receive(good(IS_ABANDONED), now=1.0)),
        "consent": ended(new(consent_timeout=5), lambda s: at_the_end(s, 5.0)),
        "gathering": ended(new(), lambda s: s.receive(good(GATHERS), now=1.0), lambda s: at_the_end(s, 999.0)),
        "total": ended(new(timeout=5), lambda s: at_the_end(s, 5.0)),
        "lost": ended(
            new(), lambda s: s.receive(Response(503, {}, message), now=119.5), lambda s: s.handle_timeout(now=999.0)
        ),
        "permanent": ended(
            new(), lambda s: s.receive_failure(TransportError("tls", "x" * 999, permanent=True), now=1.0)
        ),
        "credentials": ended(new(), lambda s: s.receive(Response(401, {}, message), now=1.0)),
        "unknown": ended(new(), lambda s: s.receive(Response(410, {}, message), now=1.0)),
        "redirect": ended(new(), lambda s: s.receive(Response(302, {}, message), now=1.0)),
        "request": ended(new(), lambda s: s.receive(Response(400, {}, message), now=1.0)),
        "cancelled": ended(new(), lambda s: s.cancel(now=1.0)),
    }


@pytest.mark.parametrize("name", every_end())
def test_a_session_that_ended_stays_ended(name):
    session = every_end()[name]
    again = resumed(session, 2000.0)
    assert again.outcome == session.outcome is not None
    assert again.next_action(now=2000.0) == Done(session.outcome)
    assert again.receive(good(GATHERS), now=2000.0) == ()
    assert again.cancel(now=2000.0) == ()
    assert again.save() == session.save()


def test_the_end_closes_an_open_poll():
    session = new()
    session.sent(now=0.0)
    session.cancel(now=1.0)
    assert resumed(session, 2000.0).save() == session.save()


NEW = {"poll_deadline", "owed", "overdue_polls", "repeated", "stale"}


def test_a_session_saved_without_overdue_polls_can_be_resumed():
    session = new()
    session.sent(now=0.0)
    older = tampered(session, **dict.fromkeys(NEW, ...))
    again = ImportSession.resume(older, CREDENTIALS, now=4.0)
    assert again.next_action(now=4.0) == Wait(15.0)  # the whole request_timeout from now, and an interval
    assert json.loads(tampered(again)).keys() >= NEW


@pytest.mark.parametrize("key", sorted(json.loads(in_the_middle().save()).keys() - NEW))
def test_a_missing_key_is_named(key):
    saved = tampered(in_the_middle(), **{key: ...})
    with pytest.raises(LocalProtocolError, match=f"the saved session has no key {key}$"):
        ImportSession.resume(saved, CREDENTIALS, now=1005.0, base_url=BASE_URL)


WRONG = {
    "spongewatch-session": [2, "1", None, 1.0, True],
    "import_id": [None, 1126, "", "a/b", "0", ["1126"]],
    "format": [None, "yaml", 1, ["json"], {}],
    "sent_echo": ["", 5, "\ud800", "a\ud800b", []],
    "policy": [
        None,
        [],
        "x",
        {"interval": 0},
        {"interval": "1"},
        {"timeout": -1},
        {"max_delay": 10**400},
        {"interval": 0.5},
    ],
    "start": [None, "0", math.nan, math.inf, 1e11, -1e11, 10**400, True],
    "now": [None, -1, 1.5, "0", True, 10**15 - 1, 10**15, math.nan],
    "next_poll": [None, -1, 1.5, True, 10**400],
    "delay": [None, -1, 1.5, "", 10**15],
    "poll_is_open": [None, 0, 1, "true", []],
    "poll_deadline": [-1, 1.5, "5", True],
    "owed": [None, 0, "true"],
    "overdue_polls": [None, -1, 4, 1.5, True],
    "repeated": [None, 1],
    "stale": [None, "no"],
    "failed_polls": [None, -1, 0.5, True],
    "last_failure": [0, [], {}, False],
    "told_at": [None, -1, 1.5, "5"],
    "phase_end": [-1, 1.5, "5", True, math.inf],
    "lost_at": [-1, 1.5, "5", True, None, math.nan],
    "outcome": [
        5,
        "completed",
        [],
        {},
        {"name": None},
        {"name": "over", "detail": ""},
        {"name": "completed"},
        {"name": "failed"},
        {"name": "cancelled"},
        {"name": "cancelled", "detail": 5},
        {"name": "timed-out", "detail": ""},
        {"name": "timed-out", "detail": "", "reason": "lost"},
        {"name": "rejected", "detail": "", "reason": None},
        {"name": ["completed"], "detail": "", "reason": None},
    ],
    "user_id": [5, [], True],
    "echo": [5, {}, False],
    "machine": [None, 5, [], {}, "x", {"spongewatch-machine": 1}, json.loads(ImportMachine("1127").save())],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in WRONG for value in WRONG[key]])
def test_an_invalid_value_is_named(key, value):
    saved = tampered(in_the_middle(), **{key: value})
    with pytest.raises((InvalidArgument, LocalProtocolError)) as caught:
        ImportSession.resume(saved, CREDENTIALS, now=1005.0, base_url="https://api.cloudsponge.com")
    named = [key, *(value if key == "policy" and isinstance(value, dict) else [])]
    assert any(name in str(caught.value) for name in named)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("import_id", "a/b", "an import id"),
        ("start", 1e11, "a time on a clock"),
        ("now", 10**15 - 1, "a time on a clock"),
        ("overdue_polls", 4, "at most 3"),
        ("sent_echo", "", "null, or text of at least one character without lone surrogates"),
        ("phase_end", None, "null if the timeout of the phase is, and only then"),
        ("phase_end", 10**9, "no later than the timeout of the phase allows"),
        ("lost_at", None, "null if lost_contact_timeout is, and only then"),
        ("lost_at", 10**9, "no later than lost_contact_timeout allows"),
    ],
)
def test_the_message_for_an_invalid_value(key, value, expected):
    with pytest.raises(LocalProtocolError) as caught:
        ImportSession.resume(tampered(new(), **{key: value}), CREDENTIALS, now=0.0)
    assert str(caught.value) == f"the saved session: {key} must be {expected}, not {json.dumps(value)}"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000, "9" * 5000])
def test_text_that_is_no_saved_session_is_refused(text):
    with pytest.raises(LocalProtocolError, match="the saved session is not"):
        ImportSession.resume(text, CREDENTIALS, now=0.0)


@pytest.mark.parametrize("saved", [None, 5, b"{}", bytearray(b"{}"), {}], ids=type)
def test_a_saved_session_must_be_a_str(saved):
    with pytest.raises(InvalidType, match="^saved must be a str, not "):
        ImportSession.resume(saved, CREDENTIALS, now=0.0)


def test_lost_at_is_null_if_its_budget_is():
    with pytest.raises(LocalProtocolError, match="lost_at must be null if lost_contact_timeout is"):
        ImportSession.resume(tampered(new(**UNBOUNDED), lost_at=5), CREDENTIALS, now=0.0)


@pytest.mark.parametrize("key", ["phase_end", "lost_at"])
def test_a_saved_budget_can_be_neither_lifted_nor_stretched(key):
    session = in_the_middle()
    with pytest.raises(LocalProtocolError, match=f"{key} must be null if .* is, and only then, not null"):
        ImportSession.resume(tampered(session, **{key: None}), CREDENTIALS, now=1005.0, base_url=BASE_URL)
    end = json.loads(session.save())[key]
    with pytest.raises(LocalProtocolError, match=f"{key} must be no later than .* allows"):
        ImportSession.resume(tampered(session, **{key: end + 10**6}), CREDENTIALS, now=1005.0, base_url=BASE_URL)


def test_an_ended_session_can_be_resumed_although_its_machine_went_on():
    session = new(gathering_timeout=None)
    session.cancel(now=5.0)
    session.machine.feed(rows("GATHERING INPROGRESS 1"))
    assert resumed(session, 6.0).outcome == Cancelled()


STRANGE = [
    None, True, False, 0, 1, -1, 5, 999, 10**6, 10**12, 10**15 - 1, 10**15, 10**400, 1.5, -0.0, 1e10, 1e308, math.nan,
    math.inf, "", "x", "json", "\ud800", "\x1b[2J\u202e", "9" * 5000, [], [1], ["start"], [["start"]], [None], {}, {"name": "x"},
    {"name": "cancelled", "detail": "\x1b[2J", "reason": None}, {"name": "completed"}, {"interval": 1}, {"code": 5, "phase": "ERROR"},
    [[[[]]]], {"a": {"b": {"c": []}}}, "ERROR", "COMPLETE", "GATHERING",
]  # fmt: skip


def places(value, path=()):
    """Yield the path of every key in a saved session, however deep."""
    for name, inner in value.items():
        yield (*path, name)
        if isinstance(inner, dict):
            yield from places(inner, (*path, name))


def sessions_to_tamper_with():
    started = new(1000.0, base_url=BASE_URL)
    started.sent(now=1000.0)
    return [in_the_middle(), started, *every_end().values()]


def drive(session):
    """Call every method, at times of all kinds."""
    for now in (1006.0, 0.0, 1e9):
        session.next_action(now=now)
        try:
            session.sent(now=now)
        except LocalProtocolError as error:
            assert "is due" in str(error)
        items = [
            *session.handle_timeout(now=now),
            *session.receive(good(GATHERS), now=now),
            *session.receive(Response(503, {"retry-after": "5"}), now=now),
            *session.receive_failure(RESET, now=now),
        ]
        json.dumps([item.to_json() for item in items], allow_nan=False)
        assert repr(session)
        json.loads(session.save())
    session.cancel(now=2e9)
    assert isinstance(session.next_action(now=2e9), Done)


@pytest.mark.parametrize("session", sessions_to_tamper_with(), ids=repr)
def test_a_tampered_session_is_refused_or_works(session):
    saved = json.loads(session.save())
    refused = 0
    for path in places(saved):
        for strange in STRANGE:
            copy = json.loads(session.save())
            inner = copy
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = strange
            try:
                again = ImportSession.resume(json.dumps(copy), CREDENTIALS, now=1005.0, base_url=BASE_URL)
            except LocalProtocolError as error:
                assert str(error).isprintable()
                refused += 1
            else:
                drive(again)
    assert refused > 500


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


def test_the_end_says_whether_any_response_listed_the_import():
    def ended_after(*responses):
        session = new(timeout=60.0)
        for number, response in enumerate(responses):
            session.receive(response, now=float(number))
        resumed = ImportSession.resume(session.save(), CREDENTIALS, now=60.0)
        return at_the_end(resumed, 60.0, error=RESET)[-1]

    assert not ended_after().seen
    assert not ended_after(Response(503), Response(200, {}, b'{"events": []}')).seen
    assert ended_after(good(rows("INITIALIZING INPROGRESS 0")), Response(503)).seen
