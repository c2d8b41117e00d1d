"""The contract that every transport for asyncio keeps."""

from typing import Protocol

from spongewatch import Request, Response


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
