"""The `spongewatch` command: data goes to standard output, notes and errors go to standard error."""

import sys
from collections.abc import Sequence
from io import TextIOWrapper

from .arguments import parse
from .exit_status import CLOSED_PIPE, FAULT, INTERRUPTED
from .streams import discard, flush, note


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The arguments; by default those of the process.

    Returns:
        The exit status.

    >>> main(["explain", "774"])
     774  ABANDONED  The person did not let the import read Microsoft Outlook.
                     Ask the person: they must act before a new import can succeed.
    0
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # the default of standard error
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        status: int = options.run(options)
        flush()
    except BrokenPipeError:
        discard(sys.stdout)
        return CLOSED_PIPE
    except KeyboardInterrupt:  # in a program that calls this function; the command itself dies of the signal
        discard(sys.stdout)
        return INTERRUPTED
    except OSError as error:  # only standard output is left: errors of other files are handled where they occur
        discard(sys.stdout)
        note(f"cannot write to standard output: {error.strerror}")
        return FAULT
    return status
