"""Reads recorded times and durations, in all shapes in which programs write them."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Final

from ....core._shared import shown
from .request import EntryError, text_of

MAX_SECONDS: Final = 10**9
"""Upper bound for times within a recording (about 30 years)."""

_MAX_TEXT: Final = 100
_NUMBER = re.compile(r"\s*[+-]?[0-9]+(?:\.[0-9]*)?\s*")
_ZONE = re.compile(r"\s*(?:UTC|GMT|Z)$")  # Ruby and R
_BEFORE_OFFSET = re.compile(r"\s+(?=[-+][0-9]{2}:?[0-9]{2}$)")  # Psych
_JAVASCRIPT = re.compile(r"\w{3} (\w{3}) (\d{2}) (\d{4} [\d:]{8}) GMT([+-]\d{4})(?: \(.*\))?", re.ASCII)
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s|us|\u00b5s|\u03bcs|ns)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ns": 1e-9}


def moment_of(recorded: object, name: str) -> float | None:
    """Return a recorded time in seconds since 1970, None if none was recorded.

    Accepts ISO 8601, HTTP dates, the output of JavaScript's `Date`, and seconds or milliseconds since 1970. Times
    without a zone are UTC.

    Args:
        recorded: The recorded value.
        name: The name of the value, for error messages.

    Raises:
        EntryError: The value is not a time.
    """
    recorded = text_of(recorded)
    if recorded is None or recorded == "":
        return None
    number = _number(recorded)
    if number is not None and 10**8 <= number < 10**14:
        return number / 1000 if number >= 10**11 else number
    moment = _parsed(recorded.strip()) if isinstance(recorded, str) and len(recorded) <= _MAX_TEXT else None
    if moment is None:
        raise EntryError(f"its {name} must be a time such as 2026-11-02T09:14:07.250Z, not {_shown(recorded)}")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def duration_of(recorded: object, name: str) -> float:
    """Return a recorded duration in seconds.

    Accepts milliseconds, as a number or a string, and Go's `1.5s`. A missing or negative duration is 0: exporters write
    -1 for unknown durations.

    Args:
        recorded: The recorded value.
        name: The name of the value, for error messages.

    Raises:
        EntryError: The value is not a duration.
    """
    recorded = text_of(recorded)
    if recorded is None or recorded == "":
        return 0.0
    number = _number(recorded)
    if number is None and isinstance(recorded, str) and len(recorded) <= _MAX_TEXT:
        parts = _DURATION.findall(recorded)
        if parts and "".join(map("".join, parts)) == recorded.strip():
            number = sum(float(amount) * _UNITS[unit] for amount, unit in parts) * 1000
    if number is None or number > MAX_SECONDS * 1000:
        raise EntryError(f"its {name} must be a number of milliseconds, not {_shown(recorded)}")
    return max(number, 0.0) / 1000


def _number(recorded: object) -> float | None:
    if isinstance(recorded, str) and len(recorded) <= _MAX_TEXT and _NUMBER.fullmatch(recorded):
        return float(recorded)
    if isinstance(recorded, int | float) and not isinstance(recorded, bool):
        with suppress(OverflowError):
            return float(recorded) if isfinite(recorded) else None
    return None


def _parsed(text: str) -> datetime | None:
    iso = _BEFORE_OFFSET.sub("", _ZONE.sub("+00:00", text))
    with suppress(ValueError):
        return datetime.fromisoformat(iso)
    with suppress(ValueError, OverflowError, IndexError, TypeError):
        return parsedate_to_datetime(_JAVASCRIPT.sub(r"\2 \1 \3 \4", text))
    return None


def _shown(recorded: object) -> str:
    return shown(recorded) if isinstance(recorded, str | int | float) else f"a value of type {type(recorded).__name__}"
