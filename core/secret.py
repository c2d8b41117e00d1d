"""`Secret`: text that tracebacks and error reporters don't show."""

from typing import Final, final

PLACEHOLDER: Final = "******"
"""Replaces a secret."""


@final
class Secret(str):
    """A `str` whose repr hides it.

    Error reporters print the repr of local variables, so secrets that a stack frame has to hold are of this type.
    Everything else works as for any `str`; parts of it, and text made with it, are plain `str` objects.

    >>> header = Secret("Basic a2V5OnBhc3N3b3Jk")
    >>> header, header.startswith("Basic ")
    ('******', True)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(PLACEHOLDER)
