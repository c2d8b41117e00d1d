import json

import pytest

from answers import json_body, rows
from spongewatch import Credentials, ImportSession, LocalProtocolError, PollPolicy, Response, TransportError
from spongewatch.transports import TraceWriter, VirtualClock, poll, wait, watch
from spongewatch.transports.testing import HandlerTransport

CREDENTIALS = Credentials("key", "password")
GOOD = Response(200, {}, json_body(rows("COMPLETE COMPLETED")))


def new_session():
    return ImportSession("1126", CREDENTIALS, now=0.0, base_url="https://sponge.example")


class AsyncTransport:
    async def send(self, request, *, timeout):
        raise AssertionError


@pytest.mark.parametrize(
    ("policy", "timeout", "expected"),
    [
        (None, 7, 7.0),
        (PollPolicy(interval=2, timeout=9), None, 9.0),
        (PollPolicy(interval=2, timeout=9), 7, 7.0),
    ],
)
def test_a_timeout_takes_the_place_of_the_policy_s(policy, timeout, expected):
    waiting = HandlerTransport(lambda request: Response(200, {}, json_body(rows("INITIALIZING INPROGRESS"))))
    ended = []
    outcome = wait(
        "1126", CREDENTIALS, timeout, policy=policy, transport=waiting, observers=[ended.append], clock=VirtualClock()
    )
    assert (outcome.name, ended[-1].at) == ("timed-out", expected)


@pytest.mark.parametrize("response", [GOOD, TransportError("refused", "nobody")])
def test_a_poll_is_received_and_recorded_at_the_same_moment(tmp_path, response):
    def handle(request):
        clock.move_to(0.25)
        if isinstance(response, TransportError):
            raise response
        return response

    session, path, clock = new_session(), tmp_path / "trace.jsonl", VirtualClock()
    with TraceWriter(path) as record:
        first, *_ = poll(session, HandlerTransport(handle), record=record, clock=clock)
    assert first.at == 0.25
    line = json.loads(path.read_text().splitlines()[1])
    assert (line["t"], line["took"], "error" in line) == (0.0, 0.25, isinstance(response, TransportError))


@pytest.mark.parametrize(
    ("session", "transport", "record", "problem"),
    [
        ("1126", HandlerTransport(Response), None, "session must be an ImportSession, not str"),
        (new_session(), object(), None, "transport must have a method send; object has none"),
        (new_session(), AsyncTransport(), None, "the transport's send is async; use watch_async or wait_async"),
        (new_session(), HandlerTransport(Response), "trace.jsonl", "record must be a TraceWriter, not str"),
    ],
)
@pytest.mark.parametrize("loop", [watch, poll])
def test_what_no_loop_can_work_with_is_refused(loop, session, transport, record, problem):
    with pytest.raises(LocalProtocolError) as caught:
        loop(session, transport, record=record)
    assert str(caught.value) == problem


def test_a_transport_must_return_a_response():
    with pytest.raises(LocalProtocolError) as caught:
        poll(new_session(), HandlerTransport(lambda request: "hush"), clock=VirtualClock())
    assert str(caught.value) == "a transport must return a Response, not str"
