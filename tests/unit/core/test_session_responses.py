"""How a session reads responses, valid or not."""

import pytest

from event_rows import json_body, triggers
from made_sessions import (
    GATHERS,
    HAS_FAILED,
    IS_ABANDONED,
    IS_COMPLETE,
    RESET,
    WAITS,
    end_of,
    envelope,
    good,
    new,
    only,
    poll_overdue,
)
from spongewatch import (
    Abandoned,
    Completed,
    Done,
    Ended,
    Failed,
    PollFailed,
    Rejected,
    Response,
    State,
    TimedOut,
    Wait,
)


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
def test_a_verdict_of_the_service_ends_the_watch(events, kind, code):
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
    assert end_of(poll_overdue(session, 8.0)) == (TimedOut("consent"), 5.0)


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


def test_a_response_about_another_import_changes_nothing_else():
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


def test_401_is_final_even_with_retry_after():
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


def test_the_message_of_an_envelope_is_shortened_and_escaped():
    assert polls_failed(Response(503, {}, envelope("x" * 1000))) == "status 503: " + "x" * 200
    assert polls_failed(Response(503, {}, envelope("\x1b[2J"))) == r"status 503: \x1b[2J"
    body = b"<error><message>h\xc3\xa9las</message></error>"
    assert polls_failed(Response(503, {"content-type": "text/xml"}, body)) == "status 503: hélas"


def test_a_rejection_emits_no_failed_poll():
    session = new()
    session.sent(now=0.0)
    assert [type(item) for item in session.receive(Response(400), now=1.0)] == [Ended]
