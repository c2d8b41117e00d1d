"""The protocol: the state machine, the polling session, parsing and redaction.

Nothing here does I/O, reads a clock, draws random numbers or logs. Code that sends requests belongs in `transports`.
"""

from .actions import Action, Done, Send, Wait
from .codec import decode
from .credentials import Credentials
from .emitted import Anomaly, Emitted, Ended, PollFailed, Transition
from .endpoint import PUBLIC_SERVICE, is_import_id
from .error_codes import ERROR_CODES, ErrorCategory, ErrorCode, ImportFailure, Remedy, explain
from .errors import (
    InvalidArgument,
    InvalidType,
    LocalProtocolError,
    RemoteProtocolError,
    SpongewatchError,
    TransportError,
)
from .events import EventsPage, ImportEvent
from .exchange import Request, Response
from .machine import ImportMachine
from .outcome_errors import (
    ContactLost,
    ImportAbandoned,
    ImportFailed,
    OutcomeError,
    WatchCancelled,
    WatchRejected,
    WatchTimedOut,
)
from .outcomes import Abandoned, Cancelled, Completed, Failed, LostContact, Outcome, Rejected, TimedOut
from .policy import PollPolicy
from .session import ImportSession
from .table import TRANSITIONS, State

__all__ = [
    "ERROR_CODES",
    "PUBLIC_SERVICE",
    "TRANSITIONS",
    "Abandoned",
    "Action",
    "Anomaly",
    "Cancelled",
    "Completed",
    "ContactLost",
    "Credentials",
    "Done",
    "Emitted",
    "Ended",
    "ErrorCategory",
    "ErrorCode",
    "EventsPage",
    "Failed",
    "ImportAbandoned",
    "ImportEvent",
    "ImportFailed",
    "ImportFailure",
    "ImportMachine",
    "ImportSession",
    "InvalidArgument",
    "InvalidType",
    "LocalProtocolError",
    "LostContact",
    "Outcome",
    "OutcomeError",
    "PollFailed",
    "PollPolicy",
    "Rejected",
    "Remedy",
    "RemoteProtocolError",
    "Request",
    "Response",
    "Send",
    "SpongewatchError",
    "State",
    "TimedOut",
    "Transition",
    "TransportError",
    "Wait",
    "WatchCancelled",
    "WatchRejected",
    "WatchTimedOut",
    "decode",
    "explain",
    "is_import_id",
]
