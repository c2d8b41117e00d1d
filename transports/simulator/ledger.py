"""The connections and requests that a simulator has seen."""

from dataclasses import dataclass
from threading import Condition
from typing import final

_PATIENCE = 10.0
"""Seconds that `Ledger.requests` waits for requests in progress."""


@final
@dataclass(frozen=True, slots=True)
class ServedRequest:
    """One request as the simulator saw it.

    Args:
        arrived: When its first byte arrived, in seconds on `time.monotonic`.
        finished: When its response had been sent or the connection was given up, on the same clock.
        connection: The number of its connection, from 1.
        path: The path as it was sent, without the query, which may hold secrets; empty if it couldn't be read.
        status: The status of the response, None if there was no response.

    >>> request = ServedRequest(10.0, 10.002, 1, "/events/1126.json", 200)
    >>> request.path, request.status
    ('/events/1126.json', 200)
    """

    arrived: float
    finished: float
    connection: int
    path: str
    status: int | None


@final
class Ledger:
    """Counts connections and collects requests, from many threads."""

    def __init__(self) -> None:
        self.connections = 0
        self._changed = Condition()
        self._requests: list[ServedRequest] = []
        self._in_progress: set[object] = set()

    def connect(self) -> int:
        """Count a new connection and return its number."""
        with self._changed:
            self.connections += 1
            return self.connections

    def begin(self, request: object) -> None:
        """Note that a request has arrived."""
        with self._changed:
            self._in_progress.add(request)

    def finish(self, request: object, served: ServedRequest) -> None:
        """Note how a request that has arrived was served."""
        with self._changed:
            self._in_progress.discard(request)
            self._requests.append(served)
            self._changed.notify_all()

    def requests(self) -> list[ServedRequest]:
        """Return the requests in the order of their arrival, once those now in progress are finished."""
        with self._changed:
            waited_for = set(self._in_progress)
            self._changed.wait_for(lambda: waited_for.isdisjoint(self._in_progress), _PATIENCE)
            return sorted(self._requests, key=lambda request: request.arrived)
