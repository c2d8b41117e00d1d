"""Finds the credentials in recorded requests: in headers, URLs, queries, forms, JSON and XML."""

import json
import re
from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from typing import Final
from urllib.parse import unquote_to_bytes

from .bodies import from_base64
from .headers import headers_of, texts_in
from .request import CapturedRequest, EntryError, member, plain_name, text_of
from .urls import MAX_URL, split_url

MAX_SECRET: Final = 256
"""Upper bound for the characters of a key and its password together."""

_NAME: Final = r"domain(?:_|-|%5[Ff])?password"
_IN_TEXT = re.compile(
    rf"""(?:^|[?&\[\s]|%5[Bb]){_NAME}(?:\]|%5[Dd])?=(?P<form>[^&\s]*)
    | "{_NAME}"\s*:\s*(?P<json>"(?:[^"\\]|\\.)*")
    | <{_NAME}(?:\s[^<>]*)?>(?P<xml>[^<]*)<
    | name="?{_NAME}"?[^\r\n]{{0,200}}\r?\n(?:[^\r\n]{{1,200}}\r?\n){{0,5}}\r?\n(?P<multipart>[^\r\n]*)""",
    re.IGNORECASE | re.VERBOSE,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{20,}+={0,2}\s*")
_KEY = re.compile(r"(?:^|[?&])domain_?key=([^&\s]*)", re.IGNORECASE)


def credentials_of(
    request: CapturedRequest, *, of_service: bool = True, strict: bool = True, seen: set[int] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield each key, which may be empty, and password in `request`.

    Args:
        request: A recorded request of any kind.
        of_service: Whether the request was sent to the host of the polls; otherwise the passwords in its headers and
            in the user part of its URL are not the domain's.
        strict: Whether credentials that are too long are an error; otherwise they are skipped.
        seen: The `id()`s of objects that have been searched, to which this call adds. In YAML, one object may be
            part of many requests.

    Raises:
        EntryError: `strict` is true, and the URL or the credentials are too long.
    """
    url = request.url
    if strict and len(url) > MAX_URL:
        raise EntryError(f"its URL has more than {MAX_URL:,} characters")
    pairs = list(_basic_pairs(request, url)) if of_service else []
    key = unquoted(next(iter(_KEY.findall(url[:MAX_URL])), ""))
    pairs += [(key, password) for password in _domain_passwords(request.recorded, set() if seen is None else seen)]
    for key, password in pairs:
        if len(key) + len(password) <= MAX_SECRET:
            if password:
                yield key, password
        elif strict:
            raise EntryError(f"its credentials have more than {MAX_SECRET} characters")


def _basic_pairs(request: CapturedRequest, url: str) -> Iterator[tuple[str, str]]:
    parts = split_url(url)
    yield unquoted(parts.user), unquoted(parts.password)
    for name, value in headers_of(request.recorded):
        if name in ("authorization", "proxy-authorization"):
            yield _basic(value)


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    raw = from_base64(token)
    if raw is None:
        return "", token.strip()  # a placeholder, or a pair that is not encoded
    key, _, password = str(text_of(raw)).partition(":")
    return key, password


def _domain_passwords(recorded: object, seen: set[int]) -> Iterator[str]:
    """Yield all values of `domain_password` in a request: in objects, headers and strings."""
    open_values = [recorded]
    while open_values:
        value = open_values.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        value = text_of(value)
        if isinstance(value, str):
            yield from _in_text(value)
        elif isinstance(value, dict):
            name = member(value, "name") if "name" in value else None
            for key, item in [(name, member(value, "value")), *value.items()]:
                yield from _if_named(key, item)
            open_values.extend(value.values())
        elif isinstance(value, list | tuple):
            for key, item in pairwise(value):
                yield from _if_named(key, item)
            open_values.extend(value)


def _if_named(name: object, value: object) -> Iterator[str]:
    if plain_name(name).endswith("domainpassword"):
        for text in texts_in(value):
            yield from {text, unquoted(text.replace("+", " "))}  # some exporters decode queries, some don't


def _in_text(text: str) -> Iterator[str]:
    if _BASE64.fullmatch(text):
        text = str(text_of(from_base64(text) or b""))
    if "password" not in text.lower():
        return
    for found in _IN_TEXT.finditer(text):
        if (form := found["form"]) is not None:
            form = form.partition("#")[0]
            yield unquoted(form.replace("+", " "))
            if "+" in form:  # perhaps a plus sign that was not escaped
                yield unquoted(form)
        elif found["json"] is not None:
            yield _from_json(found["json"])
        elif found["xml"] is not None:
            yield unescape(found["xml"])
        else:
            yield found["multipart"]


def _from_json(literal: str) -> str:
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        return literal[1:-1]


def unquoted(text: str) -> str:
    """Decode the percent-encoding of `text`, as UTF-8, else as Latin-1."""
    return str(text_of(unquote_to_bytes(text.encode(errors="surrogatepass"))))
