"""`watch`: the loop that polls an import until its watch ends, and yields what the session emits."""

from collections.abc import Iterable, Iterator
from typing import Literal, final

from ...core import Emitted, ImportSession, Outcome, Response, Send, TransportError
from ..clock import Clock, SystemClock
from ..transport import Transport
from .loop import Loop, checked_response
from .observers import Observer, Observers
from .recorder import Recorder


@final
class Watch(Loop, Iterator[Emitted]):
    """Iterates over what the watch of an import emits, `Ended` last; made by `watch`.

    Polls happen only while somebody asks for the next item. A watch belongs to one thread at a time; only `cancel` may
    be called from any. After `Ended`, iterating raises the errors of observers as `ObserverErrors`, which has the
    outcome, unless they are logged.

    If a `KeyboardInterrupt`, or an exception that no transport may raise, interrupts the watch, the open request counts
    as a failed poll. Go on by asking for the next item, or deliver `pending` and resume `session.save()`.

    Attributes:
        session: The session that is watched.
        pending: Items emitted but not yet delivered.

    >>> from spongewatch import Credentials
    >>> from spongewatch.transports import VirtualClock
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> session = ImportSession("1126", Credentials("key", "password"), now=0.0)
    >>> watching = watch(session, HandlerTransport(lambda request: Response(401)), clock=VirtualClock())
    >>> [item.outcome for item in watching]
    [Rejected(reason='credentials', detail='status 401')]
    """

    def __init__(
        self,
        session: ImportSession,
        transport: Transport,
        *,
        observers: Observers,
        record: Recorder | None,
        clock: Clock,
    ) -> None:
        super().__init__(session, transport, observers=observers, record=record, clock=clock)
        self._transport = transport
        self._clock: Clock = clock

    def __next__(self) -> Emitted:
        if self._record:
            self._record.begin(self.session)
        while (step := self._step()) is not None:
            if isinstance(step, tuple):
                self._receive(self._sent_and_received(*step))
            else:
                self._clock.sleep(step)
        if not self._pending:
            self._end()
            raise StopIteration
        self._observers.notify(self._pending[0])
        return self._pending.popleft()  # after all observers were called: an interrupted one loses nothing

    def run(self) -> Outcome:
        """Watch to the end and return the outcome; raise what iterating raises."""
        for _ in self:
            pass
        return self._outcome()

    def _sent_and_received(self, action: Send, timeout: float) -> Response | TransportError | None:
        try:
            return checked_response(self._transport.send(action.request, timeout=timeout))
        except BaseException as error:
            return self._failure(error)


def watch(
    session: ImportSession,
    transport: Transport,
    *,
    observers: Iterable[Observer] = (),
    on_observer_error: Literal["raise", "log"] = "raise",
    record: Recorder | None = None,
    clock: Clock | None = None,
) -> Watch:
    """Watch the import of `session`.

    Args:
        session: The session to watch.
        transport: What sends the requests; it stays open.
        observers: Functions that are called with each item before it is yielded.
        on_observer_error: `raise` the errors of observers at the end, as `ObserverErrors`, or `log` them at once. They
            never end the watch.
        record: A `TraceWriter` that records the watch.
        clock: The clock that `session` counts on, for this watch alone; UNIX time by default.

    Returns:
        An iterator over the emitted items, which raises what the transport raises, except `TransportError`.

    Raises:
        LocalProtocolError: An observer can't be called, or the transport has no `send` or an async one.

    >>> from spongewatch import Credentials
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> body = b'{"events": [{"event_type": "COMPLETE", "status": "COMPLETED", "value": 0}]}'
    >>> clock = SystemClock()
    >>> session = ImportSession("1126", Credentials("key", "password"), now=clock.now())
    >>> transport = HandlerTransport(lambda request: Response(200, {}, body))
    >>> watch(session, transport, clock=clock).run()
    Completed(contact_count=None)
    """
    return Watch(
        session,
        transport,
        observers=Observers(observers, on_observer_error),
        record=record,
        clock=clock or SystemClock(),
    )
