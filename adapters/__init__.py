"""Shows what a watch emits to people and programs: observers, the command line, the live block and timelines.

Code that presents items belongs here. Code that decides when to poll or what a response means does not: that is in
`core`, and sending requests is in `transports`.
"""

from .observers.callbacks import Callbacks
from .observers.logging_adapter import LoggingAdapter

__all__ = ["Callbacks", "LoggingAdapter"]
