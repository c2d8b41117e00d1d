"""Step 3: the request for a page of contacts, and what is read in its response."""

import json
from time import process_time

import pytest

from spongewatch import (
    Contact,
    Contacts,
    Credentials,
    InvalidArgument,
    InvalidType,
    RemoteProtocolError,
    Response,
    ServiceError,
    contacts_request,
    read_contacts,
)
from spongewatch.core.contacts import MAX_PAGE_BODY, MAX_PAGE_CONTACTS

CREDENTIALS = Credentials("demo-key", "demo-password")
PAGE = {
    "contacts": [{"first_name": "Mira", "email": [{"address": "mira@example.com"}]}, {"first_name": "Emre"}],
    "contacts_owner": {"owner": True, "email": [{"address": "owner@example.com\t"}]},
    "start": 0,
    "count": 2,
    "total": 2,
    "import_id": 1126,
    "id": 1126,
    "user_id": None,
    "echo": "e",
}


def response(page=PAGE, status=200, **changes):
    body = json.dumps({**page, **changes} if isinstance(page, dict) else page)
    return Response(status, {}, body.encode())


def without(*names):
    return {name: value for name, value in PAGE.items() if name not in names}


def test_a_page_is_asked_for_by_its_first_contact():
    request = contacts_request(1126, CREDENTIALS, start=1000)
    assert str(request.url) == "https://api.cloudsponge.com/contacts/1126.json?start=1000&count=500"
    assert request.headers["authorization"] == CREDENTIALS.basic()
    assert (request.method, request.body, request.max_body) == ("GET", b"", 64 * 1024 * 1024)


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"start": -1}, InvalidArgument, "start must be a whole number"),
        ({"count": "500"}, InvalidArgument, "count must be a whole number"),
        ({"import_id": "../7"}, Exception, "import.id"),
        ({"import_id": None}, InvalidType, "import_id must be a str or an int"),
        ({"auth": None}, InvalidArgument, "auth must be"),
    ],
)
def test_an_argument_that_cant_be_used_is_named(arguments, error, named):
    with pytest.raises(error, match=named):
        contacts_request(**{"import_id": "7", "credentials": None} | arguments)


def test_a_page_is_read():
    page = read_contacts(response(), import_id="1126")
    assert [contact.first_name for contact in page.contacts] == ["Mira", "Emre"]
    assert (page.import_id, page.start, page.total, page.user_id, page.echo) == ("1126", 0, 2, None, "e")
    assert page.owner is not None
    assert page.owner.email == "owner@example.com"
    assert repr(page) == "ContactsPage(import_id='1126', start=0, total=2)"


def test_members_that_may_be_missing_may_be_missing():
    page = read_contacts(response(without("contacts_owner", "import_id", "id", "start", "count", "echo")), start=0)
    assert (page.import_id, page.owner, page.echo, page.total) == (None, None, None, 2)


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ({**PAGE, "contacts": None}, "has no list of contacts"),
        (without("contacts"), "has no list of contacts"),
        ([], "has no list of contacts"),
        ({**PAGE, "contacts": [{}, None]}, "an entry in the list of contacts is not an object"),
        (without("total"), "the page has no total"),
        ({**PAGE, "total": "2"}, "the page's total is not a whole number"),
        ({**PAGE, "total": True}, "the page's total is not a whole number"),
        ({**PAGE, "total": 1}, "more contacts than their total"),
        ({**PAGE, "start": 2}, "does not begin with contact 0"),
        ({**PAGE, "count": 3}, "count is not the number of contacts"),
        ({**PAGE, "import_id": 1127}, "those of another import than 1126"),
        ({**PAGE, "import_id": {}}, "those of another import than 1126"),
        ({**PAGE, "contacts": [{}] * (MAX_PAGE_CONTACTS + 1)}, "the maximum is 100,000"),
    ],
)
def test_a_page_that_contradicts_the_protocol_is_refused_without_quoting_it(page, problem):
    with pytest.raises(RemoteProtocolError, match=problem) as caught:
        read_contacts(response(page), import_id="1126")
    assert "mira" not in str(caught.value).lower()


@pytest.mark.parametrize("body", [b"", b"<html>mira@example.com</html>", b"[" * 100_000, b"\xff", b'{"contacts": ['])
def test_a_body_that_is_not_json_is_refused_without_quoting_it(body):
    with pytest.raises(RemoteProtocolError) as caught:
        read_contacts(Response(200, {}, body))
    assert "mira" not in str(caught.value)


def test_a_page_that_is_too_large_is_not_parsed():
    started = process_time()
    with pytest.raises(RemoteProtocolError, match="more than 67,108,864 bytes"):
        read_contacts(Response(200, {}, b"[" * (MAX_PAGE_BODY + 1)))
    assert process_time() - started < 1


@pytest.mark.parametrize(
    ("status", "reason", "advice"),
    [
        (401, "credentials", "refused the domain key and password, or import 1126 belongs to another account"),
        (403, "credentials", "refused"),
        (404, "not-ready", "not there yet; try again in a moment"),
        (410, "gone", "have been deleted; begin a new import"),
        (400, "request", "refused the request"),
        (302, "request", "refused the request"),
        (202, "unavailable", "at the moment"),
        (429, "unavailable", "at the moment"),
        (503, "unavailable", "at the moment"),
    ],
)
def test_a_status_says_why_there_are_no_contacts(status, reason, advice):
    with pytest.raises(ServiceError, match=advice) as caught:
        read_contacts(response(status=status, error="mira@example.com is unknown"), import_id="1126")
    assert (caught.value.reason, caught.value.status) == (reason, status)
    assert "mira" not in str(caught.value)


def test_all_contacts_are_a_sequence():
    mira, emre = Contact(first_name="Mira"), Contact(first_name="Emre")
    contacts = Contacts("1126", (mira, emre), owner=None)
    assert (len(contacts), contacts.total, contacts[1], contacts[:1], list(contacts)) == (
        2,
        2,
        emre,
        (mira,),
        [mira, emre],
    )
    assert mira in contacts
    assert repr(contacts) == "Contacts(import_id='1126', total=2)"
