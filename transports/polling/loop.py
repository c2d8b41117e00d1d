"""What `watch`, `watch_async` and `poll` have in common: everything but how they wait and send."""

from collections import deque
from inspect import iscoroutinefunction
from typing import Protocol

from ...core import (
    Done,
    Emitted,
    Ended,
    ImportSession,
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
        """End the sleep under way, or the next one."""
        ...


class Loop(Unpicklable):
    """Carries out what a session asks for, step by step.

    A subclass calls `_step` until it returns None, does each step, and then delivers the first item of `pending`.
    """

    _instead = "keep what session.save() gives, and resume that"

    def __init__(
        self,
        session: ImportSession,
        transport: object,
        *,
        observers: Observers,
        record: Recorder | None,
        clock: LoopClock,
        awaiting: bool = False,
    ) -> None:
        check_parts(session, transport, record, awaiting=awaiting)
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
        """Items emitted but not yet delivered, because their delivery was interrupted."""
        return tuple(self._pending)

    def cancel(self) -> None:
        """End the watch once no request is open; from any thread or signal handler."""
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
        """Bring what came of a poll to the session and the recorder; None for a request that `cancel` cut off."""
        if response is not None:
            now = self._clock.now()
            self._emit(bring(self.session, response, sent=self._sent, now=now, record=self._record))

    def _failure(self, error: BaseException) -> TransportError | None:
        """Return what a failed send means for the session.

        None: the watch was cancelled, and whoever cancels may cut off the request. An exception that no transport may
        raise, an interrupt or a cancellation among them, gives the request up as a failed poll and is raised again.
        """
        if isinstance(error, TransportError):
            return None if self._cancelled else error
        self._receive(TransportError("reset", f"the request was given up: {type(error).__name__}"))
        if isinstance(error, StopIteration | StopAsyncIteration):  # it would end the iteration, and in silence
            raise RuntimeError(f"the transport raised {type(error).__name__}") from error
        raise error

    def _emit(self, items: tuple[Emitted, ...]) -> None:
        self._pending += items
        if self._record and items and isinstance(items[-1], Ended):
            self._record.end(self.session, items[-1])

    def _end(self) -> None:
        """Raise the errors of observers, once, after the last item."""
        if not self._over:
            self._over = True
            self._observers.raise_errors(self._outcome())

    def _outcome(self) -> Outcome:
        outcome = self.session.outcome
        assert outcome is not None  # a watch is over once its session has ended
        return outcome


def check_parts(session: object, transport: object, record: object, *, awaiting: bool = False) -> None:
    """Raise `LocalProtocolError` for what no loop can work with; an async `send` is for loops that await it."""
    if not isinstance(session, ImportSession):
        raise LocalProtocolError(f"session must be an ImportSession, not {type(session).__name__}")
    send = getattr(transport, "send", None)
    if not callable(send):
        raise LocalProtocolError(f"transport must have a method send; {type(transport).__name__} has none")
    if iscoroutinefunction(send) and not awaiting:
        raise LocalProtocolError("the transport's send is async; use watch_async or wait_async")
    if record is not None and not all(hasattr(record, name) for name in ("begin", "exchange", "end")):
        raise LocalProtocolError(f"record must be a TraceWriter, not {type(record).__name__}")


def checked_response(response: object) -> Response:
    """Return what a transport returned; raise `LocalProtocolError` if that is no `Response`."""
    if not isinstance(response, Response):
        raise LocalProtocolError(f"a transport must return a Response, not {type(response).__name__}")
    return response


def bring(
    session: ImportSession, response: Response | TransportError, *, sent: float, now: float, record: Recorder | None
) -> tuple[Emitted, ...]:
    """Give what came of a poll to the session and the recorder, without the credentials.

    Args:
        session: The session that was polled for.
        response: The response, or the error, from the transport.
        sent: The session's `elapsed` when the request was sent, in seconds.
        now: The time in seconds, on the session's clock.
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
