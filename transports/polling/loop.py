"""The common part of `watch`, `watch_async` and `poll`: everything except how they sleep and send."""

from collections import deque
from inspect import iscoroutinefunction
from typing import Protocol

from ...core import (
    Done,
    Emitted,
    Ended,
    ImportSession,
    InvalidType,
    LocalProtocolError,
    Outcome,
    Response,
    Send,
    TransportError,
)
from ..unpicklable import Unpicklable
from .observers import Observers
from .recorder import Recorder


class LoopClock(Protocol):
    """The part of a clock that both kinds of loops use."""

    def now(self) -> float:
        """Return the time in seconds."""
        ...

    def wake(self) -> None:
        """End the current sleep, or the next one if none is running."""
        ...


class Loop(Unpicklable):
    """Carries out what a session asks for, step by step.

    A subclass carries out the steps that `_step` returns, until it returns None. Then it delivers the first item of
    `pending`, or ends the iteration if there is none.
    """

    _instead = "store session.save() and resume that"

    def __init__(
        self,
        session: ImportSession,
        transport: object,
        *,
        observers: Observers,
        record: Recorder | None,
        clock: LoopClock,
        allow_async: bool = False,
    ) -> None:
        check_parts(session, transport, record, allow_async=allow_async)
        self.session = session
        self._observers = observers
        self._record = record
        self._clock = clock
        self._cancelled = False
        self._over = False
        self._sent = 0.0  # the session's `elapsed` when the open poll was sent
        self._pending: deque[Emitted] = deque()

    @property
    def pending(self) -> tuple[Emitted, ...]:
        """Items emitted but not yet delivered, for example because an exception interrupted their delivery."""
        return tuple(self._pending)

    def cancel(self) -> None:
        """Cancel the watch: it ends with the outcome `Cancelled` as soon as no request is open.

        Can be called from any thread or signal handler. A response that is already on its way still counts.

        >>> from spongewatch import Credentials
        >>> from spongewatch.transports import VirtualClock, watch
        >>> from spongewatch.transports.testing import HandlerTransport
        >>> session = ImportSession("1126", Credentials("key", "password"), now=0.0)
        >>> watching = watch(session, HandlerTransport(lambda request: Response(503)), clock=VirtualClock())
        >>> watching.cancel()
        >>> watching.run()
        Cancelled()
        """
        self._cancelled = True
        self._clock.wake()

    def _step(self) -> tuple[Send, float] | float | None:
        """Return the next step: a request and its timeout, seconds to sleep, or None if there is nothing to do.

        None means that items are pending, or that the watch is over.
        """
        while not self._pending:
            now = self._clock.now()
            if self._cancelled:
                self._emit(self.session.cancel(now=now))
            action = self.session.next_action(now=now)
            if isinstance(action, Done):
                break
            if isinstance(action, Send):
                self.session.sent(now=now)
                self._sent = self.session.elapsed
                return action, action.deadline - now
            if action.until > now:
                return action.until - now
            self._emit(self.session.handle_timeout(now=now))
        return None

    def _receive(self, response: Response | TransportError | None) -> None:
        """Pass the result of a poll on; None means that the request failed after `cancel` and counts for nothing."""
        if response is not None:
            now = self._clock.now()
            self._emit(receive(self.session, response, sent=self._sent, now=now, record=self._record))

    def _failure(self, error: BaseException) -> TransportError | None:
        """Return how an exception of `send` counts for the session.

        After `cancel` a failure counts for nothing, because the caller may have interrupted the request. An exception
        that transports must not raise, such as `KeyboardInterrupt`, makes the poll fail and is raised again.
        """
        if isinstance(error, TransportError):
            return None if self._cancelled else error
        self._receive(TransportError("reset", f"the request was aborted: {type(error).__name__}"))
        if isinstance(error, StopIteration | StopAsyncIteration):  # it would end the iteration silently
            raise RuntimeError(f"the transport raised {type(error).__name__}") from error
        raise error

    def _emit(self, items: tuple[Emitted, ...]) -> None:
        self._pending += items
        if self._record and items and isinstance(items[-1], Ended):
            self._record.end(self.session, items[-1])

    def _end(self) -> None:
        """Raise the exceptions of observers, once, after the last item."""
        if not self._over:
            self._over = True
            self._observers.raise_errors(self._outcome())

    def _outcome(self) -> Outcome:
        outcome = self.session.outcome
        assert outcome is not None  # a watch is over once its session has ended
        return outcome


def check_parts(session: object, transport: object, record: object, *, allow_async: bool = False) -> None:
    """Check the arguments that every loop takes; only loops that await it allow an async `send`.

    Raises:
        InvalidType: An argument has the wrong type.
    """
    if not isinstance(session, ImportSession):
        raise InvalidType(f"session must be an ImportSession, not {type(session).__name__}")
    send = getattr(transport, "send", None)
    if not callable(send):
        raise InvalidType(f"transport must have a method send; {type(transport).__name__} has none")
    if iscoroutinefunction(send) and not allow_async:
        raise InvalidType("transport must not be async here; use watch_async or wait_async")
    if record is not None and not all(hasattr(record, name) for name in ("begin", "exchange", "end")):
        raise InvalidType(f"record must be a TraceWriter, not {type(record).__name__}")


def checked_response(response: object) -> Response:
    """Return what a transport returned, if it is a `Response`.

    Raises:
        LocalProtocolError: It is something else.
    """
    if not isinstance(response, Response):
        raise LocalProtocolError(f"a transport must return a Response, not {type(response).__name__}")
    return response


def receive(
    session: ImportSession, response: Response | TransportError, *, sent: float, now: float, record: Recorder | None
) -> tuple[Emitted, ...]:
    """Pass the result of a poll to the session and the recorder, with credentials removed.

    Args:
        session: The session that was polled for.
        response: The response, or the error that the transport raised.
        sent: `session.elapsed` when the request was sent, in seconds.
        now: The time of receipt on the session's clock, in seconds.
        record: The recorder, if there is one.

    Returns:
        The emitted items.
    """
    response = session.clean(response)
    if isinstance(response, TransportError):
        items = session.receive_failure(response, now=now)
    else:
        items = session.receive(response, now=now)
    if record:
        record.exchange(session, sent, response)
    return items
