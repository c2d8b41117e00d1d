"""Promises about every watch, checked from outside: its rate, its recording, and what it leaves behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest

from event_rows import json_body, rows, triggers
from leftovers import nothing_left
from spongewatch import (
    Completed,
    Credentials,
    Done,
    Ended,
    ImportEvent,
    ImportSession,
    LostContact,
    PollPolicy,
    TransportError,
    Wait,
)
from spongewatch.transports import (
    ReplayTransport,
    Scenario,
    Simulator,
    SystemClock,
    TraceWriter,
    Urllib3Transport,
    VirtualClock,
    open_recording,
    poll,
    replay,
    watch,
)
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds, sends

COMMAND = str(Path(sys.executable).parent / "spongewatch")
CREDENTIALS = Credentials("demo-key", "demo-password")
GROWING = Scenario(
    "news at every poll, and no end",
    tuple((n / 100, (ImportEvent("GATHERING", "INPROGRESS", n + 1),)) for n in range(10_000)),
)
FADING = Scenario(
    "one response, and then none",
    ((0.0, (ImportEvent("INITIALIZING", "INPROGRESS"),)),),
    dict.fromkeys(range(2, 100), TransportError("reset")),
)


def command(*arguments):
    return [COMMAND, *map(str, arguments)]


def environment():
    return {
        **os.environ,
        "CLOUDSPONGE_DOMAIN_KEY": CREDENTIALS.domain_key,
        "CLOUDSPONGE_DOMAIN_PASSWORD": CREDENTIALS.domain_password,
    }


def watch_command(service, *options):
    return command("watch", service.import_id, "--base-url", service.base_url, "--jsonl", *options)


def run(arguments, **more):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, env=environment(), **more)


def new_session(service, clock, **policy):
    return ImportSession(
        service.import_id,
        CREDENTIALS,
        now=clock.now(),
        base_url=service.base_url,
        policy=PollPolicy(**({"interval": 0.02} | policy)),
    )


def as_lines(items):
    """Format the items as `--jsonl` does."""
    return "".join(json.dumps(item.to_json(), separators=(",", ":")) + "\n" for item in items)


# The rate.


def recording_of_twenty_polls(tmp_path):
    """Write a recording of twenty polls; the last response ends the import."""
    bodies = [json_body(rows(f"GATHERING INPROGRESS {n}")) for n in range(1, 20)] + [
        json_body(rows("COMPLETE COMPLETED"))
    ]
    lines = [{"t": n, "took": 0, "status": 200, "body": body.decode()} for n, body in enumerate(bodies)]
    path = tmp_path / "twenty.jsonl"
    path.write_text(
        "".join(json.dumps(line) + "\n" for line in ({"spongewatch-trace": 1, "import_id": "1126"}, *lines))
    )
    return open_recording(path)


def by_watch(service, interval):
    clock = SystemClock()
    with Urllib3Transport() as transport:
        return watch(new_session(service, clock, interval=interval), transport, clock=clock).run()


def by_poll(service, interval):
    """Poll like a worker that saves the session between polls and comes back too early each time."""
    clock = SystemClock()
    session = new_session(service, clock, interval=interval)
    with Urllib3Transport() as transport:
        while session.outcome is None:
            poll(session, transport, clock=clock)
            session = resumed(session, clock, service.base_url)
            clock.sleep(interval / 3)
    return session.outcome


def by_command(service, interval):
    done = run(watch_command(service, "--interval", str(interval)))
    assert done.returncode == 0
    return Completed(json.loads(done.stdout.splitlines()[-1])["contact_count"])


@pytest.mark.parametrize(("watched", "interval"), [(by_watch, 0.05), (by_poll, 0.03), (by_command, 0.03)])
def test_twenty_polls_are_twenty_requests_on_one_connection_never_under_the_interval(tmp_path, watched, interval):
    with Simulator(recording=recording_of_twenty_polls(tmp_path)) as service:
        assert watched(service, interval) == Completed(19)
        requests = service.requests
        assert [request.status for request in requests] == [200] * 20
        assert service.connections == 1
        assert all(after.arrived - before.arrived >= interval for before, after in pairwise(requests))


def test_the_interval_counts_from_the_end_of_a_slow_response(tmp_path):
    page = http_response(json_body(rows("GATHERING INPROGRESS 5")))
    end = http_response(json_body(rows("COMPLETE COMPLETED 0")))
    with HostileServer(responds(*[page] * 3, end, pause=0.1)) as server, Urllib3Transport() as transport:
        clock = SystemClock()
        policy = PollPolicy(interval=0.08)
        session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=server.url, policy=policy)
        assert watch(session, transport, clock=clock).run() == Completed(5)
        assert (len(server.exchanges), server.connections) == (4, 1)
        for before, after in pairwise(server.exchanges):
            assert after.began - before.ended >= 0.08


# Watches, replays and resumed watches emit the same.

FAST = ["--interval", "0.02"]
TOLD = {
    "completes": ("completes", 20, FAST, 0),
    "abandoned": ("abandoned", 20, FAST, 4),
    "fails": ("fails", 20, FAST, 3),
    "flaky": ("flaky", 4, FAST, 0),
    "odd": ("odd", 20, FAST, 0),
    "odd in XML": ("odd", 20, [*FAST, "--format", "xml"], 0),
    "out of time for consent": ("consent-never", 1, ["--interval", "0.2", "--consent-timeout", "0.3"], 5),
    "out of time for gathering": ("stuck", 100, ["--interval", "0.2", "--gathering-timeout", "0.3"], 5),
    "out of time in all": ("stuck", 20, ["--interval", "0.2", "--timeout", "0.3"], 5),
    "rejected": ("completes", 1, [*FAST, "--echo", "x"], 7),
    "out of contact": (FADING, 1, [*FAST, "--lost-contact-timeout", "0.3"], 6),
    "cancelled": (GROWING, 1, FAST, 143),
}


@pytest.fixture(scope="module", params=TOLD)
def recorded(request, tmp_path_factory):
    """Watch with the command line; return the trace, the output, and the exit status."""
    scenario, speed, options, status = TOLD[request.param]
    trace = tmp_path_factory.mktemp("recorded") / "trace.jsonl"
    key = "another-key" if request.param == "rejected" else CREDENTIALS.domain_key
    with Simulator(scenario, speed=speed, domain_key=key) as service:
        if request.param == "cancelled":
            with start(watch_command(service, "--record", trace, *options)) as process:
                lines = [process.stdout.readline() for _ in range(5)]
                process.send_signal(signal.SIGTERM)
                printed, code = "".join(lines) + process.stdout.read(), process.wait()
        else:
            done = run(watch_command(service, "--record", trace, *options))
            assert (done.stderr == "") is (status != 5)
            printed, code = done.stdout, done.returncode
    assert code == status
    return trace, printed, code


def start(arguments):
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment())


@pytest.mark.parametrize("speed", [[], ["--speed", "20"]], ids=["at once", "20 times as fast"])
def test_a_replay_prints_the_same_bytes_as_the_watch(recorded, speed):
    trace, printed, code = recorded
    done = run(command("replay", trace, "--jsonl", *speed))
    cancelled = code == 143  # the recorded watch was stopped by a signal, the replay was not
    assert (done.stdout, done.returncode, done.stderr) == (printed, 130 if cancelled else code, "")


def test_a_watch_resumed_after_every_item_emits_the_same(recorded):
    trace, printed, _ = recorded
    recording, clock = open_recording(trace), VirtualClock()
    transport = ReplayTransport(recording, clock)
    session = ImportSession(
        recording.import_id, CREDENTIALS, now=0.0, base_url="https://api.example", policy=recording.policy
    )
    cancelled_at = cancelled_in(trace)
    emitted = []
    while not isinstance(action := session.next_action(now=clock.now()), Done):
        if isinstance(action, Wait):
            clock.move_to(action.until)
        if clock.now() >= cancelled_at:
            emitted += session.cancel(now=cancelled_at)
        else:
            emitted += poll(session, transport, clock=clock)
        session = resumed(session, clock, "https://api.example")
    transport.close()
    assert as_lines(emitted) == printed


def cancelled_in(trace):
    last = json.loads(trace.read_text().splitlines()[-1])
    return last["t"] if last["end"] == "cancelled" else float("inf")


def resumed(session, clock, base_url):
    return ImportSession.resume(session.save(), CREDENTIALS, now=clock.now(), base_url=base_url)


@pytest.mark.parametrize("scenario", ["completes", "abandoned", "fails", "odd", "consent-never"])
def test_a_live_watch_resumed_after_every_item_replays_the_same(tmp_path, scenario):
    trace, clock, emitted = tmp_path / "trace.jsonl", SystemClock(), []
    with (
        Simulator(scenario, speed=20) as service,
        TraceWriter(trace, CREDENTIALS) as record,
        Urllib3Transport() as transport,
    ):
        session = new_session(service, clock, consent_timeout=0.5)
        while not isinstance(action := session.next_action(now=clock.now()), Done):
            if isinstance(action, Wait):
                clock.sleep(action.until - clock.now())
            emitted += poll(session, transport, record=record, clock=clock)
            session = resumed(session, clock, service.base_url)
        assert service.connections == 1
        assert all(b.arrived - a.arrived >= 0.02 for a, b in pairwise(service.requests))
    assert as_lines(emitted) == as_lines(replay(trace))
    assert isinstance(emitted[-1], Ended)


def test_a_long_trace_is_replayed_in_constant_memory(tmp_path):
    path = tmp_path / "long.jsonl"
    with path.open("w") as file:
        print(json.dumps({"spongewatch-trace": 1, "import_id": "1126"}), file=file)
        for number in range(10_000):
            body = json_body(rows(f"GATHERING INPROGRESS {number // 100}")).decode()
            print(json.dumps({"t": number, "took": 0.1, "status": 200, "body": body}), file=file)
        print(json.dumps({"t": 10_000, "end": "cancelled"}), file=file)
    tracemalloc.start()
    try:
        emitted = sum(1 for _ in replay(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert emitted == 102
    assert peak < 200_000 < path.stat().st_size / 5


@pytest.mark.parametrize("seed", range(5))
def test_a_process_killed_at_any_moment_leaves_a_trace_of_all_it_printed(tmp_path, seed):
    trace, drawn = tmp_path / "trace.jsonl", random.Random(seed)
    with (
        Simulator(GROWING) as service,
        start(watch_command(service, "--record", trace, "--interval", "0.005")) as process,
    ):
        printed = process.stdout.readline()  # from now on the trace has content
        time.sleep(drawn.uniform(0, 0.4))
        process.kill()
        printed += process.stdout.read()
    whole = printed.splitlines() if printed.endswith("\n") else printed.splitlines()[:-1]
    done = run(command("replay", trace, "--jsonl"))
    *left, ended = done.stdout.splitlines()
    assert done.returncode == 6
    assert json.loads(ended)["outcome"] == "lost-contact"
    assert left[: len(whole)] == whole
    assert len(left) - len(whole) <= 1  # written and not yet printed
    assert set(triggers(replay(trace))) <= {"initialize", "progress"}


def test_a_process_killed_after_the_end_leaves_a_complete_trace(tmp_path):
    trace = tmp_path / "trace.jsonl"
    with Simulator("skips") as service, start(watch_command(service, "--record", trace)) as process:
        printed = [process.stdout.readline() for _ in range(4)]
        process.kill()
    assert json.loads(printed[-1])["outcome"] == "completed"
    done = run(command("replay", trace, "--jsonl"))
    assert (done.returncode, done.stdout) == (0, "".join(printed))


# Leftovers.


def test_fifty_watches_leave_no_thread_no_socket_and_no_descriptor(tmp_path):
    page = json_body(rows("GATHERING INPROGRESS 5"))
    broken = sends(http_response(page, headers={"content-length": "5000"}), lambda talk: talk.sock.close())
    hanging = sends(b"HTTP/1.1 200 OK\r\n", lambda talk: talk.hang())
    good = responds(http_response(page), http_response(json_body(rows("COMPLETE COMPLETED 0"))))
    outcomes = []
    for number in range(50):
        with (
            nothing_left(),
            HostileServer((good, broken, hanging)[number % 3]) as server,
            Urllib3Transport() as transport,
            TraceWriter(tmp_path / f"{number}.jsonl") as record,
        ):
            clock = SystemClock()
            budgets = {"request_timeout": 0.02, "lost_contact_timeout": 0.04} if number % 3 else {}
            policy = PollPolicy(interval=0.01, **budgets)
            session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=server.url, policy=policy)
            outcomes.append(watch(session, transport, record=record, clock=clock).run())
    assert [isinstance(outcome, LostContact) for outcome in outcomes] == [bool(number % 3) for number in range(50)]


def test_an_abandoned_watch_leaves_nothing_behind():
    for _ in range(5):
        with nothing_left(), Simulator(GROWING) as service, Urllib3Transport() as transport:
            clock = SystemClock()
            watching = watch(new_session(service, clock), transport, clock=clock)
            assert next(watching).trigger == "initialize"
            del watching
