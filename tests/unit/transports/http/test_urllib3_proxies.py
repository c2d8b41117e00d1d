"""Requests through a proxy; test_proxies.py checks which proxy is chosen."""

import pytest

from http_requests import ask, printed
from spongewatch import InvalidArgument, Request, TransportError
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds, sends


@pytest.fixture
def proxy():
    with HostileServer(responds(http_response(b"{}"))) as running:
        yield running


def url_of(proxy):
    return f"http://user:s3cret@127.0.0.1:{proxy.port}"


def request_lines(proxy):
    return [exchange.head[0] for exchange in proxy.exchanges]


@pytest.mark.usefixtures("no_proxy_variables")
@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_the_environment_is_read_when_the_transport_is_created(monkeypatch, proxy, name):
    monkeypatch.setenv(name, url_of(proxy))
    with Urllib3Transport() as transport:
        monkeypatch.delenv(name)
        for url in ("http://api.example/events/1126?echo=a", "http://api.example:8080/"):
            assert transport.send(Request("GET", url), timeout=30).body == b"{}"
    assert request_lines(proxy) == [
        "GET http://api.example/events/1126?echo=a HTTP/1.1",
        "GET http://api.example:8080/ HTTP/1.1",
    ]
    assert "proxy-authorization: Basic dXNlcjpzM2NyZXQ=" in proxy.exchanges[0].head


@pytest.mark.parametrize("more", [{"trust_env": False}, {"trust_env": True}])
def test_the_argument_replaces_the_environment(monkeypatch, proxy, more):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "*")
    with Urllib3Transport(proxy=url_of(proxy), **more) as transport:
        transport.send(Request("GET", "http://[2001:db8::1]/"), timeout=30)
    assert request_lines(proxy) == ["GET http://[2001:db8::1]/ HTTP/1.1"]


@pytest.mark.parametrize("trust_env", [False, True])
def test_without_a_proxy_the_connection_is_direct(monkeypatch, trust_env):
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    if trust_env:
        monkeypatch.setenv("no_proxy", "invalid")
    with Urllib3Transport(trust_env=trust_env) as direct, pytest.raises(TransportError, match="^dns: the host name"):
        direct.send(Request("GET", "http://no-such-host.invalid/"), timeout=30)


def test_this_machine_is_never_reached_through_a_proxy(monkeypatch, proxy):
    monkeypatch.setenv("all_proxy", url_of(proxy))
    with HostileServer(responds(http_response(b"1"))) as server:
        for more in ({}, {"proxy": url_of(proxy)}):
            with Urllib3Transport(**more) as transport:
                assert ask(transport, server).body == b"1"
    assert proxy.connections == 0


def test_over_tls_the_proxy_learns_only_the_host_and_its_own_password():
    secret = Request("GET", "https://api.example/events/1126.json?s=ecret", {"authorization": "Basic a2V5OnA="})
    with (
        HostileServer(sends(http_response(status="502 Bad Gateway"))) as proxy,
        Urllib3Transport(proxy=url_of(proxy)) as transport,
        pytest.raises(TransportError, match="^refused: proxy: CONNECT failed with status 502$"),
    ):
        transport.send(secret, timeout=30)
    assert proxy.exchanges[0].head == [
        "CONNECT api.example:443 HTTP/1.1",
        "host: api.example:443",
        "proxy-authorization: Basic dXNlcjpzM2NyZXQ=",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("host", "authority"), [("api.example", "api.example:443"), ("[2001:db8::1]", "[2001:db8::1]:443")]
)
def test_tls_starts_once_the_tunnel_is_open(host, authority):
    with (
        HostileServer(sends(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 Connection established\r\n\r\n")) as proxy,
        Urllib3Transport(proxy=f"127.0.0.1:{proxy.port}") as transport,
        pytest.raises(TransportError, match="^(tls: TLS error|reset)"),
    ):
        transport.send(Request("GET", f"https://{host}/"), timeout=30)
    assert proxy.exchanges[0].head[:2] == [f"CONNECT {authority} HTTP/1.1", f"host: {authority}"]


@pytest.mark.parametrize(
    ("status", "detail", "permanent"),
    [
        ("407 Who are you", "proxy: CONNECT failed with status 407; check the user and password", True),
        ("403 Forbidden", "proxy: CONNECT failed with status 403", False),
    ],
)
def test_only_a_rejected_password_of_the_proxy_is_permanent(status, detail, permanent):
    with (
        HostileServer(sends(http_response(status=status))) as proxy,
        Urllib3Transport(proxy=url_of(proxy)) as transport,
        pytest.raises(TransportError) as caught,
    ):
        transport.send(Request("GET", "https://api.example/"), timeout=30)
    assert (caught.value.kind, caught.value.detail, caught.value.permanent) == ("refused", detail, permanent)


@pytest.mark.usefixtures("no_proxy_variables")
def test_an_unusable_proxy_is_an_invalid_argument_that_does_not_show_its_url(monkeypatch):
    socks = "socks5://user:s3cret@127.0.0.1"
    with pytest.raises(InvalidArgument, match="^proxy must be the URL of an HTTP proxy") as caught:
        Urllib3Transport(proxy=socks)
    assert "s3cret" not in printed(caught.value)
    monkeypatch.setenv("HTTPS_PROXY", socks)
    with Urllib3Transport() as transport:
        with pytest.raises(InvalidArgument, match="^https_proxy must be the URL of an HTTP proxy") as caught:
            transport.send(Request("GET", "https://api.example/"), timeout=30)
        assert "s3cret" not in printed(caught.value)
