"""`spongewatch`, the command line: data on standard output, notes and errors on standard error."""

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from math import inf
from types import FrameType
from typing import NoReturn, TextIO, assert_never

from spongewatch import (
    ERROR_CODES,
    Abandoned,
    Cancelled,
    Completed,
    Emitted,
    Ended,
    Failed,
    LostContact,
    Outcome,
    Rejected,
    TimedOut,
    __version__,
    explain,
    printable,
)
from spongewatch.transports import RecordingError, Replay, replay

from .plain_lines import REMEDIES, line

_FAULT = 1
_USAGE = 2
_UNREADABLE = 9
_INTERRUPTED = 130
_CLOSED_PIPE = 141
_EXIT_STATUSES = """\
exit status:
  0  completed                       6  lost contact
  1  a fault of our own              7  credentials rejected
  2  usage                           8  unknown import
  3  failed                          9  a recording that can't be read
  4  abandoned                      10  rejected for another reason
  5  a time budget ran out    130, 143  interrupted, terminated
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments`, else those of the process; gives the exit status.

    >>> main(["explain", "774"])
     774  ABANDONED  The person did not let the import read Microsoft Outlook.
                     The person has to act before a new import can succeed.
    0
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error does by itself
    try:
        options = _parser().parse_args(arguments)
        status: int = options.run(options)
        print(end="", flush=True)
    except BrokenPipeError:
        _discard(sys.stdout)
        return _CLOSED_PIPE
    except KeyboardInterrupt:
        _discard(sys.stdout)
        return _INTERRUPTED
    except OSError as error:  # Of files only standard output is left: all else is told as what it is.
        _discard(sys.stdout)
        _note(f"standard output can't be written: {error.strerror}")
        return _FAULT
    return status


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(_USAGE, f"{self.prog}: {printable(message)}; '{self.prog} --help' shows what there is\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="spongewatch",
        description="Waits for a CloudSponge contact import to end, and says what happened on the way.",
        epilog=_EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"spongewatch {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_replay(commands)
    _add_explain(commands)
    return parser


def _add_replay(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser(
        "replay",
        help="show what a recorded import did",
        description="Show what a recorded import did, as a watch of it would have: one line for each change.",
        epilog="example: spongewatch replay docs/traces/completes.jsonl --speed 20",
        allow_abbrev=False,
    )
    parser.add_argument("path", metavar="PATH", help="a trace, a file with one body, or a folder of such files")
    parser.add_argument("--speed", type=_speed, metavar="N", help="keep the recording's pace, N times as fast")
    parser.add_argument("--jsonl", action="store_true", help="one JSON object a line instead of plain text")
    parser.set_defaults(run=_replay)


def _add_explain(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser(
        "explain",
        help="say what an error code means",
        description="Say what an error code of the service means, and who can act on it; without a code, all of them.",
        epilog="example: spongewatch explain 514",
        allow_abbrev=False,
    )
    parser.add_argument("code", type=_code, nargs="?", metavar="CODE", help="the number of an error code")
    parser.set_defaults(run=_explain)


def _speed(word: str) -> float:
    try:
        speed = float(word)
    except ValueError:
        speed = 0.0
    if 0 < speed < inf:
        return speed
    raise argparse.ArgumentTypeError(f"a speed is a number above 0, such as 20, not {word!r}")


def _code(word: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,300}", word):
        return int(word)
    raise argparse.ArgumentTypeError(f"an error code is a number, such as 514, not {word!r}")


def _explain(options: argparse.Namespace) -> int:
    if options.code is None:
        for code in ERROR_CODES.values():
            print(f"{code.code:>4}  {code.category.value:<9}  {code.explanation}")
        return 0
    code = explain(options.code)
    print(f"{code.code:>4}  {code.category.value:<9}  {code.explanation}")
    print(f"{'':>17}{REMEDIES[code.remedy]}")
    return 0


def _replay(options: argparse.Namespace) -> int:
    try:
        watch = replay(options.path, speed=options.speed)
    except RecordingError as error:
        _note(str(error))
        return _UNREADABLE
    with _cancelled_by_signals(watch) as signals:
        ended = _write(watch, as_json=options.jsonl)
    _note_on_recording(options.path, watch, ended)
    if watch.transport.broken:
        return _UNREADABLE
    return 128 + signals[0] if signals and isinstance(ended.outcome, Cancelled) else _exit_status(ended.outcome)


def _write(items: Iterator[Emitted], *, as_json: bool) -> Ended:
    item: Emitted | None = None
    for item in items:
        print(json.dumps(item.to_json(), separators=(",", ":")) if as_json else line(item), flush=True)
    assert isinstance(item, Ended)  # the promise of every watch
    return item


def _note_on_recording(path: str, watch: Replay, ended: Ended) -> None:
    transport = watch.transport
    if transport.torn is not None:
        _note(f"{path}: line {transport.torn}, the last, is torn and was left out")
    if transport.broken:
        _note(str(transport.broken))
    elif isinstance(ended.outcome, LostContact) and transport.end is None:
        _note(f"{path}: the recording ends before import {ended.import_id} does, in {ended.state.value}")


@contextmanager
def _cancelled_by_signals(watch: Replay) -> Iterator[list[int]]:
    """Cancel the watch on the first SIGINT or SIGTERM; gives the list of those that came.

    A second one does what it did before: whoever sends it will not wait for the end to be told.
    """
    received: list[int] = []

    def cancel(number: int, frame: FrameType | None) -> None:
        received.append(number)
        restore()
        watch.cancel()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as it is for a job in the background
            signal.signal(number, cancel)
    try:
        yield received
    finally:
        restore()


def _exit_status(outcome: Outcome) -> int:
    match outcome:
        case Completed():
            return 0
        case Failed():
            return 3
        case Abandoned():
            return 4
        case TimedOut():
            return 5
        case LostContact():
            return 6
        case Rejected(reason=reason):
            return {"credentials": 7, "unknown-import": 8}.get(reason, 10)
        case Cancelled():
            return _INTERRUPTED
        case _:
            assert_never(outcome)


def _note(text: str) -> None:
    if sys.stderr is None:  # closed from the start; print would take standard output instead
        return
    try:
        print(f"spongewatch: {printable(text)}", file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Let what the stream still holds go nowhere, or the interpreter would try again at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
