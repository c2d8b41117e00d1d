"""Secrets that a service echoes: none survives, and a recording replays to what the live watch emitted."""

import base64
import html
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, quote_plus

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spongewatch import Credentials, ImportSession, PollPolicy, Response, TransportError, decode
from spongewatch.adapters import LoggingAdapter
from spongewatch.core.redaction import Redaction
from spongewatch.transports import TraceWriter, VirtualClock, poll, replay, watch
from spongewatch.transports.testing import HandlerTransport

A_FEW = settings(max_examples=5_000 if os.environ.get("HYPOTHESIS_PROFILE") == "proof" else 60)
KEY = "demo-key"
ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
PRINTABLE = st.characters(codec="utf-8", exclude_categories=["C", "Z"])

realistic_passwords = st.one_of(
    st.text("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=6, max_size=24),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=24),
    st.text(PRINTABLE, min_size=6, max_size=16),
    st.sampled_from(["Tpa01z+vVPE7MxXi", 'p+/%: é"', "b\\w\\\\back", "&<'>&amp;", "**stars**", "x" * 300]),
)


def forms_of(password: str) -> list[str]:
    """Return the forms that SECURITY.md lists, implemented independently."""
    pair = f"{KEY}:{password}"
    percent = [encode(password, safe=safe) for encode in (quote, quote_plus) for safe in ("", "/")]
    in_json = [json.dumps(password, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)]
    in_base64 = [
        encode(text.encode()).decode()
        for text in (password, pair)
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
    ]
    return [
        password,
        *percent,
        *(re.sub("%..", lambda found: found[0].lower(), text) for text in percent),
        *in_json,
        *(text.replace("/", "\\/") for text in in_json),
        html.escape(password),
        html.escape(password, quote=False),
        html.escape(password).replace("&#x27;", "&#39;"),
        html.escape(password).replace("&#x27;", "&apos;"),
        *in_base64,
        *(text.rstrip("=") for text in in_base64),
    ]


def searched(password: str) -> list[str]:
    return [form for form in forms_of(password) if Credentials(KEY, password).redaction.text(form) != form]


@st.composite
def responses(draw: st.DrawFn, password: str) -> Response | TransportError:
    """Return a response or an error that echoes the password in some forms, in places where text can be."""
    forms = st.sampled_from(["", *forms_of(password)])

    def echo() -> str:
        return draw(st.sampled_from(["", "x" * 195, "of "])) + draw(forms) + draw(st.sampled_from(["", " b"]))

    kind = draw(st.sampled_from(["page", "page", "page", "xml", "xml", "envelope", "xml envelope", "text", "error"]))
    if kind == "error":
        return TransportError(draw(st.sampled_from(["reset", "timeout", "protocol"])), echo())
    listed = draw(
        st.sampled_from(["INITIALIZING COMPLETED", "GATHERING INPROGRESS", "GATHERING COMPLETED", "COMPLETE COMPLETED"])
    )
    event_type, status = listed.split()
    if draw(st.booleans()):
        event_type, status = draw(st.sampled_from([(echo(), status), (event_type, echo())]))
    value = draw(st.sampled_from(["0", "7", f'"{echo()}"']))
    text = {
        "page": f'{{"events": [{{"event_type": "{event_type}", "status": "{status}", "value": {value}}}], "import_id": 1126, '
        f'"user_id": "{echo()}", "echo": "{echo()}"}}',
        "xml": f"<eventsResponse><events><event><event-type>{event_type}</event-type><status>{status}</status><value>{value}"
        f"</value></event></events><user-id>{echo()}</user-id><echo>{echo()}</echo></eventsResponse>",
        "envelope": f'{{"error": {{"message": "{echo()}", "code": 1}}}}',
        "xml envelope": f"<error><message>{echo()}</message></error>",
        "text": echo(),
    }[kind]
    headers = draw(st.dictionaries(st.sampled_from(["content-type", "date", "retry-after", "server"]), st.builds(echo)))
    code = draw(st.sampled_from([200, 200, 200, 503, 503, 404, 401]))
    return Response(code, headers, text.encode(draw(st.sampled_from(ENCODINGS))))


@st.composite
def sessions(draw: st.DrawFn) -> tuple[str, list[Response | TransportError]]:
    password = draw(realistic_passwords)
    assume(not password.isalpha())  # it may be one of the library's own words, which are not searched
    assume(Credentials(KEY, password).redaction.text(password) != password)
    return password, draw(st.lists(responses(password), min_size=1, max_size=6))


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts += [record.getMessage(), *strings_in(record.__dict__)]


def strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from strings_in(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from strings_in(member)


def watched(password, results, trace, *, by_polls):
    """Watch through a loop that records; return the items, the session, and the logged texts."""
    clock, left = VirtualClock(), iter(results)

    def send(request):
        result = next(left, None) or Response(410)
        if isinstance(result, TransportError):
            raise result
        return result

    session = ImportSession("1126", Credentials(KEY, password), now=clock.now(), policy=PollPolicy(max_delay=1))
    records, logger = Records(), logging.getLogger("test.secrets")
    logger.propagate, logger.handlers = False, [records]
    with TraceWriter(trace) as record:
        if by_polls:
            items = []
            while session.outcome is None:
                items += poll(session, HandlerTransport(send), clock=clock, record=record)
                clock.sleep(max(0, getattr(session.next_action(now=clock.now()), "until", 0) - clock.now()))
        else:
            observers = [LoggingAdapter(logger.name)]
            items = list(watch(session, HandlerTransport(send), clock=clock, record=record, observers=observers))
    return items, session, records.texts


@A_FEW
@given(drawn=sessions(), by_polls=st.booleans())
def test_a_recording_replays_to_what_the_live_watch_emitted(drawn, by_polls):
    password, results = drawn
    with TemporaryDirectory() as folder:
        trace = Path(folder, "trace.jsonl")
        items, _, _ = watched(password, results, trace, by_polls=by_polls)
        assert [item.to_json() for item in replay(trace)] == [item.to_json() for item in items]


@A_FEW
@given(drawn=sessions())
def test_no_listed_form_survives_in_items_traces_logs_and_saved_sessions(drawn):
    password, results = drawn
    with TemporaryDirectory() as folder:
        trace = Path(folder, "trace.jsonl")
        items, session, logged = watched(password, results, trace, by_polls=False)
        lines = [json.loads(line) for line in trace.read_text().splitlines()]
    bodies = [base64.b64decode(line["body64"]) for line in lines if "body64" in line]
    texts = [
        *strings_in([item.to_json() for item in items]),
        *strings_in(lines),
        *strings_in(json.loads(session.save())),
    ]
    for form in searched(password):
        assert not any(form in text for text in texts + logged)
        assert not any(form.encode(encoding) in body for body in bodies for encoding in set(ENCODINGS[3:]) | {"utf-8"})


@A_FEW
@given(drawn=sessions())
def test_cleaning_is_idempotent_and_lengthens_nothing(drawn):
    password, results = drawn
    session = ImportSession("1126", Credentials(KEY, password), now=0.0)
    for result in results:
        cleaned = session.clean(result)
        if isinstance(result, Response):
            again = session.clean(Response(cleaned.status, cleaned.headers, cleaned.body))
            assert (again, len(cleaned.body) <= len(result.body)) == (cleaned, True)
        else:
            assert session.clean(TransportError(cleaned.kind, cleaned.detail)).detail == cleaned.detail


ROWS = [
    {"event_type": kind, "status": status, "value": value}
    for kind, status, value in (
        ("INITIALIZING", "COMPLETED", 0),
        ("GATHERING", "COMPLETED", 2340),
        ("COMPLETE", "COMPLETED", 0),
    )
]


@st.composite
def ordinary_bodies(draw: st.DrawFn) -> tuple[str, str]:
    """Return an import id, and a body about that import that echoes nothing."""
    import_id = draw(st.sampled_from(["1126", "89708927", "my-Import_7"]))
    number = int(import_id) if import_id.isdecimal() else import_id
    order = draw(st.permutations(["event_type", "status", "value"]))
    extra = draw(
        st.sampled_from(
            [{}, {"description": None, "created_at": "2016-04-12T15:12:10.000-07:00", "import_action_id": 7}]
        )
    )
    rows = [{name: row[name] for name in order} | extra for row in ROWS]
    if draw(st.booleans()):
        page = {"events": rows, "import_id": number, "user_id": None}
        return import_id, json.dumps(
            page, indent=draw(st.sampled_from([None, 1, 2, 4])), separators=draw(st.sampled_from([None, (",", ":")]))
        )
    between = draw(st.sampled_from(["", "\n", "\n    "]))
    events = "".join(
        f"<event>{between}<event-type>{row['event_type']}</event-type>{between}<status>{row['status']}</status>{between}"
        f'<value type="integer">{row["value"]}</value>{between}</event>{between}'
        for row in rows
    )
    return import_id, (
        f'<?xml version="1.0" encoding="UTF-8"?>{between}<eventsResponse>{between}<events type="array">{between}{events}</events>'
        f"{between}<import-id>{import_id}</import-id>{between}</eventsResponse>"
    )


@A_FEW
@given(ordinary=ordinary_bodies(), data=st.data())
def test_a_password_that_is_part_of_an_ordinary_response_does_not_change_it(ordinary, data):
    import_id, body = ordinary
    start = data.draw(st.integers(0, len(body) - 1))
    end = data.draw(st.integers(start + 1, min(len(body), start + 40)))
    password = "".join(character for character in body[start:end] if character >= " ") or "x"
    session = ImportSession(
        import_id, Credentials(KEY, data.draw(st.sampled_from([password, password.lower()]))), now=0.0
    )
    assert decode(session.clean(Response(200, {}, body.encode())).body) == decode(body.encode())


@given(
    secrets=st.lists(st.text("ab*#", min_size=6, max_size=9), min_size=1, max_size=3), text=st.text("ab*#", max_size=60)
)
def test_replacing_a_secret_never_creates_another(secrets, text):
    cleaned = Redaction(secrets).text(text)
    assert not any(secret in cleaned for secret in secrets)
    assert len(cleaned) <= len(text)
