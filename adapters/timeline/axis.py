"""The scales of a timeline: round marks for time and numbers, and durations as text."""

from typing import Final

_UNITS: Final = (
    ("s", 1, (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)),
    ("min", 60, (1, 2, 5, 10, 20)),
    ("h", 3600, (1, 2, 6, 12)),
    ("d", 86400, (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)),
)


def time_marks(seconds: float, most: int) -> list[tuple[float, str]]:
    """Return round times from 0 to `seconds`, each with its label.

    Args:
        seconds: The length of the axis.
        most: How many marks to return at most, besides 0.

    >>> time_marks(11.5, 6)
    [(0, '0'), (2, '2 s'), (4, '4 s'), (6, '6 s'), (8, '8 s'), (10, '10 s')]
    >>> time_marks(11.5, 3)
    [(0, '0'), (5, '5 s'), (10, '10 s')]
    """
    steps = [(step, unit, name) for name, unit, rounds in _UNITS for step in rounds if seconds <= step * unit * most]
    if not seconds or not steps:
        return [(0, "0")]
    step, unit, name = steps[0]
    count = int(seconds / unit / step + 1e-9)
    return [(0, "0"), *((n * step * unit, f"{n * step:,.6g} {name}") for n in range(1, count + 1))]


def number_marks(greatest: int, most: int) -> list[int]:
    """Return round numbers from 0 to `greatest`, at most `most` besides 0.

    >>> number_marks(2001, 4)
    [0, 1000, 2000]
    """
    step = next(
        digit * 10**power
        for power in range(len(str(greatest)) + 1)
        for digit in (1, 2, 5)
        if digit * 10**power * most >= greatest
    )
    return list(range(0, greatest + 1, step))


def duration(seconds: float) -> str:
    """Return a duration as text.

    >>> [duration(seconds) for seconds in (0.184, 18.771, 605, 7384, 90061)]
    ['0.184 s', '18.8 s', '10 min 5 s', '2 h 3 min', '1 d 1 h']
    """
    if seconds < 1:
        return f"{seconds:.3g} s"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    units = (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1))
    name, unit, smaller_name, smaller = next(row for row in units if whole >= row[1])
    rest = whole % unit // smaller
    return f"{whole // unit:,} {name}" + (f" {rest} {smaller_name}" if rest else "")
