"""Reads recorded headers, in all shapes in which programs write them."""

import re
from collections.abc import Iterator

from ..trace_lines import KEPT_HEADERS, MAX_HEADER
from .request import member, plain_name, text_of

_LINE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:(.*)", re.DOTALL)


def header_pairs(headers: object) -> Iterator[tuple[str, str]]:
    """Yield the name, in lower case, and the value of each header, once for each of its values.

    Accepts lists of objects with `name` and `value`, lists of pairs, lists of lines, flat lists of names and values,
    objects with the names as keys, and a string with a line for each header. Values may be nested lists.

    >>> list(header_pairs({"Date": ["now"], "Retry-After": 3}))
    [('date', 'now'), ('retry-after', '3')]
    >>> list(header_pairs(["Date", "now"])) == list(header_pairs(["Date: now"])) == [("date", "now")]
    True
    """
    headers = text_of(headers)
    if isinstance(headers, str):
        yield from _in_lines(headers.splitlines())
    elif isinstance(headers, dict):
        for name, value in headers.items():
            yield from _named(name, value)
    elif isinstance(headers, list | tuple):
        texts = [text for text in map(text_of, headers) if isinstance(text, str)]
        if texts and len(texts) == len(headers) and not all(map(_LINE.match, texts)):
            for name, value in zip(texts[::2], texts[1::2], strict=False):
                yield from _named(name, value)
        else:
            yield from _in_lines(texts)
            for item in headers:
                yield from _in_item(item)


def headers_of(message: object) -> list[tuple[str, str]]:
    """Return all headers of a recorded request or response; .NET recorders split them into several objects."""
    members = message.items() if isinstance(message, dict) else ()
    return [pair for name, value in members if plain_name(name).endswith("headers") for pair in header_pairs(value)]


def first_of(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Return the first value of each header."""
    return dict(reversed(headers))


def kept_headers(headers: dict[str, str]) -> dict[str, str]:
    """Return the headers that a trace contains."""
    return {name: headers[name] for name in KEPT_HEADERS if name in headers and len(headers[name]) <= MAX_HEADER}


def texts_in(value: object) -> Iterator[str]:
    """Yield the strings in `value` in order, at any depth of lists and objects; numbers become strings."""
    open_values = [value]
    while open_values:
        value = text_of(open_values.pop())
        if isinstance(value, str):
            yield value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield repr(value) if abs(value) < 10**15 else ""
        elif isinstance(value, dict):
            open_values.extend(reversed(value.values()))
        elif isinstance(value, list | tuple):
            open_values.extend(reversed(value))


def _in_item(item: object) -> Iterator[tuple[str, str]]:
    if isinstance(item, list | tuple) and len(item) > 1:
        yield from _named(item[0], item[1:])
    elif isinstance(item, dict):
        name = member(item, "name") or member(item, "key")
        if isinstance(text_of(name), str) and len(item) > 1:
            value = member(item, "value")
            yield from _named(name, member(item, "values") if value is None else value)
        else:
            for key, value in item.items():
                yield from _named(key, value)


def _in_lines(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if found := _LINE.match(line):
            yield from _named(found[1], found[2])


def _named(name: object, value: object) -> Iterator[tuple[str, str]]:
    name = text_of(name)
    if isinstance(name, str):
        for text in [value] if isinstance(value, str) else texts_in(value):
            yield name.strip().lower(), text.strip()
