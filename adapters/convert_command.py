"""`spongewatch convert`: a recording of any kind as a trace in the native format."""

import argparse
import os
from typing import TextIO

from spongewatch import LocalProtocolError
from spongewatch.transports import RecordingError, TraceLines, open_recording

from .exit_status import FAULT, UNREADABLE, USAGE
from .streams import note

DESCRIPTION = "Write a recording of any kind as a trace in the native format, which replays to the same lines."
EPILOG = """\
example:
  spongewatch convert browser.har --import-id 1126 --output import.jsonl
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "path", metavar="PATH", help="a trace, a HAR, a VCR cassette, a file with one body, or a folder of such files"
    )
    parser.add_argument(
        "--import-id", metavar="ID", help="which import, where a file holds several (default: the only one)"
    )
    parser.add_argument(
        "--output", metavar="FILE", help="a new file, which only you may read (default: standard output)"
    )


def run(options: argparse.Namespace) -> int:
    """Convert the recording; gives the exit status."""
    try:
        lines = TraceLines(open_recording(options.path, options.import_id))
    except RecordingError as error:
        note(str(error))
        return UNREADABLE
    except LocalProtocolError as error:
        note(str(error))
        return USAGE
    if options.output is None:
        return _write(options.path, lines, None)
    try:
        file = os.open(options.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except (OSError, ValueError) as error:
        problem = f"can't be made: {error.strerror}" if isinstance(error, OSError) else "is no path"
        note(f"--output: {options.output}: {problem}")
        return USAGE
    try:
        with open(file, "w", encoding="ascii") as output:
            return _write(options.path, lines, output)
    except OSError as error:
        note(f"--output: {options.output}: can't be written any more: {error.strerror}")
        return FAULT


def _write(path: str, lines: TraceLines, stream: TextIO | None) -> int:
    try:
        for line in lines:
            print(line, end="", file=stream)
    except RecordingError as error:
        note(str(error))
        return UNREADABLE
    if lines.torn is not None:
        note(f"{path}: line {lines.torn}, the last, is torn and was left out")
    return 0
