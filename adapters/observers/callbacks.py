"""`Callbacks`: a function for each thing that can happen, in place of one observer that tells them apart."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from inspect import iscoroutinefunction
from typing import Any, TypeVar, assert_never, final

from ...core import Anomaly, Emitted, Ended, LocalProtocolError, PollFailed, State, Transition

_TransitionCallback = TypeVar("_TransitionCallback", bound=Callable[[Transition], object])
_AnomalyCallback = TypeVar("_AnomalyCallback", bound=Callable[[Anomaly], object])
_PollFailedCallback = TypeVar("_PollFailedCallback", bound=Callable[[PollFailed], object])
_EndedCallback = TypeVar("_EndedCallback", bound=Callable[[Ended], object])
_Callback = TypeVar("_Callback", bound=Callable[..., object])

_BY_TRIGGER = {"progress": "on_progress", "complete": "on_complete", "fail": "on_failure"}


@final
class Callbacks:
    """An observer that calls functions of yours, each with the one value that was emitted.

    They are given as arguments or by decorators, which leave the function as it is. A hook takes any number
    of them and calls them in the order in which they were added; what they return is passed over. For one
    transition the order is `on_transition`, `on_enter`, then `on_progress`, `on_complete` or `on_failure`.

    A callback that raises keeps none of the others from being called. Afterwards a single exception is raised
    as it is, several as an `ExceptionGroup`; a `KeyboardInterrupt` and its like are raised at once. Raises
    `LocalProtocolError` for a callback that can't be called.

    Some may be `async def`: then the object is for `watch_async` and `wait_async`, which await each before the
    next one is called.

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
        # By the name of the hook, or by the state that is entered.
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
            raise LocalProtocolError("on_enter is a mapping of states to functions, such as {State.GATHERING: notify}")
        for state, function in (on_enter or {}).items():
            self.on_enter(state)(function)

    def __call__(self, item: Emitted) -> Awaitable[None] | None:
        """Call all that wait for an `item` like this one; where any callback is async, gives what is to be awaited."""
        if self._async:
            return self._call_async(item)
        errors: list[Exception] = []
        for function in self._waiting_for(item):
            try:
                told = function(item)
                if isinstance(told, Coroutine):
                    told.close()
                    raise LocalProtocolError("a callback gave something to await: make it an `async def`")
            except Exception as error:
                errors.append(error)
        _raise(errors)
        return None

    def on_transition(self, function: _TransitionCallback) -> _TransitionCallback:
        """Call `function` with each transition."""
        return self._add("on_transition", function)

    def on_enter(self, state: State) -> Callable[[_TransitionCallback], _TransitionCallback]:
        """Call the function with the transition that enters `state`; nothing enters INITIALIZING.

        >>> callbacks = Callbacks()
        >>> @callbacks.on_enter(State.GATHERING)
        ... def close_the_consent_window(step: Transition) -> None: ...
        """
        if not isinstance(state, State):
            raise LocalProtocolError(f"on_enter takes a State, such as State.GATHERING, not {type(state).__name__}")

        def add(function: _TransitionCallback) -> _TransitionCallback:
            return self._add(state, function)

        return add

    def on_progress(self, function: _TransitionCallback) -> _TransitionCallback:
        """Call `function` with each `progress`: a larger number of contacts, or the first, which may be None."""
        return self._add("on_progress", function)

    def on_complete(self, function: _TransitionCallback) -> _TransitionCallback:
        """Call `function` with the transition that completes the import."""
        return self._add("on_complete", function)

    def on_failure(self, function: _TransitionCallback) -> _TransitionCallback:
        """Call `function` with the transition that fails the import; `failure` on it says why."""
        return self._add("on_failure", function)

    def on_anomaly(self, function: _AnomalyCallback) -> _AnomalyCallback:
        """Call `function` with each row that the protocol does not foresee."""
        return self._add("on_anomaly", function)

    def on_poll_failed(self, function: _PollFailedCallback) -> _PollFailedCallback:
        """Call `function` with each poll that brought nothing usable."""
        return self._add("on_poll_failed", function)

    def on_ended(self, function: _EndedCallback) -> _EndedCallback:
        """Call `function` with the end of the watch, however it ended."""
        return self._add("on_ended", function)

    async def _call_async(self, item: Emitted) -> None:
        errors: list[Exception] = []
        for function in self._waiting_for(item):
            try:
                told = function(item)
                if isinstance(told, Awaitable):
                    await told
            except Exception as error:
                errors.append(error)
        _raise(errors)

    def _waiting_for(self, item: Emitted) -> list[Callable[[Any], object]]:
        return [function for hook in _hooks(item) for function in self._functions.get(hook, ())]

    def _add(self, hook: str | State, function: _Callback) -> _Callback:
        if not callable(function):
            raise LocalProtocolError(f"a callback is a function, not {type(function).__name__}")
        if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):
            self._async = True
        self._functions.setdefault(hook, []).append(function)
        return function


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
