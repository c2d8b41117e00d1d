import pytest

from answers import json_body, rows, triggers
from spongewatch import (
    Credentials,
    ImportSession,
    LocalProtocolError,
    PollPolicy,
    Response,
    State,
    TransportError,
)
from spongewatch.transports.recordings.resumed import session_of, standing

HOST = "https://sponge.example"
POLICY = PollPolicy(interval=0.5, lost_contact_timeout=300, timeout=None, consent_timeout=None)
GATHERS = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5", "SUBMITTING hush"))


def in_the_middle(start=1793610847.25, credentials=None):
    session = ImportSession("1126", credentials, now=start, policy=POLICY, base_url=HOST, format="xml", echo="mine")
    session.receive(Response(200, {}, GATHERS), now=start + 150)
    session.receive_failure(TransportError("reset", "hush"), now=start + 152.25)
    return session


def test_a_session_stands_there_as_it_stood():
    session = in_the_middle()
    again = session_of("1126", POLICY, standing(session))
    assert (again.state, again.contact_count, again.failed_polls) == (State.GATHERING, 5, 1)
    assert (again.start, again.elapsed) == (0.0, 152.25)
    assert again.budgets == {name: end - session.start for name, end in session.budgets.items()}
    assert again.outcome is None


def test_it_tells_what_the_other_tells():
    session, again = in_the_middle(), session_of("1126", POLICY, standing(in_the_middle()))
    said = [Response(503), Response(200, {}, json_body(rows("GATHERING INPROGRESS 9", "SUBMITTING hush")))]
    for moment, answer in enumerate(said, start=160):
        told = again.receive(answer, now=moment)
        assert told == session.receive(answer, now=session.start + moment)
    assert triggers(told) == ["progress"]
    assert again.handle_timeout(now=900.0) == session.handle_timeout(now=session.start + 900)


def test_nothing_of_what_the_header_tells_is_in_it():
    stands = standing(in_the_middle())
    assert list(stands) == [
        "now",
        "delay",
        "owed",
        "overdue_polls",
        "repeated",
        "stale",
        "failed_polls",
        "last_failure",
        "told_at",
        "phase_end",
        "lost_at",
        "machine",
    ]
    assert stands["machine"]["state"] == "GATHERING"


def test_one_that_has_just_begun_stands_nowhere():
    begun = ImportSession("1126", Credentials("key", "password"), now=7.0, policy=POLICY, base_url=HOST)
    assert standing(begun) is None
    assert session_of("1126", POLICY, None).elapsed == 0.0


def test_one_that_goes_on_with_an_old_machine_stands_where_that_does():
    session = ImportSession("1126", None, now=7.0, policy=POLICY, base_url=HOST, machine=in_the_middle().machine)
    again = session_of("1126", POLICY, standing(session))
    assert (again.state, again.elapsed) == (State.GATHERING, 0.0)
    assert again.budgets == {name: end - 7.0 for name, end in session.budgets.items()}


def test_one_that_has_ended_stands_nowhere():
    session = in_the_middle()
    session.cancel(now=session.start + 160)
    assert standing(session) is None


@pytest.mark.parametrize(
    "member", ["now", "delay", "failed_polls", "last_failure", "told_at", "phase_end", "lost_at", "machine"]
)
@pytest.mark.parametrize(
    "odd",
    [-1, "soon", True, [], {}, 1e400, 0.5, 10**400],
    ids=["negative", "text", "true", "list", "object", "inf", "half", "huge"],
)
def test_what_nobody_stood_in_is_refused(member, odd):
    stands = {**standing(in_the_middle()), member: odd}
    with pytest.raises(LocalProtocolError):
        session_of("1126", POLICY, stands if (member, odd) != ("last_failure", "soon") else {**stands, "now": None})


@pytest.mark.parametrize(
    "member", ["now", "delay", "failed_polls", "last_failure", "told_at", "phase_end", "lost_at", "machine"]
)
def test_a_member_that_is_missing_is_named(member):
    stands = standing(in_the_middle())
    del stands[member]
    with pytest.raises(LocalProtocolError, match=f"^the saved session has no key {member}$"):
        session_of("1126", POLICY, stands)


def test_members_of_a_session_that_have_another_place_are_passed_over():
    stands = {**standing(in_the_middle()), "import_id": "7", "start": 5.0, "outcome": 1, "more": None}
    again = session_of("1126", POLICY, stands)
    assert (again.state, again.elapsed, again.import_id, again.start) == (State.GATHERING, 152.25, "1126", 0.0)
