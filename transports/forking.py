"""Resets objects that hold locks, sockets or threads in a forked process.

Only the thread that called `fork` continues in the child: locks held by other threads stay locked, those threads are
gone, and the sockets belong to the parent. A reset function must not wait for a lock.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

_T = TypeVar("_T")

_RESETS: Final[WeakKeyDictionary[Any, Callable[[Any], None]]] = WeakKeyDictionary()


def reset_after_fork(holder: _T, reset: Callable[[_T], None]) -> None:
    """Call `reset(holder)` first thing in each forked process, as long as `holder` exists."""
    _RESETS[holder] = reset


def reset_all() -> None:
    """Reset every registered object; called in a forked process."""
    for holder, reset in list(_RESETS.items()):
        reset(holder)


with suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=reset_all)
