"""What the words behind an option mean; each raises `ArgumentTypeError`, which says what is expected.

It never says what was typed: that may be a password, put in the wrong place.
"""

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from math import inf

_SHORTEST = 0.001
_LONGEST = 10**9


def seconds(word: str) -> float:
    """A number of seconds, as many as a policy takes.

    >>> seconds("2.5")
    2.5
    """
    number = _number(word)
    if _SHORTEST <= number <= _LONGEST:
        return number
    raise argparse.ArgumentTypeError(f"a time is a number of seconds from {_SHORTEST} to {_LONGEST:,}, such as 120")


def seconds_or_none(word: str) -> float | None:
    """A number of seconds, or `none`: a budget that never runs out.

    >>> seconds_or_none("none") is None
    True
    """
    if word == "none":
        return None
    try:
        return seconds(word)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}; none takes the budget away") from None


def speed(word: str) -> float:
    """How many times as fast as it was.

    >>> speed("20")
    20.0
    """
    number = _number(word)
    if 0 < number < inf:
        return number
    raise argparse.ArgumentTypeError("a speed is a number above 0, such as 20")


def port(word: str) -> int:
    """A port to listen at, 0 for any.

    >>> port("8080")
    8080
    """
    if re.fullmatch(r"[0-9]{1,5}", word) and int(word) <= 65535:
        return int(word)
    raise argparse.ArgumentTypeError("a port is a number from 0, which is any, to 65535")


def recording(word: str) -> str:
    """The path of a recording, which is not read from standard input.

    >>> recording("import.jsonl")
    'import.jsonl'
    """
    if word != "-":
        return word
    raise argparse.ArgumentTypeError("a recording can't be read from standard input; save it to a file first")


def trace_file(word: str) -> str:
    """The path of a trace to record to, which is not written to standard output.

    >>> trace_file("import.jsonl")
    'import.jsonl'
    """
    if word != "-":
        return word
    raise argparse.ArgumentTypeError("a trace can't be recorded to standard output; name a file")


def error_code(word: str) -> int:
    """The number of an error code, listed or not.

    >>> error_code("514")
    514
    """
    if re.fullmatch(r"[+-]?[0-9]{1,300}", word):
        return int(word)
    raise argparse.ArgumentTypeError("an error code is a number, such as 514")


def one_of(words: Sequence[str]) -> Callable[[str], str]:
    """What reads one of `words`.

    >>> one_of(("json", "xml"))("xml")
    'xml'
    """

    def read(word: str) -> str:
        if word in words:
            return word
        raise argparse.ArgumentTypeError(f"it is {', '.join(words[:-1])} or {words[-1]}")

    return read


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about a `word` that is not known: the one that is most like it, else all.

    >>> did_you_mean("watc", ["watch", "replay"]), did_you_mean("help", ["watch", "replay"])
    ('; did you mean watch?', '; there are watch, replay')
    """
    from difflib import get_close_matches  # which only a mistake needs

    names = list(known)
    likely = get_close_matches(word[:100].lower(), names, n=1)
    return f"; did you mean {likely[0]}?" if likely else f"; there are {', '.join(names)}"


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return 0.0
