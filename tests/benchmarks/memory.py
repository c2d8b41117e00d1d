"""Memory over a long watch, which has to stay flat, and what one poll without news allocates.

Each watch runs in a process of its own: once as it is, for the memory that the system gave it (read from
/proc, so on Linux alone), and once with every allocation traced, which takes memory and time by itself.
Each tenth answer brings a new number of contacts.
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
from service_answers import GATHERING, IMPORT_ID, JSON_HEADERS, gathering

from spongewatch import ImportSession, Request, Response, TransportError
from spongewatch.transports import Replay, TraceWriter, VirtualClock, open_recording, watch
from spongewatch.transports.testing import HandlerTransport

CHECKPOINTS = (1_000, 10_000, 100_000)
WATCHES = ("a session alone", "watch, with record=", "replay of that trace")

Sample = Callable[[int], None]


def long_watches() -> tuple[list[Growth], list[Growth]]:
    """Bytes at each checkpoint of each of the watches: resident, and allocated since the process began."""
    with TemporaryDirectory() as folder:
        resident = [Growth(name, CHECKPOINTS, _in_a_process(name, "resident", folder), "bytes") for name in WATCHES]
        allocated = [Growth(name, CHECKPOINTS, _in_a_process(name, "traced", folder), "bytes") for name in WATCHES]
    return resident, allocated


def saved_sizes() -> list[int]:
    """Characters that `save` gives after so many polls."""
    session, now, sizes = new_session(), 0.0, []
    for polls in range(1, CHECKPOINTS[-1] + 1):
        now = poll(session, GATHERING, now)
        if polls in CHECKPOINTS:
            sizes.append(len(session.save()))
    return sizes


def memory_table(resident: Sequence[Growth], allocated: Sequence[Growth], saved: Sequence[int]) -> str:
    """The figures in Markdown."""
    rows = [
        (f"{growth.what}: {what}", *(in_words(size, "bytes") for size in growth.costs))
        for growths in zip(resident, allocated, strict=True)
        for growth, what in zip(growths, ("resident", "allocated"), strict=True)
    ]
    rows.append(("what `save` gives", *(f"{size:,} characters" for size in saved)))
    return table(("after so many polls", *(f"{polls:,}" for polls in CHECKPOINTS)), rows)


def allocations_of_a_poll() -> str:
    """What polls without news leave behind, and what one allocates, in Markdown."""
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
    answer = Response(200, JSON_HEADERS, again)
    tracemalloc.start()
    session.receive(answer, now=now)
    _, most = tracemalloc.get_traced_memory()
    kept = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*session.py")]).traces
    tracemalloc.stop()
    size = sum(trace.size for trace in kept)
    rows = [
        ("blocks of memory that 10,000 of them leave behind", f"{left}"),
        ("objects that `receive` makes, each in place of one that goes", f"{len(kept)}, of {size} bytes"),
        ("the most that `receive` has allocated while it runs", f"{most} bytes"),
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
            gc.collect()  # which empties CPython's own lists of free objects: they fill up to 2,000 tuples of a length
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


def _answer(polls: int) -> Response:
    return Response(200, JSON_HEADERS, gathering(polls // 10))


def _session_alone(sample: Sample) -> None:
    session, now = new_session(), 0.0
    for polls in range(1, CHECKPOINTS[-1] + 1):
        now = poll(session, _answer(polls).body, now)
        sample(polls)


def _watched(sample: Sample, trace: Path) -> None:
    polls = 0

    def answer(request: Request) -> Response:
        nonlocal polls
        sample(polls)
        if polls == CHECKPOINTS[-1]:
            raise TransportError("refused", permanent=True)
        polls += 1
        return _answer(polls)

    session = ImportSession(IMPORT_ID, CREDENTIALS, now=0.0, policy=PATIENT)
    with TraceWriter(trace, CREDENTIALS) as record:
        watch(session, HandlerTransport(answer), record=record, clock=VirtualClock()).run()


class _Sampled:
    """A recording that tells how far it was read."""

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
