"""The loops under asyncio: `watch_async` and `wait_async`, twins of those in `watching`. They decide nothing."""

from collections import deque
from collections.abc import AsyncIterator, Iterable
from functools import partial
from inspect import iscoroutinefunction
from typing import Literal, Self, cast, final

from spongewatch import (
    PUBLIC_SERVICE,
    Auth,
    Credentials,
    Done,
    Emitted,
    Ended,
    Format,
    ImportSession,
    LocalProtocolError,
    Outcome,
    PollPolicy,
    Response,
    Send,
    TransportError,
    Wait,
)

from .async_transport import AsyncTransport
from .clock import AsyncClock, SystemClock
from .loop_parts import bring, check_parts, given_up, response_of, session_to_wait_with
from .observers import Observer, Observers
from .threaded_transport import ThreadedTransport, in_new_thread
from .trace_writer import TraceWriter
from .transport import Transport
from .unpicklable import Unpicklable


@final
class AsyncWatch(Unpicklable, AsyncIterator[Emitted]):
    """What the watch of an import emits, as it comes, `Ended` last.

    Made by `watch_async`; `session` is the one that it watches. Nothing is polled but while somebody awaits the
    next item. It belongs to one task at a time, save `cancel`. After `Ended`, iterating raises
    the errors of observers as `ObserverErrors`, which has the outcome, unless they are logged.

    Where its task is cancelled, or its time is over, or a transport raises what none should, the request under way
    is given up, as a poll that failed: the import goes on, and so does whoever awaits the next item, or resumes what
    `session.save()` gives, having taken what is `untold`.

    >>> import asyncio
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

    _instead = "keep what session.save() gives, and resume that"

    def __init__(
        self,
        session: ImportSession,
        transport: AsyncTransport | Transport,
        *,
        observers: Observers,
        record: TraceWriter | None,
        clock: AsyncClock,
    ) -> None:
        check_parts(session, transport, record, awaiting=True)
        self.session = session
        self._threads: ThreadedTransport | None = None
        if iscoroutinefunction(transport.send):
            self._transport = cast(AsyncTransport, transport)
        else:
            self._transport = self._threads = ThreadedTransport(cast(Transport, transport), threads=1)
        self._observers = observers
        self._record = record
        self._clock = clock
        self._cancelled = False
        self._awaited = False
        self._over = False
        self._untold: deque[Emitted] = deque()

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

    @property
    def untold(self) -> tuple[Emitted, ...]:
        """What the session is past, and nobody was given yet: the rest of an answer whose telling was cancelled."""
        return tuple(self._untold)

    async def run(self) -> Outcome:
        """Watch to the end; gives the outcome. Raises what iterating raises."""
        async for _ in self:
            pass
        return self._outcome()

    def cancel(self) -> None:
        """End the watch, with its `Ended`, as soon as no request is under way; from any thread or signal handler."""
        self._cancelled = True
        self._clock.wake()

    async def _next(self) -> Emitted:
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
                await self._clock.sleep_async(action.until - now)
            else:
                self._keep(await self._carry(action, now))
        if not self._untold:
            self._end()
            raise StopAsyncIteration
        await self._observers.tell_async(self._untold[0])
        return self._untold.popleft()  # not before all are told, so that a cancelled task loses nothing

    def _outcome(self) -> Outcome:
        outcome = self.session.outcome
        assert outcome is not None  # the watch has ended
        return outcome

    def _end(self) -> None:
        if not self._over:
            self._over = True
            if self._threads:
                self._threads.release()
            self._observers.raise_errors(self._outcome())

    def _keep(self, items: tuple[Emitted, ...]) -> None:
        self._untold += items
        if self._record and items and isinstance(items[-1], Ended):
            self._record.end(self.session, items[-1])

    async def _carry(self, action: Send | Wait, now: float) -> tuple[Emitted, ...]:
        """Do what is due at `now`: tell the session that a wait is over, or bring it an answer."""
        if isinstance(action, Wait):
            return self.session.handle_timeout(now=now)
        self.session.sent(now=now)
        sent = self.session.elapsed
        answer: Response | TransportError
        try:
            answer = response_of(await self._transport.send(action.request, timeout=action.deadline - now))
        except TransportError as error:
            if self._cancelled:  # whoever cancels may cut off the request: that it brought no answer is no news
                return ()
            answer = error
        except BaseException as error:
            self._keep(self._bring(given_up(error), sent))
            if isinstance(error, StopAsyncIteration):  # which would end this iteration too, and in silence
                raise RuntimeError("the transport raised StopAsyncIteration") from error
            raise
        return self._bring(answer, sent)

    def _bring(self, answer: Response | TransportError, sent: float) -> tuple[Emitted, ...]:
        return bring(self.session, answer, sent=sent, now=self._clock.now(), record=self._record)


def watch_async(
    session: ImportSession,
    transport: AsyncTransport | Transport,
    *,
    observers: Iterable[Observer] = (),
    on_observer_error: Literal["raise", "log"] = "raise",
    record: TraceWriter | None = None,
    clock: AsyncClock | None = None,
) -> AsyncWatch:
    """Watch the import of `session` through `transport`, which stays open, on the event loop that runs.

    A transport whose `send` is no `async def` sends in a thread of its own; watches that shall share threads
    get one `ThreadedTransport`. Observers may be `async def`, and are awaited one after the other. All else is
    as for `watch`, and so are the errors.

    >>> import asyncio
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> body = b'{"events": [{"event_type": "COMPLETE", "status": "COMPLETED", "value": 0}]}'
    >>> async def main() -> Outcome:
    ...     clock = SystemClock()
    ...     session = ImportSession("1126", Credentials("key", "password"), now=clock.now())
    ...     answer = HandlerTransport(lambda request: Response(200, {}, body))
    ...     return await watch_async(session, answer, clock=clock).run()
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


async def wait_async(
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
    transport: AsyncTransport | Transport | None = None,
    insecure_http: bool = False,
    clock: AsyncClock | None = None,
) -> Outcome:
    """Wait for an import to end, without blocking the event loop.

    Arguments, result and errors are those of `wait`; observers may be `async def`. When `timeout` runs out, the outcome
    is `TimedOut`; `asyncio.timeout` works too, and raises. The transport that is made by default is loaded and made
    in a thread.

    >>> import asyncio
    >>> from spongewatch.transports import Simulator
    >>> with Simulator("skips") as service:
    ...     credentials = Credentials("demo-key", "demo-password")
    ...     asyncio.run(wait_async("1126", credentials, base_url=service.base_url))
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
        watch_async, session, observers=observers, on_observer_error=on_observer_error, record=record, clock=time
    )
    if transport is not None:
        return await watched(transport).run()
    async with ThreadedTransport(await in_new_thread(_new_transport), threads=1) as made:
        return await watched(made).run()


def _new_transport() -> Transport:
    from .urllib3_transport import Urllib3Transport  # loading it takes longer than an event loop may be blocked

    return Urllib3Transport(connections=1)
