"""Target: a secret in whatever form, amid whatever bytes; nothing of it may be left, and nothing else be lost."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from html import escape as html_escaped
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from spongewatch import Credentials, LocalProtocolError, Redaction, printable

from .choices import Choices

_PLACE = "[secret]"

_Form = Callable[[str], str]
_FORMS: tuple[_Form, ...] = (
    str,
    quote,
    quote_plus,
    lambda secret: quote(secret, safe=""),
    lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    lambda secret: json.dumps(secret)[1:-1],
    lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    lambda secret: json.dumps(json.dumps(secret)[1:-1])[1:-1],
    lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    escape,
    html_escaped,
    lambda secret: html_escaped(html_escaped(secret)),
    lambda secret: "".join(f"&#{ord(character)};" for character in secret),
    lambda secret: "".join(f"&#x{ord(character):X};" for character in secret),
    lambda secret: b64encode(secret.encode()).decode(),
    lambda secret: urlsafe_b64encode(secret.encode()).decode(),
    lambda secret: b64encode(f"key:{secret}".encode()).decode(),
    lambda secret: quote(b64encode(secret.encode()).decode(), safe=""),
    printable,
)
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16", "utf-32")
_SECRETS = ("hunter2-x", 'p+/%: é"', "b\\w\\\\", "&<'>&", "%41\\u0041", "\u00ff\u0100\U0001f600", "    ", "0")


def _seed(secret: str, form: int, encoding: int, before: bytes, after: bytes) -> bytes:
    raw = secret.encode()
    return bytes([len(_SECRETS), len(raw)]) + raw + bytes([form, encoding, len(before)]) + before + after


SEEDS = (
    _seed("b\\w", 7, 0, b'{"a": "', b'"}'),  # of JSON in JSON, backslashes were known no more than doubled
    *(
        _seed(_SECRETS[number % len(_SECRETS)], number, number % 5 // 4 * (number % 3 + 1), b'{"a": "', b'"}')
        for number in range(len(_FORMS))
    ),
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
    assert redaction.data(clean) == clean or _can_be_made_of_its_place(secret)
    if _can_be_made_of_its_place(secret):
        return
    if encoding == "utf-8":
        planted = form(secret).encode(errors="surrogatepass")
        assert planted not in redaction.data(before + planted + after)
    else:  # of such a text what is told is told only where all of it can be read
        text = before.decode("latin-1") + form(secret) + after.decode("latin-1")
        body = f'{{"a": "{text}"}}'.encode(encoding, errors="replace")
        assert form(secret) not in redaction.data(body).decode(encoding, errors="replace")


@lru_cache(maxsize=64)
def _redaction_of(secret: str) -> Redaction | None:
    try:
        return Credentials("key", secret).redaction
    except LocalProtocolError:  # for what no password holds
        return None


def _can_be_made_of_its_place(secret: str) -> bool:
    in_base64 = (b64encode(secret.encode()).decode().rstrip("="), b64encode(f"key:{secret}".encode()).decode())
    return any(character in _PLACE for character in secret) or any(form in _PLACE for form in in_base64)
