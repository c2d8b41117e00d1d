import json
import os
import re
import signal
import socket
import sys
import threading
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from event_rows import json_body, rows
from spongewatch import Completed, Credentials, PollPolicy
from spongewatch.adapters.cli.command_line import main
from spongewatch.transports import SCENARIOS, wait
from spongewatch.transports.testing.hostile_server import unused_url

LOGIN = Credentials("demo-key", "demo-password")


@pytest.fixture(autouse=True)
def interruptible():
    """Set default signal handlers: background jobs inherit an ignored SIGINT, and jobs under nohup an ignored SIGHUP."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGHUP, before[1])


def refused(*arguments):
    return main(["simulate", *arguments])


@pytest.fixture
def simulate(monkeypatch):
    """Runs the command, calls `meanwhile` with its URL once that is printed, then sends the signal."""

    def run(*arguments, meanwhile=lambda url: None, number=signal.SIGINT):
        read_end, write_end = os.pipe()
        received = []

        def visit():
            with open(read_end) as stream:
                url = stream.readline()
            if url:  # otherwise the command has failed
                try:
                    received.extend([url, meanwhile(url.strip())])
                finally:
                    os.kill(os.getpid(), number)

        visitor = threading.Thread(target=visit)
        with open(write_end, "w") as stream, monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            visitor.start()
            status = main(["simulate", *arguments])
        visitor.join()
        return status, *received

    return run


def outcome_at(import_id="1126"):
    def watch(url):
        return wait(import_id, LOGIN, timeout=60, base_url=url, policy=PollPolicy(interval=0.02))

    return watch


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_simulator_serves_until_a_signal_arrives(simulate, number, status):
    before = signal.getsignal(number)
    assert simulate("skips", meanwhile=outcome_at(), number=number)[::2] == (status, Completed(2340))
    assert signal.getsignal(number) is before


def test_a_signal_right_after_the_url_is_handled(simulate):
    assert simulate("skips", number=signal.SIGTERM)[0] == 143


def test_the_output_is_the_url_and_a_note_shows_how_to_watch(simulate, capsys):
    _, url, _ = simulate("skips")
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+\n", url)
    login = "CLOUDSPONGE_DOMAIN_KEY=demo-key CLOUDSPONGE_DOMAIN_PASSWORD=demo-password"
    assert capsys.readouterr() == (
        "",
        f"spongewatch: to watch the import, run: {login} spongewatch watch 1126 --base-url {url}",
    )


def test_the_default_scenario_completes(simulate):
    assert simulate("--speed", "100", meanwhile=outcome_at())[2] == Completed(2001)


def test_the_port_is_closed_after_the_signal(simulate):
    with unused_url() as url:
        simulate("skips", "--port", str(urlsplit(url).port))
        client = HTTPConnection(urlsplit(url).netloc)
        with pytest.raises(ConnectionRefusedError):
            client.connect()


def test_a_recording_is_played_with_its_import_id(simulate, tmp_path, capsys):
    trace = tmp_path / "trace.jsonl"
    bodies = [json_body(rows("GATHERING INPROGRESS 5")), json_body(rows("COMPLETE COMPLETED 0"))]
    lines = [{"spongewatch-trace": 1, "import_id": "77"}]
    lines += [{"t": number, "took": 0, "status": 200, "body": body.decode()} for number, body in enumerate(bodies)]
    trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert simulate(str(trace), meanwhile=outcome_at("77"))[::2] == (130, Completed(5))
    assert " spongewatch watch 77 --base-url " in capsys.readouterr().err


def test_import_id_is_configurable(simulate, tmp_path, capsys):
    (tmp_path / "1.json").write_bytes(json_body(rows("COMPLETE COMPLETED 0")))
    for what in ("skips", str(tmp_path)):
        assert isinstance(simulate(what, "--import-id", "77", meanwhile=outcome_at("77"))[2], Completed)
        assert " spongewatch watch 77 --base-url " in capsys.readouterr().err
        assert refused(what, "--import-id", "../7") == 2
        out, err = capsys.readouterr()
        assert (out, len(err.splitlines())) == ("", 1)


def test_a_scenario_takes_precedence_over_a_file_of_the_same_name(simulate, tmp_path, monkeypatch):
    (tmp_path / "skips").write_text("no recording")
    monkeypatch.chdir(tmp_path)
    assert simulate("skips", meanwhile=outcome_at())[2] == Completed(2340)


def test_port_is_configurable(simulate):
    with unused_url() as url:
        assert simulate("skips", "--port", str(urlsplit(url).port))[1] == f"{url}\n"


def test_a_port_in_use_is_an_error(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused("--port", str(port)) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert f"port {port}" in err
    assert "address already in use" in err.lower()


@pytest.mark.parametrize(
    ("name", "shown", "advice"),
    [
        ("skip", "skip", "did you mean 'skips'?"),
        ("COMPLETE", "COMPLETE", "did you mean 'completes'?"),
        ("no/such.jsonl", "no/such.jsonl", f"the scenarios are {', '.join(SCENARIOS)}"),
        ("x" * 5000, "x" * 200, f"the scenarios are {', '.join(SCENARIOS)}"),
        ("a\0b", "a\\x00b", f"the scenarios are {', '.join(SCENARIOS)}"),
    ],
)
def test_an_unknown_name_is_an_error_with_advice(capsys, name, shown, advice):
    assert refused(name) == 2
    line = f"spongewatch: no scenario or file named '{shown}'; {advice}\n"
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b'{"spongewatch-trace": 2}\n', b'{"spongewatch-trace": 1}\n[]\n{}\n']
)
def test_a_file_that_is_not_a_recording_is_an_error(tmp_path, capsys, content):
    file = tmp_path / "recording"
    file.write_bytes(content)
    assert refused(str(file)) == 9
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"spongewatch: {file}: ")
    assert len(err.splitlines()) == 1


def test_a_recording_without_a_response_is_an_error(tmp_path, capsys):
    file = tmp_path / "recording"
    file.write_bytes(b'{"spongewatch-trace": 1}\n')
    assert refused(str(file)) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)


def test_the_help_lists_each_scenario(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        refused("--help")
    out = " ".join(capsys.readouterr().out.split())
    for name, scenario in SCENARIOS.items():
        assert f" {name} {scenario.description} " in out
