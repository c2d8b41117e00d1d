"""Detects green threads and event loops under which a blocking transport would hang or block everything else."""

import queue
import sys
from typing import Any

from ...core import LocalProtocolError

# The class that `clock` imported before any other module of this package could block.
from ..clock import SimpleQueue as _UnpatchedQueue  # type: ignore[attr-defined]


def refuse_green_threads() -> None:
    """Check that blocking calls work here.

    Raises:
        LocalProtocolError: eventlet patched the standard library, gevent did so after Spongewatch was imported, or
            this is a task of trio.
    """
    modules: dict[str, Any] = sys.modules
    if "eventlet.patcher" in modules and modules["eventlet.patcher"].is_monkey_patched("socket"):
        raise LocalProtocolError("eventlet's monkey patching is not supported; use threads, gevent or asyncio")
    if "gevent.monkey" in modules and queue.SimpleQueue is not _UnpatchedQueue:
        raise LocalProtocolError(
            "gevent patched the standard library after spongewatch was imported; call gevent.monkey.patch_all() first"
        )
    if "trio" in modules and modules["trio"].lowlevel.in_trio_run():
        raise LocalProtocolError(
            "a request would block the event loop of trio; call it through trio.to_thread.run_sync"
        )
