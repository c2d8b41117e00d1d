"""The native trace format, JSON lines, as it is read; `docs/reference/trace-format.md` specifies it."""

import base64
import binascii
import json
import re
from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar, final

from ...core import InvalidType, LocalProtocolError, PollPolicy, Response, TransportError, is_import_id
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
from .resumed import session_of

MARK = "spongewatch-trace"
VERSION = 1
MAX_LINE = 8 * MAX_BODY
"""Bytes of one line at the most: a full body in which each byte is written as an escape."""

_LONGEST = 10**9
"""Seconds; no trace is thirty years long."""

_Word = TypeVar("_Word")
_HEADER_START = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"spongewatch-trace"')


def is_trace(first_line: bytes) -> bool:
    """True where `first_line` is the header of a trace, or one that is broken."""
    if MARK.encode() not in first_line:  # before what may be another's whole file is parsed
        return False
    try:
        return MARK in _object(first_line)
    except ValueError:
        return _HEADER_START.match(first_line) is not None


@final
class Trace:
    """A trace in the native format; the header is read at once, the exchanges as they are asked for.

    Raises `RecordingError`, which names the line, for a header that is broken or of another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._lines()) as lines:
            number, header = next(lines, (1, b""))
        try:
            self.import_id, self.policy, self.resumed = _header(_object(header))
        except (ValueError, InvalidType, LocalProtocolError) as problem:
            raise RecordingError(path, str(problem), number) from None

    def entries(self) -> Generator[Entry, None, None]:
        """Each exchange, then how the recording ends, if it says."""
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
            raise RecordingError(self._path, f"can't be read: {error.strerror}") from None


class _NotJsonError(ValueError):
    pass


def _object(line: bytes) -> Mapping[str, object]:
    if len(line) == MAX_LINE:
        raise ValueError(f"is longer than {MAX_LINE:,} bytes")
    try:
        obj = json.loads(line)
    except (ValueError, RecursionError):
        raise _NotJsonError("is not JSON") from None
    if not isinstance(obj, dict):
        raise ValueError("is not a JSON object")
    return obj


def _header(header: Mapping[str, object]) -> tuple[str | None, PollPolicy, Mapping[str, object] | None]:
    version = header.get(MARK)
    if version is True or version != VERSION:
        raise ValueError(f"{MARK} is {shown(version)}; version {VERSION} is the one that can be read")
    if "format" in header:
        _one_of(header, "format", ("json", "xml"))
    _optional_text(header, "started")
    policy = header.get("policy", {})
    if not isinstance(policy, dict):
        raise ValueError(f"policy is {shown(policy)}, not an object")
    import_id = (_optional_text(header, "import_id") or "").strip()
    if import_id and not is_import_id(import_id):
        raise ValueError(f"import_id is {shown(import_id)}, which no import has")
    kept, resumed = PollPolicy.from_json(policy), header.get("resumed")
    if resumed is None:
        return import_id or None, kept, None
    if not isinstance(resumed, dict):
        raise ValueError(f"resumed is {shown(resumed)}, not an object")
    session_of(import_id, kept, resumed)  # what a replay will begin with
    return import_id, kept, resumed


def _entry(line: Mapping[str, object]) -> Exchange | End:
    sent = _seconds(line, "t")
    if "end" in line:
        return _end(line, sent)
    came = _to_milliseconds(sent + _seconds(line, "took"))
    return Exchange(sent, came, _error(line) if "error" in line else _response(line))


def _end(line: Mapping[str, object], at: float) -> End:
    outcome = _one_of(line, "end", OUTCOME_NAMES)
    reasons = OUTCOME_REASONS.get(outcome, ())
    reason = _one_of(line, "reason", reasons) if reasons and line.get("reason") is not None else None
    detail = shortened(_optional_text(line, "detail") or "")
    return End(at, outcome, reason, shortened(printable(detail)))


def _error(line: Mapping[str, object]) -> TransportError:
    permanent = line.get("permanent", False)
    if not isinstance(permanent, bool):
        raise ValueError(f"permanent is {shown(permanent)}, not true or false")
    kind: TransportErrorKind = _one_of(line, "error", TRANSPORT_ERROR_KINDS)
    return TransportError(kind, _optional_text(line, "detail") or "", permanent)


def _response(line: Mapping[str, object]) -> Response:
    status = line.get("status")
    if not isinstance(status, int) or isinstance(status, bool) or not 0 <= status <= 999:  # what some clients give
        raise ValueError(f"status is {shown(status)}, not a number from 0 to 999")
    headers = line.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise ValueError("headers are not an object of texts")
    return Response(status, {name.lower(): value for name, value in headers.items()}, _body(line))


def _body(line: Mapping[str, object]) -> bytes:
    try:
        if "body64" in line:
            return base64.b64decode((_optional_text(line, "body64") or "").encode(), validate=True)
        return (_optional_text(line, "body") or "").encode()
    except UnicodeEncodeError:
        raise ValueError("body is not text that UTF-8 can hold") from None
    except binascii.Error:
        raise ValueError("body64 is not base64") from None


def _seconds(line: Mapping[str, object], member: str) -> float:
    value = line.get(member)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST:
        return _to_milliseconds(value)
    raise ValueError(f"{member} is {shown(value)}, not a number of seconds")


def _to_milliseconds(seconds: float) -> float:
    return round(seconds * 1000) / 1000


def _one_of(line: Mapping[str, object], member: str, words: tuple[_Word, ...]) -> _Word:
    value = line.get(member)
    for word in words:
        if word == value:
            return word
    raise ValueError(f"{member} is {shown(value)}, not one of {', '.join(map(str, words))}")


def _optional_text(line: Mapping[str, object], member: str) -> str | None:
    value = line.get(member)
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{member} is {shown(value)}, not text")
