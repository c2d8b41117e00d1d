"""`Connection`: what a command sends its requests with; the first signal interrupts it in every phase."""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self, final

from ...core import Cancelled, Credentials, ImportSession, Outcome, SpongewatchError
from ...transports import Recorder, SystemClock, Watch, watch
from ..live.clocks import WatchClock
from .exit_status import error_status, exit_status
from .interruptible import InterruptibleTransport
from .streams import note, on_first_signal

if TYPE_CHECKING:
    from ..client.client import Client


def connected(work: Callable[[argparse.Namespace, "Connection"], int], options: argparse.Namespace) -> int:
    """Run a command that sends requests.

    Args:
        work: Runs the command and returns its exit status; it enters the connection when it is ready to send.
        options: The options of the command.

    Returns:
        The exit status; an error is explained on standard error.
    """
    connection = Connection()
    try:
        return work(options, connection)
    except SpongewatchError as error:
        note(str(error))
        return connection.interrupted or error_status(error)


@final
class Connection:
    """A transport and its clock, which the first SIGINT, SIGTERM or SIGHUP interrupts.

    A context manager; outside of it, signals act as usual.

    Attributes:
        clock: The clock of watches.
        signals: The signals received.

    >>> Connection().interrupted
    0
    """

    def __init__(self) -> None:
        self.signals: list[int] = []
        self._system_clock = SystemClock()
        self.clock = WatchClock(self._system_clock)
        self._stack = ExitStack()
        self._watch: Watch | None = None

    @property
    def interrupted(self) -> int:
        """The exit status if a signal has been received, else 0."""
        return 128 + self.signals[0] if self.signals else 0

    def status(self, outcome: Outcome) -> int:
        """Return the exit status for the outcome of a watch."""
        return self.interrupted if isinstance(outcome, Cancelled) else exit_status(outcome)

    def client(self, options: argparse.Namespace, credentials: Credentials) -> "Client":
        """Return a client that sends with this connection."""
        from ..client.client import Client

        return Client(
            credentials.domain_key,
            credentials.domain_password,
            base_url=options.base_url,
            auth=options.auth,
            insecure_http=options.insecure_http,
            transport=self._transport,
            clock=self._system_clock,
        )

    def watch(self, session: ImportSession, record: Recorder | None) -> Watch:
        """Return a watch that sends with this connection; only one at a time."""
        self._watch = watch(session, self._transport, record=record, clock=self.clock)
        if self.signals:  # received between two phases
            self._watch.cancel()
        return self._watch

    def __enter__(self) -> Self:
        from ...transports import Urllib3Transport  # slow to load

        sender = self._stack.enter_context(Urllib3Transport(connections=1))
        self._transport = self._stack.enter_context(InterruptibleTransport(sender))
        self.signals = self._stack.enter_context(on_first_signal(self._interrupt))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _interrupt(self) -> None:
        if self._watch:
            self._watch.cancel()
        self._transport.interrupt()
        self._system_clock.wake()
