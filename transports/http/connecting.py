"""Opens a connection on the event loop: directly or through a proxy, with or without TLS."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from socket import gaierror
from typing import Any, Final

from ...core import TransportError
from ..deadline import Deadline
from .error_translation import as_transport_error
from .origins import Origin
from .proxies import Proxy
from .response_parser import ResponseParser
from .tunnels import connect_failure, connect_request

_PIECE: Final = 4_096


async def connect(
    protocol: asyncio.BufferedProtocol, origin: Origin, context: ssl.SSLContext | None, deadline: Deadline
) -> None:
    """Connect `protocol` to `origin`, over TLS if there is a `context`.

    The caller has to cancel the task at `deadline`, which is only used to divide the time between addresses.

    Raises:
        TransportError: The connection failed.
    """
    loop = asyncio.get_running_loop()
    with as_transport_error(OSError, ValueError):
        sock = await _connected_socket(loop, origin, context is not None, deadline)
        if context is None:
            await loop.create_connection(lambda: protocol, sock=sock)
            return
        await loop.create_connection(
            lambda: protocol,
            sock=sock,
            ssl=context,
            server_hostname=origin.host,
            ssl_handshake_timeout=max(deadline.remaining(), 0.0) + 1.0,  # later than the caller's deadline
        )


async def _connected_socket(
    loop: asyncio.AbstractEventLoop, origin: Origin, secure: bool, deadline: Deadline
) -> socket.socket:
    proxy = origin.proxy
    if proxy is None:
        return await _connect_to(loop, origin.host, origin.port, deadline)
    failure = None
    try:
        with as_transport_error(OSError):
            sock = await _connect_to(loop, proxy.host, proxy.port, deadline)
            if secure:
                with _closed_on_error(sock):
                    await _open_tunnel(loop, sock, origin, proxy)
            return sock
    except TransportError as error:
        failure = TransportError(error.kind, f"proxy: {error.detail}", error.permanent)
    raise failure


async def _connect_to(loop: asyncio.AbstractEventLoop, host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of `host` that accepts.

    Each gets its share of the time, so that an address that drops all packets leaves some to the others.
    `create_connection` has no limit for each address, and joins several errors into an `OSError` without a type.
    """
    problem: OSError = ConnectionRefusedError()
    addresses = await _addresses(loop, host, port)
    for left, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            async with asyncio.timeout(deadline.time_left() / left if left > 1 else None):
                sock = socket.socket(family, kind, protocol)
                with _closed_on_error(sock):
                    sock.setblocking(False)
                    await loop.sock_connect(sock, address)
                return sock
        except OSError as error:
            problem = error
    if isinstance(problem, ConnectionRefusedError | TimeoutError):
        raise problem
    raise TransportError("refused", f"connection failed: {problem.strerror}")


@contextmanager
def _closed_on_error(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:  # CancelledError, too
        sock.close()
        raise


async def _addresses(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[tuple[Any, ...]]:
    try:
        return list(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except UnicodeError:  # the IDNA codec: a label of the name is empty or too long
        raise gaierror from None


async def _open_tunnel(loop: asyncio.AbstractEventLoop, sock: socket.socket, origin: Origin, proxy: Proxy) -> None:
    await loop.sock_sendall(sock, connect_request(origin, proxy))
    parser = ResponseParser()
    parser.start(head_only=True, max_body=0)
    while (piece := await loop.sock_recv(sock, _PIECE)) and not parser.feed(memoryview(piece)):
        pass
    if not piece:
        parser.end(clean=True)
    del piece  # error reporters show local variables, and it may contain the password
    response = parser.result()
    parser.close()
    failure = response if isinstance(response, TransportError) else connect_failure(response.status)
    if failure is not None:
        raise failure
