import json
import os
import signal
import sys
import threading
from io import BytesIO, StringIO, TextIOWrapper

import pytest

from answers import json_body, rows
from spongewatch import ERROR_CODES, __version__
from spongewatch.adapters import command_line
from spongewatch.adapters.command_line import main

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}
GATHERING = {"t": 0, "took": 0, "status": 200, "body": json_body(rows("GATHERING INPROGRESS 5")).decode()}
COMPLETE = {"t": 1, "took": 0, "status": 200, "body": json_body(rows("COMPLETE COMPLETED 0")).decode()}
FAILED = {"t": 1, "took": 0, "status": 200, "body": json_body(rows("COMPLETE ERROR 264")).decode()}
ABANDONED = {"t": 1, "took": 0, "status": 200, "body": json_body(rows("INITIALIZING ERROR 514")).decode()}


@pytest.fixture
def trace(tmp_path):
    def write(*lines, tail=""):
        file = tmp_path / "trace.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in (HEADER, *lines)) + tail)
        return str(file)

    return write


def run(*arguments):
    try:
        return main(arguments)
    except SystemExit as exit_:
        return exit_.code


def end(name, **members):
    return {"t": 2, "end": name, **members}


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([GATHERING, COMPLETE], 0),
        ([GATHERING, FAILED], 3),
        ([ABANDONED], 4),
        ([GATHERING, end("timed-out")], 5),
        ([GATHERING, end("lost-contact")], 6),
        ([GATHERING, end("rejected", reason="credentials")], 7),
        ([GATHERING, end("rejected", reason="unknown-import")], 8),
        ([GATHERING, end("rejected", reason="redirect")], 10),
        ([GATHERING, end("cancelled")], 130),
    ],
)
@pytest.mark.parametrize("options", [[], ["--jsonl"], ["--speed", "1000"]])
def test_how_an_import_ended_is_the_exit_status(trace, capsys, lines, status, options):
    assert run("replay", trace(*lines), *options) == status
    out, err = capsys.readouterr()
    assert len(out.splitlines()) >= 2
    assert err == ""


def test_jsonl_is_one_object_a_line_and_the_end_is_the_last(trace, capsys):
    run("replay", trace(GATHERING, COMPLETE), "--jsonl")
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["transition", "transition", "transition", "ended"]
    assert lines[0] == (
        '{"kind":"transition","at":0.0,"import_id":"1126","trigger":"initialize","source":"INITIALIZING",'
        '"dest":"GATHERING","contact_count":null,"event":null,"failure":null}'
    )


def test_plain_lines_say_the_same_to_people(trace, capsys):
    run("replay", trace(GATHERING, COMPLETE))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "     0.0 s  GATHERING     5 contacts so far",
        "     1.0 s  COMPLETE      all is done",
        "     1.0 s  import 1126 is complete: 5 contacts, to be fetched within minutes",
    ]


def test_a_recording_that_ends_early_is_told_with_the_import_and_the_place(trace, capsys):
    path = trace(GATHERING)
    assert run("replay", path) == 6
    note = f"spongewatch: {path}: the recording ends before import 1126 does, in GATHERING\n"
    assert capsys.readouterr().err == note


def test_a_torn_last_line_is_told(trace, capsys):
    path = trace(GATHERING, COMPLETE, tail='{"t": 2')
    assert run("replay", path) == 0
    assert capsys.readouterr().err == f"spongewatch: {path}: line 4, the last, is torn and was left out\n"
    path = trace(GATHERING, tail='{"t": 2')
    assert run("replay", path) == 6
    assert capsys.readouterr().err.splitlines()[0] == f"spongewatch: {path}: line 3, the last, is torn and was left out"


def test_a_broken_line_is_told_and_the_end_all_the_same(trace, capsys):
    path = trace(GATHERING, [], COMPLETE)
    assert run("replay", path, "--jsonl") == 9
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1])["detail"] == "line 3: is not a JSON object"
    assert json.loads(out.splitlines()[-1])["outcome"] == "lost-contact"
    assert err == f"spongewatch: {path}: line 3: is not a JSON object\n"


@pytest.mark.parametrize("content", [None, b"", b"hello", b"\x00\xff", b"<a></b>", b'{"spongewatch-trace": 2}'])
def test_what_is_no_recording_is_one_line_and_nothing_else(tmp_path, capsys, content):
    file = tmp_path / "x\x1b.json"
    if content is not None:
        file.write_bytes(content)
    assert run("replay", str(file)) == 9
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("spongewatch: ")
    assert "x\\x1b.json: " in err
    assert len(err.splitlines()) == 1


def test_an_empty_folder_is_told(tmp_path, capsys):
    assert run("replay", str(tmp_path)) == 9
    assert "a folder without *.json and *.xml files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "spongewatch: the following arguments are required: COMMAND; 'spongewatch --help' shows"),
        (["watc"], "spongewatch: argument COMMAND: invalid choice: 'watc'"),
        (["replay"], "spongewatch replay: the following arguments are required: PATH; 'spongewatch replay --help'"),
        (["replay", "x", "--json"], "spongewatch: unrecognized arguments: --json"),
        (["replay", "x", "--\x1b[2J"], "spongewatch: unrecognized arguments: --\\x1b[2J"),
        (["replay", "x", "--speed", "0"], "argument --speed: a speed is a number above 0, such as 20, not '0'"),
        (["replay", "x", "--speed", "nan"], "a speed is a number above 0, such as 20, not 'nan'"),
        (["replay", "x", "--speed", "inf"], "a speed is a number above 0, such as 20, not 'inf'"),
        (["replay", "x", "--speed", "fast"], "a speed is a number above 0, such as 20, not 'fast'"),
        (["explain", "5x"], "argument CODE: an error code is a number, such as 514, not '5x'"),
        (["explain", "9" * 301], "an error code is a number, such as 514, not '999"),
        (["explain", "\u0665"], "an error code is a number"),
    ],
)
def test_wrong_usage_is_one_line(capsys, arguments, problem):
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert problem in err


def test_explain_tells_all_codes(capsys):
    assert run("explain") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(ERROR_CODES)
    assert lines[0] == "   1  FAILED     CloudSponge did not accept the domain key and password."


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "514",
            " 514  ABANDONED  The person declined to share their contacts.\n"
            "                 The person has to act before a new import can succeed.\n",
        ),
        (
            "4711",
            "4711  UNKNOWN    The service gave the error code 4711, which its documentation did not list.\n"
            "                 No remedy is known.\n",
        ),
    ],
)
def test_explain_tells_one_code_and_who_can_act(capsys, code, text):
    assert run("explain", code) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("code", ["0", "-5", "+515", "9" * 300])
def test_a_number_that_can_not_be_a_code_is_unknown_too(capsys, code):
    assert run("explain", code) == 0
    assert "UNKNOWN" in capsys.readouterr().out


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


def test_version_and_help(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"spongewatch {__version__}\n"
    for arguments in (["--help"], ["replay", "--help"], ["explain", "--help"]):
        assert run(*arguments) == 0
        assert "e" in capsys.readouterr().out


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_replay_and_the_end_is_told(trace, capsys, number, status):
    before = signal.getsignal(number)
    path = trace(GATHERING, {**GATHERING, "t": 3600}, COMPLETE)
    threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
    assert run("replay", path, "--speed", "1", "--jsonl") == status
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1])["outcome"] == "cancelled"
    assert err == ""
    assert signal.getsignal(number) is before


def test_a_signal_that_is_ignored_stays_ignored(trace, capsys):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
        assert run("replay", trace(GATHERING, COMPLETE), "--speed", "10") == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_before_the_watch_is_quiet(monkeypatch, tmp_path, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "replay", interrupted)
    with (tmp_path / "out").open("w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        assert run("replay", "x") == 130
    assert capsys.readouterr().err == ""


def test_output_that_can_not_be_written_is_told(monkeypatch, capsys):
    with open("/dev/full", "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        assert run("explain") == 1
    assert capsys.readouterr().err == "spongewatch: standard output can't be written: No space left on device\n"


@pytest.mark.parametrize("name", [None, "/dev/full"])
def test_notes_that_can_not_be_written_change_nothing(monkeypatch, trace, capsys, name):
    with open(name or os.devnull, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", name and stream)
        assert run("replay", trace(GATHERING), "--jsonl") == 6
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["kind"] == "ended"


def test_a_closed_pipe_ends_it_quietly(trace, capsys, monkeypatch):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert run("replay", trace(GATHERING, COMPLETE)) == 141
        monkeypatch.undo()
    assert capsys.readouterr().err == ""
