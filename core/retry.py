"""When to poll again after a poll that brought nothing: the back-off, and what the service asks for.

Delays are in whole milliseconds. The jitter is drawn from the import's id, not from chance, so that the
core stays pure and a replay takes the same steps.
"""

import re
from zlib import crc32

from .policy import LONGEST

_SECONDS = re.compile(r"[0-9]+")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTTP_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (0[1-9]|[12][0-9]|3[01]) ([A-Z][a-z]{2}) ([0-9]{4}) "
    r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60) GMT"
)


def backoff(import_id: str, attempt: int, *, interval: int, max_delay: int) -> int:
    """Milliseconds to wait after the `attempt`-th failed poll in a row.

    >>> [backoff("1126", attempt, interval=1000, max_delay=30_000) for attempt in (1, 2, 3, 40)]
    [1461, 2458, 4016, 30000]
    """
    jitter = crc32(f"{import_id}:{attempt}".encode()) / 2**32
    doubled: int = interval * 2 ** min(attempt - 1, 40)  # beyond that any delay is the longest one
    return max(interval, round(min(max_delay, doubled * (1 + jitter / 2))))


def retry_after(value: str | None, date: str | None) -> int | None:
    """What a `Retry-After` header asks for, in milliseconds; None where there is none or it can't be read.

    A date is read against the answer's own `Date`, since nobody's clocks agree.

    >>> retry_after("5", None)
    5000
    >>> retry_after("Mon, 02 Nov 2026 09:15:00 GMT", "Mon, 02 Nov 2026 09:14:07 GMT")
    53000
    """
    if value is None:
        return None
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return _milliseconds(int(value.lstrip("0")[:10] or 0))  # ten digits are beyond the longest wait
    until, now = _http_date(value), _http_date(date or "")
    if until is None or now is None:
        return None
    return _milliseconds(max(until - now, 0))


def _milliseconds(seconds: int) -> int:
    return min(seconds, LONGEST) * 1000


def _http_date(text: str) -> int | None:
    """Seconds since a day long gone; the library's own readers bring a locale, or sockets."""
    match = _HTTP_DATE.fullmatch(text.strip())
    if match is None or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
    return ((_days(year, _MONTHS.index(match[2]) + 1, day) * 24 + hour) * 60 + minute) * 60 + second


def _days(year: int, month: int, day: int) -> int:
    """Days since 1 March of the year 0, counted in years that end with February."""
    if month < 3:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day
