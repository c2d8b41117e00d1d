"""Requests and certificates for tests of transports against a `HostileServer`."""

import ssl
import time
import traceback
from contextlib import contextmanager

import pytest
import trustme

from spongewatch import Request, TransportError

AUTHORITY = trustme.CA()


def ask(transport, server, target="/events/1126.json", timeout=30.0, **headers):
    return transport.send(Request("GET", server.url + target, headers), timeout=timeout)


def failure(transport, server, **more):
    """The `TransportError` of a request."""
    with pytest.raises(TransportError) as caught:
        ask(transport, server, **more)
    return caught.value


def tls(*names):
    """The configuration of a server whose certificate is for `names`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names).configure_cert(context)
    return context


@contextmanager
def at_most(seconds):
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def printed(error):
    """Return an exception as a log would show it."""
    return "".join(traceback.format_exception(error)) + repr(error)
