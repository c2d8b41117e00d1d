"""`wait` and `wait_async`: watch an import with one call.

They create the transport if none is given, so this is the only module that imports both the loops and the HTTP stack.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace

from ..core import PUBLIC_SERVICE, Credentials, ImportSession, Outcome, PollPolicy
from ..core._shared import Auth, Format, hidden_url
from .clock import AsyncClock, Clock, SystemClock
from .polling.observers import Observer, OnObserverError
from .polling.recorder import Recorder
from .polling.watch import watch
from .transport import AsyncTransport, Transport


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
    on_observer_error: OnObserverError = "raise",
    record: Recorder | None = None,
    transport: Transport | None = None,
    insecure_http: bool = False,
    clock: Clock | None = None,
) -> Outcome:
    """Wait for an import to end and return its outcome.

    Args:
        import_id: The id that the service assigned to the import.
        credentials: The domain key and password; None sends none.
        timeout: Seconds to wait at most, in place of `policy.timeout`. The wait may end up to one request timeout
            later, because a poll that is due is always sent before the watch gives up.
        base_url: The URL of the service; https, or http to this machine.
        format: The format to request responses in, "json" or "xml".
        auth: How to send the credentials: "basic" in a header, "query" in the URL, which is often logged.
        echo: Text that the service returns in each response; None sends none.
        policy: Polling interval and timeouts; None uses the defaults of `PollPolicy`.
        observers: Functions to call with each emitted item.
        on_observer_error: The treatment of exceptions of observers: "raise" them when the watch has ended, or "log"
            them at once.
        record: A `TraceWriter` that records the watch; it stays open.
        transport: The transport to send requests with; it stays open. By default, one is created for this
            call and closed at the end.
        insecure_http: Allow a `base_url` with plain http to another machine.
        clock: The clock to wait by; the system's by default.

    Returns:
        The outcome. Failures of the service, the network and the import are outcomes, not exceptions.

    Raises:
        InvalidType: An argument has the wrong type.
        InvalidArgument: An argument has an invalid value, or the environment names an unusable proxy.
        ObserverErrors: Observers raised exceptions; the group has the outcome.

    >>> from spongewatch.transports import Simulator
    >>> with Simulator("skips") as service:
    ...     wait("1126", Credentials("demo-key", "demo-password"), base_url=service.base_url)
    Completed(contact_count=2340)
    """
    base_url = hidden_url(base_url)
    clock = clock or SystemClock()
    now = clock.now()
    session = _session(import_id, credentials, timeout, now, base_url, format, auth, echo, policy, insecure_http)

    def run(transport: Transport) -> Outcome:
        loop = watch(
            session, transport, observers=observers, on_observer_error=on_observer_error, record=record, clock=clock
        )
        return loop.run()

    if transport is not None:
        return run(transport)
    with closing(_new_transport()) as created:
        return run(created)


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
    on_observer_error: OnObserverError = "raise",
    record: Recorder | None = None,
    transport: AsyncTransport | Transport | None = None,
    insecure_http: bool = False,
    clock: AsyncClock | None = None,
) -> Outcome:
    """Wait for an import to end and return its outcome, without blocking the event loop.

    When `timeout` is over, the outcome is `TimedOut`. `asyncio.timeout` works too, but raises `TimeoutError`.

    Args:
        import_id: The id that the service assigned to the import.
        credentials: The domain key and password; None sends none.
        timeout: Seconds to wait at most, in place of `policy.timeout`. The wait may end up to one request timeout
            later, because a poll that is due is always sent before the watch gives up.
        base_url: The URL of the service; https, or http to this machine.
        format: The format to request responses in, "json" or "xml".
        auth: How to send the credentials: "basic" in a header, "query" in the URL, which is often logged.
        echo: Text that the service returns in each response; None sends none.
        policy: Polling interval and timeouts; None uses the defaults of `PollPolicy`.
        observers: Functions to call with each emitted item; async ones are awaited, one after the other.
        on_observer_error: The treatment of exceptions of observers: "raise" them when the watch has ended, or "log"
            them at once.
        record: A `TraceWriter` that records the watch; it stays open.
        transport: The transport to send requests with; it stays open. A blocking one sends in a thread. By default, one
            is created for this call, in a thread, and closed at the end.
        insecure_http: Allow a `base_url` with plain http to another machine.
        clock: The clock to wait by; the system's by default.

    Returns:
        The outcome. Failures of the service, the network and the import are outcomes, not exceptions.

    Raises:
        InvalidType: An argument has the wrong type.
        InvalidArgument: An argument has an invalid value, or the environment names an unusable proxy.
        ObserverErrors: Observers raised exceptions; the group has the outcome.

    >>> import asyncio
    >>> from spongewatch.transports import Simulator
    >>> with Simulator("skips") as service:
    ...     credentials = Credentials("demo-key", "demo-password")
    ...     asyncio.run(wait_async("1126", credentials, base_url=service.base_url))
    Completed(contact_count=2340)
    """
    from .polling.watch_async import watch_async  # loading asyncio takes as long as all the rest
    from .threaded_transport import ThreadedTransport, in_new_thread

    base_url = hidden_url(base_url)
    clock = clock or SystemClock()
    now = clock.now()
    session = _session(import_id, credentials, timeout, now, base_url, format, auth, echo, policy, insecure_http)

    async def run(transport: AsyncTransport | Transport) -> Outcome:
        loop = watch_async(
            session, transport, observers=observers, on_observer_error=on_observer_error, record=record, clock=clock
        )
        return await loop.run()

    if transport is not None:
        return await run(transport)
    async with ThreadedTransport(await in_new_thread(_new_transport), threads=1) as created:
        return await run(created)


def _session(
    import_id: str | int,
    credentials: Credentials | None,
    timeout: float | None,
    now: float,
    base_url: str,
    format: Format,
    auth: Auth,
    echo: str | None,
    policy: PollPolicy | None,
    insecure_http: bool,
) -> ImportSession:
    policy = policy or PollPolicy()
    if timeout is not None:
        policy = replace(policy, timeout=timeout)
    return ImportSession(
        import_id,
        credentials,
        now=now,
        base_url=base_url,
        format=format,
        auth=auth,
        echo=echo,
        policy=policy,
        insecure_http=insecure_http,
    )


def _new_transport() -> Transport:
    from .http.urllib3_transport import Urllib3Transport  # loading it takes longer than an event loop may be blocked

    return Urllib3Transport(connections=1)
