"""Attacks by the four adversaries of SECURITY.md, over real sockets and in real processes."""

import base64
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from event_rows import json_body, row, rows, triggers
from spongewatch import (
    PUBLIC_SERVICE,
    Completed,
    Credentials,
    Ended,
    ImportSession,
    InvalidArgument,
    LocalProtocolError,
    LostContact,
    PollPolicy,
    Request,
    Response,
    Send,
    TransportError,
)
from spongewatch.adapters.cli.command_line import main
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports import SystemClock, Urllib3Transport, watch
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds

COMMAND = str(Path(sys.executable).parent / "spongewatch")
DOCS = Path(__file__).parents[2] / "docs"
DATA = Path(__file__).parents[1] / "data"
KEY, PASSWORD = "the-key", "s3cret-of-the-key"
CREDENTIALS = Credentials(KEY, PASSWORD)
PAIR = base64.b64encode(f"{KEY}:{PASSWORD}".encode()).decode()

WAITING = http_response(json_body(rows("INITIALIZING INPROGRESS 0")))
GATHERING = http_response(json_body(rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 7")))
GOOD = http_response(json_body(rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 2", "COMPLETE COMPLETED 0")))
FALSE = http_response(json_body([row("GATHERING ERROR 264")]))


def watched(url, transport=None, observers=(), **policy):
    """Return the items of a watch."""
    clock = SystemClock()
    chosen = PollPolicy(**({"interval": 0.02, "request_timeout": 30.0, "max_delay": 0.02} | policy))
    session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=url, policy=chosen)
    with transport or Urllib3Transport() as used:
        items = list(watch(session, used, observers=observers, clock=clock))
    assert isinstance(items[-1], Ended)
    return items


def environment(**variables):
    """Return an environment with the credentials and no other variables of the library."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDSPONGE_", "NETRC"))}
    return {**kept, "CLOUDSPONGE_DOMAIN_KEY": KEY, "CLOUDSPONGE_DOMAIN_PASSWORD": PASSWORD, **variables}


def command(*arguments, **variables):
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(**variables),
    )


# A hostile service.


@contextmanager
def plainly_and_over_tls(secure, folder, *scripts):
    """Start a server, with or without TLS, and a transport that trusts it."""
    if not secure:
        with HostileServer(*scripts) as server:
            yield server, Urllib3Transport()
        return
    authority, context = tls()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    with HostileServer(*scripts, tls=context) as server:
        yield server, Urllib3Transport(ca_file=folder / "ca.pem")


def padded(reply):
    """Add a header that makes the response as long as the read-ahead; a TLS record is longer."""
    return reply.replace(b"\r\n\r\n", b"\r\nx: " + b"y" * (8192 - len(reply) - 5) + b"\r\n\r\n", 1)


BEHIND = {
    "read ahead": lambda reply: reply + FALSE,
    "decrypted": lambda reply: padded(reply) + FALSE,
    "both": lambda reply: reply + b"x" * (8192 - len(reply)) + FALSE,
    "on its way": lambda reply: padded(reply) + b"x" * 300_000 + FALSE,
}
"""Where the unrequested response is when the previous one has been read."""


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("and_false", BEHIND.values(), ids=BEHIND)
def test_an_unrequested_response_is_never_used_for_the_next_poll(and_false, secure, tmp_path):
    def script(talk):
        for reply in (WAITING, GATHERING):
            if talk.read_request() is None:
                return
            talk.send(and_false(reply))
        responds(GOOD)(talk)

    scripts = (script, responds(GATHERING, GOOD))
    with plainly_and_over_tls(secure, tmp_path, *scripts) as (server, transport):
        items = watched(server.url, transport)
        assert server.connections == 2
    assert triggers(items) == ["start", "initialize", "progress", "gather", "complete"]
    assert items[-1].outcome == Completed(7)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_response_sent_before_its_request_is_not_used(secure, tmp_path):
    answered, said = threading.Event(), threading.Event()

    def script(talk):
        talk.read_request()
        talk.send(WAITING)
        answered.wait()
        talk.sock.sendall(FALSE)  # between two requests
        said.set()
        with suppress(OSError):
            talk.hang()

    def between_two_polls(item):
        answered.set()
        said.wait()

    with plainly_and_over_tls(secure, tmp_path, script, responds(GOOD)) as (server, transport):
        items = watched(server.url, transport, observers=[between_two_polls])
        assert server.connections == 2
    assert triggers(items) == ["start", "initialize", "gather", "complete"]


def test_no_response_changes_the_next_request():
    said = {
        "set-cookie": "session=1; Path=/",
        "www-authenticate": 'Digest realm="x", nonce="y"',
        "location": "https://elsewhere.example/",
        "refresh": "0; url=https://elsewhere.example/",
        "link": "<https://elsewhere.example/>; rel=preload",
        "alt-svc": 'h2="elsewhere.example:443"',
        "etag": '"1"',
        "strict-transport-security": "max-age=1000",
        "connection": "upgrade",
        "upgrade": "h2c",
    }
    first = [http_response(b"{}", status, said) for status in ("200 OK", "503 Busy", "429 Busy", "408 Late")]
    switching = http_response(b"", "101 Switching Protocols", said)
    with HostileServer(responds(*first, switching), responds(GOOD)) as server:
        assert watched(server.url)[-1].outcome == Completed(2)
        assert (len(server.exchanges), server.connections) == (6, 2)
        assert len({seen.request for seen in server.exchanges}) == 1


def tls(**certificate):
    """Return a server's context, and the file with its certificate authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", **certificate).configure_cert(context)
    return authority, context


def test_an_expired_certificate_ends_with_lost_contact_and_nothing_is_sent(tmp_path):
    now = datetime.now(UTC)
    authority, context = tls(not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with HostileServer(responds(GOOD), tls=context) as server:
        (ended,) = watched(server.url, Urllib3Transport(ca_file=tmp_path / "ca.pem"))
        assert (server.exchanges, server.connections) == ([], 1)
    assert isinstance(ended.outcome, LostContact)
    assert ended.outcome.detail == "tls: certificate verify failed: certificate has expired"


def test_tls_below_version_1_2_is_refused(tmp_path):
    authority, context = tls()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with HostileServer(responds(GOOD), tls=context) as server:
        with Urllib3Transport(ca_file=tmp_path / "ca.pem") as transport, pytest.raises(TransportError) as caught:
            transport.send(Request("GET", server.url, {"authorization": f"Basic {PAIR}"}), timeout=30)
        assert server.exchanges == []
    assert caught.value.kind == "tls"


def test_a_response_of_a_mebibyte_is_searched_for_secrets_in_bounded_time():
    credentials = Credentials("key", "'\"<&>/\\é%" * 25)
    session = ImportSession("1126", credentials, now=0.0)
    for unit in (
        credentials.domain_password[:-1],
        "\\",
        "&amp;",
        "\\u00",
        "%25",
        "<!--",
        credentials.basic()[6:-1] + "\0",
    ):
        body = (unit.encode() * MAX_BODY)[:MAX_BODY]
        start = time.process_time()
        session.receive(Response(503, {}, body), now=0.0)
        assert time.process_time() - start < 1  # takes 0.05 s on an idle machine


# A hostile recording.

ACTS = "\x1b]0;owned\x07\x1b[2J\x1b[31m\r\x08\u202e\u2066\x9b31m\x00\x7f\u2028"


def hostile_trace(tmp_path, *lines):
    file = tmp_path / "trace.jsonl"
    head = {"spongewatch-trace": 1, "import_id": "1126", "started": ACTS, "x": ACTS}
    file.write_text("".join(json.dumps(line) + "\n" for line in (head, *lines)))
    return file


def polls_that_say(text):
    """Return trace lines with the text in each place that a service controls."""
    pages = [
        {"events": [{"event_type": "GATHERING", "status": "INPROGRESS", "value": text}]},
        {"events": [], "user_id": text, "echo": text},
        {"events": [], "import_id": text},
        {"events": [{"event_type": text, "status": text}]},
        {"error": {"message": text, "code": text}},
        {text: text},
    ]
    for number, obj in enumerate(pages):
        yield {"t": float(number), "took": 0.1, "status": 200, "body": json.dumps(obj), "headers": {"date": text}}
    yield {"t": 10.0, "took": 0.1, "status": 503, "body": json.dumps(pages[4]), "headers": {"retry-after": text}}
    yield {"t": 11.0, "took": 0.1, "error": "reset", "detail": text}


ENDS = {
    "rejected": {"t": 20.0, "end": "rejected", "reason": "request", "detail": ACTS},
    "lost": {"t": 20.0, "end": "lost-contact", "detail": ACTS},
    "permanent": {"t": 20.0, "took": 0.1, "error": "tls", "detail": ACTS, "permanent": True},
    "refused": {"t": 20.0, "took": 0.1, "status": 400, "body": json.dumps({"error": {"message": ACTS}})},
    "broken": {"t": ACTS},
    "an unknown end": {"t": 20.0, "end": ACTS},
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize(
    "words", [["replay"], ["replay", "--jsonl"], ["timeline"], ["timeline", "--html", "-"], ["convert"]], ids=" ".join
)
def test_control_characters_in_a_recording_are_escaped_on_a_terminal(tmp_path, capsys, words, end):
    file = hostile_trace(tmp_path, *polls_that_say(ACTS), end)
    named = file.rename(tmp_path / f"{ACTS.replace(chr(0), '')}.jsonl")
    assert main([*words, str(named)]) in (0, 6, 9, 10)
    for text in capsys.readouterr():
        assert all(line.isprintable() for line in text.split("\n")), repr(text)


OBSERVER = """
import sys

WATCHED = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename",
           "os.mkdir", "os.chmod", "os.link", "os.symlink", "shutil.", "ctypes.", "pickle.")

def hook(event, arguments):
    writes = event == "open" and (set(str(arguments[1])) & set("wax+") or (arguments[2] or 0) & 0o3)
    if writes or event.startswith(WATCHED):
        seen.append((event, str(arguments)[:100]))

seen = []
from spongewatch.adapters.cli.command_line import main
sys.dont_write_bytecode = True
sys.addaudithook(hook)
for words in (["replay"], ["timeline"], ["timeline", "--html", "-"], ["convert"], ["convert", "--output", "made"]):
    if main([*words, *sys.argv[1:]]) not in (0, 6):
        sys.exit("it was not read")
    if "made" not in words and seen:
        sys.exit(f"it did {seen}")
sys.exit(None if seen else "nothing would have been seen")
"""


@pytest.mark.parametrize("recording", ["trace", "HAR", "cassette", "folder"])
def test_reading_a_recording_connects_nowhere_runs_nothing_and_writes_nothing(tmp_path, recording):
    (tmp_path / "1.json").write_bytes(GOOD.partition(b"\r\n\r\n")[2])
    hostile = hostile_trace(tmp_path, *polls_that_say("http://127.0.0.1:1/ $(touch owned) `touch owned`"))
    files = {"trace": hostile, "HAR": DATA / "chromium.har", "cassette": DATA / "vcrpy.yaml", "folder": tmp_path}
    done = subprocess.run(
        [sys.executable, "-c", OBSERVER, str(files[recording])],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "owned").exists()


def test_a_hostile_folder_gets_no_local_file_into_a_trace(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "netrc").write_text(f"machine api.example login {KEY} password {PASSWORD}")
    (folder / "1.json").write_bytes(GOOD.partition(b"\r\n\r\n")[2])
    (folder / "2.json").symlink_to(tmp_path / "netrc")
    (folder / "3.json").symlink_to("/proc/self/environ")
    (folder / "4.json").symlink_to("4.json")
    (folder / "5.json").symlink_to(folder)
    (folder / "6.json").symlink_to("/dev/zero")
    os.mkfifo(folder / "7.json")
    done = command("convert", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert PASSWORD not in done.stdout
    assert len(done.stdout.splitlines()) == 2


# A tampered saved session.


def tampered(**members):
    session = ImportSession("1126", CREDENTIALS, now=1000.0, base_url="https://api.example")
    return json.dumps({**json.loads(session.save()), **members})


def resumed(saved, now=1000.0, base_url="https://api.example"):
    return ImportSession.resume(saved, CREDENTIALS, now=now, base_url=base_url)


OF_ANOTHER = {"base_url": "https://elsewhere.example", "auth": "query", "insecure_http": True, "credentials": None}


@pytest.mark.parametrize("echo", ["/../../?x=", "&domain_key=x", "#", "\r\nx: y", "@elsewhere.example", "%0d%0a"])
def test_a_tampered_session_can_not_choose_where_the_password_goes(echo):
    action = resumed(tampered(sent_echo=echo, **OF_ANOTHER)).next_action(now=1000.0)
    assert isinstance(action, Send)
    path, _, query = action.request.url.partition("?")
    assert path == "https://api.example/events/1126.json"
    assert query.startswith("echo=")
    assert not set(query.removeprefix("echo=")) & set("&#/?@\r\n ")
    assert action.request.headers["authorization"] == f"Basic {PAIR}"


@pytest.mark.parametrize(
    "import_id", ["../1126", "1126/../2", "1126?x", "1126#x", "1126.json", "a b", "", None, 1126, "x" * 65]
)
def test_a_tampered_session_can_not_name_a_path(import_id):
    machine = {**json.loads(tampered())["machine"], "import_id": import_id}
    with pytest.raises(LocalProtocolError) as caught:
        resumed(tampered(import_id=import_id, machine=machine))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("members", [{}, {"next_poll": 0, "delay": 0, "now": 0}, {"start": 990.0}, {"start": 1e9}])
def test_a_tampered_session_polls_the_public_service_no_faster_than_it_allows(members):
    policy = json.loads(tampered())["policy"]
    for interval in (0.999, 0.001, 0, -1, None, float("nan")):
        with pytest.raises((InvalidArgument, LocalProtocolError), match="interval"):
            resumed(tampered(policy={**policy, "interval": interval}, **members), base_url=PUBLIC_SERVICE)
    now = 1000.0
    session = resumed(tampered(**members), now, PUBLIC_SERVICE)
    now = max(now, session.start + session.elapsed)
    session.sent(now=now)
    session.receive_failure(TransportError("reset", "x"), now=now)
    assert session.next_action(now=now).until >= now + 1.0


def test_a_tampered_session_saved_during_a_poll_keeps_the_floor():
    session = resumed(tampered(poll_is_open=True, next_poll=0, delay=0), base_url=PUBLIC_SERVICE)
    assert session.next_action(now=1000.0).until == 1011.0


# A curious local user.


def test_the_list_of_processes_shows_no_password(tmp_path):
    file = tmp_path / "credentials"
    file.write_text(f"{KEY}:{PASSWORD}\n")
    file.chmod(0o600)
    variables = {name: value for name, value in environment().items() if not name.startswith("CLOUDSPONGE_")}
    with HostileServer(lambda talk: (talk.read_request(), talk.hang())) as server:
        words = [COMMAND, "watch", "1126", "--base-url", server.url, "--credentials", str(file)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables)
        try:
            end = time.monotonic() + 20
            while not server.exchanges and time.monotonic() < end:
                time.sleep(0.02)
            proc = Path(f"/proc/{process.pid}")
            seen = [(proc / name).read_bytes() for name in ("cmdline", "comm", "environ")]
            threads = []
            for task in (proc / "task").iterdir():
                with suppress(FileNotFoundError, ProcessLookupError):  # it has exited
                    threads.append((task / "comm").read_bytes())
        finally:
            process.terminate()
            shown = b"".join(process.communicate(timeout=20))
    assert PAIR.encode() in server.exchanges[0].request
    for text in (*seen, *threads, shown):
        assert PASSWORD.encode() not in text
        assert PAIR.encode() not in text


def test_a_watch_leaves_one_file_readable_by_its_owner_only(tmp_path):
    home, work, temporary = (tmp_path / name for name in ("home", "work", "temporary"))
    for folder in (home, work, temporary):
        folder.mkdir()
    with HostileServer(responds(GOOD)) as server:
        words = ["watch", "1126", "--base-url", server.url, "--record", "trace.jsonl"]
        done = subprocess.run(
            [COMMAND, *words],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=work,
            env=environment(
                HOME=str(home), TMPDIR=str(temporary), XDG_CACHE_HOME=str(home), PYTHONDONTWRITEBYTECODE="1"
            ),
            umask=0,
        )
    assert (done.returncode, done.stderr) == (0, "")
    left = [file for file in tmp_path.rglob("*") if not file.is_dir()]
    assert left == [work / "trace.jsonl"]
    assert left[0].stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in left[0].read_text()
    assert PAIR not in left[0].read_text()


@pytest.mark.parametrize("target", ["victim", "nothing"])
@pytest.mark.parametrize(
    "words",
    [
        ["watch", "1126", "--base-url", "http://127.0.0.1:1", "--timeout", "0.1", "--record"],
        ["convert", DOCS / "traces/completes.jsonl", "--output"],
        ["timeline", DOCS / "traces/completes.jsonl", "--html"],
    ],
    ids=lambda words: words[0],
)
def test_no_command_writes_through_a_symbolic_link(tmp_path, monkeypatch, capsys, words, target):
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    (tmp_path / "victim").write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / target)
    assert main([*map(str, words), str(link)]) == 2
    assert (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "nothing").exists()
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
