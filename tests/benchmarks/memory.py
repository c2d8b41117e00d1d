"""Measure the memory of a long watch, which should stay constant, and the allocations of a poll without changes.

Each watch runs twice in its own process: for the resident memory (read from /proc, so on Linux only), and with
tracemalloc, which itself takes memory and time. Every tenth response has a new number of contacts.
"""

import gc
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Generator, Sequence
from itertools import repeat
from pathlib import Path
from resource import getpagesize
from tempfile import TemporaryDirectory

from growth import CREDENTIALS, PATIENT, Growth, new_session, poll
from measuring import in_words, table
from service_responses import GATHERING, IMPORT_ID, JSON_HEADERS, gathering

from spongewatch import ImportSession, Request, Response, TransportError
from spongewatch.transports import Replay, TraceWriter, VirtualClock, open_recording, watch
from spongewatch.transports.testing import HandlerTransport

CHECKPOINTS = (1_000, 10_000, 100_000)
WATCHES = ("a session alone", "watch, with record=", "replay of that trace")

Sample = Callable[[int], None]


def long_watches() -> tuple[list[Growth], list[Growth]]:
    """Return the bytes at each checkpoint of each watch: resident, and allocated since the process started."""
    with TemporaryDirectory() as folder:
        resident = [Growth(name, CHECKPOINTS, _in_a_process(name, "resident", folder), "bytes") for name in WATCHES]
        allocated = [Growth(name, CHECKPOINTS, _in_a_process(name, "traced", folder), "bytes") for name in WATCHES]
    return resident, allocated


def saved_sizes() -> list[int]:
    """Return the length of the saved session at each checkpoint."""
    session, now, sizes = new_session(), 0.0, []
    for polls in range(1, CHECKPOINTS[-1] + 1):
        now = poll(session, GATHERING, now)
        if polls in CHECKPOINTS:
            sizes.append(len(session.save()))
    return sizes


def memory_table(resident: Sequence[Growth], allocated: Sequence[Growth], saved: Sequence[int]) -> str:
    """Format the figures as a Markdown table."""
    rows = [
        (f"{growth.what}: {what}", *(in_words(size, "bytes") for size in growth.costs))
        for growths in zip(resident, allocated, strict=True)
        for growth, what in zip(growths, ("resident", "allocated"), strict=True)
    ]
    rows.append(("saved session", *(f"{size:,} characters" for size in saved)))
    return table(("polls so far", *(f"{polls:,}" for polls in CHECKPOINTS)), rows)


def allocations_of_a_poll() -> str:
    """Measure what polls without changes leave behind, and what one of them allocates; return a Markdown table."""
    session, again = new_session(), bytes(bytearray(GATHERING))
    now = poll(session, GATHERING, 0.0)

    def polled(polls: int) -> int:
        nonlocal now
        blocks = sys.getallocatedblocks()
        for _ in repeat(None, polls):
            now = poll(session, again, now)
        return sys.getallocatedblocks() - blocks

    polled(1_000)
    left = polled(10_000) - polled(0)
    response = Response(200, JSON_HEADERS, again)
    tracemalloc.start()
    session.receive(response, now=now)
    _, most = tracemalloc.get_traced_memory()
    kept = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*session.py")]).traces
    tracemalloc.stop()
    size = sum(trace.size for trace in kept)
    rows = [
        ("memory blocks left behind by 10,000 polls", f"{left}"),
        ("objects that `receive` creates, each replacing an older one", f"{len(kept)}, of {size} bytes"),
        ("peak allocation during `receive`", f"{most} bytes"),
    ]
    return table(("a poll without news", "memory"), rows)


def _in_a_process(name: str, how: str, folder: str) -> list[int]:
    done = subprocess.run([sys.executable, __file__, name, how, folder], capture_output=True, text=True, check=True)
    sizes: list[int] = json.loads(done.stdout)
    return sizes


def _run(name: str, how: str, folder: str) -> None:
    sizes: list[int] = []
    trace = Path(folder, "trace.jsonl")

    def sample(polls: int) -> None:
        if polls in CHECKPOINTS:
            gc.collect()  # clears CPython's free lists, which keep up to 2,000 tuples of each length
            sizes.append(tracemalloc.get_traced_memory()[0] if how == "traced" else _resident())

    if how == "traced":
        tracemalloc.start()
    match WATCHES.index(name):
        case 0:
            _session_alone(sample)
        case 1:
            trace.unlink(missing_ok=True)
            _watched(sample, trace)
        case _:
            _replayed(sample, trace)
    print(json.dumps(sizes))


def _response(polls: int) -> Response:
    return Response(200, JSON_HEADERS, gathering(polls // 10))


def _session_alone(sample: Sample) -> None:
    session, now = new_session(), 0.0
    for polls in range(1, CHECKPOINTS[-1] + 1):
        now = poll(session, _response(polls).body, now)
        sample(polls)


def _watched(sample: Sample, trace: Path) -> None:
    polls = 0

    def response(request: Request) -> Response:
        nonlocal polls
        sample(polls)
        if polls == CHECKPOINTS[-1]:
            raise TransportError("refused", permanent=True)
        polls += 1
        return _response(polls)

    session = ImportSession(IMPORT_ID, CREDENTIALS, now=0.0, policy=PATIENT)
    with TraceWriter(trace, CREDENTIALS) as record:
        watch(session, HandlerTransport(response), record=record, clock=VirtualClock()).run()


class _Sampled:
    """A recording that reports how many entries were read."""

    def __init__(self, trace: Path, sample: Sample) -> None:
        self._recording = open_recording(trace)
        self._sample = sample
        self.import_id, self.policy = self._recording.import_id, self._recording.policy
        self.resumed = self._recording.resumed

    def entries(self) -> Generator[object, None, None]:
        for polls, entry in enumerate(self._recording.entries()):
            self._sample(polls)
            yield entry


def _replayed(sample: Sample, trace: Path) -> None:
    for _ in Replay(_Sampled(trace, sample)):
        pass


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()


if __name__ == "__main__":
    if sys.argv[1:]:
        _run(*sys.argv[1:])
    else:
        print(memory_table(*long_watches(), saved_sizes()))
        print(allocations_of_a_poll())
