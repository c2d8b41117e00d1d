"""The loops: they ask the session what to do, do it, and carry back what came of it. They decide nothing.

`watch` yields what is emitted, `wait` gives the outcome alone, and `poll` does what is due now, once, for
workers that keep the session somewhere between two polls.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import Literal, final

from spongewatch import (
    PUBLIC_SERVICE,
    Auth,
    Credentials,
    Done,
    Emitted,
    Ended,
    Format,
    ImportSession,
    Outcome,
    PollPolicy,
    Response,
    Send,
    TransportError,
    Wait,
)

from .clock import Clock, SystemClock
from .loop_parts import bring, check_parts, given_up, response_of, session_to_wait_with
from .observers import Observer, Observers
from .trace_writer import TraceWriter
from .transport import Transport
from .unpicklable import Unpicklable


@final
class Watch(Unpicklable, Iterator[Emitted]):
    """What the watch of an import emits, as it comes, `Ended` last.

    Made by `watch`; `session` is the one that it watches. Nothing is polled but while somebody iterates. It
    belongs to one thread at a time, save `cancel`. After `Ended`, iterating raises the errors of observers as
    `ObserverErrors`, which has the outcome, unless they are logged.

    Where something interrupts it, a `KeyboardInterrupt` say, or a transport raises what none should, the request
    under way is given up, as a poll that failed: the import goes on, and so does whoever asks for the next item, or
    resumes what `session.save()` gives, having taken what is `untold`.

    >>> from spongewatch.transports import VirtualClock
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> session = ImportSession("1126", Credentials("key", "password"), now=0.0)
    >>> watching = watch(session, HandlerTransport(lambda request: Response(401)), clock=VirtualClock())
    >>> [item.outcome for item in watching]
    [Rejected(reason='credentials', detail='status 401')]
    """

    _instead = "keep what session.save() gives, and resume that"

    def __init__(
        self,
        session: ImportSession,
        transport: Transport,
        *,
        observers: Observers,
        record: TraceWriter | None,
        clock: Clock,
    ) -> None:
        check_parts(session, transport, record)
        self.session = session
        self._transport = transport
        self._observers = observers
        self._record = record
        self._clock = clock
        self._cancelled = False
        self._over = False
        self._untold: deque[Emitted] = deque()

    def __next__(self) -> Emitted:
        if self._record:
            self._record.begin(self.session)
        while not self._untold:
            now = self._clock.now()
            if self._cancelled:
                self._keep(self.session.cancel(now=now))
            action = self.session.next_action(now=now)
            if isinstance(action, Done):
                break
            if isinstance(action, Wait) and action.until > now:
                self._clock.sleep(action.until - now)
            else:
                self._keep(self._carry(action, now))
        if not self._untold:
            self._end()
            raise StopIteration
        self._observers.tell(self._untold[0])
        return self._untold.popleft()  # not before all are told, so that an observer that is interrupted loses nothing

    @property
    def untold(self) -> tuple[Emitted, ...]:
        """What the session is past, and nobody was given yet: the rest of an answer whose telling was interrupted."""
        return tuple(self._untold)

    def run(self) -> Outcome:
        """Watch to the end; gives the outcome. Raises what iterating raises."""
        for _ in self:
            pass
        return self._outcome()

    def cancel(self) -> None:
        """End the watch as soon as no request is under way; from any thread or signal handler."""
        self._cancelled = True
        self._clock.wake()

    def _outcome(self) -> Outcome:
        outcome = self.session.outcome
        assert outcome is not None  # the watch has ended
        return outcome

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._observers.raise_errors(self._outcome())

    def _keep(self, items: tuple[Emitted, ...]) -> None:
        self._untold += items
        if self._record and items and isinstance(items[-1], Ended):
            self._record.end(self.session, items[-1])

    def _carry(self, action: Send | Wait, now: float) -> tuple[Emitted, ...]:
        """Do what is due at `now`: tell the session that a wait is over, or bring it an answer."""
        if isinstance(action, Wait):
            return self.session.handle_timeout(now=now)
        self.session.sent(now=now)
        sent = self.session.elapsed
        answer: Response | TransportError
        try:
            answer = response_of(self._transport.send(action.request, timeout=action.deadline - now))
        except TransportError as error:
            if self._cancelled:  # whoever cancels may cut off the request: that it brought no answer is no news
                return ()
            answer = error
        except BaseException as error:
            self._keep(self._bring(given_up(error), sent))
            if isinstance(error, StopIteration):  # which would end this iteration too, and in silence
                raise RuntimeError("the transport raised StopIteration") from error
            raise
        return self._bring(answer, sent)

    def _bring(self, answer: Response | TransportError, sent: float) -> tuple[Emitted, ...]:
        return bring(self.session, answer, sent=sent, now=self._clock.now(), record=self._record)


def watch(
    session: ImportSession,
    transport: Transport,
    *,
    observers: Iterable[Observer] = (),
    on_observer_error: Literal["raise", "log"] = "raise",
    record: TraceWriter | None = None,
    clock: Clock | None = None,
) -> Watch:
    """Watch the import of `session` through `transport`, which stays open.

    Each of the `observers` is called with what is emitted, before it is yielded. An exception in one does not end the
    watch: it is raised at the end, in an `ObserverErrors` group with the outcome, or logged at once. `record` writes a
    trace while the watch runs. `clock` is the one that `session` counts on, UNIX time
    by default, and serves one watch at a time. Raises `LocalProtocolError` for an observer that can't be called, and
    for a transport without a `send` or with an async one; iterating raises what the transport raises, save a
    `TransportError`.

    >>> from spongewatch.transports.testing import HandlerTransport
    >>> body = b'{"events": [{"event_type": "COMPLETE", "status": "COMPLETED", "value": 0}]}'
    >>> clock = SystemClock()
    >>> session = ImportSession("1126", Credentials("key", "password"), now=clock.now())
    >>> answer = HandlerTransport(lambda request: Response(200, {}, body))
    >>> watch(session, answer, clock=clock).run()
    Completed(contact_count=None)
    """
    return Watch(
        session,
        transport,
        observers=Observers(observers, on_observer_error),
        record=record,
        clock=clock or SystemClock(),
    )


def wait(
    import_id: str | int,
    credentials: Credentials | None,
    timeout: float | None = None,
    *,
    base_url: str = PUBLIC_SERVICE,
    format: Format = "json",
    auth: Auth = "basic",
    echo: str | None = None,
    policy: PollPolicy | None = None,
    observers: Iterable[Observer] = (),
    on_observer_error: Literal["raise", "log"] = "raise",
    record: TraceWriter | None = None,
    transport: Transport | None = None,
    insecure_http: bool = False,
    clock: Clock | None = None,
) -> Outcome:
    """Wait for an import to end.

    Args:
        import_id: The import, as the service named it; a str or an int.
        credentials: The domain key and password; None sends none.
        timeout: The longest wait in seconds, in place of the policy's `timeout`.
        base_url: Where the service is.
        format: The format of the responses, "json" or "xml".
        auth: How credentials are sent, "basic" or "query".
        echo: A text that the service hands back; None sends none.
        policy: How often to poll and for how long; None means the defaults of `PollPolicy`.
        observers: Functions that are called with each emitted item, as for `watch`.
        on_observer_error: "raise" their errors at the end, or "log" them at once.
        record: A `TraceWriter` that records the watch; it stays open.
        transport: What sends the requests; it stays open. By default one is made, and closed at the end.
        insecure_http: Allow plain http to another machine.
        clock: The clock to wait by; by default the system's.

    Returns:
        How the watch ended, whatever the service and the network did.

    Raises:
        InvalidType: `import_id` has a wrong type.
        LocalProtocolError: Another argument can't be used.
        ObserverErrors: Observers raised; the group has the outcome.

    >>> from spongewatch.transports import Simulator
    >>> with Simulator("skips") as service:
    ...     wait("1126", Credentials("demo-key", "demo-password"), base_url=service.base_url)
    Completed(contact_count=2340)
    """
    time = clock or SystemClock()
    session = session_to_wait_with(
        import_id,
        credentials,
        timeout,
        now=time.now(),
        base_url=base_url,
        format=format,
        auth=auth,
        echo=echo,
        policy=policy,
        insecure_http=insecure_http,
    )
    watched = partial(
        watch, session, observers=observers, on_observer_error=on_observer_error, record=record, clock=time
    )
    if transport is not None:
        return watched(transport).run()
    from .urllib3_transport import Urllib3Transport  # which takes as long to load as all the rest

    with closing(Urllib3Transport()) as made:
        return watched(made).run()


def poll(
    session: ImportSession,
    transport: Transport,
    *,
    record: TraceWriter | None = None,
    clock: Clock | None = None,
    before_sending: Callable[[], object] = lambda: None,
) -> tuple[Emitted, ...]:
    """Do what is due now, once, without sleeping; gives what is emitted, `()` where nothing is due.

    For workers of a queue: resume a session, poll, keep `session.save()` and what was emitted together, and
    come again at `session.next_action(...).until`. `before_sending` is called where a request is about to leave:
    the moment to keep the session, so that whoever goes on with it after a crash does not poll too soon. What it
    raises is raised, and nothing is sent. The time it takes counts towards the request's timeout: if none is left,
    nothing is sent, and the poll fails with a `TransportError` of the kind `timeout`.

    >>> from spongewatch.transports.testing import HandlerTransport
    >>> body = b'{"events": [{"event_type": "INITIALIZING", "status": "INPROGRESS", "value": 0}]}'
    >>> from spongewatch.transports import VirtualClock
    >>> clock = VirtualClock()
    >>> session = ImportSession("1126", Credentials("key", "password"), now=0.0)
    >>> answer = HandlerTransport(lambda request: Response(200, {}, body))
    >>> [item.trigger for item in poll(session, answer, clock=clock)]
    ['start']
    >>> poll(session, answer, clock=clock), session.next_action(now=clock.now())
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
    told = _carried(session, action, transport, now, time, record, before_sending)
    if record and told and isinstance(told[-1], Ended):
        record.end(session, told[-1])
    return told


def _carried(
    session: ImportSession,
    action: Send | Wait,
    transport: Transport,
    now: float,
    clock: Clock,
    record: TraceWriter | None,
    before_sending: Callable[[], object],
) -> tuple[Emitted, ...]:
    """What comes of `action`, which is due at `now`; an exception leaves the poll open, as a kill would."""
    if isinstance(action, Wait):
        return session.handle_timeout(now=now)
    session.sent(now=now)
    sent = session.elapsed
    before_sending()
    timeout = action.deadline - clock.now()
    answer: Response | TransportError
    try:
        if timeout <= 0:
            raise TransportError("timeout", "no time was left to send the request after before_sending")
        answer = response_of(transport.send(action.request, timeout=timeout))
    except TransportError as error:
        answer = error
    return bring(session, answer, sent=sent, now=clock.now(), record=record)
