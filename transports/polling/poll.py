"""`poll`: one step of a watch, for workers that store the session between polls."""

from collections.abc import Callable

from ...core import Done, Emitted, Ended, ImportSession, Response, Send, TransportError, Wait
from ..clock import Clock, SystemClock
from ..transport import Transport
from .loop import check_parts, checked_response, receive
from .recorder import Recorder


def poll(
    session: ImportSession,
    transport: Transport,
    *,
    record: Recorder | None = None,
    clock: Clock | None = None,
    before_sending: Callable[[], object] = lambda: None,
) -> tuple[Emitted, ...]:
    """Do what the session has due now, at most one request, without sleeping.

    A worker of a job queue resumes a session, polls, stores `session.save()` together with the emitted items, and
    schedules the next job for `session.next_action(...).until`.

    Args:
        session: The session to poll for.
        transport: The transport to send the request with; it stays open.
        record: A `TraceWriter` that records the poll.
        clock: The clock that `session` uses; UNIX time by default.
        before_sending: Called just before a request is sent. Store the session here, so that after a crash no other
            worker polls too soon. If it raises, nothing is sent. Its duration counts towards the timeout of the
            request; if no time is left, nothing is sent, and the poll fails with a `TransportError` of kind `timeout`.

    Returns:
        The emitted items; `()` if nothing is due.

    Raises:
        InvalidType: `session`, `transport` or `record` has the wrong type, or `transport` is async.
        LocalProtocolError: The transport is closed, or doesn't return a `Response`.

    >>> from spongewatch import Credentials
    >>> from spongewatch.transports import VirtualClock
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> body = b'{"events": [{"event_type": "INITIALIZING", "status": "INPROGRESS", "value": 0}]}'
    >>> transport = HandlerTransport(lambda request: Response(200, {}, body))
    >>> clock = VirtualClock()
    >>> session = ImportSession("1126", Credentials("key", "password"), now=clock.now())
    >>> [item.trigger for item in poll(session, transport, clock=clock)]
    ['start']
    >>> poll(session, transport, clock=clock), session.next_action(now=clock.now())
    ((), Wait(until=1.0))
    """
    check_parts(session, transport, record)
    clock = clock or SystemClock()
    now = clock.now()
    action = session.next_action(now=now)
    if isinstance(action, Done) or (isinstance(action, Wait) and action.until > now):
        return ()
    if record:
        record.begin(session)
    items = _do(session, action, transport, now, clock, record, before_sending)
    if record and items and isinstance(items[-1], Ended):
        record.end(session, items[-1])
    return items


def _do(
    session: ImportSession,
    action: Send | Wait,
    transport: Transport,
    now: float,
    clock: Clock,
    record: Recorder | None,
    before_sending: Callable[[], object],
) -> tuple[Emitted, ...]:
    """Do the action that is due; an exception leaves the poll open, as a killed process would."""
    if isinstance(action, Wait):
        return session.handle_timeout(now=now)
    session.sent(now=now)
    sent = session.elapsed
    before_sending()
    timeout = action.deadline - clock.now()
    response: Response | TransportError
    try:
        if timeout <= 0:
            raise TransportError("timeout", "before_sending left no time to send the request")
        response = checked_response(transport.send(action.request, timeout=timeout))
    except TransportError as error:
        response = error
    return receive(session, response, sent=sent, now=clock.now(), record=record)
