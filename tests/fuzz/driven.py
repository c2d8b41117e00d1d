"""Drive a session by choices, and check after each step what always holds."""

import json
from collections.abc import Callable
from math import inf, nan
from typing import Any

from event_rows import json_body, rows
from spongewatch import (
    Done,
    Emitted,
    Ended,
    ImportSession,
    LocalProtocolError,
    PollPolicy,
    Response,
    Send,
    TransportError,
    Wait,
)

from .choices import Choices
from .oracles import (
    BASE_URL,
    CREDENTIALS,
    PASSWORD,
    REFUSALS,
    forms_a_path,
    hold_no_secret,
    is_printable_line,
    lines_of,
    texts_are_printable,
)

POLICIES = (
    PollPolicy(),
    PollPolicy(timeout=180),
    PollPolicy(interval=0.05, request_timeout=0.4, consent_timeout=40, gathering_timeout=30, lost_contact_timeout=20),
    PollPolicy(interval=7, request_timeout=60, lost_contact_timeout=61, not_found_grace=0),
    PollPolicy(interval=2.5, max_delay=0.001, consent_timeout=120, gathering_timeout=120, lost_contact_timeout=120),
    PollPolicy(consent_timeout=None, gathering_timeout=None, lost_contact_timeout=None),
    PollPolicy(interval=0.0011, request_timeout=1e9, consent_timeout=0.0015, gathering_timeout=1e9, timeout=1e9),
)
SNAPSHOTS = (
    rows("INITIALIZING INPROGRESS 0"),
    rows("INITIALIZING COMPLETED 0"),
    rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5"),
    rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 7", "SUBMITTING PENDING 1"),
    rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 9"),
    [],
    rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 9", "COMPLETE COMPLETED 0"),
    rows("GATHERING ERROR 264", "COMPLETE COMPLETED"),
    rows("INITIALIZING ERROR 514"),
)
_BODIES = (
    b"",
    b"{",
    b"<html>Down</html>",
    json.dumps({"error": {"message": f"no {PASSWORD}\x1b[2J", "code": 1}}).encode(),
    json.dumps(
        {"events": [{"event_type": PASSWORD, "status": "ERROR", "value": PASSWORD}]}, ensure_ascii=False
    ).encode(),
    json.dumps({"events": [{"event_type": "A", "status": "PENDING", "value": 196 * "x" + PASSWORD}]}).encode(),
    json_body(SNAPSHOTS[6], import_id=1127),
    json_body(SNAPSHOTS[2], import_id=1126, user_id=PASSWORD, echo=CREDENTIALS.basic()),
    b"<eventsResponse><events><event><event-type>GATHERING</event-type><status>INPROGRESS</status>"
    b"<value>6</value></event></events></eventsResponse>",
    b"[" * 3000,
)
_STATUSES = (200, 200, 503, 404, 429, 204, 403, 408, 500, 100, 301, 401, 410, 422, 999)
_ASKED = (None, "3", "0", "-3", "soon", "100", "999999999", "Mon, 02 Nov 2026 09:15:04 GMT")
_FAILURES = (
    ("timeout", PASSWORD, False),
    ("reset", "", False),
    ("tls", "not trusted", True),
    ("exhausted", "", True),
    ("stale", "", False),
)
MOST_STEPS = 25
"""Steps for one input."""

FARTHEST = 9.9e9
"""Seconds; later times are refused."""

STEPS_OF_TIME = (
    1.0, 0.0, 0.001, 0.05, 0.3, 0.0004, 2.5, 10.0, 1.0000001, 125.0, 1000.0, 1e6, -0.0004, -0.3, -5.0, -3600.0,
)  # fmt: skip
_NO_TIMES = (nan, inf, -inf, 1e11, 1e300, 10**400, None, "soon", [], 1j)


def response(choices: Choices) -> Response:
    """Return a good response by default, else any response."""
    kind = choices.number()
    if kind < 128:
        return Response(200, {}, json_body(SNAPSHOTS[kind % len(SNAPSHOTS)], import_id=1126))
    headers = {"date": "Mon, 02 Nov 2026 09:15:00 GMT"}
    if asked := choices.pick(_ASKED):
        headers["retry-after"] = asked
    body = choices.pick((*_BODIES, None))
    return Response(choices.pick(_STATUSES), headers, choices.bytes(choices.number()) if body is None else body)


def failure(choices: Choices) -> TransportError:
    return TransportError(*choices.pick(_FAILURES))


class Driven:
    """A session, with an independent account of when polls ended and what was emitted."""

    def __init__(self, session: ImportSession, clock: float) -> None:
        self.session = session
        self.clock = clock
        self.emitted: list[Emitted] = []
        self._state = session.state
        self._at = -1.0  # of the last item
        self._interval = round(session.policy.interval * 1000)
        self._closed: int | None = None  # when the last poll ended, in milliseconds from the start
        self._deadline: float | None = None  # of the open poll
        self.holds()

    def step(self, choices: Choices) -> None:
        """Do one thing that a caller, a service or a clock can do."""
        match choices.number() % 10:
            case 0 | 1 | 2:
                self.follow(choices)
            case 3:
                self.clock += choices.pick(STEPS_OF_TIME)
            case 4:
                self.clock += choices.number(4) / 1e6
            case 5:
                self._pass_in(choices)
            case 6:
                self.resume()
            case 7:
                self._refuses(choices.pick(_NO_TIMES), choices)
            case 8:
                self._sent()
            case _:
                if choices.number() < 8:
                    self._poll_ended(self.session.cancel(now=self.clock))
        self.holds()

    def follow(self, choices: Choices) -> None:
        """Follow the next action; a response may arrive or not."""
        action = self.session.next_action(now=self.clock)
        if isinstance(action, Send):
            self._sent()
            self.clock += choices.pick((0.2, 0.0, 0.0314, 3.0, 11.0))
            self._pass_in(choices)
        elif isinstance(action, Wait) and action.until < FARTHEST:
            self.clock = max(self.clock, action.until)
            self._times_out()

    def wait_only(self, steps: int) -> None:
        """Send and wait only, without passing in a response."""
        for _ in range(steps):
            action = self.session.next_action(now=self.clock)
            if isinstance(action, Send):
                self._sent()
            elif isinstance(action, Wait) and action.until < FARTHEST:
                self.clock = max(self.clock, action.until)
                self._times_out()
        self.holds()

    def resume(self) -> None:
        """Save and resume the session, which changes nothing except that an open poll ends."""
        saved = self.session.save()
        resumed = ImportSession.resume(saved, CREDENTIALS, now=self.clock, base_url=BASE_URL)
        again = ImportSession.resume(resumed.save(), CREDENTIALS, now=self.clock, base_url=BASE_URL)
        assert again.save() == resumed.save()
        assert resumed.outcome == self.session.outcome
        assert resumed.machine.save() == self.session.machine.save()
        assert resumed.next_action(now=self.clock) == again.next_action(now=self.clock)
        self.session = resumed
        if self._deadline is not None:
            self._closed, self._deadline = self._elapsed(), None

    def holds(self) -> None:
        session, clock = self.session, self.clock
        saved = session.save()
        action = session.next_action(now=clock)
        assert session.next_action(now=clock) == action
        assert session.save() == saved
        assert isinstance(action, Done) is (session.outcome is not None)
        assert "NaN" not in saved
        assert "Infinity" not in saved
        if isinstance(action, Send):
            assert action.deadline > clock - 1e-5
        hold_no_secret(saved, repr(session), repr(action))
        assert self._state is session.state
        assert any(isinstance(item, Ended) for item in self.emitted[-1:]) <= (session.outcome is not None)

    def _sent(self) -> None:
        due = isinstance(self.session.next_action(now=self.clock), Send)
        before = None if due else self.session.save()
        try:
            self.session.sent(now=self.clock)
        except LocalProtocolError:
            assert self.session.save() == before
            return
        assert due
        if self._closed is not None:
            assert self._elapsed() - self._closed >= self._interval, "under the floor"
        action = self.session.next_action(now=self.clock)
        assert isinstance(action, Wait)
        self._deadline = action.until - self.session.start

    def _pass_in(self, choices: Choices) -> None:
        match choices.number() % 8:
            case 0:
                self._poll_ended(self.session.receive_failure(failure(choices), now=self.clock))
            case 1:
                self._times_out()
            case _:
                self._poll_ended(self.session.receive(response(choices), now=self.clock))

    def _poll_ended(self, emitted: tuple[Emitted, ...]) -> None:
        """Record that the poll ended."""
        self._closed, self._deadline = self._elapsed(), None
        self._record(emitted)

    def _times_out(self) -> None:
        budgets, action = list(self.session.budgets.values()), self.session.next_action(now=self.clock)
        self._record(self.session.handle_timeout(now=self.clock))
        if isinstance(action, Wait) and action.until <= self.clock:
            assert self.session.next_action(now=self.clock) != action, "asked to wait for a time that has passed"
        if self._deadline is not None and round(self._deadline * 1000) <= self._elapsed():
            self._closed, self._deadline = round(self._deadline * 1000), None
        if self.session.outcome is None and any(self.clock > end + 0.002 for end in budgets):
            action = self.session.next_action(now=self.clock)
            assert isinstance(action, Send) or action.until > self.clock, "a budget ran out, and no poll is overdue"

    def _record(self, emitted: tuple[Emitted, ...]) -> None:
        assert not self.emitted or not isinstance(self.emitted[-1], Ended) or not emitted, "items after the end"
        self._state = forms_a_path(emitted, self._state)
        hold_no_secret(repr(emitted), *lines_of(emitted))
        for item in emitted:
            assert item.at is not None
            assert item.at >= self._at, "items out of order"
            self._at = item.at
            texts_are_printable(item)
        self.emitted += emitted

    def _refuses(self, now: Any, choices: Choices) -> None:
        if self.session.outcome is not None:
            return
        before, session = self.session.save(), self.session
        asks: tuple[Callable[[], object], ...] = (
            lambda: session.next_action(now=now),
            lambda: session.sent(now=now),
            lambda: session.handle_timeout(now=now),
            lambda: session.cancel(now=now),
            lambda: session.receive(Response(200), now=now),
            lambda: session.receive_failure(TransportError("reset"), now=now),
            lambda: ImportSession.resume(before, CREDENTIALS, now=now, base_url=BASE_URL),
        )
        try:
            choices.pick(asks)()
        except REFUSALS as error:
            is_printable_line(error)
            assert session.save() == before
        else:
            raise AssertionError(f"{now!r} was accepted as a time")

    def _elapsed(self) -> int:
        return round(self.session.elapsed * 1000)
