"""`watch_async`: the loop of `watch` under asyncio."""

from collections.abc import AsyncIterator, Iterable
from inspect import iscoroutinefunction
from typing import Literal, Self, cast, final

from ...core import Emitted, ImportSession, LocalProtocolError, Outcome, Response, Send, TransportError
from ..clock import AsyncClock, SystemClock
from ..threaded_transport import ThreadedTransport
from ..transport import AsyncTransport, Transport
from .loop import Loop, checked_response
from .observers import Observer, Observers
from .recorder import Recorder


@final
class AsyncWatch(Loop, AsyncIterator[Emitted]):
    """Iterates over what the watch of an import emits, `Ended` last; made by `watch_async`.

    Polls happen only while somebody awaits the next item. A watch belongs to one task at a time; only `cancel` may be
    called from anywhere. After `Ended`, iterating raises the errors of observers as `ObserverErrors`, which has the
    outcome, unless they are logged.

    If the task is cancelled, or an exception that no transport may raise interrupts the watch, the open request counts
    as a failed poll. Go on by awaiting the next item, or deliver `pending` and resume `session.save()`.

    Attributes:
        session: The session that is watched.
        pending: Items emitted but not yet delivered.

    >>> import asyncio
    >>> from spongewatch import Credentials, Ended
    >>> from spongewatch.transports import VirtualClock
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> async def main() -> list[Outcome]:
    ...     session = ImportSession("1126", Credentials("key", "password"), now=0.0)
    ...     transport = HandlerTransport(lambda request: Response(401))
    ...     watching = watch_async(session, transport, clock=VirtualClock())
    ...     return [item.outcome async for item in watching if isinstance(item, Ended)]
    >>> asyncio.run(main())
    [Rejected(reason='credentials', detail='status 401')]
    """

    def __init__(
        self,
        session: ImportSession,
        transport: AsyncTransport | Transport,
        *,
        observers: Observers,
        record: Recorder | None,
        clock: AsyncClock,
    ) -> None:
        super().__init__(session, transport, observers=observers, record=record, clock=clock, awaiting=True)
        self._clock: AsyncClock = clock
        self._threads: ThreadedTransport | None = None
        if iscoroutinefunction(transport.send):
            self._transport = cast(AsyncTransport, transport)
        else:
            self._transport = self._threads = ThreadedTransport(cast(Transport, transport), threads=1)
        self._awaited = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Emitted:
        if self._awaited:
            raise LocalProtocolError("a watch belongs to one task at a time, and another one awaits its next item")
        self._awaited = True
        try:
            return await self._next()
        finally:
            self._awaited = False

    async def run(self) -> Outcome:
        """Watch to the end and return the outcome; raise what iterating raises."""
        async for _ in self:
            pass
        return self._outcome()

    async def _next(self) -> Emitted:
        if self._record:
            self._record.begin(self.session)
        while (step := self._step()) is not None:
            if isinstance(step, tuple):
                self._receive(await self._sent_and_received(*step))
            else:
                await self._clock.sleep_async(step)
        if not self._pending:
            if self._threads:
                self._threads.release()
            self._end()
            raise StopAsyncIteration
        await self._observers.notify_async(self._pending[0])
        return self._pending.popleft()  # after all observers were called: a cancelled task loses nothing

    async def _sent_and_received(self, action: Send, timeout: float) -> Response | TransportError | None:
        try:
            return checked_response(await self._transport.send(action.request, timeout=timeout))
        except BaseException as error:
            return self._failure(error)


def watch_async(
    session: ImportSession,
    transport: AsyncTransport | Transport,
    *,
    observers: Iterable[Observer] = (),
    on_observer_error: Literal["raise", "log"] = "raise",
    record: Recorder | None = None,
    clock: AsyncClock | None = None,
) -> AsyncWatch:
    """Watch the import of `session` on the running event loop.

    Args:
        session: The session to watch.
        transport: What sends the requests; it stays open. One whose `send` is not async sends in a thread of this
            watch; several watches share the threads of one `ThreadedTransport`.
        observers: Functions that are called with each item before it is yielded; async ones are awaited, one after
            the other.
        on_observer_error: As for `watch`.
        record: A `TraceWriter` that records the watch.
        clock: The clock that `session` counts on, for this watch alone; UNIX time by default.

    Returns:
        An async iterator over the emitted items, which raises what the transport raises, except `TransportError`.

    Raises:
        LocalProtocolError: An observer can't be called, or the transport has no `send`.

    >>> import asyncio
    >>> from spongewatch import Credentials
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> body = b'{"events": [{"event_type": "COMPLETE", "status": "COMPLETED", "value": 0}]}'
    >>> async def main() -> Outcome:
    ...     clock = SystemClock()
    ...     session = ImportSession("1126", Credentials("key", "password"), now=clock.now())
    ...     transport = HandlerTransport(lambda request: Response(200, {}, body))
    ...     return await watch_async(session, transport, clock=clock).run()
    >>> asyncio.run(main())
    Completed(contact_count=None)
    """
    return AsyncWatch(
        session,
        transport,
        observers=Observers(observers, on_observer_error, awaiting=True),
        record=record,
        clock=clock or SystemClock(),
    )
