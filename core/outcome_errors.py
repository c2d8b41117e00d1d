"""The exceptions that `raise_for_outcome` raises, one for each outcome other than `Completed`."""

# pyright: reportIncompatibleVariableOverride=false
# Each class narrows the type of `outcome`, which is set once and only read.

from typing import TYPE_CHECKING, final

from .errors import SpongewatchError

if TYPE_CHECKING:
    from .outcomes import Abandoned, Cancelled, Failed, LostContact, Outcome, Rejected, TimedOut


class OutcomeError(SpongewatchError):
    """The watch ended with an outcome other than `Completed`; base of the classes below.

    `outcome` is that outcome. It is also the only constructor argument.

    >>> from spongewatch import LostContact
    >>> try:
    ...     LostContact("the trace ended before the import did").raise_for_outcome()
    ... except OutcomeError as error:
    ...     print(error.outcome.name, "-", error)
    lost-contact - lost contact with the import: the trace ended before the import did
    """

    outcome: "Outcome"

    def __init__(self, outcome: "Outcome") -> None:
        super().__init__(outcome)
        self.outcome = outcome

    def __str__(self) -> str:
        return f"the watch ended as {self.outcome.name}"


@final
class ImportFailed(OutcomeError):  # noqa: N818 # named after what happened, as all in this module
    """The import failed: the outcome is `Failed`.

    >>> from spongewatch import Failed, ImportFailure, State
    >>> print(ImportFailed(Failed(ImportFailure.of(264, State.GATHERING))))
    the import failed in GATHERING with code 264: The provider's address book can't be reached for the moment.
    """

    outcome: "Failed"

    def __str__(self) -> str:
        return f"the import failed {_circumstances(self.outcome)}"


@final
class ImportAbandoned(OutcomeError):  # noqa: N818
    """The person abandoned the import: the outcome is `Abandoned`.

    >>> from spongewatch import Abandoned, ImportFailure, State
    >>> print(ImportAbandoned(Abandoned(ImportFailure.of(514, State.INITIALIZING))))
    the import was abandoned in INITIALIZING with code 514: The person declined to share their contacts.
    """

    outcome: "Abandoned"

    def __str__(self) -> str:
        return f"the import was abandoned {_circumstances(self.outcome)}"


@final
class WatchTimedOut(OutcomeError):  # noqa: N818
    """A time budget of the watch ran out: the outcome is `TimedOut`.

    >>> from spongewatch import TimedOut
    >>> print(WatchTimedOut(TimedOut("total")))
    the watch ran out of time (total)
    """

    outcome: "TimedOut"

    def __str__(self) -> str:
        return f"the watch ran out of time ({self.outcome.reason})"


@final
class ContactLost(OutcomeError):  # noqa: N818
    """The service stopped returning valid responses: the outcome is `LostContact`.

    >>> from spongewatch import LostContact
    >>> print(ContactLost(LostContact("no good answer for 120 s (lost_contact_timeout)")))
    lost contact with the import: no good answer for 120 s (lost_contact_timeout)
    """

    outcome: "LostContact"

    def __str__(self) -> str:
        return f"lost contact with the import: {self.outcome.detail}"


@final
class WatchRejected(OutcomeError):  # noqa: N818
    """The service refused the request: the outcome is `Rejected`.

    >>> from spongewatch import Rejected
    >>> print(WatchRejected(Rejected("credentials", "status 401")))
    the service rejected the request (credentials): status 401
    """

    outcome: "Rejected"

    def __str__(self) -> str:
        return f"the service rejected the request ({self.outcome.reason}): {self.outcome.detail}"


@final
class WatchCancelled(OutcomeError):  # noqa: N818
    """The caller cancelled the watch: the outcome is `Cancelled`.

    >>> from spongewatch import Cancelled
    >>> print(WatchCancelled(Cancelled()))
    the watch was cancelled
    """

    outcome: "Cancelled"

    def __str__(self) -> str:
        return "the watch was cancelled"


def _circumstances(outcome: "Failed | Abandoned") -> str:
    failure = outcome.failure
    code = "no code" if failure.code is None else f"code {failure.code}"
    return f"in {failure.phase.value} with {code}: {failure.explanation}"
