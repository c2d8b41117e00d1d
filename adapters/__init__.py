"""Where transitions go: logging, callbacks, the command line."""

from .callbacks import Callbacks
from .logging_adapter import LoggingAdapter

__all__ = ["Callbacks", "LoggingAdapter"]
