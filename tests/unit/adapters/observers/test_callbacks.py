import asyncio
from functools import partial

import pytest

from spongewatch import (
    Anomaly,
    Completed,
    Ended,
    ImportEvent,
    ImportMachine,
    InvalidType,
    LocalProtocolError,
    PollFailed,
    State,
)
from spongewatch.adapters.observers.callbacks import Callbacks

ANOMALY = Anomaly("1126", 1.0, "unlisted-row", ImportEvent("SUBMITTING", "INPROGRESS", 50))
POLL_FAILED = PollFailed("1126", 1.0, 1, "status 503", 2.4)
ENDED = Ended("1126", 2.0, Completed(2), State.COMPLETE, 2)
HOOKS = ["on_transition", "on_progress", "on_complete", "on_failure", "on_anomaly", "on_poll_failed", "on_ended"]


def completing():
    return ImportMachine("1126").feed(
        [
            ImportEvent("INITIALIZING", "INPROGRESS"),
            ImportEvent("GATHERING", "INPROGRESS", 1),
            ImportEvent("GATHERING", "COMPLETED", 2),
            ImportEvent("COMPLETE", "COMPLETED"),
        ]
    )


def failing():
    return ImportMachine("1126").feed([ImportEvent("GATHERING", "ERROR", 264)])


START, INITIALIZE, PROGRESS, GATHER, COMPLETE = completing()
_, FAIL = failing()
ALL = (*completing(), FAIL, ANOMALY, POLL_FAILED, ENDED)
RECEIVED_BY_HOOK = {
    "on_transition": [START, INITIALIZE, PROGRESS, GATHER, COMPLETE, FAIL],
    "on_progress": [PROGRESS],
    "on_complete": [COMPLETE],
    "on_failure": [FAIL],
    "on_anomaly": [ANOMALY],
    "on_poll_failed": [POLL_FAILED],
    "on_ended": [ENDED],
}


def call(callbacks, *items):
    for item in items:
        callbacks(item)


def raising(error):
    def callback(item):
        raise error

    return callback


@pytest.mark.parametrize("hook", HOOKS)
def test_a_function_passed_as_an_argument_receives_only_the_items_of_its_hook(hook):
    received = []
    call(Callbacks(**{hook: received.append}), *ALL)
    assert received == RECEIVED_BY_HOOK[hook]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_decorated_function_receives_the_same_items_and_is_returned_unchanged(hook):
    received, callbacks = [], Callbacks()

    def function(item):
        received.append(item)

    assert getattr(callbacks, hook)(function) is function
    call(callbacks, *ALL)
    assert received == RECEIVED_BY_HOOK[hook]


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        (State.INITIALIZING, []),
        (State.GATHERING, [INITIALIZE]),
        (State.COMPLETE, [COMPLETE]),
        (State.ERROR, [FAIL]),
    ],
)
def test_on_enter_ignores_transitions_within_a_state(state, steps):
    received = []
    callbacks = Callbacks(on_enter={state: received.append})

    @callbacks.on_enter(state)
    def function(step):
        received.append(step)

    assert function.__name__ == "function"
    call(callbacks, *ALL)
    assert received == [step for step in steps for _ in range(2)]


def test_callbacks_of_one_hook_are_called_in_the_order_in_which_they_were_added():
    received = []
    callbacks = Callbacks(on_ended=lambda item: received.append("argument"))
    callbacks.on_ended(lambda item: received.append("first"))
    callbacks.on_ended(lambda item: received.append("second"))
    callbacks(ENDED)
    assert received == ["argument", "first", "second"]


def test_hooks_are_called_from_general_to_specific():
    received = []
    callbacks = Callbacks(
        on_failure=lambda step: received.append("on_failure"),
        on_enter={State.ERROR: lambda step: received.append("on_enter")},
        on_transition=lambda step: received.append("on_transition"),
    )
    callbacks(FAIL)
    assert received == ["on_transition", "on_enter", "on_failure"]


def test_one_function_may_be_added_to_two_hooks():
    received, callbacks = [], Callbacks()

    @callbacks.on_complete
    @callbacks.on_failure
    def over(step):
        received.append(step.trigger)

    call(callbacks, *ALL)
    assert received == ["complete", "fail"]


def test_a_callback_added_during_a_call_is_first_called_for_the_next_item():
    received, callbacks = [], Callbacks()
    callbacks.on_ended(lambda item: callbacks.on_ended(received.append))
    callbacks(ENDED)
    assert received == []
    callbacks(ENDED)
    assert received == [ENDED]


def test_a_single_error_is_raised_unchanged_after_all_were_called():
    received, error = [], ValueError("a")
    callbacks = Callbacks(on_transition=raising(error), on_complete=received.append)
    with pytest.raises(ValueError, match="a") as caught:
        callbacks(COMPLETE)
    assert caught.value is error
    assert received == [COMPLETE]


def test_several_errors_are_raised_as_a_group_after_all_were_called():
    received, errors = [], [ValueError("a"), KeyError("b")]
    callbacks = Callbacks(on_transition=raising(errors[0]), on_complete=raising(errors[1]))
    callbacks.on_complete(received.append)
    with pytest.raises(ExceptionGroup, match="callbacks failed") as caught:
        callbacks(COMPLETE)
    assert [*caught.value.exceptions] == errors
    assert received == [COMPLETE]


def test_errors_are_not_kept_for_the_next_item():
    callbacks = Callbacks(on_complete=raising(ValueError("a")))
    with pytest.raises(ValueError, match="a"):
        callbacks(COMPLETE)
    callbacks(ENDED)


def test_a_keyboard_interrupt_is_raised_at_once():
    received = []
    callbacks = Callbacks(on_transition=raising(KeyboardInterrupt()), on_complete=received.append)
    with pytest.raises(KeyboardInterrupt):
        callbacks(COMPLETE)
    assert received == []


class Notifier:
    """An async callback that yields to the event loop before it records the call."""

    def __init__(self, received=None, word="async"):
        self.received, self.word = received, word

    async def __call__(self, item):
        await asyncio.sleep(0)
        self.received.append(self.word)

    async def method(self, item):
        await self(item)


def awaited(callbacks, *items):
    async def main():
        for item in items:
            await callbacks(item)

    asyncio.run(main())


@pytest.mark.parametrize("form", [lambda it: it, lambda it: it.method, lambda it: partial(it.method)])
@pytest.mark.parametrize("hook", HOOKS)
def test_async_callbacks_are_called_when_the_result_is_awaited(hook, form):
    by_argument, by_decorator = [], []
    awaited(Callbacks(**{hook: form(Notifier(by_argument))}), *ALL)
    callbacks = Callbacks()
    getattr(callbacks, hook)(form(Notifier(by_decorator)))
    awaited(callbacks, *ALL)
    assert by_argument == by_decorator
    assert set(by_argument) == {"async"}


def test_on_enter_accepts_an_async_callback():
    received = []
    awaited(Callbacks(on_enter={State.ERROR: Notifier(received)}), *ALL)
    assert received == ["async"]


def test_each_callback_finishes_before_the_next_one_is_called():
    received = []
    callbacks = Callbacks(on_transition=Notifier(received, "first"))
    callbacks.on_transition(lambda item: received.append("second"))
    callbacks.on_complete(Notifier(received, "third"))
    awaited(callbacks, COMPLETE)
    assert received == ["first", "second", "third"]


def test_errors_of_async_callbacks_are_raised_after_all_were_called():
    received = []

    async def fail(item):
        await asyncio.sleep(0)
        raise ValueError("a")

    callbacks = Callbacks(on_transition=fail, on_complete=Notifier(received))
    with pytest.raises(ValueError, match="a"):
        awaited(callbacks, COMPLETE)
    assert received == ["async"]
    callbacks.on_complete(raising(KeyError("b")))
    with pytest.raises(ExceptionGroup, match="callbacks failed") as caught:
        awaited(callbacks, COMPLETE)
    assert [type(error) for error in caught.value.exceptions] == [ValueError, KeyError]


def test_a_plain_function_that_returns_a_coroutine_is_an_error():
    received = []
    callbacks = Callbacks(on_complete=lambda step: Notifier(received)(step))
    with pytest.raises(LocalProtocolError, match="a callback returned a coroutine; make it an `async def`"):
        callbacks(COMPLETE)
    assert received == []


def test_plain_callbacks_return_nothing_to_await():
    assert Callbacks(on_ended=lambda item: None)(ENDED) is None


def test_a_class_with_an_async_call_method_is_a_plain_callback():
    call(Callbacks(on_ended=lambda item: Notifier()), ENDED)
    made = []

    class Kept(Notifier):
        def __init__(self, item):
            made.append(item)

    call(Callbacks(on_ended=Kept), ENDED)
    assert made == [ENDED]


def test_a_callback_must_be_callable():
    for add in (lambda: Callbacks(on_ended="notify"), lambda: Callbacks().on_ended("notify")):
        with pytest.raises(InvalidType, match="on_ended must be callable, not str"):
            add()
    with pytest.raises(InvalidType, match="on_enter must be callable, not str"):
        Callbacks(on_enter={State.ERROR: "notify"})


def test_on_enter_takes_states():
    for add in (lambda: Callbacks(on_enter={"ERROR": print}), lambda: Callbacks().on_enter("ERROR")):
        with pytest.raises(InvalidType, match=r"state must be a State such as State\.GATHERING, not str"):
            add()
    with pytest.raises(InvalidType, match="on_enter must be a mapping of states to functions, not builtin_function"):
        Callbacks(on_enter=print)
