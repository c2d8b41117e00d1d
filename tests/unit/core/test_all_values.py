"""Promises about every value that the core returns or takes."""

from copy import copy
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

import spongewatch
from spongewatch import (
    Abandoned,
    Anomaly,
    BegunImport,
    Cancelled,
    Completed,
    Contact,
    Contacts,
    ContactsPage,
    Credentials,
    Done,
    Email,
    Ended,
    ErrorCategory,
    ErrorCode,
    EventsPage,
    Failed,
    ImportEvent,
    ImportFailure,
    LostContact,
    Phone,
    PollFailed,
    PollPolicy,
    PostalAddress,
    Rejected,
    Remedy,
    Request,
    Response,
    Send,
    State,
    TimedOut,
    Transition,
    Wait,
)
from spongewatch.core.statuses import Unusable

ROW = ImportEvent("GATHERING", "ERROR", 264)
FAILURE = ImportFailure.of(264, State.GATHERING)
VALUES = [
    Send(Request("GET", "/"), 10.0),
    Wait(11.0),
    Done(Cancelled()),
    Credentials("key", "password"),
    Transition("1126", 0.0, "fail", State.GATHERING, State.ERROR, None, ROW, FAILURE),
    Anomaly("1126", 0.0, "contradiction", ROW),
    PollFailed("1126", 0.0, 1, "status 503", 1.0),
    Ended("1126", 0.0, Failed(FAILURE), State.ERROR, None),
    EventsPage("1126", None, None, (ROW,)),
    ROW,
    Request("GET", "/"),
    Response(200),
    ErrorCode(264, ErrorCategory.FAILED, "why", Remedy.NONE),
    FAILURE,
    Abandoned(FAILURE),
    Cancelled(),
    Completed(2),
    Failed(FAILURE),
    LostContact("why"),
    Rejected("request", "status 400"),
    TimedOut("consent"),
    PollPolicy(),
    Unusable("status 503"),
    BegunImport("1126"),
    Email("mira@example.com"),
    Phone("5550100001"),
    PostalAddress(city="Springfield"),
    Contact(),
    Contacts("1126", (Contact(),), None),
    ContactsPage("1126", 0, 1, (Contact(),), None, None, None),
]
WITH_MAPPINGS = Request | Response | Send | Contact | Contacts | ContactsPage


def test_the_list_of_values_is_complete():
    assert {type(value) for value in VALUES} - {Unusable} == {
        item for item in vars(spongewatch).values() if is_dataclass(item)
    }


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_is_frozen_and_has_no_dict(value):
    for field in fields(value):
        with pytest.raises(FrozenInstanceError):
            setattr(value, field.name, None)
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize(
    "value",
    [value for value in VALUES if not isinstance(value, WITH_MAPPINGS)],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_hashable(value):
    assert len({value, copy(value)}) == 1
