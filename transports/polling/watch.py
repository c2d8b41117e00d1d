"""`watch`: the loop that polls an import and yields the emitted items."""

from collections.abc import Iterable, Iterator
from typing import final

from ...core import Emitted, ImportSession, Outcome, Response, Send, TransportError
from ..clock import Clock, SystemClock
from ..transport import Transport
from .loop import Loop, checked_response
from .observers import Observer, Observers, OnObserverError
from .recorder import Recorder


@final
class Watch(Loop, Iterator[Emitted]):
    """An iterator over the items that the watch of an import emits, ending with `Ended`; created by `watch`.

    It polls only while you ask for the next item. Use a watch in one thread at a time; only `cancel` may be called from
    other threads. After `Ended`, the exceptions of observers are raised as `ObserverErrors`, unless they were logged.

    If a `KeyboardInterrupt`, or an exception that transports must not raise, interrupts the watch, the open request
    counts as a failed poll. To continue, ask for the next item; or handle `pending` and resume `session.save()`.

    Attributes:
        session: The watched session.
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
                self._receive(self._send(*step))
            else:
                self._clock.sleep(step)
        if not self._pending:
            self._end()
            raise StopIteration
        self._observers.notify(self._pending[0])
        return self._pending.popleft()  # not before all observers were called, or an interrupt would lose the item

    def run(self) -> Outcome:
        """Watch to the end and return the outcome.

        Returns:
            How the watch ended.

        Raises:
            ObserverErrors: Observers raised exceptions, and they were not logged.

        >>> from spongewatch import Credentials
        >>> from spongewatch.transports import VirtualClock
        >>> from spongewatch.transports.testing import HandlerTransport
        >>> session = ImportSession("1126", Credentials("key", "password"), now=0.0)
        >>> watch(session, HandlerTransport(lambda request: Response(401)), clock=VirtualClock()).run()
        Rejected(reason='credentials', detail='status 401')
        """
        for _ in self:
            pass
        return self._outcome()

    def _send(self, action: Send, timeout: float) -> Response | TransportError | None:
        try:
            return checked_response(self._transport.send(action.request, timeout=timeout))
        except BaseException as error:
            return self._failure(error)


def watch(
    session: ImportSession,
    transport: Transport,
    *,
    observers: Iterable[Observer] = (),
    on_observer_error: OnObserverError = "raise",
    record: Recorder | None = None,
    clock: Clock | None = None,
) -> Watch:
    """Watch an import: poll until the watch ends, and iterate over the emitted items.

    Args:
        session: The session to watch.
        transport: The transport to send requests with; it stays open.
        observers: Functions to call with each item before it is yielded.
        on_observer_error: The treatment of exceptions of observers, which never end a watch: "raise" them as
            `ObserverErrors` when the watch has ended, or "log" them at once.
        record: A `TraceWriter` that records the watch; it stays open.
        clock: The clock that `session` uses; UNIX time by default. Don't share it between watches: `cancel` might
            wake the wrong one.

    Returns:
        An iterator over the emitted items. Exceptions of the transport other than `TransportError` pass through it.

    Raises:
        InvalidType: `session`, `transport`, `observers` or `record` has the wrong type, or one of them is async.
        InvalidArgument: `on_observer_error` is neither "raise" nor "log".

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
