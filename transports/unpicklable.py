"""`Unpicklable`: a base class for objects that hold connections, files, locks, threads or a generator.

Python refuses to pickle most of them, with an error about a lock. But a file descriptor is an int, which would be
copied silently, and a shallow copy would share everything.
"""

from typing import ClassVar, NoReturn, SupportsIndex

from ..core import LocalProtocolError


class Unpicklable:
    """Base class of objects that can be neither pickled nor copied; both raise `LocalProtocolError`."""

    __slots__ = ()

    _instead: ClassVar[str] = "create another one where you need it"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise LocalProtocolError(f"{type(self).__name__} can't be pickled or copied; {self._instead}")
