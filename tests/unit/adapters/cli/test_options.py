from argparse import ArgumentTypeError

import pytest

from spongewatch import PollPolicy, SpongewatchError
from spongewatch.adapters.cli.options import (
    closest,
    error_code,
    one_of,
    port,
    seconds,
    seconds_or_none,
    speed,
)

NOT_POSITIVE = ["", "0", "-1", "nan", "inf", "-inf", "1e999", "fast", "1,5", "2s", "0x10"]
TIME = "must be a number of seconds from 0.001 to 1,000,000,000, such as 120"


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
def test_a_valid_word_is_converted(read, word, value):
    assert read(word) == value


@pytest.mark.parametrize("word", NOT_POSITIVE)
@pytest.mark.parametrize(
    ("read", "message"),
    [
        (seconds, TIME),
        (seconds_or_none, f"{TIME}, or none for no limit"),
        (speed, "must be a number greater than 0, such as 20"),
    ],
)
def test_a_time_or_speed_must_be_greater_than_0(read, message, word):
    with pytest.raises(ArgumentTypeError) as caught:
        read(word)
    assert str(caught.value) == message


@pytest.mark.parametrize("word", ["0.001", "1e9"])
def test_the_limits_of_a_time_are_those_of_a_policy(word):
    assert PollPolicy(timeout=seconds(word)).timeout == float(word)
    beyond = float(word) * (0.99 if word == "0.001" else 1.01)
    with pytest.raises(SpongewatchError):
        PollPolicy(timeout=beyond)
    with pytest.raises(ArgumentTypeError):
        seconds(str(beyond))


def test_one_of_accepts_only_its_words():
    read = one_of(("json", "xml"))
    assert read("xml") == "xml"
    with pytest.raises(ArgumentTypeError, match="^must be json or xml$"):
        read("XML")


@pytest.mark.parametrize("read", [seconds, seconds_or_none, speed, port, error_code, one_of(("json", "xml"))])
def test_the_message_does_not_repeat_the_value(read):
    with pytest.raises(ArgumentTypeError) as caught:
        read("hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "likely"),
    [("skip", "skips"), ("SKIPS", "skips"), ("x" * 10**6, None), ("", None)],
)
def test_the_closest_word_is_found_whatever_its_case(word, likely):
    assert closest(word, ["skips", "stuck"]) == likely


@pytest.mark.parametrize("read", [seconds, speed])
def test_none_is_accepted_only_for_a_budget(read):
    with pytest.raises(ArgumentTypeError, match="^must be a number"):
        read("none")


@pytest.mark.parametrize("word", ["", "-1", "65536", "99999", "123456", "80a", " 80", "1e3", "\u0668"])
def test_an_invalid_port_is_refused(word):
    with pytest.raises(ArgumentTypeError, match=r"^must be a number from 0 \(any free port\) to 65535$"):
        port(word)


@pytest.mark.parametrize("word", ["", "5x", "5.0", " 5", "--5", "9" * 301, "\u0665"])
def test_an_invalid_error_code_is_refused(word):
    with pytest.raises(ArgumentTypeError, match="^must be the number of an error code, such as 514$"):
        error_code(word)
