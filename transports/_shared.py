"""Names that the adapters import from the transports but that are not public."""

from .recordings.recording import Exchange
from .recordings.trace_lines import TraceLines

__all__ = ["Exchange", "TraceLines"]
