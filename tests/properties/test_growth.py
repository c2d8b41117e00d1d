"""Growth of cost, in counts of memory blocks and function calls. `make bench` measures times."""

import gc
import sys
import tracemalloc
from itertools import pairwise, repeat

import pytest

from event_rows import json_body, rows
from spongewatch import Credentials, ImportSession, PollPolicy, Response, TransportError
from spongewatch.transports import TraceWriter, VirtualClock, replay, watch
from spongewatch.transports.testing import HandlerTransport

CREDENTIALS = Credentials("demo-key", "demo-password")
PATIENT = PollPolicy(consent_timeout=None, gathering_timeout=None)
FEW = 100
"""Memory blocks that Python itself may keep: far less than one for each poll."""


def new_session():
    return ImportSession("1126", CREDENTIALS, now=0.0, policy=PATIENT)


def gathering(contacts):
    return json_body(rows("INITIALIZING COMPLETED 0", f"GATHERING INPROGRESS {contacts}"))


def poll(session, body, now):
    """Poll once as a loop does, and return the time of the next poll."""
    session.next_action(now=now)
    session.sent(now=now)
    session.receive(Response(200, {}, body), now=now + 0.15)
    return session.next_action(now=now + 0.15).until


def polled(session, bodies, now):
    for body in bodies:
        now = poll(session, body, now)
    return now


def blocks():
    gc.collect()  # clears CPython's free lists
    return sys.getallocatedblocks()


def calls(run):
    """Count the function calls, including those of C functions."""
    seen = 0

    def count(frame, event, argument):
        nonlocal seen
        seen += event in ("call", "c_call")

    gc.disable()  # libraries register callbacks for it
    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
        gc.enable()
    return seen


def test_polls_without_changes_leave_no_memory_behind():
    session = new_session()
    now = polled(session, repeat(gathering(5), 10), 0.0)
    before = blocks()
    polled(session, repeat(gathering(5), 10_000), now)
    assert blocks() - before < FEW


def test_polls_with_changes_leave_no_memory_behind():
    session = new_session()
    now = polled(session, map(gathering, range(1000, 1010)), 0.0)
    before = blocks()
    polled(session, map(gathering, range(1010, 2010)), now)
    assert session.contact_count == 2009
    assert blocks() - before < FEW


def test_a_saved_session_does_not_grow_with_polls():
    session = new_session()
    now = polled(session, map(gathering, range(1000, 2000)), 0.0)
    before = len(session.save())
    polled(session, map(gathering, range(2000, 2500)), now)
    assert len(session.save()) == before


def test_a_later_poll_makes_as_many_function_calls_as_an_early_one():
    session = new_session()
    now = polled(session, repeat(gathering(5), 10), 0.0)
    early = calls(lambda: poll(session, gathering(5), now))
    later = polled(session, repeat(gathering(5), 5_000), now + 10)
    assert calls(lambda: poll(session, gathering(5), later)) == early


@pytest.mark.parametrize("events", ["GATHERING INPROGRESS {}", "INITIALIZING INPROGRESS 0", "SUBMITTING DONE {}"])
def test_each_additional_row_makes_as_many_function_calls(events):
    def taken(number):
        response = Response(200, {}, json_body(rows(*(events.format(value) for value in range(number)))))
        session = new_session()
        return calls(lambda: session.receive(response, now=1.0))

    taken(1)  # the first unlisted row compiles the pattern for redaction
    steps = [high - low for low, high in pairwise(map(taken, (50, 100, 150, 200)))]
    assert steps[0] == steps[1] == steps[2]


def test_each_additional_session_takes_at_most_1_1_kibibytes():
    response = Response(200, {}, gathering(5))

    sessions, sizes = [], []
    tracemalloc.start()
    for _ in range(4):
        for _ in range(400):
            sessions.append(new_session())
            sessions[-1].receive(response, now=0.1)
        gc.collect()  # so that nothing is freed during the measurement
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    steps = [(high - low) / 400 for low, high in pairwise(sizes)]
    assert max(steps) - min(steps) < 128
    assert max(steps) <= 1126


def test_a_recorded_watch_and_its_replay_leave_no_memory_behind(tmp_path):
    polls, sizes = 0, []

    def respond(request):
        nonlocal polls
        polls += 1
        if polls in (100, 600):
            sizes.append(blocks())
        if polls > 600:
            raise TransportError("refused", permanent=True)
        return Response(200, {}, gathering(1000 + polls))

    with TraceWriter(tmp_path / "trace.jsonl", CREDENTIALS) as record:
        for _ in watch(new_session(), HandlerTransport(respond), record=record, clock=VirtualClock()):
            pass
    assert sizes[1] - sizes[0] < FEW
    again = replay(tmp_path / "trace.jsonl")
    sizes_of_replay = [blocks() for item, _ in zip(again, range(600), strict=False) if item.at in (100.0, 500.0)]
    assert len(sizes_of_replay) == 2
    assert sizes_of_replay[1] - sizes_of_replay[0] < FEW
