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
    0  import completed, or command succeeded
    1  internal error, or output not writable
    2  usage error, missing credentials included
    3  import failed
    4  import abandoned by the person
    5  time budget expired
    6  lost contact, or recording ends early
    7  credentials rejected
    8  import unknown to the service
    9  recording unreadable or damaged
   10  request rejected for another reason
  129  terminal closed (SIGHUP)
  130  interrupted (SIGINT)
  141  output pipe closed
  143  terminated (SIGTERM)
"""


def exit_status(outcome: Outcome) -> int:
    """Return the exit status for the outcome of a watch.

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
