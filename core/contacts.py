"""Step 3: the request for a page of contacts, and what its response says.

The facts are those of the service's page "Step 3" and of recorded responses. Pages are numbered from the 0-based index
of their first contact; services may ignore paging and return everything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, final, overload

from .codec import json_or_problem
from .contact import Contact, read_contact
from .credentials import Credentials
from .endpoint import PUBLIC_SERVICE, Auth, checked_import_id
from .errors import InvalidArgument, RemoteProtocolError
from .events import MAX_NUMBER, is_count, optional_text
from .exchange import Request, Response
from .service_error import ServiceError, reason_for
from .service_request import service_request
from .text import shown

PAGE_SIZE: Final = 500
MAX_PAGE_BODY: Final = 64 * 1024 * 1024
MAX_PAGE_CONTACTS: Final = 100_000


@final
@dataclass(frozen=True, slots=True)
class ContactsPage:
    """One page of the contacts of an import.

    Attributes:
        import_id: The import, or None if the response doesn't name it.
        start: The 0-based index of the first contact of this page.
        total: How many contacts the import has.
        contacts: The contacts of this page.
        owner: The owner of the address book, or None.
        user_id: The `user_id` that the import was begun with, or None.
        echo: The `echo` of the request, or None.

    >>> page = read_contacts(Response(200, {}, b'{"contacts": [{"first_name": "Mira"}], "start": 0, "total": 1}'))
    >>> page.total, page.contacts[0].first_name
    (1, 'Mira')
    """

    import_id: str | None
    start: int
    total: int
    contacts: tuple[Contact, ...] = field(repr=False)
    owner: Contact | None = field(repr=False)
    user_id: str | None = field(repr=False)
    echo: str | None = field(repr=False)


@final
@dataclass(frozen=True, slots=True)
class Contacts(Sequence[Contact]):
    """All contacts of an import, in the service's order, with the owner of the address book.

    >>> contacts = Contacts("1126", (Contact(first_name="Mira"),), owner=None)
    >>> contacts, len(contacts), contacts.total, contacts[0].first_name
    (Contacts(import_id='1126', total=1), 1, 1, 'Mira')
    """

    import_id: str
    _contacts: tuple[Contact, ...] = field(repr=False)
    owner: Contact | None = field(repr=False)

    @property
    def total(self) -> int:
        """How many contacts there are."""
        return len(self._contacts)

    def __len__(self) -> int:
        return len(self._contacts)

    def __iter__(self) -> Iterator[Contact]:
        return iter(self._contacts)

    @overload
    def __getitem__(self, index: int) -> Contact: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Contact, ...]: ...
    def __getitem__(self, index: int | slice) -> Contact | tuple[Contact, ...]:
        return self._contacts[index]

    def __repr__(self) -> str:
        return f"Contacts(import_id={self.import_id!r}, total={self.total})"


def contacts_request(
    import_id: str | int,
    credentials: Credentials | None,
    *,
    start: int = 0,
    count: int = PAGE_SIZE,
    base_url: str = PUBLIC_SERVICE,
    auth: Auth = "basic",
    insecure_http: bool = False,
) -> Request:
    """Return the request for one page of contacts.

    Args:
        import_id: The import, a str or an int.
        credentials: The domain key and password; None sends none.
        start: The 0-based index of the first contact.
        count: How many contacts to ask for; 0 asks for all.
        base_url: The URL of the service.
        auth: How credentials are sent, "basic" or "query".
        insecure_http: Allow plain http to another machine.

    Raises:
        InvalidArgument: An argument can't be used; the message names it.
        InvalidType: An argument has the wrong type.

    >>> print(contacts_request("1126", None, start=500).url)
    https://api.cloudsponge.com/contacts/1126.json?start=500&count=500
    """
    for name, value in (("start", start), ("count", count)):
        if not is_count(value):
            raise InvalidArgument(f"{name} must be a whole number from 0 to {MAX_NUMBER:,}, not {shown(value)}")
    return service_request(
        "GET",
        f"contacts/{checked_import_id(import_id)}.json",
        credentials,
        base_url=base_url,
        auth=auth,
        insecure_http=insecure_http,
        arguments={"start": str(start), "count": str(count)},
        max_body=MAX_PAGE_BODY,
    )


def read_contacts(response: Response, *, import_id: str | None = None, start: int = 0) -> ContactsPage:
    """Return the page of contacts in a response.

    Args:
        response: The response to a `contacts_request`.
        import_id: The import that was asked for; None accepts any.
        start: The `start` that was asked for.

    Raises:
        ServiceError: The status is not 200. Its message quotes nothing of the body.
        RemoteProtocolError: The body is not such a page; the message quotes nothing of it either.

    >>> read_contacts(Response(410), import_id="1126")
    Traceback (most recent call last):
    spongewatch.core.service_error.ServiceError: the contacts of import 1126 have been deleted; begin a new import \
(status 410)
    """
    name = f"import {import_id}" if import_id else "this import"
    if response.status != 200:
        reason = reason_for(response.status, of_contacts=True)
        raise ServiceError(reason, _MESSAGES[reason].format(name), response.status)
    page = _page(response.body, import_id, start)
    if isinstance(page, str):
        raise RemoteProtocolError(page)
    return page


def _page(body: bytes, import_id: str | None, start: int) -> ContactsPage | str:
    """Return the page, or a str with the problem.

    Nothing is raised here: the frame holds contacts, and error reporters print the locals of frames that raise.
    """
    if len(body) > MAX_PAGE_BODY:
        return f"the page of contacts has more than {MAX_PAGE_BODY:,} bytes"
    page, problem = json_or_problem(body)
    if problem:
        return problem
    if not isinstance(page, dict) or not isinstance(page.get("contacts"), list):
        return "the response has no list of contacts"
    rows = page["contacts"]
    if len(rows) > MAX_PAGE_CONTACTS:
        return f"the page has {len(rows):,} contacts; the maximum is {MAX_PAGE_CONTACTS:,}"
    if not all(isinstance(row, dict) for row in rows):
        return "an entry in the list of contacts is not an object"
    if "total" not in page:
        return "the page has no total"
    total, first, count = page["total"], page.get("start", start), page.get("count", len(rows))
    for name, number in (("total", total), ("start", first), ("count", count)):
        if not is_count(number):
            return f"the page's {name} is not a whole number"
    if first != start:
        return f"the page does not begin with contact {start:,}, which was asked for"
    if count != len(rows):
        return "the page's count is not the number of contacts in it"
    if rows and start + len(rows) > total:  # an empty page is allowed: the address book may have shrunk
        return "the pages have more contacts than their total"
    named = page.get("import_id", import_id)
    found = str(named) if isinstance(named, str | int) else None
    if import_id is not None and found != import_id:
        return f"the contacts are those of another import than {import_id}"
    owner = page.get("contacts_owner")
    return ContactsPage(
        found,
        start,
        total,
        tuple(map(read_contact, rows)),
        read_contact(owner) if isinstance(owner, dict) else None,
        optional_text(page.get("user_id")),
        optional_text(page.get("echo")),
    )


_MESSAGES: Final = {
    "credentials": "the service refused the domain key and password, or {} belongs to another account",
    "request": "the service refused the request for the contacts of {}",
    "not-ready": "the contacts of {} are not there yet; try again in a moment",
    "gone": "the contacts of {} have been deleted; begin a new import",
    "unavailable": "the service can't return the contacts of {} at the moment; try again before they are deleted",
}
