"""Run the targets one after the other, each for a while, under atheris, and say what came of it.

An input that breaks a target is kept in the folder, and its traceback printed; the exit status is then 1. With
`--merge`, what was found so far and reaches something new becomes the corpus.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from . import TARGETS
from .corpus import inputs_of, keep, target_named
from .smallest import smallest

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_IN_MEMORY = Path("/dev/shm")
"""Where a file is written as fast as it is read; most systems have it."""

_LONGEST = 2_000
"""Bytes of an input."""

_KEPT = 400
"""Bytes of an input that is kept in the corpus."""

_LIBFUZZER = (f"-max_len={_LONGEST}", "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1", "-verbosity=1")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument(
        "--runs", type=int, default=-1, help="inputs for each target (default: as many as there is time for)"
    )
    parser.add_argument(
        "--folder", type=Path, default=_ROOT / "build/fuzz", help="for what is found (default: build/fuzz)"
    )
    parser.add_argument(
        "--merge", action="store_true", help="make what was found in the folder the corpus; run nothing"
    )
    options = parser.parse_args()
    targets = options.targets or TARGETS
    if not set(targets) <= set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(set(targets) - set(TARGETS)))}")
    if options.merge:
        for target in targets:
            _merge(target, options.folder)
        return 0
    if find_spec("atheris") is None:
        parser.error("atheris is not installed; it is to be had for Linux and for Python up to 3.13")
    print(f"{'target':20} {'inputs':>10} {'a CPU s':>9} {'edges':>6} {'kept':>5}  result")
    return max([_run(target, options.folder, options.seconds, options.runs) for target in targets])


def _run(target: str, folder: Path, seconds: int, runs: int) -> int:
    found = folder / target
    _lay_out(target, found)
    before = _cpu_seconds()
    result = _atheris(
        target,
        str(found),
        f"-artifact_prefix={folder}/{target}-",
        f"-max_total_time={seconds}",
        f"-runs={runs}",
        f"-dict={_HERE / 'dictionary.txt'}",
    )
    log = result.stderr
    done, edges = (
        int((re.findall(pattern, log) or ["0"])[-1]) for pattern in (r"number_of_executed_units: (\d+)", r"cov: (\d+)")
    )
    per_second = done / (_cpu_seconds() - before)
    outcome = "nothing" if result.returncode == 0 else f"FOUND, exit status {result.returncode}"
    print(f"{target:20} {done:10,} {per_second:9.0f} {edges:6} {len(list(found.iterdir())):5}  {outcome}", flush=True)
    if result.returncode:
        print(_traceback(result), flush=True)
    return int(result.returncode != 0)


def _merge(target: str, folder: Path) -> None:
    """Of all that was found, no more than reaches as much."""
    seeds = target_named(target).SEEDS
    found = [file.read_bytes() for file in (folder / target).iterdir()]
    kept = smallest(target_named(target).one_input, {data for data in [*found, *seeds] if len(data) <= _KEPT})
    keep(target, kept)
    print(f"{target:20} {len(kept):5} of {len(found):5} reach as much")


def _lay_out(target: str, found: Path) -> None:
    found.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs_of(target)):
        (found / f"corpus-{number}").write_bytes(data)


def _atheris(target: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fuzz.under_atheris", target, *_LIBFUZZER, *arguments]
    path = os.pathsep.join([str(_HERE.parent), os.environ.get("PYTHONPATH", "")])
    with TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as scratch:
        env = {**os.environ, "PYTHONPATH": path, "TMPDIR": scratch}  # for atheris ends without cleaning up
        return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", env=env)


def _cpu_seconds() -> float:
    """Of all targets so far: what is counted is the same on a busy machine."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _traceback(result: subprocess.CompletedProcess[str]) -> str:
    """The exception, and where its input lies; or the last lines, where libFuzzer ended it."""
    kept = re.findall("Test unit written to .*", result.stderr)
    told = result.stdout.partition("=== Uncaught Python exception: ===")[2].strip()
    return "\n".join([told or "\n".join(result.stderr.splitlines()[-30:]), *kept])


if __name__ == "__main__":
    sys.exit(main())
