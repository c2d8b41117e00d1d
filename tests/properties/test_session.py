"""A session under random steps of a caller, a service and a clock."""

import json
from base64 import b64encode
from copy import copy
from dataclasses import replace
from math import floor, inf

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from event_rows import growing_rows, json_body, row_lists, unlisted_rows
from spongewatch import (
    Anomaly,
    Credentials,
    Done,
    Emitted,
    Ended,
    ImportEvent,
    ImportMachine,
    ImportSession,
    LocalProtocolError,
    LostContact,
    Outcome,
    PollFailed,
    PollPolicy,
    RemoteProtocolError,
    Response,
    Send,
    State,
    TimedOut,
    Transition,
    TransportError,
    Wait,
    decode,
)

PASSWORD = 'p+/%: é"'
CREDENTIALS = Credentials("key", PASSWORD)
BASE_URL = "https://sponge.example:8443/api"
HIDDEN = ("p+/%", CREDENTIALS.basic()[6:], b64encode(PASSWORD.encode()).decode(), "sponge.example")
NOISE = 0.02
"""Milliseconds of rounding error."""

POLICIES = (
    PollPolicy(),
    PollPolicy(timeout=180),
    PollPolicy(interval=0.05, request_timeout=0.4, consent_timeout=40, gathering_timeout=30, lost_contact_timeout=20),
    PollPolicy(interval=7, request_timeout=60, lost_contact_timeout=61, not_found_grace=0),
    PollPolicy(interval=2.5, max_delay=0.001, consent_timeout=120, gathering_timeout=120, lost_contact_timeout=120),
    PollPolicy(consent_timeout=None, gathering_timeout=None, lost_contact_timeout=None),
)

steps_of_time = st.one_of(
    st.integers(1, 2000).map(lambda milliseconds: milliseconds / 1000),
    st.floats(0.0001, 5),
    st.sampled_from([0.05, 1.0, 2.5, 10.0]),
)


def envelope(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "code": 1}}).encode()


unusable_bodies = st.one_of(
    st.sampled_from(
        [
            b"",
            b"{",
            b"null",
            b"<html>Down</html>",
            b"<!DOCTYPE x [<!ENTITY y 'z'>]><x>&y;</x>",
            b"<eventsResponse><events><event/></events></eventsResponse>",
            b'{"events": [{"event_type": "COMPLETE", "status": 5}]}',
            envelope("not now\x1b[2J"),
            envelope(PASSWORD),
            json_body([ImportEvent("COMPLETE", "COMPLETED", 0)], import_id=1127),
        ]
    ),
    st.binary(max_size=20),
    st.just(5000).map(b"[".__mul__),
)
retry_afters = st.sampled_from(["0", "3", " 12 ", "-3", "soon", "", "4.5", "Mon, 02 Nov 2026 09:15:04 GMT"])
dates = st.sampled_from([{}, {"date": "Mon, 02 Nov 2026 09:15:00 GMT"}, {"date": "today"}])
busy_responses = st.builds(
    lambda status, retry_after, date, body: Response(status, {"retry-after": retry_after, **date}, body),
    st.sampled_from([403, 408, 425, 429, 500, 503]),
    retry_afters,
    dates,
    unusable_bodies,
)
unusable_responses = st.one_of(
    st.builds(lambda body: Response(200, {"content-type": "application/json"}, body), unusable_bodies),
    st.builds(lambda body: Response(200, {}, body), unusable_bodies),
    st.builds(Response, st.sampled_from([0, 100, 201, 204, 304, 408, 500, 502, 599, 999])),
    busy_responses,
)
ending_responses = st.one_of(
    st.builds(
        lambda status, body: Response(status, {"location": "https://x.example"}, body),
        st.sampled_from([301, 302, 400, 401, 403, 404, 410, 422]),
        unusable_bodies,
    ),
    st.builds(
        lambda asked: Response(429, {"retry-after": asked, "date": "Mon, 02 Nov 2026 09:15:00 GMT"}),
        st.sampled_from(["100", "999999999", "9" * 30, "Mon, 02 Nov 2099 09:15:00 GMT"]),
    ),
    st.builds(lambda rows: Response(200, {}, json_body(rows)), row_lists),
)
failures = st.builds(
    TransportError, st.sampled_from(["refused", "reset", "timeout", "dns", "stale"]), st.sampled_from(["", PASSWORD])
)
permanent_failures = st.builds(TransportError, st.just("tls"), st.just("not trusted"), st.just(True))


def good_rows(response: Response) -> tuple[ImportEvent, ...] | None:
    """Return the rows of a valid response, else None."""
    try:
        page = decode(response.body, response.headers.get("content-type"))
    except RemoteProtocolError:
        return None
    return page.events if response.status == 200 and page.import_id in (None, "1126") else None


def ran_out(outcome: Outcome) -> bool:
    return isinstance(outcome, TimedOut) or (isinstance(outcome, LostContact) and outcome.detail.startswith("no valid"))


def twin(session: ImportSession) -> ImportSession:
    """Return a copy of `session` for trying out inputs; they share the machine."""
    same = object.__new__(ImportSession)
    for name in (slot for kind in ImportSession.__mro__ for slot in getattr(kind, "__slots__", ())):
        value = getattr(session, name)
        setattr(same, name, copy(value) if name in ("_budgets", "_schedule") else value)
    return same


class SessionRules(RuleBasedStateMachine):
    """Drives a session, and a twin that gets the same inputs and is never interrupted."""

    @initialize(
        policy=st.sampled_from(POLICIES),
        start=st.sampled_from([0.0, -7.25, 1_790_000_000.123]),
        snapshots=growing_rows(),
        quiet_steps=st.sampled_from([0, 15, 30, 45, 60]),
        cut_always=st.booleans(),
    )
    def begin(self, policy, start, snapshots, quiet_steps, cut_always):
        self.policy = policy
        self.clock = start
        self.seen = start  # time of the latest input
        self.elapsed = 0  # milliseconds from the start to the last input
        self.snapshots = [json_body(rows, user_id=PASSWORD if n else "me") for n, rows in enumerate(snapshots)]
        self.reached = 0
        self.quiet_steps = quiet_steps  # steps before the watch may be ended on purpose
        self.cut_always = cut_always
        self.machine = ImportMachine("1126")
        self.phase_began = self.contact = 0.0  # seconds from the start
        self.emitted: list[Emitted] = []
        self.failed_polls = 0
        self.open_until: float | None = None
        self.last_end: float | None = None  # of a poll
        self.session, self.twin = (
            ImportSession("1126", CREDENTIALS, now=start, base_url=BASE_URL, echo="mine", policy=policy)
            for _ in range(2)
        )

    # Steps.

    @rule(by=steps_of_time)
    def time_passes(self, by):
        self.clock += by

    @precondition(lambda self: self.quiet_steps < 0)
    @rule(by=st.sampled_from([15.0, 70.0, 125.0, 650.0, 1000.0]))
    def much_time_passes(self, by):
        self.clock += by

    @rule(by=st.sampled_from([0.0004, 0.3, 5.0, 3600.0]))
    def the_clock_steps_back(self, by):
        self.clock -= by

    @rule()
    def the_clock_is_right_again(self):
        self.clock = max(self.clock, self.seen)

    @rule()
    def a_poll_leaves(self):
        action = self.session.next_action(now=self.clock)
        if isinstance(action, Send):
            self.send(action)
            return
        before = self.session.save()
        try:
            self.session.sent(now=self.clock)
        except LocalProtocolError:
            assert self.session.save() == before
        else:
            raise AssertionError("what was not due was sent")

    @rule(
        advance=st.sampled_from([0, 0, 0, 1]),
        back=st.sampled_from([0, 0, 0, 0, 1, 2]),
        more=st.lists(unlisted_rows, min_size=1, max_size=2),
        extended=st.sampled_from([False, False, True]),
    )
    def a_good_response_arrives(self, advance, back, more, extended):
        self.respond_with(self.good_response(advance, back, more if extended else []))

    @rule(response=unusable_responses)
    def an_unusable_response_arrives(self, response):
        self.respond_with(response)

    @rule(error=failures)
    def a_poll_fails(self, error):
        self.fail_with(error)

    @rule()
    def the_caller_handles_a_timeout(self):
        if self.pass_to_both(lambda session: session.handle_timeout(now=self.clock)) and self.open_until is not None:
            assert self.open_until <= self.moment() + NOISE
            self.last_end, self.open_until = self.open_until, None

    @precondition(lambda self: self.quiet_steps < 0)
    @rule(response=ending_responses)
    def a_final_response_arrives(self, response):
        self.respond_with(response)

    @precondition(lambda self: self.quiet_steps < 0)
    @rule(error=permanent_failures)
    def a_poll_fails_permanently(self, error):
        self.fail_with(error)

    @precondition(lambda self: self.quiet_steps < 0)
    @rule()
    def the_caller_cancels(self):
        emitted = self.pass_to_both(lambda session: session.cancel(now=self.clock))
        assert self.session.outcome is not None
        assert all(isinstance(item, Ended) for item in emitted)

    @rule()
    def it_is_saved_and_resumed(self):
        self.resume()

    @rule(
        polls=st.lists(
            st.sampled_from(["good", "good", "news", "unusable", "silence", "late", "late unusable"]),
            min_size=1,
            max_size=8,
        ),
        took=st.sampled_from([0.0, 0.0301, 0.2, 3.0]),
        unusable=unusable_responses,
    )
    def a_loop_runs(self, polls, took, unusable):
        while polls:
            action = self.session.next_action(now=self.clock)
            if isinstance(action, Send):
                self.send(action)
                result = polls.pop()
                if result != "silence":
                    self.clock += took + (self.policy.request_timeout if "late" in result else 0)
                    self.respond_with(
                        unusable if "unusable" in result else self.good_response(int(result == "news"), 0, [])
                    )
            elif isinstance(action, Wait) and action.until <= self.clock:
                self.the_caller_handles_a_timeout()
                assert self.session.next_action(now=self.clock) != action
            elif isinstance(action, Wait) and action.until - self.clock < 2000:
                self.clock = action.until
            else:
                return

    # Their implementation.

    def moment(self) -> float:
        """Return the milliseconds since the start, on a clock that never steps back."""
        return max(self.elapsed, (self.clock - self.session.start) * 1000)

    def send(self, action: Send) -> None:
        moment = self.moment()
        if self.last_end is not None:
            assert moment - self.last_end >= self.policy.interval * 1000 - NOISE
        assert action.deadline > self.clock
        self.open_until = (action.deadline - self.session.start) * 1000
        self.pass_to_both(lambda session: session.sent(now=self.clock) or ())
        assert self.session.next_action(now=self.clock) == Wait(action.deadline)

    def good_response(self, advance: int, back: int, more: list[ImportEvent]) -> Response:
        last = len(self.snapshots) - (2 if self.quiet_steps >= 0 else 1)
        self.reached = max(min(self.reached + advance, last), 0)
        if more:
            return Response(200, {}, json_body(more))
        if self.reached > last:  # the only snapshot ends the import
            return Response(200, {}, json_body([]))
        return Response(200, {"content-type": "application/json"}, self.snapshots[max(self.reached - back, 0)])

    def respond_with(self, response: Response) -> None:
        """Pass in a response; its rows cause the same transitions as in a bare machine, even if it is late."""
        self.poll_ends()
        events = good_rows(response)
        if self.session.outcome is not None or events is None:
            self.pass_to_both(lambda session: session.receive(response, now=self.clock))
            return
        before = self.machine.state
        expected = list(self.machine.feed(events))
        self.failed_polls, self.contact = 0, self.moment() / 1000
        if self.machine.state is not before:
            self.phase_began = self.contact
        emitted = self.pass_to_both(lambda session: session.receive(response, now=self.clock))
        assert [replace(item, at=None) for item in emitted if isinstance(item, Transition | Anomaly)] == expected
        assert not any(isinstance(item, PollFailed) for item in emitted)

    def fail_with(self, error: TransportError) -> None:
        self.poll_ends()
        self.pass_to_both(lambda session: session.receive_failure(error, now=self.clock))

    def poll_ends(self) -> None:
        if self.open_until is not None:
            self.last_end, self.open_until = self.moment(), None

    def pass_to_both(self, call) -> tuple[Emitted, ...]:
        """Pass one input to both sessions, which have to emit the same."""
        ended = self.session.outcome is not None
        before = self.session.save() if ended else None
        emitted = call(self.session)
        assert emitted == call(self.twin)
        if ended:
            assert emitted == ()
            assert self.session.save() == before
        else:
            self.elapsed, self.seen = floor(self.moment()), max(self.seen, self.clock)
        for item in emitted:
            if isinstance(item, PollFailed):
                self.failed_polls += 1
                assert item.attempt == self.failed_polls
                assert item.retry_at is None or item.retry_at - item.at > self.policy.interval - 1e-6
                assert item.retry_at is None or item is emitted[-1]
                assert item.at < self.first_end() + 0.002 or item.retry_at is not None
            elif isinstance(item, Ended) and ran_out(item.outcome):
                assert item.at > self.first_end() - 0.002
        self.emitted += emitted
        json.dumps([item.to_json() for item in emitted], allow_nan=False)
        if self.cut_always and self.open_until is None:
            self.resume()
        return emitted

    def first_end(self) -> float:
        """Return the time at which the first budget ends, in seconds from the start."""
        policy = self.policy
        initializing = self.machine.state is State.INITIALIZING
        phase = policy.consent_timeout if initializing else policy.gathering_timeout
        budgets = [(self.phase_began, phase), (self.contact, policy.lost_contact_timeout), (0.0, policy.timeout)]
        return min((began + budget for began, budget in budgets if budget is not None), default=inf)

    def resume(self) -> None:
        saved = self.session.save()
        before = self.session
        self.session = ImportSession.resume(saved, CREDENTIALS, now=self.clock, base_url=BASE_URL)
        now, then = json.loads(self.session.save()), json.loads(saved)
        differ = {name for name in now if now[name] != then[name]}
        assert self.session.outcome == before.outcome
        was_open = then["poll_is_open"]
        if was_open:
            assert differ <= {"poll_is_open", "poll_deadline", "owed", "next_poll", "delay", "now", "start"}
            assert self.open_until is not None
        else:
            assert differ <= {"start"}
        if "start" in differ:  # the clock is behind; the watch goes on
            assert self.clock < self.seen
            assert self.session.start < before.start
            self.seen = self.clock
        action = self.session.next_action(now=self.clock)
        if isinstance(action, Wait):
            longest = max(then["delay"] / 1000, self.policy.interval) + was_open * self.policy.request_timeout
            assert action.until - self.clock < longest + 0.002
        if was_open or "start" in differ:
            self.twin = ImportSession.resume(saved, CREDENTIALS, now=self.clock, base_url=BASE_URL)
        if was_open:
            self.poll_ends()
            self.elapsed, self.seen = floor(self.moment()), max(self.seen, self.clock)

    # Invariants.

    @invariant()
    def next_action_changes_nothing_and_every_wait_moves_forward(self):
        self.quiet_steps -= 1
        before = self.session.save()
        action = self.session.next_action(now=self.clock)
        assert self.session.next_action(now=self.clock) == action
        assert self.session.save() == before
        assert not any(hidden in before for hidden in HIDDEN)
        assert "NaN" not in before
        assert "Infinity" not in before
        assert isinstance(action, Done) is (self.session.outcome is not None)
        if isinstance(action, Wait) and action.until > self.clock:
            assert self.session.next_action(now=action.until - 0.0005) == action
            assert self.session.next_action(now=action.until) != action or self.moves_on(action.until)
        elif isinstance(action, Wait):
            assert self.moves_on(self.clock)

    def moves_on(self, now: float) -> bool:
        """Return whether a timeout at `now` changes the next action."""
        driven = twin(self.session)
        before = driven.next_action(now=now)
        driven.handle_timeout(now=now)
        return driven.next_action(now=now) != before

    def teardown(self):
        if not hasattr(self, "emitted"):
            return
        self.emitted_items_are_in_order()
        if self.session.outcome is None and self.policy.lost_contact_timeout is not None:
            self.waiting_alone_leads_to_an_outcome()

    def emitted_items_are_in_order(self):
        times = [item.at for item in self.emitted]
        assert times == sorted(times)
        assert [item for item in self.emitted if isinstance(item, Ended)] == self.emitted[-1:] * (
            self.session.outcome is not None
        )
        state = State.INITIALIZING
        for item in self.emitted:
            if isinstance(item, Transition):
                assert item.source is state
                state = item.dest
        assert state is self.session.state
        emitted = json.dumps([item.to_json() for item in self.emitted], ensure_ascii=False)
        assert not any(hidden in emitted for hidden in HIDDEN)

    def waiting_alone_leads_to_an_outcome(self):
        budget = self.policy.lost_contact_timeout
        overdue = 3 * (self.policy.request_timeout + self.policy.interval)
        latest = self.moment() / 1000 + budget + overdue
        self.clock = max(self.clock, self.seen)
        emitted: tuple[Emitted, ...] = ()
        for _ in range(1000):
            action = self.session.next_action(now=self.clock)
            if isinstance(action, Send):
                self.session.sent(now=self.clock)
            elif isinstance(action, Wait):
                self.clock = max(self.clock, action.until)
                emitted = self.session.handle_timeout(now=self.clock)
            else:
                break
        assert isinstance(emitted[-1], Ended)
        assert emitted[-1].at <= latest + 0.002


TestSession = SessionRules.TestCase
TestSession.settings = settings(max_examples=max(500, settings.default.max_examples), stateful_step_count=50)
