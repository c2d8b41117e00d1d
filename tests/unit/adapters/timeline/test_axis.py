from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spongewatch.adapters.timeline.axis import duration, number_marks, time_marks


@pytest.mark.parametrize(
    ("seconds", "most", "labels"),
    [
        (0, 5, ["0"]),
        (0.3, 3, ["0", "0.1 s", "0.2 s", "0.3 s"]),
        (0.004, 2, ["0", "0.002 s", "0.004 s"]),
        (11.5, 6, ["0", "2 s", "4 s", "6 s", "8 s", "10 s"]),
        (300, 5, ["0", "1 min", "2 min", "3 min", "4 min", "5 min"]),
        (7200, 4, ["0", "1 h", "2 h"]),
        (100_000, 4, ["0", "12 h", "24 h"]),
        (1e9, 3, ["0", "5,000 d", "10,000 d"]),
        (2e9, 1, ["0"]),
    ],
)
def test_time_marks_are_round_and_have_a_suitable_unit(seconds, most, labels):
    assert [label for _, label in time_marks(seconds, most)] == labels


@given(st.floats(0, 4e9), st.integers(1, 12))
def test_time_marks_are_evenly_spaced_and_limited(seconds, most):
    marks = [at for at, _ in time_marks(seconds, most)]
    assert len(marks) <= most + 1
    assert marks[0] == 0
    assert marks[-1] <= seconds * 1.001
    steps = [later - earlier for earlier, later in pairwise(marks)]
    assert all(step == pytest.approx(steps[0]) for step in steps)


@given(st.integers(0, 10**15 - 1), st.integers(3, 12))
def test_number_marks_are_round_and_limited(greatest, most):
    marks = number_marks(greatest, most)
    assert marks[0] == 0
    assert len(marks) <= most + 1
    assert (len(marks) > 1) == (greatest > 0)
    assert marks[-1] <= greatest < marks[-1] + (marks[1] if greatest else 1)
    assert all(str(mark).strip("0")[:1] in "123456789" for mark in marks[1:])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.05, "0.05 s"),
        (1, "1.0 s"),
        (99.9, "99.9 s"),
        (99.96, "1 min 40 s"),
        (120, "2 min"),
        (3600, "1 h"),
        (86399.9, "1 d"),
        (1999000000, "23,136 d 13 h"),
    ],
)
def test_durations_are_written_in_suitable_units(seconds, words):
    assert duration(seconds) == words
