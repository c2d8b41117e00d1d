"""Spongewatch imports a person's contacts by CloudSponge: it begins the import, waits for it, and downloads them.

This is the public face. It loads the core alone; `Client`, `AsyncClient`, `wait` and `watch` load transports on first
use. `spongewatch.transports` sends requests and drives sessions; `spongewatch.adapters` reports what happens.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .core import *  # noqa: F403
from .core import __all__ as __all__

if TYPE_CHECKING:
    from .adapters import AsyncClient as AsyncClient
    from .adapters import Client as Client
    from .transports import wait as wait
    from .transports import watch as watch

__version__ = "0.1.0"

_LOADED_WHEN_USED = {
    "AsyncClient": "adapters",
    "Client": "adapters",
    "wait": "transports",
    "watch": "transports",
}


def __getattr__(name: str) -> object:
    """Load what is not the core's on first use."""
    if name not in _LOADED_WHEN_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_WHEN_USED[name]}"), name)
