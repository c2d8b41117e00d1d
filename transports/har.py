"""HAR 1.2, what browsers export of their network traffic, as a recording of polls."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from spongewatch import Response, TransportError, shown

from .captured import (
    Captured,
    CapturedAnswer,
    CapturedRequest,
    EntryError,
    answer_of,
    body_of,
    headers_of,
    member,
    seconds_of,
)
from .recording import RecordingError

_NO_ANSWER = (
    ("net::ERR_CONNECTION_REFUSED", "refused", "the connection was refused", False),
    ("net::ERR_CONNECTION_TIMED_OUT", "timeout", "the connection was not made in time", False),
    ("net::ERR_TIMED_OUT", "timeout", "no answer came in time", False),
    ("net::ERR_NAME_", "dns", "the name of the host was not found", False),
    ("net::ERR_DNS_", "dns", "the name of the host was not found", False),
    ("net::ERR_CERT_", "tls", "the certificate of the service was not trusted", True),
    ("net::ERR_SSL_", "tls", "TLS failed", False),
    ("net::ERR_CONTENT_DECODING_", "protocol", "the answer was not in the content encoding that it named", False),
    ("net::ERR_INVALID_", "protocol", "the answer was not HTTP", False),
    ("net::ERR_HTTP2_", "protocol", "the answer was not HTTP", False),
    ("", "reset", "the browser has no answer", False),
)
"""How Chromium's reasons begin, and what is told of them."""

_LEFT_OUT = "the HAR does not hold the body of the answer"


def is_har(obj: object) -> bool:
    """True for what a HAR holds, whole or not."""
    return isinstance(member(obj, "log"), dict)


def read_har(path: Path, har: object, import_id: str | None) -> Captured:
    """The polls in `har`, an object read from the JSON file at `path`; raises `RecordingError`."""
    entries = member(har, "log", "entries")
    if not isinstance(entries, list):
        raise RecordingError(path, "is a HAR without a list of entries")
    captured = Captured(path, _requests(entries), import_id, word="entry", by_time=True)
    answers = [exchange.answer for exchange in captured.entries()]
    with_body = any(isinstance(answer, Response) and answer.body for answer in answers)
    if not with_body and any(isinstance(answer, TransportError) and answer.detail == _LEFT_OUT for answer in answers):
        raise RecordingError(path, "holds no body of an answer; save the HAR with content")
    return captured


def _requests(entries: list[object]) -> Iterator[CapturedRequest]:
    for entry in entries:
        request = member(entry, "request")
        yield CapturedRequest(
            member(request, "method"), member(request, "url"), _headers(request), partial(_read, entry)
        )


def _headers(message: object) -> Iterator[tuple[object, object]]:
    headers = member(message, "headers")
    for pair in headers if isinstance(headers, list) else []:
        yield member(pair, "name"), member(pair, "value")


def _read(entry: object) -> CapturedAnswer:
    return CapturedAnswer(_moment(member(entry, "startedDateTime")), _took(member(entry, "time")), _answer(entry))


def _moment(started: object) -> float:
    try:
        moment = datetime.fromisoformat(started) if isinstance(started, str) else None
    except ValueError:
        moment = None
    if moment is None:
        told = shown(started) if isinstance(started, str | None) else "no text"
        raise EntryError(f"its startedDateTime is {told}, not a time such as 2026-11-02T09:14:07.250Z")
    return seconds_of(moment)


def _took(milliseconds: object) -> float:
    if milliseconds is None:
        return 0.0
    if isinstance(milliseconds, int | float) and milliseconds <= 10**12:
        return max(milliseconds, 0) / 1000  # -1 is what a browser does not know, and less than that a clock set back
    told = shown(milliseconds) if isinstance(milliseconds, str | int | float) else "no number"
    raise EntryError(f"its time is {told}, not a number of milliseconds")


def _answer(entry: object) -> Response | TransportError:
    response = member(entry, "response")
    status = member(response, "status")
    reason = _reason(entry)
    if reason or status in (0, -1):
        _, kind, detail, permanent = next(row for row in _NO_ANSWER if reason.startswith(row[0]))
        return TransportError(kind, detail, permanent)
    content = member(response, "content")
    text, size = member(content, "text"), member(content, "size")
    if text is None and size != 0 and status in (200, "200"):  # that of any other status is not needed
        return TransportError("protocol", _LEFT_OUT)
    body = body_of(text, in_base64=member(content, "encoding") == "base64")
    return answer_of(status, headers_of(_headers(response)), body)


def _reason(entry: object) -> str:
    """Why there is no answer; Chromium writes it as `_error`, Playwright as `_failureText`."""
    response = member(entry, "response")
    reasons = [member(holder, name) for holder in (response, entry) for name in ("_error", "_failureText")]
    return next((reason for reason in reasons if isinstance(reason, str) and reason), "")
