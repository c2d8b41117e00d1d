"""Forked processes, pickles and copies."""

import asyncio
import copy
import inspect
import json
import multiprocessing
import os
import pickle
import signal
import ssl
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing.reduction import ForkingPickler

import pytest
import trustme

import spongewatch
import spongewatch.adapters
import spongewatch.transports
import spongewatch.transports.testing
from event_rows import row
from spongewatch import (
    ERROR_CODES,
    Abandoned,
    Anomaly,
    BegunImport,
    Cancelled,
    Completed,
    Contact,
    ContactLost,
    Contacts,
    ContactsPage,
    Credentials,
    Done,
    Email,
    Ended,
    EventsPage,
    Failed,
    ImportAbandoned,
    ImportFailed,
    ImportFailure,
    ImportMachine,
    ImportSession,
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    LostContact,
    OutcomeError,
    Phone,
    PollFailed,
    PollPolicy,
    PostalAddress,
    Rejected,
    RemoteProtocolError,
    Request,
    Response,
    Send,
    ServiceError,
    SpongewatchError,
    State,
    TimedOut,
    Transition,
    TransportError,
    Wait,
    WatchCancelled,
    WatchRejected,
    WatchTimedOut,
)
from spongewatch.adapters import AsyncClient, Callbacks, Client, LoggingAdapter
from spongewatch.core.redaction import Redaction
from spongewatch.core.secret import Secret
from spongewatch.transports import (
    SCENARIOS,
    AsyncioTransport,
    ObserverErrors,
    RecordingError,
    ReplayTransport,
    ResponseBody,
    Simulator,
    SystemClock,
    ThreadedTransport,
    TraceWriter,
    Urllib3Transport,
    VirtualClock,
    open_recording,
    replay,
    wait,
    watch,
    watch_async,
)
from spongewatch.transports.recordings.recording import End, Exchange, TruncatedLine
from spongewatch.transports.recordings.trace_lines import TraceLines
from spongewatch.transports.simulator.ledger import ServedRequest
from spongewatch.transports.testing import HandlerTransport, PlayedPoll, ScriptedService
from spongewatch.transports.testing.hostile_server import HostileServer, echoes, http_response, responds

CREDENTIALS = Credentials("demo-key", "demo-password")
AUTHORITY = trustme.CA()
TRACE = "docs/traces/completes.jsonl"


class Child:
    """A forked process that does `work` and exits."""

    def __init__(self, work):
        read, write = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on: forking with threads
            self._process = os.fork()
        if self._process == 0:
            signal.alarm(30)  # ends it if it hangs
            try:
                os.write(write, json.dumps(work()).encode())
            except BaseException as error:
                os.write(write, json.dumps(repr(error)).encode())
            finally:
                os._exit(0)
        os.close(write)
        self._pipe = os.fdopen(read)

    def result(self):
        """Return the result of the work, or raise its error; fail if the process hung."""
        with self._pipe:
            result = self._pipe.read()
        assert os.waitpid(self._process, 0)[1] == 0
        return json.loads(result)


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")


# A transport.


@pytest.fixture(params=["http", "https"])
def tls(request):
    if request.param == "http":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def transport(tmp_path):
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Urllib3Transport(connections=4, ca_file=tmp_path / "ca.pem") as made:
        yield made


def ask(transport, server, who, times=1):
    """Send requests; each response names its sender."""
    for turn in range(times):
        request = Request("GET", f"{server.url}/{who}/{turn}")
        assert transport.send(request, timeout=20).body.startswith(f"GET /{who}/{turn} ".encode())


@contextmanager
def many_asking(transport, server):
    """Run eight threads that send requests over four connections during the block; yield their errors."""
    stop, errors = threading.Event(), []

    def keep_asking(number):
        try:
            while not stop.is_set():
                ask(transport, server, f"thread-{number}")
        except Exception as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=keep_asking, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    try:
        yield errors
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_parent_and_child_use_connections_of_their_own(transport, tls):
    with HostileServer(echoes, tls=tls) as server:
        ask(transport, server, "parent")
        child = Child(partial(ask, transport, server, "child", 50))
        ask(transport, server, "parent", 50)
        assert child.result() is None
        ask(transport, server, "parent")
        assert server.connections == 2


def test_a_child_forked_during_a_tls_request_refuses_tls(tmp_path):
    """OpenSSL holds locks during a request, which the child would never release."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    asked = threading.Event()

    def hangs(talk):
        talk.read_request()
        asked.set()
        talk.hang()

    def refused():
        with pytest.raises(LocalProtocolError, match="forked during requests over TLS"):
            ask(transport, server, "child")

    with (
        HostileServer(hangs, tls=context) as server,
        HostileServer(echoes) as plain,
        Urllib3Transport(ca_file=tmp_path / "ca.pem") as transport,
        ThreadPoolExecutor(1) as threads,
    ):
        threads.submit(ask, transport, server, "parent")
        asked.wait()
        assert Child(refused).result() is None
        assert Child(partial(ask, transport, plain, "child")).result() is None
        transport.close()


def test_forking_during_requests_neither_blocks_the_child_nor_disturbs_the_parent(transport):
    def work(number):
        ask(transport, server, f"child-{number}", 3)
        transport.close()  # ends open requests in this process

    with HostileServer(echoes) as server, many_asking(transport, server) as errors:
        results = []
        for number in range(10):
            results.append(Child(partial(work, number)).result())
            ask(transport, server, "parent")
        assert results == [None] * 10
    assert errors == []


def test_a_connection_closed_by_the_parent_is_closed_while_a_child_lives():
    hung_up, (until, over) = threading.Event(), os.pipe()

    def script(talk):
        responds(http_response(b"{}"))(talk)
        hung_up.set()

    with HostileServer(script) as server, Urllib3Transport() as transport:
        transport.send(Request("GET", server.url), timeout=10)
        child = Child(lambda: len(os.read(until, 1)))
        transport.close()
        assert hung_up.wait(20)
        os.write(over, b"x")
        assert child.result() == 1
    os.close(until)
    os.close(over)


def test_a_closed_transport_is_closed_in_a_child(transport):
    transport.close()
    child = Child(lambda: transport.send(Request("GET", "http://127.0.0.1:9"), timeout=1))
    assert child.result() == "LocalProtocolError('the transport is closed')"


def test_an_async_transport_has_threads_in_a_child():
    async def main(transport, server):
        return (await transport.send(Request("GET", server.url), timeout=20)).status

    with HostileServer(echoes) as server, Urllib3Transport() as inner:
        transport = ThreadedTransport(inner, threads=1)
        assert asyncio.run(main(transport, server)) == 200
        assert Child(lambda: asyncio.run(main(transport, server))).result() == 200
        assert asyncio.run(main(transport, server)) == 200
        assert server.connections == 2
        asyncio.run(transport.close())


def test_an_asyncio_transport_in_use_before_a_fork_refuses_to_send_in_the_child():
    async def main():
        async with AsyncioTransport() as transport:
            await send(transport)
            results = [Child(within_the_running_loop(transport)).result(), Child(on_a_new_loop(transport)).result()]
            await send(transport)
        return results

    async def send(transport):
        return (await transport.send(Request("GET", server.url), timeout=20)).status

    def within_the_running_loop(transport):
        return lambda: send(transport).send(None)

    def on_a_new_loop(transport):
        def work():
            asyncio.set_event_loop(None)
            return asyncio.run(send(transport))

        return work

    with HostileServer(echoes) as server:
        assert asyncio.run(main()) == [
            "LocalProtocolError('AsyncioTransport needs a running asyncio event loop')",
            "LocalProtocolError('this AsyncioTransport belongs to another event loop; make one for each')",
        ]
        assert server.connections == 1


def test_an_asyncio_transport_that_was_not_used_before_a_fork_works_in_the_child():
    async def main():
        async with transport:
            return (await transport.send(Request("GET", server.url), timeout=20)).status

    with HostileServer(echoes) as server:
        transport = AsyncioTransport()
        assert Child(lambda: asyncio.run(main())).result() == 200


# Other inherited objects.


def test_a_forked_watch_goes_on_in_both_and_only_the_parent_records(tmp_path):
    trace, clock = tmp_path / "trace.jsonl", SystemClock()

    def rest():
        outcome = watching.run()
        return [outcome.name, str(record.error)]

    with (
        Simulator("completes", speed=20) as service,
        Urllib3Transport() as transport,
        TraceWriter(trace, CREDENTIALS) as record,
    ):
        session = ImportSession(
            "1126", CREDENTIALS, now=clock.now(), base_url=service.base_url, policy=PollPolicy(interval=0.02)
        )
        watching = watch(session, transport, record=record, clock=clock)
        emitted = [next(watching)]
        child = Child(rest)
        emitted += watching
        assert child.result() == [
            "completed",
            f"{trace}: recording stopped: the process was forked",
        ]
        assert service.connections == 2
        assert record.error is None
    assert [item.to_json() for item in replay(trace)] == [item.to_json() for item in emitted]


def test_a_clock_works_in_a_child_forked_while_a_thread_sleeps():
    def work():
        before = clock.now()
        clock.sleep(0.01)
        threading.Timer(0.01, clock.wake).start()
        clock.sleep(60)
        return 0.01 <= clock.now() - before < 20

    clock = SystemClock()
    sleeper = threading.Thread(target=clock.sleep, args=(60,))
    sleeper.start()
    time.sleep(0.01)
    assert Child(work).result() is True
    clock.wake()
    sleeper.join()


def test_closing_a_simulator_in_a_child_leaves_it_running():
    with Simulator("skips") as service:
        assert Child(service.close).result() is None
        assert wait("1126", CREDENTIALS, base_url=service.base_url) == Completed(2340)


# Pickles and copies.


def test_a_spawned_process_exchanges_work_and_outcome_as_pickles():
    with (
        Simulator("skips") as service,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes,
        Urllib3Transport() as transport,
    ):
        asked = partial(processes.submit, wait, "1126", CREDENTIALS, policy=PollPolicy(interval=0.05))
        with pytest.raises(LocalProtocolError, match="Urllib3Transport can't be pickled"):
            asked(base_url=service.base_url, transport=transport).result(60)
        assert asked(base_url=service.base_url).result(60) == Completed(2340)


FAILURE = ImportFailure.of(264, State.GATHERING)
EVENT = row("GATHERING INPROGRESS 5")
REQUEST = Request("GET", "https://api.example/events/1126.json", {"authorization": CREDENTIALS.basic()})
RESPONSE = Response(200, {"content-type": "application/json"}, b'{"events": []}')


MIRA = Contact(first_name="Mira", emails=(Email("mira@example.com"),))


def fed_machine():
    machine = ImportMachine("1126")
    machine.feed([EVENT])
    return machine


def as_it_is(value):
    return value


def as_raised(error):
    return type(error), error.args, str(error), vars(error)


# Classes whose objects can be pickled and copied: an object, and what has to stay the same.
VALUES = [
    (Abandoned(ImportFailure.of(514, State.INITIALIZING)), as_it_is),
    (Anomaly("1126", 1.0, "odd-value", EVENT), as_it_is),
    (BegunImport("1126", "https://api.cloudsponge.com/n/V", "42", None), as_it_is),
    (Cancelled(), as_it_is),
    (Completed(5), as_it_is),
    (MIRA, as_it_is),
    (Contacts("1126", (MIRA,), None), as_it_is),
    (ContactsPage("1126", 0, 1, (MIRA,), None, "42", None), as_it_is),
    (CREDENTIALS, as_it_is),
    (Email("mira@example.com", "Home", True), as_it_is),
    (Phone("5550100001"), as_it_is),
    (PostalAddress(city="Springfield"), as_it_is),
    (Done(Completed(5)), as_it_is),
    (Ended("1126", 2.0, Failed(FAILURE), State.ERROR, 5), as_it_is),
    (FAILURE.category, as_it_is),
    (ERROR_CODES[264], as_it_is),
    (EventsPage("1126", None, None, (EVENT,)), as_it_is),
    (Failed(FAILURE), as_it_is),
    (EVENT, as_it_is),
    (FAILURE, as_it_is),
    (LostContact("why"), as_it_is),
    (PollFailed("1126", 1.0, 1, "status 503", None), as_it_is),
    (PollPolicy(timeout=5.0), as_it_is),
    (Rejected("request", "status 400"), as_it_is),
    (FAILURE.remedy, as_it_is),
    (RESPONSE, as_it_is),
    (State.GATHERING, as_it_is),
    (TimedOut("total"), as_it_is),
    (Transition("1126", 1.0, "progress", State.GATHERING, State.GATHERING, 5, EVENT, None), as_it_is),
    (Wait(1.0), as_it_is),
    (End(61.0, "completed", None, ""), as_it_is),
    (Exchange(0.0, 0.2, RESPONSE), as_it_is),
    (TruncatedLine(3), as_it_is),
    (ServedRequest(1.0, 2.0, 1, "/", None), as_it_is),
    (LocalProtocolError("no"), as_raised),
    (InvalidArgument("no"), as_raised),
    (InvalidType("no"), as_raised),
    (RemoteProtocolError("no"), as_raised),
    (ServiceError("request", "no", 400, 2), as_raised),
    (SpongewatchError("no"), as_raised),
    (TransportError("timeout", "no response", True), as_raised),
    (RecordingError("trace.jsonl", "not JSON", 3), as_raised),
    (InvalidArgument("no"), as_raised),
    (InvalidType("no"), as_raised),
    (OutcomeError(Cancelled()), as_raised),
    (ImportFailed(Failed(FAILURE)), as_raised),
    (ImportAbandoned(Abandoned(ImportFailure.of(514, State.INITIALIZING))), as_raised),
    (WatchTimedOut(TimedOut("total")), as_raised),
    (ContactLost(LostContact("why")), as_raised),
    (WatchRejected(Rejected("request", "status 400")), as_raised),
    (WatchCancelled(Cancelled()), as_raised),
    (
        ObserverErrors("observers failed", [ValueError("a")], Completed(5)),
        lambda group: (type(group), str(group), repr(group.exceptions), group.outcome),
    ),
    (SCENARIOS["completes"], as_it_is),
    (fed_machine(), ImportMachine.save),
    (Redaction(["secret"]), lambda redaction: redaction.text("a secret")),
    (Secret("hunter22"), as_it_is),
    (HandlerTransport(repr), lambda transport: transport.send(REQUEST, timeout=1)),
    (open_recording(TRACE), lambda trace: [*trace.entries()]),
    (open_recording("tests/data/vcrpy.json"), lambda captured: [*captured.entries()]),
    (Callbacks(on_ended=print), lambda callbacks: callbacks._functions),
    (LoggingAdapter("an.example"), lambda adapter: adapter._logger),
]

# Objects with the password: copied, not pickled.
SECRETS = [REQUEST, Send(REQUEST, 10.0), PlayedPoll(0.0, 0.2, REQUEST)]


# Objects bound to a process, created when needed.
def alive(path):
    session = ImportSession("1126", CREDENTIALS, now=0.0)
    handler = HandlerTransport(repr)
    yield from (session, watch(session, handler), watch_async(session, handler))
    yield from (SystemClock(), VirtualClock(), ScriptedService(), Simulator(), ResponseBody(200, "gzip"))
    yield from (replay(TRACE), TraceLines(open_recording(TRACE)))
    with (
        Urllib3Transport() as transport,
        TraceWriter(path / "trace.jsonl") as record,
        closing(ReplayTransport(open_recording(TRACE), VirtualClock())) as replaying,
        Client("key", "password") as client,
    ):
        yield from (client, client.contacts("7", stream=True), AsyncClient("key", "password", transport=transport))
        yield from (transport, transport.sending(REQUEST, timeout=1), record, replaying, ThreadedTransport(transport))
        yield AsyncioTransport()
        yield asyncio.run(pending_request())


async def pending_request():
    async with AsyncioTransport() as transport:
        return transport.start(Request("GET", "http://127.0.0.1:1"), 1, lambda result: None)


# Classes whose objects users don't keep: protocols, test suites, parts of HTTP clients.
NEVER_HELD = {
    "AsyncClock",
    "AsyncFramingContract",
    "AsyncKeepAliveContract",
    "AsyncTransport",
    "AsyncTransportContract",
    "Clock",
    "FramingContract",
    "KeepAliveContract",
    "Recorder",
    "Recording",
    "TimedResponse",
    "Transport",
    "TransportContract",
    "as_transport_error",
}

COPIES = {"copy": copy.copy, "deep copy": copy.deepcopy}
PICKLES = {
    f"pickle {protocol}": lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol))
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
} | {"between processes": lambda value: pickle.loads(ForkingPickler.dumps(value))}


def named(value):
    return type(value).__name__


@pytest.mark.parametrize("again", [*COPIES.values(), *PICKLES.values()], ids=[*COPIES, *PICKLES])
@pytest.mark.parametrize(("value", "what_counts"), VALUES, ids=[named(value) for value, _ in VALUES])
def test_a_value_is_pickled_and_copied(value, what_counts, again):
    taken = again(value)
    assert type(taken) is type(value)
    assert what_counts(taken) == what_counts(value)
    assert repr(taken) == repr(value) or " at 0x" in repr(value)


@pytest.mark.parametrize("value", SECRETS, ids=named)
def test_objects_with_the_password_are_copied_and_not_pickled(value):
    for again in COPIES.values():
        assert again(value) == value
    for again in PICKLES.values():
        with pytest.raises(LocalProtocolError, match="^a Request can't be pickled, since it holds the password"):
            again(value)


def test_objects_bound_to_a_process_are_neither_pickled_nor_copied(tmp_path):
    for value in alive(tmp_path):
        for again in (COPIES | PICKLES).values():
            with pytest.raises(LocalProtocolError, match=r"^\w+( \w+)? can't be pickled or copied; "):
                again(value)


def test_a_copied_machine_is_independent():
    machine = fed_machine()
    for again in (COPIES | PICKLES).values():
        before = machine.save()
        again(machine).feed([row("GATHERING COMPLETED 12"), row("COMPLETE COMPLETED")])
        assert machine.save() == before


def test_every_public_class_is_in_one_of_the_tables(tmp_path):
    packages = (spongewatch, spongewatch.transports, spongewatch.transports.testing, spongewatch.adapters)
    public = {name for package in packages for name in package.__all__ if inspect.isclass(getattr(package, name))}
    decided = {named(value) for value in [*(value for value, _ in VALUES), *SECRETS, *alive(tmp_path)]}
    assert public - decided == NEVER_HELD
