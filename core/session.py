"""`ImportSession`: the polling protocol of one import, with time as an argument.

The session says what to do next and takes what came of it; it does no I/O. Related decisions live elsewhere: what
rows mean in `machine`, what a status means in `statuses`, when a poll is due in `schedule`, how long to go on in
`budgets`, how long to back off in `retry`.
"""

import json
from math import inf
from typing import Final, NoReturn, final, overload

from .actions import Action, Done, Send, Wait
from .budgets import Budgets
from .codec import decode
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
from .moments import FARTHEST, checked, rounded_down, rounded_up
from .outcomes import Cancelled, LostContact, Outcome, Rejected, TimedOut
from .policy import PollPolicy, milliseconds
from .redaction import Redaction
from .retry import backoff
from .saved import SavedObject
from .saved_outcome import outcome_to_json, saved_outcome
from .schedule import PollSchedule
from .secret import Secret
from .statuses import Unusable, meaning
from .table import State
from .text import printable, shown

_SERVICE_INTERVAL: Final = 1.0
_DEFAULT_POLICY: Final = PollPolicy()
_NO_SECRETS: Final = Redaction(())
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
        "_budgets",
        "_echo",
        "_failed_polls",
        "_format",
        "_last_body",
        "_last_failure",
        "_last_item_at",
        "_machine",
        "_now",
        "_outcome",
        "_policy",
        "_redaction",
        "_request",
        "_schedule",
        "_sent_echo",
        "_start",
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
        base_url = Secret(base_url if isinstance(base_url, str) else "")  # it may hold credentials
        problem = _wrong_type("credentials", credentials, Credentials) or _wrong_type("machine", machine, ImportMachine)
        if problem:
            del credentials, machine  # error reporters print the locals of the frames that raise
            raise LocalProtocolError(problem)
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
        self._redaction = credentials.redaction.for_import(import_id) if credentials else _NO_SECRETS
        self._policy = policy
        self._format: Format = format
        self._sent_echo = echo
        self._start = checked(now)
        self._now = 0  # the time of the last input; all moments are in milliseconds since the start
        self._schedule = PollSchedule(milliseconds(policy.interval), milliseconds(policy.request_timeout))
        self._budgets = Budgets(policy, self._machine.state)
        self._failed_polls = 0  # in a row
        self._last_failure = ""
        self._last_item_at = 0
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
        budgets = self._budgets
        ends = {phase: budgets.phase_end, "timeout": budgets.total_end, "lost_contact_timeout": budgets.lost_at}
        return {name: self._start + end / 1000 for name, end in ends.items() if end != inf}

    @property
    def elapsed(self) -> float:
        """The time of the last input, in seconds from the start of the watch, in whole milliseconds."""
        return self._now / 1000

    def __repr__(self) -> str:
        try:
            how = self._outcome.name if self._outcome else f"{self.elapsed:.1f} s"
            return f"<ImportSession import_id={self.import_id!r} state={self.state.name} {how}>"
        except AttributeError:  # __init__ raised, and something prints the locals of its frame
            return "<ImportSession>"

    def __reduce__(self) -> NoReturn:
        raise LocalProtocolError("no session is pickled or copied: keep what save() gives, and resume that")

    def next_action(self, *, now: float) -> Action:
        """What to do at `now`. A query: it changes nothing, and may be asked any number of times.

        Raises `LocalProtocolError` for a time that is no finite number, as every method with a `now` does.
        """
        if self._outcome is not None:
            return Done(self._outcome)
        moment, end = self._not_after(now), self._budgets.end
        if self._schedule.is_due(moment, end):
            return Send(self._request, self._start + self._schedule.deadline(moment, end) / 1000)
        until = self._schedule.wake_up(end)
        if moment >= until:  # start + until / 1000 can round to just after now
            return Wait(min(self._start + until / 1000, now))
        return Wait(self._start + until / 1000)

    def sent(self, *, now: float) -> None:
        """Record that the request leaves now. Save the session before it does.

        Raises:
            LocalProtocolError: No poll is due; nothing has changed.
        """
        moment = self._not_after(now)
        if self._outcome is not None or not self._schedule.is_due(moment, self._budgets.end):
            raise LocalProtocolError(f"no poll of import {self.import_id} is due: next_action says what is")
        self._now = moment
        self._schedule.open(moment, self._budgets.end)

    @overload
    def clean(self, response: Response) -> Response: ...
    @overload
    def clean(self, response: TransportError) -> TransportError: ...
    @overload
    def clean(self, response: Response | TransportError) -> Response | TransportError: ...
    def clean(self, response: Response | TransportError) -> Response | TransportError:
        """Return the response or the error without the credentials, for this session and for recorders.

        `receive` and `receive_failure` do the same. A response that this method returned is not searched again.

        Args:
            response: The response, or the error, from the transport.

        Raises:
            InvalidType: `response` is neither a `Response` nor a `TransportError`.

        >>> session = ImportSession("1126", Credentials("key", "hunter22"), now=0.0)
        >>> session.clean(Response(401, {}, b"no hunter22")).body
        b'no ******'
        """
        return self._redaction.clean(response)

    def receive(self, response: Response, *, now: float) -> tuple[Emitted, ...]:
        """Take a response, however late; return what is new in it, `()` after the end."""
        if self._outcome is not None:
            return ()
        if not isinstance(response, Response):
            raise LocalProtocolError(f"what is received is a Response, not {type(response).__name__}")
        response = self.clean(response)
        moment, stopped = self._close_poll(now)
        self._schedule.stale = False
        if response.status != 200:
            early = moment < milliseconds(self._policy.not_found_grace)
            why = meaning(response, not_found_is_early=early)
            return (self._ended(why, moment),) if isinstance(why, Rejected) else self._failed(why, moment, stopped)
        if response.body == self._last_body:
            return self._understood(moment, stopped)
        return self._read(response, moment, stopped)

    def receive_failure(self, error: TransportError, *, now: float) -> tuple[Emitted, ...]:
        """Take the failure of a poll that got no response; return what it emits, `()` after the end."""
        if self._outcome is not None:
            return ()
        if not isinstance(error, TransportError):
            raise LocalProtocolError(f"a failure is a TransportError, not {type(error).__name__}")
        moment, stopped = self._close_poll(now)
        reason = str(self.clean(error))
        if error.permanent:
            return (self._ended(LostContact(reason), moment),)
        stale = error.kind == "stale"
        if stale and not self._schedule.stale:  # the server closed an idle connection: no failure of the service
            self._schedule.stale = True
            self._schedule.wait(moment, self._schedule.interval, owed=moment >= self._budgets.end)
            return self._expired(moment)
        self._schedule.stale = stale
        return self._failed(Unusable(reason), moment, stopped)

    def handle_timeout(self, *, now: float) -> tuple[Emitted, ...]:
        """A wait is over; return what that emits. Extra and early calls do nothing."""
        if self._outcome is not None:
            return ()
        moment = self._now = self._not_after(now)
        sent, end = self._schedule.sent, self._budgets.end
        if sent is None:
            return self._expired(moment)
        deadline = self._schedule.deadline(sent, end)
        if moment < deadline:
            return ()
        stopped = self._schedule.close(moment, end)
        self._schedule.stale = False
        why = Unusable(f"timeout: no answer within {self._policy.request_timeout:g} s")
        return self._failed(why, int(deadline), stopped) + self._expired(moment)

    def cancel(self, *, now: float) -> tuple[Emitted, ...]:
        """End the watch, whatever is open or overdue; return its end, `()` if it has ended before."""
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
                **self._schedule.to_json(),
                "failed_polls": self._failed_polls,
                "last_failure": self._last_failure,
                "told_at": self._last_item_at,
                **self._budgets.to_json(),
                "outcome": self._outcome and outcome_to_json(self._outcome),
                "user_id": self._user_id,
                "echo": self._echo,
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
        sole_owner: bool = False,
    ) -> "ImportSession":
        """Return the session that `save` wrote, perhaps in another process or on another machine.

        The policy and the format are the saved ones; to go on with others, begin a session with `machine`. Budgets run
        on as they did. If the clock is behind the saved time, the watch goes on from the saved time.

        A poll that was open when the session was saved is repeated: an interval after its deadline, since its request
        may still be leaving. The repetition is sent before any budget ends the watch.

        Args:
            saved: The text that `save` returned.
            credentials: The same as for a new session; they are not saved.
            now: Seconds on the clock that the saved session counted on.
            base_url: As for a new session; it is not saved.
            auth: As for a new session; it is not saved.
            insecure_http: As for a new session; it is not saved.
            sole_owner: Nobody else can hold the session or have a request under way, so an open poll is repeated an
                interval from now.

        Raises:
            LocalProtocolError: `saved` is nothing that `save` can have written; the message names the key.
            InvalidType: `saved` is not a str.
        """
        base_url = Secret(base_url if isinstance(base_url, str) else "")  # as in __init__
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
        session._restore(members, checked(now), sole_owner=sole_owner)
        return session

    def _restore(self, members: SavedObject, now: float, *, sole_owner: bool) -> None:
        self._now = members.whole("now")
        behind = self._now - rounded_up(now, self._start)
        if behind > 0:  # in whole milliseconds, or items after the resume would be stamped otherwise
            self._start -= behind / 1000
        if self._start < -FARTHEST:
            raise members.refusal("now", "a time that a clock shows")
        moment = self._not_before(now)
        self._schedule.restore(members, moment, sole_owner=sole_owner)
        if members.flag("poll_is_open"):
            self._now = moment  # or a clock that steps back before the next input would shorten the wait
        self._failed_polls = members.whole("failed_polls")
        self._last_failure = printable(members.text("last_failure") or "")
        self._last_item_at = members.whole("told_at")
        self._outcome = saved_outcome(members, self._machine.outcome)
        self._budgets.restore(members, moment, self.state, has_ended=self._outcome is not None)
        self._user_id, self._echo = members.text("user_id"), members.text("echo")

    def _read(self, response: Response, moment: int, stopped: bool) -> tuple[Emitted, ...]:
        try:
            page = decode(response.body, response.headers.get("content-type"))
            if page.import_id not in (None, self.import_id):
                raise RemoteProtocolError(f"the answer is that of another import, {shown(page.import_id)}")
        except RemoteProtocolError as error:
            return self._failed(Unusable(str(error)), moment, stopped)
        self._last_body = response.body
        self._user_id, self._echo = page.user_id, page.echo
        before = self._machine.state
        news = self._machine.feed(page.events, at=moment / 1000)
        if news:
            self._last_item_at = moment
        verdict = self._machine.outcome
        if verdict is not None:
            return (*news, self._ended(verdict, moment))
        if self._machine.state is not before:
            self._budgets.start_phase(moment, self._machine.state)
        return news + self._understood(moment, stopped)

    def _understood(self, moment: int, stopped: bool) -> tuple[Emitted, ...]:
        self._failed_polls = 0
        self._schedule.reset()
        self._budgets.restart_contact(moment)
        self._schedule.wait(moment, self._schedule.interval, owed=stopped and moment >= self._budgets.end)
        return self._expired(moment)

    def _failed(self, why: Unusable, moment: int, stopped: bool) -> tuple[Emitted, ...]:
        """Take a failed poll: plan the next one, or end the watch."""
        schedule, end = self._schedule, self._budgets.end
        over = moment >= end
        if over and not (stopped or self._repeats(moment)):
            if schedule.owed:
                self._failed_polls += 1
                self._last_failure = why.reason
            schedule.wait(moment, schedule.interval)
            return self._expired(moment)
        self._failed_polls += 1
        self._last_failure = why.reason
        delay = why.delay
        if delay is not None and (
            delay > milliseconds(self._policy.request_timeout) if over else moment + delay >= end
        ):
            detail = f"{why.reason}; the service asks to wait {delay // 1000} s, which is longer than the time left"
            return (self._ended(LostContact(detail), moment),)
        if delay is None and not over:
            longest = milliseconds(self._policy.max_delay)
            delay = backoff(self.import_id, self._failed_polls, interval=schedule.interval, max_delay=longest)
        schedule.wait(moment, max(delay or 0, schedule.interval), owed=over)
        if over and not schedule.is_overdue(end):
            return self._expired(moment)
        self._last_item_at = moment
        retry_at = schedule.next_poll / 1000 if over or schedule.next_poll < end else None
        return (PollFailed(self.import_id, moment / 1000, self._failed_polls, why.reason, retry_at),)

    def _repeats(self, moment: int) -> bool:
        """Return whether the overdue poll that has failed is repeated: once, if lost contact is all that is over."""
        schedule = self._schedule
        if not schedule.owed or schedule.repeated or not self._budgets.only_contact_is_lost(moment):
            return False
        schedule.repeated = True
        return True

    def _expired(self, moment: int) -> tuple[Emitted, ...]:
        """End the watch if a budget is over and no poll is overdue; of several budgets, the first one counts."""
        end = self._budgets.end
        if self._outcome is not None or moment < end or self._schedule.is_overdue(end):
            return ()
        outcome: Outcome
        if end == self._budgets.phase_end:
            outcome = TimedOut("consent" if self.state is State.INITIALIZING else "gathering")
        elif end == self._budgets.total_end:
            outcome = TimedOut("total")
        else:
            last = f"; last, {self._last_failure}" if self._failed_polls else ""
            limit = f"{self._policy.lost_contact_timeout:g} s (lost_contact_timeout)"
            outcome = LostContact(f"no good answer for {limit}{last}")
        return (self._ended(outcome, max(int(end), self._last_item_at)),)

    def _ended(self, outcome: Outcome, moment: int) -> Ended:
        self._outcome = outcome
        self._schedule.sent = None
        return Ended(self.import_id, moment / 1000, outcome, self.state, self.contact_count, self._machine.seen)

    def _close_poll(self, now: float) -> tuple[int, bool]:
        """Close the open poll, if there is one; return the moment, and whether the process was stopped meanwhile."""
        moment = self._now = self._not_before(now)
        return moment, self._schedule.close(moment, self._budgets.end)

    def _not_after(self, now: float) -> int:
        return max(rounded_down(now, self._start), self._now)

    def _not_before(self, now: float) -> int:
        return max(rounded_up(now, self._start), self._now)


def _wrong_type(name: str, value: object, kind: type) -> str | None:
    if value is None or isinstance(value, kind):
        return None
    return f"{name} is of type {kind.__name__}, or None, not {type(value).__name__}"


def _saved_import_id(members: SavedObject) -> str:
    import_id = members.text("import_id")
    if is_import_id(import_id):
        return import_id
    raise members.refusal("import_id", "an import id")


def _saved_start(members: SavedObject) -> float:
    start = members.number("start")
    if abs(start) <= FARTHEST:
        return start
    raise members.refusal("start", "a time that a clock shows")


def _saved_echo(members: SavedObject) -> str | None:
    echo = members.text("sent_echo")
    if echo is None or (echo and echo.encode(errors="ignore").decode() == echo):
        return echo
    raise members.refusal("sent_echo", "null, or a text of one character or more that UTF-8 can write")
