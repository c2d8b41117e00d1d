"""Invented contacts for the simulated service, in the shapes that recorded address books have."""

from collections.abc import Iterator
from typing import Final

_FIRST: Final = ("Mira", "Emre", "Judit", "Alex", "Noor", "Ines", "Tomasz", "Aiko", "Bea", "Kofi", "Lars", "Zoë", "")
_LAST: Final = ("Okonkwo", "Tinker", "Ng", "Sample", "Øster", "Garcia", "de Vries", "O'Hara", "Nowak", "Sato", "")
_DOMAINS: Final = ("example.com", "example.org", "example.net")
_STREETS: Final = ("Sample Road", "Test Street", "Example Avenue")
_CITIES: Final = (("Springfield", "OR", "97477"), ("Shelbyville", "IL", "62565"), ("Ogdenville", "ND", "58801"))

OWNER: Final = {
    "first_name": "Olive",
    "last_name": "Owner",
    "external_id": "7F3C0000-0000-0000-0000-000000000001",
    "phone": [],
    "email": [{"address": "olive.owner@example.com\t"}],
    "groups": [],
    "companies": [],
    "photos": [],
    "locations": [],
    "owner": True,
}


def invented_contacts(start: int, stop: int, *, with_addresses: bool) -> Iterator[dict[str, object]]:
    """Yield the contacts with the numbers from `start` to `stop`, the same ones each time.

    As in recorded address books, more than a third of the email entries have no address, some names are empty, and
    companies may be null.

    >>> [contact["first_name"] for contact in invented_contacts(0, 2, with_addresses=False)]
    ['Mira', 'Emre']
    """
    for number in range(start, stop):
        first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
        contact: dict[str, object] = {
            "first_name": first,
            "last_name": last,
            "phone": [{"number": f"(555)\n        {number:07}", "type": "Mobile"}] if number % 3 else [],
            "email": _emails(number, first, last),
        }
        if with_addresses:
            city, region, code = _CITIES[number % len(_CITIES)]
            street = f"{number + 1} {_STREETS[number % len(_STREETS)]}"
            place = {"street": street, "city": city, "region": region, "country": "US", "postal_code": code}
            contact["address"] = [{"type": "Home", **place}]
        contact |= {"groups": [], "companies": [None] if number % 7 == 0 else [], "photos": [], "locations": []}
        if number % 5 == 0:
            contact |= {"job_title": "Nurse", "dob": "1980-01-02", "birthday": "1980-01-02"}
        yield contact


def _emails(number: int, first: str, last: str) -> list[dict[str, object]]:
    name = "".join(c for c in f"{first}.{last}".lower() if c.isascii() and (c.isalnum() or c == ".")).strip(".")
    address = f"{name or 'contact'}.{number}@{_DOMAINS[number % len(_DOMAINS)]}"
    known: dict[str, object] = {"address": address, "type": "personal", "primary": True}
    missing: dict[str, object] = {"address": None, "type": "account"}
    return [missing] if number % 11 == 10 else [known, missing] if number % 2 else [known]
