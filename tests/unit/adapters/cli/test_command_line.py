import json
import os
import signal
import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest

from event_rows import json_body, rows
from spongewatch.adapters.cli.command_line import main


@pytest.fixture(autouse=True)
def interruptible():
    """Set the default handler: background jobs inherit an ignored SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def recording(tmp_path):
    """A recording that ends before its import does, which is noted on standard error."""
    (tmp_path / "a.json").write_bytes(json_body(rows("GATHERING INPROGRESS 5")))
    return str(tmp_path)


def run(*arguments):
    try:
        return main(arguments)
    except SystemExit as exit_:
        return exit_.code


class Interrupted(BytesIO):
    """Standard input on which Ctrl-C is pressed during the read."""

    def read(self, size=-1):
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("was not interrupted")


def test_the_default_arguments_are_those_of_the_process(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["spongewatch", "explain", "514"])
    assert main() == 0
    assert capsys.readouterr().out.startswith(" 514  ABANDONED  ")


def test_a_usage_error_is_one_line(capsys):
    assert run("watch") == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)


def test_text_outside_the_encoding_of_the_stream_is_escaped(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text('{"events": [{"event_type": "A", "status": "B", "value": "\u00e9"}]}')
    stream = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert run("replay", str(tmp_path)) == 6
    assert stream.buffer.getvalue().splitlines()[0].endswith(b"unlisted-row: A B \\xe9")


def test_standard_output_may_be_any_text_stream(monkeypatch):
    monkeypatch.setattr(sys, "stdout", StringIO())
    assert run("explain", "1") == 0
    assert "FAILED" in sys.stdout.getvalue()


def test_a_command_works_without_standard_output(monkeypatch, recording, capsys):
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", None)
        assert run("replay", recording) == 6
    assert "the recording ends while import unknown is in GATHERING" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["a file", "no file", "closed"])
def test_an_interrupt_before_the_watch_prints_nothing(monkeypatch, capsys, kind):
    with monkeypatch.context() as patched, open(os.devnull, "w") as nowhere:
        patched.setattr(sys, "stdin", TextIOWrapper(Interrupted()))
        patched.setattr(sys, "stdout", {"a file": nowhere, "no file": StringIO(), "closed": None}[kind])
        assert run("watch", "1126", "--credentials", "-") == 130
    assert capsys.readouterr() == ("", "")


def test_an_unwritable_standard_output_is_reported(monkeypatch, capsys):
    with open("/dev/full", "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        assert run("explain") == 1
    assert capsys.readouterr().err == "spongewatch: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize("name", [None, "/dev/full"])
def test_an_unwritable_standard_error_changes_nothing(monkeypatch, recording, capsys, name):
    with open(name or os.devnull, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", name and stream)
        assert run("replay", recording, "--jsonl") == 6
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["kind"] == "ended"


def test_a_closed_pipe_ends_the_command_without_a_message(recording, capsys, monkeypatch):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert run("replay", recording) == 141
        monkeypatch.undo()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["watch", "--help"]], ids=" ".join)
def test_help_that_cannot_be_written_is_reported(monkeypatch, capsys, words):
    with open("/dev/full", "w", buffering=1) as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        assert run(*words) == 1
    assert capsys.readouterr().err == "spongewatch: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize(("closed", "words", "status"), [("stdout", "--help", 0), ("stderr", "nonsense", 2)])
def test_output_for_a_closed_stream_is_not_redirected(monkeypatch, capsys, closed, words, status):
    monkeypatch.setattr(sys, closed, None)
    assert run(words) == status
    assert capsys.readouterr() == ("", "")
