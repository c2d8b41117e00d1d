"""`watch_async`: the loop of `watch` for asyncio."""

from collections.abc import AsyncIterator, Iterable
from inspect import iscoroutinefunction
from typing import Self, cast, final

from ...core import Emitted, ImportSession, LocalProtocolError, Outcome, Response, Send, TransportError
from ..clock import AsyncClock, SystemClock
from ..threaded_transport import ThreadedTransport
from ..transport import AsyncTransport, Transport
from .loop import Loop, checked_response
from .observers import Observer, Observers, OnObserverError
from .recorder import Recorder


@final
class AsyncWatch(Loop, AsyncIterator[Emitted]):
    """An async iterator over the items that the watch of an import emits, ending with `Ended`.

    Created by `watch_async`. It polls only while you await the next item. Use a watch in one task at a time; only
    `cancel` may be called from anywhere. After `Ended`, the exceptions of observers are raised as `ObserverErrors`,
    unless they were logged.

    If the task is cancelled, or an exception that transports must not raise interrupts the watch, the open request
    counts as a failed poll. To continue, await the next item; or handle `pending` and resume `session.save()`.

    Attributes:
        session: The watched session.
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
        super().__init__(session, transport, observers=observers, record=record, clock=clock, allow_async=True)
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
            raise LocalProtocolError("another task is already awaiting the next item of this watch")
        self._awaited = True
        try:
            return await self._next()
        finally:
            self._awaited = False

    async def run(self) -> Outcome:
        """Watch to the end and return the outcome.

        Returns:
            How the watch ended.

        Raises:
            ObserverErrors: Observers raised exceptions, and they were not logged.

        >>> import asyncio
        >>> from spongewatch import Credentials
        >>> from spongewatch.transports import VirtualClock
        >>> from spongewatch.transports.testing import HandlerTransport
        >>> async def main() -> Outcome:
        ...     session = ImportSession("1126", Credentials("key", "password"), now=0.0)
        ...     transport = HandlerTransport(lambda request: Response(401))
        ...     return await watch_async(session, transport, clock=VirtualClock()).run()
        >>> asyncio.run(main())
        Rejected(reason='credentials', detail='status 401')
        """
        async for _ in self:
            pass
        return self._outcome()

    async def _next(self) -> Emitted:
        if self._record:
            self._record.begin(self.session)
        while (step := self._step()) is not None:
            if isinstance(step, tuple):
                self._receive(await self._send(*step))
            else:
                await self._clock.sleep_async(step)
        if not self._pending:
            if self._threads:
                self._threads.release()
            self._end()
            raise StopAsyncIteration
        await self._observers.notify_async(self._pending[0])
        return self._pending.popleft()  # not before all observers were called, or a cancelled task would lose the item

    async def _send(self, action: Send, timeout: float) -> Response | TransportError | None:
        try:
            return checked_response(await self._transport.send(action.request, timeout=timeout))
        except BaseException as error:
            return self._failure(error)


def watch_async(
    session: ImportSession,
    transport: AsyncTransport | Transport,
    *,
    observers: Iterable[Observer] = (),
    on_observer_error: OnObserverError = "raise",
    record: Recorder | None = None,
    clock: AsyncClock | None = None,
) -> AsyncWatch:
    """Watch an import on the running event loop, and iterate over the emitted items.

    Args:
        session: The session to watch.
        transport: The transport to send requests with; it stays open. A blocking one sends in a thread that belongs to
            this watch; to share threads between watches, pass a `ThreadedTransport`.
        observers: Functions to call with each item before it is yielded; async ones are awaited, one after the other.
        on_observer_error: The treatment of exceptions of observers, which never end a watch: "raise" them as
            `ObserverErrors` when the watch has ended, or "log" them at once.
        record: A `TraceWriter` that records the watch; it stays open.
        clock: The clock that `session` uses; UNIX time by default. Don't share it between watches: `cancel` might
            wake the wrong one.

    Returns:
        An async iterator over the emitted items. Exceptions of the transport other than `TransportError` pass through
        it.

    Raises:
        InvalidType: `session`, `transport`, `observers` or `record` has the wrong type.
        InvalidArgument: `on_observer_error` is neither "raise" nor "log".

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
        observers=Observers(observers, on_observer_error, allow_async=True),
        record=record,
        clock=clock or SystemClock(),
    )
