"""`poll`: one step of a watch, for workers that keep the session elsewhere between two polls."""

from collections.abc import Callable

from ...core import Done, Emitted, Ended, ImportSession, Response, Send, TransportError, Wait
from ..clock import Clock, SystemClock
from ..transport import Transport
from .loop import bring, check_parts, checked_response
from .recorder import Recorder


def poll(
    session: ImportSession,
    transport: Transport,
    *,
    record: Recorder | None = None,
    clock: Clock | None = None,
    before_sending: Callable[[], object] = lambda: None,
) -> tuple[Emitted, ...]:
    """Do what is due now, once, without sleeping.

    A worker of a queue resumes a session, polls, stores `session.save()` together with the emitted items, and comes
    again at `session.next_action(...).until`.

    Args:
        session: The session to poll for.
        transport: What sends the request; it stays open.
        record: A `TraceWriter` that records the poll.
        clock: The clock that `session` counts on; UNIX time by default.
        before_sending: Called when a request is about to be sent, the moment to store the session, so that after a
            crash no other worker polls too soon. If it raises, nothing is sent. Its time counts towards the timeout of
            the request; if none is left, nothing is sent, and the poll fails with a `TransportError` of kind `timeout`.

    Returns:
        The emitted items; `()` if nothing is due.

    Raises:
        LocalProtocolError: The session, the transport or `record` can't be used.

    >>> from spongewatch import Credentials
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> body = b'{"events": [{"event_type": "INITIALIZING", "status": "INPROGRESS", "value": 0}]}'
    >>> from spongewatch.transports import VirtualClock
    >>> clock = VirtualClock()
    >>> session = ImportSession("1126", Credentials("key", "password"), now=0.0)
    >>> transport = HandlerTransport(lambda request: Response(200, {}, body))
    >>> [item.trigger for item in poll(session, transport, clock=clock)]
    ['start']
    >>> poll(session, transport, clock=clock), session.next_action(now=clock.now())
    ((), Wait(until=1.0))
    """
    check_parts(session, transport, record)
    time = clock or SystemClock()
    now = time.now()
    action = session.next_action(now=now)
    if isinstance(action, Done) or (isinstance(action, Wait) and action.until > now):
        return ()
    if record:
        record.begin(session)
    items = _done(session, action, transport, now, time, record, before_sending)
    if record and items and isinstance(items[-1], Ended):
        record.end(session, items[-1])
    return items


def _done(
    session: ImportSession,
    action: Send | Wait,
    transport: Transport,
    now: float,
    clock: Clock,
    record: Recorder | None,
    before_sending: Callable[[], object],
) -> tuple[Emitted, ...]:
    """Do what is due at `now`; an exception leaves the poll open, as a kill would."""
    if isinstance(action, Wait):
        return session.handle_timeout(now=now)
    session.sent(now=now)
    sent = session.elapsed
    before_sending()
    timeout = action.deadline - clock.now()
    response: Response | TransportError
    try:
        if timeout <= 0:
            raise TransportError("timeout", "no time was left to send the request after before_sending")
        response = checked_response(transport.send(action.request, timeout=timeout))
    except TransportError as error:
        response = error
    return bring(session, response, sent=sent, now=clock.now(), record=record)
