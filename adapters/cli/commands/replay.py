"""`spongewatch replay`: show what happened in a recorded import."""

import argparse

from ....core import Cancelled, Ended, LostContact, SpongewatchError
from ....transports import Replay, replay
from ...live.clocks import PacedClock
from ...phrases import early_end
from ..exit_status import UNREADABLE, exit_status
from ..options import speed
from ..recording_options import add_recording_options, note_error, note_truncated
from ..streams import follow, note, on_first_signal

DESCRIPTION = """\
Show what happened in a recorded import, one line for each change. With --speed, a terminal shows the same live block
as "watch".
"""
EPILOG = """\
example:
  spongewatch replay import.jsonl
  spongewatch replay import.jsonl --speed 20
  spongewatch replay browser.har --import-id 1126 --jsonl
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_recording_options(parser)
    parser.add_argument(
        "--speed", type=speed, metavar="N", help="replay N times as fast as recorded (default: without pauses)"
    )
    parser.add_argument("--jsonl", action="store_true", help="print one JSON object per line")


def run(options: argparse.Namespace) -> int:
    """Replay the recording and return the exit status."""
    try:
        watch = replay(options.path, speed=options.speed, import_id=options.import_id)
    except SpongewatchError as error:
        return note_error(error)
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
        note(f"{path}: {early_end(ended)}")
