"""`spongewatch timeline`: what happened when in a recorded import, as a picture."""

import argparse
import os
import shutil
import sys

from spongewatch import LocalProtocolError
from spongewatch.transports import RecordingError, open_recording

from .exit_status import FAULT, UNREADABLE, USAGE
from .streams import note
from .timeline import Timeline, timeline_of
from .timeline_page import page
from .timeline_text import drawing

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
    parser.add_argument(
        "path", metavar="PATH", help="a trace, a HAR, a VCR cassette, a file with one body, or a folder of such files"
    )
    parser.add_argument(
        "--import-id", metavar="ID", help="which import, where a file holds several (default: the only one)"
    )
    parser.add_argument(
        "--html", metavar="FILE", help="a page instead, in a new file, which only you may read; - for standard output"
    )


def run(options: argparse.Namespace) -> int:
    """Draw the recording; gives the exit status."""
    try:
        timeline = timeline_of(open_recording(options.path, options.import_id))
    except RecordingError as error:
        note(str(error))
        return UNREADABLE
    except LocalProtocolError as error:
        note(str(error))
        return USAGE
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
    return _write(page(timeline), file)


def _write(text: str, file: str) -> int:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except (OSError, ValueError) as error:
        problem = f"can't be made: {error.strerror}" if isinstance(error, OSError) else "is no path"
        note(f"--html: {file}: {problem}")
        return USAGE
    try:
        with open(descriptor, "w", encoding="ascii") as stream:
            stream.write(text)
    except OSError as error:
        note(f"--html: {file}: can't be written any more: {error.strerror}")
        return FAULT
    return 0
