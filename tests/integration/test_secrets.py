"""No form of the password, or of the pair sent as HTTP Basic, appears anywhere, not even in logs at DEBUG."""

import base64
import io
import json
import logging
import os
import re
import subprocess
import sys
import traceback
from contextlib import contextmanager
from html import escape
from itertools import chain
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from event_rows import json_body, rows
from spongewatch import (
    Completed,
    Credentials,
    Done,
    Ended,
    ImportSession,
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    PollFailed,
    PollPolicy,
    Request,
    SpongewatchError,
    TransportError,
)
from spongewatch.adapters import Callbacks, LoggingAdapter
from spongewatch.transports import Simulator, SystemClock, TraceWriter, Urllib3Transport, poll, replay, wait, watch
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    gzip_response,
    http_response,
    responds,
    unused_url,
)
from steady_clock import SteadyClock

COMMAND = str(Path(sys.executable).parent / "spongewatch")
KEY, PASSWORD = "the-key", 'p+/%: é"'
CREDENTIALS = Credentials(KEY, PASSWORD)
PAIR = f"{KEY}:{PASSWORD}"
BASIC = base64.b64encode(PAIR.encode()).decode()

FORMS = {
    "as it is": PASSWORD,
    "percent-encoded": quote(PASSWORD, safe=""),
    "as a path": quote(PASSWORD),
    "percent-encoded, in small letters": re.sub("%..", lambda found: found[0].lower(), quote(PASSWORD, safe="")),
    "as a form": quote_plus(PASSWORD),
    "the pair in base64": BASIC,
    "the pair in base64 without its end": BASIC.rstrip("="),
    "in base64": base64.b64encode(PASSWORD.encode()).decode(),
    "in base64 for urls": base64.urlsafe_b64encode(PASSWORD.encode()).decode(),
    "as JSON": json.dumps(PASSWORD)[1:-1],
    "as JSON with all its letters": json.dumps(PASSWORD, ensure_ascii=False)[1:-1],
    "as JSON with slashes": json.dumps(PASSWORD)[1:-1].replace("/", "\\/"),
    "as XML": escape(PASSWORD),
}
# Bodies are escaped once, by the rules of their format.
SAID_AGAIN = {name: form for name, form in FORMS.items() if "JSON" not in name and "XML" not in name}

# Each of these is a substantial part of the secret.
TRACES = (
    r"p\+\\*/%|(?i:p%2b%2f)|(?i:p%2b/%25)|p\+/%25|cCsv|"  # the password
    r"dGhlLWtleTpw|OnArLyU6|d(a2V5OnArLyU6)|"  # the pair in base64
    r"%: (é|\\x|\\u|&#|Ã)|%3A(%20|\+)%C3|(é|\\u00e9|\\xe9|&#233;|&#xE9;|%C3%A9)(\"|\\\"|&quot;|&#34;|%22)"
)


def assert_none_in(*texts):
    for text in texts:
        for name, form in FORMS.items():
            assert form not in text, f"the password {name}: {text}"
        assert (found := re.search(TRACES, text)) is None, f"{found}: {text}"


def test_the_search_for_the_password_finds_each_of_its_forms():
    for form in FORMS.values():
        for text in (form, repr(form), json.dumps(form), f"x{form}y"):
            with pytest.raises(AssertionError):
                assert_none_in(text)
    assert_none_in("status 401: no", "******", KEY, "Basic ******")


# Everything visible of a watch.


class Records(logging.Handler):
    """Keeps each record in full: message, arguments, extra fields and traceback."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts += [repr(record.__dict__), str(record.args), record.getMessage(), logging.Formatter().format(record)]


@contextmanager
def everything_logged():
    handler, root = Records(), logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("urllib3", "spongewatch", "http", "asyncio"))]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield handler.texts
    finally:
        root.removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def texts_of(error):
    """Return the texts of an error."""
    return ["".join(traceback.format_exception(error)), str(error), repr(error), repr(error.args), repr(vars(error))]


def texts_of_all_causes(error):
    texts = []
    while error is not None:
        texts += texts_of(error)
        error = error.__cause__ or error.__context__
    return texts


def shown(value):
    return [repr(value), str(value), f"{value}", *([json.dumps(value.to_json())] if hasattr(value, "to_json") else [])]


class Overheard:
    """A transport that keeps the texts of what passes through it."""

    def __init__(self, transport):
        self.texts = shown(transport)
        self._transport = transport

    def send(self, request, *, timeout):
        self.texts += shown(request)
        try:
            response = self._transport.send(request, timeout=timeout)
        except TransportError as error:
            self.texts += texts_of_all_causes(error)
            raise
        self.texts += shown(response)
        return response

    def close(self):
        self._transport.close()


def fails_at_all(item):
    raise ValueError(f"an observer that shows all: {item!r}")


def watched(server, trace, auth="basic", **policy):
    """Return the items of a watch and all visible texts; the session is saved after each item."""
    clock, printed = SteadyClock(), io.StringIO()
    chosen = PollPolicy(**({"interval": 0.001, "max_delay": 0.001, "request_timeout": 30.0} | policy))
    callbacks = Callbacks(on_ended=lambda item: print(item, file=printed))
    with everything_logged() as texts, Urllib3Transport() as transport, TraceWriter(trace, CREDENTIALS) as record:
        overheard = Overheard(transport)
        session = ImportSession(
            "1126", CREDENTIALS, now=clock.now(), base_url=server.url, policy=chosen, auth=auth, echo="mine"
        )
        watching = watch(
            session,
            overheard,
            observers=[LoggingAdapter(), callbacks, fails_at_all],
            on_observer_error="log",
            record=record,
            clock=clock,
        )
        items = []
        for item in watching:
            items.append(item)
            texts += [*shown(item), *shown(session), session.save(), *shown(session.next_action(now=clock.now()))]
        for value in (watching, session.machine, session.outcome, session.policy, record, CREDENTIALS, callbacks):
            texts += shown(value)
        texts += [*shown(CREDENTIALS.redaction), repr(session.user_id), repr(session.echo), session.machine.save()]
    assert isinstance(items[-1], Ended)
    return items, [*texts, *overheard.texts, printed.getvalue(), *written(trace)]


def written(trace):
    """Return the trace, and its decoded bodies."""
    text = trace.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    bodies = [base64.b64decode(line["body64"]) for line in lines if "body64" in line]
    decoded = [body.decode(encoding, "replace") for body in bodies for encoding in ("latin-1", "utf-16")]
    return [text, *(repr(line) for line in lines), *decoded]


# Where a service can echo the password: a form of it -> the response.


def in_json(**members):
    return json.dumps(members, ensure_ascii=False).encode()


def in_xml(text):
    return http_response(text.encode(), headers={"content-type": "application/xml"})


def with_row(**members):
    row = {"event_type": "INITIALIZING", "status": "INPROGRESS", "value": 0, **members}
    return http_response(json.dumps({"events": [row]}).encode())


def with_header(name, form, status="503 Busy"):
    return http_response(b"{}", status, {name: form})


TRIED_AGAIN = {
    "an envelope": lambda form: http_response(in_json(error={"message": f"no: {form}", "code": form}), "503 Busy"),
    "an envelope with status 200": lambda form: http_response(in_json(error={"message": f"no: {form}", "code": 1})),
    "a text as envelope": lambda form: http_response(in_json(error=form), "500 Oh"),
    "an envelope in XML": lambda form: in_xml(f"<error><message>{escape(form)}</message></error>"),
    "an envelope in UTF-16": lambda form: http_response(in_json(error=form).decode().encode("utf-16"), "503 Busy"),
    "no envelope": lambda form: http_response(f"{form}".encode(), "503 Busy"),
    "a page": lambda form: http_response(f"<html>{form}</html>".encode(), headers={"content-type": "text/html"}),
    "a page of the proxy": lambda form: http_response(
        f"<html>GET /?password={form}</html>".encode(), "502 Bad Gateway"
    ),
    "what is no JSON": lambda form: http_response(form.encode()),
    "what is no XML": lambda form: in_xml(f"<a>{form}&"),
    "a DTD": lambda form: in_xml(f"<!DOCTYPE a [<!ENTITY b '{escape(form)}'>]><a>&b;</a>"),
    "an entity": lambda form: in_xml(f"<a>&{re.sub('[^A-Za-z0-9]', '', form)};{escape(form)}</a>"),
    "a name": lambda form: http_response(json.dumps({form: form}).encode()),
    "no list": lambda form: http_response(json.dumps({"events": form}).encode()),
    "a row that is none": lambda form: http_response(json.dumps({"events": [form]}).encode()),
    "a type": lambda form: with_row(event_type=form),
    "a status": lambda form: with_row(status=form),
    "a type at the end of a word": lambda form: with_row(event_type=f"X-{form}"),
    "a value": lambda form: with_row(value=form),
    "a value of many": lambda form: with_row(value=[{"a": form}, form]),
    "the user's id": lambda form: http_response(in_json(events=[], user_id=form)),
    "the echo": lambda form: http_response(in_json(events=[], echo=form)),
    "another import's id": lambda form: http_response(in_json(events=[], import_id=form)),
    "a compressed body": lambda form: gzip_response(in_json(error=form)),
    "a header": lambda form: with_header("x-seen", form),
    "Retry-After": lambda form: with_header("retry-after", form),
    "Date": lambda form: with_header("date", form),
    "Content-Type": lambda form: with_header("content-type", form),
    "Content-Encoding": lambda form: with_header("content-encoding", form),
    "Content-Length": lambda form: with_header("content-length", form),
    "Transfer-Encoding": lambda form: with_header("transfer-encoding", form),
    "the name of a header": lambda form: f"HTTP/1.1 503 Busy\r\n{form}: x\r\ncontent-length: 0\r\n\r\n".encode(),
    "no header": lambda form: f"HTTP/1.1 503 Busy\r\n {form}\r\ncontent-length: 0\r\n\r\n".encode(),
    "the length of a chunk": lambda form: f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{form}\r\n".encode(),
    "the reason of a status": lambda form: http_response(b"", f"503 {form}"),
    "no status": lambda form: f"HTTP/1.1 {form}\r\n\r\n".encode(),
    "no protocol": lambda form: f"{form}\r\n\r\n".encode(),
    "the cut of a long text": lambda form: http_response(in_json(error="x" * 194 + form), "503 Busy"),
    "the cut of a long text, status 200": lambda form: http_response(in_json(error="x" * 194 + form)),
    "the cut of a long id": lambda form: http_response(in_json(events=[], import_id="x" * 194 + form)),
    "the cut of a long value": lambda form: with_row(value="x" * 194 + form),
}


def all_forms(place):
    return [place(form) for form in SAID_AGAIN.values()]


def sends_each_of(responses):
    """Send one response for each request, then the end of the import; some of them close the connection."""
    left = chain(responses, [http_response(json_body(rows("COMPLETE COMPLETED 0")))])

    def script(talk):
        while talk.read_request() is not None:
            talk.send(next(left))

    return script


WITH_QUERY = ("an envelope", "what is no JSON", "no status", "Content-Length")
PLACES = [
    pytest.param(place, auth, id=f"{name}, {auth}")
    for name, place in TRIED_AGAIN.items()
    for auth in (("basic", "query") if name in WITH_QUERY else ("basic",))
]


@pytest.mark.parametrize(("place", "auth"), PLACES)
def test_an_echoed_password_is_not_quoted(tmp_path, place, auth):
    trace = tmp_path / "trace.jsonl"
    with HostileServer(sends_each_of(all_forms(place))) as server:
        items, texts = watched(server, trace, auth)
        assert len(server.exchanges) == len(SAID_AGAIN) + 1
        sent = b"".join(seen.request for seen in server.exchanges)
        assert (BASIC.encode() in sent) is (auth == "basic")
        assert (b"domain_password=" in sent) is (auth == "query")
    assert items[-1].outcome == Completed(None)
    assert_none_in(*texts)
    assert [item.to_json() for item in replay(trace)] == [item.to_json() for item in items]


THE_END = {
    "401": "401 Unauthorized",
    "403": "403 Forbidden",
    "302": "302 Found",
    "400": "400 Bad Request",
    "410": "410 Gone",
}


@pytest.mark.parametrize("auth", ["basic", "query"])
@pytest.mark.parametrize("status", THE_END.values(), ids=THE_END)
def test_a_password_in_a_rejection_is_not_quoted(tmp_path, status, auth):
    trace, form = tmp_path / "trace.jsonl", " ".join(SAID_AGAIN.values())
    headers = {"location": f"http://127.0.0.1:1/?domain_password={form}", "www-authenticate": f'Basic realm="{form}"'}
    refusal = http_response(in_json(error={"message": f"it is not {form} that is right", "code": 1}), status, headers)
    with HostileServer(responds(refusal)) as server:
        items, texts = watched(server, trace, auth)
    assert items[-1].outcome.name == "rejected"
    assert "******" in items[-1].outcome.detail
    assert_none_in(*texts)
    assert [item.to_json() for item in replay(trace)] == [item.to_json() for item in items]


@pytest.mark.parametrize("retry_after", ["", "999"])
def test_lost_contact_is_reported_without_the_password(tmp_path, retry_after):
    trace = tmp_path / "trace.jsonl"
    busy = http_response(in_json(error=f"{PASSWORD} {BASIC}"), "503 Busy", {"retry-after": retry_after})
    with HostileServer(responds(busy)) as server:
        items, texts = watched(server, trace, lost_contact_timeout=60.0 if retry_after else 0.3)
    assert items[-1].outcome.name == "lost-contact"
    assert any("******" in json.dumps(item.to_json()) for item in items)
    assert_none_in(*texts)


def test_a_saved_and_resumed_session_holds_no_password(tmp_path):
    said = [in_json(error=form) for form in SAID_AGAIN.values()] + [in_json(events=[], user_id=PASSWORD, echo=BASIC)]
    script = sends_each_of([http_response(body) for body in said])
    clock, texts = SystemClock(), []
    with HostileServer(script) as server, everything_logged() as logged, Urllib3Transport() as transport:
        policy = PollPolicy(interval=0.001, max_delay=0.001)
        session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=server.url, policy=policy)
        while not isinstance(session.next_action(now=clock.now()), Done):
            for item in poll(session, transport, clock=clock):
                texts += shown(item)
            texts.append(session.save())
            session = ImportSession.resume(texts[-1], CREDENTIALS, now=clock.now(), base_url=server.url)
    assert session.outcome == Completed(None)
    assert_none_in(*texts, *logged)


# Errors of the caller.


def mistakes(url):
    base = f"{url}/?{quote(PASSWORD, safe='')}"
    with_login = url.replace("http://", f"http://{KEY}:{quote(PASSWORD, safe='')}@")
    yield lambda: Credentials(KEY, f"{PASSWORD}\n")
    yield lambda: Credentials(KEY, f"{PASSWORD}\ud800")
    yield lambda: Credentials(PAIR, PASSWORD)
    yield lambda: ImportSession("1126", CREDENTIALS, now=0.0, base_url=base)
    yield lambda: ImportSession("1126", CREDENTIALS, now=0.0, base_url=with_login)
    yield lambda: ImportSession("1126", CREDENTIALS, now=0.0, base_url=f"http://{PASSWORD}.example")
    yield lambda: ImportSession("1126", CREDENTIALS, now=0.0, base_url="http://api.example")
    yield lambda: ImportSession("../1126", CREDENTIALS, now=0.0)
    yield lambda: wait("1126", CREDENTIALS, base_url=with_login)
    session = ImportSession("1126", CREDENTIALS, now=0.0, base_url=url, auth="query")
    session.sent(now=0.0)
    yield lambda: session.sent(now=0.0)
    yield lambda: ImportSession.resume(session.save().replace("1126", "/"), CREDENTIALS, now=0.0)
    transport = Urllib3Transport()
    yield lambda: transport.send(Request("GET", with_login), timeout=1)
    yield lambda: transport.send(Request("GET", url, {"authorization": f"Basic {BASIC}\n"}), timeout=1)
    yield lambda: transport.send(Request("GET", url, {"x": PASSWORD + "\u2028"}), timeout=1)
    yield lambda: transport.send(Request("GET", base.replace("127.0.0.1", "no-such-host.invalid")), timeout=1)
    transport.close()
    yield lambda: transport.send(Request("GET", base), timeout=1)
    yield lambda: Simulator("no such", domain_password=PASSWORD)
    yield lambda: Simulator("skips", domain_key=PAIR, domain_password=PASSWORD)


@pytest.mark.parametrize("shown", [texts_of, texts_of_all_causes])
def test_errors_do_not_show_the_password(shown):
    with HostileServer(responds(http_response())) as server, everything_logged() as logged:
        for mistake in mistakes(server.url):
            with pytest.raises(SpongewatchError) as caught:
                mistake()
            assert isinstance(caught.value, InvalidArgument | InvalidType | LocalProtocolError | TransportError)
            assert_none_in(*shown(caught.value), *logged)


@pytest.mark.parametrize("auth", ["basic", "query"])
@pytest.mark.parametrize("password", [PASSWORD, "another"])
def test_a_simulator_does_not_show_the_password(auth, password):
    with everything_logged() as logged, Simulator("skips", domain_key=KEY, domain_password=password) as service:
        outcome = wait("1126", CREDENTIALS, base_url=service.base_url, auth=auth)
        texts = [*shown(service), *map(repr, service.requests)]
    assert outcome.name == ("completed" if password == PASSWORD else "rejected")
    assert_none_in(*texts, *logged, *shown(outcome))


# The command line.


def from_environment(tmp_path):
    return [], {"CLOUDSPONGE_DOMAIN_KEY": KEY, "CLOUDSPONGE_DOMAIN_PASSWORD": PASSWORD}, None


def from_file(tmp_path):
    file = tmp_path / "credentials"
    file.write_text(f"{PAIR}\n")
    file.chmod(0o644)  # causes a warning
    return ["--credentials", str(file)], {}, None


def from_standard_input(tmp_path):
    file = tmp_path / "piped"
    file.write_text(f"{PAIR}\n")
    return ["--credentials", "-"], {}, file


def from_netrc(tmp_path):
    file = tmp_path / "netrc"
    quoted = PASSWORD.replace('"', '\\"')
    file.write_text(f'machine 127.0.0.1 login {KEY} password "{quoted}"\n')
    file.chmod(0o600)
    return [], {"NETRC": str(file)}, None


SOURCES = {
    "environment": from_environment,
    "file": from_file,
    "standard input": from_standard_input,
    "netrc": from_netrc,
}


def command(*arguments, stdin=None, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDSPONGE_", "NETRC"))}
    return subprocess.run(
        [COMMAND, *arguments],
        stdin=stdin or subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        env={**inherited, **environment},
    )


def refused(status):
    message = f"{PASSWORD} {BASIC} {quote(PASSWORD)}"
    return http_response(in_json(error={"message": message, "code": 1}), status, {"location": f"/?{quote(PASSWORD)}"})


SAID = {
    "good": (http_response(in_json(events=[{"event_type": "COMPLETE", "status": "COMPLETED"}], user_id=PASSWORD)), 0),
    "401": (refused("401 Unauthorized"), 7),
    "redirect": (refused("302 Found"), 10),
    "410": (refused("410 Gone"), 8),
    "503": (refused("503 Busy"), 6),
    "a bad body": (http_response(f"{PASSWORD} {BASIC}".encode()), 6),
    "odd rows": (with_row(event_type=BASIC, status=quote(PASSWORD), value=PASSWORD), 5),
    "no HTTP": (f"{PASSWORD}\r\n\r\n".encode(), 6),
}
WAYS = {
    *((source, "basic", "good") for source in SOURCES),
    *((source, "query", "401") for source in SOURCES),
    *(("environment", "basic", said) for said in SAID),
    ("environment", "query", "redirect"),
    ("environment", "query", "no HTTP"),
}


@pytest.mark.parametrize(("source", "auth", "said"), sorted(WAYS))
def test_the_command_never_prints_the_password(tmp_path, source, auth, said):
    options, environment, piped = SOURCES[source](tmp_path)
    reply, status = SAID[said]
    trace = tmp_path / "trace.jsonl"
    # On a busy machine, no budget may end before the response arrives.
    lost, total = {5: ("60", "0.3"), 6: ("0.1", "60")}.get(status, ("60", "60"))
    budgets = ["--interval", "0.02", "--request-timeout", "30", "--lost-contact-timeout", lost, "--timeout", total]
    with HostileServer(responds(reply)) as server:
        where = ["--base-url", server.url, "--auth", auth, "--record", str(trace)]
        with open(piped or os.devnull, "rb") as stdin:
            done = command("watch", "1126", *where, *budgets, *options, stdin=stdin, **environment)
        assert done.returncode == status
        sent = server.exchanges[0].request.decode()
        assert (BASIC if auth == "basic" else f"domain_password={FORMS['percent-encoded']}") in sent
    assert_none_in(done.stdout, done.stderr, *written(trace), *(json.dumps(item.to_json()) for item in replay(trace)))


def test_the_command_never_prints_the_password_if_nothing_listens():
    _, environment, _ = from_environment(None)
    budgets = ["--interval", "0.02", "--lost-contact-timeout", "0.1"]
    with unused_url() as url:
        done = command("watch", "1126", "--base-url", url, "--auth", "query", *budgets, **environment)
    assert (done.returncode, done.stderr) == (6, "")
    assert_none_in(done.stdout)


@pytest.mark.parametrize(
    ("content", "standard_input"),
    [
        (f"{PAIR}\n{PASSWORD}\n".encode(), False),
        (PASSWORD.replace(":", "").encode(), True),
        (f"{PAIR}\x01".encode(), False),
        (f":{PASSWORD}".encode(), True),
        (f"{PAIR}\n".encode("latin-1"), False),
        (f"{PAIR}\n".encode("utf-16"), True),
    ],
)
def test_the_command_does_not_show_malformed_credentials(tmp_path, content, standard_input):
    file = tmp_path / "credentials"
    file.write_bytes(content)
    file.chmod(0o600)
    where = ["--base-url", "http://127.0.0.1:1", "--credentials", "-" if standard_input else str(file)]
    with file.open("rb") as stream:
        done = command("watch", "1126", *where, stdin=stream)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert_none_in(done.stderr)


@pytest.mark.parametrize(
    "content",
    [
        f"machine 127.0.0.1 login {KEY} password {PASSWORD}",
        f'machine 127.0.0.1 login "{KEY}" "{PASSWORD}"',
        f"machine 127.0.0.1 {PASSWORD}",
    ],
)
def test_the_command_does_not_show_a_malformed_netrc(tmp_path, content):
    file = tmp_path / "netrc"
    file.write_text(content)
    file.chmod(0o600)
    done = command("watch", "1126", "--base-url", "http://127.0.0.1:1", NETRC=str(file))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert_none_in(done.stderr)


@pytest.mark.parametrize(
    "url", ["https://{}:{}@api.example", "https://api.example/?key={}&password={}", "https://api.example/{}:{}\n"]
)
def test_the_command_does_not_show_a_url_with_credentials(url):
    _, environment, _ = from_environment(None)
    done = command("watch", "1126", "--base-url", url.format(KEY, quote(PASSWORD, safe="")), **environment)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert_none_in(done.stderr)


def test_failed_polls_are_still_reported():
    with HostileServer(sends_each_of([http_response(in_json(error=f"not {PASSWORD}, but why"), "503 Busy")])) as server:
        clock = SystemClock()
        policy = PollPolicy(interval=0.001)
        session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=server.url, policy=policy)
        with Urllib3Transport() as transport:
            failed, *_ = watch(session, transport, clock=clock)
    assert isinstance(failed, PollFailed)
    assert failed.reason == "status 503: not ******, but why"
