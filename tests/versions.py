"""Do the tests pass with the lowest versions that pyproject.toml allows, with the newest, and on each Python here?

Each Python gets two environments of its own, in a temporary folder: in one, what Spongewatch depends on has the
lowest versions, in the other the newest that there are. Into both goes the wheel. What the tests themselves use is
pinned, and they are those that depend on versions: all of the units, the readers of strangers' bytes, real sockets,
TLS and processes. To be called with the Pythons to try, by path or by name; else it looks for all of them.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
TESTS = (
    "tests/unit",
    "tests/properties/test_codecs.py",
    "tests/properties/test_rules.py",
    "tests/integration/test_command_line.py",
    "tests/integration/test_proxies.py",
    "tests/integration/test_security.py",
)
TOOLS = (
    "aiohttp",
    "httpx",
    "hypothesis",
    "jsonschema",
    "opentelemetry-sdk",
    "prometheus-client",
    "proxy.py",
    "pytest",
    "pytest-timeout",
    "python-json-logger",
    "requests",
    "setuptools",
    "structlog",
    "trustme",
)
AT_ONCE = min(os.cpu_count() or 1, 4)
"""A machine may tell of many cores, of which few are for this; with too many at once, time-outs would pass."""

LONGEST = 1800
"""Seconds that one run of the tests may take, or one installation."""


@dataclass(frozen=True)
class Result:
    """What came of the tests on one Python with one choice of versions."""

    python: str
    choice: str
    versions: dict[str, str]
    outcome: str
    seconds: float
    output: str
    passed: bool


def run(*command: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """What `command` does; its output and its errors are one text."""
    return subprocess.run(
        [*map(str, command)],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
    )


def done(*command: object) -> str:
    """The output of `command`, which has to succeed."""
    result = run(*command)
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{result.stdout}")
    return result.stdout


def interpreter(python: str) -> str | None:
    """The executable behind a name or a path; None where there is none that runs."""
    candidates = [({}, shutil.which(python))]
    if pyenv := shutil.which("pyenv"):  # whose own executables run only where one of them is chosen
        known = run(pyenv, "whence", Path(python).name)
        candidates += [({"PYENV_VERSION": version}, candidates[0][1]) for version in known.stdout.split()[::-1]]
    for variables, found in candidates:
        if found:
            told = run(found, "-c", "import sys; print(sys.executable)", **variables)
            if told.returncode == 0:
                return told.stdout.strip()
    return None


def wheel_in(folder: Path) -> Path:
    """The wheel of what is here, built from a clean copy: a folder left over from before would end up in it."""
    anybodys = ("-c", "safe.directory=*")  # whoever owns the checkout; git would refuse that of another
    files = done("git", *anybodys, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for file in files:
        if (ROOT / file).exists():
            (folder / "source" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / "source" / file)
    done(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, folder / "source")
    return next(folder.glob("*.whl"))


def names_of_dependencies() -> list[str]:
    """What pyproject.toml names as needed, at all or by an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    return [re.split("[>=<!~; ]", line)[0].lower() for line in lines]


def pins_in(folder: Path) -> Path:
    """The pins of the tools; Spongewatch's own dependencies are not among them."""
    own = names_of_dependencies()
    pins = (ROOT / "requirements-dev.txt").read_text().splitlines()
    file = folder / "pins.txt"
    file.write_text("\n".join(pin for pin in pins if pin.partition("==")[0] not in own))
    return file


def environment_in(folder: Path, python: str, resolution: str, wheel: Path, pins: Path) -> Path:
    """The interpreter of a new environment with the wheel, what it needs, and the tools."""
    done(UV, "venv", "--quiet", "--python", python, folder)
    install = (UV, "pip", "install", "--quiet", "--python", folder / "bin/python")
    done(*install, "--resolution", resolution, "--all-extras", "--requirement", "pyproject.toml")
    done(*install, "--constraint", pins, *TOOLS)
    done(*install, "--no-deps", wheel)
    return folder / "bin/python"


def tried(folder: Path, python: str, choice: str, wheel: Path, pins: Path) -> Result:
    """The tests in an environment of their own."""
    executable = environment_in(folder, python, RESOLUTIONS[choice], wheel, pins)
    frozen = done(UV, "pip", "freeze", "--python", executable)
    versions = dict(line.lower().split("==") for line in frozen.splitlines() if "==" in line)
    start = time.monotonic()
    result = run(executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", *TESTS)
    last = result.stdout.strip().splitlines()[-1].strip("= ")
    return Result(
        done(executable, "-c", "import platform; print(platform.python_version())").strip(),
        choice,
        {name: versions[name] for name in names_of_dependencies()},
        re.sub(" in .*", "", last),
        time.monotonic() - start,
        result.stdout,
        result.returncode == 0,
    )


def found(pythons: list[str]) -> Iterator[str]:
    """The interpreters, and a line for each that is not here."""
    for python in pythons:
        executable = interpreter(python)
        if executable is None:
            print(f"{python} is not here, and was left out", flush=True)
        else:
            yield executable


def heading() -> str:
    """The head of a table in Markdown."""
    names = names_of_dependencies()
    return f"| Python | versions | {' | '.join(names)} | tests | seconds |\n| --- | --- | {'--- | ' * len(names)}--- | ---: |"


def row(result: Result) -> str:
    """The row of a result."""
    numbers = " | ".join(result.versions.values())
    return f"| {result.python} | {result.choice} | {numbers} | {result.outcome} | {result.seconds:.0f} |"


def main(pythons: list[str]) -> int:
    """Try them all, as many at a time as there are cores; gives the exit status."""
    executables = list(found(pythons or [*PYTHONS]))
    failed: list[Result] = []
    print(heading(), flush=True)
    with TemporaryDirectory() as temporary, ThreadPoolExecutor(AT_ONCE) as threads:
        folder = Path(temporary)
        wheel, pins = wheel_in(folder), pins_in(folder)
        begun = [
            threads.submit(tried, folder / f"{number}-{choice}", executable, choice, wheel, pins)
            for number, executable in enumerate(executables)
            for choice in RESOLUTIONS
        ]
        for ended in as_completed(begun):
            print(row(ended.result()), flush=True)
            failed += [] if ended.result().passed else [ended.result()]
    for result in failed:
        print(f"\nPython {result.python}, {result.choice} versions:\n={result.output.partition(chr(10) + '=')[2]}")
    return 1 if failed or not executables else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
