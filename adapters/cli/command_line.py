"""`spongewatch`, the command line: data on standard output, notes and errors on standard error."""

import sys
from collections.abc import Sequence
from io import TextIOWrapper

from .arguments import parse
from .exit_status import CLOSED_PIPE, FAULT, INTERRUPTED
from .streams import discard, flush, note


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments`, else those of the process; gives the exit status.

    >>> main(["explain", "774"])
     774  ABANDONED  The person did not let the import read Microsoft Outlook.
                     The person has to act before a new import can succeed.
    0
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error does by itself
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        status: int = options.run(options)
        flush()
    except BrokenPipeError:
        discard(sys.stdout)
        return CLOSED_PIPE
    except KeyboardInterrupt:  # of a program that calls this; the command itself dies of the signal
        discard(sys.stdout)
        return INTERRUPTED
    except OSError as error:  # Of files only standard output is left: all else is told as what it is.
        discard(sys.stdout)
        note(f"standard output can't be written: {error.strerror}")
        return FAULT
    return status
