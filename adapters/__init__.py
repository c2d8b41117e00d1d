"""Clients, observers of a watch, and the command line.

Code that carries the core's decisions out for people and programs belongs here. Code that decides when to poll or what
a response means does not: that is in `core`, and sending requests is in `transports`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .observers.callbacks import Callbacks
from .observers.logging_adapter import LoggingAdapter

if TYPE_CHECKING:
    from .client.async_client import AsyncClient
    from .client.client import Client

__all__ = ["AsyncClient", "Callbacks", "Client", "LoggingAdapter"]

_LOADED_WHEN_USED = {"AsyncClient": "client.async_client", "Client": "client.client"}


def __getattr__(name: str) -> object:
    """Load a client, and the transports with it, on first use."""
    if name not in _LOADED_WHEN_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_WHEN_USED[name]}"), name)
