"""`Observers`: calls the observers of a watch. `ObserverErrors`: the exceptions that they raised."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from inspect import iscoroutinefunction
from typing import Final, Literal, Self, final, get_args

from ...core import Emitted, InvalidArgument, InvalidType, Outcome
from ...core._shared import printable, shown

Observer = Callable[[Emitted], object]
"""A function that is called with each emitted item. Its result is ignored; `watch_async` awaits an `async def`."""

OnObserverError = Literal["raise", "log"]
"""The treatment of an exception of an observer: it is raised at the end of the watch, or logged at once."""

MAX_ERRORS: Final = 100
"""Number of exceptions of observers that are kept; further ones are only counted."""


@final
class ObserverErrors(ExceptionGroup[Exception]):
    """The exceptions that observers raised during a watch, raised once the watch has ended.

    Groups that `except*`, `split` and `subgroup` make have the outcome, too.

    Args:
        message: The message of the group.
        exceptions: The exceptions, at least one.
        outcome: How the watch ended.

    Attributes:
        outcome: How the watch ended.

    >>> from spongewatch import Completed
    >>> try:
    ...     raise ObserverErrors("observers failed", [ValueError("full disk")], Completed(2))
    ... except* ValueError as group:
    ...     print(group.outcome, group.exceptions)
    Completed(contact_count=2) (ValueError('full disk'),)
    """

    outcome: Outcome

    def __new__(cls, message: str, exceptions: Sequence[Exception], outcome: Outcome) -> Self:
        """Make a group of `exceptions`, of which there must be at least one."""
        group = super().__new__(cls, message, exceptions)
        group.outcome = outcome
        return group

    def __init__(self, message: str, exceptions: Sequence[Exception], outcome: Outcome) -> None:
        super().__init__(message, exceptions)

    def derive(self, exceptions: Sequence[Exception], /) -> "ObserverErrors":  # type: ignore[override] # see __new__
        """Return a group of `exceptions` with the same message and outcome.

        >>> from spongewatch import Completed
        >>> group = ObserverErrors("observers failed", [ValueError("full disk")], Completed(2))
        >>> group.derive([KeyError("name")]).outcome
        Completed(contact_count=2)
        """
        return ObserverErrors(self.message, exceptions, self.outcome)

    def __reduce__(self) -> tuple[object, ...]:
        state = {"__notes__": self.__notes__} if hasattr(self, "__notes__") else None
        return ObserverErrors, (self.message, list(self.exceptions), self.outcome), state


@final
class Observers:
    """Delivers the items of a watch to its observers, in order.

    If an observer raises an `Exception`, the others are still called. Other exceptions, such as `KeyboardInterrupt`, go
    straight to the caller.

    Args:
        observers: The observers to call.
        on_observer_error: "raise" keeps exceptions, at most `MAX_ERRORS`, until `raise_errors` is called. "log" logs
            each at once, as an ERROR of the logger `spongewatch` with its traceback.
        allow_async: Whether observers may be async, because `notify_async` delivers to them.

    Raises:
        InvalidType: `observers` is not an iterable of functions, or has an async one that isn't allowed.
        InvalidArgument: `on_observer_error` is neither "raise" nor "log".

    >>> from spongewatch import Completed, Ended, State
    >>> received = []
    >>> observers = Observers([lambda item: 1 / 0, received.append], "raise")
    >>> observers.notify(Ended("1126", 2.0, Completed(2), State.COMPLETE, 2))
    >>> received[0].outcome
    Completed(contact_count=2)
    >>> try:
    ...     observers.raise_errors(Completed(2))
    ... except* ZeroDivisionError as errors:
    ...     print(errors)
    observers failed (1 sub-exception)
    """

    __slots__ = ("_dropped", "_errors", "_observers", "_on_error")

    def __init__(
        self, observers: Iterable[Observer], on_observer_error: OnObserverError, *, allow_async: bool = False
    ) -> None:
        if not isinstance(observers, Iterable):
            raise InvalidType(f"observers must be an iterable of functions, not {type(observers).__name__}")
        self._observers = tuple(observers)
        for observer in self._observers:
            if not callable(observer):
                raise InvalidType(f"observers must be functions, not {type(observer).__name__}")
            if not allow_async and (iscoroutinefunction(observer) or iscoroutinefunction(type(observer).__call__)):
                raise _not_awaited()
        if on_observer_error not in get_args(OnObserverError):
            raise InvalidArgument(f'on_observer_error must be "raise" or "log", not {shown(on_observer_error)}')
        self._on_error = on_observer_error
        self._errors: list[Exception] = []
        self._dropped = 0

    def notify(self, item: Emitted) -> None:
        """Call each observer with `item`.

        Raises:
            InvalidType: An observer returned a coroutine.
        """
        for observer in self._observers:
            result: object = None
            try:
                result = observer(item)
            except Exception as error:
                self._handle(error, item)
            if isinstance(result, Coroutine):
                result.close()
                raise _not_awaited()

    async def notify_async(self, item: Emitted) -> None:
        """Call each observer with `item`, one after the other, and await those that are async."""
        for observer in self._observers:
            try:
                result = observer(item)
                if isinstance(result, Awaitable):
                    await result
            except Exception as error:
                self._handle(error, item)

    def raise_errors(self, outcome: Outcome) -> None:
        """Raise the exceptions that were kept, if any.

        A group that an observer raised counts as one exception. A note says how many were dropped.

        Args:
            outcome: How the watch ended.

        Raises:
            ObserverErrors: Observers raised exceptions.
        """
        if not self._errors:
            return
        group = ObserverErrors("observers failed", self._errors, outcome)
        if self._dropped:
            group.add_note(f"{self._dropped:,} more exceptions after the first {MAX_ERRORS} were dropped")
        raise group

    def _handle(self, error: Exception, item: Emitted) -> None:
        if self._on_error == "log":
            import_id = printable(str(item.import_id))
            logging.getLogger("spongewatch").error("an observer of import %s failed", import_id, exc_info=error)
        elif len(self._errors) < MAX_ERRORS:
            self._errors.append(error)
        else:
            self._dropped += 1


def _not_awaited() -> InvalidType:
    return InvalidType("observers must not be async here; use watch_async or wait_async")
