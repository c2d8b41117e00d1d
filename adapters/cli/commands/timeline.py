"""`spongewatch timeline`: draw a recorded import as a timeline."""

import argparse
import shutil
import sys

from ....core import SpongewatchError
from ....transports import open_recording
from ...timeline.page import page
from ...timeline.text import drawing
from ...timeline.timeline import Timeline, timeline_of
from ..exit_status import UNREADABLE
from ..new_file import write_new_file
from ..recording_options import add_recording_options, note_error
from ..streams import note

DESCRIPTION = """\
Draw a timeline of a recorded import: its phases, polls, failed polls, anomalies and contact counts. The exit status
is that of the drawing, whatever the outcome of the import."""
EPILOG = """\
example:
  spongewatch timeline browser.har
  spongewatch timeline browser.har --html import.html
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_recording_options(parser)
    parser.add_argument(
        "--html", metavar="FILE", help="write an HTML page to a new file that only you can read; - for standard output"
    )


def run(options: argparse.Namespace) -> int:
    """Draw the recording and return the exit status."""
    try:
        timeline = timeline_of(open_recording(options.path, options.import_id))
    except SpongewatchError as error:
        return note_error(error)
    status = _draw(timeline, options.html)
    for text in timeline.notes:
        note(f"{options.path}: {text}")
    return status or (UNREADABLE if timeline.broken else 0)


def _draw(timeline: Timeline, file: str | None) -> int:
    if file is None:
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"  # None if it was closed before the start
        print(drawing(timeline, shutil.get_terminal_size((80, 24)).columns, encoding))
        return 0
    if file == "-":
        print(page(timeline), end="")
        return 0
    return write_new_file("--html", file, [page(timeline)])
