"""What may be typed behind `spongewatch`: commands and options, and one line that says what is wrong with them."""

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
from .options import did_you_mean
from .streams import flush

COMMANDS: Final = {
    "watch": "follow an import until it ends",
    "replay": "show what a recorded import did",
    "timeline": "draw what happened when in a recorded import",
    "convert": "write a recording as a trace",
    "simulate": "play the service on this machine",
    "explain": "say what an error code means",
    "diagram": "print the state machine",
    "completion": "let a shell complete what is typed",
}
"""The commands, each in a module of its name, which is loaded only where it is used."""

_WIDEST = 80


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The options in `words`, and as `run` the function that they are for.

    Raises `SystemExit` after a line on standard error for words that are wrong, and after `--help` and `--version`.

    >>> parse(["explain", "514"]).code
    514
    """
    whole = parser(words[:1])
    if words and words[0] not in COMMANDS and words[0] not in ("-h", "--help", "--version"):
        whole.error(_unknown(words[:1]) or f"there is no such command{did_you_mean(words[0], COMMANDS)}")
    options, unknown = whole.parse_known_args(words)
    if unknown:
        problem = _behind_dashes(words, unknown) or _unknown(unknown)
        options.error(problem or "there are more words than the command takes")
    return options


def parser(declared: Collection[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of the command line, in which the commands `declared` have their options.

    >>> parser(["explain"]).prog
    'spongewatch'
    """
    whole = _Parser(
        prog="spongewatch",
        description="Waits for a CloudSponge contact import to end, and says what happened on the way.",
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
    """Says what is wrong in one line."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        flush()  # a help that nobody reads to its end is told here, not by the interpreter
        super().exit(status, message)

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse ignores a standard output that can't be written, and prints to standard error if it is closed.
        if file is not None and file is sys.stdout:
            file.write(message)
        elif file is not None:
            super()._print_message(message, file)

    def error(self, message: str) -> NoReturn:
        text = re.sub("ignored explicit argument .*", "it takes no value", message)  # which may be a secret
        self.exit(USAGE, f"{self.prog}: {printable(text)}; '{self.prog} --help' shows what there is\n")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Fits all to the terminal, but leaves examples as they are to be typed."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(get_terminal_size().columns, _WIDEST) - 2)
        self._action_max_length = 14  # the longest command, which argparse measures without its indentation

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        told, heading, examples = text.partition("example:\n")
        lines = re.sub(r"(?<=\S)\n(?=\S)", " ", told).splitlines()  # of prose; what is indented stays a line
        return "".join(_fitted(line, width) for line in lines) + heading + examples


def _fitted(line: str, width: int) -> str:
    """The line, folded under its last column: "  name   text" under the text, "  text" under its start."""
    start = re.match(r" *(\S+ {2,})?", line)
    head = start.group() if start else ""
    return fill(line[len(head) :], width, initial_indent=head, subsequent_indent=" " * len(head)) + "\n"


def _behind_dashes(words: Sequence[str], unknown: Sequence[str]) -> str | None:
    """Says where options go, if the first of the `unknown` ones stands behind `--`, as what is no option there."""
    first = next((word for word in unknown if word.startswith("-")), None)
    if first is None or first in words[: (*words, "--").index("--")]:
        return None
    return "options go before --, since behind it words are taken as they are"


def _unknown(words: Sequence[str]) -> str | None:
    """Names the first option in `words`, and repeats nothing else: what stands behind it may be a password."""
    for word in words:
        if word.startswith("--"):
            return f"unknown option {word.partition('=')[0]}"
        if word.startswith("-"):
            return f"unknown option {word[:2]}"
    return None
