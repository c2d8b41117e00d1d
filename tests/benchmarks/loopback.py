"""A service on this machine, in its own process so that its CPU time isn't measured.

Import 1126 waits forever; every other import runs to its end, again and again.
"""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from types import SimpleNamespace

from service_responses import WHOLE_IMPORT, json_response

from spongewatch import ImportEvent

ENDLESS = "1126"


@contextmanager
def service() -> Iterator[SimpleNamespace]:
    """Start the service: `port` is its port, and `polls`, after the block, the number of polls on each connection."""
    process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    with process:
        running = SimpleNamespace(port=int(process.stdout.readline()), polls=[])
        try:
            yield running
        finally:
            process.stdin.close()
            running.polls = [int(count) for count in process.stdout.read().split()]


def _whole(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


def _serve(connection: socket.socket, counts: list[int], number: int) -> None:
    endless = _whole(json_response(ImportEvent("INITIALIZING", "INPROGRESS", 0), import_id=ENDLESS))
    import_goes_on = cycle(map(_whole, WHOLE_IMPORT))
    path = f"/events/{ENDLESS}.".encode()
    data = b""
    with connection:
        while piece := connection.recv(65536):
            data += piece
            while b"\r\n\r\n" in data:
                request, _, data = data.partition(b"\r\n\r\n")
                counts[number] += 1
                connection.sendall(endless if path in request else next(import_goes_on))


def _accept(listener: socket.socket, counts: list[int]) -> None:
    while True:
        connection, _ = listener.accept()
        counts.append(0)
        threading.Thread(target=_serve, args=(connection, counts, len(counts) - 1), daemon=True).start()


if __name__ == "__main__":
    listener, counts = socket.create_server(("127.0.0.1", 0)), list[int]()
    threading.Thread(target=_accept, args=(listener, counts), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
    print(*counts)
