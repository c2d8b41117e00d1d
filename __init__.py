"""Spongewatch waits for a CloudSponge contact import to end and reports what happens on the way.

This package exports the core. `spongewatch.transports` sends requests; `spongewatch.adapters` has the command line and
observers.
"""

from .core import *  # noqa: F403
from .core import __all__ as __all__

__version__ = "0.1.0"
