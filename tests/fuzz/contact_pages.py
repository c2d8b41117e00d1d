"""Target: any bytes as a page of contacts. Errors quote nothing of it, and what is read is written as CSV and JSON."""

import csv
import json
import re
from io import StringIO
from pathlib import Path

import spongewatch
from spongewatch import Contact, ContactsPage, RemoteProtocolError, Response, ServiceError, read_contacts
from spongewatch.adapters.contact_lines import CSV_COLUMNS, csv_lines, json_lines
from spongewatch.core.contact import read_contact

from .choices import Choices
from .oracles import is_printable_line

_STATUSES = (200, 401, 404, 410, 429, 503, 302, 999)
_WORD = re.compile(r"[A-Za-z]+|[^\x00-\x7f]")
_OWN_WORDS = {
    word for file in Path(spongewatch.__file__).parent.glob("core/*.py") for word in _WORD.findall(file.read_text())
}
_TEXTS = (
    "Zqmira",
    " Zq Mira\t\n",
    "=Zqcmd()",
    "-Zq",
    "@Zq",
    "\tZq=",
    'Zq", "',
    "Zq\x00\x1b[2J\u202e",
    "\ud800",
    "",
    None,
    5,
    1.5,
    True,
    [],
    {},
    {"Zq": ["Zq"]},
    10**20,
    float("inf"),
)
_TEXT_MEMBERS = ("first_name", "last_name", "job_title", "dob", "birthday", "title", "owner", "external_id")
_LISTS = ("email", "phone", "address", "companies", "groups", "photos", "locations")
_PARTS = ("address", "number", "type", "street", "city", "region", "country", "postal_code", "formatted", "primary")
_HEADER_MEMBERS = ("start", "count", "total", "import_id", "contacts_owner", "user_id", "echo", "contacts")
_HEADER_VALUES = (
    0,
    1,
    2,
    500,
    "1",
    "1126",
    1126,
    1127,
    -1,
    10**16,
    True,
    None,
    [],
    {},
    "Zqecho",
    [{"first_name": "Zq"}],
)


def _page(*contacts: object, **members: object) -> bytes:
    return b"\x01\x00" + json.dumps({"contacts": contacts, "start": 0, "total": len(contacts), **members}).encode()


SEEDS = (
    _page({"first_name": "Zqmira", "email": [{"address": "zq@example.com", "primary": True}]}, count=1, import_id=1126),
    _page({"phone": [{"number": "(555)\n 1"}], "companies": [None]}, contacts_owner={"owner": True, "email": []}),
    _page({"birthday": "1980-01-02", "dob": "1980-01-03"}, {"dob": "1980-01-03", "birthday": "1980-01-02"}),
    _page({"birthday": {"year": 1980}, "dob": "1980-01-03"}, {"first_name": ["Zq"], "email": 5}),
    _page(total=0),
    _page(5),
    _page({"Zqkey": {"Zq": []}}, import_id="Zq"),
    b"\x01\x00<html>Zq</html>",
    b"\x01\x00" + json.dumps({"contacts": [], "total": 0}).encode("utf-16"),
    b'\x01\x00{"contacts": [' + 40 * b"[",
    b"\x01\x00\xff\xfe",
    b'\x01\x03{"error": {"message": "Zqmira is gone", "code": 410}}',
    *(bytes([0, 0, 1, 0, 2, number, number, 1, number, 1, number]) for number in range(len(_TEXTS))),
    *(bytes([0, 0, 0, 1, number % 8, number]) for number in range(len(_HEADER_VALUES))),
)


def one_input(data: bytes) -> None:
    choices = Choices(data)
    made, status = choices.number() % 2 == 0, choices.pick(_STATUSES)
    body = _made(choices) if made else choices.bytes(len(data))
    for start, import_id in ((0, "1126"), (1, None)):
        page = _read(Response(status, {}, body), start, import_id)
        if page is not None:
            _holds(page)
            assert (status, page.start) == (200, start)
            assert import_id in (None, page.import_id)


def _read(response: Response, start: int, import_id: str | None) -> ContactsPage | None:
    try:
        return read_contacts(response, import_id=import_id, start=start)
    except (ServiceError, RemoteProtocolError) as error:
        is_printable_line(error)
        assert error.__cause__ is None, "an error reporter would show it"
        assert {*_WORD.findall(f"{error} {error!r}")} <= _OWN_WORDS, "a word of the body"
        return None


def _holds(page: ContactsPage) -> None:
    assert not page.contacts or 0 <= page.start <= page.start + len(page.contacts) <= page.total
    assert re.fullmatch(r"ContactsPage\(import_id=.*, start=\d+, total=\d+\)", repr(page), re.DOTALL)
    for contact in (*page.contacts, *filter(None, [page.owner])):
        _is_kept(contact)
    lines = [*json_lines(page.contacts)]
    assert all(line.isascii() and line.endswith("\n") and line.count("\n") == 1 for line in lines)
    header, *rows = csv.reader(StringIO("".join(csv_lines(page.contacts)), newline=""))
    assert tuple(header) == CSV_COLUMNS
    assert len(rows) == len(lines) == len(page.contacts)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


def _is_kept(contact: Contact) -> None:
    """Check that a contact is written and read again without a loss, and that its repr shows numbers alone."""
    again = read_contact(contact.to_json())
    assert json.dumps(again.to_json(), sort_keys=True) == json.dumps(contact.to_json(), sort_keys=True)
    assert re.fullmatch(r"Contact\(emails=\d+, phones=\d+\)", repr(contact))


def _made(choices: Choices) -> bytes:
    """Build a page of odd contacts, with odd members around them."""
    contacts = []
    for _ in range(choices.number() % 4):
        contact: dict[str, object] = {}
        for _ in range(choices.number() % 6):
            contact[choices.pick(_TEXT_MEMBERS)] = choices.pick(_TEXTS)
        for _ in range(choices.number() % 4):
            entries = [_entry(choices) for _ in range(choices.number() % 3)]
            contact[choices.pick(_LISTS)] = entries
        contacts.append(contact)
    page: dict[str, object] = {"contacts": contacts, "total": len(contacts), "import_id": 1126}
    for _ in range(choices.number() % 4):
        page[choices.pick(_HEADER_MEMBERS)] = choices.pick(_HEADER_VALUES)
    return json.dumps(page).encode()


def _entry(choices: Choices) -> object:
    if choices.flag():
        return choices.pick(_TEXTS)
    return {choices.pick(_PARTS): choices.pick(_TEXTS) for _ in range(choices.number() % 4)}
