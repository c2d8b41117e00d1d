"""Where a watch stood when its recording began: what a replay needs of a session that was resumed.

It is what `ImportSession.save` gives, less what the header of a trace says already, and what no replay asks for.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from ...core import ImportSession, PollPolicy

NOWHERE: Final = "https://recording.invalid"
"""The base url of sessions that are not to send anything."""

_MEMBERS = (
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
_FARTHEST = 10**13
"""Milliseconds; no session has a time beyond."""


def standing(session: ImportSession) -> dict[str, object] | None:
    """Return where `session` stands, or None if it has just begun or has ended.

    >>> session = ImportSession("1126", None, now=5.0)
    >>> standing(session) is None
    True
    """
    stands = _members(session)
    if session.outcome is not None or stands == _members(_begun(session.import_id, session.policy)):
        return None
    return stands


def session_of(import_id: str, policy: PollPolicy, stood: Mapping[str, object] | None) -> ImportSession:
    """A session as it `stood`, its clock counting from the start of the watch; a new one where that is None.

    Raises `LocalProtocolError` for what `standing` can't have given.
    """
    if stood is None:
        return _begun(import_id, policy)
    begun = json.loads(_begun(import_id, policy).save())
    elsewhere = {name: value for name, value in begun.items() if name not in _MEMBERS}
    saved = json.dumps({**stood, **elsewhere})
    now = stood.get("now")
    moment = now / 1000 if isinstance(now, int) and abs(now) < _FARTHEST else 0.0
    return ImportSession.resume(saved, None, now=moment, base_url=NOWHERE)


def _begun(import_id: str, policy: PollPolicy) -> ImportSession:
    return ImportSession(import_id, None, now=0.0, base_url=NOWHERE, policy=policy)


def _members(session: ImportSession) -> dict[str, Any]:
    saved = json.loads(session.save())
    return {name: saved[name] for name in _MEMBERS}
