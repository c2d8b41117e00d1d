"""Spongewatch waits for a CloudSponge contact import to end, and says what happened on the way.

This is the pure core: no I/O, no clock, no randomness, no logging. What brings answers here is in
`spongewatch.transports`, and where transitions go is in `spongewatch.adapters`.
"""

from .codec import MAX_BODY, decode
from .emitted import Anomaly, Emitted, Ended, PollFailed, Transition
from .errors import (
    TRANSPORT_ERROR_KINDS,
    LocalProtocolError,
    RemoteProtocolError,
    SpongewatchError,
    TransportError,
)
from .events import EventsPage, ImportEvent
from .exchange import Request, Response
from .failures import ERROR_CODES, ErrorCategory, ErrorCode, ImportFailure, Remedy, explain
from .machine import ImportMachine
from .outcomes import (
    Abandoned,
    Cancelled,
    Completed,
    Failed,
    LostContact,
    Outcome,
    Rejected,
    TimedOut,
)
from .table import TRANSITIONS, State
from .text import printable, shortened, shown

__version__ = "0.1.0"

__all__ = [
    "ERROR_CODES",
    "MAX_BODY",
    "TRANSITIONS",
    "TRANSPORT_ERROR_KINDS",
    "Abandoned",
    "Anomaly",
    "Cancelled",
    "Completed",
    "Emitted",
    "Ended",
    "ErrorCategory",
    "ErrorCode",
    "EventsPage",
    "Failed",
    "ImportEvent",
    "ImportFailure",
    "ImportMachine",
    "LocalProtocolError",
    "LostContact",
    "Outcome",
    "PollFailed",
    "Rejected",
    "Remedy",
    "RemoteProtocolError",
    "Request",
    "Response",
    "SpongewatchError",
    "State",
    "TimedOut",
    "Transition",
    "TransportError",
    "decode",
    "explain",
    "printable",
    "shortened",
    "shown",
]
