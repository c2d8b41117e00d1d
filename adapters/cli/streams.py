"""The streams of the command line: lines on standard output, notes on standard error, signals.

Whatever happens to a stream, it spoils neither the other one nor the exit status.
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
    """Show `watching`, which counts on `clock`, as a live block, and print its verdict; gives the last item.

    Where there is no clock, or no terminal to draw on, that is `write`.
    """
    if clock is None or as_json or quiet or not _can_draw():
        return write(watching, as_json=as_json, quiet=quiet)
    try:
        from ..live.output import show  # which loads rich
    except ImportError:  # of a rich that is broken, or too old
        return write(watching)
    return show(watching, clock)


def _can_draw() -> bool:
    # Both streams: what reads a standard output that is piped may itself write to the terminal.
    on_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return on_terminal and not dumb and find_spec("rich") is not None


def write(items: Iterator[Emitted], *, as_json: bool = False, quiet: bool = False) -> Ended:
    """Print a line for each of `items`, as it comes; gives the last one."""
    item: Emitted | None = None
    for item in items:
        if not quiet:
            print(jsonl(item) if as_json else line(item), flush=True)
    assert isinstance(item, Ended)  # the promise of every watch
    return item


def jsonl(item: Emitted) -> str:
    """The `--jsonl` line of `item`.

    >>> from spongewatch import PollFailed
    >>> jsonl(PollFailed("1126", 1.0, 1, "status 503", 2.5))
    '{"kind":"poll-failed","at":1.0,"import_id":"1126","attempt":1,"reason":"status 503","retry_at":2.5}'
    """
    return json.dumps(item.to_json(), separators=(",", ":"))


def flush() -> None:
    """Have what was printed written now, so that it is told here where it can't be; and nothing, where nothing was."""
    if sys.stdout is not None:  # else it was closed from the start
        sys.stdout.flush()  # print would write an empty text, and of that too a full device says that it is full


def note(text: str) -> None:
    """Say something on standard error, in one line."""
    if sys.stderr is None:  # closed from the start; print would take standard output instead
        return
    try:
        print(f"spongewatch: {printable(text)}", file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)


def discard(stream: TextIO | None) -> None:
    """Let what the stream still holds go nowhere, or the interpreter would try again at its exit."""
    if stream is None:  # closed from the start
        return
    with suppress(UnsupportedOperation), open(os.devnull, "wb") as nowhere:  # it may be no file at all
        os.dup2(nowhere.fileno(), stream.fileno())


_ENDING: Final = [number for number in signal.Signals if number.name in ("SIGHUP", "SIGINT", "SIGTERM")]
"""The signals that ask for an end, as far as the system knows them: a closed terminal's, Ctrl-C's, a supervisor's."""


@contextmanager
def on_first_signal(cancel: Callable[[], object]) -> Iterator[list[int]]:
    """Call `cancel` on the first SIGINT, SIGTERM or SIGHUP; gives the list of those that came.

    A second one does what it did before: whoever sends it will not wait for the end to be told. But a terminal that
    is closed sends SIGHUP, and its shell sends it again; nobody is waiting there.
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
        if handler is not signal.SIG_IGN:  # as it is for a job in the background, and under nohup
            signal.signal(number, handle)
    try:
        yield received
    finally:
        restore()
