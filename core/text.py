"""How a stranger's text is shown to people: on one line, bounded, and unable to act on a terminal."""

import json

MAX_SHOWN = 200
"""Characters of a stranger's text that are kept where it is only shown."""


def printable(text: str) -> str:
    r"""`text` with each character that does not print (control, bidirectional, surrogate) escaped.

    >>> print(printable("a\x1b[2Jb\u202ec"))
    a\x1b[2Jb\u202ec
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str) -> str:
    """The first 200 characters of `text`.

    >>> len(shortened("x" * 1000))
    200
    """
    return text[:MAX_SHOWN]


def json_text(value: object) -> str:
    """`value` as JSON writes it, or else as Python does; what is too long or too deep for both is named.

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
    r"""What stands in a message for a stranger's `value`: as JSON writes it, `shortened` and `printable`.

    >>> print(shown("a\x1b[2J"))
    "a\u001b[2J"
    """
    return printable(shortened(json_text(value)))
