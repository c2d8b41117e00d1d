"""I/O for the core: transports, polling loops, recordings and a simulated service.

- Directly in this package: the interfaces of transports and clocks, `ThreadedTransport`, `wait` and `wait_async`.
- `http`: requests over the network.
- `polling`: the loops that poll for a session.
- `recordings`: reading, writing and replaying recorded imports.
- `simulator`: a local stand-in for the service.
- `testing`: tools for tests, such as the suite that every transport has to pass.

Protocol rules belong in `spongewatch.core`; logging, callbacks and the command line in `spongewatch.adapters`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .clock import AsyncClock, Clock, SystemClock, VirtualClock
from .defaults import wait, wait_async
from .http.response_body import ResponseBody
from .polling.observers import Observer, ObserverErrors
from .polling.poll import poll
from .polling.recorder import Recorder
from .polling.watch import Watch, watch
from .recordings.opening import open_recording
from .recordings.recording import Recording, RecordingError
from .recordings.replay import Replay, ReplayTransport, replay
from .recordings.trace_writer import TraceWriter
from .simulator.scenarios import SCENARIOS, Scenario
from .transport import AsyncTransport, Transport

if TYPE_CHECKING:
    from .http.asyncio_transport import AsyncioTransport
    from .http.error_translation import as_transport_error
    from .http.timed_response import TimedResponse
    from .http.urllib3_transport import Urllib3Transport
    from .polling.watch_async import AsyncWatch, watch_async
    from .simulator.simulator import Simulator
    from .threaded_transport import ThreadedTransport

__all__ = [
    "SCENARIOS",
    "AsyncClock",
    "AsyncTransport",
    "AsyncWatch",
    "AsyncioTransport",
    "Clock",
    "Observer",
    "ObserverErrors",
    "Recorder",
    "Recording",
    "RecordingError",
    "Replay",
    "ReplayTransport",
    "ResponseBody",
    "Scenario",
    "Simulator",
    "SystemClock",
    "ThreadedTransport",
    "TimedResponse",
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

_LOADED_ON_FIRST_USE = {
    "AsyncWatch": "polling.watch_async",
    "AsyncioTransport": "http.asyncio_transport",
    "Simulator": "simulator.simulator",
    "ThreadedTransport": "threaded_transport",
    "TimedResponse": "http.timed_response",
    "Urllib3Transport": "http.urllib3_transport",
    "as_transport_error": "http.error_translation",
    "watch_async": "polling.watch_async",
}


def __getattr__(name: str) -> object:
    """Load names of slow modules, such as urllib3 and asyncio, on first use; a replay doesn't need them."""
    if name not in _LOADED_ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_ON_FIRST_USE[name]}"), name)
