import json
import logging
import threading
import time

import pytest

from answers import json_body, rows, triggers
from spongewatch import (
    Cancelled,
    Completed,
    Credentials,
    Ended,
    Failed,
    ImportSession,
    InvalidArgument,
    LocalProtocolError,
    LostContact,
    PollFailed,
    PollPolicy,
    Rejected,
    Response,
    State,
    TimedOut,
    TransportError,
    Wait,
)
from spongewatch.transports import (
    ObserverErrors,
    Simulator,
    SystemClock,
    TraceWriter,
    VirtualClock,
    poll,
    replay,
    wait,
    watch,
)
from spongewatch.transports.http import urllib3_transport as real_transport
from spongewatch.transports.testing import HandlerTransport
from spongewatch.transports.testing.hostile_server import nobody

CREDENTIALS = Credentials("demo-key", 'p+/%: é"')
WAITING = json_body(rows("INITIALIZING INPROGRESS 0"))
GATHERING = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5"))
ODD = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5", "SUBMITTING INPROGRESS 1"))
COMPLETE = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 7", "COMPLETE COMPLETED 0"))
BUSY = Response(503)
RESET = TransportError("reset", "after 12 bytes")
IMPORT = [WAITING, BUSY, RESET, WAITING, GATHERING, ODD, Response(200, {}, b"<html>"), COMPLETE]


class Service:
    """Gives one answer after the other, the last again and again; each takes a quarter of a second."""

    def __init__(self, clock, *answers, took=0.25):
        self.clock, self.answers, self.took = clock, list(answers), took
        self.sent, self.timeouts, self.closed = [], [], False

    def send(self, request, *, timeout):
        self.sent.append(self.clock.now())
        self.timeouts.append(timeout)
        self.clock.sleep(self.took)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, TransportError):
            raise answer
        return answer if isinstance(answer, Response) else Response(200, {}, answer)

    def close(self):
        self.closed = True


def new_session(now=0.0, **settings):
    return ImportSession("1126", CREDENTIALS, now=now, policy=PollPolicy(**settings))


def started(*answers, settings=None, took=0.25, **arguments):
    clock = VirtualClock()
    service = Service(clock, *answers, took=took)
    return watch(new_session(**settings or {}), service, clock=clock, **arguments), service


def lines(items):
    return [json.dumps(item.to_json()) for item in items]


# watch


def test_a_whole_import_is_told_as_it_goes():
    watching, service = started(WAITING, GATHERING, COMPLETE)
    told = list(watching)
    assert triggers(told) == ["start", "initialize", "progress", "gather", "complete"]
    assert [item.at for item in told] == [0.25, 1.5, 1.5, 2.75, 2.75, 2.75]
    assert told[-1] == Ended("1126", 2.75, Completed(7), State.COMPLETE, 7)
    assert service.sent == [0.0, 1.25, 2.5]
    assert not service.closed  # whoever made it may use it again


def test_each_poll_leaves_an_interval_after_the_end_of_the_last():
    watching, service = started(*[WAITING] * 20, COMPLETE, took=3.0)
    watching.run()
    assert [later - earlier for earlier, later in zip(service.sent, service.sent[1:], strict=False)] == [4.0] * 20


def test_failed_polls_are_told_and_tried_again_when_they_say():
    watching, service = started(BUSY, RESET, b"", COMPLETE)
    failed = [item for item in watching if isinstance(item, PollFailed)]
    assert [item.reason for item in failed] == ["status 503", "reset: after 12 bytes", "the response is empty"]
    assert [item.retry_at for item in failed] == service.sent[1:]


def test_a_request_has_the_time_that_is_left():
    watching, service = started(WAITING, settings={"consent_timeout": 4, "request_timeout": 3})
    assert watching.run() == TimedOut("consent")
    assert service.timeouts == [3.0, 2.75, 1.5, pytest.approx(0.25)]


@pytest.mark.parametrize(
    ("answers", "settings", "outcome", "at"),
    [
        ([json_body(rows("COMPLETE ERROR 264"))], {}, "failed", 0.25),
        ([json_body(rows("INITIALIZING ERROR 514"))], {}, "abandoned", 0.25),
        ([Response(401)], {}, "rejected", 0.25),
        ([WAITING], {"consent_timeout": 60}, "timed-out", 60.0),
        ([GATHERING], {"gathering_timeout": 60}, "timed-out", 60.25),
        ([GATHERING], {"timeout": 60}, "timed-out", 60.0),
        ([BUSY], {"lost_contact_timeout": 60}, "lost-contact", 60.0),
        ([TransportError("tls", "not trusted", permanent=True)], {}, "lost-contact", 0.25),
    ],
)
def test_every_watch_ends_and_says_how(answers, settings, outcome, at):
    watching, service = started(*answers, settings=settings)
    *_, ended = watching
    assert (ended.outcome.name, ended.at) == (outcome, at)
    assert watching.session.outcome is ended.outcome
    assert len(service.sent) <= at + 1


def test_a_transport_that_is_late_is_heard_all_the_same():
    watching, _ = started(WAITING, COMPLETE, took=25.0)
    told = list(watching)
    assert [item.at for item in told] == [25.0, 51.0, 51.0, 51.0, 51.0]
    assert told[-1].outcome == Completed(7)


def test_a_transport_that_is_late_beyond_the_budget_does_not_stretch_it():
    watching, _ = started(WAITING, settings={"consent_timeout": 60}, took=70.0)
    start, ended = watching
    assert (start.trigger, start.at) == ("start", 70.0)
    assert (ended.outcome, ended.at) == (TimedOut("consent"), 70.0)


def test_a_watch_is_an_iterator():
    watching, _ = started(WAITING, COMPLETE)
    assert iter(watching) is watching
    assert next(watching).trigger == "start"
    assert watching.session.state is State.INITIALIZING
    assert watching.run() == Completed(7)
    assert watching.run() == Completed(7)
    assert list(watching) == []
    with pytest.raises(StopIteration):
        next(watching)


def test_nothing_is_polled_before_somebody_iterates():
    watching, service = started(COMPLETE)
    assert service.sent == []
    next(watching)
    assert service.sent == [0.0]


def test_a_session_that_ended_is_not_watched_again():
    session, clock = new_session(), VirtualClock()
    watch(session, Service(clock, COMPLETE), clock=clock).run()
    again = ImportSession.resume(session.save(), CREDENTIALS, now=clock.now())
    service = Service(clock, COMPLETE)
    assert list(watch(again, service, clock=clock)) == []
    assert watch(again, service, clock=clock).run() == Completed(7)
    assert service.sent == []


def test_what_a_transport_should_never_raise_comes_through():
    def broken(request):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watch(new_session(), HandlerTransport(broken), clock=VirtualClock()).run()


class Interrupted(Service):
    """Its first request after one that is answered does not come to an end."""

    def __init__(self, *arguments, error=KeyboardInterrupt, **more):
        super().__init__(*arguments, **more)
        self.error = error

    def send(self, request, *, timeout):
        if len(self.sent) == 1 and self.error:
            error, self.error = self.error, None
            raise error
        return super().send(request, timeout=timeout)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_a_watch_whose_poll_was_interrupted_goes_on_with_the_next_item_and_so_does_its_trace(tmp_path, error):
    clock = VirtualClock()
    service = Interrupted(clock, WAITING, COMPLETE, error=error)
    with TraceWriter(tmp_path / "trace.jsonl", CREDENTIALS) as record:
        watching = watch(new_session(), service, clock=clock, record=record)
        told = [next(watching)]
        with pytest.raises(error):
            next(watching)
        (failed,) = watching.pending
        told += watching
    assert triggers(told) == ["start", "initialize", "gather", "complete"]
    assert (failed.reason, failed.at) == (f"reset: the request was given up: {error.__name__}", 1.25)
    assert service.sent[1] == failed.retry_at >= 2.25
    assert told[1] == failed
    assert lines(replay(tmp_path / "trace.jsonl")) == lines(told)


def test_a_transport_that_stops_an_iteration_does_not_end_the_watch_in_silence():
    clock = VirtualClock()
    watching = watch(new_session(), Interrupted(clock, WAITING, COMPLETE, error=StopIteration), clock=clock)
    with pytest.raises(RuntimeError, match="the transport raised StopIteration"):
        list(watching)
    assert triggers(watching) == ["initialize", "gather", "complete"]


def test_a_watch_whose_sleep_was_interrupted_goes_on():
    class Clock(VirtualClock):
        def sleep(self, seconds):
            super().sleep(seconds / 2)
            if interrupts:
                raise interrupts.pop()

    clock, interrupts = Clock(), [KeyboardInterrupt]
    watching = watch(new_session(), HandlerTransport(lambda request: Response(200, {}, bodies.pop(0))), clock=clock)
    bodies = [WAITING, COMPLETE]
    assert next(watching).trigger == "start"
    with pytest.raises(KeyboardInterrupt):
        next(watching)
    assert watching.pending == ()
    assert watching.run() == Completed(7)


def test_what_was_being_told_when_it_was_interrupted_is_told_again_and_then_the_rest():
    heard = []

    def interrupted(item):
        heard.append(item)
        if len(heard) == 2:
            raise KeyboardInterrupt

    watching, _ = started(COMPLETE, observers=[interrupted])
    told = [next(watching)]
    with pytest.raises(KeyboardInterrupt):
        next(watching)
    assert triggers(watching.pending) == ["gather", "complete"]
    told += watching
    assert triggers(told) == ["initialize", "gather", "complete"]
    assert heard == [*told[:2], *told[1:]]
    assert watching.pending == ()


async def send_async(request, *, timeout):
    raise AssertionError


@pytest.mark.parametrize("answer", [None, {"status": 200}])
def test_what_is_no_answer_is_a_mistake_of_the_transport_that_is_told_and_its_poll_has_failed(answer):
    answers = [answer, Response(200, {}, COMPLETE)]
    watching = watch(new_session(), HandlerTransport(lambda request: answers.pop(0)), clock=VirtualClock())
    with pytest.raises(LocalProtocolError, match="must return a Response, not"):
        watching.run()
    (failed,) = watching.pending
    assert failed.reason == "reset: the request was given up: LocalProtocolError"
    assert watching.run() == Completed(7)


@pytest.mark.parametrize("start", [0.1, 0.3, 0.7, 12.345, 1793610847.123])
def test_a_budget_ends_on_a_clock_that_does_not_begin_at_nothing(start):
    clock = VirtualClock()
    clock.move_to(start)
    session = new_session(now=clock.now(), consent_timeout=3.1, timeout=3.2)
    watching = watch(session, Service(clock, WAITING), clock=clock)
    *_, ended = watching
    assert (ended.outcome, ended.at) == (TimedOut("consent"), 3.1)


def test_a_session_on_another_clock_than_the_watch_ends_too():
    session = new_session(now=1793610847.1234567, consent_timeout=3)  # the virtual clock begins at nothing
    clock = VirtualClock()
    assert watch(session, Service(clock, WAITING), clock=clock).run() == TimedOut("consent")


# Observers


def test_observers_are_told_before_the_watch_goes_on():
    heard = []
    watching, _ = started(WAITING, COMPLETE, observers=[heard.append])
    for item in watching:
        assert heard[-1] is item
    assert len(heard) == 5


def boom(item):
    raise ValueError(f"about {type(item).__name__}")


def test_errors_of_observers_are_raised_at_the_end():
    heard = []
    watching, _ = started(WAITING, COMPLETE, observers=[boom, heard.append])
    told = []
    with pytest.raises(ObserverErrors) as caught:
        told.extend(watching)
    assert caught.value.outcome == Completed(7)
    assert len(caught.value.exceptions) == len(heard) == 5
    assert isinstance(heard[-1], Ended)
    assert watching.session.outcome == Completed(7)
    assert list(watching) == []


def test_errors_of_observers_are_raised_by_run():
    watching, _ = started(COMPLETE, observers=[boom])
    with pytest.raises(ObserverErrors, match="observers failed") as caught:
        watching.run()
    assert caught.value.outcome == Completed(7)
    assert watching.session.outcome == Completed(7)


def test_errors_of_observers_are_logged_where_that_was_asked_for(caplog):
    watching, _ = started(WAITING, COMPLETE, observers=[boom], on_observer_error="log")
    assert watching.run() == Completed(7)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 5


def test_what_can_not_be_called_is_refused_before_the_first_poll():
    with pytest.raises(LocalProtocolError, match="an observer is a function, not int"):
        started(COMPLETE, observers=[5])


# Cancelling


def test_cancelled_before_it_began_it_polls_nothing():
    watching, service = started(COMPLETE)
    watching.cancel()
    assert list(watching) == [Ended("1126", 0.0, Cancelled(), State.INITIALIZING, None, seen=False)]
    assert service.sent == []


def test_cancelled_between_two_polls():
    watching, service = started(WAITING, COMPLETE)
    next(watching)
    watching.cancel()
    watching.cancel()
    assert watching.run() == Cancelled()
    assert service.sent == [0.0]


@pytest.mark.parametrize(("answer", "told"), [(WAITING, ["Transition", "Ended"]), (RESET, ["Ended"])])
def test_cancelled_while_a_poll_is_under_way_its_answer_counts_and_its_failure_does_not(tmp_path, answer, told):
    def cut(request):
        watching.cancel()
        if isinstance(answer, TransportError):
            raise answer
        return Response(200, {}, answer)

    path = tmp_path / "trace.jsonl"
    with TraceWriter(path, CREDENTIALS) as record:
        watching = watch(new_session(), HandlerTransport(cut), clock=VirtualClock(), record=record)
        items = list(watching)
    assert [type(item).__name__ for item in items] == told
    assert items[-1].outcome == Cancelled()
    assert lines(replay(path)) == lines(items)


def test_cancelled_while_a_poll_is_told_the_rest_of_it_is_told():
    watching, _ = started(GATHERING, COMPLETE)
    first = next(watching)
    watching.cancel()
    assert triggers([first, *watching]) == ["initialize", "progress"]
    assert watching.session.outcome == Cancelled()


def test_cancelled_by_an_observer():
    def cancel(item):
        watching.cancel()

    watching, service = started(WAITING, COMPLETE, observers=[cancel])
    start, ended = watching
    assert (start.trigger, ended) == ("start", Ended("1126", 0.25, Cancelled(), State.INITIALIZING, None))
    assert service.sent == [0.0]


def test_cancelled_at_the_end_it_has_ended():
    watching, _ = started(COMPLETE)
    *_, ended = watching
    watching.cancel()
    assert list(watching) == []
    assert watching.session.outcome == ended.outcome == Completed(7)


def test_cancelled_in_a_sleep_by_another_thread():
    clock = SystemClock()
    session = new_session(now=clock.now(), interval=100)
    watching = watch(session, HandlerTransport(lambda request: Response(200, {}, WAITING)), clock=clock)
    assert next(watching).trigger == "start"
    before = time.monotonic()
    threading.Timer(0.02, watching.cancel).start()
    (ended,) = watching
    assert time.monotonic() - before < 30
    assert ended.outcome == Cancelled()
    assert 0.01 < ended.at < 30


def test_cancelled_while_a_request_is_under_way_its_answer_counts():
    def answer(request):
        watching.cancel()
        return Response(200, {}, GATHERING)

    watching = watch(new_session(), HandlerTransport(answer), clock=VirtualClock())
    told = list(watching)
    assert triggers(told) == ["initialize", "progress"]
    assert told[-1].outcome == Cancelled()


# Recording


@pytest.mark.parametrize(
    ("answers", "settings"),
    [
        (IMPORT, {}),
        ([WAITING], {"consent_timeout": 10}),
        ([GATHERING], {"gathering_timeout": 10}),
        ([GATHERING], {"timeout": 10}),
        ([WAITING, RESET], {"lost_contact_timeout": 10}),
        ([Response(401, {}, b'{"error": {"message": "no"}}')], {}),
        ([Response(404), Response(404), WAITING, Response(410)], {}),
        ([Response(429, {"retry-after": "7"}), COMPLETE], {}),
        ([Response(429, {"retry-after": "7000"})], {}),
        ([TransportError("tls", "not trusted", permanent=True)], {}),
        ([json_body(rows("COMPLETE ERROR 264"))], {}),
        ([json_body([], import_id="999"), json_body(rows("COMPLETE COMPLETED"), import_id="1126")], {}),
        ([CREDENTIALS.basic().encode(), COMPLETE], {}),
        ([Response(500, {}, json.dumps({"error": CREDENTIALS.domain_password}).encode()), COMPLETE], {}),
        ([b"\xff\xfe\x00", COMPLETE], {}),
    ],
    ids=range(15),
)
@pytest.mark.parametrize("took", [0.0, 0.25, 1.2345])
def test_a_record_replays_to_the_same_lines(tmp_path, answers, settings, took):
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path, CREDENTIALS) as record:
        watching, _ = started(*answers, settings=settings, took=took, record=record)
        told = list(watching)
    assert record.error is None
    assert isinstance(told[-1], Ended)
    assert lines(replay(path)) == lines(told)


@pytest.mark.parametrize("settings", [{}, {"consent_timeout": 1.1}])
def test_the_record_of_a_cancelled_watch_replays_to_the_same_lines(tmp_path, settings):
    clock = VirtualClock()

    class Sleepy:
        """A clock in whose first sleep the watch is cancelled, and that wakes up late."""

        now, wake = clock.now, clock.wake

        def sleep(self, seconds):
            watching.cancel()
            clock.sleep(seconds + 0.5)

    with TraceWriter(tmp_path / "trace.jsonl") as record:
        watching = watch(new_session(**settings), Service(clock, WAITING), record=record, clock=Sleepy())
        told = list(watching)
    assert told[-1].outcome == Cancelled()
    assert lines(replay(tmp_path / "trace.jsonl")) == lines(told)


def test_a_record_that_breaks_off_replays_up_to_there(tmp_path):
    with TraceWriter(tmp_path / "trace.jsonl") as record:
        watching, _ = started(WAITING, GATHERING, COMPLETE, record=record)
        told = [next(watching) for _ in range(3)]
    assert lines(replay(tmp_path / "trace.jsonl"))[:-1] == lines(told)


# poll


def polled(answers, settings, *, resume, record=None):
    """What polls tell, one after the other, each by a worker who comes when the session said."""
    clock = VirtualClock()
    service, told = Service(clock, *answers), []
    session = new_session(**settings)
    while session.outcome is None:
        told += poll(session, service, clock=clock, record=record)
        if resume:
            session = ImportSession.resume(session.save(), CREDENTIALS, now=clock.now())
        action = session.next_action(now=clock.now())
        if isinstance(action, Wait):
            clock.move_to(action.until)
    return told


@pytest.mark.parametrize(
    ("answers", "settings"),
    [
        (IMPORT, {}),
        ([WAITING], {"consent_timeout": 10}),
        ([GATHERING], {"gathering_timeout": 10}),
        ([WAITING, RESET], {"lost_contact_timeout": 30}),
        ([GATHERING, Response(401)], {}),
        ([BUSY, Response(429, {"retry-after": "100"}), COMPLETE], {}),
        ([Response(503, {}, json.dumps({"error": "m" * 500}).encode())], {"lost_contact_timeout": 30}),
        ([Response(429, {"retry-after": "200"})], {}),
        ([json_body(rows("COMPLETE ERROR 264"))], {}),
    ],
    ids=range(9),
)
@pytest.mark.parametrize("resume", [False, True], ids=["one session", "resumed after every step"])
def test_polling_step_by_step_tells_the_same_as_a_watch(tmp_path, answers, settings, resume):
    watching, _ = started(*answers, settings=settings)
    watched = lines(watching)
    with TraceWriter(tmp_path / "trace.jsonl") as record:
        assert lines(polled(answers, settings, resume=resume, record=record)) == watched
    assert lines(replay(tmp_path / "trace.jsonl")) == watched


def test_a_poll_does_one_thing_and_nothing_when_nothing_is_due():
    clock = VirtualClock()
    session, service = new_session(), Service(clock, WAITING, GATHERING, COMPLETE)
    assert triggers(poll(session, service, clock=clock)) == ["start"]
    for moment in (0.25, 1.0, 1.249):
        clock.move_to(moment)
        before = session.save()
        assert poll(session, service, clock=clock) == ()
        assert session.save() == before
    assert service.sent == [0.0]
    clock.move_to(1.25)
    assert triggers(poll(session, service, clock=clock)) == ["initialize", "progress"]
    clock.move_to(60.0)
    assert poll(session, service, clock=clock)[-1].outcome == Completed(7)
    assert poll(session, service, clock=clock) == ()
    assert service.sent == [0.0, 1.25, 60.0]


def test_a_poll_that_is_due_too_late_is_made_and_then_the_watch_ends():
    clock = VirtualClock()
    session, service = new_session(consent_timeout=5), Service(clock, WAITING)
    poll(session, service, clock=clock)
    clock.move_to(60.0)
    (ended,) = poll(session, service, clock=clock)
    assert (ended.outcome, ended.at, service.sent) == (TimedOut("consent"), 5.0, [0.0, 60.0])


def test_a_poll_whose_answer_nobody_waited_for_has_failed():
    clock = VirtualClock()
    session, service = new_session(), Service(clock, WAITING)
    session.sent(now=0.0)
    assert poll(session, service, clock=clock) == ()
    clock.move_to(10.0)
    (failed,) = poll(session, service, clock=clock)
    assert (failed.reason, failed.at) == ("timeout: no response within 10 s", 10.0)
    assert service.sent == []


def test_a_session_kept_before_its_request_leaves_is_resumed_with_that_poll_open():
    clock = VirtualClock()
    session, service, kept = new_session(), Service(clock, WAITING), []
    poll(session, service, clock=clock, before_sending=lambda: kept.append((session.save(), len(service.sent))))
    [(saved, sent)] = kept
    resumed = ImportSession.resume(saved, CREDENTIALS, now=0.0)
    assert (sent, resumed.next_action(now=0.0)) == (0, Wait(until=11.0))
    assert poll(session, service, clock=clock, before_sending=lambda: kept.append("nothing is due")) == ()
    assert len(kept) == 1


def test_a_session_that_can_not_be_kept_sends_nothing():
    def fail():
        raise OSError("the disk is full")

    service = Service(VirtualClock(), WAITING)
    with pytest.raises(OSError, match="the disk is full"):
        poll(new_session(), service, clock=VirtualClock(), before_sending=fail)
    assert service.sent == []


@pytest.mark.parametrize(("seconds", "sent"), [(3.0, [7.0]), (10.0, []), (60.0, [])])
def test_what_happens_before_sending_takes_time_of_the_request(seconds, sent):
    clock = VirtualClock()
    session, service = new_session(), Service(clock, WAITING)
    items = poll(session, service, clock=clock, before_sending=lambda: clock.move_to(seconds))
    assert service.timeouts == sent
    if not sent:
        [failed] = items
        assert failed.reason == "timeout: no time was left to send the request after before_sending"
        assert failed.retry_at >= seconds + 1


def test_a_budget_may_run_out_before_sending():
    clock = VirtualClock()
    session, service = new_session(timeout=5), Service(clock, WAITING)
    [ended] = poll(session, service, clock=clock, before_sending=lambda: clock.move_to(5.5))
    assert (ended.outcome, service.sent) == (TimedOut("total"), [])


def test_a_poll_that_was_not_sent_is_recorded(tmp_path):
    clock = VirtualClock()
    with TraceWriter(tmp_path / "trace.jsonl") as record:
        poll(new_session(), Service(clock), record=record, clock=clock, before_sending=lambda: clock.move_to(60.0))
    [failed, _] = replay(tmp_path / "trace.jsonl")
    assert failed.reason.startswith("timeout: no time was left")


def test_a_poll_by_the_clock_on_the_wall():
    session = new_session(now=SystemClock().now())
    transport = HandlerTransport(lambda request: Response(200, {}, WAITING))
    assert triggers(poll(session, transport)) == ["start"]
    assert poll(session, transport) == ()


# wait


def test_waiting_gives_the_outcome():
    clock, heard = VirtualClock(), []
    service = Service(clock, WAITING, COMPLETE)
    assert wait("1126", CREDENTIALS, transport=service, clock=clock, observers=[heard.append]) == Completed(7)
    assert triggers(heard) == ["start", "initialize", "gather", "complete"]
    assert not service.closed


def test_waiting_takes_so_long_at_the_most():
    clock = VirtualClock()
    assert wait("1126", CREDENTIALS, 7, transport=Service(clock, WAITING), clock=clock) == TimedOut("total")
    assert clock.now() == 7.0
    policy = PollPolicy(timeout=5, consent_timeout=3)
    for timeout, outcome in ((None, "consent"), (2, "total")):
        clock = VirtualClock()
        answer = wait("1126", CREDENTIALS, timeout, policy=policy, transport=Service(clock, WAITING), clock=clock)
        assert answer == TimedOut(outcome)


def test_waiting_asks_as_it_was_told():
    asked = []

    def answer(request):
        asked.append(request.url)
        return Response(401)

    arguments = {"base_url": "http://sponge.example/api", "insecure_http": True, "format": "xml", "auth": "query"}
    outcome = wait("1126", Credentials("k", "p"), transport=HandlerTransport(answer), **arguments)
    assert outcome == Rejected("credentials", "status 401")
    assert asked == ["http://sponge.example/api/events/1126.xml?domain_key=k&domain_password=p"]


def test_waiting_sends_an_echo_and_takes_an_int_and_no_credentials():
    asked = []

    def answer(request):
        asked.append((request.url, "authorization" in request.headers))
        return Response(401)

    outcome = wait(1126, None, base_url="https://x.example", echo="e", transport=HandlerTransport(answer))
    assert isinstance(outcome, Rejected)
    assert asked == [("https://x.example/events/1126.json?echo=e", False)]


def test_waiting_records_and_logs_errors_of_observers(tmp_path, caplog):
    clock = VirtualClock()
    with TraceWriter(tmp_path / "trace.jsonl", CREDENTIALS) as record:
        service = Service(clock, WAITING, COMPLETE)
        arguments = {"transport": service, "clock": clock, "record": record}
        outcome = wait("1126", CREDENTIALS, observers=[boom], on_observer_error="log", **arguments)
    assert outcome == Completed(7)
    assert len(caplog.records) == 5
    *_, ended = replay(tmp_path / "trace.jsonl")
    assert ended.outcome == outcome


@pytest.mark.parametrize(
    ("import_id", "arguments"),
    [
        ("../1126", {}),
        ("1126", {"timeout": 0}),
        ("1126", {"base_url": "http://sponge.example"}),
        ("1126", {"policy": PollPolicy(interval=0.5)}),
        ("1126", {"observers": [5]}),
    ],
)
def test_what_can_not_be_waited_for_is_refused_before_the_first_poll(import_id, arguments):
    service = Service(VirtualClock(), COMPLETE)
    with pytest.raises((InvalidArgument, LocalProtocolError)):
        wait(import_id, CREDENTIALS, transport=service, **arguments)
    assert service.sent == []


@pytest.fixture
def made_transports(monkeypatch):
    """The real transports that are made, and which of them were closed."""
    made = []

    class Noted(real_transport.Urllib3Transport):
        def __init__(self):
            super().__init__()
            self.closed = False
            made.append(self)

        def close(self):
            super().close()
            self.closed = True

    monkeypatch.setattr(real_transport, "Urllib3Transport", Noted)
    return made


@pytest.mark.parametrize("format", ["json", "xml"])
def test_waiting_makes_a_transport_of_its_own_and_closes_it(made_transports, format):
    credentials = Credentials("demo-key", "demo-password")
    with Simulator("skips") as service:
        outcome = wait("1126", credentials, 10, base_url=service.base_url, format=format)
        assert isinstance(outcome, Completed)
        assert {request.connection for request in service.requests} == {1}
    assert [transport.closed for transport in made_transports] == [True]


def test_a_transport_of_ones_own_is_closed_though_observers_fail(made_transports):
    with Simulator("skips") as service, pytest.raises(ObserverErrors) as caught:
        wait("1126", Credentials("demo-key", "demo-password"), base_url=service.base_url, observers=[boom])
    assert caught.value.outcome == Completed(2340)
    assert [transport.closed for transport in made_transports] == [True]


def test_wrong_credentials_are_an_outcome_and_no_error():
    with Simulator("skips") as service:
        outcome = wait("1126", Credentials("demo-key", "wrong"), base_url=service.base_url)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "credentials"


def test_a_service_that_is_not_there_is_an_outcome_and_no_error():
    policy = PollPolicy(lost_contact_timeout=30)
    with nobody() as url:
        outcome = wait("1126", CREDENTIALS, base_url=url, policy=policy, clock=VirtualClock())
    assert isinstance(outcome, LostContact)
    assert "refused" in outcome.detail


def test_an_import_that_fails_is_an_outcome_and_no_error():
    clock = VirtualClock()
    outcome = wait("1126", CREDENTIALS, transport=Service(clock, json_body(rows("COMPLETE ERROR 264"))), clock=clock)
    assert isinstance(outcome, Failed)
    assert outcome.failure.code == 264


def poll_once(session, transport, record):
    poll(session, transport, record=record, clock=VirtualClock())


def watch_on(session, transport, record):
    watch(session, transport, record=record, clock=VirtualClock()).run()


@pytest.mark.parametrize("loop", [poll_once, watch_on])
def test_a_recording_that_is_killed_in_its_first_poll_can_be_replayed(tmp_path, loop):
    def killed(request):
        raise KeyboardInterrupt

    session = ImportSession("1126", CREDENTIALS, now=0.0)
    with TraceWriter(tmp_path / "trace.jsonl", CREDENTIALS) as record, pytest.raises(KeyboardInterrupt):
        loop(session, HandlerTransport(killed), record)
    *_, ended = replay(tmp_path / "trace.jsonl")
    assert (ended.import_id, ended.outcome.name) == ("1126", "lost-contact")
