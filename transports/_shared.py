"""What the adapters need of the transports, and their users don't: the names here are not public."""

from .recordings.recording import Exchange
from .recordings.trace_lines import TraceLines

__all__ = ["Exchange", "TraceLines"]
