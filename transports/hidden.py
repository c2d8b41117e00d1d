"""Text that error reporters don't show."""

from typing import final


@final
class Hidden(str):
    """Text with a repr that hides it.

    Error reporters (`traceback.TracebackException` with `capture_locals`, cgitb, rich) print the repr of every local
    variable. Plain strings with a secret are therefore no locals here.

    >>> Hidden("secret"), str(Hidden("secret"))
    (<hidden>, 'secret')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"
