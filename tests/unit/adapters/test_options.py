from argparse import ArgumentTypeError

import pytest

from spongewatch.adapters.options import error_code, port, seconds, seconds_or_none, speed

NO_NUMBERS_ABOVE_0 = ["", "0", "-1", "nan", "inf", "-inf", "1e999", "fast", "1,5", "2s", "0x10"]


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
    ("read", "expected"),
    [
        (seconds, "a time is a number of seconds above 0, such as 120, not "),
        (seconds_or_none, "a time is a number of seconds above 0, such as 120, not "),
        (speed, "a speed is a number above 0, such as 20, not "),
    ],
)
def test_what_is_no_number_above_0_is_refused(read, expected, word):
    with pytest.raises(ArgumentTypeError) as caught:
        read(word)
    assert str(caught.value) == f"{expected}{word!r}"


@pytest.mark.parametrize("read", [seconds, speed])
def test_none_is_a_budget_and_nothing_else(read):
    with pytest.raises(ArgumentTypeError, match="not 'none'"):
        read("none")


@pytest.mark.parametrize("word", ["", "-1", "65536", "99999", "123456", "80a", " 80", "1e3", "\u0668"])
def test_what_is_no_port_is_refused(word):
    with pytest.raises(ArgumentTypeError, match="a port is a number from 0, which is any, to 65535, not "):
        port(word)


@pytest.mark.parametrize("word", ["", "5x", "5.0", " 5", "--5", "9" * 301, "\u0665"])
def test_what_is_no_error_code_is_refused(word):
    with pytest.raises(ArgumentTypeError, match="an error code is a number, such as 514, not "):
        error_code(word)
