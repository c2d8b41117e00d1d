import fcntl
import os
import select
import struct
import termios
from contextlib import redirect_stderr, redirect_stdout
from time import monotonic

import pytest

from spongewatch import (
    Anomaly,
    Completed,
    Ended,
    Failed,
    ImportEvent,
    ImportFailure,
    ImportSession,
    PollFailed,
    Response,
    State,
    TransportError,
)
from spongewatch.adapters.cli.streams import discard
from spongewatch.adapters.live.clocks import PacedClock, WatchClock
from spongewatch.adapters.live.output import show
from spongewatch.transports import VirtualClock

WAITS = b'{"events": [{"event_type": "INITIALIZING", "status": "INPROGRESS", "value": 0}]}'
GATHERS = b'{"events": [{"event_type": "GATHERING", "status": "INPROGRESS", "value": 5}]}'
ENDED = Ended("1126", 61.0, Completed(5), State.COMPLETE, 5)


class Terminal:
    """A pseudo-terminal, seen from the side of its reader."""

    def __init__(self, columns=80, lines=24):
        self._reader, self._end = os.openpty()
        self.resize(columns, lines)
        self.stream = os.fdopen(self._end, "w")
        self.seen = ""

    def resize(self, columns, lines):
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def wait_for(self, text):
        """Read until `text` appears, and return everything up to its end."""
        deadline = monotonic() + 60
        while text not in self.seen:
            ready, _, _ = select.select([self._reader], [], [], max(deadline - monotonic(), 0))
            assert ready, f"{text!r} did not appear: {self.seen!r}"
            self.seen += os.read(self._reader, 65536).decode()
        shown, _, self.seen = self.seen.partition(text)
        return shown + text

    def hang_up(self):
        os.close(self._reader)

    def close(self):
        self.hang_up()
        self.stream.close()


class Watching:
    """A watch with `session` that emits the items of `script`."""

    def __init__(self, script, session):
        self.session = session
        self._items = script

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._items)


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    made = Terminal()
    yield made
    made.close()


def show_on(terminal, script, session=None, clock=None):
    with redirect_stdout(terminal.stream), redirect_stderr(terminal.stream):
        return show(Watching(script, session or new_session()), clock or PacedClock(1.0))


def new_session():
    return ImportSession("1126", None, now=0.0, base_url="https://127.0.0.1")


def test_the_block_follows_the_watch_and_is_replaced_by_the_verdict(terminal):
    session, virtual = new_session(), VirtualClock()
    clock = WatchClock(virtual)

    def script():
        terminal.wait_for("not known yet")
        assert "for a valid response" not in terminal.wait_for("15:00 for consent")
        yield from session.receive(Response(200, {}, GATHERS), now=1.0)
        terminal.wait_for("5 so far")
        virtual.move_to(62.0)
        clock.sleep(0.1)
        terminal.wait_for("1:02")
        yield from session.receive_failure(TransportError("reset", "why"), now=63.0)
        terminal.wait_for("0:59 for a valid response")
        terminal.wait_for("failed: reset: why")
        session.receive(Response(200, {}, GATHERS), now=64.0)
        virtual.move_to(72.0)
        clock.sleep(0.1)
        assert "last poll" not in terminal.wait_for("8:49 for gathering")
        yield Anomaly("1126", 64.0, "unlisted-row", ImportEvent("A", "B", 50))
        terminal.wait_for("unlisted-row: A B 50")
        yield ENDED

    assert show_on(terminal, script(), session, clock) is ENDED
    # Eight lines of the block, above the line of the cursor.
    terminal.wait_for("\x1b[8A\r\x1b[J1:01  import 1126: completed with 5 contacts; fetch them within minutes\r\n")


def test_the_verdict_on_a_failure_has_its_code_explanation_and_remedy(terminal):
    terminal.resize(20, 24)
    ended = Ended("1126", 4.0, Failed(ImportFailure.of(264, State.GATHERING)), State.ERROR, 5)
    assert show_on(terminal, iter([ended])) is ended
    text = terminal.wait_for("succeed.\r\n").partition("\x1b[J0:04")[2]
    assert "0:04" + text == (
        "0:04  import 1126:\r\nfailed in GATHERING\r\nwith error code 264\r\n      The provider's\r\n"
        "address book can't\r\nbe reached for the\r\nmoment.\r\n      Try again: a\r\nnew import may\r\nsucceed.\r\n"
    )


def test_an_unchanged_block_is_drawn_again_only_after_a_resize(terminal):
    session = new_session()
    assert session.receive(Response(200, {}, WAITS), now=0.0)

    def script():
        terminal.wait_for("\r\x1b[J")
        assert select.select([terminal._reader], [], [], 0.3) == ([], [], [])
        terminal.resize(20, 10)
        # The seven lines have become 11, of which the longest was 58 columns wide; nine fit on the screen.
        terminal.wait_for("\x1b[11A")
        assert terminal.wait_for("\r\x1b[J").count("\r\n") == 9
        terminal.resize(0, 0)
        terminal.wait_for("\x1b[9A")
        terminal.wait_for("waiting for the person's consent")
        yield ENDED

    show_on(terminal, script(), session, WatchClock(VirtualClock()))


@pytest.mark.parametrize(("variable", "colors"), [("NO_COLOR", False), ("OTHER", True)])
def test_no_color_disables_colors(terminal, monkeypatch, variable, colors):
    monkeypatch.setenv(variable, "1")

    def script():
        assert ("\x1b[33m" in terminal.wait_for("contacts")) is colors
        yield ENDED

    show_on(terminal, script())


def test_the_cursor_is_never_hidden(terminal):
    show_on(terminal, iter([ENDED]))
    assert "\x1b[?" not in terminal.wait_for("within minutes")


def test_the_block_is_removed_after_an_exception(terminal):
    def script():
        terminal.wait_for("consent")
        terminal.wait_for("\r\x1b[J")
        yield PollFailed("1126", 1.0, 1, "why", None)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        show_on(terminal, script())
    terminal.wait_for("\x1b[6A\r\x1b[J")


def test_a_closed_terminal_does_not_end_the_watch():
    gone, out = Terminal(), Terminal()
    gone.hang_up()
    with redirect_stdout(out.stream), redirect_stderr(gone.stream):
        assert show(Watching(iter([ENDED]), new_session()), PacedClock(1.0)) is ENDED
    out.wait_for("completed")
    out.close()
    discard(gone.stream)
    gone.stream.close()


def test_a_background_job_draws_no_block(terminal, monkeypatch):
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp() + 1)
    show_on(terminal, iter([ENDED]))
    assert terminal.wait_for("within minutes\r\n").startswith("1:01  import 1126: completed")
