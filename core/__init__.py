"""The protocol: the state machine, the polling session, parsing and redaction.

Nothing here does I/O, reads a clock, draws random numbers or logs. Code that sends requests belongs in `transports`.
"""

from .actions import Action, Done, Send, Wait
from .begin_import import BegunImport, begin_request, read_begun
from .codec import decode
from .contact import Contact, Email, Phone, PostalAddress
from .contacts import Contacts, ContactsPage, contacts_request, read_contacts
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
from .service_error import ServiceError
from .session import ImportSession
from .table import TRANSITIONS, State

__all__ = [
    "ERROR_CODES",
    "PUBLIC_SERVICE",
    "TRANSITIONS",
    "Abandoned",
    "Action",
    "Anomaly",
    "BegunImport",
    "Cancelled",
    "Completed",
    "Contact",
    "ContactLost",
    "Contacts",
    "ContactsPage",
    "Credentials",
    "Done",
    "Email",
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
    "Phone",
    "PollFailed",
    "PollPolicy",
    "PostalAddress",
    "Rejected",
    "Remedy",
    "RemoteProtocolError",
    "Request",
    "Response",
    "Send",
    "ServiceError",
    "SpongewatchError",
    "State",
    "TimedOut",
    "Transition",
    "TransportError",
    "Wait",
    "WatchCancelled",
    "WatchRejected",
    "WatchTimedOut",
    "begin_request",
    "contacts_request",
    "decode",
    "explain",
    "is_import_id",
    "read_begun",
    "read_contacts",
]
