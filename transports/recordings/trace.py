"""Reads traces, this library's own format: JSON lines, specified in `docs/reference/trace-format.md`."""

import base64
import binascii
import json
import re
from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar, final

from ...core import PollPolicy, Response, SpongewatchError, TransportError, is_import_id
from ...core._shared import (
    MAX_BODY,
    OUTCOME_NAMES,
    OUTCOME_REASONS,
    TRANSPORT_ERROR_KINDS,
    TransportErrorKind,
    printable,
    shortened,
    shown,
)
from .recording import End, Entry, Exchange, RecordingError, TruncatedLine
from .resumed_header import session_of

MARK = "spongewatch-trace"
VERSION = 1
MAX_LINE = 8 * MAX_BODY
"""Upper bound for the bytes of a line; a body of `MAX_BODY` in which each byte is escaped fits."""

_LONGEST = 10**9
"""Upper bound for any time in a trace, in seconds (about 30 years)."""

_Word = TypeVar("_Word")
_HEADER_START = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"spongewatch-trace"')


def is_trace(first_line: bytes) -> bool:
    """Whether `first_line` is the header of a trace, damaged or not."""
    if MARK.encode() not in first_line:  # the line may be a whole HAR of many megabytes
        return False
    try:
        return MARK in _object(first_line)
    except ValueError:
        return _HEADER_START.match(first_line) is not None


@final
class Trace:
    """A trace; the header is read when it is opened, the entries lazily.

    Args:
        path: The file.

    Raises:
        RecordingError: The header is invalid or of another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._lines()) as lines:
            number, header = next(lines, (1, b""))
        try:
            self.import_id, self.policy, self.resumed = _header(_object(header))
        except (ValueError, SpongewatchError) as problem:
            raise RecordingError(path, str(problem), number) from None

    def entries(self) -> Generator[Entry, None, None]:
        """Yield each exchange, then how the watch ended, if the trace says so."""
        for number, line in self._lines():
            if number == 1 or not line.strip():
                continue
            entry: Entry
            try:
                entry = _entry(_object(line))
            except ValueError as problem:
                if line.endswith(b"\n") or not isinstance(problem, _NotJsonError):
                    raise RecordingError(self._path, str(problem), number) from None
                entry = TruncatedLine(number)
            yield entry
            if isinstance(entry, End):
                return

    def _lines(self) -> Generator[tuple[int, bytes], None, None]:
        try:
            with self._path.open("rb") as stream:
                yield from enumerate(iter(lambda: stream.readline(MAX_LINE), b""), start=1)
        except OSError as error:
            raise RecordingError(self._path, f"cannot be read: {error.strerror}") from None


class _NotJsonError(ValueError):
    """A line is not JSON, as a truncated one."""


def _object(line: bytes) -> Mapping[str, object]:
    if len(line) == MAX_LINE:
        raise ValueError(f"longer than {MAX_LINE:,} bytes")
    try:
        obj = json.loads(line)
    except (ValueError, RecursionError):
        raise _NotJsonError("not valid JSON") from None
    if not isinstance(obj, dict):
        raise ValueError("not a JSON object")
    return obj


def _header(header: Mapping[str, object]) -> tuple[str | None, PollPolicy, Mapping[str, object] | None]:
    version = header.get(MARK)
    if version is True or version != VERSION:
        raise ValueError(f"trace version must be {VERSION}, not {shown(version)}")
    if "format" in header:
        _one_of(header, "format", ("json", "xml"))
    _optional_text(header, "started")
    policy = header.get("policy", {})
    if not isinstance(policy, dict):
        raise ValueError(f"policy must be an object, not {shown(policy)}")
    import_id = (_optional_text(header, "import_id") or "").strip()
    if import_id and not is_import_id(import_id):
        raise ValueError(f"invalid import_id {shown(import_id)}")
    polling, resumed = PollPolicy.from_json(policy), header.get("resumed")
    if resumed is None:
        return import_id or None, polling, None
    if not isinstance(resumed, dict):
        raise ValueError(f"resumed must be an object, not {shown(resumed)}")
    session_of(import_id, polling, resumed)  # raises if no session can have this state
    return import_id, polling, resumed


def _entry(line: Mapping[str, object]) -> Exchange | End:
    sent = _seconds(line, "t")
    if "end" in line:
        return _end(line, sent)
    received = _to_milliseconds(sent + _seconds(line, "took"))
    return Exchange(sent, received, _error(line) if "error" in line else _response(line))


def _end(line: Mapping[str, object], at: float) -> End:
    outcome = _one_of(line, "end", OUTCOME_NAMES)
    reasons = OUTCOME_REASONS.get(outcome, ())
    reason = _one_of(line, "reason", reasons) if reasons and line.get("reason") is not None else None
    detail = shortened(_optional_text(line, "detail") or "")
    return End(at, outcome, reason, shortened(printable(detail)))


def _error(line: Mapping[str, object]) -> TransportError:
    permanent = line.get("permanent", False)
    if not isinstance(permanent, bool):
        raise ValueError(f"permanent must be true or false, not {shown(permanent)}")
    kind: TransportErrorKind = _one_of(line, "error", TRANSPORT_ERROR_KINDS)
    return TransportError(kind, _optional_text(line, "detail") or "", permanent)


def _response(line: Mapping[str, object]) -> Response:
    status = line.get("status")
    # Some HTTP clients report statuses such as 0 and 999.
    if not isinstance(status, int) or isinstance(status, bool) or not 0 <= status <= 999:
        raise ValueError(f"status must be a number from 0 to 999, not {shown(status)}")
    headers = line.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise ValueError("headers must be an object with string values")
    return Response(status, {name.lower(): value for name, value in headers.items()}, _body(line))


def _body(line: Mapping[str, object]) -> bytes:
    try:
        if "body64" in line:
            return base64.b64decode((_optional_text(line, "body64") or "").encode(), validate=True)
        return (_optional_text(line, "body") or "").encode()
    except UnicodeEncodeError:
        raise ValueError("body must be encodable as UTF-8") from None
    except binascii.Error:
        raise ValueError("body64 must be base64") from None


def _seconds(line: Mapping[str, object], key: str) -> float:
    value = line.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST:
        return _to_milliseconds(value)
    raise ValueError(f"{key} must be a number of seconds, not {shown(value)}")


def _to_milliseconds(seconds: float) -> float:
    return round(seconds * 1000) / 1000


def _one_of(line: Mapping[str, object], key: str, words: tuple[_Word, ...]) -> _Word:
    value = line.get(key)
    for word in words:
        if word == value:
            return word
    raise ValueError(f"{key} must be one of {', '.join(map(str, words))}, not {shown(value)}")


def _optional_text(line: Mapping[str, object], key: str) -> str | None:
    value = line.get(key)
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{key} must be a string, not {shown(value)}")
