"""How an answer gets to the core: transports, the loops that carry it, and what stands in for a service."""

from importlib import import_module
from typing import TYPE_CHECKING

from .clock import Clock, SystemClock, VirtualClock
from .observers import Observer
from .recording import RecordingError
from .replay import Replay, ReplayTransport, open_recording, replay
from .scenarios import SCENARIOS, Scenario
from .trace_writer import TraceWriter
from .transport import Transport
from .watching import Watch, poll, wait, watch

if TYPE_CHECKING:
    from .simulator import ServedRequest, Simulator
    from .urllib3_transport import Urllib3Transport

__all__ = [
    "SCENARIOS",
    "Clock",
    "Observer",
    "RecordingError",
    "Replay",
    "ReplayTransport",
    "Scenario",
    "ServedRequest",
    "Simulator",
    "SystemClock",
    "TraceWriter",
    "Transport",
    "Urllib3Transport",
    "VirtualClock",
    "Watch",
    "open_recording",
    "poll",
    "replay",
    "wait",
    "watch",
]

_LOADED_WHEN_USED = {
    "ServedRequest": "simulator",
    "Simulator": "simulator",
    "Urllib3Transport": "urllib3_transport",
}


def __getattr__(name: str) -> object:
    """What takes long to load, and is not needed to replay, is loaded when it is used."""
    if name not in _LOADED_WHEN_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_WHEN_USED[name]}"), name)
