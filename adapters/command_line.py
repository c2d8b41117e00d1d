"""`spongewatch`, the command line: data on standard output, notes and errors on standard error."""

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

from spongewatch import __version__, printable

from . import convert_command, explain_command, replay_command, simulate_command, watch_command
from .exit_status import CLOSED_PIPE, EXIT_STATUSES, FAULT, INTERRUPTED, USAGE
from .streams import discard, note


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
        options = _options(arguments)
        status: int = options.run(options)
        print(end="", flush=True)
    except BrokenPipeError:
        discard(sys.stdout)
        return CLOSED_PIPE
    except KeyboardInterrupt:
        discard(sys.stdout)
        return INTERRUPTED
    except OSError as error:  # Of files only standard output is left: all else is told as what it is.
        discard(sys.stdout)
        note(f"standard output can't be written: {error.strerror}")
        return FAULT
    return status


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown:  # of which only the names of options are repeated: a word behind one may be a password
        named = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        parser.error(f"unknown option {named[0]}" if named else "there are more words than the command takes")
    return options


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {printable(message)}; '{self.prog} --help' shows what there is\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="spongewatch",
        description="Waits for a CloudSponge contact import to end, and says what happened on the way.",
        epilog=EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"spongewatch {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (watch_command, replay_command, convert_command, explain_command, simulate_command):
        added = commands.add_parser(
            command.NAME,
            help=command.SUMMARY,
            description=command.DESCRIPTION,
            epilog=command.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_options(added)
        added.set_defaults(run=command.run)
    return parser
