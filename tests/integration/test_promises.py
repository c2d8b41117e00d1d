"""What is promised of every watch, seen from outside: its rate, its record, what is left behind by it."""

import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest

from answers import json_body, rows, triggers
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
from spongewatch.transports.testing.hostile_server import HostileServer, answer, keeps_answering, says

COMMAND = str(Path(sys.executable).parent / "spongewatch")
CREDENTIALS = Credentials("demo-key", "demo-password")
GROWING = Scenario(
    "news at every poll, and no end",
    tuple((n / 100, (ImportEvent("GATHERING", "INPROGRESS", n + 1),)) for n in range(10_000)),
)
FADING = Scenario(
    "one answer, and then none",
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
    """As `--jsonl` writes them."""
    return "".join(json.dumps(item.to_json(), separators=(",", ":")) + "\n" for item in items)


# The rate.


def twenty_answers(tmp_path):
    """A recording of twenty polls, with the end in the last answer."""
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
    """As a worker does, that keeps the session somewhere between two polls, and comes back too early each time."""
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
    with Simulator(recording=twenty_answers(tmp_path)) as service:
        assert watched(service, interval) == Completed(19)
        requests = service.requests
        assert [request.status for request in requests] == [200] * 20
        assert service.connections == 1
        assert all(after.arrived - before.arrived >= interval for before, after in pairwise(requests))


def test_the_interval_counts_from_the_end_of_a_slow_answer(tmp_path):
    page = answer(json_body(rows("GATHERING INPROGRESS 5")))
    end = answer(json_body(rows("COMPLETE COMPLETED 0")))
    with HostileServer(keeps_answering(*[page] * 3, end, pause=0.1)) as server, Urllib3Transport() as transport:
        clock = SystemClock()
        policy = PollPolicy(interval=0.08)
        session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=server.url, policy=policy)
        assert watch(session, transport, clock=clock).run() == Completed(5)
        assert (len(server.exchanges), server.connections) == (4, 1)
        for before, after in pairwise(server.exchanges):
            assert after.began - before.ended >= 0.08


# One watch, told alike however it is told.

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
    """One watch by the command line: its trace, what it printed, and its exit status."""
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
def test_a_replay_prints_the_bytes_of_the_watch(recorded, speed):
    trace, printed, code = recorded
    done = run(command("replay", trace, "--jsonl", *speed))
    cancelled = code == 143  # which the replay was not: it tells of the signal, and got none
    assert (done.stdout, done.returncode, done.stderr) == (printed, 130 if cancelled else code, "")


def test_a_watch_that_is_cut_and_resumed_after_every_step_tells_the_same(recorded):
    trace, printed, _ = recorded
    recording, clock = open_recording(trace), VirtualClock()
    transport = ReplayTransport(recording, clock)
    session = ImportSession(
        recording.import_id, CREDENTIALS, now=0.0, base_url="https://api.example", policy=recording.policy
    )
    cancelled_at = cancelled_in(trace)
    told = []
    while not isinstance(action := session.next_action(now=clock.now()), Done):
        if isinstance(action, Wait):
            clock.move_to(action.until)
        if clock.now() >= cancelled_at:
            told += session.cancel(now=cancelled_at)
        else:
            told += poll(session, transport, clock=clock)
        session = resumed(session, clock, "https://api.example")
    transport.close()
    assert as_lines(told) == printed


def cancelled_in(trace):
    last = json.loads(trace.read_text().splitlines()[-1])
    return last["t"] if last["end"] == "cancelled" else float("inf")


def resumed(session, clock, base_url):
    return ImportSession.resume(session.save(), CREDENTIALS, now=clock.now(), base_url=base_url)


@pytest.mark.parametrize("scenario", ["completes", "abandoned", "fails", "odd", "consent-never"])
def test_a_live_watch_that_is_cut_and_resumed_after_every_step_replays_the_same(tmp_path, scenario):
    trace, clock, told = tmp_path / "trace.jsonl", SystemClock(), []
    with (
        Simulator(scenario, speed=20) as service,
        TraceWriter(trace, CREDENTIALS) as record,
        Urllib3Transport() as transport,
    ):
        session = new_session(service, clock, consent_timeout=0.5)
        while not isinstance(action := session.next_action(now=clock.now()), Done):
            if isinstance(action, Wait):
                clock.sleep(action.until - clock.now())
            told += poll(session, transport, record=record, clock=clock)
            session = resumed(session, clock, service.base_url)
        assert service.connections == 1
        assert all(b.arrived - a.arrived >= 0.02 for a, b in pairwise(service.requests))
    assert as_lines(told) == as_lines(replay(trace))
    assert isinstance(told[-1], Ended)


def test_a_trace_is_read_while_it_is_told_and_takes_no_more_memory_for_being_long(tmp_path):
    path = tmp_path / "long.jsonl"
    with path.open("w") as file:
        print(json.dumps({"spongewatch-trace": 1, "import_id": "1126"}), file=file)
        for number in range(10_000):
            body = json_body(rows(f"GATHERING INPROGRESS {number // 100}")).decode()
            print(json.dumps({"t": number, "took": 0.1, "status": 200, "body": body}), file=file)
        print(json.dumps({"t": 10_000, "end": "cancelled"}), file=file)
    tracemalloc.start()
    try:
        told = sum(1 for _ in replay(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told == 102
    assert peak < 200_000 < path.stat().st_size / 5


# A record that breaks off.


def test_every_prefix_of_a_record_replays_up_to_its_last_whole_line(recorded, tmp_path):
    trace, printed, _ = recorded
    content, cut = trace.read_bytes(), tmp_path / "cut.jsonl"
    steps = printed.splitlines()[:-1]
    ends = [number for number, byte in enumerate(content) if byte == ord("\n")]
    lengths = {*range(ends[0], len(content), 1 + len(content) // 100), len(content) - 1}
    for end in ends:
        lengths |= {end, end + 1, end + 2, *([end - 1] if end > ends[0] else [])}  # a line without its last byte
    for length in sorted(lengths):
        cut.write_bytes(content[:length])
        *told, ended = replay(cut)
        if length not in ends:  # a last line that lacks only its end counts as whole
            cut.write_bytes(content[: content.rfind(b"\n", 0, length) + 1])
        assert [*told, ended] == list(replay(cut))
        assert as_lines(told).splitlines() == steps[: len(told)]
        assert isinstance(ended, Ended)
        if length < ends[-1]:
            assert isinstance(ended.outcome, LostContact) or len(told) == len(steps)


@pytest.mark.parametrize("seed", range(5))
def test_a_process_killed_at_any_moment_leaves_what_it_had_told(tmp_path, seed):
    trace, drawn = tmp_path / "trace.jsonl", random.Random(seed)
    with (
        Simulator(GROWING) as service,
        start(watch_command(service, "--record", trace, "--interval", "0.005")) as process,
    ):
        printed = process.stdout.readline()  # from now on there is something to be left
        time.sleep(drawn.uniform(0, 0.4))
        process.kill()
        printed += process.stdout.read()
    whole = printed.splitlines() if printed.endswith("\n") else printed.splitlines()[:-1]
    done = run(command("replay", trace, "--jsonl"))
    *left, ended = done.stdout.splitlines()
    assert done.returncode == 6
    assert json.loads(ended)["outcome"] == "lost-contact"
    assert left[: len(whole)] == whole
    assert len(left) - len(whole) <= 1  # written down and not yet told
    assert set(triggers(replay(trace))) <= {"initialize", "progress"}


def test_a_process_killed_after_the_end_leaves_the_end(tmp_path):
    trace = tmp_path / "trace.jsonl"
    with Simulator("skips") as service, start(watch_command(service, "--record", trace)) as process:
        printed = [process.stdout.readline() for _ in range(4)]
        process.kill()
    assert json.loads(printed[-1])["outcome"] == "completed"
    done = run(command("replay", trace, "--jsonl"))
    assert (done.returncode, done.stdout) == (0, "".join(printed))


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_record_is_for_its_owner_alone(tmp_path, umask):
    trace = tmp_path / "trace.jsonl"
    with Simulator("skips") as service:
        assert run(watch_command(service, "--record", trace), umask=umask).returncode == 0
        before = trace.read_bytes()
        assert stat.S_IMODE(trace.stat().st_mode) == 0o600
        refused = run(watch_command(service, "--record", trace), umask=umask)
        assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (2, "", 1)
        assert len(service.requests) == 1
    assert trace.read_bytes() == before


# What is left behind.


def test_fifty_watches_leave_no_thread_no_socket_and_no_descriptor(tmp_path):
    page = json_body(rows("GATHERING INPROGRESS 5"))
    broken = says(answer(page, headers={"content-length": "5000"}), lambda talk: talk.sock.close())
    hanging = says(b"HTTP/1.1 200 OK\r\n", lambda talk: talk.hang())
    good = keeps_answering(answer(page), answer(json_body(rows("COMPLETE COMPLETED 0"))))
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


def test_a_watch_that_is_left_before_its_end_leaves_nothing_either():
    for _ in range(5):
        with nothing_left(), Simulator(GROWING) as service, Urllib3Transport() as transport:
            clock = SystemClock()
            watching = watch(new_session(service, clock), transport, clock=clock)
            assert next(watching).trigger == "initialize"
            del watching


# What is shared.


@pytest.mark.parametrize("connections", [1, 2])
def test_two_sessions_in_two_threads_share_a_transport_and_nothing_else(connections):
    told = {}

    def follow(service, transport):
        clock = SystemClock()
        session = new_session(service, clock)
        told[service.import_id] = list(watch(session, transport, clock=clock))

    with (
        Simulator("completes", speed=20, import_id="1126") as one,
        Simulator("abandoned", speed=20, import_id="1127") as other,
        Urllib3Transport(connections=connections) as transport,
    ):
        threads = [threading.Thread(target=follow, args=(service, transport)) for service in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for service in (one, other):
            assert {request.status for request in service.requests} == {200}
            assert all(b.arrived - a.arrived >= 0.02 for a, b in pairwise(service.requests))
            assert connections == 1 or service.connections == 1
    assert {import_id: items[-1].outcome.name for import_id, items in told.items()} == {
        "1126": "completed",
        "1127": "abandoned",
    }
    assert all(item.import_id == import_id for import_id, items in told.items() for item in items)


def test_two_watches_of_one_service_take_turns_on_one_connection():
    outcomes = []

    def follow(service, transport):
        clock = SystemClock()
        outcomes.append(watch(new_session(service, clock), transport, clock=clock).run())

    with Simulator("completes", speed=20) as service, Urllib3Transport(connections=1) as transport:
        threads = [threading.Thread(target=follow, args=(service, transport)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert service.connections == 1
    assert outcomes == [Completed(2001)] * 2
