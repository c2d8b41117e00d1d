"""Make text from outside safe to show: on one line, short, and without effect on a terminal."""

import json

MAX_SHOWN = 200
"""Characters that are kept of text that is only shown to people."""


def printable(text: str) -> str:
    r"""Escape characters that don't print: control characters, bidirectional marks, lone surrogates.

    >>> print(printable("a\x1b[2Jb\u202ec"))
    a\x1b[2Jb\u202ec
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str) -> str:
    """Return the first 200 characters of `text`.

    >>> len(shortened("x" * 1000))
    200
    """
    return text[:MAX_SHOWN]


def json_text(value: object) -> str:
    """Return `value` as JSON, or as `str` writes it if JSON can't.

    >>> json_text([1, True]), json_text(10**5000)
    ('[1, true]', '(too long or too deep to show)')
    """
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return str(value)
    except (ValueError, RecursionError):
        return "(too long or too deep to show)"


def shown(value: object) -> str:
    r"""Return `value` for an error message: as JSON, shortened and printable.

    >>> print(shown("a\x1b[2J"))
    "a\u001b[2J"
    """
    return printable(shortened(json_text(value)))
