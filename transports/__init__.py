"""How an answer gets to the core: transports, and the recordings that stand in for a service."""

from .clock import VirtualClock
from .recording import RecordingError
from .replay import Replay, ReplayTransport, open_recording, replay
from .transport import Transport

__all__ = [
    "RecordingError",
    "Replay",
    "ReplayTransport",
    "Transport",
    "VirtualClock",
    "open_recording",
    "replay",
]
