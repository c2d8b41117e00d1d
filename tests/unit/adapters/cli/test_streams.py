import json
import os
import signal
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from select import select

import pytest

from spongewatch import Anomaly, Cancelled, Completed, Ended, ImportEvent, PollFailed, State
from spongewatch.adapters.cli.streams import discard, flush, follow, jsonl, note, on_first_signal, write
from spongewatch.adapters.live.clocks import PacedClock
from spongewatch.adapters.phrases import line
from spongewatch.transports import replay

FAILED = PollFailed("1126", 1.0, 1, "status 503", 2.4)
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
ENDED = Ended("1126", 2.0, Cancelled(), State.GATHERING, 5)


@pytest.fixture(autouse=True)
def interruptible():
    """Set default signal handlers: background jobs inherit an ignored SIGINT, and jobs under nohup an ignored SIGHUP."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGHUP, before[1])


def full():
    return open("/dev/full", "w")


def test_each_item_is_a_line_and_the_last_is_returned(capsys):
    assert write(iter([FAILED, ENDED])) is ENDED
    assert capsys.readouterr() == (f"{line(FAILED)}\n{line(ENDED)}\n", "")


def test_jsonl_prints_an_object_per_item(capsys):
    assert write(iter([FAILED, ENDED]), as_json=True) is ENDED
    assert capsys.readouterr() == (f"{jsonl(FAILED)}\n{jsonl(ENDED)}\n", "")


def test_quiet_prints_nothing(capsys):
    assert write(iter([FAILED, ENDED]), quiet=True) is ENDED
    assert capsys.readouterr() == ("", "")


OVER = b"\x1c"


@pytest.fixture
def terminal():
    """A pseudo-terminal: a function that returns what was written to it, and its stream."""
    reader, end = os.openpty()

    def read():
        os.write(end, OVER)  # arrives after everything that was written before
        text = b""
        while not text.endswith(OVER):
            assert select([reader], [], [], 60)[0], text
            text += os.read(reader, 65536)
        return text.removesuffix(OVER).decode()

    with open(end, "w") as stream:
        yield read, stream
    os.close(reader)


def followed(**options):
    return follow(replay("docs/traces/completes.jsonl"), PacedClock(1.0), **options)


def test_on_a_terminal_there_is_a_block_and_then_the_verdict(monkeypatch, terminal):
    read, stream = terminal
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stdout(stream), redirect_stderr(stream):
        ended = followed()
    assert ended.outcome == Completed(2001)
    text = read()
    assert "  elapsed " in text
    assert text.endswith("\x1b[J0:11  import 1126: completed with 2,001 contacts; fetch them within minutes\r\n")


def test_a_terminal_gets_lines_if_rich_is_broken(monkeypatch, terminal):
    read, stream = terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setitem(sys.modules, "spongewatch.adapters.live.output", None)
    with redirect_stdout(stream), redirect_stderr(stream):
        assert followed().outcome == Completed(2001)
    assert "\x1b" not in read()


@pytest.mark.parametrize("term", ["dumb", "Dumb", "unknown"])
def test_a_dumb_terminal_gets_lines(monkeypatch, terminal, term):
    read, stream = terminal
    monkeypatch.setenv("TERM", term)
    with redirect_stdout(stream), redirect_stderr(stream):
        followed()
    text = read()
    assert "waiting for the person's consent" in text.splitlines()[0]
    assert "\x1b" not in text


@pytest.mark.parametrize("missing", [redirect_stdout, redirect_stderr])
@pytest.mark.parametrize("kind", [StringIO, lambda: None])
def test_a_redirected_stream_means_lines(monkeypatch, terminal, missing, kind):
    read, stream = terminal
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stdout(stream), redirect_stderr(stream), missing(kind()):
        followed()
        print("\nend", file=stream, flush=True)
    assert "\x1b" not in read()


def test_a_terminal_gets_lines_without_rich(monkeypatch, terminal):
    read, stream = terminal
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stdout(stream), redirect_stderr(stream), monkeypatch.context() as patched:
        patched.setitem(sys.modules, "rich", None)
        followed()
    assert "\x1b" not in read()


@pytest.mark.parametrize("options", [{"as_json": True}, {"quiet": True}])
def test_json_and_quiet_show_no_block_on_a_terminal(monkeypatch, terminal, options):
    read, stream = terminal
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stdout(stream), redirect_stderr(stream):
        followed(**options)
        print("end", file=stream, flush=True)
    assert {text[0] for text in read().splitlines()} <= {"{", "e"}


def test_without_a_clock_there_is_no_block(monkeypatch, terminal):
    read, stream = terminal
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stdout(stream), redirect_stderr(stream):
        follow(replay("docs/traces/completes.jsonl"), None)
    assert "\x1b" not in read()


def test_a_line_is_flushed_before_the_next_item_is_requested(monkeypatch):
    read_end, write_end = os.pipe()

    def items():
        yield FAILED
        assert json.loads(os.read(read_end, 4096))["kind"] == "poll-failed"
        yield ENDED

    with open(write_end, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        write(items(), as_json=True)
    os.close(read_end)


def test_a_json_line_is_compact_ascii_with_its_keys_in_order():
    text = jsonl(Anomaly("1126", 0.5, "odd-value", ImportEvent("GATHERING", "INPROGRESS", None, "m\u00fc\n")))
    assert text == (
        '{"kind":"anomaly","at":0.5,"import_id":"1126","reason":"odd-value",'
        '"event":{"type":"GATHERING","status":"INPROGRESS","value":null,"odd_value":"m\\u00fc\\n"}}'
    )


def test_a_note_is_one_line_with_control_characters_escaped(capsys):
    note("a\nb\x1b[2J")
    assert capsys.readouterr() == ("", "spongewatch: a\\nb\\x1b[2J\n")


def test_a_note_that_cannot_be_written_is_dropped(monkeypatch, capsys):
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", None)
        note("a")
        with full() as stream:
            patched.setattr(sys, "stderr", stream)
            note("a")
    assert capsys.readouterr() == ("", "")


def test_flush_raises_if_the_output_cannot_be_written(monkeypatch):
    stream = full()
    monkeypatch.setattr(sys, "stdout", stream)
    print("a")
    with pytest.raises(OSError, match="No space left on device"):
        flush()
    monkeypatch.undo()
    discard(stream)
    stream.close()


def test_flush_writes_nothing_if_nothing_was_printed(monkeypatch):
    with full() as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        flush()
        patched.setattr(sys, "stdout", None)
        flush()


def test_discard_drops_the_buffer_of_a_stream():
    stream = full()
    stream.write("a")
    discard(stream)
    stream.close()


def test_discard_accepts_a_closed_stream_and_one_without_a_descriptor():
    discard(None)
    stream = StringIO("a")
    discard(stream)
    assert stream.getvalue() == "a"


@pytest.mark.parametrize("number", ENDING)
def test_the_first_signal_cancels_and_is_listed(number):
    before = [signal.getsignal(each) for each in ENDING]
    cancelled = []
    with on_first_signal(lambda: cancelled.append(True)) as signals:
        assert signals == []
        os.kill(os.getpid(), number)
        assert (signals, cancelled) == ([number], [True])
        assert signal.getsignal(signal.SIGTERM) is before[-1]
    assert [signal.getsignal(each) for each in ENDING] == before


def test_a_second_sighup_is_ignored():
    cancelled = []
    with on_first_signal(lambda: cancelled.append(True)) as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
    assert (signals, cancelled) == ([signal.SIGHUP], [True])


def test_a_second_signal_has_its_previous_handler():
    cancelled = []
    with on_first_signal(lambda: cancelled.append(True)) as signals:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert (signals, cancelled) == ([signal.SIGINT], [True])


def test_handlers_are_restored_without_a_signal():
    before = [signal.getsignal(number) for number in ENDING]
    with on_first_signal(pytest.fail) as signals:
        pass
    assert signals == []
    assert [signal.getsignal(number) for number in ENDING] == before


def test_handlers_are_restored_after_an_exception():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), on_first_signal(pytest.fail):
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", ENDING)
def test_an_ignored_signal_stays_ignored(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with on_first_signal(pytest.fail) as signals:
            os.kill(os.getpid(), number)
            assert signals == []
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_a_signal_wakes_a_waiting_thread():
    woken = threading.Event()
    with on_first_signal(woken.set) as signals:
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGTERM)).start()
        assert woken.wait(60)
    assert signals == [signal.SIGTERM]
