"""Converters for the values of options; each raises `ArgumentTypeError` with a text to put behind the option's name.

The texts never repeat the value, because it may be a password in the wrong place.
"""

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from math import inf

_SHORTEST = 0.001
_LONGEST = 10**9


def seconds(word: str) -> float:
    """Return a number of seconds in the range that `PollPolicy` accepts.

    >>> seconds("2.5")
    2.5
    """
    number = _number(word)
    if _SHORTEST <= number <= _LONGEST:
        return number
    raise argparse.ArgumentTypeError(f"must be a number of seconds from {_SHORTEST} to {_LONGEST:,}, such as 120")


def seconds_or_none(word: str) -> float | None:
    """Return a number of seconds, or None for the word `none`.

    >>> seconds_or_none("none") is None
    True
    """
    if word == "none":
        return None
    try:
        return seconds(word)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, or none for no limit") from None


def speed(word: str) -> float:
    """Return how many times as fast as recorded.

    >>> speed("20")
    20.0
    """
    number = _number(word)
    if 0 < number < inf:
        return number
    raise argparse.ArgumentTypeError("must be a number greater than 0, such as 20")


def port(word: str) -> int:
    """Return a port number; 0 stands for any free port.

    >>> port("8080")
    8080
    """
    if re.fullmatch(r"[0-9]{1,5}", word) and int(word) <= 65535:
        return int(word)
    raise argparse.ArgumentTypeError("must be a number from 0 (any free port) to 65535")


def recording(word: str) -> str:
    """Return the path of a recording; `-` is refused.

    >>> recording("import.jsonl")
    'import.jsonl'
    """
    if word != "-":
        return word
    raise argparse.ArgumentTypeError("must be a file or folder; standard input can't be replayed, save it to a file")


def trace_file(word: str) -> str:
    """Return the path of a trace to write; `-` is refused.

    >>> trace_file("import.jsonl")
    'import.jsonl'
    """
    if word != "-":
        return word
    raise argparse.ArgumentTypeError("must be a file; a trace can't be written to standard output")


def error_code(word: str) -> int:
    """Return an error code, listed or not.

    >>> error_code("514")
    514
    """
    if re.fullmatch(r"[+-]?[0-9]{1,300}", word):
        return int(word)
    raise argparse.ArgumentTypeError("must be the number of an error code, such as 514")


def one_of(words: Sequence[str]) -> Callable[[str], str]:
    """Return a converter that accepts only `words`.

    >>> one_of(("json", "xml"))("xml")
    'xml'
    """

    def read(word: str) -> str:
        if word in words:
            return word
        raise argparse.ArgumentTypeError(f"must be {', '.join(words[:-1])} or {words[-1]}")

    return read


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the member of `known` that `word` is most likely a misspelling of, or None.

    >>> closest("wach", ["watch", "replay"])
    'watch'
    """
    from difflib import get_close_matches  # loaded only after a mistake

    return next(iter(get_close_matches(word[:100].lower(), list(known), n=1)), None)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return 0.0
