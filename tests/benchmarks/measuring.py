"""How the benchmarks measure: side by side, in turn, the best of each; and how they tell a straight line.

Ratios say more than times: whatever else the machine does slows both sides of one. Nothing is asserted
here, for a machine that is busy must not fail a test.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf, log10
from statistics import linear_regression
from time import process_time

UNITS = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")),
    "bytes": ((1e6, "MB"), (1e3, "kB"), (1.0, "bytes")),
}


def seconds(
    *runs: Callable[[], object], number: int, rounds: int = 7, clock: Callable[[], float] = process_time
) -> list[float]:
    """Seconds for one call of each of the `runs`, which take turns, in the best of several rounds."""
    best = [inf] * len(runs)
    for _ in range(rounds):
        for index, run in enumerate(runs):
            start = clock()
            for _ in range(number):
                run()
            best[index] = min(best[index], (clock() - start) / number)
    return best


def ratio(measured: Callable[[], object], baseline: Callable[[], object], *, number: int) -> float:
    """How many times the CPU time of `baseline` the other one takes."""
    ours, theirs = seconds(measured, baseline, number=number, rounds=70)
    return ours / theirs


def slopes(sizes: Sequence[int], costs: Sequence[float]) -> list[float]:
    """How steep the cost is from each size to the next, both as logarithms: 1 is a straight line, 0 a flat one."""
    points = list(zip(map(log10, sizes), map(log10, costs), strict=True))
    return [(high[1] - low[1]) / (high[0] - low[0]) for low, high in pairwise(points)]


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """The same over all sizes: the power of the size with which the cost grows, by least squares."""
    return linear_regression(list(map(log10, sizes)), list(map(log10, costs))).slope


def in_words(amount: float, unit: str) -> str:
    """Seconds or bytes, in three digits and the unit that they read best in.

    >>> in_words(0.0245, "s"), in_words(976, "bytes"), in_words(9_638_496, "bytes")
    ('24.5 ms', '976 bytes', '9.64 MB')
    """
    if amount == 0:
        return "0"
    factor, name = next((each for each in UNITS[unit] if amount >= each[0]), UNITS[unit][-1])
    return f"{amount / factor:.3g} {name}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows as a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
