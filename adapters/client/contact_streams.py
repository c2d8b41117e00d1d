"""Iterators over contacts that are downloaded page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import final

from ...core import Contact
from ...core._shared import ContactsDownload
from ...transports._shared import Unpicklable


@final
class ContactStream(Unpicklable, Iterator[Contact]):
    """Contacts that are downloaded page by page while they are iterated over; made by `Client.contacts`."""

    def __init__(self, download: ContactsDownload, fetch: Callable[[], tuple[Contact, ...] | None]) -> None:
        self._download = download
        self._fetch = fetch
        self._page: Iterator[Contact] = iter(())

    @property
    def owner(self) -> Contact | None:
        """The owner of the address book; None before the first contact, or if the service names none."""
        return self._download.owner

    @property
    def total(self) -> int | None:
        """How many contacts there are; None before the first contact."""
        return self._download.total

    def __next__(self) -> Contact:
        for contact in self._page:
            return contact
        if not self._download.done:
            self._page = iter(self._fetch() or ())
        return next(self._page)

    def __repr__(self) -> str:
        return f"<ContactStream {self._download.fetched} of {self._download.total}>"


@final
class AsyncContactStream(Unpicklable, AsyncIterator[Contact]):
    """Contacts that are downloaded page by page while they are iterated over; made by `AsyncClient.contacts`."""

    def __init__(self, download: ContactsDownload, fetch: Callable[[], Awaitable[tuple[Contact, ...] | None]]) -> None:
        self._download = download
        self._fetch = fetch
        self._page: Iterator[Contact] = iter(())

    @property
    def owner(self) -> Contact | None:
        """The owner of the address book; None before the first contact, or if the service names none."""
        return self._download.owner

    @property
    def total(self) -> int | None:
        """How many contacts there are; None before the first contact."""
        return self._download.total

    async def __anext__(self) -> Contact:
        for contact in self._page:
            return contact
        if not self._download.done:
            self._page = iter(await self._fetch() or ())
            for contact in self._page:
                return contact
        raise StopAsyncIteration

    def __repr__(self) -> str:
        return f"<AsyncContactStream {self._download.fetched} of {self._download.total}>"
