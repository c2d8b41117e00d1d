"""`spongewatch watch` in a real terminal: the screen during and after the watch, and the exit status."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from select import select
from time import monotonic, sleep

import pytest

from spongewatch import ImportEvent, Response
from spongewatch.transports import Scenario, Simulator
from spongewatch.transports.testing.hostile_server import HostileServer

COMMAND = str(Path(sys.executable).parent / "spongewatch")
LATE = 40.0  # seconds to wait for the screen on a busy machine
WAITING = ImportEvent("INITIALIZING", "INPROGRESS", 0)
CONSENTED = ImportEvent("INITIALIZING", "COMPLETED", 0)
GATHERING = ImportEvent("GATHERING", "INPROGRESS", 1212)
ENVIRONMENT = {
    "CLOUDSPONGE_DOMAIN_KEY": "demo-key",
    "CLOUDSPONGE_DOMAIN_PASSWORD": "demo-password",
    "LC_ALL": "C.UTF-8",
    "PATH": os.environ["PATH"],
    "PS1": "$ ",
}


@pytest.fixture(autouse=True)
def in_the_foreground():
    """Set default signal handlers: background jobs inherit an ignored SIGINT, and jobs under nohup an ignored SIGHUP."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGHUP, before[1])


class Terminal:
    """A terminal with a shell, typed on and read through tmux."""

    def __init__(self, socket, columns=80, lines=24, **environment):
        self._tmux = ["tmux", "-S", str(socket), "-f", os.devnull]
        settings = [f"{name}={value}" for name, value in {**ENVIRONMENT, **environment}.items()]
        shell = shlex.join(["env", "-i", "TERM=screen", *settings, "sh"])
        self._run("new-session", "-d", "-x", str(columns), "-y", str(lines), shell)

    def type(self, *words, then="echo status $?"):
        self._run("send-keys", "-l", f"clear; {shlex.join(words)}; {then}\n")

    def press(self, key):
        self._run("send-keys", key)

    def resize(self, columns, lines=24):
        self._run("resize-window", "-x", str(columns), "-y", str(lines))

    def screen(self, *options):
        """The text of the screen, with wrapped lines joined."""
        return "\n".join(
            line.rstrip() for line in self._run("capture-pane", "-p", "-J", *options).rstrip().splitlines()
        )

    def puts_the_cursor(self, where):
        """Wait for the cursor; `where` is a pattern for its visibility, column and line."""
        deadline = monotonic() + LATE
        while not re.fullmatch(
            where, at := self._run("display-message", "-p", "#{cursor_flag} #{cursor_x} #{cursor_y}").strip()
        ):
            assert monotonic() < deadline, at
            sleep(0.02)

    def shows(self, *expected):
        """Wait until the screen shows exactly these lines, with all times made equal."""
        deadline = monotonic() + LATE
        while (shown := alike(self.screen())) != list(expected):
            assert monotonic() < deadline, "\n".join(["shown:", *shown, "expected:", *expected])
            sleep(0.02)

    def waits_for(self, pattern):
        deadline = monotonic() + LATE
        while not re.search(pattern, self.screen()):
            assert monotonic() < deadline, f"{pattern} does not appear"
            sleep(0.02)

    def close(self):
        self._run("kill-server")

    def _run(self, *words):
        return subprocess.run([*self._tmux, *words], capture_output=True, text=True, timeout=60, check=True).stdout


def alike(screen):
    """The lines of a screen with all times and ports made equal."""
    screen = re.sub(r"\d+\.\d s\b", "0.0 s", screen)
    screen = re.sub(r"(next poll +)(now|in \d+ s|in \d+:\d\d|in progress for \d:\d\d)", r"\1in 1 s", screen)
    return re.sub(r"\d+:\d\d\b", "0:00", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", screen)).splitlines()


@pytest.fixture
def terminal(tmp_path):
    opened = []

    def open_one(**options):
        opened.append(Terminal(tmp_path / "tmux", **options))
        return opened[-1]

    yield open_one
    for made in opened:
        with suppress(subprocess.CalledProcessError):  # already closed
            made.close()


def watch(service, *options):
    url = service.base_url if isinstance(service, Simulator) else service.url
    return (COMMAND, "watch", "1126", "--base-url", url, "--interval", "0.1", *options)


def process_of(words, tmp_path):
    """A command that writes its process id to a file, and a function that reads it."""
    file = tmp_path / "pid"
    return ("sh", "-c", f"echo $$ > {file}; exec {shlex.join(words)}"), lambda: int(file.read_text())


WAITS = (
    "import 1126",
    "  phase      waiting for the person's consent",
    "  contacts   none yet",
    "  elapsed    0:00",
    "  changed    0:00 ago",
    "  next poll  in 1 s",
    "  time left  0:00 for consent",
)
WAITS_NARROWLY = (
    "import 1126",
    "phase waiting for",
    " the person's",
    " consent",
    "contacts none yet",
    "elapsed 0:00",
    "changed 0:00 ago",
    "next poll in 1 s",
    "time left 0:00 for",
    " consent",
)
CONTINUE = "spongewatch: to continue watching, run: spongewatch watch 1126 --base-url http://127.0.0.1:9 --interval 0.1"


def test_the_block_of_each_phase_and_the_verdict(terminal):
    screen = terminal()
    over = ImportEvent("COMPLETE", "COMPLETED", 0)
    steps = ((0.0, (WAITING,)), (1.0, (CONSENTED, GATHERING)), (2.0, (CONSENTED, GATHERING, over)))
    moment = 0.0  # advanced when the screen was checked
    with Simulator(Scenario("", steps), clock=lambda: moment) as service:
        screen.type(*watch(service))
        screen.shows(*WAITS)
        moment = 1.0
        screen.shows(
            "import 1126",
            "  phase      gathering contacts",
            "  contacts   1,212 so far",
            "  elapsed    0:00",
            "  changed    0:00 ago",
            "  next poll  in 1 s",
            "  time left  0:00 for gathering",
        )
        screen.puts_the_cursor("1 0 7")  # visible, below the block
        moment = 2.0
        screen.shows("0:00  import 1126: completed with 1,212 contacts; fetch them within minutes", "status 0", "$")


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_a_resize_leaves_nothing_of_the_old_block_behind(terminal, environment):
    screen = terminal(**environment)
    with Simulator("consent-never") as service:
        screen.type(*watch(service))
        screen.shows(*WAITS)
        colors = re.findall(r"\x1b\[[0-9;]*?(?:3[0-7]|38|4[0-7]|48|9[0-7])[;m]", screen.screen("-e"))
        assert (colors == []) is ("NO_COLOR" in environment)
        screen.resize(20)
        screen.shows(*WAITS_NARROWLY)
        screen.resize(80)
        screen.shows(*WAITS)
        screen.press("C-c")
        screen.shows(
            "0:00  import 1126: stopped watching; the import may still be running", CONTINUE, "status 130", "$"
        )
        screen.puts_the_cursor("1 .*")


def test_the_block_is_cut_to_the_height_of_the_screen(terminal):
    screen = terminal(columns=20, lines=7)
    with Simulator("consent-never") as service:
        screen.type(*watch(service))
        screen.shows(*WAITS_NARROWLY[:6])
        screen.waits_for("elapsed 0:[0-9]*[1-9]")
        screen.shows(*WAITS_NARROWLY[:6])


def test_a_failed_poll_an_anomaly_and_a_lost_contact(terminal):
    screen = terminal()
    busy = Response(503, {"retry-after": "500"}, b"")
    rows = (ImportEvent("SUBMITTING", "INPROGRESS", 50),)
    with Simulator(Scenario("", ((0.0, rows),), dict.fromkeys(range(2, 100), busy))) as service:
        screen.type(*watch(service, "--timeout", "700", "--lost-contact-timeout", "800"))
        screen.shows(
            "import 1126",
            "  phase      waiting for the person's consent",
            "  contacts   none yet",
            "  elapsed    0:00",
            "  changed    not yet",
            "  next poll  in 1 s",
            "  time left  0:00 in total",
            "  last poll  failed: status 503",
            "  anomaly    unlisted-row: SUBMITTING INPROGRESS 50",
        )
        screen.press("C-c")
        screen.waits_for("status 130")
        screen.type(*watch(service, "--timeout", "400"))
        screen.shows(
            "0:00  import 1126: lost contact before any response listed the import: status",
            "503; the service asks to wait 500 s, longer than the time left",
            "status 6",
            "$",
        )


def test_the_verdict_on_a_failure_at_twenty_columns(terminal):
    screen = terminal(columns=20)
    with Simulator("fails", speed=1000) as service:
        screen.type(*watch(service))
        screen.shows(
            "0:00  import 1126:",
            "failed in GATHERING",
            "with error code 264",
            "      The provider's",
            "address book can't",
            "be reached for the",
            "moment.",
            "      Try again: a",
            "new import may",
            "succeed.",
            "status 3",
            "$",
        )


def test_the_screen_after_abandoned_and_timed_out_watches(terminal):
    screen = terminal()
    with Simulator("abandoned", speed=1000) as service:
        screen.type(*watch(service))
        screen.shows(
            "0:00  import 1126: abandoned in INITIALIZING with error code 514",
            "      The person declined to share their contacts.",
            "      Ask the person: they must act before a new import can succeed.",
            "status 4",
            "$",
        )
        screen.type(*watch(service, "--quiet"))
        screen.shows("status 4", "$")
        screen.type("sh", "-c", f"{shlex.join(watch(service))} | cat")
        screen.shows(
            "     0.0 s  ERROR         failed with error code 514",
            "     0.0 s  import 1126: abandoned in INITIALIZING with error code 514: The person declined to share their "
            "contacts. Ask the person: they must act before a new import can succeed.",
            "status 0",
            "$",
        )
    with Simulator("consent-never") as service:
        screen.type(*watch(service, "--consent-timeout", "0.5"))
        screen.shows(
            "0:00  import 1126: consent_timeout expired before the person consented; the",
            "import may still be running",
            f"{CONTINUE} --consent-timeout 0.5",
            "status 5",
            "$",
        )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGKILL, 137)])
def test_a_signal_during_a_hanging_request_leaves_the_terminal_usable(terminal, tmp_path, number, status):
    screen = terminal()
    with HostileServer(lambda talk: talk.hang()) as server:
        words, process = process_of(watch(server, "--request-timeout", "600"), tmp_path)
        screen.type(*words)
        unseen = {WAITS[1]: "  phase      not known yet", WAITS[4]: "  changed    not yet"}
        hangs = [unseen.get(line, line) for line in WAITS]
        screen.shows(*hangs)
        os.kill(process(), number)
        if number == signal.SIGKILL:
            screen.shows(*hangs, "Killed", f"status {status}", "$")
        else:
            screen.shows(
                "0:00  import 1126: stopped watching; no response listed the import, so its state",
                "is unknown",
                f"{CONTINUE} --request-timeout 600",
                f"status {status}",
                "$",
            )
        screen.puts_the_cursor("1 .*")


def test_closing_the_terminal_ends_the_watch_and_its_record(terminal, tmp_path):
    trace = tmp_path / "trace"
    screen = terminal()
    with HostileServer(lambda talk: talk.hang()) as server:
        words, process = process_of(watch(server, "--request-timeout", "600", "--record", str(trace)), tmp_path)
        screen.type(*words)
        screen.waits_for("next poll")
        left = os.pidfd_open(process())
        screen.close()  # sends SIGHUP to the shell, which sends it to its jobs
        assert select([left], [], [], 20)[0], "the watch is still running"
        os.close(left)
    assert json.loads(trace.read_text().splitlines()[-1])["end"] == "cancelled"
