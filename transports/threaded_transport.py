"""`ThreadedTransport`: any transport as one for asyncio, in threads of its own."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Protocol, Self, TypeVar, cast, final

from ..core import LocalProtocolError, Request, Response, TransportError
from ..core._shared import shown
from .deadline import Deadline
from .forking import when_forked
from .transport import Transport
from .unpicklable import Unpicklable

_Result = TypeVar("_Result")


@final
class ThreadedTransport(Unpicklable):
    """Sends by `transport`, each request in one of `threads` threads; to be shared by watches of one event loop.

    Who waits for a thread does so within its time-out. A thread can't be stopped from outside: the request of a
    task that is cancelled is cut off where the transport has a method `sending`, as `Urllib3Transport` has; with
    any other it goes on until its answer, or its time-out. A process that is forked off has threads of its own.
    As a context manager, `async with`, it closes itself. Raises `LocalProtocolError` for a number of threads below 1.

    >>> import asyncio
    >>> from spongewatch.transports.testing import HandlerTransport
    >>> async def main() -> Response:
    ...     async with ThreadedTransport(HandlerTransport(lambda request: Response(404)), threads=2) as transport:
    ...         return await transport.send(Request("GET", "https://api.example/events/1126.json"), timeout=10)
    >>> asyncio.run(main())
    Response(status=404)
    """

    def __init__(self, transport: Transport, *, threads: int = 10) -> None:
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise LocalProtocolError(f"threads is a whole number of at least 1, not {shown(threads)}")
        self._transport = transport
        self._closed = False
        self._number = threads
        self._begin_anew()
        when_forked(self, ThreadedTransport._begin_anew)

    def _begin_anew(self) -> None:
        self._threads = ThreadPoolExecutor(self._number, thread_name_prefix="spongewatch")

    async def send(self, request: Request, *, timeout: float) -> Response:
        """What the transport makes of `request`, within `timeout` seconds; raises what it raises."""
        if self._closed:
            raise LocalProtocolError("the transport is closed")
        if not _under_asyncio():
            raise LocalProtocolError("ThreadedTransport needs a running event loop of asyncio")
        sending = self._sending(request, timeout)
        running = self._threads.submit(copy_context().run, _run, sending)
        answer = asyncio.wrap_future(running)
        try:
            await asyncio.wait((answer,), timeout=timeout)
        except asyncio.CancelledError:
            answer.cancel()
            if not running.cancel():  # a thread has begun it
                sending.interrupt()
            raise
        if not running.cancel():
            return await answer
        if self._closed:
            raise LocalProtocolError("the transport is closed")
        raise TransportError("timeout", "all threads were in use by other requests")

    async def close(self) -> None:
        """Close the transport, and let go of the threads; may be called again."""
        self.release()
        if not _under_asyncio():  # nothing was sent
            self._transport.close()
            return
        await in_new_thread(self._transport.close)  # all others may be in use

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def release(self) -> None:
        """Let go of the threads, as soon as they have nothing to do; the transport stays open."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _sending(self, request: Request, timeout: float) -> "_Sending":
        sending = getattr(self._transport, "sending", None)
        if sending is not None:
            return cast(_Sending, sending(request, timeout=timeout))
        return _NotCut(self._transport, request, Deadline(timeout))


def _under_asyncio() -> bool:
    """Return False under trio, where the futures of asyncio can't be awaited."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def in_new_thread(function: Callable[[], _Result]) -> _Result:
    """Call `function` in a thread of its own, which waits for no other one, and await its result."""
    threads = ThreadPoolExecutor(1, thread_name_prefix="spongewatch")
    try:
        return await asyncio.wrap_future(threads.submit(function))
    finally:
        threads.shutdown(wait=False)


class _Sending(Protocol):
    """A request that is to be sent in one thread, and may be cut off from another."""

    def run(self) -> object: ...

    def interrupt(self) -> None: ...


@final
class _NotCut:
    """A request of a transport that can't cut one off."""

    def __init__(self, transport: Transport, request: Request, deadline: Deadline) -> None:
        self._transport = transport
        self._request = request
        self._deadline = deadline

    def run(self) -> Response:
        return self._transport.send(self._request, timeout=max(self._deadline.left(), 0.001))

    def interrupt(self) -> None:
        pass


def _run(sending: _Sending) -> Response:
    try:
        answer = sending.run()
    except StopIteration as error:  # which no future takes: whoever awaits it would do so for ever
        raise RuntimeError("the transport raised StopIteration") from error
    if isinstance(answer, Coroutine):  # of an `async def` behind something that hides it
        answer.close()
        raise LocalProtocolError("the send of a transport for asyncio is an `async def`")
    return cast(Response, answer)
