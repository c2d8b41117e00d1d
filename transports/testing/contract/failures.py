"""Checks of the kinds of errors."""

import ssl

from ....core import Request
from ..hostile_server import Conversation, HostileServer, http_response, sends, unused_url
from .traffic import BASIC, CERTIFICATE, CHUNKED, GOOD, PATIENCE, TARGET, get
from .under_test import Checks, UnderTest


class FailureChecks(Checks):
    """Each failure is reported as the right kind of `TransportError`."""

    def test_refused_connections(self, transport: UnderTest) -> None:
        """If nothing listens, the kind is refused."""
        with unused_url() as url:
            transport.error("nothing listens", Request("GET", url + TARGET), "refused")

    def test_reset_connections(self, transport: UnderTest) -> None:
        """If the connection is reset before a response, the kind is reset."""
        with HostileServer(sends(b"", lambda talk: talk.reset()), patience=PATIENCE) as server:
            transport.error("the connection is reset", get(server), "reset")

    def test_unknown_host_names(self, transport: UnderTest) -> None:
        """If the host name can't be resolved, the kind is dns."""
        unknown = Request("GET", "http://unknown.invalid" + TARGET)  # RFC 6761 §6.4: never resolves
        transport.error("the host name doesn't exist", unknown, "dns")

    def test_servers_without_tls(self, transport: UnderTest) -> None:
        """If a server on an https URL doesn't speak TLS, the kind is tls."""

        def speak_http(talk: Conversation) -> None:
            talk.sock.recv(65_536)
            talk.send(http_response(status="400 Bad Request"))
            talk.hang()

        with HostileServer(speak_http, patience=PATIENCE) as server:
            url = server.url.replace("http:", "https:")
            transport.error("the server doesn't speak TLS", Request("GET", url + TARGET), "tls")

    def test_untrusted_certificates(self, transport: UnderTest) -> None:
        """If the certificate is not trusted, the kind is tls, `permanent` is true, and no request is sent."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        with HostileServer(sends(GOOD), tls=context, patience=PATIENCE) as server:
            error = transport.error("the certificate is not trusted", get(server, authorization=BASIC), "tls")
        assert error.permanent, "the certificate is not trusted: the error must be permanent"
        assert server.exchanges == [], "the certificate is not trusted: no request must be sent, but one was"

    def test_connections_closed_without_a_response(self, transport: UnderTest) -> None:
        """If the server closes the connection without a response, the kind is reset or protocol."""
        with HostileServer(sends(b""), patience=PATIENCE) as server:
            transport.error("the server closes the connection", get(server), "reset", "protocol")

    def test_truncated_heads(self, transport: UnderTest) -> None:
        """If the headers are truncated, the kind is reset or protocol."""
        with HostileServer(sends(b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\ncontent-"), patience=PATIENCE) as server:
            transport.error("the headers are truncated", get(server), "reset", "protocol")

    def test_truncated_bodies(self, transport: UnderTest) -> None:
        """If a body is truncated, in chunks or not, or the connection is reset in it, the kind is reset or protocol."""
        scripts = {
            "the body is truncated": sends(GOOD[:-1]),
            "the chunks are truncated": sends(CHUNKED + b"2\r\n[]\r\n"),
            "the connection is reset during the body": sends(GOOD[:-1], lambda talk: talk.reset()),
        }
        for when, script in scripts.items():
            with HostileServer(script, patience=PATIENCE) as server:
                transport.error(when, get(server), "reset", "protocol")

    def test_malformed_status_lines(self, transport: UnderTest) -> None:
        """If the response is not HTTP, the kind is protocol."""
        for line in (b"220 mail.example ESMTP\r\n", b"HTTP/1.1 OK\r\n\r\n"):
            with HostileServer(sends(line), patience=PATIENCE) as server:
                transport.error(f"the response starts with {line!r}", get(server), "protocol")
