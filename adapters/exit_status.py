"""The exit statuses of the command line."""

from typing import Final, assert_never

from spongewatch import Abandoned, Cancelled, Completed, Failed, LostContact, Outcome, Rejected, TimedOut

FAULT: Final = 1
USAGE: Final = 2
UNREADABLE: Final = 9
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141

EXIT_STATUSES: Final = """\
exit status:
  0  completed                       6  lost contact
  1  a fault of our own              7  credentials rejected
  2  usage                           8  unknown import
  3  failed                          9  a recording that can't be read
  4  abandoned                      10  rejected for another reason
  5  a time budget ran out    130, 143  interrupted, terminated
"""


def exit_status(outcome: Outcome) -> int:
    """The status that says how a watch ended.

    >>> exit_status(Completed(2)), exit_status(TimedOut("consent"))
    (0, 5)
    """
    match outcome:
        case Completed():
            return 0
        case Failed():
            return 3
        case Abandoned():
            return 4
        case TimedOut():
            return 5
        case LostContact():
            return 6
        case Rejected(reason=reason):
            return {"credentials": 7, "unknown-import": 8}.get(reason, 10)
        case Cancelled():
            return INTERRUPTED
        case _:
            assert_never(outcome)
