"""Contacts as text, one line each: CSV for spreadsheets, JSON lines for programs."""

import csv
import json
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Final

from ..core import Contact, PostalAddress

CSV_COLUMNS: Final = (
    "first_name",
    "last_name",
    "email",
    "emails",
    "phones",
    "addresses",
    "companies",
    "groups",
    "job_title",
    "birthday",
)
_SEPARATOR: Final = "; "
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""The first characters of cells that spreadsheets run as formulas (OWASP, "CSV Injection")."""


def csv_lines(contacts: Iterable[Contact], *, raw: bool = False) -> Iterator[str]:
    """Yield a header and one CSV record for each contact (RFC 4180).

    `email` is the best address, `emails` has all; values of a list are separated by "; ".

    Args:
        contacts: The contacts.
        raw: Leave cells as they are. By default a cell that a spreadsheet could run as a formula gets a leading
            apostrophe.

    >>> from spongewatch import Email
    >>> *_, record = csv_lines([Contact(first_name="=1+1", emails=(Email("mira@example.com"),))])
    >>> record.rstrip()
    "'=1+1,,mira@example.com,mira@example.com,,,,,,"
    """
    yield _record(CSV_COLUMNS)
    for contact in contacts:
        cells = _cells(contact)
        yield _record(cells if raw else map(_harmless, cells))


def json_lines(contacts: Iterable[Contact]) -> Iterator[str]:
    """Yield each contact as a line of JSON, with the service's keys.

    >>> print(*json_lines([Contact(first_name="Mira")]), end="")
    {"first_name": "Mira", "last_name": ""}
    """
    for contact in contacts:
        yield json.dumps(contact.to_json()) + "\n"


def _record(cells: Iterable[str]) -> str:
    buffer = StringIO(newline="")
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _cells(contact: Contact) -> list[str]:
    return [
        contact.first_name,
        contact.last_name,
        contact.email or "",
        _SEPARATOR.join(email.address for email in contact.emails),
        _SEPARATOR.join(phone.number for phone in contact.phones),
        _SEPARATOR.join(map(_address, contact.addresses)),
        _SEPARATOR.join(contact.companies),
        _SEPARATOR.join(contact.groups),
        contact.job_title,
        contact.birthday,
    ]


def _address(address: PostalAddress) -> str:
    parts = (address.street, f"{address.postal_code} {address.city}".strip(), address.region, address.country)
    return address.formatted or ", ".join(filter(None, parts))


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
