"""How an answer gets to the core: transports, the loops that carry it, and what stands in for a service."""

from importlib import import_module
from typing import TYPE_CHECKING

from .clock import AsyncClock, Clock, SystemClock, VirtualClock
from .observers import Observer, ObserverErrors
from .opening import open_recording
from .recording import End, Exchange, Recording, RecordingError, Torn
from .replay import Replay, ReplayTransport, replay
from .response_body import ResponseBody
from .scenarios import SCENARIOS, Scenario
from .trace_lines import TraceLines
from .trace_writer import TraceWriter
from .transport import Transport
from .watching import Watch, poll, wait, watch

if TYPE_CHECKING:
    from .async_transport import AsyncTransport
    from .async_watching import AsyncWatch, wait_async, watch_async
    from .error_translation import as_transport_error
    from .sending import Sending
    from .simulator import ServedRequest, Simulator
    from .threaded_transport import ThreadedTransport
    from .timed_response import TimedResponse
    from .urllib3_transport import Urllib3Transport

__all__ = [
    "SCENARIOS",
    "AsyncClock",
    "AsyncTransport",
    "AsyncWatch",
    "Clock",
    "End",
    "Exchange",
    "Observer",
    "ObserverErrors",
    "Recording",
    "RecordingError",
    "Replay",
    "ReplayTransport",
    "ResponseBody",
    "Scenario",
    "Sending",
    "ServedRequest",
    "Simulator",
    "SystemClock",
    "ThreadedTransport",
    "TimedResponse",
    "Torn",
    "TraceLines",
    "TraceWriter",
    "Transport",
    "Urllib3Transport",
    "VirtualClock",
    "Watch",
    "as_transport_error",
    "open_recording",
    "poll",
    "replay",
    "wait",
    "wait_async",
    "watch",
    "watch_async",
]

_LOADED_WHEN_USED = {
    "AsyncTransport": "async_transport",
    "AsyncWatch": "async_watching",
    "Sending": "sending",
    "ServedRequest": "simulator",
    "Simulator": "simulator",
    "ThreadedTransport": "threaded_transport",
    "TimedResponse": "timed_response",
    "Urllib3Transport": "urllib3_transport",
    "as_transport_error": "error_translation",
    "wait_async": "async_watching",
    "watch_async": "async_watching",
}


def __getattr__(name: str) -> object:
    """What takes long to load, and is not needed to replay, is loaded when it is used."""
    if name not in _LOADED_WHEN_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_WHEN_USED[name]}"), name)
