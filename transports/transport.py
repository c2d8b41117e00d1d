"""`Transport` and `AsyncTransport`: the interface of every transport."""

from typing import Protocol

from ..core import Request, Response


class Transport(Protocol):
    """Sends one request at a time and returns its response.

    A transport doesn't retry, follow redirects or sleep; the session decides what is sent when. Every status is a
    response, not an error. Header names of a response are in lower case, and its body is at most `request.max_body`
    bytes after content decoding. `TransportContract` of `spongewatch.transports.testing` checks a transport.

    >>> class Constant:
    ...     def send(self, request: Request, *, timeout: float) -> Response:
    ...         return Response(200, {}, b'{"events": []}')
    ...     def close(self) -> None: ...
    >>> transport: Transport = Constant()
    >>> transport.send(Request("GET", "https://api.example/events/1126.json"), timeout=10)
    Response(status=200)
    """

    def send(self, request: Request, *, timeout: float) -> Response:
        """Send `request` and return its response.

        Args:
            request: The request to send.
            timeout: Seconds for the whole exchange, from connecting to the last byte of the body.

        Returns:
            The response, whatever its status.

        Raises:
            TransportError: There was no complete response.
            InvalidArgument: The request can't be sent, for example because of its URL.
            LocalProtocolError: The transport is closed.
        """
        ...

    def close(self) -> None:
        """Close all connections and files; closing twice is allowed."""
        ...


class AsyncTransport(Protocol):
    """A `Transport` for asyncio: it does the same without blocking the event loop.

    >>> class Constant:
    ...     async def send(self, request: Request, *, timeout: float) -> Response:
    ...         return Response(200, {}, b'{"events": []}')
    ...     async def close(self) -> None: ...
    >>> transport: AsyncTransport = Constant()
    """

    async def send(self, request: Request, *, timeout: float) -> Response:
        """Send `request` and return its response, as `Transport.send` does.

        If the task is cancelled, the connection is closed.

        Args:
            request: The request to send.
            timeout: Seconds for the whole exchange, from connecting to the last byte of the body.

        Returns:
            The response, whatever its status.

        Raises:
            TransportError: There was no complete response.
            InvalidArgument: The request can't be sent, for example because of its URL.
            LocalProtocolError: The transport is closed.
        """
        ...

    async def close(self) -> None:
        """Close all connections; closing twice is allowed."""
        ...
