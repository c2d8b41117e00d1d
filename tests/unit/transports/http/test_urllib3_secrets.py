"""Secrets of a request are in no log, no output and no exception; test_shown_locals.py checks local variables."""

import base64
import http.client
import logging

import pytest

from http_requests import ask, printed
from spongewatch import InvalidArgument, Request, TransportError
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds, sends

PASSWORD = 'p+/%: é"'
BASIC = base64.b64encode(f"key:{PASSWORD}".encode()).decode()
SECRET_TARGET = "/events/1126.json?domain_password=p%2B%2F%25%3A%20%C3%A9%22"
SECRETS = ["p+/%", "%2B%2F%25", BASIC, BASIC.rstrip("="), "domain_password"]


@pytest.mark.parametrize(
    "script",
    [
        responds(http_response(b"{}")),
        responds(http_response(b"{}", headers={"transfer-encoding": "chunked"})),
        responds(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
        sends(http_response(b"{}"), lambda talk: talk.reset()),
        sends(b"nonsense"),
        sends(http_response(b"{}", headers={"content-length": "100"})),
        sends(http_response(b"x", headers={"content-encoding": "gzip"})),
        sends(b"", lambda talk: talk.hang()),
    ],
)
def test_secrets_are_not_logged_printed_or_raised(caplog, capfd, monkeypatch, script):
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    texts = []
    with HostileServer(script) as server, Urllib3Transport() as transport:
        for _ in range(2):
            try:
                texts.append(repr(ask(transport, server, SECRET_TARGET, 0.1, authorization=f"Basic {BASIC}")))
            except TransportError as error:
                texts.append(printed(error))
                assert error.__suppress_context__ or error.__context__ is None
    texts += [caplog.text, *capfd.readouterr()]
    for secret in SECRETS:
        assert secret not in "".join(texts)
    assert all(record.levelno < logging.WARNING for record in caplog.records)


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"/events/1126{SECRET_TARGET}", {}),
        (f"ftp://api.example{SECRET_TARGET}", {}),
        (f"http://api.example:99999{SECRET_TARGET}", {}),
        (f"http://key:{BASIC}@api.example/", {}),
        ("http://127.0.0.1:1/", {"authorization": f"{BASIC}\n"}),
    ],
)
def test_errors_about_a_request_do_not_quote_it(transport, url, headers):
    with pytest.raises((InvalidArgument, TransportError)) as caught:
        transport.send(Request("GET", url, headers), timeout=30)
    for secret in SECRETS:
        assert secret not in printed(caught.value)
