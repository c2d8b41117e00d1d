"""Fixtures for the commands that send requests."""

import signal
from contextlib import nullcontext

import pytest

from spongewatch.transports.testing import HandlerTransport


@pytest.fixture
def as_from_a_terminal():
    """A job in the background starts with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def login(monkeypatch):
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_KEY", "demo-key")
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", "demo-password")
    monkeypatch.delenv("SPONGEWATCH_PROVIDER_PASSWORD", raising=False)


@pytest.fixture
def handled(monkeypatch):
    """A function that replaces the network by a function from request to response."""

    def replace(handler):
        transport = nullcontext(HandlerTransport(handler))
        monkeypatch.setattr("spongewatch.transports.Urllib3Transport", lambda connections: transport)

    return replace
