"""A contact: what is read of it, what is kept, and what is never shown."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spongewatch import Contact, Email, Phone, PostalAddress
from spongewatch.core.contact import read_contact

MIRA = {
    "first_name": "Mira",
    "last_name": "Okonkwo",
    "email": [
        {"address": "mira@example.com", "type": "Home 1"},
        {"address": None, "type": "account"},
        {"address": "m@example.org", "type": "Work", "primary": True},
    ],
    "phone": [{"number": "(555)\n        010-0002", "type": "Work\n        Mobile", "primary": True}],
    "address": [{"type": "Home", "street": "1 Sample Road", "city": "Springfield", "postal_code": 97477}, {}],
    "companies": [None, "Example Ltd"],
    "groups": ["Friends"],
    "photos": ["https://example.com/mira.jpg"],
    "locations": [],
    "job_title": "Nurse",
    "dob": "1980-01-02",
    "birthday": "1980-01-02",
}


def test_all_listed_members_are_read():
    assert read_contact(MIRA) == Contact(
        first_name="Mira",
        last_name="Okonkwo",
        emails=(Email("mira@example.com", "Home 1"), Email("m@example.org", "Work", primary=True)),
        phones=(Phone("(555) 010-0002", "Work Mobile", primary=True),),
        addresses=(PostalAddress("Home", "1 Sample Road", "Springfield", postal_code="97477"),),
        companies=("Example Ltd",),
        groups=("Friends",),
        photos=("https://example.com/mira.jpg",),
        job_title="Nurse",
        birthday="1980-01-02",
    )


def test_the_best_address_is_the_primary_one_else_the_first():
    assert read_contact(MIRA).email == "m@example.org"
    assert Contact(emails=(Email("a@example.com"), Email("b@example.com"))).email == "a@example.com"
    assert read_contact({"email": [{"address": None}]}).email is None


def test_whitespace_around_an_address_is_stripped():
    assert read_contact({"email": [{"address": "owner@example.com\t"}]}).email == "owner@example.com"


def test_unlisted_members_are_carried_unchanged():
    contact = read_contact({"external_id": "4C99", "shoe": {"size": [38]}, "owner": True, "title": ""})
    assert contact.extra == {"external_id": "4C99", "shoe": {"size": [38]}, "title": ""}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first_name", {"given": "Mira"}),
        ("last_name", ["Okonkwo"]),
        ("email", "mira@example.com"),
        ("email", ["mira@example.com"]),
        ("phone", {"number": "5"}),
        ("address", [5]),
        ("companies", "Example Ltd"),
        ("companies", [{"name": "Example Ltd"}]),
        ("groups", True),
    ],
)
def test_a_member_of_an_unexpected_type_is_kept_as_it_is(name, value):
    contact = read_contact({name: value})
    assert contact == Contact(extra={name: value})
    assert contact.to_json()[name] == value


def test_a_second_birthday_is_kept():
    contact = read_contact({"birthday": "01-02", "dob": "1980-01-02"})
    assert (contact.birthday, contact.extra) == ("01-02", {"dob": "1980-01-02"})


@pytest.mark.parametrize(
    "members", [{"dob": "1980-01-02", "birthday": "01-02"}, {"dob": "1980-01-02", "birthday": {"year": 1980}}]
)
def test_two_birthdays_are_both_in_the_json(members):
    assert read_contact(members).to_json() == {"first_name": "", "last_name": "", **members}


def test_numbers_are_read_as_text():
    contact = read_contact({"phone": [{"number": 5550100}], "first_name": 7})
    assert (contact.phones, contact.first_name) == ((Phone("5550100"),), "7")


def test_as_json_it_has_the_services_keys_and_reads_back():
    contact = read_contact(MIRA | {"external_id": "4C99"})
    assert read_contact(contact.to_json()) == contact
    assert contact.to_json()["address"] == [
        {"type": "Home", "street": "1 Sample Road", "city": "Springfield", "postal_code": "97477"}
    ]


def test_no_repr_shows_personal_data():
    contact = read_contact(MIRA | {"external_id": "4C99"})
    assert repr(contact) == "Contact(emails=2, phones=1)"
    assert repr(contact.emails + contact.phones + contact.addresses) == "(Email(), Email(), Phone(), PostalAddress())"
    assert repr(object.__new__(Contact)) == "Contact()"


def test_a_contact_is_copied_and_pickled():
    contact = read_contact(MIRA | {"external_id": "4C99"})
    for again in (pickle.loads(pickle.dumps(contact)), copy.copy(contact), copy.deepcopy(contact)):
        assert again == contact


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PART = st.dictionaries(st.sampled_from(["address", "type", "primary", "number", "street", "city"]), JSON, max_size=4)


@given(st.dictionaries(st.sampled_from([*MIRA, "owner", "other"]), JSON | st.lists(PART | st.none(), max_size=3)))
def test_any_object_is_a_contact_and_reads_back(members):
    contact = read_contact(members)
    assert read_contact(contact.to_json()) == contact
    assert repr(contact).startswith("Contact(emails=")
