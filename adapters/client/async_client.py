"""`AsyncClient`: `Client` under asyncio."""

from collections.abc import Callable, Iterable
from inspect import isawaitable, iscoroutinefunction
from types import TracebackType
from typing import Literal, Self, TypeVar, cast, final, overload

from ...core import (
    PUBLIC_SERVICE,
    BegunImport,
    Contacts,
    Credentials,
    LocalProtocolError,
    Outcome,
    PollPolicy,
    Response,
    TransportError,
)
from ...core._shared import Auth, Call, ContactsDownload, Format, Steps, begin, checked_import_id, hidden_url
from ...transports import (
    AsyncClock,
    AsyncTransport,
    AsyncWatch,
    Observer,
    Recorder,
    SystemClock,
    ThreadedTransport,
    Transport,
    Urllib3Transport,
    watch_async,
)
from ...transports._shared import Unpicklable
from .contact_streams import AsyncContactStream
from .settings import ClientSettings, credentials_from_env

_T = TypeVar("_T")


@final
class AsyncClient(Unpicklable):
    """A client of the service under asyncio, for any number of imports and tasks of one event loop.

    Methods, arguments, results and errors are those of `Client`; `AsyncClient` is an async context manager.

    Args:
        domain_key: The domain key of your CloudSponge account.
        domain_password: Its password.
        base_url: The URL of the service.
        policy: How often to poll and for how long; None means the defaults of `PollPolicy`.
        transport: Sends the requests, async or not; it stays open. By default one is made that sends in threads,
            and closed by `close`.
        format: The format of the events, "json" or "xml".
        auth: How credentials are sent, "basic" in a header or "query" as arguments.
        insecure_http: Allow plain http to another machine.
        clock: The clock to wait by, for one call at a time; by default each call has one of its own.

    Raises:
        InvalidArgument: An argument can't be used; the message names it.
        InvalidType: An argument has the wrong type.

    >>> import asyncio
    >>> from spongewatch.transports import Simulator
    >>> async def main() -> Outcome:
    ...     with Simulator("skips") as service:
    ...         async with AsyncClient("demo-key", "demo-password", base_url=service.base_url) as client:
    ...             return await client.wait("1126")
    >>> asyncio.run(main())
    Completed(contact_count=2340)
    """

    def __init__(
        self,
        domain_key: str,
        domain_password: str,
        *,
        base_url: str = PUBLIC_SERVICE,
        policy: PollPolicy | None = None,
        transport: AsyncTransport | Transport | None = None,
        format: Format = "json",
        auth: Auth = "basic",
        insecure_http: bool = False,
        clock: AsyncClock | None = None,
    ) -> None:
        base_url = hidden_url(base_url)
        try:
            credentials = Credentials(domain_key, domain_password)
        finally:
            del domain_password  # error reporters print the locals of the frames that raise
        self._settings = ClientSettings(credentials, base_url, policy or PollPolicy(), format, auth, insecure_http)
        self._transport, self._threads = _awaitable(transport)
        self._closes = transport is None
        self._clock = clock
        self._closed = False

    @classmethod
    def from_env(
        cls,
        *,
        base_url: str = PUBLIC_SERVICE,
        policy: PollPolicy | None = None,
        transport: AsyncTransport | Transport | None = None,
    ) -> Self:
        """Return a client with the credentials in CLOUDSPONGE_DOMAIN_KEY and CLOUDSPONGE_DOMAIN_PASSWORD.

        Args:
            base_url: As for `AsyncClient`.
            policy: As for `AsyncClient`.
            transport: As for `AsyncClient`.

        Raises:
            InvalidArgument: A variable is not set, or an argument can't be used.
        """
        base_url, credentials = hidden_url(base_url), credentials_from_env()
        return cls(
            credentials.domain_key, credentials.domain_password, base_url=base_url, policy=policy, transport=transport
        )

    async def begin_import(
        self,
        service: str,
        *,
        username: str | None = None,
        password: str | None = None,
        include: Iterable[str] = (),
        redirect_url: str | None = None,
        user_id: str | None = None,
        echo: str | None = None,
        timeout: float = 30,
    ) -> BegunImport:
        """Begin an import, as `Client.begin_import` does."""
        try:
            request, read = self._settings.begin(
                service,
                username=username,
                password=password,
                include=include,
                redirect_url=redirect_url,
                user_id=user_id,
                echo=echo,
            )
        finally:
            del username, password  # error reporters print the locals of the frames that raise
        clock = self._a_clock()
        return await self._run(begin(request, read, now=clock.now(), timeout=timeout, service=service), clock)

    def watch(
        self,
        import_id: str | int,
        *,
        timeout: float | None = None,
        observers: Iterable[Observer] = (),
        on_observer_error: Literal["raise", "log"] = "raise",
        record: Recorder | None = None,
    ) -> AsyncWatch:
        """Watch an import, as `Client.watch` does; observers may be `async def`."""
        clock = self._a_clock()
        session = self._settings.session(import_id, now=clock.now(), timeout=timeout)
        return watch_async(
            session,
            self._transport,
            observers=observers,
            on_observer_error=on_observer_error,
            record=record,
            clock=clock,
        )

    def resume(
        self,
        saved: str,
        *,
        observers: Iterable[Observer] = (),
        on_observer_error: Literal["raise", "log"] = "raise",
        record: Recorder | None = None,
    ) -> AsyncWatch:
        """Go on with a saved watch, as `Client.resume` does."""
        clock = self._a_clock()
        session = self._settings.resumed(saved, now=clock.now())
        return watch_async(
            session,
            self._transport,
            observers=observers,
            on_observer_error=on_observer_error,
            record=record,
            clock=clock,
        )

    async def wait(
        self,
        import_id: str | int,
        *,
        timeout: float | None = None,
        observers: Iterable[Observer] = (),
        on_observer_error: Literal["raise", "log"] = "raise",
        record: Recorder | None = None,
    ) -> Outcome:
        """Wait for an import to end and return how it ended; arguments and errors are those of `watch`."""
        return await self.watch(
            import_id, timeout=timeout, observers=observers, on_observer_error=on_observer_error, record=record
        ).run()

    @overload
    async def contacts(
        self, import_id: str | int, *, stream: Literal[False] = False, timeout: float = 60
    ) -> Contacts: ...
    @overload
    async def contacts(
        self, import_id: str | int, *, stream: Literal[True], timeout: float = 60
    ) -> AsyncContactStream: ...
    async def contacts(
        self, import_id: str | int, *, stream: bool = False, timeout: float = 60
    ) -> Contacts | AsyncContactStream:
        """Download the contacts, as `Client.contacts` does; a stream is iterated over with `async for`."""
        clock = self._a_clock()
        download = ContactsDownload(
            checked_import_id(import_id),
            self._settings.page(import_id),
            timeout=timeout,
            restarts=0 if stream else 1,
        )
        if stream:
            return AsyncContactStream(download, lambda: self._run(download.next_page(now=clock.now()), clock))
        return await self._run(download.whole(now=clock.now()), clock)

    async def import_contacts(
        self,
        service: str,
        *,
        on_begun: Callable[[BegunImport], object],
        timeout: float | None = None,
        username: str | None = None,
        password: str | None = None,
        include: Iterable[str] = (),
        redirect_url: str | None = None,
        user_id: str | None = None,
        echo: str | None = None,
        observers: Iterable[Observer] = (),
        record: Recorder | None = None,
    ) -> Contacts:
        """Begin an import, wait for it, and download its contacts, as `Client.import_contacts` does.

        `on_begun` may be `async def`.
        """
        try:
            begun = await self.begin_import(
                service,
                username=username,
                password=password,
                include=include,
                redirect_url=redirect_url,
                user_id=user_id,
                echo=echo,
            )
        finally:
            del username, password  # error reporters print the locals of the frames that raise
        shown = on_begun(begun)
        if isawaitable(shown):
            await shown
        outcome = await self.wait(begun.import_id, timeout=timeout, observers=observers, record=record)
        outcome.raise_for_outcome()
        return await self.contacts(begun.import_id)

    async def close(self) -> None:
        """Close the connections, unless the transport was given; may be called again."""
        self._closed = True
        if self._closes:
            await self._transport.close()
        elif self._threads:
            self._threads.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return "AsyncClient()"

    def _a_clock(self) -> AsyncClock:
        if self._closed:
            raise LocalProtocolError("the client is closed")
        return self._clock or SystemClock()

    async def _run(self, steps: Steps[_T], clock: AsyncClock) -> _T:
        """Do what `steps` asks for, and return its result."""
        try:
            step = next(steps)
            while True:
                result: Response | TransportError | None = None
                if isinstance(step, Call):
                    try:
                        result = await self._transport.send(step.request, timeout=step.timeout)
                    except TransportError as error:
                        result = error
                else:
                    await clock.sleep_async(step.seconds)
                step = steps.send((result, clock.now()))
        except StopIteration as end:
            return cast(_T, end.value)


def _awaitable(transport: AsyncTransport | Transport | None) -> tuple[AsyncTransport, ThreadedTransport | None]:
    """Return a transport whose `send` can be awaited, and the threads that were made for it."""
    if transport is not None and iscoroutinefunction(transport.send):
        return cast(AsyncTransport, transport), None
    threads = ThreadedTransport(cast(Transport, transport or Urllib3Transport()))
    return threads, threads
