import asyncio
import copy
import logging
import pickle

import pytest

from spongewatch import Completed, Ended, InvalidArgument, InvalidType, State
from spongewatch.transports import ObserverErrors
from spongewatch.transports.polling.observers import MAX_ERRORS, Observers

OUTCOME = Completed(2)
ITEM = Ended("1126", 2.0, OUTCOME, State.COMPLETE, 2)


def raising(error):
    def observer(item):
        raise error

    return observer


def raised_by(observers):
    with pytest.raises(ObserverErrors) as caught:
        observers.raise_errors(OUTCOME)
    assert caught.value.outcome is OUTCOME
    return caught.value


def test_observers_are_called_in_order():
    calls = []
    observers = Observers(
        [lambda item: calls.append(("first", item)), lambda item: calls.append(("second", item))], "raise"
    )
    observers.notify(ITEM)
    assert calls == [("first", ITEM), ("second", ITEM)]
    observers.raise_errors(OUTCOME)


def test_there_may_be_no_observers():
    observers = Observers([], "raise")
    observers.notify(ITEM)
    observers.raise_errors(OUTCOME)


def test_observers_may_come_from_an_iterator():
    received = []
    observers = Observers(iter([received.append]), "raise")
    observers.notify(ITEM)
    observers.notify(ITEM)
    assert received == [ITEM, ITEM]


def test_an_error_does_not_keep_other_observers_from_being_called():
    received = []
    first, second = ValueError("a"), StopIteration()
    observers = Observers([raising(first), received.append, raising(second), received.append], "raise")
    observers.notify(ITEM)
    assert received == [ITEM, ITEM]
    group = raised_by(observers)
    assert group.message == "observers failed"
    assert group.exceptions == (first, second)
    assert not hasattr(group, "__notes__")


def test_a_group_that_an_observer_raises_counts_as_one_error():
    inner = ExceptionGroup("callbacks failed", [ValueError("a"), ValueError("b")])
    observers = Observers([raising(inner)], "raise")
    observers.notify(ITEM)
    assert raised_by(observers).exceptions == (inner,)


def test_the_first_errors_are_kept_and_the_others_counted():
    errors = iter(range(MAX_ERRORS + 1200))

    def observer(item):
        raise ValueError(next(errors))

    observers = Observers([observer], "raise")
    for _ in range(MAX_ERRORS):
        observers.notify(ITEM)
    assert not hasattr(raised_by(observers), "__notes__")
    for _ in range(1200):
        observers.notify(ITEM)
    group = raised_by(observers)
    assert [error.args for error in group.exceptions] == [(number,) for number in range(MAX_ERRORS)]
    assert group.__notes__ == ["1,200 more exceptions after the first 100 were dropped"]


def test_errors_can_be_logged_at_once_instead(caplog):
    received, error = [], ValueError("a")
    observers = Observers([raising(error), received.append], "log")
    observers.notify(Ended("11\n26", 2.0, Completed(2), State.COMPLETE, 2))
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("spongewatch", logging.ERROR)
    assert record.getMessage() == "an observer of import 11\\n26 failed"
    assert record.exc_info[1] is error
    assert len(received) == 1
    observers.raise_errors(OUTCOME)


def test_errors_that_are_raised_are_not_logged(caplog):
    caplog.set_level(logging.DEBUG)
    Observers([raising(ValueError())], "raise").notify(ITEM)
    assert caplog.records == []


@pytest.mark.parametrize("on_observer_error", ["raise", "log"])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupt_goes_straight_to_the_caller(interrupt, on_observer_error):
    received = []
    observers = Observers([raising(interrupt()), received.append], on_observer_error)
    with pytest.raises(interrupt):
        observers.notify(ITEM)
    assert received == []
    observers.raise_errors(OUTCOME)


@pytest.mark.parametrize(
    ("observers", "message"),
    [
        ([print, None], "observers must be functions, not NoneType"),
        ("log", "observers must be functions, not str"),
        (print, "observers must be an iterable of functions, not builtin_function_or_method"),
        (None, "observers must be an iterable of functions, not NoneType"),
    ],
)
def test_observers_must_be_an_iterable_of_functions(observers, message):
    with pytest.raises(InvalidType) as error:
        Observers(observers, "raise")
    assert str(error.value) == message


@pytest.mark.parametrize("on_observer_error", ["ignore", None, [], "lo\x1bg"])
def test_on_observer_error_must_be_one_of_its_values(on_observer_error):
    with pytest.raises(InvalidArgument, match='^on_observer_error must be "raise" or "log", not ') as error:
        Observers([], on_observer_error)
    assert str(error.value).isprintable()


# Under asyncio


class AsyncObserver:
    def __init__(self, calls):
        self.calls = calls

    async def __call__(self, item):
        await asyncio.sleep(0)
        self.calls.append(("async", item))


def test_an_async_observer_is_awaited_before_the_next_one_is_called():
    calls = []

    async def observer(item):
        await AsyncObserver(calls)(item)

    mixed = [observer, lambda item: calls.append(("plain", item)), AsyncObserver(calls)]
    observers = Observers(mixed, "raise", allow_async=True)
    asyncio.run(observers.notify_async(ITEM))
    assert calls == [("async", ITEM), ("plain", ITEM), ("async", ITEM)]
    observers.raise_errors(OUTCOME)


def test_errors_of_async_observers_are_kept_like_all_others():
    received = []

    async def fail(item):
        await asyncio.sleep(0)
        raise ValueError("a")

    observers = Observers([fail, raising(KeyError("b")), received.append], "raise", allow_async=True)
    asyncio.run(observers.notify_async(ITEM))
    assert received == [ITEM]
    assert [type(error) for error in raised_by(observers).exceptions] == [ValueError, KeyError]


async def async_observer(item): ...


@pytest.mark.parametrize("observer", [async_observer, AsyncObserver([])])
def test_an_async_observer_is_refused_where_it_would_not_be_awaited(observer):
    with pytest.raises(InvalidType, match="^observers must not be async here; use watch_async or wait_async"):
        Observers([observer], "log")


def test_an_observer_that_only_returns_a_coroutine_is_refused_when_it_is_called():
    observers = Observers([lambda item: async_observer(item)], "log")
    with pytest.raises(InvalidType, match="^observers must not be async here"):
        observers.notify(ITEM)


# ObserverErrors


def test_the_parts_of_a_group_have_the_outcome():
    group = ObserverErrors(
        "observers failed", [ValueError("a"), KeyError("b"), ExceptionGroup("c", [OSError()])], OUTCOME
    )
    group.add_note("noted")
    matching, rest = group.split(ValueError)
    assert (type(matching), matching.outcome, matching.message) == (ObserverErrors, OUTCOME, "observers failed")
    assert (type(rest), rest.outcome, rest.__notes__) == (ObserverErrors, OUTCOME, ["noted"])
    assert group.subgroup(OSError).outcome is OUTCOME
    caught = []
    try:
        raise group
    except* (ValueError, KeyError) as errors:
        caught.append(errors)
    except* OSError as errors:
        caught.append(errors)
    assert [(type(errors), errors.outcome) for errors in caught] == [(ObserverErrors, OUTCOME)] * 2


@pytest.mark.parametrize("another", [copy.copy, copy.deepcopy, lambda group: pickle.loads(pickle.dumps(group))])
@pytest.mark.parametrize("notes", [[], ["noted"]])
def test_a_group_is_copied_and_pickled_with_its_outcome(another, notes):
    group = ObserverErrors("observers failed", [ValueError("a")], OUTCOME)
    for note in notes:
        group.add_note(note)
    made = another(group)
    assert (type(made), made.outcome, str(made)) == (ObserverErrors, OUTCOME, str(group))
    assert list(map(repr, made.exceptions)) == ["ValueError('a')"]
    assert getattr(made, "__notes__", []) == notes
