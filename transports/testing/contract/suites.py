"""The contracts to inherit, which combine the checks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from ...transport import AsyncTransport, Transport
from .bodies import BodyChecks
from .closing import ClosingChecks
from .codings import CodingChecks
from .deadlines import DeadlineChecks
from .failures import FailureChecks
from .framing import FramingChecks
from .keep_alive import KeepAliveChecks
from .leaks import LeakChecks
from .requests import RequestChecks
from .retries import RetryChecks
from .sharing import TaskChecks, ThreadChecks
from .statuses import StatusChecks
from .under_test import UnderTest

__all__ = [
    "AsyncFramingContract",
    "AsyncKeepAliveContract",
    "AsyncTransportContract",
    "FramingContract",
    "KeepAliveContract",
    "TransportContract",
]

_NOT_DEFINED = "define make_transport in your class; it must return the transport to test"


class _Contract(
    RequestChecks,
    RetryChecks,
    StatusChecks,
    BodyChecks,
    CodingChecks,
    DeadlineChecks,
    FailureChecks,
    LeakChecks,
    ClosingChecks,
):
    """The checks for transports of both kinds."""


class TransportContract(ThreadChecks, _Contract):
    """The checks that every synchronous transport has to pass.

    Inherit it in a class whose name starts with `Test`, and define `make_transport`. Each check makes a new transport
    and closes it. The proxy variables are removed from the environment, and `NETRC` names a file with other
    credentials, which must not be used. To skip a check that your transport can't pass, set its name to None in your
    class.

    >>> from spongewatch.transports import Urllib3Transport
    >>> class TestMine(TransportContract):
    ...     def make_transport(self) -> Transport:
    ...         return Urllib3Transport()
    """

    def make_transport(self) -> Transport:
        """Return a new transport, configured as it is used.

        >>> TransportContract().make_transport()
        Traceback (most recent call last):
        NotImplementedError: define make_transport in your class; it must return the transport to test
        """
        raise NotImplementedError(_NOT_DEFINED)  # an abstract method would make pytest skip the class silently

    @contextmanager
    def _under_test(self) -> Iterator[UnderTest]:
        with UnderTest(self.make_transport(), lambda result: result) as under_test:
            yield under_test


class AsyncTransportContract(TaskChecks, _Contract):
    """The checks that every asynchronous transport has to pass.

    They are those of `TransportContract`, and more about tasks and cancellation. `make_transport` runs on the event
    loop on which the transport is used and closed.

    >>> from spongewatch import Request, Response
    >>> from spongewatch.transports import AsyncTransport
    >>> class Constant:
    ...     async def send(self, request: Request, *, timeout: float) -> Response:
    ...         return Response(200)
    ...     async def close(self) -> None: ...
    >>> class TestMine(AsyncTransportContract):
    ...     async def make_transport(self) -> AsyncTransport:
    ...         return Constant()
    """

    async def make_transport(self) -> AsyncTransport:
        """Return a new transport, configured as it is used.

        >>> asyncio.run(AsyncTransportContract().make_transport())
        Traceback (most recent call last):
        NotImplementedError: define make_transport in your class; it must return the transport to test
        """
        raise NotImplementedError(_NOT_DEFINED)

    @contextmanager
    def _under_test(self) -> Iterator[UnderTest]:
        with asyncio.Runner() as runner, UnderTest(runner.run(self.make_transport()), runner.run) as under_test:
            yield under_test


class KeepAliveContract(KeepAliveChecks, TransportContract):
    """`TransportContract`, and checks for transports that know how long a connection was idle.

    >>> from spongewatch.transports import Urllib3Transport
    >>> class TestMine(KeepAliveContract):
    ...     def make_transport(self) -> Transport:
    ...         return Urllib3Transport()
    """


class AsyncKeepAliveContract(KeepAliveChecks, AsyncTransportContract):
    """`AsyncTransportContract`, and checks for transports that know how long a connection was idle.

    >>> from spongewatch.transports import AsyncTransport, ThreadedTransport, Urllib3Transport
    >>> class TestMine(AsyncKeepAliveContract):
    ...     async def make_transport(self) -> AsyncTransport:
    ...         return ThreadedTransport(Urllib3Transport())
    """


class FramingContract(FramingChecks, TransportContract):
    """`TransportContract`, and checks for transports that parse HTTP themselves.

    >>> from spongewatch.transports import Urllib3Transport
    >>> class TestMine(FramingContract):
    ...     def make_transport(self) -> Transport:
    ...         return Urllib3Transport()
    ...     test_truncated_tls_streams_are_errors = None  # http.client doesn't notice a missing close_notify
    """


class AsyncFramingContract(FramingChecks, AsyncTransportContract):
    """`AsyncTransportContract`, and checks for transports that parse HTTP themselves.

    >>> from spongewatch.transports import AsyncioTransport, AsyncTransport
    >>> class TestMine(AsyncFramingContract):
    ...     async def make_transport(self) -> AsyncTransport:
    ...         return AsyncioTransport()
    """
