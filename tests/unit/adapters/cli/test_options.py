from argparse import ArgumentTypeError

import pytest

from spongewatch import InvalidArgument, PollPolicy
from spongewatch.adapters.cli.options import (
    did_you_mean,
    error_code,
    one_of,
    port,
    seconds,
    seconds_or_none,
    speed,
)

NO_NUMBERS_ABOVE_0 = ["", "0", "-1", "nan", "inf", "-inf", "1e999", "fast", "1,5", "2s", "0x10"]
TIME = "a time is a number of seconds from 0.001 to 1,000,000,000, such as 120"
BUDGET = "; none takes the budget away"


@pytest.mark.parametrize(
    ("read", "word", "value"),
    [
        (seconds, "2.5", 2.5),
        (seconds, "120", 120.0),
        (seconds, "1e3", 1000.0),
        (seconds_or_none, "0.05", 0.05),
        (seconds_or_none, "none", None),
        (speed, "20", 20.0),
        (speed, "0.5", 0.5),
        (port, "0", 0),
        (port, "8080", 8080),
        (port, "65535", 65535),
        (error_code, "514", 514),
        (error_code, "-5", -5),
        (error_code, "+515", 515),
        (error_code, "9" * 300, int("9" * 300)),
    ],
)
def test_a_word_becomes_what_it_means(read, word, value):
    assert read(word) == value


@pytest.mark.parametrize("word", NO_NUMBERS_ABOVE_0)
@pytest.mark.parametrize(
    ("read", "expected", "way_out"),
    [
        (seconds, TIME, ""),
        (seconds_or_none, TIME, BUDGET),
        (speed, "a speed is a number above 0, such as 20", ""),
    ],
)
def test_what_is_no_number_above_0_is_refused(read, expected, way_out, word):
    with pytest.raises(ArgumentTypeError) as caught:
        read(word)
    assert str(caught.value) == f"{expected}{way_out}"


@pytest.mark.parametrize("word", ["0.001", "1e9"])
def test_a_time_is_what_a_policy_takes_and_no_other(word):
    assert PollPolicy(timeout=seconds(word)).timeout == float(word)
    beyond = float(word) * (0.99 if word == "0.001" else 1.01)
    with pytest.raises(InvalidArgument):
        PollPolicy(timeout=beyond)
    with pytest.raises(ArgumentTypeError):
        seconds(str(beyond))


def test_a_word_is_one_of_those_that_there_are():
    read = one_of(("json", "xml"))
    assert read("xml") == "xml"
    with pytest.raises(ArgumentTypeError, match="^it is json or xml$"):
        read("XML")


@pytest.mark.parametrize("read", [seconds, seconds_or_none, speed, port, error_code, one_of(("json", "xml"))])
def test_what_was_typed_is_not_repeated(read):
    with pytest.raises(ArgumentTypeError) as caught:
        read("hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("skip", "; did you mean skips?"),
        ("SKIPS", "; did you mean skips?"),
        ("x" * 10**6, "; there are skips, stuck"),
        ("", "; there are skips, stuck"),
    ],
)
def test_the_likeliest_is_suggested_or_all_are_named(word, end):
    assert did_you_mean(word, ["skips", "stuck"]) == end


@pytest.mark.parametrize("read", [seconds, speed])
def test_none_is_a_budget_and_nothing_else(read):
    with pytest.raises(ArgumentTypeError, match="^a (time|speed) is a number"):
        read("none")


@pytest.mark.parametrize("word", ["", "-1", "65536", "99999", "123456", "80a", " 80", "1e3", "\u0668"])
def test_what_is_no_port_is_refused(word):
    with pytest.raises(ArgumentTypeError, match="a port is a number from 0, which is any, to 65535$"):
        port(word)


@pytest.mark.parametrize("word", ["", "5x", "5.0", " 5", "--5", "9" * 301, "\u0665"])
def test_what_is_no_error_code_is_refused(word):
    with pytest.raises(ArgumentTypeError, match="an error code is a number, such as 514$"):
        error_code(word)
