"""`SessionState`: what an `ImportSession` is made of, and what can be read from it."""

from typing import Final, NoReturn, overload

from .budgets import Budgets
from .credentials import Credentials
from .endpoint import PUBLIC_SERVICE, Auth, Format, checked_import_id, events_request, hidden_url, is_public_service
from .error_codes import ImportFailure
from .errors import InvalidArgument, InvalidType, LocalProtocolError, TransportError, wrong_type
from .exchange import Response
from .machine import ImportMachine
from .moments import checked_start, rounded_down, rounded_up
from .outcomes import Outcome
from .policy import PollPolicy, milliseconds
from .redaction import Redaction
from .schedule import PollSchedule
from .table import State
from .text import shown

_SERVICE_INTERVAL: Final = 1.0
_DEFAULT_POLICY: Final = PollPolicy()
_NO_SECRETS: Final = Redaction(())


class SessionState:
    """The state of an `ImportSession`. All moments are whole milliseconds from the start of the watch."""

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
        base_url = hidden_url(base_url)
        if error := _type_error(credentials, policy, machine):
            del credentials, policy, machine  # error reporters print the locals of the frames that raise
            raise error
        import_id = checked_import_id(import_id)
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
            raise InvalidArgument(
                f"interval must be at least {_SERVICE_INTERVAL:g} s at the public service, not {policy.interval:g} s"
            )
        if machine is not None and machine.import_id != import_id:
            raise InvalidArgument(f"machine must be that of import {import_id}, not of {shown(machine.import_id)}")
        self._machine = ImportMachine(import_id) if machine is None else machine
        self._redaction = credentials.redaction.for_import(import_id) if credentials else _NO_SECRETS
        self._policy = policy
        self._format: Format = format
        self._sent_echo = echo
        self._start = checked_start(now)
        self._now = 0  # the moment of the last input
        self._schedule = PollSchedule(milliseconds(policy.interval), milliseconds(policy.request_timeout))
        self._budgets = Budgets(policy, self._machine.state)
        self._failed_polls = 0
        self._last_failure = ""
        self._last_item_at = 0
        self._outcome: Outcome | None = None
        self._last_body: bytes | None = None
        self._user_id: str | None = None
        self._echo: str | None = None

    @property
    def import_id(self) -> str:
        """The id of the import."""
        return self._machine.import_id or ""

    @property
    def machine(self) -> ImportMachine:
        """The machine that the responses are fed to."""
        return self._machine

    @property
    def policy(self) -> PollPolicy:
        """The settings of the session."""
        return self._policy

    @property
    def format(self) -> Format:
        """The format that the request asks for."""
        return self._format

    @property
    def state(self) -> State:
        """The state of the import."""
        return self._machine.state

    @property
    def contact_count(self) -> int | None:
        """The largest number of contacts in any response, or None."""
        return self._machine.contact_count

    @property
    def failure(self) -> ImportFailure | None:
        """Why the import failed; None in states other than ERROR."""
        return self._machine.failure

    @property
    def outcome(self) -> Outcome | None:
        """How the watch ended; None until it has."""
        return self._outcome

    @property
    def user_id(self) -> str | None:
        """The `user_id` in the last response that differed from the one before, or None."""
        return self._user_id

    @property
    def echo(self) -> str | None:
        """The `echo` in the last response that differed from the one before, or None."""
        return self._echo

    @property
    def start(self) -> float:
        """When the watch began, in seconds on the caller's clock."""
        return self._start

    @property
    def failed_polls(self) -> int:
        """How many polls have failed since the last valid response, or the start."""
        return self._failed_polls

    @property
    def budgets(self) -> dict[str, float]:
        """When each budget of the policy runs out, by its name, in seconds on the caller's clock.

        The first is that of the phase. Budgets of other phases, and budgets that are None, are left out.

        >>> from spongewatch import ImportSession
        >>> ImportSession("1126", Credentials("key", "password"), now=100.0).budgets
        {'consent_timeout': 1000.0, 'lost_contact_timeout': 220.0}
        """
        return {name: self._start + end / 1000 for name, end in self._budgets.by_name(self.state).items()}

    @property
    def elapsed(self) -> float:
        """The time of the last input, in seconds from the start of the watch, in whole milliseconds."""
        return self._now / 1000

    def __repr__(self) -> str:
        try:
            status = self._outcome.name if self._outcome else f"{self.elapsed:.1f} s"
            return f"<{type(self).__name__} import_id={self.import_id!r} state={self.state.name} {status}>"
        except AttributeError:  # __init__ raised, and an error reporter prints the locals of its frame
            return f"<{type(self).__name__}>"

    def __reduce__(self) -> NoReturn:
        raise LocalProtocolError("a session can't be pickled or copied; use save() and resume()")

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

        >>> from spongewatch import ImportSession
        >>> session = ImportSession("1126", Credentials("key", "hunter22"), now=0.0)
        >>> session.clean(Response(401, {}, b"no hunter22")).body
        b'no ******'
        """
        return self._redaction.clean(response)

    def _not_after(self, now: float) -> int:
        """Return `now` as a moment, rounded down; a clock that steps back counts as one that stopped."""
        return max(rounded_down(now, self._start), self._now)

    def _not_before(self, now: float) -> int:
        """Return `now` as a moment, rounded up."""
        return max(rounded_up(now, self._start), self._now)


def _type_error(credentials: object, policy: object, machine: object) -> InvalidType | None:
    if credentials is not None and not isinstance(credentials, Credentials):
        return wrong_type("credentials", "Credentials or None", credentials)
    if not isinstance(policy, PollPolicy):
        return wrong_type("policy", "a PollPolicy", policy)
    if machine is not None and not isinstance(machine, ImportMachine):
        return wrong_type("machine", "an ImportMachine or None", machine)
    return None
