"""The state of a resumed session at the start of a recording, from which a replay starts.

It consists of the keys of a saved session (`ImportSession.save`) that a replay needs and the header of a trace doesn't
already contain.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from ...core import ImportSession, PollPolicy

NOWHERE: Final = "https://recording.invalid"
"""The base_url of sessions that never send a request."""

_KEYS = (
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
)
_LATEST = 10**13
"""Upper bound for any time of a session, in milliseconds (about 300 years)."""


def resumed_state(session: ImportSession) -> dict[str, object] | None:
    """Return the state of a resumed session, None for one that has just begun or has ended.

    >>> resumed_state(ImportSession("1126", None, now=5.0)) is None
    True
    """
    state = _state(session)
    if session.outcome is not None or state == _state(_new_session(session.import_id, session.policy)):
        return None
    return state


def session_of(import_id: str, policy: PollPolicy, state: Mapping[str, object] | None) -> ImportSession:
    """Return a session in the given state, or a new one if it is None; its clock counts from the start of the watch.

    Raises:
        LocalProtocolError: `state` can't be that of a session.
    """
    new = _new_session(import_id, policy)
    if state is None:
        return new
    others = {key: value for key, value in json.loads(new.save()).items() if key not in _KEYS}
    saved = json.dumps({**state, **others})
    now = state.get("now")
    seconds = now / 1000 if isinstance(now, int) and abs(now) < _LATEST else 0.0
    return ImportSession.resume(saved, None, now=seconds, base_url=NOWHERE)


def _new_session(import_id: str, policy: PollPolicy) -> ImportSession:
    return ImportSession(import_id, None, now=0.0, base_url=NOWHERE, policy=policy)


def _state(session: ImportSession) -> dict[str, Any]:
    saved = json.loads(session.save())
    return {key: saved[key] for key in _KEYS}
