"""Each shell block in the README and the documentation prints the output that is shown.

The blocks of a page are run in order by one shell, in a folder with the recordings and recipes of docs/ and the
programs of the page. `...` matches anything, as in doctests.
"""

import doctest
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from spongewatch.transports.testing.hostile_server import unused_url

ROOT = Path(__file__).parents[2]
PAGES = [page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if "```console" in page.read_text()]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*(?:\n> .*)*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
SETS_UP = (
    "make ",
    "git clone ",
    "pip install ",
    "python3 -m venv ",
    ". .venv/",
)  # not run: the tests need an installation anyway
ALIKE = doctest.OutputChecker().check_output
END_OF_OUTPUT = "- - - end - - -"
BY_POLLS = ROOT / "tests" / "support" / "simulate_by_polls.py"
ENVIRONMENT = {
    "COLUMNS": "80",
    "LC_ALL": "C.UTF-8",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_print_the_shown_output(page, tmp_path):
    for folder in ("traces", "recipes"):
        shutil.copytree(ROOT / "docs" / folder, tmp_path / "docs" / folder)
    for program in page.parent.glob("*.py"):
        shutil.copy(program, tmp_path)
    with shell(tmp_path) as run, with_ports_kept(page.read_text()) as text, services(tmp_path) as serve:
        for command, shown in commands(text):
            if command.endswith("&"):
                serve(command)
            elif not command.startswith(SETS_UP):
                printed = run(command)
                if "watch 1126 --base-url" in command:  # the first poll may be slow on a busy machine
                    shown = shown.replace("     0.0 s  ", "     ...  ")
                assert ALIKE(shown, printed, doctest.ELLIPSIS), f"$ {command}\n{printed}"


@contextmanager
def with_ports_kept(text):
    """The text of the page with its ports replaced by reserved ones."""
    with ExitStack() as stack:
        for port in set(re.findall(r"--port (\d+)", text)):
            kept = urlsplit(stack.enter_context(unused_url())).port
            text = re.sub(rf"\b{port}\b", str(kept), text)
        yield text


def commands(text):
    """The commands and the output that is shown for them."""
    for block in BLOCK.findall(text):
        matches = COMMAND.findall(block)
        assert "".join(f"$ {command}\n{shown}" for command, shown in matches) == block, (
            f"not a list of commands:\n{block}"
        )
        for command, shown in matches:
            yield command.replace("\n> ", "\n"), shown


@contextmanager
def shell(folder):
    with subprocess.Popen(
        ["bash"],
        cwd=folder,
        env=ENVIRONMENT | {"HOME": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:

        def run(command):
            process.stdin.write(f"{command}\nstatus=$?; echo; echo '{END_OF_OUTPUT}'; (exit $status)\n")
            process.stdin.flush()
            lines = []
            while (line := process.stdout.readline()) and line.strip() != END_OF_OUTPUT:
                lines.append(line)
            return "".join(lines)[:-1]  # without the newline of our echo

        yield run
        process.stdin.close()


@contextmanager
def services(folder):
    """Run commands in the background until the end of the page."""
    started = []

    def serve(command):
        if "--speed" in command:
            command = command.replace("spongewatch simulate", f"python {BY_POLLS} simulate", 1)
        started.append(
            subprocess.Popen(
                ["bash", "-c", f"exec {command.removesuffix('&')}"],
                cwd=folder,
                env=ENVIRONMENT | {"HOME": str(folder)},
                stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        )
        await_port(int(re.search(r"--port (\d+)", command)[1]))

    try:
        yield serve
    finally:
        for process in started:
            process.send_signal(signal.SIGINT)
            process.wait()


def await_port(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.01)
    raise AssertionError(f"nothing listens on port {port}")
