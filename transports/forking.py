"""What holds locks, sockets and threads begins anew in a process that is forked off.

Only the thread that forks goes on there: a lock that another one held stays held, threads are gone, and sockets are
those of the parent, to whom they are left. Nothing here waits for a lock.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

_T = TypeVar("_T")

_HOLDERS: Final[WeakKeyDictionary[Any, Callable[[Any], None]]] = WeakKeyDictionary()


def when_forked(holder: _T, begin_anew: Callable[[_T], None]) -> None:
    """Call `begin_anew` with `holder`, as long as there is one, in each process that is forked off, before all else."""
    _HOLDERS[holder] = begin_anew


def begin_anew_in_child() -> None:
    """What a process does that was just forked off."""
    for holder, begin_anew in list(_HOLDERS.items()):
        begin_anew(holder)


with suppress(AttributeError):  # Windows forks nothing
    os.register_at_fork(after_in_child=begin_anew_in_child)
