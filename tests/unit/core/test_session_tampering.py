"""Saved sessions with missing, wrong or strange values."""

import json
import math

import pytest

from made_sessions import (
    BASE_URL,
    CREDENTIALS,
    GATHERS,
    RESET,
    UNBOUNDED,
    every_end,
    good,
    in_the_middle,
    new,
    tampered,
)
from spongewatch import (
    Done,
    ImportMachine,
    ImportSession,
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    Response,
    Wait,
)

KEYS_OF_OVERDUE_POLLS = {"poll_deadline", "owed", "overdue_polls", "repeated", "stale"}


def test_a_session_saved_without_overdue_polls_can_be_resumed():
    session = new()
    session.sent(now=0.0)
    older = tampered(session, **dict.fromkeys(KEYS_OF_OVERDUE_POLLS, ...))
    again = ImportSession.resume(older, CREDENTIALS, now=4.0)
    assert again.next_action(now=4.0) == Wait(15.0)  # the whole request_timeout from now, and an interval
    assert json.loads(tampered(again)).keys() >= KEYS_OF_OVERDUE_POLLS


@pytest.mark.parametrize("key", sorted(json.loads(in_the_middle().save()).keys() - KEYS_OF_OVERDUE_POLLS))
def test_a_missing_key_is_named(key):
    saved = tampered(in_the_middle(), **{key: ...})
    with pytest.raises(LocalProtocolError, match=f"the saved session has no key {key}$"):
        ImportSession.resume(saved, CREDENTIALS, now=1005.0, base_url=BASE_URL)


WRONG = {
    "spongewatch-session": [2, "1", None, 1.0, True],
    "import_id": [None, 1126, "", "a/b", "0", ["1126"]],
    "format": [None, "yaml", 1, ["json"], {}],
    "sent_echo": ["", 5, "\ud800", "a\ud800b", []],
    "policy": [
        None,
        [],
        "x",
        {"interval": 0},
        {"interval": "1"},
        {"timeout": -1},
        {"max_delay": 10**400},
        {"interval": 0.5},
    ],
    "start": [None, "0", math.nan, math.inf, 1e11, -1e11, 10**400, True],
    "now": [None, -1, 1.5, "0", True, 10**15 - 1, 10**15, math.nan],
    "next_poll": [None, -1, 1.5, True, 10**400],
    "delay": [None, -1, 1.5, "", 10**15],
    "poll_is_open": [None, 0, 1, "true", []],
    "poll_deadline": [-1, 1.5, "5", True],
    "owed": [None, 0, "true"],
    "overdue_polls": [None, -1, 4, 1.5, True],
    "repeated": [None, 1],
    "stale": [None, "no"],
    "failed_polls": [None, -1, 0.5, True],
    "last_failure": [0, [], {}, False],
    "told_at": [None, -1, 1.5, "5"],
    "phase_end": [-1, 1.5, "5", True, math.inf],
    "lost_at": [-1, 1.5, "5", True, None, math.nan],
    "outcome": [
        5,
        "completed",
        [],
        {},
        {"name": None},
        {"name": "over", "detail": ""},
        {"name": "completed"},
        {"name": "failed"},
        {"name": "cancelled"},
        {"name": "cancelled", "detail": 5},
        {"name": "timed-out", "detail": ""},
        {"name": "timed-out", "detail": "", "reason": "lost"},
        {"name": "rejected", "detail": "", "reason": None},
        {"name": ["completed"], "detail": "", "reason": None},
    ],
    "user_id": [5, [], True],
    "echo": [5, {}, False],
    "machine": [None, 5, [], {}, "x", {"spongewatch-machine": 1}, json.loads(ImportMachine("1127").save())],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in WRONG for value in WRONG[key]])
def test_an_invalid_value_is_named(key, value):
    saved = tampered(in_the_middle(), **{key: value})
    with pytest.raises((InvalidArgument, LocalProtocolError)) as caught:
        ImportSession.resume(saved, CREDENTIALS, now=1005.0, base_url="https://api.cloudsponge.com")
    named = [key, *(value if key == "policy" and isinstance(value, dict) else [])]
    assert any(name in str(caught.value) for name in named)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("import_id", "a/b", "an import id"),
        ("start", 1e11, "a time on a clock"),
        ("now", 10**15 - 1, "a time on a clock"),
        ("overdue_polls", 4, "at most 3"),
        ("sent_echo", "", "null, or text of at least one character without lone surrogates"),
        ("phase_end", None, "null if the timeout of the phase is, and only then"),
        ("phase_end", 10**9, "no later than the timeout of the phase allows"),
        ("lost_at", None, "null if lost_contact_timeout is, and only then"),
        ("lost_at", 10**9, "no later than lost_contact_timeout allows"),
    ],
)
def test_the_message_for_an_invalid_value(key, value, expected):
    with pytest.raises(LocalProtocolError) as caught:
        ImportSession.resume(tampered(new(), **{key: value}), CREDENTIALS, now=0.0)
    assert str(caught.value) == f"the saved session: {key} must be {expected}, not {json.dumps(value)}"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000, "9" * 5000])
def test_text_that_is_not_a_saved_session_is_refused(text):
    with pytest.raises(LocalProtocolError, match="the saved session is not"):
        ImportSession.resume(text, CREDENTIALS, now=0.0)


@pytest.mark.parametrize("saved", [None, 5, b"{}", bytearray(b"{}"), {}], ids=type)
def test_a_saved_session_must_be_a_str(saved):
    with pytest.raises(InvalidType, match="^saved must be a str, not "):
        ImportSession.resume(saved, CREDENTIALS, now=0.0)


def test_lost_at_is_null_if_its_budget_is():
    with pytest.raises(LocalProtocolError, match="lost_at must be null if lost_contact_timeout is"):
        ImportSession.resume(tampered(new(**UNBOUNDED), lost_at=5), CREDENTIALS, now=0.0)


@pytest.mark.parametrize("key", ["phase_end", "lost_at"])
def test_a_saved_budget_can_be_neither_removed_nor_extended(key):
    session = in_the_middle()
    with pytest.raises(LocalProtocolError, match=f"{key} must be null if .* is, and only then, not null"):
        ImportSession.resume(tampered(session, **{key: None}), CREDENTIALS, now=1005.0, base_url=BASE_URL)
    end = json.loads(session.save())[key]
    with pytest.raises(LocalProtocolError, match=f"{key} must be no later than .* allows"):
        ImportSession.resume(tampered(session, **{key: end + 10**6}), CREDENTIALS, now=1005.0, base_url=BASE_URL)


STRANGE = [
    None, True, False, 0, 1, -1, 5, 999, 10**6, 10**12, 10**15 - 1, 10**15, 10**400, 1.5, -0.0, 1e10, 1e308, math.nan,
    math.inf, "", "x", "json", "\ud800", "\x1b[2J\u202e", "9" * 5000, [], [1], ["start"], [["start"]], [None], {}, {"name": "x"},
    {"name": "cancelled", "detail": "\x1b[2J", "reason": None}, {"name": "completed"}, {"interval": 1}, {"code": 5, "phase": "ERROR"},
    [[[[]]]], {"a": {"b": {"c": []}}}, "ERROR", "COMPLETE", "GATHERING",
]  # fmt: skip


def places(value, path=()):
    """Yield the path of every key in a saved session, however deep."""
    for name, inner in value.items():
        yield (*path, name)
        if isinstance(inner, dict):
            yield from places(inner, (*path, name))


def sessions_to_tamper_with():
    started = new(1000.0, base_url=BASE_URL)
    started.sent(now=1000.0)
    return [in_the_middle(), started, *every_end().values()]


def drive(session):
    """Call every method, at times of all kinds."""
    for now in (1006.0, 0.0, 1e9):
        session.next_action(now=now)
        try:
            session.sent(now=now)
        except LocalProtocolError as error:
            assert "is due" in str(error)
        items = [
            *session.handle_timeout(now=now),
            *session.receive(good(GATHERS), now=now),
            *session.receive(Response(503, {"retry-after": "5"}), now=now),
            *session.receive_failure(RESET, now=now),
        ]
        json.dumps([item.to_json() for item in items], allow_nan=False)
        assert repr(session)
        json.loads(session.save())
    session.cancel(now=2e9)
    assert isinstance(session.next_action(now=2e9), Done)


@pytest.mark.parametrize("session", sessions_to_tamper_with(), ids=repr)
def test_a_tampered_session_is_refused_or_works(session):
    saved = json.loads(session.save())
    refused = 0
    for path in places(saved):
        for strange in STRANGE:
            copy = json.loads(session.save())
            inner = copy
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = strange
            try:
                again = ImportSession.resume(json.dumps(copy), CREDENTIALS, now=1005.0, base_url=BASE_URL)
            except LocalProtocolError as error:
                assert str(error).isprintable()
                refused += 1
            else:
                drive(again)
    assert refused > 500
