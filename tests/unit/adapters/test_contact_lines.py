import csv
import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spongewatch import Contact, Email, Phone, PostalAddress
from spongewatch.adapters.contact_lines import CSV_COLUMNS, csv_lines, json_lines

MIRA = Contact(
    first_name="Mira",
    last_name='O"Konkwo, née Ng',
    emails=(Email("a@example.com"), Email("b@example.com", primary=True)),
    phones=(Phone("5550100001"), Phone("5550100002")),
    addresses=(
        PostalAddress("Home", "1 Sample Road", "Springfield", "OR", "US", "97477"),
        PostalAddress(formatted="2 Sample Road, Springfield"),
    ),
    companies=("Example Ltd",),
    groups=("Friends", "Work"),
    job_title="Nurse",
    birthday="1980-01-02",
)


def read(lines):
    return list(csv.DictReader(lines))


def test_each_contact_is_a_record_that_reads_back():
    [row] = read(csv_lines([MIRA]))
    assert row == {
        "first_name": "Mira",
        "last_name": 'O"Konkwo, née Ng',
        "email": "b@example.com",
        "emails": "a@example.com; b@example.com",
        "phones": "5550100001; 5550100002",
        "addresses": "1 Sample Road, 97477 Springfield, OR, US; 2 Sample Road, Springfield",
        "companies": "Example Ltd",
        "groups": "Friends; Work",
        "job_title": "Nurse",
        "birthday": "1980-01-02",
    }


def test_without_contacts_there_is_a_header():
    assert list(csv_lines([])) == [",".join(CSV_COLUMNS) + "\r\n"]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe_unless_raw(first):
    contact = Contact(last_name=f"{first}cmd|' /C calc'!A0")
    assert read(csv_lines([contact]))[0]["last_name"] == f"'{contact.last_name}"
    assert read(csv_lines([contact], raw=True))[0]["last_name"] == contact.last_name


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_no_cell_begins_like_a_formula_and_none_breaks_a_record(names):
    rows = read(StringIO("".join(csv_lines(Contact(first_name=name) for name in names)), newline=""))
    assert [row["first_name"].removeprefix("'") for row in rows] == [name.removeprefix("'") for name in names]
    assert not any(row["first_name"].startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows)


def test_records_are_made_one_at_a_time():
    taken = []
    lines = csv_lines(taken.append(number) or Contact(first_name=str(number)) for number in range(3))
    next(lines)  # the header
    assert taken == []
    next(lines)
    assert taken == [0]


def test_a_line_of_json_has_the_services_keys():
    [line] = json_lines([MIRA])
    assert json.loads(line) == MIRA.to_json()
    assert line.endswith("\n")
