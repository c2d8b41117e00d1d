"""The exceptions of `raise_for_outcome`, one for each outcome other than `Completed`."""

# pyright: reportIncompatibleVariableOverride=false
# Each class narrows the type of `outcome`, which is set once and only read.

from typing import TYPE_CHECKING, final

from .errors import SpongewatchError

if TYPE_CHECKING:
    from .outcomes import Abandoned, Cancelled, Failed, LostContact, Outcome, Rejected, TimedOut


class OutcomeError(SpongewatchError):
    """The watch ended with an outcome other than `Completed`. Base class of the exceptions below.

    Args:
        outcome: The outcome, which is also an attribute.

    >>> from spongewatch import LostContact
    >>> try:
    ...     LostContact("the trace ended before the import did").raise_for_outcome()
    ... except OutcomeError as error:
    ...     print(error.outcome.name, "-", error)
    lost-contact - lost contact: the trace ended before the import did
    """

    outcome: "Outcome"

    def __init__(self, outcome: "Outcome") -> None:
        super().__init__(outcome)
        self.outcome = outcome

    def __str__(self) -> str:
        from .outcome_text import outcome_text  # here, since it imports the outcomes, which import this module

        text = outcome_text(self.outcome)
        failure = getattr(self.outcome, "failure", None)
        if failure is None:
            return text
        return f"the import {'was ' if self.outcome.name == 'abandoned' else ''}{text}: {failure.explanation}"


@final
class ImportFailed(OutcomeError):  # noqa: N818 # these are named after what happened
    """The import failed: the outcome is `Failed`.

    >>> from spongewatch import Failed, ImportFailure, State
    >>> print(ImportFailed(Failed(ImportFailure.of(264, State.GATHERING))))
    the import failed in GATHERING with error code 264: The provider's address book can't be reached for the moment.
    """

    outcome: "Failed"


@final
class ImportAbandoned(OutcomeError):  # noqa: N818
    """The person abandoned the import: the outcome is `Abandoned`.

    >>> from spongewatch import Abandoned, ImportFailure, State
    >>> print(ImportAbandoned(Abandoned(ImportFailure.of(514, State.INITIALIZING))))
    the import was abandoned in INITIALIZING with error code 514: The person declined to share their contacts.
    """

    outcome: "Abandoned"


@final
class WatchTimedOut(OutcomeError):  # noqa: N818
    """A time budget of the watch ran out: the outcome is `TimedOut`.

    >>> from spongewatch import TimedOut
    >>> print(WatchTimedOut(TimedOut("total")))
    timeout expired before the import ended; the import may still be running
    """

    outcome: "TimedOut"


@final
class ContactLost(OutcomeError):  # noqa: N818
    """The service stopped returning valid responses: the outcome is `LostContact`.

    >>> from spongewatch import LostContact
    >>> print(ContactLost(LostContact("no valid response for 120 s (lost_contact_timeout)")))
    lost contact: no valid response for 120 s (lost_contact_timeout)
    """

    outcome: "LostContact"


@final
class WatchRejected(OutcomeError):  # noqa: N818
    """The service refused the request: the outcome is `Rejected`.

    >>> from spongewatch import Rejected
    >>> print(WatchRejected(Rejected("credentials", "status 401")))
    the service rejected the credentials: status 401
    """

    outcome: "Rejected"


@final
class WatchCancelled(OutcomeError):  # noqa: N818
    """The caller cancelled the watch: the outcome is `Cancelled`.

    >>> from spongewatch import Cancelled
    >>> print(WatchCancelled(Cancelled()))
    stopped watching; the import may still be running
    """

    outcome: "Cancelled"
