"""Secrets stay out of items, saved sessions and local variables."""

import json
import traceback

import pytest

from event_rows import json_body, rows
from made_sessions import CREDENTIALS, PASSWORD, WAITS, envelope, good, new
from spongewatch import (
    Completed,
    Credentials,
    ImportMachine,
    ImportSession,
    InvalidArgument,
    InvalidType,
    PollPolicy,
    Response,
    TransportError,
)
from spongewatch.core.redaction import Redaction
from spongewatch.transports.simulator.pages import json_page, xml_page

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


WORDS_OF_MESSAGES = ["timeout", "status 503", "service", "response", "lost_contact_timeout", "no valid response"]


@pytest.mark.parametrize("password", WORDS_OF_MESSAGES)
def test_messages_of_spongewatch_itself_are_not_redacted(password):
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
