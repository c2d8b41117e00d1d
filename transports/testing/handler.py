"""A transport made of a function, for those who test their own code."""

from collections.abc import Callable
from typing import final

from ...core import Request, Response


@final
class HandlerTransport:
    """A transport that asks a function: it gives the answer, or raises `TransportError`.

    >>> transport = HandlerTransport(lambda request: Response(404))
    >>> transport.send(Request("GET", "https://api.example/events/1126.json"), timeout=10.0)
    Response(status=404)
    """

    def __init__(self, handler: Callable[[Request], Response]) -> None:
        self._handler = handler

    def send(self, request: Request, *, timeout: float) -> Response:
        """What the function makes of `request`."""
        return self._handler(request)

    def close(self) -> None:
        """Nothing is held, so nothing is let go."""
