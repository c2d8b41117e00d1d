"""Where transitions go: logging, callbacks, the command line."""

from .observers.callbacks import Callbacks
from .observers.logging_adapter import LoggingAdapter

__all__ = ["Callbacks", "LoggingAdapter"]
