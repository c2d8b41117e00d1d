"""A request on its way: the time it has left, and the socket to shut down if it is cut off."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock
from typing import final

from ...core import Response, TransportError
from ...core._shared import Secret
from ..deadline import Deadline
from ..unpicklable import Unpicklable


@final
class Sending(Unpicklable):
    """A request that has not left yet, or is under way; made by `Urllib3Transport.sending`.

    >>> from spongewatch import Request
    >>> from spongewatch.transports import Urllib3Transport
    >>> with Urllib3Transport() as transport:
    ...     sending = transport.sending(Request("GET", "http://127.0.0.1:1/events/1126.json"), timeout=1)
    ...     sending.interrupt()
    ...     sending.run()
    Traceback (most recent call last):
    spongewatch.core.errors.TransportError: reset: the request was cut off
    """

    def __init__(
        self, send: "Callable[[Sending], Response]", target: Secret, deadline: Deadline, *, fresh: bool, secure: bool
    ) -> None:
        self.target = target
        self.fresh = fresh
        self.secure = secure
        self.deadline = deadline
        self.cut_off = False
        self._send = send
        self._sock: socket.socket | None = None
        self._lock = Lock()  # between `interrupt` and the return of a connection to its pool
        self._woken: SimpleQueue[None] | None = None

    def run(self) -> Response:
        """Send the request, once.

        Returns:
            What `Urllib3Transport.send` returns; raises what it raises.
        """
        return self._send(self)

    def interrupt(self) -> None:
        """Cut the request off, from any thread: `run` raises a `TransportError`, and sends nothing more."""
        with self._lock:
            self.cut_off = True
            if self._sock is not None:
                with suppress(OSError):  # it is not connected any more
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # that of TLS would wait for its owner
        self.look_again()

    def wait(self, seconds: float) -> bool:
        """Wait for `look_again`, for so many seconds at most; return False if no time is left."""
        if self._woken is None:
            self._woken = SimpleQueue()
            return True  # to look once more, now that it can be told
        left = self.deadline.left()
        if left > 0:
            with suppress(Empty):
                self._woken.get(timeout=min(left, seconds))
        return left > 0

    def look_again(self) -> None:
        """End a `wait`."""
        if self._woken is not None:
            self._woken.put(None)

    def time_left(self) -> float:
        """Return the seconds left; raise `TransportError` if there are none, or if the request was cut off."""
        if self.cut_off:
            raise TransportError("reset", "the request was cut off")
        return self.deadline.time_left()

    def use(self, sock: socket.socket) -> None:
        """Take `sock` for the one to shut down; raise as `time_left` does."""
        with self._lock:
            self._sock = sock
        self.time_left()

    def let_go(self) -> None:
        """Leave the connection to other requests."""
        with self._lock:
            self._sock = None

    def leave_to_parent(self) -> None:
        """Close the socket in a forked process; its connection goes on in the parent."""
        if self._sock is not None:  # the thread that holds the lock may not be here
            with suppress(OSError):  # it is closed
                os.close(self._sock.detach())
