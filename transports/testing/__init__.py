"""Helpers for tests of code that uses spongewatch, and for tests of transports.

The contracts need pytest, and load it when they are first used.

PYTEST_DONT_REWRITE: there are no asserts in this module, so it may be imported before pytest loads it as a plugin.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .handler import HandlerTransport
from .script import PlayedPoll, ScriptedService

if TYPE_CHECKING:
    from .contract.suites import (
        AsyncFramingContract,
        AsyncKeepAliveContract,
        AsyncTransportContract,
        FramingContract,
        KeepAliveContract,
        TransportContract,
    )

__all__ = [
    "AsyncFramingContract",
    "AsyncKeepAliveContract",
    "AsyncTransportContract",
    "FramingContract",
    "HandlerTransport",
    "KeepAliveContract",
    "PlayedPoll",
    "ScriptedService",
    "TransportContract",
]

pytest_plugins = ["spongewatch.transports.testing.fixtures"]
"""The fixtures that pytest loads if a test suite names this module as a plugin."""


def __getattr__(name: str) -> object:
    """Load the contracts on first use: they need pytest."""
    if name not in __all__ or not name.endswith("Contract"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.contract.suites"), name)
