"""What the commands that read a recording have in common: what is typed, and what is said where it can't be read."""

import argparse

from ...core import SpongewatchError
from ...transports import RecordingError
from .exit_status import UNREADABLE, USAGE
from .options import recording
from .streams import note


def add_recording_options(parser: argparse.ArgumentParser) -> None:
    """Declare `path` and `import_id`, as `open_recording` takes them."""
    parser.add_argument(
        "path",
        type=recording,
        metavar="PATH",
        help="a trace, a HAR, a VCR cassette, a file with one body, or a folder of such files",
    )
    parser.add_argument(
        "--import-id", metavar="ID", help="which import, where a file holds several (default: the only one)"
    )


def refused(error: SpongewatchError) -> int:
    """Say why a recording is not read, or what was wrong with the options; gives the exit status.

    >>> refused(RecordingError("trace.jsonl", "not valid JSON", line=3))
    9
    """
    note(str(error))
    return UNREADABLE if isinstance(error, RecordingError) else USAGE


def note_truncated(path: str, line: int | None) -> None:
    """Say which line of a recording was left out, if one was."""
    if line is not None:
        note(f"{path}: line {line}, the last, is truncated and was ignored")
