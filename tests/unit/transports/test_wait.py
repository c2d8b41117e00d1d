"""`wait` and `wait_async`, which share their decisions, and the transport that each creates."""

import asyncio
import subprocess
import sys
import threading

import pytest

from event_rows import json_body, rows, triggers
from scripted_service import COMPLETE, CREDENTIALS, WAITING, AsyncService, Service
from spongewatch import (
    Completed,
    Credentials,
    Failed,
    InvalidType,
    LostContact,
    PollPolicy,
    Rejected,
    Response,
    SpongewatchError,
    TimedOut,
)
from spongewatch.transports import ObserverErrors, Simulator, TraceWriter, VirtualClock, replay, wait, wait_async
from spongewatch.transports.http import urllib3_transport
from spongewatch.transports.testing import HandlerTransport
from spongewatch.transports.testing.hostile_server import unused_url

DEMO = Credentials("demo-key", "demo-password")


def awaited(*arguments, **more):
    return asyncio.run(wait_async(*arguments, **more))


both = pytest.mark.parametrize("wait", [wait, awaited], ids=["wait", "wait_async"])


@pytest.mark.parametrize(("wait", "kind"), [(wait, Service), (awaited, Service), (awaited, AsyncService)])
def test_wait_returns_the_outcome_and_leaves_the_given_transport_open(wait, kind):
    clock, received = VirtualClock(), []
    transport = kind(clock, WAITING, COMPLETE)
    assert wait("1126", CREDENTIALS, transport=transport, clock=clock, observers=[received.append]) == Completed(7)
    assert triggers(received) == ["start", "initialize", "gather", "complete"]
    assert not getattr(transport, "service", transport).closed


@both
@pytest.mark.parametrize(
    ("policy", "timeout", "outcome", "at"),
    [
        (None, 7, "total", 7.0),
        (PollPolicy(timeout=9), None, "total", 9.0),
        (PollPolicy(timeout=9), 7, "total", 7.0),
        (PollPolicy(timeout=5, consent_timeout=3), None, "consent", 3.0),
        (PollPolicy(timeout=5, consent_timeout=3), 2, "total", 2.0),
    ],
)
def test_timeout_replaces_that_of_the_policy(wait, policy, timeout, outcome, at):
    clock, received = VirtualClock(), []
    arguments = {"policy": policy, "transport": Service(clock, WAITING), "clock": clock}
    assert wait("1126", CREDENTIALS, timeout, observers=[received.append], **arguments) == TimedOut(outcome)
    assert received[-1].at == at


@both
def test_the_arguments_determine_the_request(wait):
    requests = []

    def handle(request):
        requests.append(request)
        return Response(401)

    arguments = {"base_url": "http://sponge.example/api", "insecure_http": True, "format": "xml", "auth": "query"}
    outcome = wait("1126", Credentials("k", "p"), transport=HandlerTransport(handle), **arguments)
    assert outcome == Rejected("credentials", "status 401")
    assert requests[0].url == "http://sponge.example/api/events/1126.xml?domain_key=k&domain_password=p"
    wait(1126, None, base_url="https://sponge.example", echo="e", transport=HandlerTransport(handle))
    assert requests[1].url == "https://sponge.example/events/1126.json?echo=e"
    assert "authorization" not in requests[1].headers


def fail(item):
    raise ValueError


@both
def test_wait_records_and_logs_errors_of_observers(wait, tmp_path, caplog):
    clock = VirtualClock()
    with TraceWriter(tmp_path / "trace.jsonl", CREDENTIALS) as record:
        arguments = {"transport": Service(clock, WAITING, COMPLETE), "clock": clock, "record": record}
        outcome = wait("1126", CREDENTIALS, observers=[fail], on_observer_error="log", **arguments)
    assert outcome == Completed(7)
    assert len(caplog.records) == 5
    *_, ended = replay(tmp_path / "trace.jsonl")
    assert ended.outcome == outcome


@both
@pytest.mark.parametrize(
    ("import_id", "arguments"),
    [
        ("../1126", {}),
        ("1126", {"timeout": 0}),
        ("1126", {"base_url": "http://sponge.example"}),
        ("1126", {"policy": PollPolicy(interval=0.5)}),
        ("1126", {"observers": [5]}),
        ("1126", {"on_observer_error": "ignore"}),
    ],
)
def test_invalid_arguments_are_refused_before_the_first_poll(wait, import_id, arguments):
    service = Service(VirtualClock(), COMPLETE)
    with pytest.raises(SpongewatchError):
        wait(import_id, CREDENTIALS, transport=service, **arguments)
    assert service.sent == []


def test_wait_refuses_an_async_transport():
    with pytest.raises(InvalidType, match="^transport must not be async here; use watch_async or wait_async"):
        wait("1126", CREDENTIALS, transport=AsyncService(VirtualClock(), COMPLETE))


# Failures are outcomes


def test_wrong_credentials_are_an_outcome():
    with Simulator("skips") as service:
        outcome = wait("1126", Credentials("demo-key", "wrong"), base_url=service.base_url)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "credentials"


def test_an_unreachable_service_is_an_outcome():
    with unused_url() as url:
        outcome = wait(
            "1126", CREDENTIALS, base_url=url, policy=PollPolicy(lost_contact_timeout=30), clock=VirtualClock()
        )
    assert isinstance(outcome, LostContact)
    assert "connection refused" in outcome.detail


def test_a_failed_import_is_an_outcome():
    clock = VirtualClock()
    outcome = wait("1126", CREDENTIALS, transport=Service(clock, json_body(rows("COMPLETE ERROR 264"))), clock=clock)
    assert isinstance(outcome, Failed)
    assert outcome.failure.code == 264


# The transport that is created by default


@pytest.fixture
def created(monkeypatch):
    """The transports that were created, and whether each was closed."""
    created = {}

    class Noted(urllib3_transport.Urllib3Transport):
        def __init__(self, **arguments):
            super().__init__(**arguments)
            created[self] = False

        def close(self):
            super().close()
            created[self] = True

    monkeypatch.setattr(urllib3_transport, "Urllib3Transport", Noted)
    return created


def running_threads():
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("spongewatch")]
    for thread in threads:
        thread.join(30)
    return [thread for thread in threads if thread.is_alive()]


@both
@pytest.mark.parametrize("format", ["json", "xml"])
def test_one_transport_with_one_connection_is_created_and_closed(wait, created, format):
    with Simulator("skips") as service:
        assert wait("1126", DEMO, 10, base_url=service.base_url, format=format) == Completed(2340)
        assert {request.connection for request in service.requests} == {1}
    assert [*created.values()] == [True]
    assert running_threads() == []


@both
def test_the_created_transport_is_closed_if_observers_fail(wait, created):
    with Simulator("skips") as service, pytest.raises(ObserverErrors) as caught:
        wait("1126", DEMO, base_url=service.base_url, observers=[fail])
    assert caught.value.outcome == Completed(2340)
    assert [*created.values()] == [True]


def test_the_created_transport_is_closed_if_the_task_is_cancelled(created):
    async def main(service):
        async with asyncio.timeout(0.05):
            await wait_async("1126", DEMO, base_url=service.base_url)

    with Simulator("stuck") as service, pytest.raises(TimeoutError):
        asyncio.run(main(service))
    assert [*created.values()] == [True]
    assert running_threads() == []


def test_wait_async_loads_and_creates_it_in_another_thread():
    script = """
import asyncio, importlib.abc, sys, threading
from spongewatch.transports import wait_async

class Watching(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in ("urllib3", "spongewatch.transports.http.urllib3_transport"):
            print(name, threading.current_thread() is threading.main_thread())

async def main():
    await wait_async("1126", None, 0.001, base_url="http://127.0.0.1:1")

sys.meta_path.insert(0, Watching())
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert dict(line.split() for line in done.stdout.splitlines()) == {
        "spongewatch.transports.http.urllib3_transport": "False",
        "urllib3": "False",
    }
