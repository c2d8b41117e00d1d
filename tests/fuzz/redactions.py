"""Target: a secret in a listed form, amid any bytes; it has to be removed, and nothing may get longer."""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, quote_plus

from spongewatch import Credentials
from spongewatch.core.redaction import Redaction

from .choices import Choices
from .oracles import REFUSALS

_Form = Callable[[str], str]
_FORMS: tuple[_Form, ...] = (
    str,
    quote,
    quote_plus,
    lambda secret: quote(secret, safe=""),
    lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
    lambda secret: json.dumps(secret)[1:-1],
    lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    lambda secret: html.escape(secret, quote=False),
    html.escape,
    lambda secret: html.escape(secret).replace("&#x27;", "&#39;"),
    lambda secret: html.escape(secret).replace("&#x27;", "&apos;"),
    lambda secret: b64encode(secret.encode()).decode(),
    lambda secret: b64encode(secret.encode()).decode().rstrip("="),
    lambda secret: urlsafe_b64encode(secret.encode()).decode(),
    lambda secret: b64encode(f"key:{secret}".encode()).decode(),
    lambda secret: urlsafe_b64encode(f"key:{secret}".encode()).decode().rstrip("="),
)
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")
_SECRETS = ("hunter2-x", 'p+/%: é"', "b\\w\\\\", "&<'>&", "%41\\u0041", "\u00ff\u0100\U0001f600", "    ", "0")


def _seed(secret: str, form: int, encoding: int, before: bytes, after: bytes) -> bytes:
    raw = secret.encode()
    return bytes([len(_SECRETS), len(raw)]) + raw + bytes([form, encoding, len(before)]) + before + after


SEEDS = tuple(
    _seed(_SECRETS[number % len(_SECRETS)], number, number % 5 // 4 * (number % 3 + 1), b'{"a": "', b'"}')
    for number in range(len(_FORMS))
)


def one_input(data: bytes) -> None:
    choices = Choices(data)
    secret = choices.pick((*_SECRETS, None)) or choices.bytes(choices.number() % 32).decode(errors="ignore")
    form, encoding = choices.pick(_FORMS), choices.pick(_ENCODINGS)
    before, after = choices.bytes(choices.number()), choices.bytes(len(data))
    redaction = _redaction_of(secret)
    if redaction is None:
        return
    clean = redaction.data(before + after)
    assert redaction.data(clean) == clean
    assert len(clean) <= len(before + after)
    if redaction.text(form(secret)) == form(secret):  # too short, digits, or part of every response
        return
    planted = form(secret).encode(encoding) + b"\0" * (encoding != "utf-8")
    assert planted not in redaction.data(before + planted + after)


@lru_cache(maxsize=64)
def _redaction_of(secret: str) -> Redaction | None:
    try:
        return Credentials("key", secret).redaction
    except REFUSALS:  # not a valid password
        return None
