"""Selects the polls of one import among the requests that another program recorded."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, final

from ....core import PollPolicy, Response, TransportError
from ....core._shared import Redaction
from ..recording import Exchange, RecordingError
from .polls import (
    MAX_BODIES,
    Choice,
    Numbered,
    Poll,
    polls_by_import,
    too_large,
    without_pages,
    without_redirects,
)
from .request import CapturedRequest, EntryError
from .secrets import credentials_of, unquoted
from .times import MAX_SECONDS
from .urls import split_url

MAX_FILE: Final = 24 * 1024 * 1024
"""Upper bound for the bytes of a file that is read as a whole."""

_MAX_PASSWORDS: Final = 2
"""Upper bound for the different passwords in the polls of one import."""

_MAX_ALL_PASSWORDS: Final = 8
"""Upper bound for the different passwords in a file; each body is searched for all of them."""


@final
class Captured:
    """A recording of the polls of one import, `GET .../events/ID`.

    Times count from the first poll and never decrease. A poll without a recorded time is sent one interval after the
    previous one. Passwords in the file's requests are removed from the responses.

    Args:
        path: The file, for error messages.
        requests: All requests in the file.
        import_id: The import to read; None for the only one.
        word: The format's word for an entry, for error messages.
        by_time: Whether to sort the polls by their times, for formats that store entries in another order.
        max_bodies: Upper bound for the bytes of all decompressed bodies.

    Raises:
        RecordingError: There are no such polls, or one of them can't be read.
    """

    def __init__(
        self,
        path: Path,
        requests: Iterable[CapturedRequest],
        import_id: str | None,
        *,
        word: str,
        by_time: bool = False,
        max_bodies: int = MAX_BODIES,
    ) -> None:
        self._path, self._word, self._max_bodies = path, word, max_bodies
        numbered = list(enumerate(requests, start=1))
        candidates = polls_by_import(numbered)
        chosen = Choice(path, word, max_bodies).of(candidates, import_id)
        self.import_id: str | None = chosen
        self.policy = PollPolicy.from_json({})
        self.resumed: Mapping[str, object] | None = None
        redaction = Redaction(self._secrets(numbered, candidates[chosen])).for_import(chosen)
        polls = self._read(candidates[chosen])
        if by_time and all(poll.captured.sent is not None for poll in polls):
            polls.sort(key=lambda poll: poll.captured.sent or 0.0)
        polls = without_pages(without_redirects(polls))
        self._exchanges = [
            replace(exchange, response=redaction.clean(exchange.response)) for exchange in self._timed(polls)
        ]

    def entries(self) -> Generator[Exchange, None, None]:
        """Yield one exchange for each poll."""
        yield from self._exchanges

    def _secrets(self, numbered: list[Numbered], polls: list[Numbered]) -> set[str]:
        """Return the passwords in the file, alone and with their keys.

        Requests that are not polls, such as those that begin the import and fetch the contacts, carry the password too.
        """
        own = {number for number, _ in polls}
        hosts = {split_url(request.url).host for _, request in polls}
        others = [(number, request) for number, request in numbered if number not in own]
        secrets: set[str] = set()
        passwords: set[str] = set()
        seen: set[int] = set()
        for requests, is_poll, limit in ((polls, True, _MAX_PASSWORDS), (others, False, _MAX_ALL_PASSWORDS)):
            for number, request in requests:
                with self._naming(number):
                    of_service = is_poll or split_url(request.url).host in hosts
                    for key, password in credentials_of(request, of_service=of_service, strict=is_poll, seen=seen):
                        secrets.update((password, f"{key}:{password}"))
                        passwords.add(
                            unquoted(password).replace("+", " ")
                        )  # count several encodings of one password once
                    if len(passwords) > limit:
                        raise EntryError(f"it is beyond the limit of {limit} different passwords")
        return secrets

    def _read(self, polls: list[Numbered]) -> list[Poll]:
        read: list[Poll] = []
        room = self._max_bodies
        for number, request in polls:
            with self._naming(number):
                captured = request.read()
                room -= max(captured.extra, _size(captured.response))
                if room < 0:
                    raise EntryError(too_large(self._max_bodies))
                read.append(Poll(number, request, captured))
        return read

    def _timed(self, polls: list[Poll]) -> list[Exchange]:
        start = next((poll.captured.sent for poll in polls if poll.captured.sent is not None), 0.0)
        exchanges: list[Exchange] = []
        sent, received = -self.policy.interval, 0.0
        for poll in polls:
            captured = poll.captured
            with self._naming(poll.number):
                if captured.sent is None:
                    sent = max(sent + self.policy.interval, received)
                else:
                    sent = max(sent, captured.sent - start, 0.0)
                received = sent + captured.took
                if received > MAX_SECONDS:
                    raise EntryError(f"its times are out of range: {sent:g} s after the first poll")
                exchanges.append(Exchange(_milliseconds(sent), _milliseconds(received), captured.response))
        return exchanges

    @contextmanager
    def _naming(self, number: int) -> Iterator[None]:
        try:
            yield
        except EntryError as error:
            raise RecordingError(self._path, f"{self._word} {number}: {error}") from None


def _size(response: Response | TransportError) -> int:
    return len(response.body) if isinstance(response, Response) else 0


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000) / 1000
