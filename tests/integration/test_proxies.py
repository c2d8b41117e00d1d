"""Requests through a real proxy: what the proxy and the service see, and how their errors are reported.

The proxy resolves every host but one to this machine. A relay in front of it keeps all that the proxy receives.
"""

import asyncio
import base64
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme

from event_rows import json_body, rows
from leftovers import nothing_left
from spongewatch import (
    Completed,
    Credentials,
    ImportSession,
    LostContact,
    PollFailed,
    PollPolicy,
    Request,
    TransportError,
)
from spongewatch.transports import AsyncioTransport, SystemClock, Urllib3Transport, wait, watch
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    drips,
    http_response,
    pours,
    responds,
    sends,
    unused_url,
)

COMMAND = str(Path(sys.executable).parent / "spongewatch")
CREDENTIALS = Credentials("the-key", 's3cret+/%: é"')
BASIC = CREDENTIALS.basic()
TARGET = "/events/1126.json?domain_password=s3cret%2B%2F%25%3A%20%C3%A9%22"
OF_THE_SERVICE = ["the-key", "s3cret", BASIC.removeprefix("Basic "), "events", "1126"]

USER, PASSWORD = "user", "h1dden+/%: é"
PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
OF_THE_PROXY = ["h1dden", PAIR, PAIR.rstrip("=")]

PLUGIN = """
from proxy.http.proxy import HttpProxyBasePlugin

class Nearby(HttpProxyBasePlugin):
    def resolve_dns(self, host, port):
        return (None if host == "nowhere.invalid" else "127.0.0.1"), None
"""

AUTHORITY = trustme.CA()
WHOLE_IMPORT = http_response(
    json_body(rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 2", "COMPLETE COMPLETED 0"))
)


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="module")
def proxy_port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "nearby.py").write_text(PLUGIN)
    command = f"{sys.executable} -m proxy --hostname 127.0.0.1 --port 0 --port-file port --data-dir data --log-level c"
    alone = ["--num-acceptors", "1", "--num-workers", "1", "--local-executor", "1"]
    more = ["--plugins", "nearby.Nearby", "--basic-auth", f"{USER}:{PASSWORD}"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONUTF8": "1"}
    with subprocess.Popen(
        [*command.split(), *alone, *more], cwd=folder, env=environment, start_new_session=True
    ) as process:
        try:
            yield written_port(folder / "port", process)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            with suppress(ProcessLookupError):  # it doesn't always end its workers
                os.killpg(process.pid, signal.SIGKILL)


def written_port(file, process):
    patience = time.monotonic() + 30
    while time.monotonic() < patience and process.poll() is None:
        if file.exists() and (text := file.read_text()).endswith("\n"):
            return int(text)
        time.sleep(0.01)
    raise AssertionError("the proxy does not start")


class Relay(HostileServer):
    """Forwards everything to the proxy, and keeps a copy."""

    def __init__(self, port):
        super().__init__(self.pass_on)
        self.to_port = port
        self.passed = b""

    def pass_on(self, talk):
        with socket.create_connection(("127.0.0.1", self.to_port)) as far:
            back = threading.Thread(target=self.pump, args=(far, talk.sock))
            back.start()
            self.pump(talk.sock, far, keep=True)
            back.join()

    def pump(self, source, sink, keep=False):
        with suppress(OSError):  # either side has closed the connection
            while piece := source.recv(65536):
                if keep:
                    self.passed += piece
                sink.sendall(piece)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(proxy_port):
    with Relay(proxy_port) as relay:
        yield relay


@pytest.fixture
def service():
    with HostileServer(responds(http_response(b"{}")), tls=tls("service.invalid")) as running:
        yield running


def tls(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def url_of(proxy, password=PASSWORD):
    return f"http://{USER}:{quote(password, safe='')}@127.0.0.1:{proxy.port}"


def address(service, host="service.invalid"):
    return f"{service.url.partition(':')[0]}://{host}:{service.port}"


def ask(transport, service, host="service.invalid", timeout=30.0):
    request = Request("GET", address(service, host) + TARGET, {"authorization": BASIC})
    return transport.send(request, timeout=timeout)


def refusal(transport, service, **more):
    with pytest.raises(TransportError) as caught:
        ask(transport, service, **more)
    return caught.value


def texts_of(error):
    return "".join(traceback.format_exception(error)) + repr(error)


def test_twenty_polls_share_one_tunnel_and_leak_no_secret(monkeypatch, proxy, service, ca_file):
    monkeypatch.setenv("https_proxy", url_of(proxy))
    with Urllib3Transport(ca_file=ca_file) as transport:
        assert [ask(transport, service).body for _ in range(20)] == [b"{}"] * 20
    assert (proxy.connections, service.connections, len(service.exchanges)) == (1, 1, 20)

    connect = proxy.passed.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    authority = f"service.invalid:{service.port}"
    assert connect == [
        f"CONNECT {authority} HTTP/1.1",
        f"host: {authority}",
        f"proxy-authorization: Basic {PAIR}",
    ]
    for secret in OF_THE_SERVICE:
        assert secret.encode() not in proxy.passed
    for request in [exchange.request for exchange in service.exchanges]:
        assert request.startswith(f"GET {TARGET} HTTP/1.1\r\nHost: {authority}\r\n".encode())
        assert f"authorization: {BASIC}\r\n".encode() in request
        assert b"proxy" not in request.lower()


def test_asyncio_transport_reuses_its_tunnel_and_sends_plain_http_to_the_proxy(proxy, service, ca_file):
    async def main():
        async with AsyncioTransport(proxy=url_of(proxy), ca_file=ca_file) as transport:
            for _ in range(5):
                await transport.send(Request("GET", address(service) + TARGET), timeout=30)
            return (await transport.send(Request("GET", address(plain, "plain.invalid")), timeout=30)).body

    with HostileServer(responds(http_response(b"plain"))) as plain:
        assert asyncio.run(main()) == b"plain"
    assert (proxy.connections, service.connections, len(service.exchanges)) == (2, 1, 5)


def test_a_broken_tunnel_is_replaced(proxy, ca_file):
    with (
        HostileServer(sends(http_response(b"1")), responds(http_response(b"2")), tls=tls("service.invalid")) as service,
        Urllib3Transport(ca_file=ca_file, proxy=url_of(proxy)) as transport,
    ):
        bodies = []
        for _ in range(4):
            with suppress(TransportError):  # the client may not know yet that the tunnel is closed
                bodies.append(ask(transport, service).body)
        assert bodies[:3] == [b"1", b"2", b"2"]
        assert proxy.connections >= 2


@pytest.mark.parametrize("no_proxy", ["*", "invalid", ".service.invalid", "other.example,service.invalid"])
def test_hosts_in_no_proxy_bypass_the_proxy(monkeypatch, proxy, service, no_proxy):
    monkeypatch.setenv("all_proxy", url_of(proxy))
    monkeypatch.setenv("no_proxy", no_proxy)
    with Urllib3Transport() as transport:
        assert str(refusal(transport, service)) == "dns: the host name could not be resolved"
    assert proxy.connections == 0


def test_a_certificate_for_another_name_is_a_permanent_error_behind_a_proxy_too(proxy, service, ca_file):
    with Urllib3Transport(ca_file=ca_file, proxy=url_of(proxy)) as transport:
        error = refusal(transport, service, host="other.invalid")
    assert (error.kind, error.permanent) == ("tls", True)
    assert error.detail == "certificate verify failed: certificate is for another host"
    assert service.exchanges == []


def test_a_certificate_that_is_not_trusted_is_a_permanent_error_behind_a_proxy_too(
    monkeypatch, proxy, service, ca_file
):
    with Urllib3Transport(proxy=url_of(proxy)) as transport:
        error = refusal(transport, service)
        assert (error.kind, error.permanent) == ("tls", True)
        assert service.exchanges == []
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    with Urllib3Transport(proxy=url_of(proxy)) as transport:
        assert ask(transport, service).body == b"{}"


def test_a_wrong_proxy_password_ends_a_watch_at_once(proxy, service, ca_file):
    with Urllib3Transport(ca_file=ca_file, proxy=url_of(proxy, "wrong")) as transport:
        policy = PollPolicy(interval=0.01, request_timeout=30.0)
        outcome = wait("1126", CREDENTIALS, base_url=address(service), policy=policy, transport=transport)
    detail = "refused: proxy: CONNECT failed with status 407; check the user and password"
    assert outcome == LostContact(detail)
    assert (proxy.connections, service.connections) == (1, 0)


def test_the_proxy_reports_an_unreachable_service(proxy):
    with unused_url() as here, Urllib3Transport(proxy=url_of(proxy)) as transport:
        for url in (here.replace("http://127.0.0.1", "https://service.invalid"), "https://nowhere.invalid"):
            with pytest.raises(TransportError, match="^refused: proxy: CONNECT failed with status 502$") as caught:
                transport.send(Request("GET", url), timeout=30)
            assert not caught.value.permanent


def test_plain_http_goes_through_the_proxy_which_can_read_it(proxy):
    with (
        HostileServer(responds(WHOLE_IMPORT)) as service,
        Urllib3Transport(proxy=url_of(proxy)) as transport,
    ):
        more = {"transport": transport, "insecure_http": True, "policy": PollPolicy(request_timeout=30.0)}
        assert wait("1126", CREDENTIALS, base_url=address(service), **more) == Completed(2)
        head = service.exchanges[0].head
    assert head[0] == "GET /events/1126.json HTTP/1.1"
    assert proxy.passed.startswith(f"GET {address(service)}/events/1126.json HTTP/1.1\r\n".encode())
    assert f"authorization: {BASIC}".encode() in proxy.passed
    assert not any(secret in line for secret in OF_THE_PROXY for line in head)


def test_the_command_takes_proxy_and_certificates_from_the_environment(proxy, ca_file):
    environment = {
        **os.environ,
        "HTTPS_PROXY": url_of(proxy),
        "SSL_CERT_FILE": str(ca_file),
        "CLOUDSPONGE_DOMAIN_KEY": "the-key",
        "CLOUDSPONGE_DOMAIN_PASSWORD": CREDENTIALS.domain_password,
    }

    def run(base_url, **more):
        command = [COMMAND, "watch", "1126", "--base-url", base_url]
        return subprocess.run(command, env={**environment, **more}, capture_output=True, text=True, timeout=60)

    with HostileServer(responds(WHOLE_IMPORT), tls=tls("service.invalid")) as service:
        done = run(address(service))
        assert (done.returncode, done.stderr) == (0, "")
        assert "complete" in done.stdout
        unusable = run(address(service), https_proxy="socks5://user:h1dden@127.0.0.1")
    assert unusable.returncode == 2
    assert unusable.stderr.splitlines() == [
        "spongewatch: https_proxy must be the URL of an HTTP proxy, such as http://proxy.example:3128; "
        "other kinds of proxy are not supported"
    ]


def says_it_again(talk):
    """A proxy that echoes the request everywhere in its response."""
    asked = talk.read_request().replace(b"\r\n", b" ").strip()
    talk.send(b"HTTP/1.1 502 %b\r\nx: %b\r\n%b\r\n\r\n%b" % (asked, asked, asked, asked))


@pytest.mark.parametrize(
    "script",
    [
        says_it_again,
        responds(http_response(status="407 Proxy Authentication Required")),
        responds(b"HTTP/1.1 200 OK\r\n\r\n"),
        sends(b""),
        sends(b"nonsense\r\n\r\n"),
        pours(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
        pours(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000),
        drips(b"", b"HTTP/1.1 200 OK\r\nx: y\r\n", 0.01),
        drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.01),
        sends(b"", lambda talk: talk.hang()),
        lambda talk: talk.reset(),
    ],
)
def test_a_malicious_proxy_leaks_no_secret_and_meets_the_deadline(caplog, capfd, monkeypatch, service, ca_file, script):
    monkeypatch.setattr("http.client.HTTPConnection.debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    with HostileServer(script) as proxy:
        monkeypatch.setenv("https_proxy", url_of(proxy))
        with Urllib3Transport(ca_file=ca_file) as transport:
            start = time.monotonic()
            error = refusal(transport, service, timeout=0.2)
            assert time.monotonic() - start < 30
            texts = [texts_of(error), repr(transport), repr(vars(transport)), caplog.text, *capfd.readouterr()]
        while not proxy.connections:  # on a busy machine the client may leave before it is accepted
            assert time.monotonic() - start < 60
            time.sleep(0.01)
        assert proxy.connections == 1
    assert service.connections == 0
    assert error.permanent == ("407" in str(error))
    for secret in OF_THE_SERVICE[:3] + OF_THE_PROXY:
        assert secret not in "".join(texts)


def test_no_thread_and_no_descriptor_outlives_a_tunnel(proxy, service, ca_file):
    scripts = [sends(http_response(status="502 Bad Gateway")), sends(b"HTTP/1.1 200 OK\r\n\r\n"), sends(b"nonsense")]
    with nothing_left():
        for script in scripts:
            with HostileServer(script) as bad, Urllib3Transport(ca_file=ca_file, proxy=url_of(bad)) as transport:
                for _ in range(3):
                    refusal(transport, service)


def test_a_failed_poll_names_the_proxy(monkeypatch):
    clock = SystemClock()
    session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url="https://service.invalid")
    with unused_url() as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        with Urllib3Transport() as transport:
            failed = next(watch(session, transport, clock=clock))
    assert isinstance(failed, PollFailed)
    assert failed.reason == "refused: proxy: connection refused"
