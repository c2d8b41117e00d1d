import asyncio
from functools import partial

import pytest

from spongewatch import (
    Anomaly,
    Completed,
    Ended,
    ImportEvent,
    ImportMachine,
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
WHAT_EACH_HOOK_HEARS = {
    "on_transition": [START, INITIALIZE, PROGRESS, GATHER, COMPLETE, FAIL],
    "on_progress": [PROGRESS],
    "on_complete": [COMPLETE],
    "on_failure": [FAIL],
    "on_anomaly": [ANOMALY],
    "on_poll_failed": [POLL_FAILED],
    "on_ended": [ENDED],
}


def tell(callbacks, *items):
    for item in items:
        callbacks(item)


def raising(error):
    def callback(item):
        raise error

    return callback


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_given_as_an_argument_hears_its_own_and_nothing_else(hook):
    heard = []
    tell(Callbacks(**{hook: heard.append}), *ALL)
    assert heard == WHAT_EACH_HOOK_HEARS[hook]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_given_by_a_decorator_hears_the_same_and_its_function_is_left_as_it_is(hook):
    heard, callbacks = [], Callbacks()

    def function(item):
        heard.append(item)

    assert getattr(callbacks, hook)(function) is function
    tell(callbacks, *ALL)
    assert heard == WHAT_EACH_HOOK_HEARS[hook]


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        (State.INITIALIZING, []),
        (State.GATHERING, [INITIALIZE]),
        (State.COMPLETE, [COMPLETE]),
        (State.ERROR, [FAIL]),
    ],
)
def test_a_state_is_entered_only_by_a_transition_that_changes_it(state, steps):
    heard = []
    callbacks = Callbacks(on_enter={state: heard.append})

    @callbacks.on_enter(state)
    def function(step):
        heard.append(step)

    assert function.__name__ == "function"
    tell(callbacks, *ALL)
    assert heard == [step for step in steps for _ in range(2)]


def test_callbacks_of_one_hook_are_called_in_the_order_in_which_they_were_added():
    heard = []
    callbacks = Callbacks(on_ended=lambda item: heard.append("argument"))
    callbacks.on_ended(lambda item: heard.append("first"))
    callbacks.on_ended(lambda item: heard.append("second"))
    callbacks(ENDED)
    assert heard == ["argument", "first", "second"]


def test_a_transition_is_told_from_the_general_to_the_particular():
    heard = []
    callbacks = Callbacks(
        on_failure=lambda step: heard.append("on_failure"),
        on_enter={State.ERROR: lambda step: heard.append("on_enter")},
        on_transition=lambda step: heard.append("on_transition"),
    )
    callbacks(FAIL)
    assert heard == ["on_transition", "on_enter", "on_failure"]


def test_one_function_may_serve_two_hooks():
    heard, callbacks = [], Callbacks()

    @callbacks.on_complete
    @callbacks.on_failure
    def over(step):
        heard.append(step.trigger)

    tell(callbacks, *ALL)
    assert heard == ["complete", "fail"]


def test_a_callback_that_is_added_by_another_is_called_from_the_next_item_on():
    heard, callbacks = [], Callbacks()
    callbacks.on_ended(lambda item: callbacks.on_ended(heard.append))
    callbacks(ENDED)
    assert heard == []
    callbacks(ENDED)
    assert heard == [ENDED]


def test_the_error_of_one_callback_is_raised_as_it_is_once_all_are_called():
    heard, error = [], ValueError("a")
    callbacks = Callbacks(on_transition=raising(error), on_complete=heard.append)
    with pytest.raises(ValueError, match="a") as caught:
        callbacks(COMPLETE)
    assert caught.value is error
    assert heard == [COMPLETE]


def test_the_errors_of_several_are_raised_together_once_all_are_called():
    heard, errors = [], [ValueError("a"), KeyError("b")]
    callbacks = Callbacks(on_transition=raising(errors[0]), on_complete=raising(errors[1]))
    callbacks.on_complete(heard.append)
    with pytest.raises(ExceptionGroup, match="callbacks failed") as caught:
        callbacks(COMPLETE)
    assert [*caught.value.exceptions] == errors
    assert heard == [COMPLETE]


def test_an_error_of_one_item_is_forgotten_at_the_next():
    callbacks = Callbacks(on_complete=raising(ValueError("a")))
    with pytest.raises(ValueError, match="a"):
        callbacks(COMPLETE)
    callbacks(ENDED)


def test_an_interruption_is_raised_at_once():
    heard = []
    callbacks = Callbacks(on_transition=raising(KeyboardInterrupt()), on_complete=heard.append)
    with pytest.raises(KeyboardInterrupt):
        callbacks(COMPLETE)
    assert heard == []


class Notifier:
    """Hears a moment after it is told, as who notifies somebody over the network does."""

    def __init__(self, heard=None, word="async"):
        self.heard, self.word = heard, word

    async def __call__(self, item):
        await asyncio.sleep(0)
        self.heard.append(self.word)

    async def method(self, item):
        await self(item)


def awaited(callbacks, *items):
    async def main():
        for item in items:
            await callbacks(item)

    asyncio.run(main())


@pytest.mark.parametrize("give", [lambda it: it, lambda it: it.method, lambda it: partial(it.method)])
@pytest.mark.parametrize("hook", HOOKS)
def test_an_async_callback_is_called_when_what_is_given_back_is_awaited(hook, give):
    by_argument, by_decorator = [], []
    awaited(Callbacks(**{hook: give(Notifier(by_argument))}), *ALL)
    callbacks = Callbacks()
    getattr(callbacks, hook)(give(Notifier(by_decorator)))
    awaited(callbacks, *ALL)
    assert by_argument == by_decorator
    assert set(by_argument) == {"async"}


def test_an_async_callback_may_wait_for_a_state():
    heard = []
    awaited(Callbacks(on_enter={State.ERROR: Notifier(heard)}), *ALL)
    assert heard == ["async"]


def test_each_callback_is_over_before_the_next_one_is_called():
    heard = []
    callbacks = Callbacks(on_transition=Notifier(heard, "first"))
    callbacks.on_transition(lambda item: heard.append("second"))
    callbacks.on_complete(Notifier(heard, "third"))
    awaited(callbacks, COMPLETE)
    assert heard == ["first", "second", "third"]


def test_the_errors_of_async_callbacks_are_raised_once_all_are_called():
    heard = []

    async def fail(item):
        await asyncio.sleep(0)
        raise ValueError("a")

    callbacks = Callbacks(on_transition=fail, on_complete=Notifier(heard))
    with pytest.raises(ValueError, match="a"):
        awaited(callbacks, COMPLETE)
    assert heard == ["async"]
    callbacks.on_complete(raising(KeyError("b")))
    with pytest.raises(ExceptionGroup, match="callbacks failed") as caught:
        awaited(callbacks, COMPLETE)
    assert [type(error) for error in caught.value.exceptions] == [ValueError, KeyError]


def test_a_plain_callback_that_gives_something_to_await_is_told_so():
    heard = []
    callbacks = Callbacks(on_complete=lambda step: Notifier(heard)(step))
    with pytest.raises(LocalProtocolError, match="a callback gave something to await: make it an `async def`"):
        callbacks(COMPLETE)
    assert heard == []


def test_plain_callbacks_leave_nothing_to_await():
    assert Callbacks(on_ended=lambda item: None)(ENDED) is None


def test_a_class_whose_objects_are_async_is_no_async_callback():
    tell(Callbacks(on_ended=lambda item: Notifier()), ENDED)
    made = []

    class Kept(Notifier):
        def __init__(self, item):
            made.append(item)

    tell(Callbacks(on_ended=Kept), ENDED)
    assert made == [ENDED]


def test_a_callback_is_a_function():
    for give in (lambda: Callbacks(on_ended="notify"), lambda: Callbacks().on_ended("notify")):
        with pytest.raises(LocalProtocolError, match="a callback is a function, not str"):
            give()


def test_what_is_entered_is_a_state():
    for give in (lambda: Callbacks(on_enter={"ERROR": print}), lambda: Callbacks().on_enter("ERROR")):
        with pytest.raises(LocalProtocolError, match=r"on_enter takes a State, such as State\.GATHERING, not str"):
            give()
    with pytest.raises(LocalProtocolError, match="on_enter is a mapping of states to functions"):
        Callbacks(on_enter=print)
