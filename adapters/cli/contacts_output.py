"""`ContactsOutput`: the new file, or standard output, that contacts are written to."""

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain, islice
from types import TracebackType
from typing import Final, Self, TextIO, final

from ...core import Contact, InvalidArgument
from ...core._shared import printable
from ..contact_lines import csv_lines, json_lines
from .new_file import create_new_file
from .options import one_of

_FORMATS: Final = ("jsonl", "csv")


def add_contacts_options(group: argparse._ArgumentGroup) -> None:
    """Add the options of `ContactsOutput`."""
    group.add_argument(
        "--output",
        metavar="FILE",
        default="-",
        help="a new file for the contacts that only you can read; - for standard output (default -)",
    )
    group.add_argument(
        "--format",
        type=one_of(_FORMATS),
        choices=_FORMATS,
        help="JSON lines or CSV (default: csv for a file named .csv, else jsonl)",
    )
    group.add_argument(
        "--raw", action="store_true", help="leave CSV cells unchanged that a spreadsheet could run as formulas"
    )


@final
class ContactsOutput:
    """The file, or standard output, that contacts are written to.

    The file is created when the `with` block is entered, and removed at its end if nothing was downloaded.

    Args:
        options: The values of the options.

    Attributes:
        file: The path of the file, or None for standard output.
        format: "jsonl" or "csv".
        kept: Whether there is something in it to keep.

    Raises:
        InvalidArgument: `--raw` is given for JSON lines.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.file: str | None = None if options.output == "-" else options.output
        self.format = options.format or ("csv" if options.output.lower().endswith(".csv") else "jsonl")
        self.kept = False
        self._raw = options.raw
        self._stream: TextIO | None = None
        if options.raw and self.format != "csv":
            raise InvalidArgument("--raw is only for CSV; add --format csv")

    def write(self, contacts: Iterable[Contact]) -> None:
        """Write `contacts` as they come.

        Raises:
            OSError: The stream can't be written.
        """
        contacts = iter(contacts)
        first = list(islice(contacts, 1))  # if this fails, there is nothing to keep
        self.kept = True
        contacts = chain(first, contacts)
        lines = csv_lines(contacts, raw=self._raw) if self.format == "csv" else json_lines(contacts)
        shown = self.file is None and sys.stdout is not None and sys.stdout.isatty()
        try:
            for line in lines:
                # A name could contain control sequences for the terminal.
                print(f"{printable(line.rstrip())}\n" if shown else line, end="", file=self._stream)
        finally:
            if self._stream is not None:
                self._stream.flush()

    def __enter__(self) -> Self:
        if self.file is not None:
            self._stream = create_new_file("--output", self.file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.file is not None and self._stream is not None:
            with suppress(OSError):  # raised by `write` already
                self._stream.close()
            if not self.kept:
                os.unlink(self.file)
