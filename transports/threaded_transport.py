"""`ThreadedTransport`: lets asyncio code use any blocking transport, by sending in threads."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Protocol, Self, TypeVar, cast, final

from ..core import LocalProtocolError, Request, Response, TransportError
from .arguments import at_least_one
from .deadline import Deadline
from .forking import reset_after_fork
from .transport import Transport
from .unpicklable import Unpicklable

_Result = TypeVar("_Result")


@final
class ThreadedTransport(Unpicklable):
    """An `AsyncTransport` that sends through a blocking one, in a pool of threads.

    The watches of one event loop can share it. Waiting for a free thread counts towards the timeout of the request. A
    forked process gets threads of its own. `async with` closes the transport at the end.

    A thread can't be stopped from outside. To let the request of a cancelled task be interrupted, a transport may have
    a method `sending(request, timeout=...)`, as `Urllib3Transport` has. It returns an object with two methods: `run()`
    sends the request and returns the response, as `send` does; `interrupt()`, called from another thread, makes `run`
    raise a `TransportError` soon. A request of any other transport runs until its response arrives or its timeout is
    over, while the task is cancelled at once.

    Args:
        transport: The transport that sends the requests; `close` closes it.
        threads: The number of requests that can be sent at the same time.

    Raises:
        InvalidType: `threads` is not an int.
        InvalidArgument: `threads` is less than 1.

    >>> import asyncio
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> async def main() -> Response:
    ...     async with ThreadedTransport(HandlerTransport(lambda request: Response(404)), threads=2) as transport:
    ...         return await transport.send(Request("GET", "https://api.example/events/1126.json"), timeout=10)
    >>> asyncio.run(main())
    Response(status=404)
    """

    def __init__(self, transport: Transport, *, threads: int = 10) -> None:
        self._transport = transport
        self._closed = False
        self._number = at_least_one("threads", threads)
        self._make_threads()
        reset_after_fork(self, ThreadedTransport._make_threads)

    def _make_threads(self) -> None:
        self._threads = ThreadPoolExecutor(self._number, thread_name_prefix="spongewatch")

    async def send(self, request: Request, *, timeout: float) -> Response:
        """Send `request` in a thread and return its response.

        Args:
            request: The request to send.
            timeout: Seconds for the whole exchange, including the wait for a free thread.

        Returns:
            The response of the transport.

        Raises:
            TransportError: There was no complete response, or no free thread in time.
            InvalidType: `timeout` is not a number.
            InvalidArgument: `timeout` is NaN, or the transport can't send the request.
            LocalProtocolError: The transport is closed, or no asyncio event loop is running.

        >>> import asyncio
        >>> from spongewatch.transports.testing import HandlerTransport
        >>> async def main() -> Response:
        ...     transport = ThreadedTransport(HandlerTransport(lambda request: Response(404)))
        ...     try:
        ...         return await transport.send(Request("GET", "https://api.example/events/1126.json"), timeout=10)
        ...     finally:
        ...         await transport.close()
        >>> asyncio.run(main())
        Response(status=404)
        """
        if self._closed:
            raise LocalProtocolError("the transport is closed")
        if not _under_asyncio():
            raise LocalProtocolError("ThreadedTransport needs a running asyncio event loop")
        sending = self._sending(request, timeout)
        running = self._threads.submit(copy_context().run, _run, sending)
        response = asyncio.wrap_future(running)
        try:
            await asyncio.wait((response,), timeout=timeout)
        except asyncio.CancelledError:
            response.cancel()
            if not running.cancel():  # a thread has begun it
                sending.interrupt()
            raise
        if not running.cancel():
            return await response
        if self._closed:
            raise LocalProtocolError("the transport is closed")
        raise TransportError("timeout", "all threads were in use by other requests")

    async def close(self) -> None:
        """Close the blocking transport and release the threads; closing twice is allowed.

        >>> import asyncio
        >>> from spongewatch.transports.testing import HandlerTransport
        >>> asyncio.run(ThreadedTransport(HandlerTransport(lambda request: Response(404))).close())
        """
        self.release()
        if not _under_asyncio():  # nothing was sent
            self._transport.close()
            return
        await in_new_thread(self._transport.close)  # every other thread may be busy

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def release(self) -> None:
        """Let the threads end once they are idle, and leave the blocking transport open; nothing can be sent then.

        >>> from spongewatch.transports.testing import HandlerTransport
        >>> blocking = HandlerTransport(lambda request: Response(404))
        >>> ThreadedTransport(blocking).release()
        >>> blocking.send(Request("GET", "https://api.example/events/1126.json"), timeout=10)
        Response(status=404)
        """
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _sending(self, request: Request, timeout: float) -> "_Sending":
        sending = getattr(self._transport, "sending", None)
        if sending is not None:
            return cast(_Sending, sending(request, timeout=timeout))
        return _Uninterruptible(self._transport, request, Deadline(timeout))


def _under_asyncio() -> bool:
    """Return False under trio, which can't await the futures of asyncio."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def in_new_thread(function: Callable[[], _Result]) -> _Result:
    """Call `function` in a new thread, which never waits for a busy one, and return its result."""
    threads = ThreadPoolExecutor(1, thread_name_prefix="spongewatch")
    try:
        return await asyncio.wrap_future(threads.submit(function))
    finally:
        threads.shutdown(wait=False)


class _Sending(Protocol):
    """The result of a transport's `sending`; see `ThreadedTransport`."""

    def run(self) -> object: ...

    def interrupt(self) -> None: ...


@final
class _Uninterruptible:
    """A request of a transport without a method `sending`."""

    def __init__(self, transport: Transport, request: Request, deadline: Deadline) -> None:
        self._transport = transport
        self._request = request
        self._deadline = deadline

    def run(self) -> Response:
        return self._transport.send(self._request, timeout=max(self._deadline.remaining(), 0.001))

    def interrupt(self) -> None:
        pass


def _run(sending: _Sending) -> Response:
    try:
        response = sending.run()
    except StopIteration as error:  # a future doesn't accept it, so awaiting the future would hang
        raise RuntimeError("the transport raised StopIteration") from error
    if isinstance(response, Coroutine):  # of an async `send` that is not recognized as one, such as a wrapped one
        response.close()
        raise LocalProtocolError("ThreadedTransport needs a blocking transport; this one's send is async")
    return cast(Response, response)
