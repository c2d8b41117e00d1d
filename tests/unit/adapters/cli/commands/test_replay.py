import json
import os
import signal
import sys
import threading
from time import sleep

import pytest

from event_rows import json_body, rows
from spongewatch.adapters.cli.command_line import main

HEADER = {"spongewatch-trace": 1, "import_id": "1126"}
GATHERING = {"t": 0, "took": 0, "status": 200, "body": json_body(rows("GATHERING INPROGRESS 5")).decode()}
COMPLETE = {"t": 1, "took": 0, "status": 200, "body": json_body(rows("COMPLETE COMPLETED 0")).decode()}
FAILED = {"t": 1, "took": 0, "status": 200, "body": json_body(rows("COMPLETE ERROR 264")).decode()}
ABANDONED = {"t": 1, "took": 0, "status": 200, "body": json_body(rows("INITIALIZING ERROR 514")).decode()}


@pytest.fixture(autouse=True)
def interruptible():
    """Set default signal handlers: background jobs inherit an ignored SIGINT, and jobs under nohup an ignored SIGHUP."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGHUP, before[1])


@pytest.fixture
def trace(tmp_path):
    def write(*lines, tail=""):
        file = tmp_path / "trace.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in (HEADER, *lines)) + tail)
        return str(file)

    return write


def run(*arguments):
    return main(["replay", *arguments])


def end(name, **members):
    return {"t": 2, "end": name, **members}


def last(out):
    return json.loads(out.splitlines()[-1])


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
def test_the_outcome_is_the_exit_status(trace, capsys, lines, status, options):
    assert run(trace(*lines), *options) == status
    out, err = capsys.readouterr()
    assert len(out.splitlines()) >= 2
    assert err == ""


def test_jsonl_is_one_object_per_line_and_the_end_is_the_last(trace, capsys):
    run(trace(GATHERING, COMPLETE), "--jsonl")
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["transition", "transition", "transition", "ended"]
    assert lines[0] == (
        '{"kind":"transition","at":0.0,"import_id":"1126","trigger":"initialize","source":"INITIALIZING",'
        '"dest":"GATHERING","contact_count":null,"event":null,"failure":null}'
    )


def test_every_speed_prints_the_same_bytes(trace, capsys):
    path = trace(GATHERING, {"t": 0.5, "took": 0.1, "error": "timeout"}, COMPLETE)
    outputs = []
    for options in ([], ["--speed", "20"], ["--speed", "1000"]):
        assert run(path, "--jsonl", *options) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] == outputs[2]


def test_without_a_terminal_each_item_is_a_plain_line(trace, capsys):
    run(trace(GATHERING, COMPLETE))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "     0.0 s  GATHERING     5 contacts so far",
        "     1.0 s  COMPLETE      done",
        "     1.0 s  import 1126: completed with 5 contacts; fetch them within minutes",
    ]


def test_a_recording_that_ends_early_is_noted(trace, capsys):
    path = trace(GATHERING)
    assert run(path, "--jsonl") == 6
    out, err = capsys.readouterr()
    assert last(out)["detail"].startswith("exhausted: ")
    assert err == f"spongewatch: {path}: the recording ends while import 1126 is in GATHERING\n"


def test_a_truncated_last_line_is_noted(trace, capsys):
    path = trace(GATHERING, COMPLETE, tail='{"t": 2')
    assert run(path) == 0
    assert capsys.readouterr().err == f"spongewatch: {path}: line 4 (the last) is truncated and was ignored\n"
    path = trace(GATHERING, tail='{"t": 2')
    assert run(path) == 6
    assert (
        capsys.readouterr().err.splitlines()[0]
        == f"spongewatch: {path}: line 3 (the last) is truncated and was ignored"
    )


def test_a_damaged_line_is_noted_and_the_end_is_printed(trace, capsys):
    path = trace(GATHERING, [], COMPLETE)
    assert run(path, "--jsonl") == 9
    out, err = capsys.readouterr()
    assert last(out)["outcome"] == "lost-contact"
    assert last(out)["detail"].startswith("protocol: line 3: ")
    assert err.startswith(f"spongewatch: {path}: line 3: ")


@pytest.mark.parametrize("content", [None, b"", b"hello", b"\x00\xff", b"<a></b>", b'{"spongewatch-trace": 2}'])
def test_an_unreadable_recording_is_one_line_on_standard_error(tmp_path, capsys, content):
    file = tmp_path / "x\x1b.json"
    if content is not None:
        file.write_bytes(content)
    assert run(str(file)) == 9
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("spongewatch: ")
    assert "x\\x1b.json: " in err
    assert len(err.splitlines()) == 1


def test_import_id_must_match_the_recording(trace, capsys):
    path = trace(COMPLETE)
    assert run(path, "--import-id", "1126") == 0
    assert run(path, "--import-id", "7") == 9
    assert run(path, "--import-id", "../7") == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize("path", ["", "x\0y"])
def test_an_invalid_path_is_one_line_on_standard_error(capsys, path):
    assert run(path) == 9
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)


def test_an_empty_folder_is_an_error(tmp_path, capsys):
    assert run(str(tmp_path)) == 9
    assert capsys.readouterr().err.startswith(f"spongewatch: {tmp_path}: ")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_replay_and_the_end_is_printed(trace, monkeypatch, capsys, number, status):
    before = signal.getsignal(number)
    path = trace(GATHERING, {**GATHERING, "t": 3600}, COMPLETE)
    read_end, write_end = os.pipe()
    lines = []

    def interrupt():
        with open(read_end) as stream:
            for line in stream:
                if not lines:  # the first; the replay lasts an hour
                    sleep(0.05)  # until the main thread waits: a signal just before that would not end the wait
                    os.kill(os.getpid(), number)
                lines.append(line)

    reader = threading.Thread(target=interrupt)
    with open(write_end, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        reader.start()
        assert run(path, "--speed", "1", "--jsonl") == status
    reader.join()
    assert last("".join(lines))["outcome"] == "cancelled"
    assert capsys.readouterr() == ("", "")
    assert signal.getsignal(number) is before
