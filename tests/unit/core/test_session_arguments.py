"""The arguments of a session, and its attributes."""

import json
from http import HTTPStatus

import pytest

from event_rows import triggers
from made_sessions import (
    BASE_URL,
    CREDENTIALS,
    GATHERS,
    IS_COMPLETE,
    RESET,
    UNBOUNDED,
    end_of,
    good,
    new,
    only,
    poll_overdue,
    resumed,
)
from spongewatch import (
    Completed,
    ImportMachine,
    ImportSession,
    InvalidArgument,
    InvalidType,
    PollPolicy,
    Send,
    State,
    TimedOut,
    Wait,
)

# Arguments.


@pytest.mark.parametrize("what", [None, ValueError("reset"), b"{}"])
def test_only_a_response_and_a_transport_error_are_received(what):
    session = new()
    session.sent(now=0.0)
    before = session.save()
    with pytest.raises(InvalidType, match="^response must be a Response, not "):
        session.receive(what, now=0.2)
    with pytest.raises(InvalidType, match="^error must be a TransportError, not "):
        session.receive_failure(what, now=0.2)
    assert session.save() == before
    assert session.next_action(now=0.2) == Wait(10.0)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("credentials", ("key", "password"), "credentials must be Credentials or None, not tuple"),
        ("machine", "1126", "machine must be an ImportMachine or None, not str"),
        ("policy", None, "policy must be a PollPolicy, not None"),
        ("policy", {"interval": 1}, "policy must be a PollPolicy, not dict"),
        ("base_url", None, "base_url must be a str"),
    ],
)
def test_an_argument_of_another_type_is_refused(name, value, problem):
    with pytest.raises(InvalidType) as caught:
        ImportSession("1126", **{"credentials": None, name: value}, now=0.0)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    "base_url",
    ["https://api.cloudsponge.com", "https://API.CloudSponge.com.:443/", "https://api.cloudsponge.com/v1"],
)
def test_an_interval_under_the_public_services_limit_is_refused(base_url):
    with pytest.raises(InvalidArgument, match="interval must be at least 1 s at the public service, not 0.9 s"):
        new(interval=0.9, base_url=base_url)


def test_other_services_may_be_polled_faster():
    session = new(interval=0.05, base_url=BASE_URL)
    session.receive(good(), now=1.0)
    assert session.next_action(now=1.0) == Wait(1.05)
    with pytest.raises(InvalidArgument, match="interval must be at least 1 s at the public service"):
        resumed(session)
    assert resumed(session, base_url=BASE_URL).policy.interval == 0.05


@pytest.mark.parametrize("base_url", ["", "ftp://x.example", "https://key:pass@x.example", "http://x.example"])
def test_an_invalid_base_url_is_refused_and_not_shown(base_url):
    with pytest.raises(InvalidArgument) as caught:
        new(base_url=base_url)
    assert "x.example" not in str(caught.value)


def test_plain_http_is_accepted_with_insecure_http():
    arguments = {"base_url": "http://x.example", "insecure_http": True}
    session = new(**arguments)
    assert session.next_action(now=0.0).request.url == "http://x.example/events/1126.json"
    assert resumed(session, **arguments).next_action(now=0.0).request == session.next_action(now=0.0).request


@pytest.mark.parametrize(
    "import_id",
    ["", "0", "01", "../1", "a/b", "1?x", "é", "x" * 65, 0, -1, -1126, 10**64, 10**5000, -(10**5000)],
    ids=lambda value: repr(value)[:9] if isinstance(value, str) else "",
)
def test_an_invalid_import_id_is_refused(import_id):
    with pytest.raises(InvalidArgument, match="^import_id must be 1 to 64 letters"):
        ImportSession(import_id, CREDENTIALS, now=0.0)


@pytest.mark.parametrize("import_id", [None, True, False, 1126.0, b"1126", ["1126"]])
def test_an_import_id_of_another_type_is_refused(import_id):
    with pytest.raises(InvalidType, match="^import_id must be a str or an int, not "):
        ImportSession(import_id, CREDENTIALS, now=0.0)


@pytest.mark.parametrize("import_id", [1126, HTTPStatus.OK, 10**64 - 1], ids=["id", "enumeration", "longest"])
def test_an_import_id_may_be_an_int(import_id):
    session = ImportSession(import_id, CREDENTIALS, now=0.0)
    assert session.import_id == str(int(import_id)) == session.machine.import_id
    assert session.next_action(now=0.0).request.url.endswith(f"/events/{int(import_id)}.json")
    assert only(session.cancel(now=1.0)).import_id == str(int(import_id))
    assert resumed(session).import_id == session.import_id
    assert ImportSession(import_id, CREDENTIALS, now=0.0, machine=ImportMachine(session.import_id)).import_id


def test_without_credentials_none_are_sent():
    session = ImportSession("1126", None, now=0.0)
    assert "authorization" not in session.next_action(now=0.0).request.headers
    assert only(session.receive_failure(RESET, now=1.0)).reason == "reset: by the other side"


def test_a_machine_of_an_earlier_session_repeats_nothing():
    first = new(timeout=5)
    first.receive(good(GATHERS), now=1.0)
    first.handle_timeout(now=5.0)
    second = new(100.0, machine=first.machine)
    assert (second.state, second.contact_count) == (State.GATHERING, 5)
    assert second.receive(good(GATHERS), now=101.0) == ()
    assert triggers(second.receive(good(IS_COMPLETE), now=102.0)) == ["gather", "complete"]
    assert second.outcome == Completed(7)


def test_a_machine_in_gathering_gets_the_gathering_budget():
    machine = ImportMachine("1126")
    machine.feed(GATHERS)
    session = new(machine=machine, lost_contact_timeout=None)
    assert end_of(poll_overdue(session, 1000.0)) == (TimedOut("gathering"), 600.0)


def test_a_machine_that_has_ended_ends_the_watch_at_the_next_valid_response():
    machine = ImportMachine("1126")
    machine.feed(IS_COMPLETE)
    session = new(machine=machine)
    assert isinstance(session.next_action(now=0.0), Send)
    assert end_of(session.receive(good(IS_COMPLETE), now=1.0)) == (Completed(7), 1.0)


@pytest.mark.parametrize("import_id", ["1127", None])
def test_the_machine_of_another_import_is_refused(import_id):
    with pytest.raises(InvalidArgument, match=f"^machine must be that of import 1126, not of {json.dumps(import_id)}$"):
        new(machine=ImportMachine(import_id))


# Attributes.


def test_the_attributes_of_a_new_session():
    session = new(5.0, timeout=60)
    assert (session.import_id, session.start, session.elapsed) == ("1126", 5.0, 0.0)
    assert session.policy == PollPolicy(timeout=60)
    assert session.machine.import_id == "1126"
    assert (session.state, session.contact_count, session.failure) == (State.INITIALIZING, None, None)


@pytest.mark.parametrize("start", [0.0, 1.7e9])
def test_budgets_maps_names_to_ends(start):
    session = new(now=start)
    assert session.budgets == {"consent_timeout": start + 900, "lost_contact_timeout": start + 120}
    session.receive(good(GATHERS), now=start + 5)
    assert session.budgets == {"gathering_timeout": start + 605, "lost_contact_timeout": start + 125}
    assert list(new(now=start, timeout=5).budgets) == ["consent_timeout", "timeout", "lost_contact_timeout"]
    assert new(now=start, **UNBOUNDED).budgets == {}


def test_failed_polls_counts_failures_in_a_row():
    session = new()
    counts = [session.failed_polls]
    for now in (1.0, 2.0):
        session.receive_failure(RESET, now=now)
        counts.append(session.failed_polls)
    session.receive(good(), now=3.0)
    assert [*counts, session.failed_polls] == [0, 1, 2, 0]


def test_the_repr_shows_state_and_time_or_outcome():
    session = new()
    session.receive(good(GATHERS), now=2.5)
    assert repr(session) == "<ImportSession import_id='1126' state=GATHERING 2.5 s>"
    session.cancel(now=3.0)
    assert repr(session) == "<ImportSession import_id='1126' state=GATHERING cancelled>"


def test_the_repr_of_a_half_made_session_does_not_raise():
    assert repr(object.__new__(ImportSession)) == "<ImportSession>"
