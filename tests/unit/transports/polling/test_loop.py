"""The arguments that every loop checks."""

import pytest

from scripted_service import new_session
from spongewatch import InvalidType, LocalProtocolError, Response
from spongewatch.transports import VirtualClock, poll, watch, watch_async
from spongewatch.transports.testing import HandlerTransport


class AsyncTransport:
    async def send(self, request, *, timeout):
        raise AssertionError


@pytest.mark.parametrize(
    ("session", "transport", "record", "problem"),
    [
        ("1126", HandlerTransport(Response), None, "session must be an ImportSession, not str"),
        (new_session(), object(), None, "transport must have a method send; object has none"),
        (new_session(), HandlerTransport(Response), "trace.jsonl", "record must be a TraceWriter, not str"),
    ],
)
@pytest.mark.parametrize("loop", [watch, watch_async, poll])
def test_arguments_of_the_wrong_type_are_refused(loop, session, transport, record, problem):
    with pytest.raises(InvalidType) as caught:
        loop(session, transport, record=record)
    assert str(caught.value) == problem


@pytest.mark.parametrize("loop", [watch, poll])
def test_an_async_transport_is_refused_by_loops_that_do_not_await(loop):
    with pytest.raises(InvalidType, match="^transport must not be async here; use watch_async or wait_async"):
        loop(new_session(), AsyncTransport())


@pytest.mark.parametrize("loop", [watch, watch_async])
@pytest.mark.parametrize("observers", [5, ["not a function"]])
def test_observers_are_checked_before_the_first_poll(loop, observers):
    with pytest.raises(InvalidType, match="^observers must be "):
        loop(new_session(), HandlerTransport(Response), observers=observers)


def test_a_transport_must_return_a_response():
    with pytest.raises(LocalProtocolError, match="^a transport must return a Response, not str$"):
        poll(new_session(), HandlerTransport(lambda request: "200"), clock=VirtualClock())
