"""`Sending`: a request in progress, which `interrupt` aborts from another thread."""

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
    """A request that waits to be sent or is being sent, with its deadline; created by `Urllib3Transport.sending`.

    `run` and `interrupt` are for the caller, the rest for the transport and its connection.

    >>> from spongewatch import Request
    >>> from spongewatch.transports import Urllib3Transport
    >>> with Urllib3Transport() as transport:
    ...     sending = transport.sending(Request("GET", "http://127.0.0.1:1/events/1126.json"), timeout=1)
    ...     sending.interrupt()
    ...     sending.run()
    Traceback (most recent call last):
    spongewatch.core.errors.TransportError: reset: the request was aborted
    """

    def __init__(
        self, send: "Callable[[Sending], Response]", target: Secret, deadline: Deadline, *, fresh: bool, secure: bool
    ) -> None:
        self.target = target
        self.fresh = fresh
        self.secure = secure
        self.deadline = deadline
        self.interrupted = False
        self._send = send
        self._sock: socket.socket | None = None
        self._lock = Lock()  # or `interrupt` might shut down a connection that another request uses by now
        self._woken: SimpleQueue[None] | None = None

    def run(self) -> Response:
        """Send the request, once; return and raise what `Urllib3Transport.send` does."""
        return self._send(self)

    def interrupt(self) -> None:
        """Abort the request, from any thread: `run` raises a `TransportError` and sends nothing more."""
        with self._lock:
            self.interrupted = True
            if self._sock is not None:
                # SSLSocket.shutdown would drop the TLS state that the sending thread uses.
                with suppress(OSError):  # it is no longer connected
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        self.wake()

    def wait(self, seconds: float) -> bool:
        """Wait for `wake`, at most `seconds`; return False if the deadline has passed."""
        if self._woken is None:
            self._woken = SimpleQueue()
            return True  # the caller has to check once more, because `wake` did nothing until now
        left = self.deadline.remaining()
        if left > 0:
            with suppress(Empty):
                self._woken.get(timeout=min(left, seconds))
        return left > 0

    def wake(self) -> None:
        """End a `wait`."""
        if self._woken is not None:
            self._woken.put(None)

    def time_left(self) -> float:
        """Return the seconds left; raise `TransportError` if the deadline has passed or the request was interrupted."""
        if self.interrupted:
            raise self.aborted()
        return self.deadline.time_left()

    def aborted(self) -> TransportError:
        """Return the error of an interrupted request."""
        return TransportError("reset", "the request was aborted")

    def use(self, sock: socket.socket) -> None:
        """Make `sock` the socket that `interrupt` shuts down; raise as `time_left` does."""
        with self._lock:
            self._sock = sock
        self.time_left()

    def release(self) -> None:
        """Detach the socket, because other requests may use the connection now."""
        with self._lock:
            self._sock = None

    def close_in_child(self) -> None:
        """Close the socket in a forked process; the parent's connection stays open."""
        if self._sock is not None:  # without the lock: the thread that holds it may not exist here
            with suppress(OSError):  # it is already closed
                os.close(self._sock.detach())
