"""How `AsyncioTransport` connects: addresses, TLS and proxies."""

import asyncio
import socket
import ssl
import threading

import pytest

from asyncio_requests import GOOD, error_of, get, timed_out
from http_requests import tls
from spongewatch import Request, TransportError
from spongewatch.transports import AsyncioTransport
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    http_response,
    sends,
    unused_url,
)


def test_ca_file_and_ssl_context_replace_the_certificates_of_the_system(run, ca_file):
    async def main(**more):
        async with AsyncioTransport(**more) as transport:
            return [(await transport.send(get(server), timeout=30)).body for _ in range(3)]

    with HostileServer(GOOD, tls=tls("127.0.0.1")) as server:
        assert run(lambda: main(ca_file=ca_file)) == [b"{}"] * 3
        assert server.connections == 1
        assert run(lambda: main(ssl_context=ssl.create_default_context(cafile=ca_file))) == [b"{}"] * 3


@pytest.mark.parametrize("name", ["127.0.0.2", "elsewhere.example"])
def test_a_certificate_for_another_name_is_a_permanent_error(run, ca_file, name):
    async def main():
        async with AsyncioTransport(ca_file=ca_file) as transport:
            with pytest.raises(
                TransportError, match="^tls: certificate verify failed: certificate is for another host"
            ) as caught:
                await transport.send(get(server), timeout=30)
        return caught.value.permanent

    with HostileServer(GOOD, tls=tls(name)) as server:
        assert run(main)
        assert server.exchanges == []


def test_the_certificates_of_the_system_are_loaded_once(run, monkeypatch, ca_file):
    loaded = []
    make = ssl.create_default_context

    def create(**more):
        loaded.append(more)
        return make(**more)

    async def main():
        async with AsyncioTransport() as transport:
            await transport.send(get(plain), timeout=30)
            assert loaded == []
            first = asyncio.create_task(transport.send(get(server), timeout=30))
            await asyncio.sleep(0)
            first.cancel()  # does not cancel the loading for the others
            return await asyncio.gather(*(transport.send(get(server), timeout=30) for _ in range(3)))

    monkeypatch.setattr(ssl, "create_default_context", create)
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    with HostileServer(GOOD) as plain, HostileServer(GOOD, tls=tls("127.0.0.1")) as server:
        assert [response.status for response in run(main)] == [200] * 3
    assert loaded == [{"cafile": None}]


def test_the_timeout_covers_the_tls_handshake(run, ca_file):
    async def main():
        async with AsyncioTransport(ca_file=ca_file) as transport:
            return await error_of(transport.send(Request("GET", f"https://127.0.0.1:{server.port}/"), timeout=0.1))

    with HostileServer(lambda talk: talk.hang()) as server:
        assert run(main) == timed_out(0.1)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_an_invalid_host_name_is_a_dns_error(run, host):
    async def main():
        async with AsyncioTransport(trust_env=False) as transport:
            return await error_of(transport.send(Request("GET", f"http://{host}/"), timeout=30))

    assert run(main).startswith("dns: ")


def test_an_address_that_cannot_be_reached_is_refused_with_the_reason(run):
    async def main():
        async with AsyncioTransport(trust_env=False) as transport:
            return await error_of(transport.send(Request("GET", "http://255.255.255.255/"), timeout=30))

    assert run(main).startswith("refused: connection failed: ")


def test_the_next_address_is_tried_if_one_refuses(run, monkeypatch):
    async def main():
        async with AsyncioTransport(trust_env=False) as transport:
            return (await transport.send(Request("GET", f"http://api.example:{server.port}/"), timeout=30)).body

    with HostileServer(GOOD) as server:

        async def two(loop, host, port):
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", each)) for each in (1, port)]

        monkeypatch.setattr("spongewatch.transports.http.connecting._addresses", two)
        assert run(main) == b"{}"


def url_of(proxy):
    return f"http://user:s3cret@127.0.0.1:{proxy.port}"


def test_a_proxy_gets_the_whole_url_of_a_plain_http_request(run):
    async def main():
        async with AsyncioTransport(proxy=url_of(proxy)) as transport:
            return (await transport.send(Request("GET", "http://api.example/events?echo=a"), timeout=30)).body

    with HostileServer(GOOD) as proxy:
        assert run(main) == b"{}"
        assert proxy.exchanges[0].head[0] == "GET http://api.example/events?echo=a HTTP/1.1"
        assert "proxy-authorization: Basic dXNlcjpzM2NyZXQ=" in proxy.exchanges[0].head


def test_requests_over_tls_share_a_tunnel(run, ca_file):
    async def main():
        async with AsyncioTransport(proxy=url_of(proxy), ca_file=ca_file) as transport:
            return [(await transport.send(Request("GET", "https://api.example/a"), timeout=30)).body for _ in range(2)]

    def pass_on(talk):
        talk.read_request()
        talk.send(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 Conn")
        talk.wait(0.02)
        talk.send(b"ection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", server.port)) as far:
            back = threading.Thread(target=pump, args=(far, talk.sock))
            back.start()
            pump(talk.sock, far)
            back.join()

    def pump(source, sink):
        try:
            while piece := source.recv(65_536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    with HostileServer(GOOD, tls=tls("api.example")) as server, HostileServer(pass_on) as proxy:
        assert run(main) == [b"{}", b"{}"]
        assert [exchange.head[:3] for exchange in proxy.exchanges] == [
            ["CONNECT api.example:443 HTTP/1.1", "host: api.example:443", "proxy-authorization: Basic dXNlcjpzM2NyZXQ="]
        ]
        assert server.exchanges[0].head[:2] == ["GET /a HTTP/1.1", "host: api.example"]


@pytest.mark.parametrize(
    ("response", "message", "permanent"),
    [
        (http_response(status="407 Who are you"), "refused: proxy: .*407", True),
        (http_response(status="502 Bad Gateway"), "refused: proxy: .*502", False),
        (b"", "reset: proxy: ", False),
        (b"nonsense\r\n\r\n", "protocol: proxy: ", False),
    ],
)
def test_a_proxy_that_opens_no_tunnel_is_an_error(run, response, message, permanent):
    async def main():
        async with AsyncioTransport(proxy=url_of(proxy)) as transport:
            with pytest.raises(TransportError, match=f"^{message}") as caught:
                await transport.send(Request("GET", "https://api.example/"), timeout=30)
        return caught.value.permanent

    with HostileServer(sends(response)) as proxy:
        assert run(main) is permanent


def test_a_proxy_that_does_not_listen_is_refused(run):
    async def main(url):
        async with AsyncioTransport(proxy=url) as transport:
            return await error_of(transport.send(Request("GET", "http://api.example/"), timeout=30))

    with unused_url() as url:
        assert run(lambda: main(url)).startswith("refused: proxy: ")
