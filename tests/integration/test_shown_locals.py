"""Error reporters print local variables; those of the library's frames hold no secret.

Frames of `http.client` and urllib3 hold secrets while they send and read, but the tracebacks of the library's errors
don't include them.
"""

import asyncio
import base64
import signal
import socket
import ssl
import threading
import traceback
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

import spongewatch
from spongewatch import (
    Client,
    Credentials,
    InvalidArgument,
    PollPolicy,
    Request,
    Response,
    SpongewatchError,
    read_begun,
    read_contacts,
)
from spongewatch.transports import AsyncioTransport, Urllib3Transport, wait
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds, sends, unused_url

PASSWORD = "s3cret-of-the-key"
BASIC = Credentials("the-key", PASSWORD).basic()
OF_THE_PROXY = "h1dden-of-the-proxy"
QUERY = f"domain_key=the-key&domain_password={PASSWORD}&echo=a"
HEADERS = {"authorization": BASIC, "x-odd": "another header"}
SECRETS = [PASSWORD, BASIC.split()[1], QUERY, "another header", OF_THE_PROXY]
SECRETS += [base64.b64encode(f"user:{OF_THE_PROXY}".encode()).decode()]
OF_THE_PERSON = "hunter22-of-the-person"
USERNAME = "mira.of-the-person"
CONSENT_URL = "https://api.cloudsponge.com/n/VTGHPM3"
NAME = "Okonkwo"
SECRETS += [OF_THE_PERSON, USERNAME, CONSENT_URL, NAME]
OURS = str(Path(spongewatch.__file__).parent)


def frames(error):
    """Return what a reporter shows of an error and its causes: the file and local variables of each frame."""
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        for entry in traceback.TracebackException.from_exception(each, capture_locals=True).stack:
            yield entry.filename, str(entry.locals)
        waiting += [each.__cause__, each.__context__]


def assert_nothing_shown(error):
    shown = [(file, text) for file, text in frames(error) if file.startswith((OURS, "<string>"))]
    assert shown
    for file, text in shown:
        for secret in SECRETS:
            assert secret not in text, (file, text)
    if isinstance(error, SpongewatchError):
        others = {file for file, _ in frames(error) if not file.startswith(OURS)}
        assert others <= {__file__, "<string>"}, others  # the constructor of a dataclass


def raised(url, timeout=0.3, kind=Urllib3Transport, **more):
    """Return the error of a request full of secrets; the request must not be a local variable here."""
    if kind is AsyncioTransport:
        return asyncio.run(raised_under_asyncio(url, timeout, **more))
    with Urllib3Transport(**more) as transport:
        try:
            transport.send(Request("GET", f"{url}/events/1126.json?{QUERY}", HEADERS), timeout=timeout)
        except BaseException as error:
            return error
    raise AssertionError("nothing was raised")


async def raised_under_asyncio(url, timeout, **more):
    async with AsyncioTransport(**more) as transport:
        try:
            await transport.send(Request("GET", f"{url}/events/1126.json?{QUERY}", HEADERS), timeout=timeout)
        except BaseException as error:
            return error
    raise AssertionError("nothing was raised")


@pytest.fixture(params=[Urllib3Transport, AsyncioTransport])
def kind(request):
    return request.param


@contextmanager
def untrusted():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with HostileServer(sends(http_response(b"{}")), tls=context) as server:
        yield server.url


SCRIPTS = {
    "timeout": sends(b"", lambda talk: talk.hang()),
    "reset at once": sends(b""),
    "reset in the body": sends(http_response(b"{}", headers={"content-length": "99"}), lambda talk: talk.reset()),
    "a body that is cut off": sends(http_response(b"{}", headers={"content-length": "99"})),
    "not HTTP": sends(b"nonsense\r\n\r\n"),
    "bad gzip": sends(http_response(b"{}", headers={"content-encoding": "gzip"})),
    "too large": sends(http_response(b"", headers={"content-length": ""}) + bytes(2_000_000)),
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_locals_hold_no_secret_when_a_response_fails(script, kind):
    def repeats(talk):
        script(talk)

    with HostileServer(repeats) as server:
        assert_nothing_shown(raised(server.url, kind=kind))


def test_locals_hold_no_secret_when_a_service_echoes_it(kind):
    def repeats(talk):
        request = talk.read_request()
        talk.send(http_response(request * 5_000, headers={"content-encoding": "gzip"}))

    with HostileServer(repeats) as server:
        assert_nothing_shown(raised(server.url, kind=kind))


def test_locals_hold_no_secret_when_nothing_listens(kind):
    with unused_url() as url:
        assert_nothing_shown(raised(url, kind=kind))


def test_locals_hold_no_secret_when_the_host_is_unknown(kind):
    assert_nothing_shown(raised("http://sponge.invalid", timeout=20, kind=kind, trust_env=False))


def test_locals_hold_no_secret_when_a_certificate_is_not_trusted(kind):
    with untrusted() as url:
        assert_nothing_shown(raised(url, timeout=20, kind=kind))


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_locals_hold_no_secret_when_a_proxy_refuses(status, kind):
    with HostileServer(sends(http_response(status=status))) as proxy:
        url = f"http://user:{OF_THE_PROXY}@127.0.0.1:{proxy.port}"
        assert_nothing_shown(raised("https://api.example", timeout=20, kind=kind, proxy=url))


@pytest.mark.parametrize("url", ["http://user:h1dden-of-the-proxy@pro xy", "socks5://user:h1dden-of-the-proxy@a"])
def test_locals_hold_no_secret_when_a_proxy_url_is_invalid(url, kind):
    with pytest.raises(InvalidArgument) as caught:
        kind(proxy=url)
    assert_nothing_shown(caught.value)


def test_locals_hold_no_secret_when_a_proxy_variable_is_invalid(monkeypatch, kind):
    monkeypatch.setenv("https_proxy", f"socks5://user:{OF_THE_PROXY}@a")
    assert_nothing_shown(raised("https://api.example", kind=kind))


@pytest.mark.parametrize("url", ["ftp://api.example", "http://us er:s3cret-of-the-key@x:99999999", "http://a:b@c"])
def test_locals_hold_no_secret_when_a_request_url_is_invalid(url, kind):
    assert_nothing_shown(raised(url, kind=kind))


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError, ValueError])
def test_locals_hold_no_secret_when_before_write_raises(error):
    def raises():
        raise error

    async def main():
        async with AsyncioTransport() as transport:
            try:
                request = Request("GET", f"{server.url}?{QUERY}", HEADERS)
                sending = transport.send(request, timeout=20, before_write=raises)
                del request
                await sending
            except BaseException as caught:
                return caught

    with HostileServer(sends(http_response(b"{}"))) as server:
        assert_nothing_shown(asyncio.run(main()))


def test_locals_hold_no_secret_when_a_header_is_invalid():
    with unused_url() as url, Urllib3Transport() as transport, pytest.raises(InvalidArgument) as caught:
        transport.send(Request("GET", f"{url}?{QUERY}", {**HEADERS, "bad": "a\nb"}), timeout=1)
    assert_nothing_shown(caught.value)


@pytest.mark.parametrize("while_reading", ["nothing yet", "the body"])
def test_locals_hold_no_secret_when_a_signal_handler_raises_during_a_response(while_reading):
    reading = threading.Event()

    def never_ends(talk):
        talk.read_request()
        if while_reading == "the body":
            talk.send(http_response(b"{}", headers={"content-length": "99"}))
        reading.set()
        talk.hang()

    def handler(*_):
        raise KeyboardInterrupt

    def interrupt():
        reading.wait(30)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handler)
    thread = threading.Thread(target=interrupt)
    try:
        with HostileServer(never_ends) as server:
            thread.start()
            error = raised(server.url, timeout=60)
            thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert isinstance(error, KeyboardInterrupt)
    assert_nothing_shown(error)


def test_locals_hold_no_secret_in_an_interrupted_watch(monkeypatch):
    def interrupts(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(socket.socket, "recv_into", interrupts)
    with HostileServer(sends(http_response(b"{}"))) as server, pytest.raises(KeyboardInterrupt) as caught:
        wait("1126", Credentials("the-key", PASSWORD), base_url=server.url, policy=PollPolicy(request_timeout=30.0))
    assert_nothing_shown(caught.value)


# Steps 1 and 3.


def asked(url, call, timeout=0.3):
    """Return the error of a call of a client; its arguments must not be local variables here."""
    with Client("the-key", PASSWORD, base_url=url) as client:
        try:
            call(client, timeout)
        except BaseException as error:
            return error
    raise AssertionError("nothing was raised")


def begins(client, timeout):
    client.begin_import("plaxo", username=USERNAME, password=OF_THE_PERSON, timeout=timeout)


def begins_with_consent(client, timeout):
    client.begin_import("gmail", timeout=timeout)


def imports(client, timeout):
    client.import_contacts("plaxo", username=USERNAME, password=OF_THE_PERSON, on_begun=print)


def downloads(client, timeout):
    client.contacts("7", timeout=timeout)


def streams(client, timeout):
    list(client.contacts("7", stream=True, timeout=timeout))


CONTACT = b'{"first_name": "%s", "email": [{"address": "%s@example.com"}]}' % (NAME.encode(), NAME.encode())
BAD_PAGES = {
    "not JSON": b'{"contacts": [' + CONTACT,
    "a number of too many digits": b'{"contacts": [' + CONTACT + b", " + b"9" * 5000 + b"]}",
    "not UTF-8": b'{"contacts": [' + CONTACT + b"\xff]}",
    "an entry that is not an object": b'{"total": 2, "contacts": [5, ' + CONTACT + b"]}",
    "no total": b'{"contacts": [' + CONTACT + b"]}",
    "a wrong total": b'{"total": "Okonkwo", "contacts": [' + CONTACT + b"]}",
    "another import": b'{"total": 1, "import_id": "Okonkwo", "contacts": [' + CONTACT + b"]}",
}
BEGUN = b'"url": "' + CONSENT_URL.encode() + b'"'
BAD_BEGINNINGS = {
    "not JSON": b'{"import_id": 7, ' + BEGUN,
    "no import id": b"{" + BEGUN + b"}",
    "a refusal": b'{"status": "failure", "error": "no ' + PASSWORD.encode() + b'", ' + BEGUN + b"}",
    "a consent URL with a password": b'{"import_id": 7, "url": "https://Okonkwo:pw@api.example/"}',
}


CALLS = [
    (call, name)
    for call in (begins, begins_with_consent, imports, downloads, streams)
    for name in SCRIPTS
    if (call, name) != (imports, "timeout")  # its timeout is 30 s, and it begins as `begins` does
]


@pytest.mark.parametrize(
    ("call", "script"),
    [(call, SCRIPTS[name]) for call, name in CALLS],
    ids=[f"{call.__name__}-{name}" for call, name in CALLS],
)
def test_locals_hold_neither_secrets_nor_contacts_when_a_call_fails(call, script):
    with HostileServer(script) as server:
        assert_nothing_shown(asked(server.url, call))


@pytest.mark.parametrize("call", [downloads, streams])
@pytest.mark.parametrize("body", BAD_PAGES.values(), ids=BAD_PAGES)
def test_locals_hold_no_contact_when_a_page_is_invalid(body, call):
    with HostileServer(responds(http_response(body))) as server:
        error = asked(server.url, call)
    assert_nothing_shown(error)
    assert NAME not in f"{error} {error!r}"


@pytest.mark.parametrize("call", [begins_with_consent, begins])
@pytest.mark.parametrize("body", BAD_BEGINNINGS.values(), ids=BAD_BEGINNINGS)
def test_locals_hold_no_secret_when_the_response_to_step_1_is_invalid(body, call):
    status = "201 Created" if call is begins_with_consent else "401 Unauthorized"
    with HostileServer(sends(http_response(body, status))) as server:
        error = asked(server.url, call)
    assert_nothing_shown(error)
    assert not any(secret in f"{error} {error!r}" for secret in SECRETS)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Client("the:key", PASSWORD),
        lambda: Client("the-key", PASSWORD, auth="digest"),
        lambda: Client("the-key", "key", base_url=f"https://the-key:{PASSWORD}@api.example"),
        lambda: Client("the-key", "key").begin_import("a", username=USERNAME, password=OF_THE_PERSON, echo=""),
        lambda: Client("the-key", "key").begin_import("a", username=USERNAME, password=OF_THE_PERSON, timeout=0),
        lambda: Client("the-key", "key").begin_import("a", username=USERNAME, password=[OF_THE_PERSON]),
        lambda: Client("the-key", "key").import_contacts("", username=USERNAME, password=OF_THE_PERSON, on_begun=print),
        lambda: read_begun(Response(401), secrets=[OF_THE_PERSON]),
        lambda: read_begun(Response(200), secrets=[OF_THE_PERSON]),
        lambda: read_contacts(Response(200, {}, BAD_PAGES["no total"])),
    ],
)
def test_locals_hold_no_secret_when_arguments_of_a_client_are_refused(call):
    with pytest.raises(SpongewatchError) as caught:
        call()
    assert_nothing_shown(caught.value)
