"""`Callbacks`: a function for each kind of item, instead of one observer with a case for each."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from inspect import iscoroutinefunction
from typing import Any, TypeVar, assert_never, final

from ...core import (
    Anomaly,
    Emitted,
    Ended,
    InvalidType,
    LocalProtocolError,
    PollFailed,
    State,
    Transition,
)

_TransitionCallback = TypeVar("_TransitionCallback", bound=Callable[[Transition], object])
_AnomalyCallback = TypeVar("_AnomalyCallback", bound=Callable[[Anomaly], object])
_PollFailedCallback = TypeVar("_PollFailedCallback", bound=Callable[[PollFailed], object])
_EndedCallback = TypeVar("_EndedCallback", bound=Callable[[Ended], object])
_Callback = TypeVar("_Callback", bound=Callable[..., object])

_BY_TRIGGER = {"progress": "on_progress", "complete": "on_complete", "fail": "on_failure"}


@final
class Callbacks:
    """Call your functions, each with the items of one kind.

    Pass functions as arguments, or add them with the methods of the same names, which also work as decorators. Any
    number of functions may be added for one kind; they are called in the order in which they were added, and their
    return values are ignored. For one transition the order is `on_transition`, `on_enter`, then `on_progress`,
    `on_complete` or `on_failure`.

    If a function raises an exception, the others are still called. A single exception is then raised as it is, several
    are raised as an `ExceptionGroup`. Exceptions such as `KeyboardInterrupt` are raised at once.

    If any function is an `async def`, use the object with `watch_async` or `wait_async`: they await each function
    before the next one is called.

    Args:
        on_transition: Called with each transition.
        on_enter: For each state, a function that is called with the transition that enters it. No transition enters
            INITIALIZING.
        on_progress: Called with each `progress` transition.
        on_complete: Called with the transition that completes the import.
        on_failure: Called with the transition that fails the import.
        on_anomaly: Called with each anomaly.
        on_poll_failed: Called with each failed poll.
        on_ended: Called with the end of the watch.

    Raises:
        InvalidType: A callback is not callable, `on_enter` is not a mapping, or one of its keys is not a `State`.

    >>> from spongewatch.transports import replay
    >>> callbacks = Callbacks(on_enter={State.GATHERING: lambda step: print("consent at", step.at, "s")})
    >>> @callbacks.on_complete
    ... def fetch(step: Transition) -> None:
    ...     print(step.contact_count, "contacts can be fetched")
    >>> for item in replay("docs/traces/completes.jsonl"):
    ...     callbacks(item)
    consent at 7.007 s
    2001 contacts can be fetched
    """

    __slots__ = ("_async", "_functions")

    def __init__(
        self,
        *,
        on_transition: Callable[[Transition], object] | None = None,
        on_enter: Mapping[State, Callable[[Transition], object]] | None = None,
        on_progress: Callable[[Transition], object] | None = None,
        on_complete: Callable[[Transition], object] | None = None,
        on_failure: Callable[[Transition], object] | None = None,
        on_anomaly: Callable[[Anomaly], object] | None = None,
        on_poll_failed: Callable[[PollFailed], object] | None = None,
        on_ended: Callable[[Ended], object] | None = None,
    ) -> None:
        self._async = False
        # The keys are names of methods, or states for `on_enter`.
        self._functions: dict[str | State, list[Callable[[Any], object]]] = {}
        given: dict[str, Callable[..., object] | None] = {
            "on_transition": on_transition,
            "on_progress": on_progress,
            "on_complete": on_complete,
            "on_failure": on_failure,
            "on_anomaly": on_anomaly,
            "on_poll_failed": on_poll_failed,
            "on_ended": on_ended,
        }
        for hook, function in given.items():
            if function is not None:
                self._add(hook, function)
        if not isinstance(on_enter, Mapping | None):
            raise InvalidType(f"on_enter must be a mapping of states to functions, not {type(on_enter).__name__}")
        for state, function in (on_enter or {}).items():
            self.on_enter(state)(function)

    def __call__(self, item: Emitted) -> Awaitable[None] | None:
        """Call the functions for `item`.

        Returns:
            An awaitable that calls them if any function of this object is async, else None.

        Raises:
            LocalProtocolError: A function that is not an `async def` returned a coroutine.

        >>> Callbacks(on_poll_failed=lambda item: print(item.reason))(PollFailed("1126", 1.0, 1, "status 503", 2.5))
        status 503
        """
        if self._async:
            return self._call_async(item)
        errors: list[Exception] = []
        for function in self._functions_for(item):
            try:
                result = function(item)
                if isinstance(result, Coroutine):
                    result.close()
                    raise LocalProtocolError("a callback returned a coroutine; make it an `async def`")
            except Exception as error:
                errors.append(error)
        _raise(errors)
        return None

    def on_transition(self, function: _TransitionCallback) -> _TransitionCallback:
        """Call `function` with each transition.

        >>> callbacks = Callbacks()
        >>> @callbacks.on_transition
        ... def show(step: Transition) -> None: ...
        """
        return self._add("on_transition", function)

    def on_enter(self, state: State) -> Callable[[_TransitionCallback], _TransitionCallback]:
        """Return a decorator for a function to call with the transition that enters `state`.

        No transition enters INITIALIZING.

        Raises:
            InvalidType: `state` is not a `State`.

        >>> callbacks = Callbacks()
        >>> @callbacks.on_enter(State.GATHERING)
        ... def close_the_consent_window(step: Transition) -> None: ...
        """
        if not isinstance(state, State):
            raise InvalidType(f"state must be a State such as State.GATHERING, not {type(state).__name__}")

        def add(function: _TransitionCallback) -> _TransitionCallback:
            return self._add(state, function)

        return add

    def on_progress(self, function: _TransitionCallback) -> _TransitionCallback:
        """Call `function` with each `progress` transition.

        It reports the first contact count, which may be None, and each larger one.

        >>> callbacks = Callbacks()
        >>> @callbacks.on_progress
        ... def update_the_bar(step: Transition) -> None: ...
        """
        return self._add("on_progress", function)

    def on_complete(self, function: _TransitionCallback) -> _TransitionCallback:
        """Call `function` with the transition that completes the import.

        >>> callbacks = Callbacks()
        >>> @callbacks.on_complete
        ... def fetch_contacts(step: Transition) -> None: ...
        """
        return self._add("on_complete", function)

    def on_failure(self, function: _TransitionCallback) -> _TransitionCallback:
        """Call `function` with the transition that fails the import; its `failure` has the reason.

        >>> callbacks = Callbacks()
        >>> @callbacks.on_failure
        ... def explain(step: Transition) -> None: ...
        """
        return self._add("on_failure", function)

    def on_anomaly(self, function: _AnomalyCallback) -> _AnomalyCallback:
        """Call `function` with each row that the protocol does not describe.

        >>> callbacks = Callbacks()
        >>> @callbacks.on_anomaly
        ... def report(item: Anomaly) -> None: ...
        """
        return self._add("on_anomaly", function)

    def on_poll_failed(self, function: _PollFailedCallback) -> _PollFailedCallback:
        """Call `function` with each failed poll.

        >>> callbacks = Callbacks()
        >>> @callbacks.on_poll_failed
        ... def report(item: PollFailed) -> None: ...
        """
        return self._add("on_poll_failed", function)

    def on_ended(self, function: _EndedCallback) -> _EndedCallback:
        """Call `function` with the end of the watch, whatever the outcome.

        >>> callbacks = Callbacks()
        >>> @callbacks.on_ended
        ... def log(item: Ended) -> None: ...
        """
        return self._add("on_ended", function)

    async def _call_async(self, item: Emitted) -> None:
        errors: list[Exception] = []
        for function in self._functions_for(item):
            try:
                result = function(item)
                if isinstance(result, Awaitable):
                    await result
            except Exception as error:
                errors.append(error)
        _raise(errors)

    def _functions_for(self, item: Emitted) -> list[Callable[[Any], object]]:
        return [function for hook in _hooks(item) for function in self._functions.get(hook, ())]

    def _add(self, hook: str | State, function: _Callback) -> _Callback:
        if not callable(function):
            raise InvalidType(f"{_name(hook)} must be callable, not {type(function).__name__}")
        if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):
            self._async = True
        self._functions.setdefault(hook, []).append(function)
        return function


def _name(hook: str | State) -> str:
    return hook if isinstance(hook, str) else "on_enter"


def _raise(errors: list[Exception]) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup("callbacks failed", errors)


def _hooks(item: Emitted) -> list[str | State]:
    match item:
        case Transition(trigger=trigger, source=source, dest=dest):
            entered = [] if source is dest else [dest]
            return ["on_transition", *entered, *filter(None, [_BY_TRIGGER.get(trigger)])]
        case Anomaly():
            return ["on_anomaly"]
        case PollFailed():
            return ["on_poll_failed"]
        case Ended():
            return ["on_ended"]
        case _:
            assert_never(item)
