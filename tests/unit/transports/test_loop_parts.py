import json

import pytest

from answers import json_body, rows
from spongewatch import Credentials, LocalProtocolError, PollFailed, PollPolicy, Response, TransportError
from spongewatch.transports import TraceWriter
from spongewatch.transports.loop_parts import bring, check_parts, given_up, response_of, session_to_wait_with
from spongewatch.transports.testing import HandlerTransport

CREDENTIALS = Credentials("key", "password")
GOOD = Response(200, {}, json_body(rows("COMPLETE COMPLETED")))


def new_session(timeout=None, import_id="1126", **settings):
    usual = {"base_url": "https://sponge.example", "format": "json", "auth": "basic", "policy": None}
    return session_to_wait_with(
        import_id, CREDENTIALS, timeout, now=5.0, **{**usual, "insecure_http": False, **settings}
    )


@pytest.mark.parametrize(
    ("policy", "timeout", "expected"),
    [
        (None, None, PollPolicy()),
        (None, 7, PollPolicy(timeout=7)),
        (PollPolicy(interval=2, timeout=9), None, PollPolicy(interval=2, timeout=9)),
        (PollPolicy(interval=2, timeout=9), 7, PollPolicy(interval=2, timeout=7)),
    ],
)
def test_a_timeout_takes_the_place_of_the_policy_s(policy, timeout, expected):
    assert new_session(timeout, policy=policy).policy == expected


def test_the_session_asks_as_it_was_told():
    where = {"base_url": "http://sponge.example/api", "insecure_http": True, "format": "xml", "auth": "query"}
    request = new_session(**where, echo="e 1").next_action(now=5.0).request
    assert request.url == "http://sponge.example/api/events/1126.xml?domain_key=key&domain_password=password&echo=e%201"


def test_what_can_not_be_polled_with_is_refused():
    with pytest.raises(LocalProtocolError):
        new_session(import_id="../1126")


@pytest.mark.parametrize("answer", [GOOD, TransportError("refused", "nobody")])
def test_what_came_is_handed_over_and_recorded_at_the_same_moment(tmp_path, answer):
    session, path = new_session(), tmp_path / "trace.jsonl"
    session.sent(now=5.0)
    with TraceWriter(path) as record:
        told = bring(session, answer, sent=0.0, now=5.25, record=record)
    assert isinstance(told[0], PollFailed) == isinstance(answer, TransportError)
    assert told[0].at == 0.25
    line = json.loads(path.read_text().splitlines()[1])
    assert (line["t"], line["took"]) == (0.0, 0.25)
    assert ("error" in line) == isinstance(answer, TransportError)


def test_nothing_need_be_recorded():
    assert bring(new_session(), GOOD, sent=0.0, now=5.1, record=None)[-1].outcome.name == "completed"


class AsyncTransport:
    async def send(self, request, *, timeout):
        raise AssertionError


@pytest.mark.parametrize(
    ("session", "transport", "record", "problem"),
    [
        ("1126", HandlerTransport(Response), None, "what is watched is an ImportSession, not str"),
        (new_session(), object(), None, "a transport has a method send, and object has none"),
        (
            new_session(),
            AsyncTransport(),
            None,
            "the send of this transport is async, and only watch_async and wait_async await it",
        ),
        (new_session(), HandlerTransport(Response), "trace.jsonl", "record is a TraceWriter, not str"),
    ],
)
def test_what_no_loop_can_go_on_is_refused(session, transport, record, problem):
    with pytest.raises(LocalProtocolError) as caught:
        check_parts(session, transport, record)
    assert str(caught.value) == problem


def test_a_loop_that_awaits_takes_transports_of_both_kinds(tmp_path):
    with TraceWriter(tmp_path / "trace.jsonl") as record:
        check_parts(new_session(), AsyncTransport(), record, awaiting=True)
        check_parts(new_session(), HandlerTransport(Response), None, awaiting=True)


def test_a_transport_gives_a_response_and_nothing_else():
    assert response_of(GOOD) is GOOD
    with pytest.raises(LocalProtocolError) as caught:
        response_of(TransportError("reset", "hush"))
    assert str(caught.value) == "what a transport gives is a Response, not TransportError"


def test_a_request_that_is_given_up_names_what_ended_it_and_no_more():
    error = given_up(RuntimeError("hush"))
    assert (error.kind, error.detail, error.permanent) == ("reset", "the request was given up: RuntimeError", False)
