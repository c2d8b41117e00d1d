"""Polls that other programs captured: which of the requests in a file are taken, and what is kept of each.

What the formats call things is the business of their readers, `har` and `vcr`.
"""

import base64
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, final
from urllib.parse import unquote_to_bytes, urlsplit

from spongewatch import MAX_BODY, PollPolicy, Redaction, Response, TransportError, is_import_id, shown

from .recording import Exchange, RecordingError
from .response_body import ResponseBody
from .trace_lines import KEPT_HEADERS, MAX_HEADER, without_secrets

MAX_FILE: Final = 24 * 1024 * 1024
"""Bytes of a file that is read as a whole."""

_MAX_BODIES = 8 * MAX_BODY
"""Bytes of all bodies that are taken from a file, inflated, those that were not kept too."""

_POLL = re.compile(r".*/events/([^/]+?)(?:\.json|\.xml)?")
_COMPRESSED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""How gzip and zlib begin, and neither JSON nor XML does."""

_LONGEST = 10**9
"""Seconds; no watch is thirty years long."""

_MAX_URL = 8_192
"""Characters; there is more in no url of a poll, and credentials are looked for in all of it."""

_MAX_SECRET = 256
_MAX_SECRETS = 4
"""Characters of a secret, and secrets in a file, which is two passwords: each body is searched for all of them."""

_LISTED = 10


class EntryError(ValueError):
    """What a file has on a request can't be used; the text says what it is."""


@final
@dataclass(frozen=True, slots=True)
class CapturedAnswer:
    """What came back: `sent` is when the request left, on any clock, None where nothing says; all in seconds."""

    sent: float | None
    took: float
    answer: Response | TransportError


@final
@dataclass(frozen=True, slots=True)
class CapturedRequest:
    """One request in a file, whatever it asked for; `headers` are its own, for the secrets in them.

    `read` gives what came back, or raises `EntryError`; only that of polls that are wanted is called.
    """

    method: object
    url: object = field(repr=False)
    headers: Iterable[tuple[object, object]] = field(repr=False)
    read: Callable[[], CapturedAnswer] = field(repr=False)


@final
class Captured:
    """A recording made of the polls of one import, `GET .../events/ID`, among captured requests.

    The import is `import_id`, else the only one that is polled. Times count from the first poll and never go
    back; a poll without one comes an interval after the one before. `by_time` takes the polls in the order in
    which they left, where the file may have another; `word` is what an entry of the file is called. Raises
    `RecordingError` where there is no such poll, and for one that can't be used.
    """

    def __init__(
        self,
        path: Path,
        requests: Iterable[CapturedRequest],
        import_id: str | None,
        *,
        word: str,
        by_time: bool = False,
    ) -> None:
        self._path, self._word = path, word
        polls = _polls(requests)
        chosen = _chosen(path, list(polls), import_id)
        self.import_id: str | None = chosen
        self.policy = PollPolicy.from_json({})
        self.resumed: Mapping[str, object] | None = None
        answers = self._answers(chosen, polls[chosen])
        if by_time:
            answers.sort(key=lambda numbered: numbered[1].sent or 0.0)
        self._exchanges = self._timed(answers)

    def entries(self) -> Generator[Exchange, None, None]:
        """One exchange a poll."""
        yield from self._exchanges

    def _answers(self, import_id: str, polls: list[tuple[int, CapturedRequest]]) -> list[tuple[int, CapturedAnswer]]:
        """What each poll brought, without secrets: those that any of them sent."""
        secrets: set[str] = set()
        for number, poll in polls:
            with self._naming(number):
                secrets.update(_secrets(poll))
                if len(secrets) > _MAX_SECRETS:
                    raise EntryError("it carries the third password in the file, and a watch has one")
        redaction = Redaction(secrets)
        answers: list[tuple[int, CapturedAnswer]] = []
        room = _MAX_BODIES
        for number, poll in polls:
            with self._naming(number):
                captured = poll.read()
                kept = _kept(captured.answer, import_id, redaction)
                room -= max(_cost(captured.answer), _cost(kept))
                if room < 0:
                    raise EntryError(f"the bodies up to here have more than {_MAX_BODIES:,} bytes")
                answers.append((number, replace(captured, answer=kept)))
        return answers

    def _timed(self, answers: list[tuple[int, CapturedAnswer]]) -> list[Exchange]:
        start = next((captured.sent for _, captured in answers if captured.sent is not None), 0.0)
        exchanges: list[Exchange] = []
        last = -self.policy.interval
        for number, captured in answers:
            with self._naming(number):
                if captured.sent is None:
                    last += self.policy.interval
                else:
                    last = max(last, captured.sent - start, 0.0)
                if not (last <= _LONGEST and 0 <= captured.took <= _LONGEST):
                    raise EntryError(f"its times can't be: {last:g} s after the first poll, for {captured.took:g} s")
                exchanges.append(Exchange(_milliseconds(last), _milliseconds(last + captured.took), captured.answer))
        return exchanges

    @contextmanager
    def _naming(self, number: int) -> Iterator[None]:
        try:
            yield
        except EntryError as error:
            raise RecordingError(self._path, f"{self._word} {number}: {error}") from None


def member(obj: object, *names: str) -> object:
    """What `obj` holds under the first of `names`, and that under the next; None where there is no such thing."""
    for name in names:
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj


def headers_of(pairs: Iterable[tuple[object, object]]) -> dict[str, str]:
    """The headers that may be of use, their names in lower case; of one that stands there twice, the first."""
    headers: dict[str, str] = {}
    for name, value in _texts(pairs):
        if name in KEPT_HEADERS and len(value) <= MAX_HEADER:
            headers.setdefault(name, value)
    return headers


def text_of(recorded: object) -> object:
    """The text, where `recorded` is the bytes of one; all else as it is."""
    if not isinstance(recorded, bytes):
        return recorded
    try:
        return recorded.decode()
    except UnicodeDecodeError:
        return recorded.decode("latin-1")


def seconds_of(moment: datetime) -> float:
    """The moment as seconds; one without a zone is of UTC, and never of the zone of this machine."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def body_of(recorded: object, *, in_base64: bool = False) -> bytes:
    """The bytes of a body; raises `EntryError` for what is none."""
    if recorded is None:
        return b""
    if isinstance(recorded, bytes):
        return recorded
    if not isinstance(recorded, str):
        raise EntryError("its body is not text")
    if not in_base64:
        return recorded.encode(errors="surrogatepass")
    try:
        return base64.b64decode("".join(recorded.split()), validate=True)
    except ValueError:
        raise EntryError("its body is not the base64 that it says it is") from None


def answer_of(status: object, headers: dict[str, str], body: bytes) -> Response | TransportError:
    """The answer; its body is inflated by what it is, for what the headers say may have been true once.

    Raises `EntryError` for a status that is none.
    """
    if (isinstance(status, str) and re.fullmatch(r"[0-9]{3}", status)) or (
        isinstance(status, float) and status.is_integer()
    ):
        status = int(status)
    if not isinstance(status, int) or not 100 <= status <= 599:
        told = shown(status) if isinstance(status, str | int | float | None) else "no number"
        raise EntryError(f"its status is {told}, not a number from 100 to 599")
    try:
        return Response(status, headers, _inflated(body))
    except TransportError as error:
        return error


def _inflated(body: bytes) -> bytes:
    if body.startswith(_COMPRESSED):
        try:
            return _bounded(ResponseBody(200, "gzip"), body)
        except TransportError as error:
            if error.kind == "too-large":
                raise
    return _bounded(ResponseBody(200), body)


def _bounded(whole: ResponseBody, body: bytes) -> bytes:
    whole.feed(body)
    return whole.finish()


def _polls(requests: Iterable[CapturedRequest]) -> dict[str, list[tuple[int, CapturedRequest]]]:
    """The polls of each import, with their numbers in the file."""
    polls: dict[str, list[tuple[int, CapturedRequest]]] = {}
    for number, request in enumerate(requests, start=1):
        if polled := _polled_import(request):
            polls.setdefault(polled, []).append((number, request))
    return polls


def _polled_import(request: CapturedRequest) -> str | None:
    if not isinstance(request.method, str) or request.method.upper() != "GET" or not isinstance(request.url, str):
        return None
    try:
        match = _POLL.fullmatch(urlsplit(request.url).path)
    except ValueError:
        return None
    return match[1] if match and is_import_id(match[1]) else None


def _chosen(path: Path, polled: list[str], import_id: str | None) -> str:
    if not polled:
        raise RecordingError(path, "holds no poll of an import, that is GET .../events/ID")
    if import_id is None and len(polled) == 1:
        return polled[0]
    if import_id in polled:
        return import_id
    listed = ", ".join(polled[:_LISTED]) + (f" and {len(polled) - _LISTED} more" if len(polled) > _LISTED else "")
    if import_id is None:
        raise RecordingError(path, f"holds polls of {len(polled)} imports: {listed}; say which with --import-id")
    raise RecordingError(path, f"holds no poll of import {import_id}, but of {listed}")


def _secrets(request: CapturedRequest) -> Iterator[str]:
    """The passwords that the request carries, and the pairs of key and password."""
    for key, password in _credentials(request):
        if len(key) + len(password) > _MAX_SECRET:
            raise EntryError(f"it carries credentials of more than {_MAX_SECRET} characters")
        if password:
            yield from (password, f"{key}:{password}")


def _credentials(request: CapturedRequest) -> Iterator[tuple[str, str]]:
    if len(str(request.url)) > _MAX_URL:
        raise EntryError(f"its url has more than {_MAX_URL:,} characters")
    url = urlsplit(str(request.url))
    yield _unquoted(url.username or ""), _unquoted(url.password or "")
    for key in _arguments(url.query, "domain_key") or [""]:
        for password in _arguments(url.query, "domain_password"):
            yield key, password
    for name, value in _texts(request.headers):
        if name == "authorization":
            yield _basic(value)


def _arguments(query: str, name: str) -> list[str]:
    """All values of the argument, with a plus sign as the blank that it stands for, and as it may have been meant."""
    pairs = [argument.partition("=") for argument in query.split("&")]
    values = [value for found, _, value in pairs if _unquoted(found) == name]
    return list(dict.fromkeys(_unquoted(text) for value in values for text in (value.replace("+", " "), value)))


def _unquoted(text: str) -> str:
    return str(text_of(unquote_to_bytes(text.encode(errors="surrogatepass"))))


def _texts(pairs: Iterable[tuple[object, object]]) -> Iterator[tuple[str, str]]:
    """Those headers that are text, their names in lower case."""
    for name, value in ((text_of(name), text_of(value)) for name, value in pairs):
        if isinstance(name, str) and isinstance(value, str):
            yield name.lower(), value


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        raw = base64.b64decode(token.strip(), validate=True)
    except ValueError:
        return "", token.strip()  # which is the secret, then
    key, _, password = str(text_of(raw)).partition(":")
    return key, password


def _cost(answer: Response | TransportError) -> int:
    """Bytes that it took to read and to search it; what did not inflate may have been inflated up to its end."""
    if isinstance(answer, TransportError):
        return MAX_BODY if answer.kind == "too-large" else 0
    return MAX_BODY if answer.body.startswith(_COMPRESSED) else len(answer.body)


def _kept(answer: Response | TransportError, import_id: str, redaction: Redaction) -> Response | TransportError:
    kept = without_secrets(answer, import_id, redaction)
    if isinstance(kept, Response) and len(kept.body) > MAX_BODY:  # a place is longer than a short secret
        return TransportError("too-large", f"the body of the answer has more than {MAX_BODY:,} bytes")
    return kept


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000) / 1000
