import argparse
import json
import logging
import os
import resource
import shlex
import signal
import stat
import sys
import threading
from base64 import b64encode
from contextlib import suppress
from io import BytesIO, TextIOWrapper
from itertools import pairwise
from time import monotonic, sleep
from urllib.parse import quote, quote_plus

import pytest

from event_rows import json_body, rows
from spongewatch.adapters.cli.command_line import main
from spongewatch.adapters.cli.commands import watch as watch_command
from spongewatch.transports import Simulator, VirtualClock
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds, unused_url

FAST = ("--interval", "0.05")
PASSWORD = "p+/%: \u00e9"
CONTINUE = "spongewatch: to continue watching, run: spongewatch watch "
FORMS = [
    PASSWORD,
    quote(PASSWORD),
    quote(PASSWORD, safe=""),
    quote_plus(PASSWORD),
    json.dumps(PASSWORD)[1:-1],
    b64encode(PASSWORD.encode()).decode(),
    b64encode(f"demo-key:{PASSWORD}".encode()).decode(),
]


@pytest.fixture(autouse=True)
def interruptible():
    """Set default signal handlers: background jobs inherit an ignored SIGINT, and jobs under nohup an ignored SIGHUP."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGHUP, before[1])


@pytest.fixture(autouse=True)
def login(monkeypatch):
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_KEY", "demo-key")
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", "demo-password")


def watch(service, *options, import_id="1126"):
    return main(["watch", import_id, "--base-url", service.base_url, *FAST, *options])


def watch_options(words):
    parser = argparse.ArgumentParser()
    watch_command.add_options(parser)
    return parser.parse_args(words)


def refused(capsys, *arguments):
    """The error line of a refused command."""
    assert main(["watch", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "Traceback" not in err
    return err.removeprefix("spongewatch: ").rstrip("\n")


def emitted(capsys):
    """The lines of `--jsonl`; the last is the end, and the only note is how to continue."""
    out, err = capsys.readouterr()
    items = [json.loads(line) for line in out.splitlines()]
    continues = items[-1]["outcome"] in ("timed-out", "cancelled")
    assert (err.startswith(CONTINUE), len(err.splitlines())) == (continues, int(continues))
    assert [item["kind"] for item in items].count("ended") == 1
    assert items[-1]["kind"] == "ended"
    return items


@pytest.mark.parametrize(
    ("scenario", "options", "status", "outcome", "reason"),
    [
        ("completes", [], 0, "completed", None),
        ("skips", [], 0, "completed", None),
        ("fails", [], 3, "failed", None),
        ("abandoned", [], 4, "abandoned", None),
        ("stuck", ["--timeout", "0.3"], 5, "timed-out", "total"),
        ("stuck", ["--gathering-timeout", "0.2"], 5, "timed-out", "gathering"),
        ("consent-never", ["--consent-timeout", "0.2"], 5, "timed-out", "consent"),
    ],
)
def test_the_outcome_is_the_exit_status(capsys, scenario, options, status, outcome, reason):
    with Simulator(scenario, speed=100) as service:
        assert watch(service, "--jsonl", *options) == status
    ended = emitted(capsys)[-1]
    assert (ended["outcome"], ended["reason"]) == (outcome, reason)


def test_a_wrong_password_ends_the_watch_at_once(capsys, monkeypatch):
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", "wrong-password")
    with Simulator("skips") as service:
        assert watch(service, "--jsonl") == 7
        assert len(service.requests) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["reason"] == "credentials"
    assert "wrong-password" not in out + err


def test_a_410_ends_the_watch_at_once(capsys):
    with HostileServer(responds(http_response(status="410 Gone"))) as server:
        assert main(["watch", "1126", "--base-url", server.url, *FAST, "--jsonl"]) == 8
    (ended,) = emitted(capsys)
    assert (ended["outcome"], ended["reason"]) == ("rejected", "unknown-import")


@pytest.fixture
def virtual_time(monkeypatch):
    """Time passes only in sleeps, which return at once; requests take no time."""
    monkeypatch.setattr(watch_command, "SystemClock", VirtualClock)


@pytest.mark.usefixtures("virtual_time")
def test_an_early_404_is_retried(capsys):
    with Simulator("skips", import_id="77") as service:
        assert watch(service, "--jsonl", "--lost-contact-timeout", "5") == 6
    *polls, ended = emitted(capsys)
    assert {poll["kind"] for poll in polls} == {"poll-failed"}
    assert "404" in ended["detail"]


def test_a_redirect_is_not_followed(capsys):
    elsewhere = http_response(status="302 Found", headers={"location": "http://127.0.0.1:1/"})
    with HostileServer(responds(elsewhere)) as server:
        assert main(["watch", "1126", "--base-url", server.url, *FAST]) == 10
    assert "redirect" in capsys.readouterr().out


@pytest.mark.usefixtures("virtual_time")
def test_a_refused_connection_loses_contact_after_the_budget(capsys):
    with unused_url() as url:
        assert main(["watch", "1126", "--base-url", url, *FAST, "--lost-contact-timeout", "60", "--jsonl"]) == 6
    *polls, ended = emitted(capsys)
    assert {poll["reason"] for poll in polls} == {"refused: connection refused"}
    assert [poll["retry_at"] is None for poll in polls] == [False] * (len(polls) - 1) + [True]
    assert ended["outcome"] == "lost-contact"
    assert ended["detail"].endswith("last failure: refused: connection refused")


@pytest.mark.usefixtures("virtual_time")
def test_a_hanging_service_is_a_failed_poll(capsys):
    with HostileServer(lambda talk: talk.hang()) as server:
        options = ("--request-timeout", "0.1", "--lost-contact-timeout", "0.25", "--jsonl")
        assert main(["watch", "1126", "--base-url", server.url, *FAST, *options]) == 6
    assert emitted(capsys)[0]["reason"].startswith("timeout")


def test_each_change_is_a_line(capsys):
    with Simulator("skips") as service:
        assert watch(service) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split(" s  ")[1] for line in out.splitlines()] == [
        "GATHERING     gathering contacts",
        "GATHERING     2,340 contacts in total",
        "COMPLETE      done",
        "import 1126: completed with 2,340 contacts; fetch them within minutes",
    ]


def test_quiet_prints_nothing_and_keeps_the_exit_status(capsys):
    with Simulator("abandoned", speed=100) as service:
        assert watch(service, "--quiet") == 4
    assert capsys.readouterr() == ("", "")


def test_polls_keep_the_interval_and_reuse_the_connection():
    with Simulator("completes", speed=20) as service:
        assert watch(service) == 0
        requests = service.requests
        assert service.connections == 1
    # Measured between arrivals: the server may note the end of a response after the client has received it.
    assert min(later.arrived - earlier.arrived for earlier, later in pairwise(requests)) >= 0.05


def test_both_formats_emit_the_same_items(capsys):
    lines = []
    for options in ([], ["--format", "json"], ["--format", "xml"]):
        with Simulator("odd", speed=1000) as service:
            assert watch(service, "--jsonl", *options) == 0
            suffix = "xml" if "xml" in options else "json"
            assert {request.path for request in service.requests} == {f"/events/1126.{suffix}"}
        lines.append([{**item, "at": None} for item in emitted(capsys)][-4:])
    assert lines[0] == lines[1] == lines[2]


@pytest.mark.parametrize(
    ("options", "target", "authorization"),
    [
        ([], "/events/1126.json", True),
        (["--auth", "basic"], "/events/1126.json", True),
        (["--auth", "query"], "/events/1126.json?domain_key=demo-key&domain_password=demo-password", False),
        (["--echo", "a b&c"], "/events/1126.json?echo=a%20b%26c", True),
        (["--format", "xml"], "/events/1126.xml", True),
    ],
)
def test_the_request_depends_on_the_options(options, target, authorization):
    over = http_response(json_body(rows("COMPLETE COMPLETED 0")))
    with HostileServer(responds(over)) as server:
        assert main(["watch", "1126", "--base-url", server.url, *FAST, *options, "--quiet"]) == 0
        (exchange,) = server.exchanges
    assert exchange.head[0] == f"GET {target} HTTP/1.1"
    basic = b64encode(b"demo-key:demo-password").decode()
    assert (
        f"authorization: Basic {basic}" in [line.replace("Authorization", "authorization") for line in exchange.head]
    ) is (authorization)


def test_an_import_id_may_start_with_a_dash():
    for import_id, words in [("-abc", ["--", "-abc"]), ("-1126", ["-1126"])]:
        with Simulator("skips", import_id=import_id) as service:
            assert main(["watch", "--base-url", service.base_url, *FAST, "--quiet", *words]) == 0


@pytest.mark.parametrize("source", ["file", "standard input", "netrc"])
def test_credentials_may_come_from_a_file_standard_input_or_netrc(tmp_path, monkeypatch, capsys, source):
    monkeypatch.delenv("CLOUDSPONGE_DOMAIN_KEY")
    monkeypatch.delenv("CLOUDSPONGE_DOMAIN_PASSWORD")
    file = tmp_path / "login"
    file.write_text("demo-key:demo-password\n")
    file.chmod(0o600)
    options = []
    if source == "file":
        options = ["--credentials", str(file)]
    elif source == "standard input":
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(file.read_bytes())))
        options = ["--credentials", "-"]
    else:
        file.write_text("machine 127.0.0.1 login demo-key password demo-password\n")
        monkeypatch.setenv("NETRC", str(file))
    with Simulator("skips") as service:
        assert watch(service, "--quiet", *options) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("scenario", ["completes", "abandoned", "fails", "flaky", "odd"])
def test_a_recorded_watch_replays_to_the_same_bytes(tmp_path, capsys, scenario):
    trace = tmp_path / "trace.jsonl"
    with Simulator(scenario, speed=50) as service:
        live = watch(service, "--jsonl", "--record", str(trace)), capsys.readouterr()
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600
    for options in ([], ["--speed", "20"]):
        replayed = main(["replay", str(trace), "--jsonl", *options]), capsys.readouterr()
        assert replayed == live


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("trace.jsonl", "File exists"),
        ("missing/trace.jsonl", "No such file or directory"),
        ("trace.jsonl/trace", "Not a directory"),
        (".", "File exists"),
        ("", "No such file or directory"),
    ],
)
def test_a_record_that_cannot_be_created_is_an_error_before_the_first_poll(tmp_path, monkeypatch, capsys, path, reason):
    (tmp_path / "trace.jsonl").write_text("mine")
    monkeypatch.chdir(tmp_path)
    with Simulator("skips") as service:
        problem = refused(capsys, "1126", "--base-url", service.base_url, "--record", path)
        assert service.requests == []
    assert problem.startswith("--record: ")
    assert reason in problem
    assert (tmp_path / "trace.jsonl").read_text() == "mine"


def test_a_record_that_becomes_unwritable_is_noted_and_the_watch_continues(tmp_path, capsys):
    trace = tmp_path / "trace.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Simulator("completes", speed=50) as service:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            assert watch(service, "--record", str(trace)) == 0
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    out, err = capsys.readouterr()
    assert "completed" in out.splitlines()[-1]
    assert err.startswith(f"spongewatch: {trace}: ")
    assert len(err.splitlines()) == 1
    assert main(["replay", str(trace)]) == 6  # up to its last whole line


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        *(
            (
                [word],
                "IMPORT_ID must be 1 to 64 letters, digits, dashes or underscores, without a leading zero",
            )
            for word in ("1/2", "../1126", "0", "", "key:secret")
        ),
        (["1", "--base-url", "https://me:secret@127.0.0.1"], "--base-url"),
        (["1", "--base-url", "http://api.example.com"], "--base-url must use https, since http exposes the password"),
        (["1", "--base-url", "api.example.com"], "--base-url"),
        (["1", "--base-url", "ftp://127.0.0.1"], "--base-url"),
        (["1", "--base-url", "http://[::1"], "--base-url"),
        (["1", "--base-url", ""], "--base-url"),
        (["1", "--base-url", "https://127.0.0.1/?a=b"], "--base-url"),
        (["1", "--base-url", "https://[v1.a]"], ""),  # refused by the transport, which knows no options
        (["1", "--interval", "0.5"], "--interval"),
        (["1", "--interval", "120"], "--interval"),
        (["1", "--echo", ""], "--echo"),
        (["1", "--credentials", "/nowhere/at/all"], "--credentials: cannot read the file: No such file or directory"),
    ],
)
def test_the_message_for_a_wrong_argument_is_one_line_that_names_it(capsys, arguments, problem):
    text = refused(capsys, *arguments)
    assert text.startswith(problem)
    assert "secret" not in text


def test_options_are_checked_before_credentials_are_needed(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("CLOUDSPONGE_DOMAIN_KEY")
    assert refused(capsys, "1", "--base-url", "https://me:secret@127.0.0.1").startswith("--base-url")
    assert "CLOUDSPONGE_DOMAIN_KEY is not set" in refused(capsys, "1", "--record", str(tmp_path / "trace"))
    assert not (tmp_path / "trace").exists()


@pytest.mark.usefixtures("virtual_time")
def test_insecure_http_allows_http_to_another_machine(capsys):
    options = ("--insecure-http", *FAST, "--lost-contact-timeout", "0.1")
    assert main(["watch", "1", "--base-url", "http://sponge.invalid", *options]) == 6
    assert capsys.readouterr().err == ""


def test_budgets_may_be_none():
    none = [word for name in ("consent", "gathering", "lost-contact") for word in (f"--{name}-timeout", "none")]
    with Simulator("skips") as service:
        assert watch(service, *none, "--timeout", "none", "--quiet") == 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("recorded", [True, False])
def test_a_signal_ends_the_watch_and_the_end_is_printed(tmp_path, capsys, number, status, recorded):
    before = signal.getsignal(number)
    trace = tmp_path / "trace.jsonl"

    def interrupt():
        for _ in range(2000):
            if service.requests:
                os.kill(os.getpid(), number)
                break
            sleep(0.005)

    options = ["--interval", "60", "--jsonl", *(["--record", str(trace)] if recorded else [])]
    with Simulator("stuck") as service:
        threading.Thread(target=interrupt).start()
        assert main(["watch", "1126", "--base-url", service.base_url, *options]) == status
    live = capsys.readouterr()
    ended = json.loads(live.out.splitlines()[-1])
    assert live.err == f"{CONTINUE}1126 --base-url {service.base_url} --interval 60 --jsonl\n"
    assert ended["outcome"] == "cancelled"
    assert signal.getsignal(number) is before
    if recorded:
        assert main(["replay", str(trace), "--jsonl"]) == 130
        assert capsys.readouterr().out == live.out


@pytest.mark.parametrize("recorded", [True, False])
def test_a_signal_interrupts_a_hanging_request(tmp_path, capsys, recorded):
    trace = tmp_path / "trace.jsonl"
    record = ["--record", str(trace)] if recorded else []
    hanging = threading.Event()

    def hangs(talk):
        talk.read_request()
        hanging.set()
        talk.hang()

    def interrupt():
        hanging.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    with HostileServer(hangs) as server:
        threading.Thread(target=interrupt).start()
        start = monotonic()
        assert main(["watch", "1126", "--base-url", server.url, "--request-timeout", "60", "--jsonl", *record]) == 130
        assert monotonic() - start < 30
    live, err = capsys.readouterr()
    ended = json.loads(live.splitlines()[-1])
    assert (ended["outcome"], ended["seen"]) == ("cancelled", False)
    assert err.startswith(f"{CONTINUE}1126 ")
    if recorded:
        assert main(["replay", str(trace), "--jsonl"]) == 130
        assert capsys.readouterr().out == live


def test_two_signals_during_a_hanging_request_end_the_watch_at_once(capsys):
    def hangs(talk):
        talk.read_request()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        talk.wait(60)

    start, statuses = monotonic(), []
    with suppress(KeyboardInterrupt), HostileServer(hangs) as server:  # the second may arrive after the end
        statuses.append(main(["watch", "1126", "--base-url", server.url, "--request-timeout", "60"]))
    assert statuses == [130]
    assert monotonic() - start < 30


def test_a_short_secret_does_not_garble_the_command_to_continue(monkeypatch, capsys):
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_KEY", "e")
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", "t")
    with Simulator("consent-never", domain_key="e", domain_password="t") as service:
        main(["watch", "1126", "--interval", "0.01", "--timeout", "0.1", "--base-url", service.base_url])
    assert "******imeou" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "again"),
    [
        (["1126", "--timeout", "0.1"], "1126 --timeout 0.1"),
        (["--jsonl", "--timeout", "0.1", "1126"], "1126 --timeout 0.1 --jsonl"),
        (["1126", "--timeout=.1", "--gathering-timeout", "none"], "1126 --gathering-timeout none --timeout 0.1"),
        (["1126", "--consent-timeout", "0.1", "--format", "xml"], "1126 --format xml --consent-timeout 0.1"),
        (["1126", "--timeout", "0.1", "--echo", "a b'c"], """1126 --echo 'a b'"'"'c' --timeout 0.1"""),
        (["1126", "--timeout", "0.1", "--echo=-x"], "1126 --echo=-x --timeout 0.1"),
        (["1126", "--timeout", "0.1", "--record", "trace"], "1126 --timeout 0.1"),
        (["1126", "--timeout", "0.1", "--echo", "demo-password"], "1126 --echo '******' --timeout 0.1"),
        (["--timeout", "0.1", "--", "-a"], "--timeout 0.1 -- -a"),
    ],
)
def test_after_a_budget_expired_a_note_shows_how_to_continue(tmp_path, monkeypatch, capsys, words, again):
    monkeypatch.chdir(tmp_path)
    options = ["--interval", "0.01", "--base-url"]
    import_id = "-a" if "-a" in words else "1126"
    with Simulator("consent-never", import_id=import_id) as service:
        assert main(["watch", *options, service.base_url, *words]) == 5
    err = capsys.readouterr().err
    assert err.startswith(CONTINUE)
    typed = shlex.split(err.partition("to continue watching, run: ")[2])
    assert sorted(typed) == sorted(
        shlex.split(f"spongewatch watch {again} --interval 0.01 --base-url {service.base_url}")
    )
    options = watch_options(typed[2:])
    assert options.import_id == import_id
    assert options.record is None


def test_quiet_prints_no_command_to_continue(capsys):
    with Simulator("consent-never") as service:
        assert watch(service, "--timeout", "0.1", "--quiet") == 5
    assert capsys.readouterr() == ("", "")


def test_a_signal_after_the_end_does_not_change_the_outcome(monkeypatch, capsys):
    class Interrupting(BytesIO):
        def write(self, data):
            if b'"kind":"ended"' in data:
                os.kill(os.getpid(), signal.SIGINT)
            return super().write(data)

    with Simulator("skips") as service, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", TextIOWrapper(Interrupting()))
        assert watch(service, "--jsonl") == 0


def test_a_closed_pipe_ends_the_watch_without_a_message(monkeypatch, capsys, tmp_path):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with Simulator("skips") as service, open(write_end, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        assert watch(service, "--record", str(tmp_path / "trace")) == 141
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("auth", ["basic", "query"])
@pytest.mark.parametrize("right", [True, False])
def test_no_secret_is_ever_shown(tmp_path, monkeypatch, capsys, caplog, auth, right):
    caplog.set_level(logging.DEBUG)
    trace = tmp_path / "trace.jsonl"
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", PASSWORD)
    with Simulator("completes", speed=100, domain_password=PASSWORD if right else "another") as service:
        status = watch(service, "--auth", auth, "--record", str(trace), "--echo", f"x{PASSWORD}x")
    assert status == (0 if right else 7)
    out, err = capsys.readouterr()
    for text in (out, err, caplog.text, trace.read_text()):
        assert [form for form in FORMS if form in text] == []


@pytest.mark.parametrize("words", [["--record", "-"], ["--record=-"], ["--jsonl", "--record", "-"]])
def test_a_trace_is_not_recorded_to_standard_output(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["watch", "1126", *words])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "--record must be a file; a trace can't be written to standard output" in err
    assert list(tmp_path.iterdir()) == []
