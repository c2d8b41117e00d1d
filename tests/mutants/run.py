"""Mutation tests of `core/`: does a test fail for each small change? `make mutants` runs this.

A mutant meets its module's own test file, and then, if it survives, all unit tests of `core/`. A survivor has to stand
in survivors.md, with the reason why it changes no behaviour; any other one fails the run. Killed mutants are remembered
in .mutants_cache until their module changes, so that a run may be broken off and go on; `make clean` forgets them.

    make mutants
    MODULE=machine make mutants
"""

import gc
import os

# What the tests need and is no part of the package is loaded once: each mutant runs in a fork of this process.
import pdb  # noqa: F401
import re
import resource
import signal
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from compileall import compile_dir
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import defusedxml.ElementTree  # noqa: F401
import hypothesis.stateful  # noqa: F401
import pytest
import transitions  # noqa: F401
import urllib3  # noqa: F401
from in_place import InPlace
from operators import Mutant, mutants

ROOT = Path(__file__).parents[2]
REMEMBERED = ROOT / ".mutants_cache"
SURVIVORS = Path(__file__).with_name("survivors.md")
ALL_TESTS = "tests/unit/core"
SECONDS = 30
"""Of processor time, after which a mutant is taken to run for ever; asleep, it has ten times as many."""
MEMORY = 2 * 1024**3
ALONE = "-x --tb=no --assert=plain -W error --import-mode=importlib -p no:cacheprovider -c /dev/null --noconftest"
"""How pytest runs: up to the first failure, without plugins and conftest, which take longer to load than tests to run."""
COLUMNS = ("killed", "timed out", "left with a reason", "SURVIVED")


@dataclass(frozen=True)
class Trial:
    """A mutant of a module, and the tests that it meets next."""

    module: str
    mutant: Mutant
    tests: str

    def digest(self) -> str:
        return sha256(f"{self.module}\n{self.mutant.source}".encode()).hexdigest()


def main() -> int:
    """Try the mutants of all modules, or of $MODULE; gives the exit status."""
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    modules = [file.stem for file in sorted(Path("core").glob(os.environ.get("MODULE", "[!_]*") + ".py"))]
    trials = [
        Trial(module, mutant, f"{ALL_TESTS}/test_{module}.py")
        for module in modules
        for mutant in mutants(module, _source(module))
    ]
    gc.freeze()  # or each fork would copy what it collects
    with TemporaryDirectory() as folder:
        trees = [_tree(Path(folder, str(number))) for number in range(len(os.sched_getaffinity(0)))]
        unchanged = Trial("text", Mutant("text", _source("text"), _source("text")), ALL_TESTS)
        if [verdict for _, verdict in _tried(deque([unchanged]), trees)] != ["survived"]:
            sys.exit("the tests fail without a mutant")
        for module in modules:
            known = _remembered()
            new = [trial for trial in trials if trial.module == module and trial.digest() not in known]
            print(f"{module}: {len(new):,} mutants", flush=True)
            _try_in_place(new, trees)
        counts = _counted(trials, trees)
    _report(counts)
    return 1 if any(count["SURVIVED"] for count in counts.values()) else 0


def _counted(trials: list[Trial], trees: list[Path]) -> dict[str, Counter[str]]:
    """The verdicts on all mutants, by module; prints survivors that are not in the list."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    waiting: deque[Trial] = deque()
    known, reasons = _remembered(), _reasons()
    for trial in trials:
        if trial.digest() in known:
            counts[trial.module][known[trial.digest()]] += 1
        else:
            waiting.append(trial)
    for trial, verdict in _tried(waiting, trees):
        if verdict != "survived":
            _remember(trial, verdict)
        elif not trial.mutant.is_another():
            continue
        elif trial.mutant.key() in reasons:
            verdict = "left with a reason"
        elif trial.tests != ALL_TESTS:
            waiting.append(replace(trial, tests=ALL_TESTS))
            continue
        else:
            verdict = "SURVIVED"
            print(trial.mutant.key(), end="\n\n", flush=True)
        counts[trial.module][verdict] += 1
    return counts


def _source(module: str) -> str:
    return Path("core", f"{module}.py").read_text()


def _remembered() -> dict[str, str]:
    """The verdicts that stay, by the digests of the mutants."""
    return dict(line.split(" ", 1) for line in REMEMBERED.read_text().splitlines()) if REMEMBERED.exists() else {}


def _remember(trial: Trial, verdict: str) -> None:
    with REMEMBERED.open("a") as file:
        print(trial.digest(), verdict, file=file)


def _reasons() -> dict[str, str]:
    """The listed survivors by their keys: under each heading of the list, a block of changes."""
    sections = re.findall(r"^## (.*?)\n.*?```diff\n(.*?)```", SURVIVORS.read_text(), re.MULTILINE | re.DOTALL)
    return {key.strip(): reason for reason, block in sections for key in re.split(r"\n(?=@ )", block)}


def _tree(folder: Path) -> Path:
    """A copy of the package, laid out as it is installed."""
    package = copytree("core", folder / "spongewatch")
    for part in ("transports", "adapters"):
        copytree(part, package / part)
    compile_dir(folder, quiet=1)
    return folder


def _try_in_place(trials: list[Trial], trees: list[Path]) -> None:
    """Remember those that the quick way kills; a process for each tree takes its share."""
    by_source = {trial.mutant.source: trial for trial in trials}

    def ended(mutant: Mutant, status: int) -> None:
        if status:
            _remember(by_source[mutant.source], _verdict(status))

    for number, tree in enumerate(trees):
        share = trials[number :: len(trees)]
        if share and os.fork() == 0:
            try:
                _settle_in(tree)
                plugin = InPlace(share[0].module, [trial.mutant for trial in share], _limit, ended)
                pytest.main([*ALONE.split(), f"--rootdir={ALL_TESTS}", share[0].tests], [plugin])
            finally:
                os._exit(0)
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _tried(waiting: deque[Trial], trees: list[Path]) -> Iterator[tuple[Trial, str]]:
    """What becomes of each trial, one at a time in each tree; others may be put to those that wait meanwhile."""
    free, running = list(trees), {}
    while waiting or running:
        while waiting and free:
            trial, tree = waiting.popleft(), free.pop()
            running[_started(trial, tree)] = trial, tree
        pid, status = os.wait()
        trial, tree = running.pop(pid)
        free.append(tree)
        _write(tree, f"{trial.module}.py", _source(trial.module))
        yield trial, _verdict(status)


def _verdict(status: int) -> str:
    timed_out = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM)
    return "survived" if status == 0 else "timed out" if timed_out else "killed"


def _started(trial: Trial, tree: Path) -> int:
    """The id of a process whose exit status is 0 where the mutant survives."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(_met(trial, tree))
        finally:
            os._exit(1)
    return pid


def _met(trial: Trial, tree: Path) -> int:
    _limit()
    _settle_in(tree)
    _write(tree, f"{trial.module}.py", trial.mutant.source)
    __import__("spongewatch")  # which many a mutant does not live through
    return pytest.main([*ALONE.split(), f"--rootdir={ALL_TESTS}", trial.tests])


def _limit() -> None:
    signal.alarm(10 * SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))  # or it would be SIGKILL, which says less
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _settle_in(tree: Path) -> None:
    """Take the package from `tree`, and be silent."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(tree), "tests"]


def _write(tree: Path, name: str, source: str) -> None:
    file = tree / "spongewatch" / name
    file.write_text(source)
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


def _report(counts: dict[str, Counter[str]]) -> None:
    total: Counter[str] = sum(counts.values(), Counter())
    print(f"{'':15}{'made':>20}", *(f"{column:>20}" for column in COLUMNS), sep="")
    for name, count in [*sorted(counts.items()), ("all", total)]:
        print(f"{name:15}{count.total():20,}", *(f"{count[column]:20,}" for column in COLUMNS), sep="")


if __name__ == "__main__":
    sys.exit(main())
