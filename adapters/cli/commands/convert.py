"""`spongewatch convert`: convert a recording to a trace, in a new file or on standard output.

A recording that is damaged is written up to the damage, with an error and an exit status.
"""

import argparse

from ....core import SpongewatchError
from ....transports import open_recording
from ....transports._shared import TraceLines
from ..new_file import write_new_file
from ..recording_options import add_recording_options, note_error, note_truncated

DESCRIPTION = "Convert a recording in any supported format to a trace. The trace replays to the same lines."
EPILOG = """\
example:
  spongewatch convert browser.har --import-id 1126 --output import.jsonl
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_recording_options(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        default="-",
        help="a new file that only you can read; - for standard output (default -)",
    )


def run(options: argparse.Namespace) -> int:
    """Convert the recording and return the exit status."""
    try:
        lines = TraceLines(open_recording(options.path, options.import_id))
        status = _write(lines, options.output)
    except SpongewatchError as error:
        return note_error(error)
    if status == 0:
        note_truncated(options.path, lines.truncated_line)
    return status


def _write(lines: TraceLines, file: str) -> int:
    if file != "-":
        return write_new_file("--output", file, lines)
    for line in lines:
        print(line, end="")
    return 0
