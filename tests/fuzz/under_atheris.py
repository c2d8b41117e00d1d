"""One target, run by atheris: `python -m fuzz.under_atheris TARGET [libFuzzer's own arguments]`; `python -m fuzz` calls it.

An input that takes longer than `_LONGEST`, or so much memory as `_MOST`, is a find like an exception.
"""

import resource
import sys
import time
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["spongewatch", "yaml", "email"]):
    from .corpus import target_named

    TARGET = target_named(sys.argv.pop(1))

_LONGEST = 0.5
"""Seconds of CPU time."""

_MOST = 50 * 1024
"""KiB above the most that the process took before."""

_WARM = 200
"""Inputs, while which the process still loads what it needs, and grows."""


def bounded(one_input: Callable[[bytes], None]) -> Callable[[bytes], None]:
    runs = 0

    def checked(data: bytes) -> None:
        nonlocal runs
        runs += 1
        memory, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        one_input(data)
        took, grew = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
        if runs > _WARM:
            assert took < _LONGEST, f"{took:.2f} s"
            assert grew < _MOST, f"{grew:,} KiB"

    return checked


if __name__ == "__main__":
    atheris.Setup(sys.argv, bounded(TARGET.one_input))
    atheris.Fuzz()
