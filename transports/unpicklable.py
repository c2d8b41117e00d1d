"""`Unpicklable`: a refusal, for what holds connections, files, locks, threads or a generator.

Most of that Python refuses to pickle by itself, in words that name a lock; but a descriptor is a mere number, and a
shallow copy would share all of it unseen.
"""

from typing import ClassVar, NoReturn, SupportsIndex

from ..core import LocalProtocolError


class Unpicklable:
    """To be inherited by what is neither pickled nor copied: both raise `LocalProtocolError`."""

    __slots__ = ()

    _instead: ClassVar[str] = "make another one where it is needed"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise LocalProtocolError(f"no {type(self).__name__} is pickled or copied: {self._instead}")
