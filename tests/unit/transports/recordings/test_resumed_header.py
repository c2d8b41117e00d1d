import pytest

from event_rows import json_body, rows, triggers
from spongewatch import (
    Credentials,
    ImportSession,
    LocalProtocolError,
    PollPolicy,
    Response,
    State,
    TransportError,
)
from spongewatch.transports.recordings.resumed_header import resumed_state, session_of

HOST = "https://sponge.example"
POLICY = PollPolicy(interval=0.5, lost_contact_timeout=300, timeout=None, consent_timeout=None)
GATHERS = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5", "SUBMITTING hush"))


def gathering_session(start=1793610847.25, credentials=None):
    session = ImportSession("1126", credentials, now=start, policy=POLICY, base_url=HOST, format="xml", echo="mine")
    session.receive(Response(200, {}, GATHERS), now=start + 150)
    session.receive_failure(TransportError("reset", "hush"), now=start + 152.25)
    return session


def test_a_session_made_of_the_state_is_the_same():
    session = gathering_session()
    again = session_of("1126", POLICY, resumed_state(session))
    assert (again.state, again.contact_count, again.failed_polls) == (State.GATHERING, 5, 1)
    assert (again.start, again.elapsed) == (0.0, 152.25)
    assert again.budgets == {name: end - session.start for name, end in session.budgets.items()}
    assert again.outcome is None


def test_a_session_made_of_the_state_emits_the_same():
    session, again = gathering_session(), session_of("1126", POLICY, resumed_state(gathering_session()))
    responses = [Response(503), Response(200, {}, json_body(rows("GATHERING INPROGRESS 9", "SUBMITTING hush")))]
    for moment, response in enumerate(responses, start=160):
        items = again.receive(response, now=moment)
        assert items == session.receive(response, now=session.start + moment)
    assert triggers(items) == ["progress"]
    assert again.handle_timeout(now=900.0) == session.handle_timeout(now=session.start + 900)


def test_the_state_has_no_keys_of_the_header():
    state = resumed_state(gathering_session())
    assert list(state) == [
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
    assert state["machine"]["state"] == "GATHERING"


def test_a_new_session_has_no_state():
    begun = ImportSession("1126", Credentials("key", "password"), now=7.0, policy=POLICY, base_url=HOST)
    assert resumed_state(begun) is None
    assert session_of("1126", POLICY, None).elapsed == 0.0


def test_a_session_with_an_existing_machine_has_its_state():
    session = ImportSession("1126", None, now=7.0, policy=POLICY, base_url=HOST, machine=gathering_session().machine)
    again = session_of("1126", POLICY, resumed_state(session))
    assert (again.state, again.elapsed) == (State.GATHERING, 0.0)
    assert again.budgets == {name: end - 7.0 for name, end in session.budgets.items()}


def test_an_ended_session_has_no_state():
    session = gathering_session()
    session.cancel(now=session.start + 160)
    assert resumed_state(session) is None


@pytest.mark.parametrize(
    "key", ["now", "delay", "failed_polls", "last_failure", "told_at", "phase_end", "lost_at", "machine"]
)
@pytest.mark.parametrize(
    "odd",
    [-1, "soon", True, [], {}, 1e400, 0.5, 10**400],
    ids=["negative", "text", "true", "list", "object", "inf", "half", "huge"],
)
def test_an_invalid_state_is_refused(key, odd):
    state = {**resumed_state(gathering_session()), key: odd}
    with pytest.raises(LocalProtocolError):
        session_of("1126", POLICY, state if (key, odd) != ("last_failure", "soon") else {**state, "now": None})


@pytest.mark.parametrize(
    "key", ["now", "delay", "failed_polls", "last_failure", "told_at", "phase_end", "lost_at", "machine"]
)
def test_a_missing_key_is_named(key):
    state = resumed_state(gathering_session())
    del state[key]
    with pytest.raises(LocalProtocolError, match=f"^the saved session has no key {key}$"):
        session_of("1126", POLICY, state)


def test_other_keys_of_a_session_are_ignored():
    state = {**resumed_state(gathering_session()), "import_id": "7", "start": 5.0, "outcome": 1, "more": None}
    again = session_of("1126", POLICY, state)
    assert (again.state, again.elapsed, again.import_id, again.start) == (State.GATHERING, 152.25, "1126", 0.0)
