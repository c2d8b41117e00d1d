"""Ports that a test may listen at, and that nobody else is given meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """One that is taken, but not listened at; who comes to it before the test listens there is refused.

    A port that is free may be another process's a moment later.
    """
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # whoever is to listen says so, too
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]
