import asyncio
import copy
import logging
import pickle

import pytest

from spongewatch import Completed, Ended, LocalProtocolError, State
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


def test_all_are_told_in_their_order():
    told = []
    observers = Observers(
        [lambda item: told.append(("first", item)), lambda item: told.append(("second", item))], "raise"
    )
    observers.notify(ITEM)
    assert told == [("first", ITEM), ("second", ITEM)]
    observers.raise_errors(OUTCOME)


def test_nobody_needs_to_observe():
    observers = Observers([], "raise")
    observers.notify(ITEM)
    observers.raise_errors(OUTCOME)


def test_observers_may_come_from_an_iterator():
    told = []
    observers = Observers(iter([told.append]), "raise")
    observers.notify(ITEM)
    observers.notify(ITEM)
    assert told == [ITEM, ITEM]


def test_who_raises_keeps_nobody_from_being_told_and_the_errors_are_raised_in_the_end():
    told = []
    first, second = ValueError("a"), StopIteration()
    observers = Observers([raising(first), told.append, raising(second), told.append], "raise")
    observers.notify(ITEM)
    assert told == [ITEM, ITEM]
    group = raised_by(observers)
    assert group.message == "observers failed"
    assert group.exceptions == (first, second)
    assert not hasattr(group, "__notes__")


def test_a_group_that_an_observer_raises_is_one_error():
    inner = ExceptionGroup("callbacks failed", [ValueError("a"), ValueError("b")])
    observers = Observers([raising(inner)], "raise")
    observers.notify(ITEM)
    assert raised_by(observers).exceptions == (inner,)


def test_a_long_watch_keeps_the_first_errors_and_counts_the_others():
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
    assert group.__notes__ == ["1,200 more, after the first 100, were not kept"]


def test_errors_are_logged_at_once_and_not_kept_where_the_user_wants_that(caplog):
    told, error = [], ValueError("a")
    observers = Observers([raising(error), told.append], "log")
    observers.notify(Ended("11\n26", 2.0, Completed(2), State.COMPLETE, 2))
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("spongewatch", logging.ERROR)
    assert record.getMessage() == "an observer of import 11\\n26 failed"
    assert record.exc_info[1] is error
    assert len(told) == 1
    observers.raise_errors(OUTCOME)


def test_errors_that_are_raised_are_not_logged(caplog):
    caplog.set_level(logging.DEBUG)
    Observers([raising(ValueError())], "raise").notify(ITEM)
    assert caplog.records == []


@pytest.mark.parametrize("on_error", ["raise", "log"])
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interruption_goes_straight_to_the_caller(interruption, on_error):
    told = []
    observers = Observers([raising(interruption()), told.append], on_error)
    with pytest.raises(interruption):
        observers.notify(ITEM)
    assert told == []
    observers.raise_errors(OUTCOME)


@pytest.mark.parametrize(
    ("observers", "message"),
    [
        ([print, None], "an observer is a function, not NoneType"),
        ("log", "an observer is a function, not str"),
        (print, "observers are a list of functions, not builtin_function_or_method"),
        (None, "observers are a list of functions, not NoneType"),
    ],
)
def test_observers_are_functions(observers, message):
    with pytest.raises(LocalProtocolError) as error:
        Observers(observers, "raise")
    assert str(error.value) == message


@pytest.mark.parametrize("on_error", ["ignore", None, [], "lo\x1bg"])
def test_an_error_is_raised_or_logged_and_nothing_else(on_error):
    with pytest.raises(LocalProtocolError, match='an observer\'s error is for "raise" or "log", not ') as error:
        Observers([], on_error)
    assert str(error.value).isprintable()


# Under asyncio.


class Notifier:
    def __init__(self, told):
        self.told = told

    async def __call__(self, item):
        await asyncio.sleep(0)
        self.told.append(("async", item))


def test_an_async_observer_is_awaited_before_the_next_one_is_told():
    told = []

    async def notify(item):
        await Notifier(told)(item)

    observers = Observers([notify, lambda item: told.append(("plain", item)), Notifier(told)], "raise", awaiting=True)
    asyncio.run(observers.notify_async(ITEM))
    assert told == [("async", ITEM), ("plain", ITEM), ("async", ITEM)]
    observers.raise_errors(OUTCOME)


def test_the_errors_of_async_observers_are_kept_like_all_others():
    told = []

    async def fail(item):
        await asyncio.sleep(0)
        raise ValueError("a")

    observers = Observers([fail, raising(KeyError("b")), told.append], "raise", awaiting=True)
    asyncio.run(observers.notify_async(ITEM))
    assert told == [ITEM]
    assert [type(error) for error in raised_by(observers).exceptions] == [ValueError, KeyError]


async def nothing(item): ...


@pytest.mark.parametrize("observer", [nothing, Notifier([])])
def test_who_has_to_be_awaited_is_refused_where_nobody_awaits(observer):
    with pytest.raises(LocalProtocolError, match="an observer is async, and only watch_async and wait_async await it"):
        Observers([observer], "log")


def test_who_turns_out_to_have_to_be_awaited_is_refused_when_told():
    observers = Observers([lambda item: nothing(item)], "log")
    with pytest.raises(LocalProtocolError, match="an observer is async"):
        observers.notify(ITEM)


def test_the_parts_of_a_group_have_the_outcome_too():
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
