"""`ImportSession`: the polling protocol of one import, with time as an argument.

The session says what to do next and takes the result; it does no I/O. Related decisions live elsewhere: the meaning of
a response in `statuses`, the meaning of its rows in `machine`, when a poll is due in `schedule`, how long to go on in
`budgets`, the back-off in `retry`, and the format of a saved session in `saved_session`.
"""

from typing import final

from .actions import Action, Done, Send, Wait
from .credentials import Credentials
from .emitted import Emitted, Ended, PollFailed
from .endpoint import PUBLIC_SERVICE, Auth, hidden_url
from .errors import LocalProtocolError, TransportError, wrong_type
from .events import EventsPage
from .exchange import Response
from .moments import checked_start
from .outcomes import Cancelled, LostContact, Outcome, Rejected
from .policy import milliseconds
from .retry import backoff
from .saved_session import parse_session, restore_session, saved_settings, session_to_json
from .session_state import SessionState
from .statuses import Unusable, meaning


@final
class ImportSession(SessionState):
    """Polls one import until the watch ends.

    Every method takes `now`, the time in seconds on one clock of the caller's. Use UNIX time if the session may be
    resumed elsewhere. If the clock steps back, the session counts it as standing still. A `now` that is not a finite
    number raises `InvalidType` or `InvalidArgument`, and changes nothing.

    A session may be used by one thread at a time. Sessions are independent, so two sessions for one import poll at
    twice the rate.

    Args:
        import_id: The id of the import. An int, as the service sends it, becomes a str.
        credentials: The domain key and password, or None to send none.
        now: The time in seconds.
        base_url: The service; requests go to `{base_url}/events/{import_id}.{format}`. Default: CloudSponge itself.
        format: The format of the responses, `json` or `xml`.
        auth: How the credentials are sent: `basic`, in a header, or `query`, in the URL, which servers and proxies log.
        echo: Text that the service returns in its responses.
        policy: How often to poll, and for how long.
        machine: The machine of an earlier session for the same import. Its transitions are not emitted again.
        insecure_http: Allow plain http to hosts other than this machine.

    Raises:
        InvalidType: An argument has the wrong type.
        InvalidArgument: An argument can't be used; or the interval is less than 1 s at CloudSponge itself.

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

    __slots__ = ()

    def next_action(self, *, now: float) -> Action:
        """Return what to do next: send a request, wait, or stop. It changes nothing.

        >>> ImportSession("1126", None, now=0.0).next_action(now=0.0)
        Send(request=Request(method='GET'), deadline=10.0)
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
        """Record that the request is sent now. Save the session before the request leaves, not after.

        Raises:
            LocalProtocolError: No poll is due; nothing has changed.

        >>> session = ImportSession("1126", None, now=0.0)
        >>> session.sent(now=0.0)
        >>> session.next_action(now=0.0)
        Wait(until=10.0)
        """
        moment = self._not_after(now)
        if self._outcome is not None or not self._schedule.is_due(moment, self._budgets.end):
            raise LocalProtocolError(f"no poll of import {self.import_id} is due; call next_action to see what is")
        self._now = moment
        self._schedule.open(moment, self._budgets.end)

    def receive(self, response: Response, *, now: float) -> tuple[Emitted, ...]:
        """Take a response, however late it is.

        Args:
            response: The response, with any status.
            now: The time in seconds.

        Returns:
            The emitted items; `()` if the watch has ended before.

        Raises:
            InvalidType: `response` is not a `Response`.

        >>> session = ImportSession("1126", None, now=0.0)
        >>> [item.outcome for item in session.receive(Response(401), now=0.2)]
        [Rejected(reason='credentials', detail='status 401')]
        """
        if self._outcome is not None:
            return ()
        if not isinstance(response, Response):
            raise wrong_type("response", "a Response", response)
        response = self.clean(response)
        moment, stopped = self._close_poll(now)
        self._schedule.stale = False
        if response.status == 200 and response.body == self._last_body:
            return self._succeeded(moment, stopped)
        early = moment < milliseconds(self._policy.not_found_grace)
        meant = meaning(response, self.import_id, not_found_is_early=early)
        if isinstance(meant, Rejected):
            return (self._ended(meant, moment),)
        if isinstance(meant, Unusable):
            return self._failed(meant, moment, stopped)
        self._last_body = response.body
        return self._read(meant, moment, stopped)

    def receive_failure(self, error: TransportError, *, now: float) -> tuple[Emitted, ...]:
        """Take the failure of a request that got no response.

        Args:
            error: The error that the transport raised.
            now: The time in seconds.

        Returns:
            The emitted items; `()` if the watch has ended before.

        Raises:
            InvalidType: `error` is not a `TransportError`.

        >>> session = ImportSession("1126", None, now=0.0)
        >>> [item.reason for item in session.receive_failure(TransportError("reset"), now=0.2)]
        ['reset']
        """
        if self._outcome is not None:
            return ()
        if not isinstance(error, TransportError):
            raise wrong_type("error", "a TransportError", error)
        moment, stopped = self._close_poll(now)
        reason = str(self.clean(error))
        if error.permanent:
            return (self._ended(LostContact(reason), moment),)
        stale = error.kind == "stale"
        if stale and not self._schedule.stale:  # the server closed an idle connection, which is no failure
            self._schedule.stale = True
            self._schedule.wait(moment, self._schedule.interval, owed=moment >= self._budgets.end)
            return self._expired(moment)
        self._schedule.stale = stale
        return self._failed(Unusable(reason), moment, stopped)

    def handle_timeout(self, *, now: float) -> tuple[Emitted, ...]:
        """Check deadlines and budgets after a wait; return what is new. Extra and early calls do nothing.

        >>> session = ImportSession("1126", None, now=0.0)
        >>> session.sent(now=0.0)
        >>> [item.reason for item in session.handle_timeout(now=10.0)]
        ['timeout: no response within 10 s']
        """
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
        why = Unusable(f"timeout: no response within {self._policy.request_timeout:g} s")
        return self._failed(why, int(deadline), stopped) + self._expired(moment)

    def cancel(self, *, now: float) -> tuple[Emitted, ...]:
        """End the watch, even if a poll is open or overdue; return its end, or `()` if it has ended before.

        >>> [item.outcome for item in ImportSession("1126", None, now=0.0).cancel(now=1.0)]
        [Cancelled()]
        """
        if self._outcome is not None:
            return ()
        self._now = self._not_before(now)
        return (self._ended(Cancelled(), self._now),)

    def save(self) -> str:
        """Return the session as JSON, for `resume`. It contains no secret and no base URL.

        >>> session = ImportSession("1126", Credentials("key", "password"), now=0.0)
        >>> ImportSession.resume(session.save(), Credentials("key", "password"), now=5.0)
        <ImportSession import_id='1126' state=INITIALIZING 0.0 s>
        """
        return session_to_json(self)

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
        """Return a session that was saved, perhaps in another process or on another machine.

        The policy and the format are the saved ones; to use others, make a new session with the saved one's `machine`.
        Budgets continue. If the clock is behind the saved time, the watch continues from the saved time.

        A poll that was open when the session was saved is repeated an interval after its deadline, since its request
        may still be under way. The repetition is sent before any budget ends the watch.

        Args:
            saved: The text that `save` returned.
            credentials: As for a new session; they are not saved.
            now: The time in seconds, on the clock of the saved session.
            base_url: As for a new session; it is not saved.
            auth: As for a new session; it is not saved.
            insecure_http: As for a new session; it is not saved.
            sole_owner: No other process can hold the session or have a request under way, so an open poll is repeated
                an interval from now.

        Raises:
            LocalProtocolError: `saved` is not a saved session. The message names the key.
            InvalidType: An argument has the wrong type.
            InvalidArgument: An argument can't be used, as for a new session.

        >>> saved = ImportSession("1126", None, now=0.0).save()
        >>> ImportSession.resume(saved, None, now=5.0).next_action(now=5.0)
        Send(request=Request(method='GET'), deadline=15.0)
        """
        base_url = hidden_url(base_url)
        parsed = parse_session(saved)
        settings = saved_settings(parsed)
        session = cls(
            settings.import_id,
            credentials,
            now=settings.start,
            base_url=base_url,
            format=settings.format,
            auth=auth,
            echo=settings.echo,
            policy=settings.policy,
            machine=settings.machine,
            insecure_http=insecure_http,
        )
        restore_session(session, parsed, checked_start(now), sole_owner=sole_owner)
        return session

    def _close_poll(self, now: float) -> tuple[int, bool]:
        """Close the open poll, if any; return the moment, and whether the process was stopped in between."""
        moment = self._now = self._not_before(now)
        return moment, self._schedule.close(moment, self._budgets.end)

    def _read(self, page: EventsPage, moment: int, stopped: bool) -> tuple[Emitted, ...]:
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
        return news + self._succeeded(moment, stopped)

    def _succeeded(self, moment: int, stopped: bool) -> tuple[Emitted, ...]:
        """Plan the next poll after a valid response."""
        self._failed_polls = 0
        self._schedule.reset()
        self._budgets.restart_contact(moment)
        self._schedule.wait(moment, self._schedule.interval, owed=stopped and moment >= self._budgets.end)
        return self._expired(moment)

    def _failed(self, why: Unusable, moment: int, stopped: bool) -> tuple[Emitted, ...]:
        """Plan the next poll after a failed one, or end the watch."""
        schedule, end = self._schedule, self._budgets.end
        over = moment >= end
        repeated = stopped or (
            over and schedule.repeats(only_contact_is_lost=self._budgets.only_contact_is_lost(moment))
        )
        if not over or repeated or schedule.owed:
            self._failed_polls += 1
            self._last_failure = why.reason
        if over and not repeated:
            schedule.wait(moment, schedule.interval)
            return self._expired(moment)
        if why.delay is None:
            longest = milliseconds(self._policy.max_delay)
            backed_off = backoff(self.import_id, self._failed_polls, interval=schedule.interval, max_delay=longest)
            delay = schedule.interval if over else backed_off
        elif (why.delay > milliseconds(self._policy.request_timeout)) if over else (moment + why.delay >= end):
            detail = f"{why.reason}; the service asks to wait {why.delay // 1000} s, longer than the time left"
            return (self._ended(LostContact(detail), moment),)
        else:
            delay = max(why.delay, schedule.interval)
        schedule.wait(moment, delay, owed=over)
        if over and not schedule.is_overdue(end):
            return self._expired(moment)
        self._last_item_at = moment
        retry_at = schedule.next_poll / 1000 if over or schedule.next_poll < end else None
        return (PollFailed(self.import_id, moment / 1000, self._failed_polls, why.reason, retry_at),)

    def _expired(self, moment: int) -> tuple[Emitted, ...]:
        """End the watch if a budget is over and no poll is overdue."""
        end = self._budgets.end
        if self._outcome is not None or moment < end or self._schedule.is_overdue(end):
            return ()
        outcome = self._budgets.outcome(self.state, self._last_failure if self._failed_polls else "")
        return (self._ended(outcome, max(int(end), self._last_item_at)),)

    def _ended(self, outcome: Outcome, moment: int) -> Ended:
        self._outcome = outcome
        self._schedule.sent = None
        return Ended(self.import_id, moment / 1000, outcome, self.state, self.contact_count, self._machine.seen)
