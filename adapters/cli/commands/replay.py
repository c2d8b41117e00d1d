"""`spongewatch replay`: what a recorded import did."""

import argparse

from ....core import Cancelled, Ended, LostContact, SpongewatchError
from ....transports import Replay, replay
from ...live.clocks import PacedClock
from ...phrases import cut_short
from ..exit_status import UNREADABLE, exit_status
from ..options import speed
from ..recording_options import add_recording_options, note_truncated, refused
from ..streams import follow, note, on_first_signal

DESCRIPTION = """\
Show what a recorded import did, as a watch of it would have: one line for each
change, or with --speed, on a terminal, one block that is kept up to date.
"""
EPILOG = """\
example:
  spongewatch replay import.jsonl
  spongewatch replay import.jsonl --speed 20
  spongewatch replay browser.har --import-id 1126 --jsonl
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_recording_options(parser)
    parser.add_argument(
        "--speed", type=speed, metavar="N", help="keep the recording's pace, N times as fast (without: no waiting)"
    )
    parser.add_argument("--jsonl", action="store_true", help="one JSON object a line instead of plain text")


def run(options: argparse.Namespace) -> int:
    """Replay the recording; gives the exit status."""
    try:
        watch = replay(options.path, speed=options.speed, import_id=options.import_id)
    except SpongewatchError as error:
        return refused(error)
    clock = None if options.speed is None else PacedClock(options.speed)
    with on_first_signal(watch.cancel) as signals:
        ended = follow(watch, clock, as_json=options.jsonl)
    _note_on_recording(options.path, watch, ended)
    if watch.transport.broken:
        return UNREADABLE
    return 128 + signals[0] if signals and isinstance(ended.outcome, Cancelled) else exit_status(ended.outcome)


def _note_on_recording(path: str, watch: Replay, ended: Ended) -> None:
    transport = watch.transport
    note_truncated(path, transport.truncated_line)
    if transport.broken:
        note(str(transport.broken))
    elif transport.exhausted and isinstance(ended.outcome, LostContact):
        note(f"{path}: {cut_short(ended)}")
