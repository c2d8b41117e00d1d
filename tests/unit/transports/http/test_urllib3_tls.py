"""Certificates: which ones are trusted, and how they are configured."""

import ssl

import pytest
import trustme

from http_requests import ask, failure, tls
from spongewatch import InvalidArgument, InvalidType, Request, TransportError
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.testing.hostile_server import HostileServer, gzip_response, http_response, responds


def test_an_untrusted_certificate_is_a_permanent_error(transport):
    with HostileServer(responds(http_response()), tls=tls("127.0.0.1")) as server:
        error = failure(transport, server)
        assert (error.kind, error.permanent) == ("tls", True)
        assert error.detail.startswith("certificate verify failed: ")
        assert server.exchanges == []


@pytest.mark.parametrize(
    ("name", "host"),
    [("127.0.0.2", "127.0.0.1"), ("elsewhere.example", "127.0.0.1"), ("elsewhere.example", "localhost")],
)
def test_a_certificate_for_another_host_is_a_permanent_error(ca_file, name, host):
    with (
        HostileServer(responds(http_response()), tls=tls(name)) as server,
        Urllib3Transport(ca_file=ca_file) as transport,
        pytest.raises(TransportError) as caught,
    ):
        transport.send(Request("GET", f"https://{host}:{server.port}/"), timeout=30)
    assert str(caught.value) == "tls: certificate verify failed: certificate is for another host"
    assert caught.value.permanent
    assert server.exchanges == []


def test_requests_over_tls_share_a_connection(ca_file):
    with (
        HostileServer(responds(http_response(b"{}"), gzip_response(b"{}")), tls=tls("127.0.0.1")) as server,
        Urllib3Transport(ca_file=str(ca_file)) as transport,
    ):
        assert [ask(transport, server).body for _ in range(20)] == [b"{}"] * 20
        assert server.connections == 1


def test_the_certificates_of_the_system_are_loaded_once_for_the_first_request_over_tls(monkeypatch, transport):
    loaded = []
    make = ssl.create_default_context

    def create(**more):
        loaded.append(more)
        return make(**more)

    monkeypatch.setattr(ssl, "create_default_context", create)
    with HostileServer(responds(http_response())) as server:
        ask(transport, server)
    assert loaded == []
    with HostileServer(responds(http_response()), tls=tls("127.0.0.1")) as server:
        for _ in range(3):
            failure(transport, server)
    assert loaded == [{"cafile": None}]


def test_ssl_cert_file_of_the_environment_is_trusted(monkeypatch, ca_file):
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    with (
        HostileServer(responds(http_response(b"{}")), tls=tls("127.0.0.1")) as server,
        Urllib3Transport() as transport,
    ):
        assert ask(transport, server).body == b"{}"


def test_ca_file_replaces_ssl_cert_file_of_the_environment(monkeypatch, ca_file, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with (
        HostileServer(responds(http_response()), tls=tls("127.0.0.1")) as server,
        Urllib3Transport(ca_file=tmp_path / "other.pem") as transport,
    ):
        assert failure(transport, server).permanent


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_ca_file_must_be_readable(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidArgument, match=r"^ca_file must be a readable PEM file with certificates, not .*ca\.pem"):
        Urllib3Transport(ca_file=path)


def test_ca_file_must_be_a_path():
    with pytest.raises(InvalidType, match="^ca_file must be a path, not int$"):
        Urllib3Transport(ca_file=5)


def test_ssl_context_is_used(ca_file):
    context = ssl.create_default_context(cafile=ca_file)
    with (
        HostileServer(responds(http_response(b"{}")), tls=tls("127.0.0.1")) as server,
        Urllib3Transport(ssl_context=context) as transport,
    ):
        assert ask(transport, server).body == b"{}"


def test_ssl_context_must_be_an_ssl_context():
    with pytest.raises(InvalidType, match=r"^ssl_context must be an ssl\.SSLContext, not str"):
        Urllib3Transport(ssl_context="company.pem")


@pytest.mark.parametrize("verify", [ssl.CERT_NONE, ssl.CERT_REQUIRED])
def test_ssl_context_must_verify(verify):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = verify
    with pytest.raises(InvalidArgument, match="^ssl_context must verify certificates and host names"):
        Urllib3Transport(ssl_context=context)


def test_ca_file_and_ssl_context_exclude_each_other(ca_file):
    with pytest.raises(InvalidArgument, match="^ca_file and ssl_context must not be given together"):
        Urllib3Transport(ssl_context=ssl.create_default_context(), ca_file=ca_file)
