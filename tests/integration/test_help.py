"""The help: its examples run, shell completion follows it, and a command loads only what it needs."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spongewatch.adapters.cli.arguments import COMMANDS
from spongewatch.transports import SCENARIOS, Simulator

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMMAND = str(BIN / "spongewatch")
USUAL = {**os.environ, "COLUMNS": "80"}


def examples(*words):
    done = subprocess.run([COMMAND, *words, "--help"], capture_output=True, text=True, timeout=60, env=USUAL)
    assert (done.returncode, done.stderr) == (0, "")
    _, _, lines = done.stdout.partition("\nexample:\n")
    assert lines
    return [line.strip() for line in lines.splitlines()]


@pytest.fixture
def shell(tmp_path):
    """Runs a line in bash, in a folder with the files that the examples use."""
    shutil.copytree(ROOT / "docs/traces", tmp_path / "docs/traces")
    shutil.copy(ROOT / "tests/data/chromium.har", tmp_path / "browser.har")
    environment = {
        **USUAL,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "CLOUDSPONGE_DOMAIN_KEY": "demo-key",
        "CLOUDSPONGE_DOMAIN_PASSWORD": "demo-password",
    }

    def start(line):
        return subprocess.Popen(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.mark.parametrize("name", [None, *(name for name in COMMANDS if name not in ("watch", "simulate"))])
def test_the_examples_of_the_help_run(shell, tmp_path, name):
    for line in examples(*filter(None, [name])):
        if name == "replay":
            shutil.copy(ROOT / "docs/traces/completes.jsonl", tmp_path / "import.jsonl")
        with shell(line) as process:
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, ""), line
        assert out or any((tmp_path / word).is_file() for word in line.split()) or line.startswith("source ")


def test_the_examples_of_watch_run(shell, tmp_path):
    with Simulator("skips", import_id="89708927") as service:
        for line in examples("watch"):
            with shell(line.replace("89708927", f"89708927 --base-url {service.base_url}")) as process:
                out, err = process.communicate(timeout=60)
            assert (process.returncode, err) == (0, ""), line
            assert out
    assert json.loads((tmp_path / "import.jsonl").read_text().splitlines()[0])["import_id"] == "89708927"


def test_the_examples_of_simulate_run_until_interrupted(shell):
    for line in examples("simulate"):
        with shell(f"exec {line}") as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline().startswith("http://127.0.0.1:")
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=60) == 130
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()


def completed(script, words, folder):
    """The completions that bash offers for the last of `words`."""
    line = f"""
        compopt() {{ :; }}  # only available in readline
        source '{script}'
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)}) COMP_CWORD={len(words) - 1}
        function=$(complete -p spongewatch | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        "$function"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return {*done.stdout.split()}


def test_bash_completes_commands_options_scenarios_and_files(tmp_path):
    script = tmp_path / "script"
    script.write_text(
        subprocess.run([COMMAND, "completion", "bash"], capture_output=True, text=True, timeout=60, check=True).stdout
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "abc.jsonl").touch()
    for words, offered in [
        (["", ""], {*COMMANDS}),
        (["", "co"], {"convert", "completion"}),
        (["", "watch", "--lo"], {"--lost-contact-timeout"}),
        (["", "watch", "1", "--format", ""], {"json", "xml"}),
        (["", "watch", "1", "--record", "a"], {"abc.jsonl"}),
        (["", "replay", ""], {"abc.jsonl"}),
        (["", "replay", "--speed", "2", "a"], {"abc.jsonl"}),
        (["", "simulate", ""], {*SCENARIOS, "abc.jsonl"}),
        (["", "simulate", "ab"], {"abandoned", "abc.jsonl"}),
        (["", "completion", ""], {"bash", "zsh", "tcsh"}),
    ]:
        assert completed(script, words, folder) == offered, words


LOADED = """
import json, sys
from spongewatch.adapters.cli.command_line import main
try:
    status = main(json.loads(sys.argv[1]))
except SystemExit as exit_:
    status = exit_.code
assert not status, status
print(*sorted({"urllib3", "rich", "asyncio", "ssl", "yaml", "shtab", "spongewatch.transports"} & {*sys.modules}), file=sys.stderr)
"""

RECORDING = str(ROOT / "docs/traces/completes.jsonl")


@pytest.mark.parametrize(
    ("words", "loaded"),
    [
        (["--help"], set()),
        (["explain"], set()),
        (["explain", "514", "--json"], set()),
        (["diagram"], set()),
        (["replay", RECORDING], {"spongewatch.transports"}),
        (["replay", RECORDING, "--jsonl"], {"spongewatch.transports"}),
        (["timeline", RECORDING], {"spongewatch.transports"}),
        (["convert", RECORDING], {"spongewatch.transports"}),
        (["watch", "--help"], {"spongewatch.transports"}),
        (["simulate", "--help"], {"spongewatch.transports"}),
    ],
    ids=lambda words: " ".join(Path(word).name for word in words) if isinstance(words, list) else "",
)
def test_a_command_loads_only_what_it_needs(words, loaded):
    done = subprocess.run([sys.executable, "-c", LOADED, json.dumps(words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert {*done.stderr.split()} == loaded


def test_watch_with_jsonl_does_not_load_rich():
    with Simulator("skips") as service:
        words = ["watch", "1126", "--base-url", service.base_url, "--jsonl"]
        login = {"CLOUDSPONGE_DOMAIN_KEY": "demo-key", "CLOUDSPONGE_DOMAIN_PASSWORD": "demo-password"}
        done = subprocess.run(
            [sys.executable, "-c", LOADED, json.dumps(words)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **login},
        )
    assert done.returncode == 0, done.stderr
    assert {"urllib3", "rich"} & {*done.stderr.split()} == {"urllib3"}
