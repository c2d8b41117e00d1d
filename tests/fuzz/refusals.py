"""Target: error responses, with any status, headers and error message.

`Retry-After` has to agree with the standard library if both can read it.
"""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from spongewatch import Ended, ImportSession, LostContact, PollFailed, PollPolicy, Response
from spongewatch.core.retry import retry_after

from .choices import Choices
from .oracles import BASE_URL, CREDENTIALS, PASSWORD, hold_no_secret, is_printable_line, lines_of

_STATUSES = (503, 429, 500, 403, 404, 200, 204, 301, 401, 410, 422, 100, 999, 0, 99)
_TYPES = ("", "application/json", "application/xml; charset=utf-8", "text/html")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONGEST = 10**9
_DATE = "Mon, 02 Nov 2026 09:14:07 GMT"


def _seed(status: int, asked: str, date: str, body: bytes, content_type: int = 0) -> bytes:
    texts = b"".join(bytes([0, len(text)]) + text.encode("latin-1") for text in (asked, date))
    return bytes([_STATUSES.index(status), content_type]) + texts + body


SEEDS = (
    _seed(503, "5", _DATE, b""),
    _seed(429, " 0012 ", "", b'{"error": {"message": "slow down", "code": 429}}', 1),
    _seed(503, "Mon, 02 Nov 2026 09:15:00 GMT", _DATE, b"<error><message>busy</message></error>", 2),
    _seed(503, "Thu, 29 Feb 2024 23:59:59 GMT", "Wed, 31 Dec 2098 00:00:60 GMT", b""),
    _seed(403, "99999999999", "", b"<html>no</html>", 3),
    _seed(429, "", "today", b'{"error": "QUOTED \\u202e"}'),
    _seed(500, "", "", b"<error>" + 180 * b"x" + b"PASSWORD</error>"),
    _seed(401, "", "", b"{"),
    _seed(404, "86400", "", b""),
    _seed(204, "86400", "", b""),
    _seed(404, "", "", b'{"error": [1, {"message": null}]}'),
    bytes([0, 0, 1, 28, 1, 0xD0, 7, 1, 2, 3, 1, 1, 2, 0x34, 8, 4, 5, 6]),
    _seed(301, "", "", b'{"error": {"message": 5e400}}'),
)


def one_input(data: bytes) -> None:
    choices = Choices(data)
    status, content_type = choices.pick(_STATUSES), choices.pick(_TYPES)
    asked, date = _text_or_date(choices), _text_or_date(choices)
    body = choices.bytes(len(data))
    _agrees(asked, date)
    headers = {"content-type": content_type, "retry-after": asked, "date": date}
    session = ImportSession(
        "1126", CREDENTIALS, now=0.0, base_url=BASE_URL, policy=PollPolicy(lost_contact_timeout=None)
    )
    session.sent(now=0.0)
    emitted = session.receive(Response(status, headers, _with_password(body)), now=0.25)
    lines = lines_of(emitted)
    if b"p+/%" not in body:  # it would be mistaken for the secret
        hold_no_secret(session.save(), repr(session), repr(emitted), *lines)
    for item in emitted:
        if isinstance(item, PollFailed):
            is_printable_line(item.reason)
            assert item.retry_at is not None
            assert item.retry_at >= item.at + 1.0
        elif isinstance(item, Ended):
            is_printable_line(item.to_json()["detail"] or item.outcome.name)
            assert isinstance(item.outcome, LostContact) <= (status not in (200, 301, 401, 410, 422))
    resumed = ImportSession.resume(session.save(), CREDENTIALS, now=0.25, base_url=BASE_URL)
    assert resumed.save() == session.save()


def _text_or_date(choices: Choices) -> str:
    if choices.number() % 2 == 0:
        return choices.text()
    day, month, year = choices.number() % 32, choices.pick(_MONTHS), choices.number(2) % 10_000
    hour, minute, second = choices.number() % 24, choices.number() % 60, choices.number() % 61
    return f"Mon, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"


def _with_password(body: bytes) -> bytes:
    """Replace two words by the password, so that fuzzing doesn't mutate it."""
    quoted = json.dumps(PASSWORD)[1:-1].encode()
    return body.replace(b"PASSWORD", PASSWORD.encode()).replace(b"QUOTED", quoted)


def _agrees(asked: str, date: str) -> None:
    found = retry_after(asked, date)
    assert found is None or 0 <= found <= _LONGEST * 1000
    with suppress(ValueError, OverflowError):
        if found is not None:
            assert found == min(_seconds(asked, date), _LONGEST) * 1000, (asked, date)


def _seconds(asked: str, date: str) -> int:
    """Return the delay as the standard library reads it; raise `ValueError` if it can't."""
    if asked.strip().isdecimal():
        return int(asked)
    apart = _moment(asked) - _moment(date)
    return max(apart // timedelta(seconds=1), 0)


def _moment(date: str) -> datetime:
    return datetime.strptime(date.strip(), "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
