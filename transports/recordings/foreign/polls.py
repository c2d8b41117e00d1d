"""Finds the polls of an import among recorded requests, and drops redirects and other sites' pages."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from ....core import RemoteProtocolError, Response, TransportError, decode
from ....core._shared import MAX_BODY
from ..recording import RecordingError
from .request import CapturedRequest, CapturedResponse, EntryError
from .secrets import credentials_of
from .urls import polled_import, redirect_target, split_url

MAX_BODIES: Final = 8 * MAX_BODY
"""Upper bound for the bytes of all decompressed bodies of a file, including those that are dropped later."""

_HOST: Final = "cloudsponge.com"
_FOLLOWED: Final = {301, 302, 303, 307, 308}
_LISTED: Final = 10
_START: Final = 4_096
_ERROR = re.compile(
    rb"""\s*(?:\{.*?"error"\s*:\s*\{[^{}]*"message" | <(?!!doctype|html).*?error[\s>].*?<message[\s>])""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
"""The service's error envelope, in JSON and in XML (wire facts)."""

Numbered = tuple[int, CapturedRequest]


class Poll(NamedTuple):
    """One poll: the number of its request in the file, the request, and its response."""

    number: int
    request: CapturedRequest
    captured: CapturedResponse


def polls_by_import(requests: Iterable[Numbered]) -> dict[str, list[Numbered]]:
    """Return the requests that look like polls, grouped by the id in their URL."""
    polls: dict[str, list[Numbered]] = {}
    for number, request in requests:
        polled = polled_import(request.url)
        if polled and request.is_get:
            polls.setdefault(polled, []).append((number, request))
    return polls


class Choice:
    """Chooses the import to read.

    The URLs of other sites may end in `/events/WORD` too. So a candidate is an import if one of its responses is the
    service's; or, without such a candidate, if its requests were sent to the service and none returned a page.

    Args:
        path: The file, for error messages.
        word: The format's word for an entry, for error messages.
        max_bodies: Upper bound for the bytes of all decompressed bodies.
    """

    def __init__(self, path: Path, word: str, max_bodies: int) -> None:
        self._path, self._word, self._room = path, word, max_bodies
        self._max_bodies = max_bodies
        self._problem = ""

    def of(self, candidates: Mapping[str, list[Numbered]], import_id: str | None) -> str:
        """Return `import_id`, or if it is None the only import.

        Raises:
            RecordingError: There is no such import, or there are several.
        """
        wanted = {name: polls for name, polls in candidates.items() if import_id in (None, name)}
        imports = [name for name, polls in wanted.items() if self._has_response(polls)]
        if not imports and not self._problem:
            imports = [name for name, polls in wanted.items() if self._went_to_service(polls)]
        if len(imports) == 1:
            return imports[0]
        if imports:
            listed = _listed(imports)
            problem = f"contains polls of {len(imports)} imports: {listed}; choose one with --import-id"
        elif not candidates:
            problem = "contains no poll of an import (GET .../events/ID)"
        elif import_id is not None and import_id not in candidates:
            problem = f"contains no poll of import {import_id}, only of {_listed(list(candidates))}"
        else:
            asked = import_id or _listed(list(candidates))
            problem = self._problem or (
                f"contains no response of the service: GET .../events/{asked} returned neither events nor its error"
            )
        raise RecordingError(self._path, problem)

    def _has_response(self, polls: list[Numbered]) -> bool:
        """Whether one of `polls` has a response of the service; remembers the first problem."""
        for number, request in polls:
            try:
                captured = request.read()
            except EntryError as error:
                self._problem = self._problem or f"{self._word} {number}: {error}"
                continue
            self._room -= captured.extra
            if self._room < 0:
                raise RecordingError(self._path, f"{self._word} {number}: {too_large(self._max_bodies)}")
            if is_of_service(captured.response):
                return True
            self._problem = self._problem or captured.missing
        return False

    def _went_to_service(self, polls: list[Numbered]) -> bool:
        """Whether one of `polls` has the service's host or a password, and none of them returned a page."""
        if any(_is_page(request.read().response) for _, request in polls):
            return False
        for number, request in polls:
            host = split_url(request.url).host
            try:
                if host == _HOST or host.endswith(f".{_HOST}") or any(credentials_of(request)):
                    return True
            except EntryError as error:
                self._problem = f"{self._word} {number}: {error}"
                break
        return False


def too_large(max_bodies: int) -> str:
    """Return the error text for too many bytes of bodies."""
    return f"the bodies up to this one have more than {max_bodies:,} bytes"


def is_of_service(response: Response | TransportError) -> bool:
    """Whether the body of `response` is a list of events or the service's error envelope."""
    if isinstance(response, TransportError):
        return False
    with suppress(RemoteProtocolError):
        decode(response.body, response.headers.get("content-type"))
        return True
    return _ERROR.match(response.body[:_START]) is not None


def without_redirects(polls: list[Poll]) -> list[Poll]:
    """Drop each redirect that the client followed, i.e. whose target is the URL of the next poll.

    The remaining poll starts when the redirected request was sent.
    """
    kept: list[Poll] = []
    for poll in polls:
        captured = poll.captured
        if kept and _was_followed(kept[-1], poll):
            first = kept.pop().captured
            if first.sent is not None and captured.sent is not None:
                took = max(captured.sent - first.sent, 0.0) + captured.took
                captured = replace(captured, sent=first.sent, took=took)
        kept.append(poll._replace(captured=captured))
    return kept


def without_pages(polls: list[Poll]) -> list[Poll]:
    """Drop pages of other sites whose URLs end in the same id.

    From a site that never returned a response of the service, only errors and empty responses are kept.
    """
    places = {_place(poll) for poll in polls if is_of_service(poll.captured.response)}
    kept: list[Poll] = []
    for poll in polls:
        response = poll.captured.response
        if _place(poll) in places or isinstance(response, TransportError):
            kept.append(poll)
        elif not _is_page(response):
            empty = replace(poll.captured, response=replace(response, body=b""))
            kept.append(poll._replace(captured=empty))
    return kept


def _is_page(response: Response | TransportError) -> bool:
    return isinstance(response, Response) and response.status == 200 and response.body != b""


def _place(poll: Poll) -> tuple[str, str]:
    """Return the host of a poll and the part of its path before `events`."""
    url = split_url(poll.request.url)
    return url.host, url.path.lower().rpartition("events")[0]


def _was_followed(redirect: Poll, poll: Poll) -> bool:
    response, location = redirect.captured.response, redirect.captured.location
    if isinstance(response, TransportError) or response.status not in _FOLLOWED:
        return False
    here, there = split_url(redirect.request.url), split_url(poll.request.url)
    if not location:
        return there.place != here.place
    target = redirect_target(redirect.request.url, location)
    # A browser may have upgraded the target to https by itself.
    return there[3:5] == target[3:5] and (there.scheme == target.scheme or there.place != here.place)


def _listed(imports: list[str]) -> str:
    rest = len(imports) - _LISTED
    return ", ".join(imports[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")
