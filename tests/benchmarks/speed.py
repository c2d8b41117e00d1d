"""Measure the ratios in the first table of the page "Speed"."""

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from resource import RUSAGE_CHILDREN, getrusage

from loopback import ENDLESS, service
from measuring import ratio, seconds, table
from parts import by_hand, in_the_core
from service_responses import GATHERING, IMPORT_ID, JSON_HEADERS, WAITING
from urllib3 import HTTPConnectionPool

from spongewatch import Credentials, ImportSession, PollPolicy, Response, Send
from spongewatch.transports import Urllib3Transport

CREDENTIALS = Credentials("demo-key", "demo-password")
UNWANTED = ("urllib3", "ssl", "asyncio", "rich")


def speed() -> str:
    """Measure all of them and return a Markdown table."""
    whole, alone, ours, bare = poll_over_loopback()
    loading, loaded = import_time()
    rows = [
        (
            "an unchanged response, against `json.loads` of it",
            "0.3",
            f"{unchanged_response():.2f}",
        ),
        (
            "a whole import of 85 polls, all of the core's work, against `json.loads` of each response",
            "0.6",
            f"{whole_import():.2f}",
        ),
        (
            "a whole poll over loopback, CPU, against a bare urllib3 pool request",
            "1.15",
            f"{whole:.2f}, its transport alone {alone:.2f}",
        ),
        (
            "a live session, without its last response",
            "1,126 bytes",
            f"{memory_of_a_session():,.0f} bytes",
        ),
        (f"{sum(ours):,} polls", "1 connection", f"{len(ours)} (the bare pool: {len(bare)})"),
        (
            "`import spongewatch`, CPU above a bare interpreter, against `import transitions`",
            "2.0",
            f"{loading:.2f}, with {' and '.join(loaded) or 'none of ' + ', '.join(UNWANTED)} loaded",
        ),
    ]
    return table(("work", "target, at most", "measured"), rows)


def new_session() -> ImportSession:
    return ImportSession(IMPORT_ID, CREDENTIALS, now=0.0)


def unchanged_response() -> float:
    session, again = new_session(), bytes(bytearray(WAITING))  # equal, but a different object
    session.receive(Response(200, JSON_HEADERS, WAITING), now=0.1)
    response = Response(200, JSON_HEADERS, again)
    return ratio(lambda: session.receive(response, now=1.0), lambda: json.loads(WAITING), number=2_000)


def whole_import() -> float:
    return ratio(in_the_core, by_hand, number=10)


def poll_over_loopback() -> tuple[float, float, list[int], list[int]]:
    """Return the cost of a poll and of its transport, relative to a bare request, and the polls on each connection."""
    with (
        service() as for_ours,
        service() as for_bare,
        Urllib3Transport() as transport,
        HTTPConnectionPool("127.0.0.1", for_bare.port) as pool,
    ):
        base_url = f"http://127.0.0.1:{for_ours.port}"
        patient = PollPolicy(consent_timeout=None)
        session = ImportSession(ENDLESS, CREDENTIALS, now=0.0, base_url=base_url, policy=patient)
        due = session.next_action(now=0.0)
        assert isinstance(due, Send)
        request, headers, now = due.request, dict(due.request.headers), 0.0

        def poll() -> None:
            nonlocal now
            session.next_action(now=now)
            session.sent(now=now)
            session.receive(transport.send(request, timeout=10.0), now=now + 0.01)
            now = getattr(session.next_action(now=now + 0.01), "until", now)

        def transport_alone() -> None:
            transport.send(request, timeout=10.0)

        def bare() -> None:
            pool.request("GET", f"/events/{ENDLESS}.json", headers=headers, retries=False)

        poll()
        bare()
        whole, alone, theirs = seconds(poll, transport_alone, bare, number=20, rounds=105)
    return whole / theirs, alone / theirs, for_ours.polls, for_bare.polls


def memory_of_a_session() -> float:
    """Bytes of a live session, without its last response."""
    sessions: list[ImportSession] = []
    response = Response(200, JSON_HEADERS, GATHERING)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(2_000):
        session = new_session()
        session.receive(response, now=0.1)
        sessions.append(session)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / len(sessions)


def import_time() -> tuple[float, list[str]]:
    """Return the loading time relative to `import transitions`, and the modules that shouldn't have been loaded."""

    def process(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-I", "-c", code], check=True)

    bare, transitions, ours = seconds(
        *map(process, ("pass", "import transitions", "import spongewatch")), number=1, rounds=40, clock=_of_children
    )
    code = f"import spongewatch, sys; print(*set({UNWANTED}) & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return (ours - bare) / (transitions - bare), loaded.stdout.split()


def _of_children() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(speed())
