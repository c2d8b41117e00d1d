"""Steps 1 and 3 without I/O: which request to send when, and when to give up.

Each function here is a generator. It yields the next step, a `Call` or a `Pause`, and is sent the result of the step
together with the time. It returns the result of the whole. A synchronous and an asynchronous client drive the same
generators, so that both retry alike.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, TypeVar, final

from .begin_import import BegunImport
from .contact import Contact
from .contacts import Contacts, ContactsPage, read_contacts
from .errors import RemoteProtocolError, TransportError
from .exchange import Request, Response
from .policy import check_seconds
from .retry import backoff, retry_after
from .service_error import ServiceError

BEGIN_ATTEMPTS: Final = 3
NOT_READY_GRACE: Final = 10.0
"""Seconds for which a 404 means that the contacts are not there yet."""

_READY_INTERVAL: Final = 1.0
"""Seconds between two requests for contacts that are not there yet."""

INVALID_PAGES: Final = 3
"""Invalid responses in a row after which a download ends."""

_T = TypeVar("_T")


@final
@dataclass(frozen=True, slots=True)
class Call:
    """Send `request`, with a timeout in seconds."""

    request: Request
    timeout: float


@final
@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


Result = tuple[Response | TransportError | None, float]
"""The result of a `Call` (None for a `Pause`), and the time in seconds."""

Steps = Generator[Call | Pause, Result, _T]


def begin(
    request: Request, read: Callable[[Response], BegunImport], *, now: float, timeout: float, service: str
) -> Steps[BegunImport]:
    """Begin an import.

    The request is repeated only after a failure that shows that it never left: a refused connection, or a name that
    can't be resolved.

    Raises:
        ServiceError: The service refused to begin the import, or could not be reached.
        RemoteProtocolError: The response can't be read.
        InvalidArgument: `timeout` is out of range.
        InvalidType: `timeout` is not a number.
    """
    check_seconds("timeout", timeout)
    end = now + timeout
    attempt = 0
    while True:
        attempt += 1
        result, now = yield Call(request, max(end - now, 0.001))
        if isinstance(result, Response):
            return read(result)
        assert result is not None
        if result.kind not in ("refused", "dns"):
            message = f"no response ({result}): the import may have begun, and trying again may ask the person twice"
            raise ServiceError("unavailable", message) from result
        pause = backoff(service, attempt, interval=1000, max_delay=8000) / 1000
        if result.permanent or attempt == BEGIN_ATTEMPTS or now + pause >= end:
            message = f"no connection to the service ({result}), so the import has not begun; try again later"
            raise ServiceError("unavailable", message) from result
        _, now = yield Pause(pause)


@final
class ContactsDownload:
    """Fetches the pages of one import's contacts in order, and checks that they fit together.

    Args:
        import_id: The import.
        request: Makes the request for the page that begins with a contact, by its 0-based index.
        timeout: Seconds for each page, repetitions included.
        restarts: How often to begin anew if the number of contacts changes between pages.

    Attributes:
        owner: The owner of the address book; known after the first page, if at all.
        total: How many contacts there are; None before the first page.
        fetched: How many of them have been fetched.
    """

    def __init__(self, import_id: str, request: Callable[[int], Request], *, timeout: float, restarts: int = 0) -> None:
        check_seconds("timeout", timeout)
        self.owner: Contact | None = None
        self.total: int | None = None
        self.fetched = 0
        self._import_id = import_id
        self._request = request
        self._now = 0.0
        self._ready_by: float | None = None  # set by the first page
        self._timeout = timeout
        self._restarts = restarts

    @property
    def done(self) -> bool:
        """True if all contacts have been fetched."""
        return self.fetched == self.total

    def next_page(self, *, now: float) -> Steps[tuple[Contact, ...] | None]:
        """Fetch the next page.

        Args:
            now: The time in seconds; any time may have passed since the last page.

        Returns:
            Its contacts; None if the number of contacts has changed, so that the download begins anew.

        Raises:
            ServiceError: The service refused the request, or did not respond in time.
            RemoteProtocolError: The pages are invalid or don't fit together.
        """
        page = yield from self._page(now)
        if self.total is not None and page.total != self.total:
            if not self._restarts:
                raise RemoteProtocolError(
                    f"the number of contacts of import {self._import_id} changed from {self.total:,} to "
                    f"{page.total:,} during the download; download them again"
                )
            self._restarts -= 1
            self.owner, self.total, self.fetched = None, None, 0
            return None
        if not page.contacts and self.fetched < page.total:
            raise RemoteProtocolError(
                f"import {self._import_id} has {page.total:,} contacts, but the page after {self.fetched:,} is empty"
            )
        self.total = page.total
        self.owner = self.owner or page.owner
        self.fetched += len(page.contacts)
        return page.contacts

    def whole(self, *, now: float) -> Steps[Contacts]:
        """Fetch all pages.

        Args:
            now: The time in seconds.

        Raises:
            ServiceError: As for `next_page`; its `contacts` are those fetched so far.
            RemoteProtocolError: The same.
        """
        contacts: list[Contact] = []
        self._now = now
        try:
            while not self.done:
                page = yield from self.next_page(now=self._now)
                if page is None:
                    contacts.clear()
                else:
                    contacts += page
        except (ServiceError, RemoteProtocolError) as error:
            error.contacts = tuple(contacts)
            raise
        return Contacts(self._import_id, tuple(contacts), self.owner)

    def _page(self, now: float) -> Steps[ContactsPage]:
        self._now = now
        if self._ready_by is None:
            self._ready_by = now + NOT_READY_GRACE
        request, end = self._request(self.fetched), now + self._timeout
        attempt = 0
        while True:
            result, self._now = yield Call(request, max(end - self._now, 0.001))
            attempt += 1
            failure: ServiceError | RemoteProtocolError
            try:
                return self._read(result)
            except (ServiceError, RemoteProtocolError) as error:
                failure = error
            pause = self._pause(failure, result, attempt)
            not_ready = isinstance(failure, ServiceError) and failure.reason == "not-ready"
            if pause is None or self._now + pause >= (min(end, self._ready_by) if not_ready else end):
                raise failure
            _, self._now = yield Pause(pause)

    def _read(self, result: Response | TransportError | None) -> ContactsPage:
        if isinstance(result, Response):
            return read_contacts(result, import_id=self._import_id, start=self.fetched)
        raise ServiceError("unavailable", f"no response with the contacts of import {self._import_id}: {result}")

    def _pause(
        self, failure: ServiceError | RemoteProtocolError, result: Response | TransportError | None, attempt: int
    ) -> float | None:
        """Return the seconds to wait before the request is repeated; None if that can't help."""
        if isinstance(failure, RemoteProtocolError):
            return self._backoff(attempt) if attempt < INVALID_PAGES else None
        if failure.reason == "not-ready":
            return _READY_INTERVAL
        if failure.reason != "unavailable" or (isinstance(result, TransportError) and result.permanent):
            return None
        headers = result.headers if isinstance(result, Response) else {}
        asked = retry_after(headers.get("retry-after"), headers.get("date"))
        return max((asked or 0) / 1000, self._backoff(attempt))

    def _backoff(self, attempt: int) -> float:
        return backoff(self._import_id, attempt, interval=1000, max_delay=30_000) / 1000
