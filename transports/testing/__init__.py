"""For those who test their own code, or a transport of their own; what needs pytest loads it when it is used.

PYTEST_DONT_REWRITE: nothing is asserted here, and so names may be imported from here before pytest loads it.
"""

from importlib import import_module
from sys import modules
from typing import TYPE_CHECKING

from .handler import HandlerTransport
from .script import PlayedPoll, ScriptedService

if TYPE_CHECKING:
    from .contract import (
        AsyncKeepAliveContract,
        AsyncTransportContract,
        KeepAliveContract,
        TransportContract,
    )
    from .framing_contract import AsyncFramingContract, FramingContract

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
"""What pytest loads along with this module, where a test suite names it as a plugin."""


def __getattr__(name: str) -> object:
    """The suites are loaded when they are used, and such that pytest shows more of an assert that fails."""
    if name not in __all__ or not name.endswith("Contract"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    suites = [f"{__name__}.contract", f"{__name__}.framing_contract"]
    import_module("pytest").register_assert_rewrite(*(suite for suite in suites if suite not in modules))
    return getattr(import_module(suites["Framing" in name]), name)
