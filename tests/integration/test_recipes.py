"""The recipes in docs/recipes."""

import asyncio
import json
import ssl
import time
from contextlib import closing, contextmanager
from itertools import chain, repeat
from pathlib import Path

import httpx
import pytest
import requests
import trustme
from aiohttp_transport import AiohttpTransport
from httpx_async_transport import HttpxAsyncTransport
from httpx_transport import HttpxTransport
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from opentelemetry_observer import OpenTelemetryObserver
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_observer import PrometheusObserver
from requests_transport import RequestsTransport

from event_rows import each_poll, triggers
from spongewatch import (
    Cancelled,
    Completed,
    Credentials,
    Ended,
    ImportSession,
    PollPolicy,
    Request,
    State,
    TransportError,
)
from spongewatch.transports import (
    AsyncTransport,
    Simulator,
    SystemClock,
    Transport,
    VirtualClock,
    replay,
    watch,
    watch_async,
)
from spongewatch.transports.testing import AsyncTransportContract, TransportContract
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    drips,
    http_response,
    pours,
    responds,
    sends,
    unused_url,
)

RECIPES = Path(__file__).parents[2] / "docs/recipes"
TRACES = RECIPES.parent / "traces"
CREDENTIALS = Credentials("demo-key", "demo-password")
AUTHORITY = trustme.CA()


# The contract.


class TestRequests(TransportContract):
    def make_transport(self) -> Transport:
        return RequestsTransport()


class TestHttpx(TransportContract):
    def make_transport(self) -> Transport:
        return HttpxTransport()


class TestHttpxAsync(AsyncTransportContract):
    async def make_transport(self) -> AsyncTransport:
        return HttpxAsyncTransport()


class TestAiohttp(AsyncTransportContract):
    async def make_transport(self) -> AsyncTransport:
        return AiohttpTransport()


# Whole imports.


def new_session(service, clock):
    policy = PollPolicy(interval=0.02)
    return ImportSession(service.import_id, CREDENTIALS, now=clock.now(), base_url=service.base_url, policy=policy)


WHOLE = ["start", "initialize", "progress", "gather", "complete"]


def assert_whole(items, service):
    assert list(dict.fromkeys(triggers(items))) == WHOLE
    assert items[-1].outcome == Completed(2001)
    assert service.connections == 1
    assert {request.status for request in service.requests} == {200}


@pytest.mark.parametrize("make", [RequestsTransport, HttpxTransport])
def test_an_import_is_watched_to_its_end_on_one_connection(make):
    clock = SystemClock()
    with Simulator("completes", clock=each_poll(0.5)) as service, closing(make()) as transport:
        assert_whole(list(watch(new_session(service, clock), transport, clock=clock)), service)


@pytest.mark.parametrize("make", [HttpxAsyncTransport, AiohttpTransport])
def test_an_import_is_watched_under_asyncio_to_its_end_on_one_connection(make):
    async def watched():
        clock, transport = SystemClock(), make()
        try:
            return [item async for item in watch_async(new_session(service, clock), transport, clock=clock)]
        finally:
            await transport.close()

    with Simulator("completes", clock=each_poll(0.5)) as service:
        assert_whole(asyncio.run(watched()), service)


# Certificates.


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)


def requests_trusting(ca_file):
    session = requests.Session()
    session.verify = ca_file
    return RequestsTransport(session)


def httpx_trusting(ca_file):
    return HttpxTransport(verify=ssl.create_default_context(cafile=ca_file))


def httpx_async_trusting(ca_file):
    return HttpxAsyncTransport(verify=ssl.create_default_context(cafile=ca_file))


def aiohttp_trusting(ca_file):
    return AiohttpTransport(ssl.create_default_context(cafile=ca_file))


TRUSTING = [requests_trusting, httpx_trusting, httpx_async_trusting, aiohttp_trusting]


@contextmanager
def secure(script, name="127.0.0.1"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name).configure_cert(context)
    with HostileServer(script, tls=context, patience=60) as server:  # longer than any pause of the machine
        yield server


async def responses_of(make, ca_file, server, times=1, timeout=20.0, path="/"):
    """Send `times` requests with a transport of either kind, and return the results."""
    transport = make(ca_file)
    try:
        return [await given(transport.send(Request("GET", server.url + path), timeout=timeout)) for _ in range(times)]
    finally:
        await given(transport.close())
        await sockets_closed(10)


async def sockets_closed(seconds):
    """Wait until the loop holds no socket: aiohttp closes TLS only after the service does."""
    until, held = time.monotonic() + seconds, asyncio.get_running_loop()._selector.get_map()
    while len(held) > 1 and time.monotonic() < until:  # one belongs to the loop
        await asyncio.sleep(0.001)


async def given(what):
    return await what if asyncio.iscoroutine(what) else what


@pytest.mark.parametrize("make", TRUSTING)
def test_a_given_certificate_authority_is_trusted(make, ca_file):
    with secure(responds(http_response(b"hello"))) as server:
        responses = asyncio.run(responses_of(make, ca_file, server, times=3))
        assert [(each.status, each.body) for each in responses] == [(200, b"hello")] * 3
        assert (len(server.exchanges), server.connections) == (3, 1)


@pytest.mark.parametrize("make", TRUSTING)
def test_a_certificate_for_another_name_is_a_permanent_error(make, ca_file):
    with secure(responds(http_response()), "elsewhere.example") as server:
        with pytest.raises(TransportError, match="certificate is for another host") as caught:
            asyncio.run(responses_of(make, ca_file, server))
        assert (caught.value.kind, caught.value.permanent, server.exchanges) == ("tls", True, [])


ENDLESS = {
    "dripping": drips(b"HTTP/1.1 200 OK\r\nx: ", b"y", 0.01),
    "always more": pours(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
}


@pytest.mark.parametrize("make", TRUSTING)
@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_response_over_tls_times_out(make, script, ca_file):
    async def dripped():
        with secure(script) as server:
            start = time.monotonic()
            with pytest.raises(TransportError, match="timeout: |too-large: response headers"):
                await responses_of(make, ca_file, server, timeout=0.15)
            assert time.monotonic() - start < 30
        await sockets_closed(10)

    asyncio.run(dripped())


@pytest.mark.parametrize("make", TRUSTING)
@pytest.mark.parametrize("lines", [b"no colon\r\ncontent-length: 0\r\n\r\n", b"x: y\r\n"], ids=["odd", "cut"])
def test_a_malformed_or_truncated_head_is_an_error_and_no_url_is_logged(make, lines, ca_file, caplog):
    with (
        secure(sends(b"HTTP/1.1 200 OK\r\n" + lines)) as server,
        pytest.raises(TransportError, match=r"(protocol|reset): "),
    ):
        asyncio.run(responses_of(make, ca_file, server, path="/?domain_password=hush"))
    assert "hush" not in caplog.text


# Unrequested responses.


ANEW = httpx.Limits(max_keepalive_connections=0)
"""httpx uses extra data after a response for the next one, so these send each request on its own connection."""


def httpx_anew(ca_file):
    return HttpxTransport(verify=ssl.create_default_context(cafile=ca_file), limits=ANEW)


def httpx_async_anew(ca_file):
    return HttpxAsyncTransport(verify=ssl.create_default_context(cafile=ca_file), limits=ANEW)


FIRST = http_response(b"first", headers={"x": "y" * (8192 - len(http_response(b"first", headers={"x": "y"})) + 1)})
"""As long as the read-ahead of `http.client`, so OpenSSL keeps what follows it."""


@pytest.mark.parametrize("make", [requests_trusting, aiohttp_trusting, httpx_anew, httpx_async_anew])
@pytest.mark.parametrize("first", [http_response(b"first"), FIRST], ids=["short", "long"])
@pytest.mark.parametrize("serve", [HostileServer, secure], ids=["plain", "tls"])
def test_an_unrequested_response_is_not_used_for_the_next_request(make, first, serve, ca_file):
    replies = chain([first + http_response(b"false")], repeat(http_response(b"own")))

    def script(talk):
        while talk.read_request() is not None:
            talk.send(next(replies))

    with serve(script) as server:
        responses = asyncio.run(responses_of(make, ca_file, server, times=2))
    assert [each.body for each in responses] == [b"first", b"own"]


# Observers.


def replayed(trace, observer):
    for item in replay(TRACES / trace):
        observer(item)
    return item


@pytest.fixture
def spans():
    """Return a tracer, and the list of exported spans."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("test"), exporter.get_finished_spans
    provider.shutdown()


def test_opentelemetry_records_a_span_for_each_import_and_an_event_for_each_transition(spans):
    tracer, finished = spans
    ended = replayed("completes.jsonl", OpenTelemetryObserver(tracer))
    (span,) = finished()
    assert span.name == "spongewatch.import"
    assert span.status.status_code is StatusCode.OK
    assert span.attributes["spongewatch.import_id"] == "1126"
    assert span.attributes["spongewatch.outcome"] == "completed"
    assert span.attributes["spongewatch.contact_count"] == 2001
    assert span.end_time - span.start_time == pytest.approx(ended.at * 1e9, abs=2000)
    steps = [(event.name, (event.timestamp - span.start_time) / 1e9) for event in span.events]
    emitted = list(replay(TRACES / "completes.jsonl"))
    assert [name for name, _ in steps] == [*triggers(emitted), "ended"]
    assert [at for _, at in steps] == pytest.approx([item.at for item in emitted], abs=1e-5)
    assert span.events[-2].attributes["spongewatch.dest"] == "COMPLETE"


@pytest.mark.parametrize("trace", ["fails.jsonl", "abandoned.jsonl"])
def test_opentelemetry_records_that_an_import_did_not_complete(spans, trace):
    tracer, finished = spans
    ended = replayed(trace, OpenTelemetryObserver(tracer))
    (span,) = finished()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["spongewatch.outcome"] == ended.outcome.name


def test_a_cancelled_watch_is_no_error_in_opentelemetry_and_spans_do_not_mix(spans):
    tracer, finished = spans
    observer = OpenTelemetryObserver(tracer)
    completed = list(replay(TRACES / "completes.jsonl"))
    for item in completed[:-1]:
        observer(item)
    observer(Ended("1127", 1.0, Cancelled(), State.INITIALIZING, None))
    observer(completed[-1])
    cancelled, whole = finished()
    assert cancelled.status.status_code is StatusCode.UNSET
    assert [event.name for event in cancelled.events] == ["ended"]
    assert [event.name for event in whole.events] == [*triggers(completed), "ended"]


def test_opentelemetry_records_failed_polls(spans):
    tracer, finished = spans
    clock, policy = VirtualClock(), PollPolicy(lost_contact_timeout=5.0)
    with unused_url() as url, closing(HttpxTransport()) as transport:
        session = ImportSession("1126", CREDENTIALS, now=0.0, base_url=url, policy=policy)
        watch(session, transport, observers=[OpenTelemetryObserver(tracer)], clock=clock).run()
    (span,) = finished()
    first = span.events[0]
    assert first.name == "poll-failed"
    assert first.attributes["spongewatch.reason"] == "refused: connection refused"
    assert span.attributes["spongewatch.outcome"] == "lost-contact"
    assert "demo-password" not in span.to_json()


def samples(registry):
    lines = generate_latest(registry).decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}


def test_prometheus_counts_transitions_and_ends(spans):
    registry = CollectorRegistry()
    observer = PrometheusObserver(registry)
    for trace in ("completes.jsonl", "completes.jsonl", "abandoned.jsonl"):
        replayed(trace, observer)
    found = samples(registry)
    assert found['spongewatch_steps_total{trigger="complete"}'] == 2
    assert found['spongewatch_steps_total{trigger="progress"}'] == 6
    assert found['spongewatch_import_seconds_count{outcome="completed",reason=""}'] == 2
    assert found['spongewatch_import_seconds_sum{outcome="completed",reason=""}'] == pytest.approx(2 * 11.52)
    assert found['spongewatch_import_seconds_bucket{le="10.0",outcome="completed",reason=""}'] == 0
    assert found['spongewatch_import_seconds_bucket{le="20.0",outcome="completed",reason=""}'] == 2
    assert found['spongewatch_import_seconds_count{outcome="abandoned",reason=""}'] == 1
    assert found["spongewatch_failed_polls_total"] == 0


def test_prometheus_counts_failed_polls_and_the_reasons_of_ends(tmp_path):
    trace = tmp_path / "trace.jsonl"
    header = {"spongewatch-trace": 1, "import_id": "1126"}
    lines = [header, {"t": 0.0, "took": 0.1, "error": "reset"}, {"t": 1.0, "took": 0.1, "status": 401, "body": "no"}]
    trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
    registry = CollectorRegistry()
    replayed(trace, PrometheusObserver(registry))
    found = samples(registry)
    assert found["spongewatch_failed_polls_total"] == 1
    assert found['spongewatch_import_seconds_count{outcome="rejected",reason="credentials"}'] == 1
    # Labels hold no import id and no status: each value would be a time series of its own.
    assert [name for name in found if "1126" in name or "401" in name] == []


# Promises about recipes.


@pytest.mark.parametrize(("kind", "most"), [("transport", 47), ("observer", 26)])
def test_a_recipe_is_short(kind, most):
    recipes = list(RECIPES.glob(f"*_{kind}.py"))
    assert recipes
    for recipe in recipes:
        lines = [line for line in recipe.read_text().splitlines() if line.strip()]
        assert len(lines) <= most, recipe
        assert max(map(len, lines)) <= 120, recipe
