"""`spongewatch timeline`: what happened when in a recorded import, as a picture."""

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
from ..recording_options import add_recording_options, refused
from ..streams import note

DESCRIPTION = """\
Draw what happened when in a recorded import: its phases, the polls and which of them failed, what was unexpected,
and how many contacts were known. The exit status says whether it could be drawn, not how the import ended."""
EPILOG = """\
example:
  spongewatch timeline browser.har
  spongewatch timeline browser.har --html import.html
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_recording_options(parser)
    parser.add_argument(
        "--html", metavar="FILE", help="a page instead, in a new file, which only you may read; - for standard output"
    )


def run(options: argparse.Namespace) -> int:
    """Draw the recording; gives the exit status."""
    try:
        timeline = timeline_of(open_recording(options.path, options.import_id))
    except SpongewatchError as error:
        return refused(error)
    status = _draw(timeline, options.html)
    for text in timeline.notes:
        note(f"{options.path}: {text}")
    return status or (UNREADABLE if timeline.broken else 0)


def _draw(timeline: Timeline, file: str | None) -> int:
    if file is None:
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"  # there is no stream where it was closed before
        print(drawing(timeline, shutil.get_terminal_size((80, 24)).columns, encoding))
        return 0
    if file == "-":
        print(page(timeline), end="")
        return 0
    return write_new_file("--html", file, [page(timeline)])
