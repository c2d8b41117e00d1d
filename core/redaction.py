"""Taking secrets out of what is kept, in whatever form they stand in it."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, final

PLACE: Final = "[secret]"
"""What stands where a secret stood."""

_NO_TEXT = re.compile(rb"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[(.*?)(?:]]>|\Z)", re.DOTALL)
"""Up to the end where it has none, or whoever begins many would be searched for the end of each."""

_SHORT: Final[dict[str, tuple[bytes, ...]]] = {
    " ": (rb"\+",),
    "/": (rb"\\{1,8}/",),
    '"': (rb'\\{1,8}"', rb"\\{,8}&(?:amp;){,3}quot;"),
    "'": (rb"\\{1,8}'", rb"\\{,8}&(?:amp;){,3}apos;"),
    "&": (b"&(?:amp;){1,4}",),
    "<": (b"&(?:amp;){,3}lt;",),
    ">": (b"&(?:amp;){,3}gt;",),
}
"""The characters that queries, JSON and XML have short ways to write, as patterns.

A text in a text is escaped again; up to three times over it is known.
"""


@final
class Redaction:
    """Replaces each secret as it is, percent-encoded, as base64, and as JSON and XML write it.

    Each character may be written in a way of its own, for no two programs escape the same ones.

    >>> Redaction(["p+/%", "key:p+/%"]).text("Basic a2V5OnArLyU= and p%2B%2F%25")
    'Basic [secret] and [secret]'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        if isinstance(secrets, str):  # one secret, and not one for each of its letters
            secrets = (secrets,)
        # The longest first, or a part of one would be taken for the whole of another.
        self._secrets = sorted({secret for secret in secrets if secret}, key=lambda secret: (-len(secret), secret))
        self._pattern: re.Pattern[bytes] | None = None

    def text(self, text: str) -> str:
        """`text` without the secrets."""
        data = text.encode(errors="surrogatepass")
        kept = self.data(data)
        return text if kept == data else kept.decode(errors="replace")  # a secret of one byte may halve a character

    def data(self, data: bytes) -> bytes:
        """`data` without the secrets."""
        if not self._secrets:
            return data
        if self._pattern is None:  # made when it is needed: that takes as long as a hundred polls
            patterns = [pattern for secret in self._secrets for pattern in _patterns(secret)]
            self._pattern = re.compile(b"|".join(patterns))
        return self._in_wide_text(self._pattern.sub(PLACE.encode(), data), self._pattern)

    def hidden_in(self, data: bytes) -> bool:
        """True where `data` holds a secret in parts, between which XML has what is no text."""
        text = data.replace(b"\0", b"")  # so that UTF-16 reads as ASCII does
        whole = _NO_TEXT.sub(lambda found: found[1] or b"", text)
        return whole != text and self.data(whole) != whole

    @staticmethod
    def _in_wide_text(data: bytes, pattern: re.Pattern[bytes]) -> bytes:
        """The same where `data` may be UTF-16 or UTF-32, which is searched as it reads, escapes and all."""
        if b"\0" in data:
            encoding = json.detect_encoding(data)
            text = data.decode(encoding, "replace").encode()  # an answer that broke off may end within a character
            if pattern.search(text):
                return pattern.sub(PLACE.encode(), text).decode(errors="replace").encode(encoding)
        return data


def _patterns(secret: str) -> Iterator[bytes]:
    # A text of its own: a row of backslashes, doubled or not, has more readings than there is time to try.
    for escaped in (8, 4, 2) if "\\" in secret else ():
        yield _spelled(secret.replace("\\", "\\" * escaped))
    yield _spelled(secret)
    yield re.escape(secret.encode(errors="surrogatepass"))  # which may hold what reads like an escape
    for encoding in ("utf-8", "latin-1"):
        with suppress(UnicodeEncodeError):  # a form that leaves characters out would be another text's
            raw = secret.encode(encoding)
            for encoded in (b64encode(raw), urlsafe_b64encode(raw)):
                yield _spelled(encoded.decode().rstrip("=")) + b"(?:%s){0,2}" % _spelled("=")


def _spelled(text: str) -> bytes:
    return b"".join(
        # Of a backslash the first reading stands: it begins escapes too, and a row of them has too many readings.
        (b"(?>%s)" if character == "\\" else b"(?:%s)") % b"|".join(_spellings(character))
        for character in text
    )


def _spellings(character: str) -> Iterator[bytes]:
    """A pattern for each way to write the character, as itself last: a percent sign begins `%25` too.

    No two match the same bytes, or a long secret would be searched for in more ways than there is time to try.
    """
    code = ord(character)
    plain = [character.encode(errors="surrogatepass"), *([bytes([code])] if 128 <= code < 256 else [])]
    for raw in plain:
        yield b"(?i:%s)" % b"".join(b"%%(?:25){,3}%02x" % byte for byte in raw)
    units = character.encode("utf-16-be", "surrogatepass")
    yield b"(?i:%s)" % b"".join(rb"\\{1,8}u%02x%02x" % pair for pair in zip(units[::2], units[1::2], strict=True))
    if code < 256 and not character.isprintable():
        yield re.escape(character.encode("unicode_escape"))  # as a text for people has it
    yield b"&(?:amp;){,3}#0*%d;" % code
    yield b"(?i:&(?:amp;){,3}#x0*%x;)" % code
    yield from _SHORT.get(character, ())
    yield from map(re.escape, plain)
