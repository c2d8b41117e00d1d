"""Measure code in turn, and take the best time of each.

Ratios are more reliable than times, because other load on the machine slows both sides. Benchmarks assert nothing, so
that a busy machine fails no test.
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
    """Return the seconds for one call of each of the `runs`, which take turns, in its best round."""
    best = [inf] * len(runs)
    for _ in range(rounds):
        for index, run in enumerate(runs):
            start = clock()
            for _ in range(number):
                run()
            best[index] = min(best[index], (clock() - start) / number)
    return best


def ratio(measured: Callable[[], object], baseline: Callable[[], object], *, number: int) -> float:
    """Return the CPU time of `measured` divided by that of `baseline`."""
    ours, theirs = seconds(measured, baseline, number=number, rounds=70)
    return ours / theirs


def slopes(sizes: Sequence[int], costs: Sequence[float]) -> list[float]:
    """Return the slope between neighboring sizes on logarithmic axes: 1 is linear, 0 constant."""
    points = list(zip(map(log10, sizes), map(log10, costs), strict=True))
    return [(high[1] - low[1]) / (high[0] - low[0]) for low, high in pairwise(points)]


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """Fit the power of the size with which the cost grows, by least squares."""
    return linear_regression(list(map(log10, sizes)), list(map(log10, costs))).slope


def in_words(amount: float, unit: str) -> str:
    """Format seconds or bytes with three digits and a suitable unit.

    >>> in_words(0.0245, "s"), in_words(976, "bytes"), in_words(9_638_496, "bytes")
    ('24.5 ms', '976 bytes', '9.64 MB')
    """
    if amount == 0:
        return "0"
    factor, name = next((each for each in UNITS[unit] if amount >= each[0]), UNITS[unit][-1])
    return f"{amount / factor:.3g} {name}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
