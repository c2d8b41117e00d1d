"""`wait` and `wait_async`: the whole watch in one call, over the transport that is made when none is given.

No other module knows both the loops and the HTTP stack.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Literal

from ..core import PUBLIC_SERVICE, Credentials, ImportSession, Outcome, PollPolicy
from ..core._shared import Auth, Format, Secret
from .clock import AsyncClock, Clock, SystemClock
from .polling.observers import Observer
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
    on_observer_error: Literal["raise", "log"] = "raise",
    record: Recorder | None = None,
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
    base_url = _hidden(base_url)
    time = clock or SystemClock()
    session = ImportSession(
        import_id,
        credentials,
        now=time.now(),
        base_url=base_url,
        format=format,
        auth=auth,
        echo=echo,
        policy=_with_timeout(policy, timeout),
        insecure_http=insecure_http,
    )
    watched = partial(
        watch, session, observers=observers, on_observer_error=on_observer_error, record=record, clock=time
    )
    if transport is not None:
        return watched(transport).run()
    from .http.urllib3_transport import Urllib3Transport  # loading it takes as long as all the rest

    with closing(Urllib3Transport()) as made:
        return watched(made).run()


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
    record: Recorder | None = None,
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
    from .polling.watch_async import watch_async  # loading asyncio takes as long as all the rest
    from .threaded_transport import ThreadedTransport, in_new_thread

    base_url = _hidden(base_url)
    time = clock or SystemClock()
    session = ImportSession(
        import_id,
        credentials,
        now=time.now(),
        base_url=base_url,
        format=format,
        auth=auth,
        echo=echo,
        policy=_with_timeout(policy, timeout),
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
    from .http.urllib3_transport import Urllib3Transport  # loading it takes longer than an event loop may be blocked

    return Urllib3Transport(connections=1)


def _with_timeout(policy: PollPolicy | None, timeout: float | None) -> PollPolicy:
    chosen = policy or PollPolicy()
    return chosen if timeout is None else replace(chosen, timeout=timeout)


def _hidden(base_url: str) -> str:
    """Hide a base URL from error reporters that print local variables; it may hold credentials, and is refused then."""
    return Secret(base_url) if isinstance(base_url, str) else base_url
