"""What the words behind an option mean; each raises `ArgumentTypeError`, which says what is expected."""

import argparse
import re
from math import inf


def seconds(word: str) -> float:
    """A number of seconds above 0.

    >>> seconds("2.5")
    2.5
    """
    return _above_zero(word, "a time is a number of seconds above 0, such as 120")


def seconds_or_none(word: str) -> float | None:
    """A number of seconds above 0, or `none`: a budget that never runs out.

    >>> seconds_or_none("none") is None
    True
    """
    return None if word == "none" else seconds(word)


def speed(word: str) -> float:
    """How many times as fast as it was.

    >>> speed("20")
    20.0
    """
    return _above_zero(word, "a speed is a number above 0, such as 20")


def port(word: str) -> int:
    """A port to listen at, 0 for any.

    >>> port("8080")
    8080
    """
    if re.fullmatch(r"[0-9]{1,5}", word) and int(word) <= 65535:
        return int(word)
    raise argparse.ArgumentTypeError(f"a port is a number from 0, which is any, to 65535, not {word!r}")


def error_code(word: str) -> int:
    """The number of an error code, listed or not.

    >>> error_code("514")
    514
    """
    if re.fullmatch(r"[+-]?[0-9]{1,300}", word):
        return int(word)
    raise argparse.ArgumentTypeError(f"an error code is a number, such as 514, not {word!r}")


def _above_zero(word: str, expected: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if 0 < number < inf:
        return number
    raise argparse.ArgumentTypeError(f"{expected}, not {word!r}")
