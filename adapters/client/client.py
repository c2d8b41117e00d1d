"""`Client`: begin an import, watch it, and download its contacts."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Literal, Self, TypeVar, cast, final, overload

from ...core import (
    PUBLIC_SERVICE,
    BegunImport,
    Contacts,
    Credentials,
    LocalProtocolError,
    Outcome,
    PollPolicy,
    Response,
    TransportError,
)
from ...core._shared import Auth, Call, ContactsDownload, Format, Steps, begin, checked_import_id, hidden_url
from ...transports import Clock, Observer, Recorder, SystemClock, Transport, Urllib3Transport, Watch, watch
from ...transports._shared import Unpicklable
from .contact_streams import ContactStream
from .settings import ClientSettings, credentials_from_env

_T = TypeVar("_T")


@final
class Client(Unpicklable):
    """A client of the service, for any number of imports and threads.

    Use it as a context manager, or call `close`. `AsyncClient` has the same methods under asyncio.

    Args:
        domain_key: The domain key of your CloudSponge account.
        domain_password: Its password.
        base_url: The URL of the service.
        policy: How often to poll and for how long; None means the defaults of `PollPolicy`.
        transport: Sends the requests; it stays open. By default one is made, and closed by `close`.
        format: The format of the events, "json" or "xml".
        auth: How credentials are sent, "basic" in a header or "query" as arguments.
        insecure_http: Allow plain http to another machine.
        clock: The clock to wait by, for one call at a time; by default each call has one of its own.

    Raises:
        InvalidArgument: An argument can't be used; the message names it.
        InvalidType: An argument has the wrong type.

    >>> from spongewatch.transports import Simulator
    >>> with Simulator("skips") as service, Client("demo-key", "demo-password", base_url=service.base_url) as client:
    ...     client.wait("1126")
    Completed(contact_count=2340)
    """

    def __init__(
        self,
        domain_key: str,
        domain_password: str,
        *,
        base_url: str = PUBLIC_SERVICE,
        policy: PollPolicy | None = None,
        transport: Transport | None = None,
        format: Format = "json",
        auth: Auth = "basic",
        insecure_http: bool = False,
        clock: Clock | None = None,
    ) -> None:
        base_url = hidden_url(base_url)
        try:
            credentials = Credentials(domain_key, domain_password)
        finally:
            del domain_password  # error reporters print the locals of the frames that raise
        self._settings = ClientSettings(credentials, base_url, policy or PollPolicy(), format, auth, insecure_http)
        self._closes = transport is None
        self._transport = transport or Urllib3Transport()
        self._clock = clock
        self._closed = False

    @classmethod
    def from_env(
        cls,
        *,
        base_url: str = PUBLIC_SERVICE,
        policy: PollPolicy | None = None,
        transport: Transport | None = None,
    ) -> Self:
        """Return a client with the credentials in CLOUDSPONGE_DOMAIN_KEY and CLOUDSPONGE_DOMAIN_PASSWORD.

        Args:
            base_url: As for `Client`.
            policy: As for `Client`.
            transport: As for `Client`.

        Raises:
            InvalidArgument: A variable is not set, or an argument can't be used.
        """
        base_url, credentials = hidden_url(base_url), credentials_from_env()
        return cls(
            credentials.domain_key, credentials.domain_password, base_url=base_url, policy=policy, transport=transport
        )

    def begin_import(
        self,
        service: str,
        *,
        username: str | None = None,
        password: str | None = None,
        include: Iterable[str] = (),
        redirect_url: str | None = None,
        user_id: str | None = None,
        echo: str | None = None,
        timeout: float = 30,
    ) -> BegunImport:
        """Begin an import.

        The request is never repeated once it may have reached the service, because each one begins another import.
        Only refused connections and unresolved names are retried.

        Args:
            service: The address book service, such as "gmail", "yahoo" or "icloud".
            username: The person's username at the provider, for services without a consent page.
            password: The person's password at the provider; required with `username`, never shown.
            include: Additional data; "mailing_address" adds postal addresses.
            redirect_url: Where the browser goes after the consent; leave it out if the page opens in a popup.
            user_id: Your name for the person; all three steps return it.
            echo: A text that all three steps return.
            timeout: Seconds for the whole call.

        Returns:
            The import, with the `consent_url` to open in the person's browser.

        Raises:
            ServiceError: The service refused to begin the import, or could not be reached.
            RemoteProtocolError: The response can't be read; the import may have begun.
            InvalidArgument: An argument can't be used.
            InvalidType: An argument has the wrong type.

        >>> from spongewatch.transports import Simulator
        >>> with Simulator() as service, Client("demo-key", "demo-password", base_url=service.base_url) as client:
        ...     client.begin_import("gmail", user_id="42").user_id
        '42'
        """
        try:
            request, read = self._settings.begin(
                service,
                username=username,
                password=password,
                include=include,
                redirect_url=redirect_url,
                user_id=user_id,
                echo=echo,
            )
        finally:
            del username, password  # error reporters print the locals of the frames that raise
        clock = self._a_clock()
        return self._run(begin(request, read, now=clock.now(), timeout=timeout, service=service), clock)

    def watch(
        self,
        import_id: str | int,
        *,
        timeout: float | None = None,
        observers: Iterable[Observer] = (),
        on_observer_error: Literal["raise", "log"] = "raise",
        record: Recorder | None = None,
    ) -> Watch:
        """Watch an import.

        Args:
            import_id: The import, a str or an int.
            timeout: The longest watch in seconds, in place of the policy's `timeout`.
            observers: Functions that are called with each item before it is yielded.
            on_observer_error: "raise" the errors of observers at the end, or "log" them at once.
            record: A `TraceWriter` that records the watch; it stays open.

        Returns:
            An iterator over the items of the watch; its `session` can be saved, and goes on with `resume`.

        Raises:
            InvalidArgument: An argument can't be used.
            InvalidType: An argument has the wrong type.

        >>> from spongewatch.transports import Simulator
        >>> with Simulator("skips") as it, Client("demo-key", "demo-password", base_url=it.base_url) as client:
        ...     [item.to_json()["kind"] for item in client.watch("1126", timeout=600)]
        ['transition', 'transition', 'transition', 'ended']
        """
        clock = self._a_clock()
        session = self._settings.session(import_id, now=clock.now(), timeout=timeout)
        return watch(
            session,
            self._transport,
            observers=observers,
            on_observer_error=on_observer_error,
            record=record,
            clock=clock,
        )

    def resume(
        self,
        saved: str,
        *,
        observers: Iterable[Observer] = (),
        on_observer_error: Literal["raise", "log"] = "raise",
        record: Recorder | None = None,
    ) -> Watch:
        """Go on with a watch that was saved by `session.save()`, perhaps in another process.

        Args:
            saved: The saved session; its policy and format apply.
            observers: As for `watch`.
            on_observer_error: As for `watch`.
            record: As for `watch`.

        Returns:
            The same as `watch`.

        Raises:
            LocalProtocolError: `saved` can't be read.

        >>> from spongewatch.transports import Simulator
        >>> with Simulator("skips") as it, Client("demo-key", "demo-password", base_url=it.base_url) as client:
        ...     saved = client.watch("1126").session.save()  # and later, perhaps in another process:
        ...     client.resume(saved).run()
        Completed(contact_count=2340)
        """
        clock = self._a_clock()
        session = self._settings.resumed(saved, now=clock.now())
        return watch(
            session,
            self._transport,
            observers=observers,
            on_observer_error=on_observer_error,
            record=record,
            clock=clock,
        )

    def wait(
        self,
        import_id: str | int,
        *,
        timeout: float | None = None,
        observers: Iterable[Observer] = (),
        on_observer_error: Literal["raise", "log"] = "raise",
        record: Recorder | None = None,
    ) -> Outcome:
        """Wait for an import to end and return how it ended; arguments and errors are those of `watch`.

        >>> from spongewatch.transports import Simulator
        >>> with Simulator("skips") as it, Client("demo-key", "demo-password", base_url=it.base_url) as client:
        ...     client.wait("1126", timeout=600).ok
        True
        """
        return self.watch(
            import_id, timeout=timeout, observers=observers, on_observer_error=on_observer_error, record=record
        ).run()

    @overload
    def contacts(self, import_id: str | int, *, stream: Literal[False] = False, timeout: float = 60) -> Contacts: ...
    @overload
    def contacts(self, import_id: str | int, *, stream: Literal[True], timeout: float = 60) -> ContactStream: ...
    def contacts(self, import_id: str | int, *, stream: bool = False, timeout: float = 60) -> Contacts | ContactStream:
        """Download the contacts of a complete import. The service deletes them within minutes.

        Args:
            import_id: The import, a str or an int.
            stream: Return an iterator that downloads a page when it is needed, so that memory stays small. By default
                all contacts are downloaded at once.
            timeout: Seconds for each page of 500 contacts, repetitions included.

        Returns:
            The contacts, in the service's order.

        Raises:
            ServiceError: The contacts are not there, or the service could not be reached. `contacts` holds those
                downloaded so far.
            RemoteProtocolError: The pages are invalid or don't fit together; `contacts` as above.
            InvalidArgument: An argument can't be used.
            InvalidType: An argument has the wrong type.

        >>> from spongewatch.transports import Simulator
        >>> with Simulator("skips") as it, Client("demo-key", "demo-password", base_url=it.base_url) as client:
        ...     outcome = client.wait("1126")
        ...     contacts = client.contacts("1126")
        >>> contacts, contacts[0].email
        (Contacts(import_id='1126', total=2340), 'mira.okonkwo.0@example.com')
        """
        clock = self._a_clock()
        download = ContactsDownload(
            checked_import_id(import_id),
            self._settings.page(import_id),
            timeout=timeout,
            restarts=0 if stream else 1,
        )
        if stream:
            return ContactStream(download, lambda: self._run(download.next_page(now=clock.now()), clock))
        return self._run(download.whole(now=clock.now()), clock)

    def import_contacts(
        self,
        service: str,
        *,
        on_begun: Callable[[BegunImport], object],
        timeout: float | None = None,
        username: str | None = None,
        password: str | None = None,
        include: Iterable[str] = (),
        redirect_url: str | None = None,
        user_id: str | None = None,
        echo: str | None = None,
        observers: Iterable[Observer] = (),
        record: Recorder | None = None,
    ) -> Contacts:
        """Begin an import, wait for it, and download its contacts.

        Args:
            service: The address book service, such as "gmail".
            on_begun: Called with the `BegunImport`; shows the person its `consent_url`.
            timeout: The longest wait in seconds, in place of the policy's `timeout`.
            username: As for `begin_import`.
            password: As for `begin_import`.
            include: As for `begin_import`.
            redirect_url: As for `begin_import`.
            user_id: As for `begin_import`.
            echo: As for `begin_import`.
            observers: Functions that are called with each item of the watch.
            record: A `TraceWriter` that records the watch.

        Returns:
            The contacts.

        Raises:
            OutcomeError: The import did not complete; `outcome` says why.
            ServiceError: The service refused to begin the import or to return its contacts.
            RemoteProtocolError: A response can't be read.

        >>> from spongewatch.transports import Simulator
        >>> with Simulator(speed=50) as service:
        ...     with Client("demo-key", "demo-password", base_url=service.base_url) as client:
        ...         person = lambda begun: service.consent(begun.import_id)  # shows them `begun.consent_url`
        ...         client.import_contacts("gmail", on_begun=person, timeout=600)
        Contacts(import_id='90000001', total=2001)
        """
        try:
            begun = self.begin_import(
                service,
                username=username,
                password=password,
                include=include,
                redirect_url=redirect_url,
                user_id=user_id,
                echo=echo,
            )
        finally:
            del username, password  # error reporters print the locals of the frames that raise
        on_begun(begun)
        self.wait(begun.import_id, timeout=timeout, observers=observers, record=record).raise_for_outcome()
        return self.contacts(begun.import_id)

    def close(self) -> None:
        """Close the connections, unless the transport was given; may be called again.

        >>> Client("demo-key", "demo-password").close()
        """
        self._closed = True
        if self._closes:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "Client()"

    def _a_clock(self) -> Clock:
        if self._closed:
            raise LocalProtocolError("the client is closed")
        return self._clock or SystemClock()

    def _run(self, steps: Steps[_T], clock: Clock) -> _T:
        """Do what `steps` asks for, and return its result."""
        try:
            step = next(steps)
            while True:
                result: Response | TransportError | None = None
                if isinstance(step, Call):
                    try:
                        result = self._transport.send(step.request, timeout=step.timeout)
                    except TransportError as error:
                        result = error
                else:
                    clock.sleep(step.seconds)
                step = steps.send((result, clock.now()))
        except StopIteration as end:
            return cast(_T, end.value)
