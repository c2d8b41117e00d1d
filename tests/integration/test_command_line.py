"""The command as a process: streams, signals, exit status, and the modules it loads."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import termios
from pathlib import Path
from time import monotonic, sleep

import pytest

from event_rows import json_body, rows
from spongewatch.transports import Simulator

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).parent / "spongewatch")


@pytest.fixture(autouse=True)
def in_the_foreground():
    """Set default signal handlers: background jobs inherit an ignored SIGINT, and jobs under nohup an ignored SIGHUP."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGHUP, before[1])


def run(*arguments, **options):
    return subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


@contextlib.contextmanager
def interruptible(command, **options):
    """Run the command with all its streams as text pipes; kill it at the end if it is still running."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("trace", "status"), [("completes", 0), ("abandoned", 4), ("fails", 3)])
def test_the_traces_of_the_docs_have_the_outcome_of_their_name(trace, status):
    at_once = run("replay", ROOT / f"docs/traces/{trace}.jsonl", "--jsonl")
    paced = run("replay", ROOT / f"docs/traces/{trace}.jsonl", "--jsonl", "--speed", "200")
    assert (at_once.returncode, at_once.stderr) == (status, "")
    assert at_once.stdout == paced.stdout
    assert json.loads(at_once.stdout.splitlines()[-1])["kind"] == "ended"


def test_json_and_xml_bodies_of_the_same_rows_print_the_same_lines(tmp_path):
    page = rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 2", "COMPLETE COMPLETED 0")
    (tmp_path / "a.json").write_bytes(json_body(page, import_id=1126, user_id="u", echo=None))
    events = "".join(
        f"<event><event-type>{e.type}</event-type><status>{e.status}</status><value>{e.value}</value></event>"
        for e in page
    )
    (tmp_path / "a.xml").write_text(
        f"<eventsResponse><events>{events}</events><import-id>1126</import-id></eventsResponse>"
    )
    as_json, as_xml = (run("replay", tmp_path / name, "--jsonl") for name in ("a.json", "a.xml"))
    assert (as_json.returncode, as_json.stdout) == (0, as_xml.stdout)
    assert len(as_json.stdout.splitlines()) == 4


def test_a_reader_that_closes_the_pipe_ends_the_command_without_a_message():
    script = f"'{COMMAND}' explain | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() in ("0", "141")  # 0 if all was written before the reader exited
    assert done.stderr == ""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_replay_and_the_end_is_printed(number, status):
    trace = ROOT / "docs/traces/completes.jsonl"
    command = [COMMAND, "replay", str(trace), "--speed", "1", "--jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert json.loads(first)["trigger"] == "start"
    assert json.loads(out.splitlines()[-1])["outcome"] == "cancelled"
    assert (process.returncode, err) == (status, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_a_replay_whose_output_is_not_read(tmp_path, number):
    for count in range(1000, 1100):
        (tmp_path / f"{count}.json").write_bytes(json_body(rows(f"GATHERING INPROGRESS {count}")))
    replay = [COMMAND, "replay", str(tmp_path), "--jsonl"]
    line = run(*replay[1:]).stdout.splitlines(keepends=True)[50]
    reader, writer = os.pipe()
    room = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with subprocess.Popen(replay, stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        await_that(lambda: room - waiting_in(reader) < len(line))  # so the next write blocks
        while process.poll() is None:
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.2)
        _, err = process.communicate(timeout=60)
    os.close(reader)
    assert process.returncode == -number  # the default handler, which a third signal can't interrupt
    assert err == b""


def waiting_in(pipe):
    """The number of unread bytes in `pipe`."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def await_that(holds):
    deadline = monotonic() + 20
    while not holds():
        assert monotonic() < deadline
        sleep(0.01)


def test_an_interrupt_during_startup_prints_nothing(tmp_path):
    (tmp_path / "transitions.py").write_text("print('loading', flush=True)\ninput()\n")  # in place of the real one
    with interruptible([COMMAND, "explain"], env={**os.environ, "PYTHONPATH": str(tmp_path)}) as process:
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == -signal.SIGINT


def test_an_interrupt_before_the_watch_prints_nothing_and_is_status_130_in_a_shell(tmp_path):
    asks = tmp_path / "asks"
    os.mkfifo(asks, 0o600)
    command = f"'{COMMAND}' watch 1126 --credentials '{asks}'; echo $?"
    script = f"trap : INT; {command}"  # otherwise the shell itself would end
    with interruptible(["bash", "-c", script], start_new_session=True) as process, open(asks, "w"):  # once it is read
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=60) == ("130\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_many_signals_in_a_row_leave_no_traceback(number):
    with interruptible([COMMAND, "simulate"]) as process:
        assert process.stdout.readline().startswith("http://")
        for _ in range(6):
            process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode in (128 + number, -number)
    assert all(line.startswith("spongewatch: to watch the import, run: ") for line in err.splitlines())


@pytest.mark.parametrize(
    ("redirect", "status"), [(">&-", 6), ("2>&-", 6), (">/dev/full", 1), ("2>/dev/full", 6), (">&- 2>&-", 6)]
)
def test_closed_or_full_streams_do_not_change_the_exit_status(tmp_path, redirect, status):
    (tmp_path / "1.json").write_bytes(json_body(rows("GATHERING INPROGRESS 5")))
    done = subprocess.run(
        f"'{COMMAND}' replay --jsonl . {redirect}", shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert all(line.startswith("{") for line in done.stdout.splitlines())


@pytest.mark.parametrize("redirect", [">/dev/full", "1</dev/null", ">&-"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ("nonsense", 2, "unknown command; "),
        ("replay", 2, " replay: the following arguments are required: PATH; "),
        ("replay nowhere", 9, "spongewatch: nowhere: "),
        ("convert completes.jsonl --output new", 0, ""),
        ("timeline completes.jsonl --html new", 0, ""),
    ],
)
def test_an_unwritable_standard_output_does_not_matter_if_nothing_is_written(
    tmp_path, words, status, message, unbuffered, redirect
):
    shutil.copy(ROOT / "docs/traces/completes.jsonl", tmp_path)
    options = {"cwd": tmp_path, "env": {**os.environ, "PYTHONUNBUFFERED": unbuffered}}
    done = subprocess.run(
        f"'{COMMAND}' {words} {redirect}", shell=True, capture_output=True, text=True, timeout=60, **options
    )
    assert done.returncode == status
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == bool(message)


def test_a_quiet_watch_does_not_need_standard_output():
    with Simulator("skips") as service, open("/dev/full", "w") as full:
        login = {"CLOUDSPONGE_DOMAIN_KEY": service.domain_key, "CLOUDSPONGE_DOMAIN_PASSWORD": service.domain_password}
        command = [COMMAND, "watch", "1126", "--base-url", service.base_url, "--quiet"]
        streams = {"stdout": full, "stderr": subprocess.PIPE}
        done = subprocess.run(command, env={**os.environ, **login}, timeout=60, **streams)
    assert (done.returncode, done.stderr) == (0, b"")


def test_text_outside_the_encoding_of_the_terminal_is_escaped(tmp_path):
    (tmp_path / "a.json").write_text('{"events": [{"event_type": "A", "status": "B", "value": "é"}]}')
    done = run("replay", tmp_path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 6
    assert done.stdout.splitlines()[0].endswith("unlisted-row: A B \\xe9")


def test_the_core_loads_no_network_modules():
    script = (
        "import spongewatch, sys; print(*{'urllib3', 'ssl', 'socket', 'asyncio', 'rich', 'yaml'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == ""
    assert done.stderr == ""


@pytest.mark.parametrize("words", [["--help"], ["watch", "--help"], ["--version"]])
def test_help_for_a_closed_pipe_is_not_an_error(words):
    reader, writer = os.pipe()
    os.close(reader)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open(writer, "wb") as closed:
        done = subprocess.run([COMMAND, *words], stdout=closed, stderr=subprocess.PIPE, timeout=60, env=environment)
    assert (done.returncode, done.stderr) == (141, b"")
