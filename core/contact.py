"""`Contact`: one person in a downloaded address book, and the parts of it.

The service's address books come from many providers, so nothing in a contact is required, and nothing is refused: text
of odd shape is read as far as possible, and what can't be read as described here stays in `extra`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, final


@final
@dataclass(frozen=True, slots=True)
class Email:
    """An email address. Its type is free text such as "Home"; a primary address is the person's main one.

    >>> Email("mira@example.com", "Home").address
    'mira@example.com'
    """

    address: str = field(repr=False)
    type: str = field(default="", repr=False)
    primary: bool = field(default=False, repr=False)

    def to_json(self) -> dict[str, object]:
        """Return the address as a JSON object with the service's keys."""
        return _shape(address=self.address, type=self.type, primary=self.primary)


@final
@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number as the person typed it.

    >>> Phone("5550100001", "Work").number
    '5550100001'
    """

    number: str = field(repr=False)
    type: str = field(default="", repr=False)
    primary: bool = field(default=False, repr=False)

    def to_json(self) -> dict[str, object]:
        """Return the number as a JSON object with the service's keys."""
        return _shape(number=self.number, type=self.type, primary=self.primary)


@final
@dataclass(frozen=True, slots=True)
class PostalAddress:
    """A postal address; only imports that were begun with `include=("mailing_address",)` have them.

    >>> PostalAddress(type="Home", city="Springfield").city
    'Springfield'
    """

    type: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    region: str = field(default="", repr=False)
    country: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    formatted: str = field(default="", repr=False)

    def to_json(self) -> dict[str, object]:
        """Return the address as a JSON object with the service's keys; empty parts are left out."""
        return {name: getattr(self, name) for name in _ADDRESS_PARTS if getattr(self, name)}


_ADDRESS_PARTS: Final = ("type", "street", "city", "region", "country", "postal_code", "formatted")


@final
@dataclass(frozen=True, slots=True)
class Contact:
    """One person in an address book. The repr shows how many values there are, never the values.

    Text has no whitespace around it, and single spaces inside. Email addresses and phone numbers that are null in the
    response are dropped.

    Attributes:
        first_name: Empty if the address book has none.
        last_name: Empty if the address book has none.
        emails: In the service's order; may be empty.
        phones: In the service's order.
        addresses: Postal addresses.
        companies: Names of companies.
        groups: Names of the groups that the person was sorted into.
        photos: URLs of photos.
        locations: Places, as text.
        job_title: Empty if unknown.
        birthday: As the provider writes it, often `1980-01-02`; empty if unknown.
        extra: All other keys of the object in the response, with unchanged values.

    >>> mira = Contact(first_name="Mira", emails=(Email("mira@example.com"), Email("m@example.org", primary=True)))
    >>> mira
    Contact(emails=2, phones=0)
    >>> mira.email
    'm@example.org'
    """

    first_name: str = ""
    last_name: str = ""
    emails: tuple[Email, ...] = ()
    phones: tuple[Phone, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()
    companies: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    job_title: str = ""
    birthday: str = ""
    extra: Mapping[str, object] = field(default_factory=lambda: _NOTHING, hash=False)

    @property
    def email(self) -> str | None:
        """The best email address: the primary one, else the first; None if there is none.

        >>> Contact().email is None
        True
        """
        best = next((email for email in self.emails if email.primary), None)
        return best.address if best else self.emails[0].address if self.emails else None

    def to_json(self) -> dict[str, object]:
        """Return the contact as a JSON object with the service's keys; empty members are left out.

        >>> Contact(first_name="Mira", emails=(Email("mira@example.com"),)).to_json()
        {'first_name': 'Mira', 'last_name': '', 'email': [{'address': 'mira@example.com'}]}
        """
        lists: dict[str, object] = {
            "email": [email.to_json() for email in self.emails],
            "phone": [phone.to_json() for phone in self.phones],
            "address": [address.to_json() for address in self.addresses],
            "companies": list(self.companies),
            "groups": list(self.groups),
            "photos": list(self.photos),
            "locations": list(self.locations),
            "job_title": self.job_title,
            "birthday": self.birthday,
        }
        known = {name: value for name, value in lists.items() if value}
        return {"first_name": self.first_name, "last_name": self.last_name, **known, **self.extra}

    def __repr__(self) -> str:
        try:
            return f"Contact(emails={len(self.emails)}, phones={len(self.phones)})"
        except AttributeError:  # a debugger shows a half-made object
            return "Contact()"

    def __reduce__(self) -> tuple[object, ...]:
        plain = {name: getattr(self, name) for name in _MEMBERS} | {"extra": dict(self.extra)}
        return _contact, (plain,)  # a read-only mapping is not pickled


_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_MEMBERS: Final = tuple(name for name in Contact.__dataclass_fields__ if name != "extra")


def _contact(members: dict[str, Any]) -> Contact:
    members["extra"] = MappingProxyType(members["extra"])
    return Contact(**members)


def read_contact(members: Mapping[str, object]) -> Contact:
    """Return the contact in a JSON object of the service; nothing is refused and nothing is lost.

    >>> contact = read_contact({"first_name": " Mira ", "email": [{"address": None}], "shoe_size": 38})
    >>> contact.first_name, contact.emails, dict(contact.extra)
    ('Mira', (), {'shoe_size': 38})
    """
    found: dict[str, Any] = {}
    extra: dict[str, object] = {}
    for name, (field_name, read) in _READERS.items():
        if value := members.get(name):
            result = read(value)
            if result is None or field_name in extra or found.get(field_name, result) != result:
                extra[name] = value
            elif result:
                found[field_name] = result
    # `owner` says only that this is `contacts_owner`
    extra |= {name: value for name, value in members.items() if name not in _READERS and name != "owner"}
    if extra:
        found["extra"] = MappingProxyType(extra)
    return Contact(**found)


def _text(value: object) -> str | None:
    """Return text without whitespace around it, and with single spaces inside."""
    if isinstance(value, str):
        return " ".join(value.split())
    return str(value) if type(value) in (int, float) else None


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    texts = [_text(each) for each in value if each is not None]
    return None if None in texts else tuple(text for text in texts if text)


def _objects(value: object) -> list[Mapping[str, object]] | None:
    """Return the objects in a list, without nulls."""
    if not isinstance(value, list):
        return None
    objects = [each for each in value if each is not None]
    return objects if all(isinstance(each, dict) for each in objects) else None


def _word(part: Mapping[str, object], name: str) -> str:
    value = part.get(name)
    return " ".join(value.split()) if type(value) is str else _text(value) or ""


def _emails(value: object) -> tuple[Email, ...] | None:
    parts = _objects(value)
    if parts is None:
        return None
    emails = [Email(_word(each, "address"), _word(each, "type"), each.get("primary") is True) for each in parts]
    return tuple(email for email in emails if email.address)


def _phones(value: object) -> tuple[Phone, ...] | None:
    parts = _objects(value)
    if parts is None:
        return None
    phones = [Phone(_word(each, "number"), _word(each, "type"), each.get("primary") is True) for each in parts]
    return tuple(phone for phone in phones if phone.number)


def _addresses(value: object) -> tuple[PostalAddress, ...] | None:
    parts = _objects(value)
    if parts is None:
        return None
    addresses = [[_word(each, name) for name in _ADDRESS_PARTS] for each in parts]
    return tuple(PostalAddress(*address) for address in addresses if any(address))


_READERS: Final[Mapping[str, tuple[str, Callable[[object], Any]]]] = {
    "first_name": ("first_name", _text),
    "last_name": ("last_name", _text),
    "email": ("emails", _emails),
    "phone": ("phones", _phones),
    "address": ("addresses", _addresses),
    "companies": ("companies", _texts),
    "groups": ("groups", _texts),
    "photos": ("photos", _texts),
    "locations": ("locations", _texts),
    "job_title": ("job_title", _text),
    "birthday": ("birthday", _text),
    "dob": ("birthday", _text),  # recorded responses contain both, with the same value
}
"""The listed members of a contact: the attribute, and the function that reads the value, or returns None."""


def _shape(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value}
