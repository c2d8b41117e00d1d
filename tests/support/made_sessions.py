"""Sessions in known states, and responses for them."""

import json

from event_rows import json_body, rows
from spongewatch import (
    Credentials,
    Ended,
    ImportSession,
    PollPolicy,
    Response,
    TransportError,
)

PASSWORD = 'p+/%: é"'
CREDENTIALS = Credentials("key", PASSWORD)
BASE_URL = "https://sponge.example:8443/api"
UNBOUNDED = {"consent_timeout": None, "gathering_timeout": None, "lost_contact_timeout": None}
WAITS = rows("INITIALIZING INPROGRESS 0")
GATHERS = rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5")
IS_COMPLETE = rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 7", "COMPLETE COMPLETED 0")
IS_ABANDONED = rows("INITIALIZING ERROR 514")
HAS_FAILED = rows("INITIALIZING COMPLETED 0", "GATHERING ERROR 264")
RESET = TransportError("reset", "by the other side")


def new(now=0.0, **arguments):
    """Return a session; settings of the policy are passed by name."""
    settings = {name: arguments.pop(name) for name in PollPolicy().to_json() if name in arguments}
    return ImportSession("1126", CREDENTIALS, now=now, policy=PollPolicy(**settings), **arguments)


def good(events=WAITS, **keys):
    return Response(200, {"content-type": "application/json"}, json_body(events, **keys))


def envelope(message):
    return json.dumps({"error": {"message": message, "code": 1}}).encode()


def resumed(session, now=0.0, **arguments):
    return ImportSession.resume(session.save(), CREDENTIALS, now=now, **arguments)


def tampered(session, **values):
    """Return the saved session with other values; a key with the value `...` is left out."""
    saved = {**json.loads(session.save()), **values}
    return json.dumps({name: value for name, value in saved.items() if value is not ...})


def end_of(items):
    """Return the outcome and the time of the last item, which must be the only `Ended`."""
    assert [isinstance(item, Ended) for item in items] == [False] * (len(items) - 1) + [True]
    return items[-1].outcome, items[-1].at


def only(items):
    (item,) = items
    return item


def poll_overdue(session, now, response=None, error=None):
    """Send the overdue poll, and return what its response or error emits: only then may a budget end the watch."""
    assert session.handle_timeout(now=now) == ()
    session.sent(now=now)
    if error:
        return session.receive_failure(error, now=now)
    return session.receive(response or good(), now=now)


def in_the_middle():
    session = new(1000.0, base_url=BASE_URL, format="xml", echo="mine", timeout=500)
    session.receive(good([*GATHERS, *rows("SUBMITTING DONE")], user_id="me", echo="mine"), now=1003.2)
    session.receive(Response(503, {}, envelope("x" * 1000)), now=1005.0)
    return session


def every_end():
    def ended(session, *calls):
        for call in calls:
            call(session)
        return session

    message = envelope("x" * 1000)
    return {
        "completed": ended(new(), lambda s: s.receive(good(IS_COMPLETE), now=1.0)),
        "failed": ended(new(), lambda s: s.receive(good(HAS_FAILED), now=1.0)),
        "abandoned": ended(new(), lambda s: s.receive(good(IS_ABANDONED), now=1.0)),
        "consent": ended(new(consent_timeout=5), lambda s: poll_overdue(s, 5.0)),
        "gathering": ended(new(), lambda s: s.receive(good(GATHERS), now=1.0), lambda s: poll_overdue(s, 999.0)),
        "total": ended(new(timeout=5), lambda s: poll_overdue(s, 5.0)),
        "lost": ended(
            new(), lambda s: s.receive(Response(503, {}, message), now=119.5), lambda s: s.handle_timeout(now=999.0)
        ),
        "permanent": ended(
            new(), lambda s: s.receive_failure(TransportError("tls", "x" * 999, permanent=True), now=1.0)
        ),
        "credentials": ended(new(), lambda s: s.receive(Response(401, {}, message), now=1.0)),
        "unknown": ended(new(), lambda s: s.receive(Response(410, {}, message), now=1.0)),
        "redirect": ended(new(), lambda s: s.receive(Response(302, {}, message), now=1.0)),
        "request": ended(new(), lambda s: s.receive(Response(400, {}, message), now=1.0)),
        "cancelled": ended(new(), lambda s: s.cancel(now=1.0)),
    }
