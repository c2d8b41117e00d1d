"""`Observers`: who is told what a watch emits. `ObserverErrors`: the exceptions that they raised."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from inspect import iscoroutinefunction
from typing import Final, Literal, Self, final

from ...core import Emitted, LocalProtocolError, Outcome
from ...core._shared import printable, shown

Observer = Callable[[Emitted], object]
"""Takes one value that was emitted. Under asyncio it may be an `async def`; else what it returns is passed over."""

MAX_ERRORS: Final = 100
"""Errors of observers that are kept; of those beyond them only the number is."""


@final
class ObserverErrors(ExceptionGroup[Exception]):  # it is a group
    """The exceptions that observers raised during a watch, raised when the watch has ended.

    `outcome` is how the watch ended. Groups made by `except*`, `split` and `subgroup` have it too.

    >>> from spongewatch import Completed
    >>> try:
    ...     raise ObserverErrors("observers failed", [ValueError("full disk")], Completed(2))
    ... except* ValueError as group:
    ...     print(group.outcome, group.exceptions)
    Completed(contact_count=2) (ValueError('full disk'),)
    """

    outcome: Outcome

    def __new__(cls, message: str, exceptions: Sequence[Exception], outcome: Outcome) -> Self:
        """Make a group of `exceptions`, which must not be empty."""
        group = super().__new__(cls, message, exceptions)
        group.outcome = outcome
        return group

    def __init__(self, message: str, exceptions: Sequence[Exception], outcome: Outcome) -> None:
        super().__init__(message, exceptions)

    def derive(self, exceptions: Sequence[Exception], /) -> "ObserverErrors":  # type: ignore[override] # see __new__
        """Make a group of some of the exceptions, with the same outcome."""
        return ObserverErrors(self.message, exceptions, self.outcome)

    def __reduce__(self) -> tuple[object, ...]:
        state = {"__notes__": self.__notes__} if hasattr(self, "__notes__") else None
        return ObserverErrors, (self.message, list(self.exceptions), self.outcome), state


@final
class Observers:
    """Tells all observers of a watch, in their order; one that raises keeps none of the others from being told.

    `on_error` says what becomes of an `Exception` that an observer raises. `"raise"`: it is kept until
    `raise_errors`, as are the first `MAX_ERRORS` of them. `"log"`: it is logged at once, as an ERROR of the
    logger `spongewatch` with its traceback, and not kept. What is no `Exception`, a `KeyboardInterrupt` for
    one, goes straight to the caller.

    Raises `LocalProtocolError` for an observer that can't be called, for one that is an `async def` unless
    this is for `awaiting`, and for any other `on_error`.

    >>> from spongewatch import Completed, Ended, State
    >>> told = []
    >>> observers = Observers([lambda item: 1 / 0, told.append], "raise")
    >>> observers.notify(Ended("1126", 2.0, Completed(2), State.COMPLETE, 2))
    >>> told[0].outcome
    Completed(contact_count=2)
    >>> try:
    ...     observers.raise_errors(Completed(2))
    ... except* ZeroDivisionError as errors:
    ...     print(errors)
    observers failed (1 sub-exception)
    """

    __slots__ = ("_errors", "_left_out", "_observers", "_on_error")

    def __init__(
        self, observers: Iterable[Observer], on_error: Literal["raise", "log"], *, awaiting: bool = False
    ) -> None:
        if not isinstance(observers, Iterable):
            raise LocalProtocolError(f"observers are a list of functions, not {type(observers).__name__}")
        self._observers = tuple(observers)
        for observer in self._observers:
            if not callable(observer):
                raise LocalProtocolError(f"an observer is a function, not {type(observer).__name__}")
            if not awaiting and (iscoroutinefunction(observer) or iscoroutinefunction(type(observer).__call__)):
                raise _nobody_awaits()
        if on_error not in ("raise", "log"):
            raise LocalProtocolError(f'an observer\'s error is for "raise" or "log", not {shown(on_error)}')
        self._on_error = on_error
        self._errors: list[Exception] = []
        self._left_out = 0

    def notify(self, item: Emitted) -> None:
        """Call each observer with `item`; raises `LocalProtocolError` for one that asks to be awaited."""
        for observer in self._observers:
            told: object = None
            try:
                told = observer(item)
            except Exception as error:
                self._take(error, item)
            if isinstance(told, Coroutine):
                told.close()
                raise _nobody_awaits()

    async def notify_async(self, item: Emitted) -> None:
        """Call each observer with `item`, one after the other, and await what asks for it."""
        for observer in self._observers:
            try:
                told = observer(item)
                if isinstance(told, Awaitable):
                    await told
            except Exception as error:
                self._take(error, item)

    def raise_errors(self, outcome: Outcome) -> None:
        """Raise the errors that were kept, with the `outcome` of the watch; do nothing if there are none.

        A group that an observer raised is one member of it. A note says how many errors were left out.
        """
        if not self._errors:
            return
        group = ObserverErrors("observers failed", self._errors, outcome)
        if self._left_out:
            group.add_note(f"{self._left_out:,} more, after the first {MAX_ERRORS}, were not kept")
        raise group

    def _take(self, error: Exception, item: Emitted) -> None:
        if self._on_error == "log":
            import_id = printable(str(item.import_id))
            logging.getLogger("spongewatch").error("an observer of import %s failed", import_id, exc_info=error)
        elif len(self._errors) < MAX_ERRORS:
            self._errors.append(error)
        else:
            self._left_out += 1


def _nobody_awaits() -> LocalProtocolError:
    return LocalProtocolError("an observer is async, and only watch_async and wait_async await it")
