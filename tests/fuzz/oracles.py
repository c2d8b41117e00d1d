"""Assertions about the items of a watch and about texts for people."""

import json
from base64 import b64encode
from collections.abc import Sequence

from spongewatch import Credentials, Emitted, Ended, InvalidArgument, InvalidType, LocalProtocolError, State, Transition

PASSWORD = 'p+/%: é"'
CREDENTIALS = Credentials("key", PASSWORD)
BASE_URL = "https://sponge.example:8443/api"
HIDDEN = ("p+/%", CREDENTIALS.basic()[6:], b64encode(PASSWORD.encode()).decode(), "sponge.example")


REFUSALS = (InvalidArgument, InvalidType, LocalProtocolError)


def is_printable_line(error: object) -> None:
    """Check that the text is one short line without control characters."""
    text = str(error)
    assert text.isprintable(), text
    assert 0 < len(text) < 2000, text


def texts_are_printable(item: Emitted) -> None:
    """Check the item's reason and detail."""
    for name in ("reason", "detail"):
        if text := item.to_json().get(name):
            is_printable_line(text)


def hold_no_secret(*texts: object) -> None:
    for text in texts:
        assert not any(hidden in str(text) for hidden in HIDDEN), text


def lines_of(emitted: Sequence[Emitted]) -> list[str]:
    """Format the items as `--jsonl` does."""
    return [json.dumps(item.to_json(), allow_nan=False) for item in emitted]


def forms_a_path(emitted: Sequence[Emitted], state: State = State.INITIALIZING) -> State:
    """Check that times don't decrease, transitions form a path from `state`, and nothing follows `Ended`.

    Returns the state at the end of the path.
    """
    latest = -1.0
    for number, item in enumerate(emitted):
        assert item.at is not None
        assert item.at >= max(latest, 0.0), emitted
        assert item.at == round(item.at, 3)
        latest = item.at
        assert isinstance(item, Ended) <= (number == len(emitted) - 1), emitted
        if isinstance(item, Transition):
            assert item.source is state, emitted
            state = item.dest
    return state
