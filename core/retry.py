"""The delay after a failed poll: exponential back-off, and the `Retry-After` header.

Delays are whole milliseconds. The jitter is computed from the import id instead of a random number, so that a replay
takes the same steps.
"""

import re
from typing import Final
from zlib import crc32

from .policy import LONGEST

_LIST_COMMA = re.compile(r"(?<!Mon|Tue|Wed|Thu|Fri|Sat|Sun|day),")
"""A comma between two values; the one after a weekday belongs to the date."""

_DIGITS: Final = 10
"""Digits of whole seconds; numbers with more are beyond the longest delay."""

_SECONDS = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = "(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
_DATES = (  # RFC 9110 §5.6.7: IMF-fixdate, RFC 850, asctime
    re.compile(rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(
        r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, "
        rf"(?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"
    ),
    re.compile(rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} (?P<day>[0-9 ][0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)


def backoff(import_id: str, attempt: int, *, interval: int, max_delay: int) -> int:
    """Return the delay after a failed poll, in milliseconds.

    Args:
        import_id: The id of the import, for the jitter.
        attempt: How many polls have failed in a row.
        interval: The shortest delay, in milliseconds.
        max_delay: The longest delay, in milliseconds.

    >>> [backoff("1126", attempt, interval=1000, max_delay=30_000) for attempt in (1, 2, 3, 40)]
    [1461, 2458, 4016, 30000]
    """
    jitter = crc32(f"{import_id}:{attempt}".encode()) / 2**32
    doubled: int = interval * 2 ** min(attempt - 1, 40)  # more would only cost time: the delay is `max_delay` by then
    return max(interval, round(min(max_delay, doubled * (1 + jitter / 2))))


def retry_after(value: str | None, date: str | None) -> int | None:
    """Read a `Retry-After` header (RFC 9110 §10.2.3).

    Decimals and lists (repeated headers joined by commas) are accepted too. The longest delay of a list counts, and
    values that can't be read are skipped.

    Args:
        value: The value of the header, or None if there is none.
        date: The `Date` header of the same response. HTTP dates are measured from it, because the two machines'
            clocks may differ. Without it, they can't be read.

    Returns:
        The delay in milliseconds, rounded up, at most 1,000,000,000 seconds; None if no value can be read.

    >>> retry_after("5", None), retry_after("0.25, 5", None)
    (5000, 5000)
    >>> retry_after("Mon, 02 Nov 2026 09:15:00 GMT", "Mon, 02 Nov 2026 09:14:07 GMT")
    53000
    """
    now = _http_date((date or "").strip(" \t"), _THIS_CENTURY)
    delays = [_delay(part.strip(" \t"), now) for part in _LIST_COMMA.split(value or "")]
    return max((delay for delay in delays if delay is not None), default=None)


_Date = tuple[int, int, int, int, int, int]
"""Year, month, day, hour, minute, second."""

_THIS_CENTURY: Final = (2050, 1, 1, 0, 0, 0)
"""The date from which a two-digit year in the `Date` header itself is measured."""


def _delay(text: str, now: _Date | None) -> int | None:
    if seconds := _SECONDS.fullmatch(text):
        return _milliseconds(seconds[1], seconds[2] or "")
    until = now and _http_date(text, now)
    if until is None or now is None:
        return None
    return min(max(_seconds(until) - _seconds(now), 0), LONGEST) * 1000


def _milliseconds(whole: str, fraction: str) -> int:
    """Return a decimal number of seconds in milliseconds, rounded up; the digits are bounded before conversion."""
    whole = whole.lstrip("0") or "0"
    if len(whole) > _DIGITS:
        return LONGEST * 1000
    beyond = fraction[3:].strip("0") != ""
    return min(int(whole) * 1000 + int(fraction[:3].ljust(3, "0")) + beyond, LONGEST * 1000)


def _http_date(text: str, now: _Date) -> _Date | None:
    """Parse an HTTP date; `email.utils` would import sockets, and `strptime` depends on the locale."""
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _DATES)), None)
    if match is None:
        return None
    year, month = int(match["year"]), _MONTHS.index(match["month"]) + 1
    day, hour, minute, second = (int(match[name]) for name in ("day", "hour", "minute", "second"))
    if len(match["year"]) == 2:
        year += (now[0] + 50) // 100 * 100
        # RFC 9110 §5.6.7: more than 50 years in the future means the last century's year with these digits.
        if (year, month, day, hour, minute, second) > (now[0] + 50, *now[1:]):
            year -= 100
    if not 1 <= day <= _days(year, month + 1, 1) - _days(year, month, 1):
        return None
    return year, month, day, hour, minute, second


def _seconds(date: _Date) -> int:
    year, month, day, hour, minute, second = date
    return ((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second


def _days(year: int, month: int, day: int) -> int:
    """Days since 1 March of the year 0, counted in years that end with February."""
    if month < 3:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day
