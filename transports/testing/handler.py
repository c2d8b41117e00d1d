"""`HandlerTransport`: a transport made of a function."""

from collections.abc import Callable
from typing import final

from ...core import Request, Response


@final
class HandlerTransport:
    """A transport that calls a function instead of sending requests.

    Args:
        handler: Called with each request; returns the response or raises `TransportError`.

    >>> transport = HandlerTransport(lambda request: Response(404))
    >>> transport.send(Request("GET", "https://api.example/events/1126.json"), timeout=10.0)
    Response(status=404)
    """

    def __init__(self, handler: Callable[[Request], Response]) -> None:
        self._handler = handler

    def send(self, request: Request, *, timeout: float) -> Response:
        """Return what the function returns.

        Args:
            request: Passed to the function.
            timeout: Ignored.

        Raises:
            TransportError: The function raised it.

        >>> HandlerTransport(lambda request: Response(204)).send(Request("GET", "https://api.example/"), timeout=1.0)
        Response(status=204)
        """
        return self._handler(request)

    def close(self) -> None:
        """Do nothing.

        >>> HandlerTransport(lambda request: Response(204)).close()
        """
