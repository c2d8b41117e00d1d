"""Reads HAR 1.2, which browsers, proxies and test tools export."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from ....core import Response, TransportError
from ....core._shared import TransportErrorKind
from ..recording import RecordingError
from .attachments import attached_body
from .bodies import body_of, is_positive, status_of, with_body, without_body
from .captured import Captured
from .headers import first_of, headers_of
from .polls import MAX_BODIES, is_of_service
from .request import NOT_RECORDED, CapturedRequest, CapturedResponse, member
from .times import duration_of, moment_of

_NO_RESPONSE: Final[tuple[tuple[str, TransportErrorKind, str, bool], ...]] = (
    ("net::ERR_CONNECTION_REFUSED", "refused", "the connection was refused", False),
    ("net::ERR_CONNECTION_TIMED_OUT", "timeout", "the connection timed out", False),
    ("net::ERR_TIMED_OUT", "timeout", "the request timed out", False),
    ("net::ERR_NAME_", "dns", "the host was not found", False),
    ("net::ERR_DNS_", "dns", "the host was not found", False),
    ("net::ERR_CERT_", "tls", "the certificate was not trusted", True),
    ("net::ERR_SSL_", "tls", "TLS failed", False),
    ("net::ERR_CONTENT_DECODING_", "protocol", "invalid content encoding", False),
    ("net::ERR_INVALID_", "protocol", "the response was not HTTP", False),
    ("net::ERR_HTTP2_", "protocol", "the response was not HTTP", False),
    ("", "reset", NOT_RECORDED, False),
)
"""Prefixes of Chromium's error codes, and the errors that they stand for."""

_HOW_TO_KEEP = (
    "contains no response bodies; export it again with them: in Chrome as HAR with content, "
    'with Playwright with content "embed"'
)
_BESIDE = (
    "stores its response bodies in files that are not in its folder; copy them there, "
    'or record again with content "embed"'
)


def is_har(obj: object) -> bool:
    """Whether `obj` is the content of a HAR, valid or not; some tools write only the list of entries."""
    if isinstance(obj, list):
        return any(member(entry, "startedDateTime") for entry in obj)
    return isinstance(member(obj, "log"), dict)


def read_har(path: Path, har: object, import_id: str | None, max_bodies: int = MAX_BODIES) -> Captured:
    """Return the polls in `har`, the content of the file at `path`.

    Raises:
        RecordingError: There are none, or one of them can't be read.
    """
    entries = har if isinstance(har, list) else member(har, "log", "entries")
    if not isinstance(entries, list):
        raise RecordingError(path, "is a HAR without a list of entries")
    requests = _requests(path, entries)
    return Captured(path, requests, import_id, word="entry", by_time=True, max_bodies=max_bodies)


def _requests(path: Path, entries: list[object]) -> Iterator[CapturedRequest]:
    for entry in entries:
        yield CapturedRequest(member(entry, "request"), partial(_read, path.parent, entry))


def _read(folder: Path, entry: object) -> CapturedResponse:
    response = member(entry, "response")
    headers = first_of(headers_of(response))
    location = member(response, "redirectURL") or headers.get("location")
    read = CapturedResponse(
        _failure(_reason(entry)),
        sent=moment_of(member(entry, "startedDateTime"), "startedDateTime"),
        took=duration_of(member(entry, "time"), "time"),
        location=location if isinstance(location, str) else "",
    )
    status = status_of(member(response, "status"))
    if status is None or _reason(entry):
        return read
    content = member(response, "content")
    text = content if isinstance(content, str) else member(content, "text")
    if text is None or text == "":
        file = member(content, "_file")
        if isinstance(file, str):
            return _attached(read, folder, file, status, headers)
        if status == 200 and _was_left_out(text, response, headers):
            return without_body(read, _HOW_TO_KEEP)
    return with_body(read, status, headers, body_of(text, encoding=member(content, "encoding")))


def _attached(
    read: CapturedResponse, folder: Path, file: str, status: int, headers: dict[str, str]
) -> CapturedResponse:
    """Return the response with its body from `file`, if that is a response of the service.

    A HAR from an attacker may name any file; no other content may get into a trace.
    """
    body = attached_body(folder, file)
    if body is None:
        return without_body(read, _BESIDE)
    found = with_body(read, status, headers, body)
    found = replace(found, extra=max(found.extra, len(body)))
    if found.missing or is_of_service(found.response):
        return found
    error = TransportError("protocol", "the attached file is not a response of the service")
    return replace(found, response=error if status == 200 else Response(status))


def _was_left_out(text: object, response: object, headers: dict[str, str]) -> bool:
    """Whether the exporter left out the body: there is none, though the response had one or may have had one."""
    size = member(response, "content", "size")
    sizes = (size, member(response, "bodySize"), headers.get("content-length"))
    return (text is None and str(size) != "0") or any(is_positive(size) for size in sizes)


def _failure(reason: str) -> TransportError:
    _, kind, detail, permanent = next(row for row in _NO_RESPONSE if reason.startswith(row[0]))
    return TransportError(kind, detail, permanent)


def _reason(entry: object) -> str:
    """Return Chromium's `_error` or Playwright's `_failureText`, empty if there is a response."""
    response = member(entry, "response")
    reasons = [member(holder, name) for holder in (response, entry) for name in ("_error", "_failureText")]
    return next((reason for reason in reasons if isinstance(reason, str) and reason), "")
