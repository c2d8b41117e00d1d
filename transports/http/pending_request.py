"""`PendingRequest`: a request of `AsyncioTransport`, from `start` to its result."""

import asyncio
from collections.abc import Callable
from typing import Protocol, final

from ...core import Request, Response, TransportError
from ...core._shared import Secret
from ..deadline import Deadline
from ..unpicklable import Unpicklable
from .origins import Origin


class Holder(Protocol):
    """The owner of a request: the pool while the request waits for a connection, then the connection."""

    def abandon(self, request: "PendingRequest", error: TransportError) -> Response | TransportError:
        """Drop `request` because of `error`, and return its result."""
        ...


@final
class PendingRequest(Unpicklable):
    """A request that waits to be sent or is being sent; created by `AsyncioTransport.start`.

    `cancel` is for the caller, the rest for the pool and the connection.

    >>> import asyncio
    >>> from spongewatch.transports import AsyncioTransport
    >>> async def main():
    ...     async with AsyncioTransport() as transport:
    ...         request = Request("GET", "http://127.0.0.1:1/events/1126.json")
    ...         pending = transport.start(request, 10, print)
    ...         pending.cancel()  # nothing is printed
    >>> asyncio.run(main())
    """

    __slots__ = (
        "__weakref__",
        "_done",
        "_loop",
        "_timer",
        "before_write",
        "deadline",
        "holder",
        "origin",
        "request",
        "target",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        request: Request,
        route: tuple[Origin, Secret],
        deadline: Deadline,
        done: Callable[[Response | BaseException], object],
        before_write: Callable[[], object] | None,
    ) -> None:
        self.request = request
        self.origin, self.target = route
        self.deadline = deadline
        self.before_write = before_write
        self.holder: Holder
        self._loop = loop
        self._done: Callable[[Response | BaseException], object] | None = done
        self._timer = loop.call_at(loop.time() + deadline.remaining(), self._expire)

    @property
    def fresh(self) -> bool:
        """Whether the request needs a new connection, so that no idle one can make a failure ambiguous."""
        return self.request.method not in ("GET", "HEAD")

    def cancel(self) -> None:
        """Abort the request and close its connection; `done` is not called.

        Does nothing if the request has ended.
        """
        if self._done is not None:
            self._done = _ignore
            self.abort(aborted())

    def abort(self, error: TransportError) -> None:
        """End the request with `error`, or with its response if the status is known and needs no body."""
        self.finish(self.holder.abandon(self, error))

    def finish(self, result: Response | BaseException) -> None:
        """Call `done` with the result; the event loop's exception handler gets its exceptions."""
        done, self._done = self._done, None
        self._timer.cancel()
        del (
            self.request,
            self.target,
            self.before_write,
        )  # the caller may keep this object, which must not keep the credentials
        assert done is not None
        try:
            done(result)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            context = {"message": "Exception in the done callback of AsyncioTransport.start", "exception": error}
            self._loop.call_exception_handler(context)

    def _expire(self) -> None:
        self.abort(self.deadline.expired())


def aborted() -> TransportError:
    """Return the error of an aborted request."""
    return TransportError("reset", "the request was aborted")


def _ignore(result: object) -> None:
    pass
