"""`ImportSession`: the polling protocol of one import, with time as an argument.

It says what to do next and takes what came of it; it does nothing itself. Inside, time is whole
milliseconds since the start of the watch: rounded down where a request may leave, up where an answer has
come, so that the service's limit holds to the last one. What rows mean is the machine's business, what a
status means stands in `statuses`, and when to try again in `retry`.
"""

import json
from math import ceil, floor, inf
from typing import Final, NoReturn, final

from .actions import Action, Done, Send, Wait
from .answer import read_answer
from .credentials import Credentials
from .emitted import Emitted, Ended, PollFailed
from .endpoint import (
    FORMATS,
    PUBLIC_SERVICE,
    Auth,
    Format,
    events_request,
    import_id_text,
    is_import_id,
    is_public_service,
)
from .errors import LocalProtocolError, RemoteProtocolError, TransportError
from .exchange import Response
from .failures import ImportFailure
from .machine import ImportMachine
from .outcomes import Cancelled, LostContact, Outcome, Rejected, TimedOut
from .policy import TICK, PollPolicy, milliseconds
from .redaction import Redaction
from .retry import backoff
from .saved import SavedObject
from .saved_outcome import outcome_to_json, saved_outcome
from .statuses import Unusable, meaning
from .table import State
from .text import printable, shown

_SERVICE_INTERVAL: Final = 1.0
_DEFAULT_POLICY: Final = PollPolicy()
_NO_SECRETS: Final = Redaction(())
_FARTHEST: Final = 1e10
"""Seconds; no clock shows that many, and with more of them a float can't count milliseconds."""
SAVED_VERSION: Final = 1


@final
class ImportSession:
    """Polls one import until the watch of it ends.

    `now` is seconds on a clock of the caller's, the same for all calls; UNIX time where the session may be
    resumed elsewhere. A clock that steps back is taken to stand still. Without `credentials` none are sent.
    A `machine` of an earlier session goes on without telling anything twice.

    `import_id` is a str, or an int as the service sends it, and is kept as a str.

    The request is for `{base_url}/events/{import_id}.{format}`; `auth` says how the credentials go into it, and
    `echo` is a text that the service hands back. Plain http is for this machine alone, unless `insecure_http`
    says otherwise. `policy` says how often to poll, and for how long.

    Raises `LocalProtocolError` for what can't be polled with, for a time that is no finite number, and for
    an interval under 1 s at the public service. Any exception out of a method other than those that it
    names is a bug. A session belongs to one thread at a time; two sessions share nothing.

    >>> session = ImportSession("1126", Credentials("key", "password"), now=0.0)
    >>> session.next_action(now=0.0)
    Send(request=Request(method='GET'), deadline=10.0)
    >>> session.sent(now=0.0)
    >>> body = b'{"events": [{"event_type": "INITIALIZING", "status": "INPROGRESS", "value": 0}]}'
    >>> [step.trigger for step in session.receive(Response(200, {}, body), now=0.2)]
    ['start']
    >>> session.next_action(now=0.2)
    Wait(until=1.2)
    """

    __slots__ = (
        "_deadline",
        "_delay",
        "_echo",
        "_end",
        "_failed_polls",
        "_format",
        "_interval",
        "_last_body",
        "_last_failure",
        "_lost_at",
        "_lost_contact",
        "_machine",
        "_next_poll",
        "_now",
        "_outcome",
        "_phase_end",
        "_policy",
        "_redaction",
        "_request",
        "_request_timeout",
        "_sent_echo",
        "_start",
        "_told_at",
        "_total_end",
        "_user_id",
    )

    def __init__(
        self,
        import_id: str | int,
        credentials: Credentials | None,
        *,
        now: float,
        base_url: str = PUBLIC_SERVICE,
        format: Format = "json",
        auth: Auth = "basic",
        echo: str | None = None,
        policy: PollPolicy = _DEFAULT_POLICY,
        machine: ImportMachine | None = None,
        insecure_http: bool = False,
    ) -> None:
        for name, value, kind in (("credentials", credentials, Credentials), ("machine", machine, ImportMachine)):
            if value is not None and not isinstance(value, kind):
                raise LocalProtocolError(f"{name} is of type {kind.__name__}, or None, not {type(value).__name__}")
        if not isinstance(policy, PollPolicy):
            raise LocalProtocolError(f"policy is of type PollPolicy, not {type(policy).__name__}")
        import_id = import_id_text(import_id)
        self._request = events_request(
            import_id,
            credentials,
            base_url=base_url,
            format=format,
            auth=auth,
            echo=echo,
            insecure_http=insecure_http,
        )
        if policy.interval < _SERVICE_INTERVAL and is_public_service(base_url):
            raise LocalProtocolError(
                f"an interval of {policy.interval:g} s is under the service's own limit of {_SERVICE_INTERVAL:g} s"
            )
        if machine is not None and machine.import_id != import_id:
            raise LocalProtocolError(f"the machine is that of import {shown(machine.import_id)}, not of {import_id}")
        self._machine = ImportMachine(import_id) if machine is None else machine
        self._redaction = credentials.redaction if credentials else _NO_SECRETS
        self._policy = policy
        self._format: Format = format
        self._sent_echo = echo
        self._start = _checked(now)
        self._now = 0  # the time of the last input; all times are in milliseconds since the start
        self._next_poll = 0
        self._delay = 0  # how long the wait for the next poll is as a whole
        self._deadline: float | None = None  # of the open poll, if one is open
        self._failed_polls = 0  # in a row
        self._last_failure = ""
        self._told_at = 0
        self._phase_end = self._end_of_phase(0)
        self._interval = milliseconds(policy.interval)
        self._request_timeout = milliseconds(policy.request_timeout)
        self._lost_contact = _budget(policy.lost_contact_timeout)
        self._lost_at = self._lost_contact
        self._total_end = _budget(policy.timeout)
        self._end = min(self._phase_end, self._lost_at, self._total_end)  # the budget that runs out first
        self._outcome: Outcome | None = None
        self._last_body: bytes | None = None
        self._user_id: str | None = None
        self._echo: str | None = None

    @property
    def import_id(self) -> str:
        """The id of the import that is watched."""
        return self._machine.import_id or ""

    @property
    def machine(self) -> ImportMachine:
        """The machine that follows the import."""
        return self._machine

    @property
    def policy(self) -> PollPolicy:
        """The settings of this session."""
        return self._policy

    @property
    def format(self) -> Format:
        """The format that is asked for."""
        return self._format

    @property
    def state(self) -> State:
        """What the service says of the import."""
        return self._machine.state

    @property
    def contact_count(self) -> int | None:
        """The largest number of contacts that an answer told, or None."""
        return self._machine.contact_count

    @property
    def failure(self) -> ImportFailure | None:
        """The service's own verdict on an import that failed, or None."""
        return self._machine.failure

    @property
    def outcome(self) -> Outcome | None:
        """How the watch ended; None while it goes on."""
        return self._outcome

    @property
    def user_id(self) -> str | None:
        """What the customer called the person, as the last answer with news gave it."""
        return self._user_id

    @property
    def echo(self) -> str | None:
        """What the customer asked to have handed back, as the last answer with news gave it."""
        return self._echo

    @property
    def start(self) -> float:
        """When the watch began, in seconds on the caller's clock."""
        return self._start

    @property
    def failed_polls(self) -> int:
        """How many polls have failed since the last good answer, or the start."""
        return self._failed_polls

    @property
    def budgets(self) -> dict[str, float]:
        """When each budget of the policy runs out, by its name, in seconds on the caller's clock.

        The one of the phase stands first; those of other phases, and those that never run out, are left out.

        >>> ImportSession("1126", Credentials("key", "password"), now=100.0).budgets
        {'consent_timeout': 1000.0, 'lost_contact_timeout': 220.0}
        """
        phase = "consent_timeout" if self.state is State.INITIALIZING else "gathering_timeout"
        ends = {phase: self._phase_end, "timeout": self._total_end, "lost_contact_timeout": self._lost_at}
        return {name: self._start + end / 1000 for name, end in ends.items() if end != inf}

    @property
    def elapsed(self) -> float:
        """The time of the last input, in seconds from the start of the watch, in whole milliseconds."""
        return self._now / 1000

    def __repr__(self) -> str:
        how = self._outcome.name if self._outcome else f"{self.elapsed:.1f} s"
        return f"<ImportSession import_id={self.import_id!r} state={self.state.name} {how}>"

    def __reduce__(self) -> NoReturn:
        raise LocalProtocolError("no session is pickled or copied: keep what save() gives, and resume that")

    def next_action(self, *, now: float) -> Action:
        """What to do at `now`. A query: it changes nothing, and may be asked any number of times.

        Raises `LocalProtocolError` for a time that is no finite number, as every method with a `now` does.
        """
        if self._outcome is not None:
            return Done(self._outcome)
        moment = self._not_after(now)
        over = self._end if self._deadline is None else self._deadline
        if moment >= over:
            return Wait(min(self._start + over / 1000, now))  # never after `now` for the noise of a float
        if self._deadline is not None:
            return Wait(self._start + self._deadline / 1000)
        if moment < self._next_poll:
            return Wait(self._start + min(self._next_poll, self._end) / 1000)
        return Send(self._request, self._start + min(moment + self._request_timeout, self._end) / 1000)

    def sent(self, *, now: float) -> None:
        """The request leaves now: the moment to save the session.

        Raises `LocalProtocolError`, with nothing changed, when no poll is due.
        """
        moment = self._not_after(now)
        if self._outcome is not None or self._deadline is not None or not self._next_poll <= moment < self._end:
            raise LocalProtocolError(f"no poll of import {self.import_id} is due: next_action says what is")
        self._now = moment
        self._delay = self._interval  # at the least, from the end of this poll
        self._deadline = min(moment + self._request_timeout, self._end)

    def receive(self, response: Response, *, now: float) -> tuple[Emitted, ...]:
        """An answer has come, even if late or unasked; gives what is new in it, `()` after the end."""
        if self._outcome is not None:
            return ()
        if not isinstance(response, Response):
            raise LocalProtocolError(f"what is received is a Response, not {type(response).__name__}")
        moment = self._now = self._not_before(now)
        self._deadline = None
        if response.status != 200:
            early = moment < milliseconds(self._policy.not_found_grace)
            told = self._refused(meaning(response, self._redaction.text, not_found_is_early=early), moment)
        elif response.body == self._last_body:
            told = self._understood(moment)
        else:
            told = self._read(response, moment)
        return told + self._expired(moment)

    def receive_failure(self, error: TransportError, *, now: float) -> tuple[Emitted, ...]:
        """The transport brought no answer; gives what is to be told of it, `()` after the end."""
        if self._outcome is not None:
            return ()
        if not isinstance(error, TransportError):
            raise LocalProtocolError(f"a failure is a TransportError, not {type(error).__name__}")
        moment = self._now = self._not_before(now)
        self._deadline = None
        reason = self._redaction.text(str(error))
        if error.permanent and moment < self._end:
            return (self._ended(LostContact(reason), moment),)
        return self._failed(Unusable(reason), moment)

    def handle_timeout(self, *, now: float) -> tuple[Emitted, ...]:
        """A wait is over; gives what is to be told of it. Extra and early calls do nothing."""
        if self._outcome is not None:
            return ()
        moment = self._now = self._not_after(now)
        told: tuple[Emitted, ...] = ()
        if self._deadline is not None and self._deadline <= moment:
            deadline, self._deadline = self._deadline, None
            why = Unusable(f"timeout: no answer within {self._policy.request_timeout:g} s")
            told = self._failed(why, int(deadline))
        return told + self._expired(moment)

    def cancel(self, *, now: float) -> tuple[Emitted, ...]:
        """Whoever watches stops watching; gives the end of the watch, `()` after it."""
        if self._outcome is not None:
            return ()
        self._now = self._not_before(now)
        return (self._ended(Cancelled(), self._now),)

    def save(self) -> str:
        """The session as JSON, for `resume`; it holds no secret and no base url.

        >>> session = ImportSession("1126", Credentials("key", "password"), now=0.0)
        >>> ImportSession.resume(session.save(), Credentials("key", "password"), now=5.0)
        <ImportSession import_id='1126' state=INITIALIZING 0.0 s>
        """
        return json.dumps(
            {
                "spongewatch-session": SAVED_VERSION,
                "import_id": self.import_id,
                "format": self._format,
                "sent_echo": self._sent_echo,
                "policy": self._policy.to_json(),
                "start": self._start,
                "now": self._now,
                "next_poll": self._next_poll,
                "delay": self._delay,
                "poll_is_open": self._deadline is not None,
                "failed_polls": self._failed_polls,
                "last_failure": self._last_failure,
                "told_at": self._told_at,
                "phase_end": None if self._phase_end == inf else self._phase_end,
                "lost_at": None if self._lost_at == inf else self._lost_at,
                "outcome": self._outcome and outcome_to_json(self._outcome),
                "user_id": self._user_id and self._redaction.text(self._user_id),
                "echo": self._echo and self._redaction.text(self._echo),
                "machine": json.loads(self._machine.save()),
            }
        )

    @classmethod
    def resume(
        cls,
        saved: str,
        credentials: Credentials | None,
        *,
        now: float,
        base_url: str = PUBLIC_SERVICE,
        auth: Auth = "basic",
        insecure_http: bool = False,
    ) -> "ImportSession":
        """The session that `save` wrote, at `now` on the same clock, perhaps on another machine.

        The policy and the format are those that were saved; to go on with others, begin a session with `machine`. A
        poll that was open counts as ended now. Budgets run on as they did; where the clock is behind the
        saved time, the watch goes on from that time. Raises `LocalProtocolError`, which names the member,
        for what `save` can't have written, and `InvalidType` if `saved` is not a str.
        """
        members = SavedObject.parse("session", SAVED_VERSION, saved)
        machine = ImportMachine.resume(json.dumps(members.take("machine")))
        session = cls(
            _saved_import_id(members),
            credentials,
            now=_saved_start(members),
            base_url=base_url,
            format=members.word("format", FORMATS),
            auth=auth,
            echo=_saved_echo(members),
            policy=PollPolicy.from_json(members.mapping("policy")),
            machine=machine,
            insecure_http=insecure_http,
        )
        session._restore(members, _checked(now))
        return session

    def _restore(self, members: SavedObject, now: float) -> None:
        self._now = members.whole("now")
        behind = self._now - ceil((now - self._start) * 1000 - TICK)
        if behind > 0:  # in whole milliseconds, or what is told after a resume would be stamped otherwise
            self._start -= behind / 1000
        if self._start < -_FARTHEST:
            raise members.refusal("now", "a time that a clock shows")
        self._delay = members.whole("delay")
        moment = self._not_before(now)
        self._next_poll = min(members.whole("next_poll"), moment + self._delay)
        if members.flag("poll_is_open"):
            self._now = moment  # or a clock that steps back before the next input would shorten the wait
            self._wait(moment, self._interval)
        self._failed_polls = members.whole("failed_polls")
        self._last_failure = printable(members.text("last_failure") or "")
        self._told_at = members.whole("told_at")
        self._phase_end = _or_never(members.count("phase_end"))
        self._lost_at = _or_never(members.count("lost_at"))
        self._end = min(self._phase_end, self._lost_at, self._total_end)
        self._outcome = saved_outcome(members, self._machine.outcome)
        if self._outcome is None:  # else there is no budget left, and the machine may have gone on elsewhere
            _check_end(members, "phase_end", self._end_of_phase(moment), "the time-out of the phase")
            _check_end(members, "lost_at", moment + self._lost_contact, "lost_contact_timeout")
        self._user_id, self._echo = members.text("user_id"), members.text("echo")

    def _read(self, response: Response, moment: int) -> tuple[Emitted, ...]:
        try:
            page = read_answer(response, self.import_id, self._redaction)
        except RemoteProtocolError as error:
            return self._failed(Unusable(str(error)), moment)
        self._last_body = response.body
        self._user_id, self._echo = page.user_id, page.echo
        before = self._machine.state
        news = self._machine.feed(page.events, at=moment / 1000)
        if news:
            self._told_at = moment
        if self._machine.state is not before:
            self._phase_end = self._end_of_phase(moment)
        self._understood(moment)
        verdict = self._machine.outcome
        return news if verdict is None else (*news, self._ended(verdict, moment))

    def _understood(self, moment: int) -> tuple[()]:
        self._failed_polls = 0
        self._wait(moment, self._interval)
        self._lost_at = moment + self._lost_contact
        self._end = min(self._phase_end, self._lost_at, self._total_end)
        return ()

    def _refused(self, why: Unusable | Rejected, moment: int) -> tuple[Emitted, ...]:
        return (self._ended(why, moment),) if isinstance(why, Rejected) else self._failed(why, moment)

    def _failed(self, why: Unusable, moment: int) -> tuple[Emitted, ...]:
        end = self._end
        if moment >= end:
            return self._expired(moment)
        self._failed_polls += 1
        self._last_failure = why.reason
        delay = why.delay
        if delay is None:
            longest = milliseconds(self._policy.max_delay)
            delay = backoff(self.import_id, self._failed_polls, interval=self._interval, max_delay=longest)
        elif moment + delay >= end:
            detail = f"{why.reason}; the service asks to wait {delay // 1000} s, which is longer than the time left"
            return (self._ended(LostContact(detail), moment),)
        self._wait(moment, max(delay, self._interval))
        retry_at = self._next_poll / 1000 if max(self._next_poll, self._now) < end else None
        return (PollFailed(self.import_id, moment / 1000, self._failed_polls, why.reason, retry_at),)

    def _wait(self, moment: int, delay: int) -> None:
        self._next_poll, self._delay = moment + delay, delay

    def _expired(self, moment: int) -> tuple[Emitted, ...]:
        """The end of the watch where a budget has run out; of several, the one that did so first."""
        end = self._end
        if self._outcome is not None or moment < end:
            return ()
        outcome: Outcome
        if end == self._phase_end:
            outcome = TimedOut("consent" if self.state is State.INITIALIZING else "gathering")
        elif end == self._total_end:
            outcome = TimedOut("total")
        else:
            last = f"; last, {self._last_failure}" if self._failed_polls else ""
            if not self._delay:  # which the first poll sets
                last = "; no poll was made: is the time that of the clock on which the session began?"
            limit = f"{self._policy.lost_contact_timeout:g} s (lost_contact_timeout)"
            outcome = LostContact(f"no good answer for {limit}{last}")
        return (self._ended(outcome, max(int(end), self._told_at)),)

    def _ended(self, outcome: Outcome, moment: int) -> Ended:
        self._outcome = outcome
        self._deadline = None
        return Ended(self.import_id, moment / 1000, outcome, self.state, self.contact_count, self._machine.seen)

    def _end_of_phase(self, moment: int) -> float:
        initializing = self.state is State.INITIALIZING
        timeout = self._policy.consent_timeout if initializing else self._policy.gathering_timeout
        return moment + _budget(timeout)

    def _not_after(self, now: float) -> int:
        try:
            moment = floor((now - self._start) * 1000 + TICK)
        except (TypeError, ValueError, OverflowError):
            raise _no_time(now) from None
        if now > _FARTHEST:
            raise _no_time(now)
        if moment < self._now:
            return self._now
        return moment

    def _not_before(self, now: float) -> int:
        try:
            moment = ceil((now - self._start) * 1000 - TICK)
        except (TypeError, ValueError, OverflowError):
            raise _no_time(now) from None
        if now > _FARTHEST:
            raise _no_time(now)
        if moment < self._now:
            return self._now
        return moment


def _checked(now: float) -> float:
    if isinstance(now, int | float) and abs(now) <= _FARTHEST:
        return float(now)
    raise _no_time(now)


def _no_time(now: object) -> LocalProtocolError:
    return LocalProtocolError(f"now is a finite number of seconds, not {shown(now)}")


def _saved_import_id(members: SavedObject) -> str:
    import_id = members.text("import_id")
    if is_import_id(import_id):
        return import_id
    raise members.refusal("import_id", "an import id")


def _saved_start(members: SavedObject) -> float:
    start = members.number("start")
    if abs(start) <= _FARTHEST:
        return start
    raise members.refusal("start", "a time that a clock shows")


def _saved_echo(members: SavedObject) -> str | None:
    echo = members.text("sent_echo")
    if echo is None or (echo and echo.encode(errors="ignore").decode() == echo):
        return echo
    raise members.refusal("sent_echo", "null, or a text of one character or more that UTF-8 can write")


def _check_end(members: SavedObject, member: str, latest: float, budget: str) -> None:
    """Refuse an end of the `budget` that a resume would lift or stretch."""
    end = members.count(member)
    if (end is None) is not (latest == inf):
        raise members.refusal(member, f"null where {budget} is, and nowhere else")
    if _or_never(end) > latest:
        raise members.refusal(member, f"no later than {budget} allows")


def _or_never(moment: int | None) -> float:
    return inf if moment is None else moment


def _budget(seconds: float | None) -> float:
    """Milliseconds, or infinity for None: an end that never comes."""
    return inf if seconds is None else milliseconds(seconds)
