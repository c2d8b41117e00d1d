"""`Client` and `AsyncClient`: each behavior is tried with both."""

import asyncio
import inspect
import json
import traceback
from urllib.parse import parse_qs, urlsplit

import pytest

from spongewatch import (
    AsyncClient,
    BegunImport,
    Cancelled,
    Client,
    Completed,
    ImportAbandoned,
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    PollPolicy,
    RemoteProtocolError,
    Response,
    ServiceError,
    TimedOut,
    TransportError,
)
from spongewatch.transports import TraceWriter, VirtualClock, replay
from spongewatch.transports.testing import HandlerTransport

BEGUN = {"status": "success", "import_id": 7, "url": "https://api.cloudsponge.com/n/V", "user_id": "42", "echo": None}
ROWS = [
    [("INITIALIZING", "INPROGRESS", 0)],
    [("INITIALIZING", "COMPLETED", 0), ("GATHERING", "INPROGRESS", 0)],
    [("INITIALIZING", "COMPLETED", 0), ("GATHERING", "COMPLETED", 3), ("COMPLETE", "COMPLETED", 0)],
]


def ok(body):
    return Response(200, {"content-type": "application/json"}, json.dumps(body).encode())


def events(rows):
    return ok({"events": [{"event_type": kind, "status": status, "value": value} for kind, status, value in rows]})


class Service:
    """A service in this process, with three contacts in pages of two."""

    def __init__(self, begin=None, polls=ROWS, page=None):
        self.requests = []
        self.transport = HandlerTransport(self.respond)
        self.begin, self.polls, self.page = begin or ok(BEGUN), list(polls), page or self.two

    def respond(self, request):
        self.requests.append(request)
        url = urlsplit(str(request.url))
        if request.method == "POST":
            return self.raised(self.begin)
        if url.path.startswith("/events/"):
            return events(self.polls.pop(0) if len(self.polls) > 1 else self.polls[0])
        return self.raised(self.page(int(parse_qs(url.query)["start"][0])))

    @staticmethod
    def raised(result):
        if isinstance(result, Exception):
            raise result
        return result

    @staticmethod
    def two(start):
        contacts = [{"first_name": str(number)} for number in range(start, min(start + 2, 3))]
        owner = {"first_name": "Con"}
        return ok({"contacts": contacts, "start": start, "count": len(contacts), "total": 3, "contacts_owner": owner})


class Synchronous:
    """Drives an `AsyncClient` as if it were a `Client`."""

    def __init__(self, *args, **kwargs):
        self.client = AsyncClient(*args, **kwargs)

    def __getattr__(self, name):
        method = getattr(self.client, name)

        def call(*args, **kwargs):
            async def whole():
                result = method(*args, **kwargs)
                if inspect.isawaitable(result):
                    result = await result
                if hasattr(result, "__anext__"):
                    return [item async for item in result]
                return result

            return asyncio.run(whole())

        return call

    def __repr__(self):
        return repr(self.client)


@pytest.fixture(params=[Client, Synchronous], ids=["Client", "AsyncClient"])
def made(request):
    def make(service, **options):
        options = {"transport": service.transport, "clock": VirtualClock()} | options
        return request.param("demo-key", "demo-password", **options)

    return make


def test_the_whole_import_in_three_steps(made):
    service = Service()
    client = made(service)
    begun = client.begin_import("gmail", user_id="42")
    assert begun == BegunImport("7", "https://api.cloudsponge.com/n/V", "42")
    assert client.wait(begun.import_id) == Completed(3)
    contacts = client.contacts(begun.import_id)
    assert [contact.first_name for contact in contacts] == ["0", "1", "2"]
    assert contacts.owner.first_name == "Con"
    assert [urlsplit(str(request.url)).path for request in service.requests] == [
        "/begin_import/user_consent.json",
        *["/events/7.json"] * 3,
        *["/contacts/7.json"] * 2,
    ]


def test_the_whole_import_in_one_call(made):
    shown, items = [], []
    contacts = made(Service()).import_contacts("gmail", on_begun=shown.append, observers=[items.append])
    assert [contact.first_name for contact in contacts] == ["0", "1", "2"]
    assert [begun.import_id for begun in shown] == ["7"]
    assert [getattr(item, "trigger", "end") for item in items] == [
        "start",
        "initialize",
        "progress",
        "gather",
        "complete",
        "end",
    ]


def test_an_async_function_may_show_the_consent_page():
    shown = []

    async def on_begun(begun):
        shown.append(begun.consent_url)

    client = Synchronous("key", "password", transport=Service().transport, clock=VirtualClock())
    assert len(client.import_contacts("gmail", on_begun=on_begun)) == 3
    assert shown == ["https://api.cloudsponge.com/n/V"]


def test_an_import_that_does_not_complete_raises_its_outcome(made):
    service = Service(polls=[[("INITIALIZING", "ERROR", 514)]])
    with pytest.raises(ImportAbandoned) as caught:
        made(service).import_contacts("gmail", on_begun=lambda begun: None)
    assert caught.value.outcome.failure.code == 514
    assert not any("/contacts/" in str(request.url) for request in service.requests)


def test_a_watch_yields_items_and_goes_on_after_a_resume(made):
    service = Service()
    client = made(service)
    watching = Client("key", "password", transport=service.transport, clock=VirtualClock()).watch("7")
    assert next(watching).trigger == "start"
    items = list(client.resume(watching.session.save()))
    assert [getattr(item, "trigger", None) for item in items] == ["initialize", "progress", "gather", "complete", None]


def test_a_watch_is_recorded_and_has_a_timeout(made, tmp_path):
    service = Service(polls=ROWS[:1])
    with TraceWriter(tmp_path / "trace.jsonl") as record:
        items = list(made(service).watch(7, timeout=5, record=record))
    assert items[-1].outcome == TimedOut("total")
    assert list(replay(tmp_path / "trace.jsonl")) == items


def test_a_watch_can_be_cancelled():
    watching = Client("key", "password", transport=Service(polls=ROWS[:1]).transport, clock=VirtualClock()).watch("7")
    next(watching)
    watching.cancel()
    assert [item.outcome for item in watching] == [Cancelled()]


def test_a_stream_fetches_a_page_when_it_is_needed():
    service = Service()
    stream = Client("key", "password", transport=service.transport, clock=VirtualClock()).contacts("7", stream=True)
    assert (stream.total, stream.owner, len(service.requests)) == (None, None, 0)
    assert next(stream).first_name == "0"
    assert (stream.total, stream.owner.first_name, len(service.requests)) == (3, "Con", 1)
    assert [contact.first_name for contact in stream] == ["1", "2"]
    assert len(service.requests) == 2
    assert repr(stream) == "<ContactStream 3 of 3>"


def test_a_stream_tries_again_however_long_its_reader_paused():
    clock, failures = VirtualClock(), [TransportError("reset", "connection reset")]
    service = Service(page=lambda start: failures.pop() if start and failures else Service.two(start))
    stream = Client("key", "password", transport=service.transport, clock=clock).contacts("7", stream=True, timeout=5)
    clock.sleep(100)
    assert [next(stream).first_name, next(stream).first_name] == ["0", "1"]
    clock.sleep(100)
    assert [contact.first_name for contact in stream] == ["2"]


def test_a_stream_under_asyncio_yields_the_same_contacts():
    async def whole():
        client = AsyncClient("key", "password", transport=Service().transport, clock=VirtualClock())
        stream = await client.contacts("7", stream=True)
        names = [contact.first_name async for contact in stream]
        return names, stream.total, stream.owner.first_name, repr(stream)

    assert asyncio.run(whole()) == (["0", "1", "2"], 3, "Con", "<AsyncContactStream 3 of 3>")


def test_an_empty_address_book_is_streamed(made):
    service = Service(page=lambda start: ok({"contacts": [], "total": 0}))
    assert list(made(service).contacts("7", stream=True)) == []


def test_what_was_fetched_before_a_failure_is_in_the_error(made):
    service = Service(page=lambda start: Response(410) if start else Service.two(0))
    with pytest.raises(ServiceError, match="deleted; begin a new import") as caught:
        made(service).contacts("7")
    assert [contact.first_name for contact in caught.value.contacts] == ["0", "1"]
    assert "first_name" not in repr(caught.value) + str(caught.value)


def test_a_connection_that_dies_on_a_page_is_tried_again(made):
    failures = [TransportError("reset", "connection reset")]
    service = Service(page=lambda start: failures.pop() if start and failures else Service.two(start))
    assert len(made(service).contacts("7")) == 3


def test_a_post_that_may_have_arrived_is_not_sent_again(made):
    service = Service(begin=TransportError("timeout", "no response within 30 s"))
    with pytest.raises(ServiceError, match="the import may have begun"):
        made(service).begin_import("gmail")
    assert len(service.requests) == 1


def test_a_refusal_quotes_the_service_without_the_passwords(made):
    refused = {"error": {"message": "demo-password and hunter22! are wrong", "code": 1}}
    service = Service(begin=Response(401, {}, json.dumps(refused).encode()))
    with pytest.raises(ServiceError) as caught:
        made(service).begin_import("plaxo", username="mira", password="hunter22!")
    assert "****** and ****** are wrong" in str(caught.value)
    summary = traceback.StackSummary.extract(traceback.walk_tb(caught.tb), capture_locals=True)
    ours = [frame for frame in summary if "tests" not in frame.filename]
    assert {"begin_import", "_run", "begin", "read_begun"} <= {frame.name for frame in ours}
    assert not any("hunter22!" in value or "mira" in value for frame in ours for value in frame.locals.values())


def test_an_invalid_response_to_the_begin_is_a_protocol_error(made):
    with pytest.raises(RemoteProtocolError, match="not an https URL"):
        made(Service(begin=ok(BEGUN | {"url": "http://evil.example/"}))).begin_import("gmail")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"base_url": "ftp://api.example"}, "base_url"),
        ({"format": "yaml"}, "format"),
        ({"auth": "digest"}, "auth"),
        ({"policy": PollPolicy(interval=0.1)}, "interval"),
    ],
)
def test_settings_that_cant_be_used_are_refused_at_once(made, options, error):
    with pytest.raises(Exception, match=error):
        made(Service(), **options)


def test_arguments_that_cant_be_used_are_refused_before_anything_is_sent(made):
    service = Service()
    client = made(service)
    with pytest.raises(InvalidType):
        client.begin_import(5)
    with pytest.raises(InvalidArgument):
        client.begin_import("gmail", echo="")
    with pytest.raises(Exception, match="import.id"):
        client.contacts("../7")
    with pytest.raises(Exception, match="import.id"):
        client.wait("../7")
    for call in (lambda **how: client.contacts("7", **how), lambda **how: client.begin_import("gmail", **how)):
        with pytest.raises(InvalidType, match="timeout must be a number of seconds, not None"):
            call(timeout=None)
        with pytest.raises(InvalidArgument, match="timeout must be from 0.001 to 1,000,000,000 seconds, not NaN"):
            call(timeout=float("nan"))
    assert service.requests == []


def test_a_closed_client_refuses_to_go_on(made):
    client = made(Service())
    client.close()
    client.close()
    for use in (lambda: client.wait("7"), lambda: client.contacts("7"), lambda: client.begin_import("gmail")):
        with pytest.raises(LocalProtocolError, match="the client is closed"):
            use()


def test_its_own_transport_is_closed_and_a_given_one_is_not():
    service = Service()
    with Client("key", "password", transport=service.transport, clock=VirtualClock()) as client:
        assert client.wait("7") == Completed(3)
    service.transport.send(service.requests[0], timeout=1)
    with Client("key", "password") as client:
        transport = client._transport
    with pytest.raises(LocalProtocolError, match="closed"):
        transport.send(service.requests[0], timeout=1)


def test_an_async_client_closes_its_own_transport():
    async def closed():
        async with AsyncClient("key", "password") as client:
            transport = client._transport
        with pytest.raises(LocalProtocolError, match="closed"):
            await transport.send(Service().requests, timeout=1)

    asyncio.run(closed())


def test_an_async_transport_is_used_as_it_is():
    class Asynchronous:
        async def send(self, request, *, timeout):
            return service.respond(request)

        async def close(self):
            raise AssertionError

    service = Service()

    async def whole():
        async with AsyncClient("key", "password", transport=Asynchronous(), clock=VirtualClock()) as client:
            return await client.wait("7")

    assert asyncio.run(whole()) == Completed(3)


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_credentials_come_from_the_environment(client, monkeypatch):
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_KEY", "key")
    monkeypatch.delenv("CLOUDSPONGE_DOMAIN_PASSWORD", raising=False)
    with pytest.raises(InvalidArgument, match="CLOUDSPONGE_DOMAIN_PASSWORD is not set"):
        client.from_env()
    monkeypatch.setenv("CLOUDSPONGE_DOMAIN_PASSWORD", "password")
    service = Service()
    made = client.from_env(transport=service.transport)
    result = made.begin_import("gmail")
    begun = asyncio.run(result) if inspect.isawaitable(result) else result
    assert begun.import_id == "7"
    assert service.requests[0].headers["authorization"] == "Basic a2V5OnBhc3N3b3Jk"


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_the_repr_shows_no_credentials(client):
    assert repr(client("demo-key", "demo-password", transport=Service().transport)) == f"{client.__name__}()"


def test_a_base_url_of_another_type_is_refused_by_its_type(made):
    with pytest.raises(InvalidType, match="base_url must be a str"):
        made(Service(), base_url=5)
