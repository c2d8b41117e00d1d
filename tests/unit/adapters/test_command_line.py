import json
import os
import signal
import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest

from answers import json_body, rows
from spongewatch import __version__
from spongewatch.adapters.command_line import main
from spongewatch.adapters.exit_status import EXIT_STATUSES

OPTIONS = {
    "watch": {
        "--credentials",
        "--base-url",
        "--format",
        "--echo",
        "--interval",
        "--request-timeout",
        "--consent-timeout",
        "--gathering-timeout",
        "--lost-contact-timeout",
        "--timeout",
        "--record",
        "--auth",
        "--insecure-http",
        "--jsonl",
        "--quiet",
    },
    "replay": {"--import-id", "--speed", "--jsonl"},
    "convert": {"--import-id", "--output"},
    "explain": set(),
    "simulate": {"--import-id", "--speed", "--port"},
}


@pytest.fixture(autouse=True)
def interruptible():
    """As from a terminal; a job in the background starts with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def recording(tmp_path):
    """One that ends before its import does, which is told on standard error."""
    (tmp_path / "a.json").write_bytes(json_body(rows("GATHERING INPROGRESS 5")))
    return str(tmp_path)


def run(*arguments):
    try:
        return main(arguments)
    except SystemExit as exit_:
        return exit_.code


class Interrupted(BytesIO):
    """Somebody presses Ctrl-C while this is read."""

    def read(self, size=-1):
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("was not interrupted")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "spongewatch: the following arguments are required: COMMAND; 'spongewatch --help' shows"),
        (["watc"], "spongewatch: argument COMMAND: invalid choice: 'watc'"),
        (["replay"], "spongewatch replay: the following arguments are required: PATH; 'spongewatch replay --help'"),
        (["replay", "x", "--json"], "spongewatch: unknown option --json"),
        (["replay", "x", "--\x1b[2J"], "spongewatch: unknown option --\\x1b[2J"),
        (["replay", "x", "y"], "spongewatch: there are more words than the command takes;"),
        (["replay", "x", "--speed", "0"], "argument --speed: a speed is a number above 0, such as 20, not '0'"),
        (["replay", "x", "--speed"], "spongewatch replay: argument --speed: expected one argument"),
        (["explain", "5x"], "argument CODE: an error code is a number, such as 514, not '5x'"),
        (["simulate", "--port", "65536"], "argument --port: a port is a number from 0, which is any, to 65535"),
        (["watch"], "spongewatch watch: the following arguments are required: IMPORT_ID"),
        (["watch", "-abc"], "spongewatch watch: the following arguments are required: IMPORT_ID"),
        (["watch", "1", "--base", "https://a"], "spongewatch: unknown option --base;"),
        (["watch", "1", "--format", "yaml"], "argument --format: invalid choice: 'yaml'"),
        (["watch", "1", "--auth", "digest"], "argument --auth: invalid choice: 'digest'"),
        (["watch", "1", "--interval", "none"], "argument --interval: a time is a number of seconds above 0"),
        (
            ["watch", "1", "--timeout", "-1"],
            "argument --timeout: a time is a number of seconds above 0, such as 120, not '-1'",
        ),
        (["watch", "1", "--timeout", "1m"], "argument --timeout: a time is a number of seconds above 0"),
        (["watch", "1", "--jsonl", "--quiet"], "argument --quiet: not allowed with argument --jsonl"),
    ],
)
def test_wrong_usage_is_one_line(capsys, arguments, problem):
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert problem in err


def test_the_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr() == (f"spongewatch {__version__}\n", "")


def test_the_help_names_the_commands_and_the_exit_statuses(capsys):
    assert run("--help") == 0
    out, err = capsys.readouterr()
    assert {line.split()[0] for line in out.splitlines() if line.startswith("    ")} == {*OPTIONS}
    assert out.endswith(EXIT_STATUSES)
    assert err == ""


@pytest.mark.parametrize("command", OPTIONS)
def test_the_help_of_a_command_names_its_options_and_ends_with_an_example(capsys, command):
    assert run(command, "--help") == 0
    out, err = capsys.readouterr()
    described = {line.split()[0] for line in out.splitlines() if line.startswith("  --")}
    assert described == OPTIONS[command]
    heading, example = out.splitlines()[-2:]
    assert heading == "example:"
    assert example.startswith(f"  spongewatch {command} ")
    assert err == ""


def test_the_help_says_where_credentials_can_go(capsys):
    run("watch", "--help")
    out = capsys.readouterr().out
    for place in ("--credentials FILE", "CLOUDSPONGE_DOMAIN_KEY", "CLOUDSPONGE_DOMAIN_PASSWORD", "netrc"):
        assert place in out


def test_text_that_the_stream_can_not_hold_is_escaped(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text('{"events": [{"event_type": "A", "status": "B", "value": "\u00e9"}]}')
    stream = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert run("replay", str(tmp_path)) == 6
    assert stream.buffer.getvalue().splitlines()[0].endswith(b"unlisted-row: A B \\xe9")


def test_any_stream_will_do(monkeypatch):
    monkeypatch.setattr(sys, "stdout", StringIO())
    assert run("explain", "1") == 0
    assert "FAILED" in sys.stdout.getvalue()


def test_without_standard_output_all_goes_on(monkeypatch, recording, capsys):
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", None)
        assert run("replay", recording) == 6
    assert "the recording ends before import unknown does" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["a file", "no file", "closed"])
def test_an_interrupt_before_the_watch_is_quiet(monkeypatch, capsys, kind):
    with monkeypatch.context() as patched, open(os.devnull, "w") as nowhere:
        patched.setattr(sys, "stdin", TextIOWrapper(Interrupted()))
        patched.setattr(sys, "stdout", {"a file": nowhere, "no file": StringIO(), "closed": None}[kind])
        assert run("watch", "1126", "--credentials", "-") == 130
    assert capsys.readouterr() == ("", "")


def test_output_that_can_not_be_written_is_told(monkeypatch, capsys):
    with open("/dev/full", "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        assert run("explain") == 1
    assert capsys.readouterr().err == "spongewatch: standard output can't be written: No space left on device\n"


@pytest.mark.parametrize("name", [None, "/dev/full"])
def test_notes_that_can_not_be_written_change_nothing(monkeypatch, recording, capsys, name):
    with open(name or os.devnull, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", name and stream)
        assert run("replay", recording, "--jsonl") == 6
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["kind"] == "ended"


def test_a_closed_pipe_ends_it_quietly(recording, capsys, monkeypatch):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert run("replay", recording) == 141
        monkeypatch.undo()
    assert capsys.readouterr().err == ""


def test_a_word_behind_an_unknown_option_is_not_repeated(capsys):
    for arguments in (["--password", "hunter2"], ["--password=hunter2"], ["hunter2"]):
        assert run("watch", "1126", *arguments) == 2
    assert "hunter2" not in capsys.readouterr().err
