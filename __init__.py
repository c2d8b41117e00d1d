"""Spongewatch waits for a CloudSponge contact import to end and reports what happens on the way.

This is the public face of the core. `spongewatch.transports` brings responses, `spongewatch.adapters` reports them.
"""

from .core import *  # noqa: F403
from .core import __all__ as __all__

__version__ = "0.1.0"
