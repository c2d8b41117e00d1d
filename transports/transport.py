"""`Transport` and `AsyncTransport`: what every transport does."""

from typing import Protocol

from ..core import Request, Response


class Transport(Protocol):
    """Carries one request and brings its answer.

    No retry, no redirect, no sleep: what is sent when is decided elsewhere. Header names of the answer are
    in lower case, its body is bounded, and a status of any kind is an answer.

    >>> class Constant:
    ...     def send(self, request: Request, *, timeout: float) -> Response:
    ...         return Response(200, {}, b'{"events": []}')
    ...     def close(self) -> None: ...
    >>> transport: Transport = Constant()
    """

    def send(self, request: Request, *, timeout: float) -> Response:
        """The answer to `request`, within `timeout` seconds.

        Raises `TransportError` where there is none, `LocalProtocolError` for a mistake of the caller's, such
        as a request after `close`, and nothing else.
        """
        ...

    def close(self) -> None:
        """Let go of all connections and files; may be called again."""
        ...


class AsyncTransport(Protocol):
    """Carries one request and brings its answer, as a `Transport` does, without keeping an event loop waiting.

    >>> class Constant:
    ...     async def send(self, request: Request, *, timeout: float) -> Response:
    ...         return Response(200, {}, b'{"events": []}')
    ...     async def close(self) -> None: ...
    >>> transport: AsyncTransport = Constant()
    """

    async def send(self, request: Request, *, timeout: float) -> Response:
        """The answer to `request`, within `timeout` seconds.

        Raises `TransportError` where there is none, `LocalProtocolError` for a mistake of the caller's, such
        as a request after `close`, and nothing else; where its task is cancelled, it closes the connection.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections; may be called again."""
        ...
