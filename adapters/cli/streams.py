"""The streams of the command line (items on standard output, notes on standard error) and its signals.

An error on one stream affects neither the other stream nor the exit status.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from io import UnsupportedOperation
from types import FrameType
from typing import TYPE_CHECKING, Final, TextIO

from ...core import Emitted, Ended
from ...core._shared import printable
from ..phrases import line

if TYPE_CHECKING:
    from ..live.clocks import LiveClock
    from ..live.output import Watching


def follow(watching: "Watching", clock: "LiveClock | None", *, as_json: bool = False, quiet: bool = False) -> Ended:
    """Show `watching` as a live block and print its verdict; without a terminal or a clock, print lines.

    Args:
        watching: The watch or replay.
        clock: The clock of its session; None for a replay without pauses.
        as_json: Print JSON lines.
        quiet: Print nothing.

    Returns:
        The last item.
    """
    if clock is None or as_json or quiet or not _can_draw():
        return write(watching, as_json=as_json, quiet=quiet)
    try:
        from ..live.output import show  # loads rich
    except ImportError:  # rich is broken or too old
        return write(watching)
    return show(watching, clock)


def _can_draw() -> bool:
    # Both streams must be terminals: if standard output is a pipe, its reader may write to the same terminal.
    on_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return on_terminal and not dumb and find_spec("rich") is not None


def write(items: Iterator[Emitted], *, as_json: bool = False, quiet: bool = False) -> Ended:
    """Print a line for each of `items` as soon as it is emitted, and return the last one."""
    item: Emitted | None = None
    for item in items:
        if not quiet:
            print(jsonl(item) if as_json else line(item), flush=True)
    assert isinstance(item, Ended)  # every watch emits it last
    return item


def jsonl(item: Emitted) -> str:
    """Return the `--jsonl` line of `item`.

    >>> from spongewatch import PollFailed
    >>> jsonl(PollFailed("1126", 1.0, 1, "status 503", 2.5))
    '{"kind":"poll-failed","at":1.0,"import_id":"1126","attempt":1,"reason":"status 503","retry_at":2.5}'
    """
    return json.dumps(item.to_json(), separators=(",", ":"))


def flush() -> None:
    """Flush standard output, so that errors are raised here and not at the exit of the interpreter."""
    if sys.stdout is not None:  # None if it was closed before the start
        sys.stdout.flush()  # not print(flush=True), whose empty write fails on a full device


def note(text: str) -> None:
    """Print `text` on standard error, in one line with unprintable characters escaped."""
    if sys.stderr is None:  # closed before the start; print would use standard output instead
        return
    try:
        print(f"spongewatch: {printable(text)}", file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)


def discard(stream: TextIO | None) -> None:
    """Discard the buffer of `stream`, which the interpreter would otherwise try to write again at its exit."""
    if stream is None:  # closed before the start
        return
    with suppress(UnsupportedOperation), open(os.devnull, "wb") as null:  # unsupported: it has no descriptor
        os.dup2(null.fileno(), stream.fileno())


_ENDING: Final = [number for number in signal.Signals if number.name in ("SIGHUP", "SIGINT", "SIGTERM")]
"""A closed terminal, Ctrl-C, and a supervisor; Windows has no SIGHUP."""


@contextmanager
def on_first_signal(cancel: Callable[[], object]) -> Iterator[list[int]]:
    """Call `cancel` on the first SIGINT, SIGTERM or SIGHUP, and yield the list of received signals.

    A second signal acts as if this handler did not exist, so it ends a process that doesn't react to the first. After
    a SIGHUP, further ones are ignored: both a closed terminal and its shell send it.
    """
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        received.append(number)
        restore()
        if signal.Signals(number).name == "SIGHUP":
            signal.signal(number, signal.SIG_IGN)
        cancel()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # ignored for a background job and under nohup
            signal.signal(number, handle)
    try:
        yield received
    finally:
        restore()
