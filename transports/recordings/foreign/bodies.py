"""Reads recorded bodies and statuses, in all shapes in which programs write them."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from typing import Final

from ....core import Response, TransportError
from ....core._shared import MAX_BODY
from ...http.response_body import ResponseBody
from .headers import kept_headers
from .jsonp import without_jsonp
from .request import CapturedResponse, EntryError, text_of

COMPRESSED: Final = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""The first bytes of gzip and zlib, with which neither JSON nor XML begins."""

_STATUS = re.compile(r"\s*(?:HTTP/[0-9.]+\s+)?([0-9]{3})(?:\.0+)?(?:\s.*)?", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_STANDARD = str.maketrans("-_", "+/")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f\x80-\xff]")
_READABLE = (*COMPRESSED, b"{", b"<", b"\xef\xbb\xbf")


def status_of(recorded: object) -> int | None:
    """Return the status as a number, None if none was recorded: `200`, `"200"`, `200.0`, `"200 OK"`."""
    recorded = text_of(recorded)
    if isinstance(recorded, str) and (found := _STATUS.fullmatch(recorded)):
        recorded = int(found[1])
    if isinstance(recorded, float) and recorded.is_integer():
        recorded = int(recorded)
    if isinstance(recorded, int) and not isinstance(recorded, bool) and 100 <= recorded <= 599:
        return recorded
    return None


def body_of(recorded: object, *, encoding: object = None) -> bytes:
    """Return the bytes of a recorded body.

    Args:
        recorded: Bytes, a string, a list of strings, or None for no body.
        encoding: The encoding that the recording names; anything but `base64` is ignored.

    Raises:
        EntryError: The value is not a body, or not in the encoding that is named.
    """
    if recorded is None:
        return b""
    if isinstance(recorded, bytes):
        return recorded
    in_base64 = isinstance(encoding, str) and encoding.strip().lower() == "base64"
    pieces = _pieces(recorded)
    if pieces is not None:
        return _joined(pieces, in_base64=in_base64)
    if not isinstance(recorded, str):
        raise EntryError("its body is not a string")
    if recorded.startswith("\x1f\x8b") and max(recorded) < "\u0100":
        return recorded.encode("latin-1")  # gzip that the recorder decoded as Latin-1
    if recorded.lstrip("\ufeff \t\r\n")[:1] in ("{", "<"):  # not base64, even if the recording says so
        return recorded.encode(errors="surrogatepass")
    return _joined([recorded], in_base64=in_base64)


def with_body(read: CapturedResponse, status: int, headers: dict[str, str], body: bytes) -> CapturedResponse:
    """Return `read` with the recorded response, its body decompressed and without JSONP.

    The first bytes of the body decide whether it is compressed, not its headers: most recorders store decoded bodies
    with the original headers. A 304 with a body counts as 200: the browser took the body from its cache.
    """
    coding = _unsupported_coding(headers.get("content-encoding", ""), body)
    if coding:
        return without_body(
            read, f"contains response bodies in {coding}, which is not supported; record with Accept-Encoding: gzip"
        )
    try:
        inflated = _inflated(body)
    except TransportError as error:
        return replace(read, response=error, extra=MAX_BODY)
    whole = without_jsonp(inflated)
    response = Response(200 if status == 304 and whole else status, kept_headers(headers), whole)
    if body.startswith(COMPRESSED):
        read = replace(read, extra=MAX_BODY if inflated is body else len(inflated))
    return replace(read, response=response)


def without_body(read: CapturedResponse, problem: str) -> CapturedResponse:
    """Return `read` as a failed poll, whose body is missing or unreadable because of `problem`."""
    error = TransportError("protocol", "the recording does not contain the response body")
    return replace(read, response=error, missing=problem)


def is_positive(size: object) -> bool:
    """Whether a recorded size, as a number or a string, is above 0."""
    text = str(size).strip() if isinstance(size, str | int | float) else ""
    return re.fullmatch(r"[0-9]{1,18}(?:\.[0-9]+)?", text) is not None and float(text) > 0


def _unsupported_coding(content_encoding: str, body: bytes) -> str:
    if body.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    labeled = "br" in re.split(r"[,\s]+", content_encoding.lower())
    return "Brotli" if labeled and not body.startswith(_READABLE) and _BINARY.search(body) else ""


def _pieces(recorded: object) -> list[str] | None:
    """Return the pieces of a body that was recorded as a list of strings, or as such a list in JSON (PollyJS)."""
    if isinstance(recorded, str) and recorded.lstrip()[:1] == "[":
        try:
            recorded = json.loads(recorded)
        except (ValueError, RecursionError):
            return None
    if not isinstance(recorded, list):
        return None
    texts = [piece for piece in recorded if isinstance(piece, str)]
    return texts if len(texts) == len(recorded) else None


def _joined(pieces: list[str], *, in_base64: bool) -> bytes:
    """Join pieces in base64, in hex (older versions of PollyJS), or in plain text."""
    decoded = [from_base64(piece) for piece in pieces]
    base64 = None if None in decoded else b"".join(filter(None, decoded))
    hexadecimal = b"".join(map(bytes.fromhex, pieces)) if all(map(_HEX.fullmatch, pieces)) else None
    for choice in (base64, hexadecimal) if in_base64 else (hexadecimal, base64):
        if choice is not None and choice.startswith(_READABLE):
            return choice
    if not in_base64:
        return "".join(pieces).encode(errors="surrogatepass")
    if base64 is None:
        raise EntryError("its body is not valid base64")
    return base64


def from_base64(text: str) -> bytes | None:
    """Decode base64, standard or URL-safe, with or without padding and line breaks; return None if it is invalid."""
    text = "".join(text.split())
    if not _BASE64.fullmatch(text) or len(text.rstrip("=")) % 4 == 1:
        return None
    return b64decode(text.rstrip("=").translate(_STANDARD) + "=" * (-len(text.rstrip("=")) % 4))


def _inflated(body: bytes) -> bytes:
    """Return `body` decompressed, or as it is if it is not compressed or damaged."""
    if body.startswith(COMPRESSED):
        try:
            return _bounded(ResponseBody(200, "gzip"), body)
        except TransportError as error:
            if error.kind == "too-large":
                raise
    _bounded(ResponseBody(200), body)
    return body


def _bounded(whole: ResponseBody, body: bytes) -> bytes:
    whole.feed(body)
    return whole.finish()
