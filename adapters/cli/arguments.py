"""The command line's parser: commands, options, help, and one line about what is wrong with the arguments."""

import argparse
import re
import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from shutil import get_terminal_size
from textwrap import fill
from typing import Any, Final, NoReturn

from ... import __version__
from ...core._shared import printable
from .exit_status import EXIT_STATUSES, USAGE
from .options import closest
from .streams import flush

COMMANDS: Final = {
    "watch": "watch an import until it ends",
    "replay": "show what happened in a recorded import",
    "timeline": "draw a recorded import as a timeline",
    "convert": "convert a recording to a trace",
    "simulate": "run a simulated service on this machine",
    "explain": "explain an error code",
    "diagram": "print the state machine",
    "completion": "print a completion script for a shell",
}
"""Each command is a module of this name in `commands`, which is loaded only when it is used."""

_MAX_WIDTH = 80


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the options in `words`; `run` on them is the function that runs the command.

    Raises:
        SystemExit: The arguments are wrong, which is explained on standard error; or `--help` or `--version` was given.

    >>> parse(["explain", "514"]).code
    514
    """
    whole = parser(words[:1])
    if words and words[0] not in COMMANDS and words[0] not in ("-h", "--help", "--version"):
        whole.error(_unknown_option(words[:1]) or _unknown_command(words[0]))
    options, unknown = whole.parse_known_args(words)
    if unknown:
        options.error(_option_after_dashes(words, unknown) or _unknown_option(unknown) or "too many arguments")
    return options


def parser(declared: Collection[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser; only the commands in `declared` get their options.

    >>> parser(["explain"]).prog
    'spongewatch'
    """
    whole = _Parser(
        prog="spongewatch",
        description="Watch a CloudSponge contact import until it ends, and report what happens.",
        epilog=f"{EXIT_STATUSES}\nexample:\n  spongewatch watch --help",
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"spongewatch {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        added = commands.add_parser(name, help=summary, formatter_class=_HelpFormatter, allow_abbrev=False)
        if name in declared:
            module = import_module(f".commands.{name}", __package__)
            added.description, added.epilog = module.DESCRIPTION, module.EPILOG
            module.add_options(added)
            added.set_defaults(run=module.run, error=added.error)
    return whole


class _Parser(argparse.ArgumentParser):
    """Reports errors in one line."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        flush()  # so that an error while writing the help is reported by us, not by the interpreter at exit
        super().exit(status, message)

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse ignores errors of standard output, and prints to standard error if standard output is closed.
        if file is not None and file is sys.stdout:
            file.write(message)
        elif file is not None:
            super()._print_message(message, file)

    def error(self, message: str) -> NoReturn:
        text = re.sub("ignored explicit argument .*", "takes no value", message)  # the value may be a secret
        text = re.sub("^argument (.*?): (?=must|takes)", r"\1 ", text)
        see = "" if text.endswith("?") else f"; see '{self.prog} --help'"
        self.exit(USAGE, f"{self.prog}: {printable(text)}{see}\n")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Wraps the help to the width of the terminal, except the examples, which must stay as they are typed."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(get_terminal_size().columns, _MAX_WIDTH) - 2)
        self._action_max_length = 14  # the longest command; argparse measures it without its indentation

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        prose, heading, examples = text.partition("example:\n")
        lines = re.sub(r"(?<=\S)\n(?=\S)", " ", prose).splitlines()  # joins prose; indented lines stay lines
        return "".join(_wrapped(line, width) for line in lines) + heading + examples


def _wrapped(line: str, width: int) -> str:
    """The line, wrapped under its last column: "  name   text" under the text, "  text" under its start."""
    start = re.match(r" *(\S+ {2,})?", line)
    head = start.group() if start else ""
    return fill(line[len(head) :], width, initial_indent=head, subsequent_indent=" " * len(head)) + "\n"


def _unknown_command(word: str) -> str:
    """Repeats `word` only if it resembles a command: it may be a password."""
    likely = closest(word, COMMANDS)
    return f"unknown command '{word}'; did you mean '{likely}'?" if likely else "unknown command"


def _option_after_dashes(words: Sequence[str], unknown: Sequence[str]) -> str | None:
    """Explains an option after `--`, if that is the first one in `unknown`."""
    first = next((word for word in unknown if word.startswith("-")), None)
    if first is None or first in words[: (*words, "--").index("--")]:
        return None
    return "options must be placed before --"


def _unknown_option(words: Sequence[str]) -> str | None:
    """Names the first option in `words` without its value, which may be a password."""
    for word in words:
        if word.startswith("--"):
            return f"unknown option {word.partition('=')[0]}"
        if word.startswith("-"):
            return f"unknown option {word[:2]}"
    return None
