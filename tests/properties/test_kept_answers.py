"""What is kept of an answer tells a stranger what the answer told, and holds no secret."""

import json
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from spongewatch import Credentials, ImportSession, Redaction, Response, answer_to_keep

PASSWORDS = [
    "hunter2-Geheim",
    'p+/%: é"',
    "COMPLETED",
    "GATHERING",
    "event_type",
    "value",
    "1126",
    "264",
    "e",
    '"',
    "<",
]
WORDS = ["INITIALIZING", "GATHERING", "COMPLETE", "SUBMITTING", "INPROGRESS", "COMPLETED", "ERROR", "DONE"]


@st.composite
def echoes(draw, password):
    """A text with the password in it, or without; in XML it may stand there in parts."""
    before, after = draw(st.sampled_from(["", "x" * 195, "a "])), draw(st.sampled_from(["", " b"]))
    at = draw(st.integers(0, len(password)))
    split = draw(st.sampled_from(["", "<!-- -->", "<?a?>", "<![CDATA[]]>"]))
    whole = draw(st.sampled_from([password, ""]))
    in_xml = escape(password[:at]) + split + escape(password[at:]) if whole else ""
    return f"{before}{whole}{after}", f"{before}{in_xml}{after}"


@st.composite
def answers(draw):
    password = draw(st.sampled_from(PASSWORDS))
    (user_id, user_id_xml), (value, value_xml), (message, message_xml) = (draw(echoes(password)) for _ in range(3))
    event_type, status = draw(st.sampled_from(WORDS)), draw(st.sampled_from(WORDS))
    number = draw(st.sampled_from([0, 7, 264, 1126]))
    code = draw(st.sampled_from([200, 401, 404, 503]))
    if draw(st.booleans()):
        rows = [
            {"event_type": event_type, "status": status, "value": value},
            {"event_type": "GATHERING", "status": "INPROGRESS", "value": number},
        ]
        page = {"import_id": 1126, "user_id": user_id, "events": rows}
        body = json.dumps(draw(st.sampled_from([page, {"error": {"message": message}}])))
    else:
        row = f"<event><event-type>{event_type}</event-type><status>{status}</status><value>{value_xml}</value></event>"
        page = f"<eventsResponse><user-id>{user_id_xml}</user-id><events>{row}</events></eventsResponse>"
        body = draw(st.sampled_from([page, f"<error><message>{message_xml}</message></error>"]))
    return password, Response(code, {}, body.encode())


def told(answer, credentials):
    session = ImportSession("1126", credentials, now=0.0)
    items = session.receive(answer, now=20.0)
    return [item.to_json() for item in items], session.user_id


@given(answers())
def test_what_is_kept_tells_a_stranger_what_came_told_the_one_who_asked(drawn):
    password, came = drawn
    credentials = Credentials("key", password)
    kept = answer_to_keep(came, "1126", credentials.redaction)
    assert told(kept, None) == told(came, credentials)


@given(answers())
def test_no_secret_is_kept_or_told(drawn):
    password, came = drawn
    if password not in PASSWORDS[:2]:
        return
    credentials = Credentials("key", password)
    items, user_id = told(came, credentials)
    shown = json.dumps(items, ensure_ascii=False) + str(user_id)
    kept = answer_to_keep(came, "1126", credentials.redaction).body
    assert password not in shown
    assert not Redaction([password]).hidden_in(kept)
    for text in (shown, kept.decode()):
        assert Redaction([password]).text(text) == text
