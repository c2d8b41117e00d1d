"""The exit statuses of the command line."""

from typing import Final, assert_never

from ...core import Abandoned, Cancelled, Completed, Failed, LostContact, Outcome, Rejected, TimedOut

FAULT: Final = 1
USAGE: Final = 2
UNREADABLE: Final = 9
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141

EXIT_STATUSES: Final = """\
exit status:
    0  completed, or done
    1  a fault of our own
    2  usage
    3  failed
    4  abandoned
    5  a time budget ran out
    6  lost contact
    7  credentials rejected
    8  unknown import
    9  a recording that can't be read, or not to its end
   10  rejected for another reason
  129  the terminal was closed
  130  interrupted
  141  whatever read the output has closed it
  143  terminated
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
