"""Random hostile services: whole watches over real sockets on a scaled clock, each compared with a small model."""

import io
import json
import logging
import os
import threading
import time
import traceback
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from itertools import pairwise
from math import ceil, floor, inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import event, given, note, settings
from hypothesis import strategies as st

import drawn_model
from drawn_model import IMPORT_ID, SILENCE, Watched
from drawn_plans import AIMS, BASIC, CREDENTIALS, HIDDEN, PASSWORD, Plan, Step, plans
from leftovers import nothing_left
from spongewatch import Emitted, ImportEvent, ImportSession, PollPolicy, Request, Response, TransportError
from spongewatch.transports import TraceWriter, Urllib3Transport, poll, replay, watch
from spongewatch.transports.testing.hostile_server import Conversation, HostileServer, unused_url

SPEEDS = (200, 50, 10)
"""Seconds on the watch's clock for one real second; the slower speeds are for a busy machine."""

LATE = 30.0
"""Real seconds that a busy machine may need in addition."""

MOST_POLLS = 200
NOISE = 0.005
"""Milliseconds of rounding error."""

START = 1_800_000_000.0
TO_BE_FOUND = (HIDDEN, BASIC.rstrip("=")[:-3], b64encode(PASSWORD.encode()).decode()[:-3])


class TooLateError(Exception):
    """The machine is too busy for this speed: an immediate response took longer than the request's timeout."""


class ScaledClock:
    """Runs `speed` times as fast as real time, and records its readings."""

    def __init__(self, speed: int) -> None:
        self.speed = speed
        self.shown = [START]
        self._began = time.monotonic()

    def now(self) -> float:
        self.shown.append(START + (time.monotonic() - self._began) * self.speed)
        return self.shown[-1]

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0) / self.speed)


class Poll(NamedTuple):
    """One poll as the transport saw it: when it began, was sent and ended, and whether there was no response.

    `poll` reads the clock again between beginning and sending, because saving the session may take time.
    """

    step: Step
    began: float
    sent: float
    ended: int
    timeout: float
    silent: bool


class Stage:
    """Runs a plan: the transport sets the current step, and the service plays it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.step = plan.step(0)
        self.asked = 0
        self._open = 0
        self._playing = 0
        self._changed = threading.Condition()

    def serve(self, talk: Conversation) -> None:
        """Serve one connection; each request gets the current step."""
        with self._counted("_open"):
            while talk.sock.fileno() >= 0 and talk.read_request() is not None:
                with self._counted("_playing"):
                    self.asked += 1
                    self.step.play(talk)

    def wait_until_played(self) -> None:
        """Wait for responses to polls that are over: they hold a connection."""
        self._wait("a connection is held after its poll", lambda: self._playing == 0)

    def wait_until_closed(self) -> None:
        self._wait("a connection is open after the transport was closed", lambda: self._open == 0)

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        self._count(name, 1)
        try:
            yield
        finally:
            self._count(name, -1)

    def _count(self, name: str, change: int) -> None:
        with self._changed:
            setattr(self, name, getattr(self, name) + change)
            self._changed.notify_all()

    def _wait(self, problem: str, done: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(done, LATE), problem


class Watching:
    """The transport of a watch: converts timeouts to real time, and collects all visible texts."""

    def __init__(self, stage: Stage, clock: ScaledClock, transport: Urllib3Transport, url: str, dead_end: str) -> None:
        self.clock = clock
        self.url = url
        self.polls: list[Poll] = []
        self.texts: list[str] = []
        self._stage = stage
        self._transport = transport
        self._dead_end = dead_end

    def send(self, request: Request, *, timeout: float) -> Response:
        stage, plan = self._stage, self._stage.plan
        assert len(self.polls) < MOST_POLLS, "no plan has budgets for so many"
        step = stage.step = plan.step(len(self.polls))
        if not step.listens:
            request = replace(request, url=request.url.replace(self.url, self._dead_end))
        asked, sent = stage.asked, self.clock.shown[-1]
        began = self.clock.shown[-2] if plan.by_worker else sent
        result = self._result(request, timeout)
        heard = stage.asked - asked
        stage.wait_until_played()
        silent = isinstance(result, TransportError) and result.kind == "timeout"
        in_full = sent + timeout - began > plan.policy["request_timeout"] - 0.01
        if silent and in_full and (step.means is not SILENCE or not heard):
            raise TooLateError
        assert silent or heard == step.listens, "one request for each poll, and no retry"
        self.polls.append(Poll(step, began, sent, len(self.clock.shown), timeout, silent))
        if isinstance(result, TransportError):
            raise result
        return result

    def _result(self, request: Request, timeout: float) -> Response | TransportError:
        try:
            return self._transport.send(request, timeout=timeout / self.clock.speed)
        except TransportError as error:
            self.texts += [*traceback.format_exception(error), repr(error), repr(vars(error))]
            return error


class Records(logging.Handler):
    """Keeps each record in full."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self.texts += [repr(record.__dict__), self.format(record)]


@contextmanager
def all_that_is_said(texts: list[str]) -> Iterator[None]:
    """Add what is logged at DEBUG to `texts`, and check that nothing is printed."""
    root, handler, printed = logging.getLogger(), Records(texts), io.StringIO()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stderr(printed), redirect_stdout(printed):
            yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    assert printed.getvalue() == ""


def seen_of(session: ImportSession) -> list[str]:
    return [session.save(), *map(repr, (session, session.outcome, session.user_id, session.echo))]


def items_of_a_loop(session: ImportSession, watching: Watching, record: TraceWriter) -> Iterator[Emitted]:
    for item in watch(session, watching, clock=watching.clock, record=record):
        watching.texts += seen_of(session)
        yield item


def items_of_workers(session: ImportSession, watching: Watching, record: TraceWriter, plan: Plan) -> Iterator[Emitted]:
    """Resume and save the session for each poll, as workers do."""
    clock, url = watching.clock, watching.url
    while session.outcome is None:
        now = clock.now()
        session = ImportSession.resume(session.save(), CREDENTIALS, now=now, base_url=url, auth=plan.auth)
        action = session.next_action(now=now)
        clock.sleep(getattr(action, "until", now) - now)
        yield from poll(session, watching, record=record, clock=clock)
        watching.texts += seen_of(session)


def written(trace: Path) -> list[str]:
    """Return the trace, and its base64 bodies without NUL bytes."""
    lines = trace.read_text().splitlines()
    bodies = [b64decode(json.loads(line).get("body64", "")) for line in lines]
    return [*lines, *(body.replace(b"\0", b"").decode("latin-1") for body in bodies)]


def played(plan: Plan, trace: Path, speed: int) -> tuple[list[Emitted], Watching, HostileServer]:
    """Run the plan to the end of the watch, and check that nothing is left behind."""
    stage, clock = Stage(plan), ScaledClock(speed)
    with nothing_left(), HostileServer(stage.serve) as server, unused_url() as dead_end:
        began = time.monotonic()
        with Urllib3Transport(connections=1) as transport, TraceWriter(trace, CREDENTIALS) as record:
            watching = Watching(stage, clock, transport, server.url, dead_end)
            session = ImportSession(
                IMPORT_ID,
                CREDENTIALS,
                now=START,
                base_url=server.url,
                policy=PollPolicy(**plan.policy),
                format=plan.format,
                auth=plan.auth,
                echo="mine",
            )
            workers = items_of_workers(session, watching, record, plan)
            with all_that_is_said(watching.texts):
                items = list(workers if plan.by_worker else items_of_a_loop(session, watching, record))
            assert time.monotonic() - began < items[-1].at / speed + LATE
            assert record.error is None
        stage.wait_until_closed()
    watching.texts += [repr(items), *(json.dumps(item.to_json()) for item in items), *written(trace)]
    return items, watching, server


def played_in_time(plan: Plan, trace: Path) -> tuple[list[Emitted], Watching, HostileServer]:
    """Run the plan at the highest speed that the machine can keep up with."""
    for speed in SPEEDS:
        with suppress(TooLateError):
            return played(plan, trace, speed)
        trace.unlink()
    raise AssertionError("a prompt response came too late at every speed")


def expected(plan: Plan, watching: Watching) -> Watched:
    """Return what the model expects. A poll cut short by a budget may have missed its response."""
    model, shown = Watched(plan.policy), watching.clock.shown
    for step, began, sent, ended, timeout, silent in watching.polls:
        left, arrived = floor((began - START) * 1000 + NOISE), ceil((shown[ended] - START) * 1000 - NOISE)
        allowed = model.time_for(left) / 1000
        assert abs(sent + timeout - began - allowed) < 0.002, (
            "a poll has the time of a request, or what a budget leaves of it"
        )
        assert not silent or shown[ended] >= sent + timeout - 0.001, "given up too soon"
        model.polled(SILENCE if silent else step.means, sent=left, ended=arrived)
    if not model.is_over:
        model.waited()
    return model


def as_in_the_model(item: Emitted) -> tuple[float, tuple[object, ...]]:
    fields = item.to_json()
    row = getattr(item, "event", None)
    event_row = (row.type, row.status, row.value, row.odd_value) if isinstance(row, ImportEvent) else None
    members = {
        "transition": lambda: (fields["trigger"], fields["source"], fields["dest"], fields["contact_count"], event_row),
        "anomaly": lambda: (fields["reason"], event_row),
        "poll-failed": lambda: (
            fields["attempt"],
            fields["retry_at"] and round(fields["retry_at"] * 1000),
            fields["reason"],
        ),
        "ended": lambda: (fields["outcome"], fields["reason"], fields["detail"]),
    }
    return round(fields["at"] * 1000), (fields["kind"], *members[fields["kind"]]())


def assert_as_expected(items: list[Emitted], model: Watched) -> None:
    """The model knows only the beginning of texts for people, which come last."""
    converted = [as_in_the_model(item) for item in items]
    for (at, (*item, last)), (modelled_at, (*modelled, modelled_last)) in zip(converted, model.emitted, strict=True):
        assert (at, item) == (modelled_at, modelled)
        assert last == modelled_last or str(last).startswith(str(modelled_last))
    assert items[-1].contact_count == model.imported.count
    assert items[-1].state.value == model.imported.state
    failure = items[-1].to_json()["failure"]
    assert (failure and failure["code"]) == model.imported.code


def assert_floor_held(server: HostileServer, seconds: float) -> None:
    """Check at the server, from the end of each response, or from its request if there was none, to the next request."""
    gaps = [after.began - (before.ended or before.began) for before, after in pairwise(server.exchanges)]
    assert min(gaps, default=inf) >= seconds - 1e-6, gaps


def hidden_in(texts: list[str]) -> list[str]:
    return [text for text in texts if any(hidden in text for hidden in TO_BE_FOUND)]


def test_the_model_imports_nothing_from_the_library():
    assert "spongewatch" not in Path(drawn_model.__file__).read_text()


def assert_goes_as_the_model_says(plan: Plan) -> None:
    with TemporaryDirectory() as folder:
        trace = Path(folder, "trace.jsonl")
        items, watching, server = played_in_time(plan, trace)
        assert [item.to_json() for item in replay(trace)] == [item.to_json() for item in items]
    model = expected(plan, watching)
    note(f"emitted: {list(map(as_in_the_model, items))}\nthe model: {model.emitted}")
    assert_as_expected(items, model)
    assert_floor_held(server, plan.policy["interval"] / watching.clock.speed)
    requests = [exchange.request.decode() for exchange in server.exchanges]
    assert hidden_in(requests) == requests, "who does not say who they are"
    assert len(set(requests)) <= 1, "each request is the same as the first"
    assert hidden_in(watching.texts) == []
    assert server.connections <= 1 + sum(not poll.step.keeps or poll.silent for poll in watching.polls)
    event(f"{items[-1].outcome.name}, {items[-1].to_json()['reason']}, at speed {watching.clock.speed}")


@pytest.mark.parametrize("aim", AIMS)
@settings(max_examples=160 if os.environ.get("HYPOTHESIS_PROFILE") == "proof" else 4, print_blob=True)
@given(data=st.data())
def test_a_watch_matches_the_model(aim, data):
    assert_goes_as_the_model_says(data.draw(plans(aim), "plan"))
