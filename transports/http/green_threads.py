"""Detects surroundings in which a blocking transport would hang, or block everything else."""

import queue
import sys
from typing import Any

from ...core import LocalProtocolError
from ..clock import SimpleQueue as _SleepsOn  # type: ignore[attr-defined] # loaded before all other blocking parts


def refuse_green_threads() -> None:
    """Raise `LocalProtocolError` under eventlet, under gevent patched too late, and in a task of trio."""
    modules: dict[str, Any] = sys.modules
    if "eventlet.patcher" in modules and modules["eventlet.patcher"].is_monkey_patched("socket"):
        raise LocalProtocolError("eventlet's monkey patching is not supported; use threads, gevent or asyncio")
    if "gevent.monkey" in modules and queue.SimpleQueue is not _SleepsOn:
        raise LocalProtocolError(
            "gevent patched the standard library after spongewatch was imported; call gevent.monkey.patch_all() first"
        )
    if "trio" in modules and modules["trio"].lowlevel.in_trio_run():
        raise LocalProtocolError("this would block trio's event loop; run it in a thread, by trio.to_thread.run_sync")
