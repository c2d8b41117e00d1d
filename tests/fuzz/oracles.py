"""What holds of whatever a watch tells, and of every text for people: used by several targets."""

import json
from base64 import b64encode
from collections.abc import Sequence

from spongewatch import Credentials, Emitted, Ended, State, Transition

PASSWORD = 'p+/%: é"'
CREDENTIALS = Credentials("key", PASSWORD)
BASE_URL = "https://sponge.example:8443/api"
HIDDEN = ("p+/%", CREDENTIALS.basic()[6:], b64encode(PASSWORD.encode()).decode(), "sponge.example")


def is_for_people(error: object) -> None:
    """One line, bounded, that can't act on a terminal."""
    text = str(error)
    assert text.isprintable(), text
    assert 0 < len(text) < 2000, text


def texts_are_for_people(item: Emitted) -> None:
    """Its reason and its detail, where it has one."""
    for name in ("reason", "detail"):
        if text := item.to_json().get(name):
            is_for_people(text)


def holds_no_secret(*texts: object) -> None:
    for text in texts:
        assert not any(hidden in str(text) for hidden in HIDDEN), text


def lines_of(told: Sequence[Emitted]) -> list[str]:
    """What is told, as `--jsonl` would print it."""
    return [json.dumps(item.to_json(), allow_nan=False) for item in told]


def joins_up(told: Sequence[Emitted], state: State = State.INITIALIZING) -> State:
    """`told` never goes back in time, each step begins where the last one ended, and nothing follows an end.

    Gives the state to which it leads from `state`.
    """
    latest = -1.0
    for number, item in enumerate(told):
        assert item.at is not None
        assert item.at >= max(latest, 0.0), told
        assert item.at == round(item.at, 3)
        latest = item.at
        assert isinstance(item, Ended) <= (number == len(told) - 1), told
        if isinstance(item, Transition):
            assert item.source is state, told
            state = item.dest
    return state
