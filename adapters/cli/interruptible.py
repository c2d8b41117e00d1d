"""`InterruptibleTransport`: requests that a signal ends at once, wherever they hang."""

from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Final, Self, final

from ...core import Request, Response, TransportError
from ...transports import Transport

_PATIENCE: Final = 0.5
"""Seconds; a signal that comes just before a wait, or to another thread, is not noticed before the wait is over."""


@final
class InterruptibleTransport:
    """Sends by `transport`, which stays open, in a thread of its own, for one watch.

    So the main thread only ever waits for a queue, and handles signals meanwhile; in the look-up of a host's name
    it would not.

    >>> from spongewatch.transports.testing import HandlerTransport
    >>> with InterruptibleTransport(HandlerTransport(lambda request: Response(404))) as transport:
    ...     transport.send(Request("GET", "https://api.example/events/1126.json"), timeout=10)
    Response(status=404)
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._asked: SimpleQueue[tuple[Request, float] | None] = SimpleQueue()
        self._told: SimpleQueue[Response | Exception] = SimpleQueue()
        Thread(target=self._run, name="requests", daemon=True).start()  # a hanging one must not keep the program alive

    def send(self, request: Request, *, timeout: float) -> Response:
        """What the transport makes of `request`, within `timeout` seconds; raises what it raises."""
        self._asked.put((request, timeout))
        told: Response | Exception | None = None
        while told is None:
            with suppress(Empty):
                told = self._told.get(timeout=_PATIENCE)
        if isinstance(told, Response):
            return told
        raise told

    def interrupt(self) -> None:
        """Cut off the request under way, or the next one, after which there is none; also from a signal handler."""
        self._told.put(TransportError("reset", "the request was cut off"))

    def close(self) -> None:
        """Let the thread end, as soon as it has nothing to do."""
        self._asked.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while asked := self._asked.get():
            request, timeout = asked
            try:
                self._told.put(self._transport.send(request, timeout=timeout))
            except Exception as error:  # of any kind: it is raised where the answer is waited for
                self._told.put(error)
