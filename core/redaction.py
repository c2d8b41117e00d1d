"""Removes secrets from responses and transport errors, by literal search, in time linear in their size."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import chain, product
from typing import AnyStr, Final, final, overload
from urllib.parse import quote, quote_plus

from .errors import InvalidType, TransportError
from .exchange import Response
from .ordinary import is_ordinary
from .secret import PLACEHOLDER

_SHORTEST: Final = len(PLACEHOLDER)
"""Characters of a form that is searched for; so no replacement makes a response longer."""

_FILLERS: Final = PLACEHOLDER[0] + "#-_.~xyzXYZ"
_WIDE_ENCODINGS: Final = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_PERCENT = re.compile("%..")
_NUL_RUN = re.compile(rb"(?<=\0{4})(\0{8,})(?=\0{4})")
"""NUL bytes that belong to no form, also as a group: a character in UTF-32 begins and ends with three at most."""
_JSON_OF_RAILS: Final = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


@final
class Redaction:
    """Replaces secrets by `******`.

    Each secret is found as it is, percent-encoded, as JSON and HTML escape it, and in base64; `SECURITY.md` lists the
    forms. A form is not searched for if it has fewer than 6 characters, is all digits, or occurs in responses that
    echo nothing, such as `COMPLETED`: no password can make responses unreadable.

    If a form begins or ends with `*`, another character takes its place, so that a replacement never completes a
    secret.

    Args:
        secrets: The secrets, in any order; a `str` is one secret.
        pairs: Pairs such as `key:password`, which HTTP Basic sends, replaced in base64 only.

    Raises:
        InvalidType: One of the arguments is not a `str` or an iterable of them.

    >>> Redaction("hunter22", pairs="key:hunter22").text("Basic a2V5Omh1bnRlcjIy for key:hunter22")
    'Basic ****** for key:******'
    """

    def __init__(self, secrets: Iterable[str], pairs: Iterable[str] = ()) -> None:
        texts, in_base64 = _texts(secrets), _texts(pairs)
        del secrets, pairs  # error reporters print the locals of the frames that raise
        if texts is None or in_base64 is None:
            del texts, in_base64
            raise InvalidType("secrets and pairs must be a str or an iterable of str")
        forms = {*chain.from_iterable(map(_forms, texts)), *chain.from_iterable(map(_base64_forms, in_base64))}
        long_enough = (form for form in forms if len(form) >= _SHORTEST and not form.isdigit())
        self._search_for([form for form in long_enough if not is_ordinary(form)])

    def _search_for(self, forms: list[str]) -> None:
        # The longest first: a form may be part of another.
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        self._placeholder = _placeholder(forms)
        # Text without any of these, which hold no other form, holds no form at all.
        self._cores = [form for form in forms if not any(other in form for other in forms if other != form)]
        self._narrow = (
            [_encoded(core, "utf-8") for core in self._cores],
            [_encoded(form, "utf-8") for form in self._forms],
            _encoded(self._placeholder, "utf-8"),
        )
        # The longest first in all encodings: UTF-16-BE text may hold a shorter form in UTF-16-LE.
        self._wide = [
            (_without_nuls(encoded), encoded, _encoded(self._placeholder, encoding))
            for form, encoding in product(self._forms, _WIDE_ENCODINGS)
            for encoded in [_encoded(form, encoding)]
        ]
        self._wide_cores = {core for core, _, _ in self._wide}

    def for_import(self, import_id: str) -> "Redaction":
        """Return the redaction for responses about an import, which contain its id.

        >>> Redaction(["my-import-1"]).for_import("my-import-1").text("my-import-1")
        'my-import-1'
        """
        if import_id.isdecimal():  # as in the samples that __init__ compared with
            return self
        kept = [form for form in self._forms if not is_ordinary(form, import_id)]
        if len(kept) == len(self._forms):
            return self
        redaction = Redaction(())
        redaction._search_for(kept)
        return redaction

    @overload
    def clean(self, response: Response) -> Response: ...
    @overload
    def clean(self, response: TransportError) -> TransportError: ...
    @overload
    def clean(self, response: Response | TransportError) -> Response | TransportError: ...
    def clean(self, response: Response | TransportError) -> Response | TransportError:
        """Return a response without secrets in its headers and body, or an error without secrets in its detail.

        A response that this redaction returned is not searched again. The body never gets longer.

        Raises:
            InvalidType: `response` is neither a `Response` nor a `TransportError`.

        >>> Redaction("hunter22").clean(Response(401, {}, b"no hunter22")).body
        b'no ******'
        """
        if isinstance(response, TransportError):
            detail = self.text(response.detail)
            return response if detail == response.detail else TransportError(response.kind, detail, response.permanent)
        if not isinstance(response, Response):
            raise InvalidType(f"response must be a Response or a TransportError, not {type(response).__name__}")
        if response._cleaned_by is self:
            return response
        headers, body = self._headers(response.headers), self.data(response.body)
        if headers is not response.headers or body is not response.body:
            response = Response(response.status, headers, body)
        object.__setattr__(response, "_cleaned_by", self)
        return response

    def text(self, text: str) -> str:
        """Return `text` without the secrets."""
        return _replaced(text, self._cores, self._forms, self._placeholder)

    def data(self, data: bytes) -> bytes:
        """Return `data` without the secrets, in UTF-8 and, if it contains NUL bytes, in UTF-16 and UTF-32."""
        data = _replaced(data, *self._narrow)
        if b"\0" in data:
            # CPython finds bytes among NUL bytes slowly. So runs of NUL bytes that are longer than in any form are left
            # out, and only forms that occur without NUL bytes are searched for.
            pieces = _NUL_RUN.split(data)
            squeezed = _without_nuls(data)
            found = {core for core in self._wide_cores if core in squeezed}
            for core, form, placeholder in self._wide:
                if core in found:
                    pieces = [piece.replace(form, placeholder) for piece in pieces]
            data = b"".join(pieces)
        return data

    def _headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        joined = "\n".join([*headers, *headers.values()])
        if joined.isascii() and self.text(joined) is joined:
            return headers
        return {self._header(name): self._header(value) for name, value in headers.items()}

    def _header(self, text: str) -> str:
        """Return a header's name or value without the secrets; HTTP clients may have read UTF-8 as Latin-1."""
        text = self.text(text)
        try:
            return self.data(text.encode("latin-1")).decode("latin-1")
        except UnicodeEncodeError:
            return text


def _texts(secrets: object) -> list[str] | None:
    """Return the secrets that are not empty, or None if one of them is not a `str`."""
    if isinstance(secrets, str):
        return [secrets] if secrets else []
    texts = list(secrets) if isinstance(secrets, Iterable) else [None]
    return [text for text in texts if text] if all(isinstance(text, str) for text in texts) else None


def _replaced(text: AnyStr, cores: list[AnyStr], forms: list[AnyStr], placeholder: AnyStr) -> AnyStr:
    for core in cores:
        if core in text:
            break
    else:
        return text
    for form in forms:
        text = text.replace(form, placeholder)
    return text


def _forms(secret: str) -> Iterator[str]:
    """Yield the forms in which `secret` is searched for, some of them more than once."""
    yield secret
    for percent_encode, safe in product((quote, quote_plus), ("", "/")):
        encoded = percent_encode(secret, safe=safe, errors="surrogatepass")
        yield from (encoded, _PERCENT.sub(lambda found: found[0].lower(), encoded))
    for in_ascii in (True, False):
        text = json.dumps(secret, ensure_ascii=in_ascii)[1:-1]
        for escaped in (text, text.translate(_JSON_OF_RAILS)):
            yield from (escaped, escaped.replace("/", "\\/"))
    text = escape(secret, quote=False)
    yield text
    for apostrophe in ("'", "&#x27;", "&#39;", "&apos;"):
        yield text.replace('"', "&quot;").replace("'", apostrophe)
    yield from _base64_forms(secret)


def _base64_forms(secret: str) -> Iterator[str]:
    for encode in (b64encode, urlsafe_b64encode):
        text = encode(_encoded(secret, "utf-8")).decode()
        yield from (text, text.rstrip("="))


def _placeholder(forms: Sequence[str]) -> str:
    """Return six of a character that no form begins or ends with, so that a replacement never completes a form."""
    ends = {byte for form in forms for byte in _encoded(form[0] + form[-1], "utf-32-le")}
    runs = (character * _SHORTEST for character in _FILLERS if ord(character) not in ends)
    return next((run for run in runs if not any(run in form for form in forms)), PLACEHOLDER)


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "surrogatepass")


def _without_nuls(data: bytes) -> bytes:
    return data.translate(None, b"\0")
