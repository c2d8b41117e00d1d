"""Fuzz one target: `python -m fuzz TARGET [libFuzzer's flags and folders]`, as `make fuzz` calls it.

Without a folder, libFuzzer starts from the seeds and the corpus, and adds inputs that reach new code to
build/fuzz/TARGET. To make the smallest set of these the new corpus:

    export PYTHONPATH=tests:tests/support
    .venv/bin/python -m fuzz sessions -merge=1 build/fuzz/merged build/fuzz/sessions
    .venv/bin/python -m fuzz.corpus sessions build/fuzz/merged
"""

import os
import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import atheris

from .corpus import target_named, write_inputs

FINDINGS = Path(__file__).parents[2] / "build/fuzz"
FLAGS = (
    f"-dict={Path(__file__).with_name('dictionary.txt')}",
    f"-artifact_prefix={FINDINGS}/finding-",
    "-max_len=2000",
    "-timeout=5",
    "-rss_limit_mb=512",
    "-print_final_stats=1",
    "-verbosity=0",
)


def main() -> None:
    target, *arguments = sys.argv[1:]
    folder, scratch = FINDINGS / target, FINDINGS / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(scratch)  # atheris exits without removing temporary files
    with redirect_stderr(StringIO()), atheris.instrument_imports(include=["spongewatch", "yaml", "email"]):
        one_input = target_named(target).one_input
    if all(argument.startswith("-") for argument in arguments):
        write_inputs(target, folder)
        arguments.append(str(folder))
    print(f"== {target}", flush=True)
    itself = f"{sys.executable} -m fuzz {target}"  # -merge=1 runs this as a shell command
    atheris.Setup([itself, *FLAGS, *arguments], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
