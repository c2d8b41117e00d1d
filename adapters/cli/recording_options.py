"""Arguments of the commands that read a recording, and their notes about damaged ones."""

import argparse

from ...core import SpongewatchError
from ...transports import RecordingError
from ..phrases import truncated_line
from .exit_status import UNREADABLE, USAGE
from .options import recording
from .streams import note


def add_recording_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments `path` and `import_id` of `open_recording`."""
    parser.add_argument(
        "path",
        type=recording,
        metavar="PATH",
        help="a trace, HAR file, VCR cassette, single response body, or folder of bodies",
    )
    parser.add_argument(
        "--import-id", metavar="ID", help="which import, if the recording has several (default: the only one)"
    )


def note_error(error: SpongewatchError) -> int:
    """Explain an unreadable recording or a wrong option on standard error, and return the exit status.

    >>> note_error(RecordingError("trace.jsonl", "not JSON", line=3))
    9
    """
    note(str(error))
    return UNREADABLE if isinstance(error, RecordingError) else USAGE


def note_truncated(path: str, line: int | None) -> None:
    """Report that the last line of a recording, number `line`, is truncated; None if it isn't."""
    if line is not None:
        note(f"{path}: {truncated_line(line)}")
