"""`InterruptibleTransport`: a transport whose requests a signal handler can abort at once."""

from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Final, Self, final

from ...core import Request, Response, TransportError
from ...transports import Transport

_WAIT: Final = 0.5
"""Seconds; Python runs a signal handler only after a wait if the signal arrives just before it or in another thread."""


@final
class InterruptibleTransport:
    """Send requests in a thread of its own, for one watch.

    The main thread waits for a queue and can run signal handlers meanwhile; during a DNS lookup it could not.

    Args:
        transport: The transport that sends the requests; `close` doesn't close it.

    >>> from spongewatch.transports.testing import HandlerTransport
    >>> with InterruptibleTransport(HandlerTransport(lambda request: Response(404))) as transport:
    ...     transport.send(Request("GET", "https://api.example/events/1126.json"), timeout=10)
    Response(status=404)
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._requests: SimpleQueue[tuple[Request, float] | None] = SimpleQueue()
        self._results: SimpleQueue[Response | Exception] = SimpleQueue()
        Thread(
            target=self._run, name="requests", daemon=True
        ).start()  # a hanging request must not keep the process alive

    def send(self, request: Request, *, timeout: float) -> Response:
        """Send `request` and return the response; raises what the transport raises."""
        self._requests.put((request, timeout))
        result: Response | Exception | None = None
        while result is None:
            with suppress(Empty):
                result = self._results.get(timeout=_WAIT)
        if isinstance(result, Response):
            return result
        raise result

    def interrupt(self) -> None:
        """Abort the request in progress, or else the next one; safe to call from a signal handler.

        No request may follow the aborted one.
        """
        self._results.put(TransportError("reset", "the request was interrupted"))

    def close(self) -> None:
        """End the thread once its request is done."""
        self._requests.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while asked := self._requests.get():
            request, timeout = asked
            try:
                self._results.put(self._transport.send(request, timeout=timeout))
            except Exception as error:  # raised again by `send`
                self._results.put(error)
