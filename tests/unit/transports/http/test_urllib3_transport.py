import base64
import gzip
import http.client
import inspect
import logging
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
from contextlib import contextmanager, suppress

import pytest
import trustme

from leftovers import nothing_left
from spongewatch import InvalidArgument, InvalidType, LocalProtocolError, Request, TransportError, __version__
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports.forking import begin_anew_in_child
from spongewatch.transports.http.sending import Sending
from spongewatch.transports.http.urllib3_transport import Urllib3Transport
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    answer,
    drips,
    gzipped,
    keeps_answering,
    nobody,
    pours,
    says,
)
from spongewatch.transports.transport import Transport

PASSWORD = 'p+/%: é"'
BASIC = base64.b64encode(f"key:{PASSWORD}".encode()).decode()
SECRET_TARGET = "/events/1126.json?domain_password=p%2B%2F%25%3A%20%C3%A9%22"
AUTHORITY = trustme.CA()


@pytest.fixture
def transport():
    with Urllib3Transport() as made:
        yield made


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


def ask(transport, server, target="/events/1126.json", timeout=30.0, **headers):
    return transport.send(Request("GET", server.url + target, headers), timeout=timeout)


def refusal(transport, server, **more):
    with pytest.raises(TransportError) as caught:
        ask(transport, server, **more)
    return caught.value


def tls(*names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names).configure_cert(context)
    return context


@contextmanager
def at_most(seconds):
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def test_it_is_a_transport():
    for name in ("send", "close"):
        kept, asked = (inspect.signature(getattr(kind, name)) for kind in (Urllib3Transport, Transport))
        assert kept.parameters.keys() == asked.parameters.keys()


def test_an_answer_comes_with_lower_case_names_and_joined_headers(transport):
    reply = b"HTTP/1.1 200 OK\r\nX-Seen: a\r\nContent-Length: 2\r\nx-seen: b\r\nDATE: today\r\n\r\n{}"
    with HostileServer(keeps_answering(reply)) as server:
        response = ask(transport, server)
    assert (response.status, response.body) == (200, b"{}")
    assert dict(response.headers) == {"x-seen": "a, b", "content-length": "2", "date": "today"}


def test_a_request_has_its_own_headers_and_two_more(transport):
    with HostileServer(keeps_answering(answer())) as server:
        ask(transport, server, "/events/1126.json?echo=a%20b#part", authorization=f"Basic {BASIC}")
        assert sorted(server.exchanges[0].head) == [
            "",
            "",
            "GET /events/1126.json?echo=a%20b HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "accept-encoding: gzip",
            f"authorization: Basic {BASIC}",
            f"user-agent: spongewatch/{__version__}",
        ]


def test_headers_of_the_request_win_over_those_of_the_transport(transport):
    with HostileServer(keeps_answering(answer())) as server:
        ask(transport, server, **{"user-agent": "mine", "host": "api.example"})
        head = server.exchanges[0].head
    assert {line for line in head if line.lower().startswith(("user-agent", "host"))} == {
        "host: api.example",
        "user-agent: mine",
    }


def test_twenty_requests_take_one_connection(transport):
    with HostileServer(keeps_answering(answer(b"{}"), gzipped(b"{}"), answer(status="404 Not Found"))) as server:
        for _ in range(20):
            ask(transport, server)
        assert (server.connections, len(server.exchanges)) == (1, 20)


@pytest.mark.parametrize(
    "reply",
    [
        answer(b'{"error": {}}', "404 Not Found"),
        answer(b"busy", "503 Service Unavailable"),
        answer(status="429 Too Many Requests", headers={"retry-after": "5"}),
        answer(status="401 Unauthorized", headers={"www-authenticate": "Basic"}),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\ncontent-encoding: gzip\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nx: y\r\n\r\n" * 3 + answer(b"{}"),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_an_answer_of_any_status_leaves_the_connection_open(transport, reply):
    with HostileServer(keeps_answering(reply)) as server:
        first, second = ask(transport, server), ask(transport, server)
        assert (first.status, first.body) == (second.status, second.body)
        assert server.connections == 1


@pytest.mark.parametrize("end", ["connection: close\r\ncontent-length: 2\r\n", ""])
def test_an_answer_may_end_with_the_connection(transport, end):
    with HostileServer(says(f"HTTP/1.1 200 OK\r\n{end}\r\n{{}}".encode())) as server:
        assert [ask(transport, server).body for _ in range(3)] == [b"{}"] * 3
        assert server.connections == 3


def test_an_interim_response_hides_no_final_one_and_keeps_the_connection(transport):
    early = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    with HostileServer(keeps_answering(early + answer(b"{}"))) as server:
        assert [ask(transport, server).body for _ in range(2)] == [b"{}", b"{}"]
        assert server.connections == 1


def test_after_a_switch_of_protocols_the_connection_is_not_used_again(transport):
    switch = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"
    with HostileServer(keeps_answering(switch)) as server:
        assert [ask(transport, server).status for _ in range(2)] == [101, 101]
        assert server.connections == 2


BAD_BODIES = [
    says(answer(b"{}", "401 No", {"content-length": "100"})),
    says(b"HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\n\r\nno\r\n"),
    keeps_answering(answer(b"no gzip", "401 No", {"content-encoding": "gzip"})),
    keeps_answering(answer(gzip.compress(b"{}")[:-3], "401 No", {"content-encoding": "gzip"})),
    keeps_answering(answer(b"x", "401 No", {"content-encoding": "br"})),
    keeps_answering(answer(bytes(MAX_BODY + 1), "401 No")),
    says(answer(b"{}", "401 No", {"content-length": "100"}), lambda talk: talk.reset()),
    says(answer(b"{}", "401 No", {"content-length": "100"}), lambda talk: talk.hang()),
]


@pytest.mark.parametrize("script", BAD_BODIES)
def test_a_status_is_known_though_its_body_fails_and_the_connection_is_closed(transport, script):
    with HostileServer(script, keeps_answering(answer(b"{}"))) as server:
        response = ask(transport, server, timeout=0.3)
        assert (response.status, response.body) == (401, b"")
        assert {"content-type", "transfer-encoding"} & {*response.headers}
        assert ask(transport, server).body == b"{}"
        assert server.connections == 2


def test_a_compressed_body_comes_as_it_was(transport):
    with HostileServer(keeps_answering(gzipped(b'{"events": []}' * 1_000))) as server:
        assert ask(transport, server).body == b'{"events": []}' * 1_000


def test_a_redirect_is_an_answer_and_is_not_followed(transport):
    with HostileServer(keeps_answering(answer(b"{}"))) as other:
        away = answer(status="302 Found", headers={"location": other.url + "/events/1126.json"})
        with HostileServer(keeps_answering(away)) as server:
            response = ask(transport, server, authorization=f"Basic {BASIC}")
        assert (response.status, response.headers["location"]) == (302, other.url + "/events/1126.json")
        assert other.connections == 0


def test_a_port_where_nothing_listens_is_refused(transport):
    with nobody() as url, pytest.raises(TransportError, match="refused: nothing listens there") as caught:
        transport.send(Request("GET", url), timeout=30)
    assert not caught.value.permanent


def test_a_host_that_is_not_known_says_so():
    with Urllib3Transport(trust_env=False) as transport, pytest.raises(TransportError, match="dns: the host's name"):
        transport.send(Request("GET", "http://no-such-host.invalid/"), timeout=30)


def test_an_address_of_six_is_understood(transport):
    with pytest.raises(TransportError, match="refused"):
        transport.send(Request("GET", "http://[::1]:1/"), timeout=30)


ENDLESS = ("too-large: the head of the response", "protocol: the answer is not HTTP")
"""Newer versions of Python count some of what comes before an answer and after it, and leave sooner."""


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (says(answer(b"x" * 50_000)[:5_000], lambda talk: talk.reset()), "reset: the connection broke off"),
        (says(b"", lambda talk: talk.reset()), "reset: the connection broke off"),
        (says(b""), "reset: the connection broke off"),
        (says(b"HTTP/1.1 2"), "reset: the response broke off"),
        (says(answer(b"{}", headers={"content-length": "100"})), "reset: the answer broke off"),
        (says(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{}"), "reset: the answer broke off"),
        (says(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-7\r\n{}"), "protocol: the answer is not HTTP"),
        (says(answer(headers={"content-length": "3, 4"})), "protocol: invalid Content-Length"),
        (says(b"220 mail.example ESMTP\r\n"), "protocol: the response is not HTTP"),
        (says(b"HTTP/1.1 abc OK\r\n\r\n"), "protocol: the response is not HTTP"),
        (says(b"HTTP/9.1 200 OK\r\n\r\n"), "protocol: the response is not HTTP"),
        (says(b"HTTP/1.1 200 " + b"x" * 70_000), "too-large: the head of the response"),
        (pours(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 10_000), "too-large: the head of the response"),
        (pours(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), "too-large: the head of the response"),
        (pours(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000), ENDLESS),
        (pours(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n", b"x" * 10_000), "too-large"),
        (pours(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n" * 1_000), ENDLESS),
        (pours(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000), "too-large: the body of the response has more than"),
        (
            says(answer(b"no gzip", headers={"content-encoding": "gzip"})),
            "protocol: the response is not in the content",
        ),
        (says(answer(gzip.compress(b"{}")[:-3], headers={"content-encoding": "gzip"})), "protocol: the compressed"),
    ],
)
def test_an_answer_that_is_none_is_told_and_its_connection_is_given_up(transport, script, detail):
    with HostileServer(script, keeps_answering(answer(b"{}"))) as server, at_most(10):
        error = refusal(transport, server)
        assert str(error).startswith(detail)
        assert not error.permanent
        assert ask(transport, server).body == b"{}"
        assert server.connections == 2


@pytest.mark.parametrize(
    "script",
    [
        says(b"", lambda talk: talk.hang()),
        drips(b"", b"HTTP/1.1 200 OK", 0.01),
        drips(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", 0.01),
        drips(b"HTTP/1.1 200 OK\r\nx: ", b"y", 0.01),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.002),
        drips(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"x", 0.01),
        drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.01),
        drips(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.01),
        drips(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n", 0.01),
        says(answer(b"{}", headers={"content-length": "3"}), lambda talk: talk.hang()),
    ],
)
@pytest.mark.parametrize("secure", [False, True])
def test_the_time_out_holds_over_the_whole_answer(script, secure, ca_file):
    context = tls("127.0.0.1") if secure else None
    with Urllib3Transport(ca_file=ca_file) as transport, HostileServer(script, tls=context) as server, at_most(10):
        assert str(refusal(transport, server, timeout=0.15)) == "timeout: no whole answer within 0.15 s"


def test_a_handshake_that_does_not_end_is_a_time_out(ca_file):
    with (
        HostileServer(lambda talk: talk.hang()) as server,
        Urllib3Transport(ca_file=ca_file) as transport,
        at_most(10),
        pytest.raises(TransportError, match="timeout"),
    ):
        transport.send(Request("GET", f"https://127.0.0.1:{server.port}/"), timeout=0.1)


@pytest.mark.parametrize("timeout", [None, "10", True, [1.0]])
def test_a_timeout_of_another_type_is_refused(transport, timeout):
    with nobody() as url, pytest.raises(InvalidType, match="^timeout must be a number of seconds, not "):
        transport.send(Request("GET", url), timeout=timeout)


def test_a_timeout_that_is_no_number_is_refused(transport):
    with nobody() as url, pytest.raises(InvalidArgument, match="^timeout must be a number of seconds, not NaN"):
        transport.send(Request("GET", url), timeout=float("nan"))


@pytest.mark.parametrize("timeout", [0, -1.0])
def test_without_time_nothing_is_sent(transport, timeout):
    with HostileServer(keeps_answering(answer())) as server:
        assert refusal(transport, server, timeout=timeout).kind == "timeout"
        assert server.connections == 0


def test_there_may_be_all_the_time_in_the_world(transport):
    with HostileServer(keeps_answering(answer(b"{}"))) as server:
        assert ask(transport, server, timeout=float("inf")).body == b"{}"


def test_what_inflates_without_end_takes_little_memory(transport):
    bomb = gzipped(bytes(64_000_000))
    with HostileServer(keeps_answering(bomb)) as server:
        tracemalloc.start()
        try:
            assert refusal(transport, server).kind == "too-large"
            assert tracemalloc.get_traced_memory()[1] < 4 * MAX_BODY
        finally:
            tracemalloc.stop()


def test_the_largest_body_is_that_of_the_request(transport):
    with HostileServer(keeps_answering(answer(b"12345"))) as server:
        assert transport.send(Request("GET", server.url, max_body=5), timeout=30).body == b"12345"
        with pytest.raises(TransportError, match="the body of the response has more than 4 bytes"):
            transport.send(Request("GET", server.url, max_body=4), timeout=30)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_may_change_something_is_sent_on_a_connection_of_its_own(transport, method):
    with HostileServer(keeps_answering(answer(b"{}"))) as server:
        ask(transport, server)
        transport.send(Request(method, server.url, body=b"a=\xff"), timeout=30)
        assert (server.connections, server.exchanges[1].body) == (2, b"a=\xff")
        ask(transport, server)
        assert server.connections == 2  # it serves the next GET, and the one before was closed for it


def test_a_response_that_came_before_the_request_was_read_is_returned(transport):
    def refuses_to_read(talk):
        talk.sock.recv(1)
        talk.send(answer(status="413 Content Too Large"))
        talk.reset()

    with HostileServer(refuses_to_read) as server:
        request = Request("POST", server.url, body=bytes(30_000_000))
        with suppress(TransportError):  # some systems drop what was received before a reset
            assert transport.send(request, timeout=30).status == 413


def test_a_tls_configuration_may_be_given(ca_file):
    context = ssl.create_default_context(cafile=ca_file)
    with (
        HostileServer(keeps_answering(answer(b"{}")), tls=tls("127.0.0.1")) as server,
        Urllib3Transport(ssl_context=context) as transport,
    ):
        assert ask(transport, server).body == b"{}"


def test_a_tls_configuration_of_another_type_is_refused():
    with pytest.raises(InvalidType, match=r"^ssl_context must be an ssl\.SSLContext, not str"):
        Urllib3Transport(ssl_context="company.pem")


@pytest.mark.parametrize("verify", [ssl.CERT_NONE, ssl.CERT_REQUIRED])
def test_a_tls_configuration_that_verifies_too_little_is_refused(verify):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = verify
    with pytest.raises(InvalidArgument, match="^ssl_context must verify certificates and host names"):
        Urllib3Transport(ssl_context=context)


def test_there_is_one_tls_configuration(ca_file):
    with pytest.raises(InvalidArgument, match="^ca_file and ssl_context can't be given together"):
        Urllib3Transport(ssl_context=ssl.create_default_context(), ca_file=ca_file)


def test_the_repr_of_one_that_was_never_made_raises_nothing():
    for kind in (Urllib3Transport, Sending):
        assert kind.__name__ in repr(object.__new__(kind))


def test_connections_to_many_origins_are_not_all_kept(monkeypatch):
    looked_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: looked_up("127.0.0.1", *more, **named))
    with (
        HostileServer(keeps_answering(answer(b"{}"))) as server,
        Urllib3Transport(trust_env=False) as transport,
    ):
        for number in (*range(1, 80), 79):
            transport.send(Request("GET", f"http://host-{number}.example:{server.port}/"), timeout=30)
        assert server.connections == 79
        transport.send(Request("GET", f"http://host-1.example:{server.port}/"), timeout=30)
        assert server.connections == 80


def test_a_certificate_that_is_not_trusted_is_a_permanent_error(transport):
    with HostileServer(keeps_answering(answer()), tls=tls("127.0.0.1")) as server:
        error = refusal(transport, server)
        assert (error.kind, error.permanent) == ("tls", True)
        assert error.detail.startswith("the certificate of the service is not trusted: ")
        assert server.exchanges == []


@pytest.mark.parametrize("name", ["127.0.0.2", "elsewhere.example"])
def test_a_certificate_for_another_name_is_a_permanent_error(ca_file, name):
    with (
        HostileServer(keeps_answering(answer()), tls=tls(name)) as server,
        Urllib3Transport(ca_file=ca_file) as transport,
    ):
        error = refusal(transport, server)
        assert (error.kind, error.permanent) == ("tls", True)
        assert error.detail == "the certificate of the service is for another name"
        assert server.exchanges == []


def test_a_certificate_for_another_host_name_is_a_permanent_error(ca_file):
    with (
        HostileServer(keeps_answering(answer()), tls=tls("elsewhere.example")) as server,
        Urllib3Transport(ca_file=ca_file) as transport,
        pytest.raises(TransportError, match="for another name") as caught,
    ):
        transport.send(Request("GET", f"https://localhost:{server.port}/"), timeout=30)
    assert caught.value.permanent


def test_a_private_authority_can_be_trusted_and_one_handshake_is_enough(ca_file):
    with (
        HostileServer(keeps_answering(answer(b"{}"), gzipped(b"{}")), tls=tls("127.0.0.1")) as server,
        Urllib3Transport(ca_file=str(ca_file)) as transport,
    ):
        assert [ask(transport, server).body for _ in range(20)] == [b"{}"] * 20
        assert server.connections == 1


def test_what_speaks_no_tls_is_no_permanent_error(ca_file):
    with (
        HostileServer(lambda talk: talk.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server,
        Urllib3Transport(ca_file=ca_file) as transport,
        pytest.raises(TransportError, match="tls: TLS failed: ") as caught,
    ):
        transport.send(Request("GET", f"https://127.0.0.1:{server.port}/"), timeout=30)
    assert not caught.value.permanent


def test_the_certificates_of_the_system_are_loaded_once_and_when_they_are_needed(monkeypatch, transport):
    loaded = []
    make = ssl.create_default_context

    def create(**more):
        loaded.append(more)
        return make(**more)

    monkeypatch.setattr(ssl, "create_default_context", create)
    with HostileServer(keeps_answering(answer())) as server:
        ask(transport, server)
    assert loaded == []
    with HostileServer(keeps_answering(answer()), tls=tls("127.0.0.1")) as server:
        for _ in range(3):
            refusal(transport, server)
    assert loaded == [{"cafile": None}]


def test_the_system_may_be_told_of_other_certificates_by_its_own_variable(monkeypatch, ca_file):
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    with (
        HostileServer(keeps_answering(answer(b"{}")), tls=tls("127.0.0.1")) as server,
        Urllib3Transport() as transport,
    ):
        assert ask(transport, server).body == b"{}"


def test_of_a_ca_file_and_the_systems_variable_the_ca_file_counts(monkeypatch, ca_file, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with (
        HostileServer(keeps_answering(answer()), tls=tls("127.0.0.1")) as server,
        Urllib3Transport(ca_file=tmp_path / "other.pem") as transport,
    ):
        assert refusal(transport, server).permanent


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_can_not_be_read_are_told_at_once(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LocalProtocolError, match=r"no certificates can be read from the ca_file .*ca\.pem"):
        Urllib3Transport(ca_file=path)


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "many"])
@pytest.mark.parametrize("name", ["connections"])
def test_what_is_no_number_of_at_least_one_is_refused(name, value):
    with pytest.raises(LocalProtocolError, match=f"{name} is a whole number of at least 1, not "):
        Urllib3Transport(**{name: value})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/events/1126?s3cret", "starts with http:// or https://"),
        ("ftp://api.example/s3cret", "starts with http:// or https://"),
        ("http:///s3cret", "starts with http:// or https://"),
        ("http://api.example:99999/s3cret", "can't be read"),
        ("http://key:s3cret@api.example/", "credentials stand in a header"),
    ],
)
def test_a_url_that_can_not_be_asked_is_the_callers_mistake_and_is_not_shown(transport, url, message):
    with pytest.raises(LocalProtocolError, match=message) as caught:
        transport.send(Request("GET", url), timeout=30)
    assert "s3cret" not in told(caught.value)


@pytest.fixture
def proxy():
    with HostileServer(keeps_answering(answer(b"{}"))) as running:
        yield running


def url_of(proxy):
    return f"http://user:s3cret@127.0.0.1:{proxy.port}"


def asked_of(proxy):
    return [exchange.head[0] for exchange in proxy.exchanges]


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used_as_it_was_when_the_transport_was_made(monkeypatch, proxy, name):
    clear_proxies(monkeypatch)
    monkeypatch.setenv(name, url_of(proxy))
    with Urllib3Transport() as transport:
        monkeypatch.delenv(name)
        for url in ("http://api.example/events/1126?echo=a", "http://api.example:8080/"):
            assert transport.send(Request("GET", url), timeout=30).body == b"{}"
    assert asked_of(proxy) == [
        "GET http://api.example/events/1126?echo=a HTTP/1.1",
        "GET http://api.example:8080/ HTTP/1.1",
    ]
    assert "proxy-authorization: Basic dXNlcjpzM2NyZXQ=" in proxy.exchanges[0].head


def clear_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("more", [{"trust_env": False}, {"trust_env": True}])
def test_a_proxy_that_the_caller_names_counts_and_the_environment_does_not(monkeypatch, proxy, more):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "*")
    with Urllib3Transport(proxy=url_of(proxy), **more) as transport:
        transport.send(Request("GET", "http://[2001:db8::1]/"), timeout=30)
    assert asked_of(proxy) == ["GET http://[2001:db8::1]/ HTTP/1.1"]


def test_over_tls_a_proxy_learns_the_host_and_nothing_else():
    with (
        HostileServer(says(answer(status="502 Bad Gateway"))) as proxy,
        Urllib3Transport(proxy=url_of(proxy)) as transport,
        pytest.raises(TransportError, match="refused: the proxy: it answers 502 to CONNECT"),
    ):
        transport.send(Request("GET", f"https://api.example{SECRET_TARGET}", {"authorization": BASIC}), timeout=30)
    assert proxy.exchanges[0].head == [
        "CONNECT api.example:443 HTTP/1.1",
        "host: api.example:443",
        "proxy-authorization: Basic dXNlcjpzM2NyZXQ=",
        "",
        "",
    ]


@pytest.mark.parametrize("trust_env", [False, True])
def test_without_a_proxy_the_way_is_direct(monkeypatch, trust_env):
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    if trust_env:
        monkeypatch.setenv("no_proxy", "invalid")
    with Urllib3Transport(trust_env=trust_env) as direct, pytest.raises(TransportError, match="dns: the host's name"):
        direct.send(Request("GET", "http://no-such-host.invalid/"), timeout=30)


def test_this_machine_is_never_reached_by_way_of_a_proxy(monkeypatch, proxy):
    monkeypatch.setenv("all_proxy", url_of(proxy))
    with HostileServer(keeps_answering(answer(b"1"))) as server:
        for more in ({}, {"proxy": url_of(proxy)}):
            with Urllib3Transport(**more) as transport:
                assert ask(transport, server).body == b"1"
    assert proxy.connections == 0


def test_a_proxy_that_can_not_be_used_is_the_callers_mistake_and_is_not_shown(monkeypatch):
    with pytest.raises(LocalProtocolError, match="^proxy is no http:// url") as caught:
        Urllib3Transport(proxy=SOCKS)
    assert "s3cret" not in told(caught.value)
    clear_proxies(monkeypatch)
    monkeypatch.setenv("HTTPS_PROXY", SOCKS)
    with Urllib3Transport() as transport:
        with pytest.raises(LocalProtocolError, match="^https_proxy is no http:// url") as caught:
            transport.send(Request("GET", "https://api.example/"), timeout=30)
        assert "s3cret" not in told(caught.value)


SOCKS = "socks5://user:s3cret@127.0.0.1"


def test_a_header_that_can_not_be_sent_is_the_callers_mistake_and_is_not_shown(transport):
    with HostileServer(keeps_answering(answer(b"{}"))) as server:
        with pytest.raises(LocalProtocolError, match="what HTTP can't carry") as caught:
            ask(transport, server, authorization=f"{BASIC}\n")
        assert BASIC not in told(caught.value)
        assert ask(transport, server).body == b"{}"


def told(error):
    return "".join(traceback.format_exception(error)) + repr(error)


SECRETS = ["p+/%", "%2B%2F%25", BASIC, BASIC.rstrip("="), "domain_password"]


@pytest.mark.parametrize(
    "script",
    [
        keeps_answering(answer(b"{}")),
        keeps_answering(answer(b"{}", headers={"transfer-encoding": "chunked"})),
        keeps_answering(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
        says(answer(b"{}"), lambda talk: talk.reset()),
        says(b"nonsense"),
        says(answer(b"{}", headers={"content-length": "100"})),
        says(answer(b"x", headers={"content-encoding": "gzip"})),
        says(b"", lambda talk: talk.hang()),
    ],
)
def test_no_secret_is_logged_printed_or_raised(caplog, capfd, monkeypatch, script):
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    texts = []
    with HostileServer(script) as server, Urllib3Transport() as transport:
        for _ in range(2):
            try:
                texts.append(repr(ask(transport, server, SECRET_TARGET, 0.1, authorization=f"Basic {BASIC}")))
            except TransportError as error:
                texts.append(told(error))
                assert error.__suppress_context__ or error.__context__ is None
    texts += [caplog.text, *capfd.readouterr()]
    for secret in SECRETS:
        assert secret not in "".join(texts)
    assert all(record.levelno < logging.WARNING for record in caplog.records)


def test_sixty_four_threads_share_four_connections():
    with (
        HostileServer(keeps_answering(answer(b"{}"), pause=0.002)) as server,
        Urllib3Transport(connections=4) as shared,
    ):
        bodies = in_threads(64, lambda: [ask(shared, server, timeout=60).body for _ in range(3)])
        assert bodies == [[b"{}"] * 3] * 64
        assert server.connections <= 4
        assert len(server.exchanges) == 192


def test_who_finds_no_free_connection_in_time_is_told():
    over = threading.Event()
    with (
        HostileServer(says(b"", lambda talk: over.wait(60))) as server,
        Urllib3Transport(connections=1) as shared,
    ):
        holder = threading.Thread(target=refusal, args=(shared, server))
        holder.start()
        while not server.exchanges:
            time.sleep(0.002)
        assert refusal(shared, server, timeout=0.05).detail == "all connections were in use by other requests"
        over.set()
        holder.join()


def in_threads(count, work):
    results = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_nothing_is_sent_after_the_end_and_the_end_may_come_twice():
    with HostileServer(keeps_answering(answer())) as server:
        transport = Urllib3Transport()
        ask(transport, server)
        transport.close()
        transport.close()
        with pytest.raises(LocalProtocolError, match="the transport is closed"):
            ask(transport, server)
        assert len(server.exchanges) == 1


def test_closing_cuts_off_what_is_under_way_and_who_waits_for_it():
    under_way = threading.Semaphore(0)

    def never_answers(talk):
        talk.read_request()
        under_way.release()
        talk.hang()

    with HostileServer(never_answers) as server, at_most(10), Urllib3Transport(connections=2) as transport:
        ends = []

        def send():
            try:
                ask(transport, server, timeout=60)
            except (TransportError, LocalProtocolError) as error:
                ends.append(str(error))

        threads = [threading.Thread(target=send) for _ in range(3)]
        for thread in threads:
            thread.start()
        under_way.acquire()
        under_way.acquire()
        transport.close()
        for thread in threads:
            thread.join()
    assert sorted(ends) == ["reset: the request was cut off"] * 2 + ["the transport is closed"]


def test_one_request_is_cut_off_and_no_other_is():
    cut_off = threading.Event()

    def script(talk):
        talk.read_request()
        cut_off.wait(60)
        talk.send(answer())

    with HostileServer(script) as server, Urllib3Transport() as transport:
        ends = {}

        def run(sending):
            try:
                ends[sending] = sending.run().status
            except TransportError as error:
                ends[sending] = str(error)

        requests = [transport.sending(Request("GET", server.url), timeout=30) for _ in range(2)]
        threads = [threading.Thread(target=run, args=[sending]) for sending in requests]
        for thread in threads:
            thread.start()
        while len(server.exchanges) < 2:
            time.sleep(0.001)
        requests[0].interrupt()
        cut_off.set()
        for thread in threads:
            thread.join()
        assert [ends[sending] for sending in requests] == ["reset: the request was cut off", 200]


def test_a_request_that_is_cut_off_before_it_leaves_does_not():
    with HostileServer(keeps_answering(answer())) as server, Urllib3Transport() as transport:
        sending = transport.sending(Request("GET", server.url), timeout=30)
        sending.interrupt()
        with pytest.raises(TransportError, match="reset: the request was cut off"):
            sending.run()
        assert server.exchanges == []


def test_a_request_that_is_over_can_not_be_cut_off_and_nor_is_the_next_one():
    with HostileServer(keeps_answering(answer())) as server, Urllib3Transport() as transport:
        sending = transport.sending(Request("GET", server.url), timeout=30)
        sending.run()
        sending.interrupt()
        assert ask(transport, server).status == 200
        assert server.connections == 1


def test_no_thread_and_no_descriptor_outlives_a_transport():
    scripts = [
        keeps_answering(answer(b"{}")),
        says(answer(b"{}", headers={"content-length": "100"})),
        says(b"HTTP/1.1 200 OK\r\n\r\n", lambda talk: talk.hang()),
        says(b"nonsense"),
    ]
    for script in scripts:
        with nothing_left(), HostileServer(script) as server, Urllib3Transport() as transport:
            inside = threading.active_count()
            for _ in range(3):
                with suppress(TransportError):
                    ask(transport, server, timeout=0.05)
            assert threading.active_count() <= inside + 3  # the server's, one for each connection


def forks_amid_a_request():
    """A script that does what a child does once it is forked, and the event that says that this is over.

    A child has no thread but the one that does it: here another one may not go on before.
    """
    over = threading.Event()

    def forks(talk):
        talk.read_request()
        begin_anew_in_child()
        over.set()  # and hangs up

    return forks, over


def test_after_a_fork_no_connection_is_used_again_and_what_is_under_way_ends(transport):
    forks, over = forks_amid_a_request()

    with HostileServer(keeps_answering(answer(b"1")), forks, keeps_answering(answer(b"2"))) as server:
        ask(transport, server)
        begin_anew_in_child()
        refusal(transport, server, timeout=30)
        over.wait()
        assert [ask(transport, server).body for _ in range(2)] == [b"2", b"2"]
        assert server.connections == 3


def test_after_a_fork_amid_tls_it_speaks_no_tls_any_more(ca_file):
    forks, over = forks_amid_a_request()

    with (
        HostileServer(forks, keeps_answering(answer()), tls=tls("127.0.0.1")) as server,
        HostileServer(keeps_answering(answer(b"plain"))) as plain,
        Urllib3Transport(ca_file=ca_file) as transport,
    ):
        refusal(transport, server, timeout=30)
        over.wait()
        for _ in range(2):
            with pytest.raises(LocalProtocolError, match="forked while requests were under way over TLS"):
                ask(transport, server)
            begin_anew_in_child()
        assert ask(transport, plain).body == b"plain"
        assert server.connections == 1


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_a_host_name_that_no_lookup_takes_is_unknown(host):
    with Urllib3Transport(trust_env=False) as transport, pytest.raises(TransportError, match="^dns: the host's name"):
        transport.send(Request("GET", f"http://{host}/"), timeout=30)


def test_an_address_that_can_not_be_reached_is_refused_with_the_reason():
    with (
        Urllib3Transport(trust_env=False) as transport,
        pytest.raises(TransportError, match="^refused: no connection: "),
    ):
        transport.send(Request("GET", "http://255.255.255.255/"), timeout=30)


def test_an_address_that_does_not_listen_leaves_time_to_the_next(monkeypatch):
    looked_up = socket.getaddrinfo

    def two(host, *more, **named):
        (family, *rest, address), *_ = looked_up("127.0.0.1", *more, **named)
        return [(family, *rest, ("127.0.0.1", 1)), (family, *rest, address)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with HostileServer(keeps_answering(answer(b"{}"))) as server, Urllib3Transport(trust_env=False) as transport:
        assert transport.send(Request("GET", f"http://api.example:{server.port}/"), timeout=30).body == b"{}"


@pytest.mark.parametrize(("status", "permanent"), [("407 Who are you", True), ("403 Forbidden", False)])
def test_a_proxy_that_wants_another_password_is_a_permanent_error(status, permanent):
    with (
        HostileServer(says(answer(status=status))) as proxy,
        Urllib3Transport(proxy=url_of(proxy)) as transport,
        pytest.raises(TransportError, match=f"^refused: the proxy: it answers {status[:3]} to CONNECT") as caught,
    ):
        transport.send(Request("GET", "https://api.example/"), timeout=30)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize(
    ("host", "authority"), [("api.example", "api.example:443"), ("[2001:db8::1]", "[2001:db8::1]:443")]
)
def test_a_tunnel_carries_tls(host, authority):
    with (
        HostileServer(says(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 Connection established\r\n\r\n")) as proxy,
        Urllib3Transport(proxy=f"127.0.0.1:{proxy.port}") as transport,
        pytest.raises(TransportError, match="^(tls: TLS failed|reset)"),
    ):
        transport.send(Request("GET", f"https://{host}/"), timeout=30)
    assert proxy.exchanges[0].head[:2] == [f"CONNECT {authority} HTTP/1.1", f"host: {authority}"]


def test_a_request_that_did_not_leave_before_a_fork_leaves_after_it(transport):
    with HostileServer(keeps_answering(answer(b"{}"))) as server:
        sending = transport.sending(Request("GET", server.url), timeout=30)
        sending.leave_to_parent()
        assert sending.run().body == b"{}"


def test_nothing_is_kept_of_a_request_that_ends_as_its_transport_is_closed():
    with nothing_left():
        transport = Urllib3Transport()

        def closes(talk):
            talk.read_request()
            transport._closed = True
            talk.send(answer(b"{}"))
            talk.hang()

        with HostileServer(closes) as server:
            assert ask(transport, server).body == b"{}"
