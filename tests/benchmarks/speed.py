"""The design's "Speed" table, measured side by side in one run; `make bench` prints it.

Ratios, not times: each row compares two things that were measured in turn, many times, the best of each
taken. Nothing here is asserted: a machine that is busy must not fail a test.
"""

import json
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from time import perf_counter, process_time

from urllib3 import HTTPConnectionPool

from spongewatch import Credentials, ImportEvent, ImportSession, Response
from spongewatch.transports import SystemClock, Urllib3Transport

CREDENTIALS = Credentials("demo-key", "demo-password")
ROUNDS = 7


def best(run: Callable[[], object], *, number: int, clock: Callable[[], float] = perf_counter) -> float:
    """Seconds for one call of `run`, in the best of several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        start = clock()
        for _ in range(number):
            run()
        rounds.append((clock() - start) / number)
    return min(rounds)


def ratio(measured: Callable[[], object], baseline: Callable[[], object], *, number: int) -> float:
    return best(measured, number=number, clock=process_time) / best(baseline, number=number, clock=process_time)


def body(*rows: ImportEvent) -> bytes:
    """An answer with all the members that real ones have."""
    extra = {"import_action_id": 89708927, "import_id": 89708927, "description": None}
    created = {"created_at": "2016-04-12T15:12:10.000-07:00"}
    events = [{**extra, "event_type": r.type, "value": r.value, "status": r.status, **created} for r in rows]
    page = {"events": events, "import_id": 89708927, "user_id": None, "id": 89708927}
    return json.dumps(page, separators=(",", ":")).encode()


INITIALIZING = ImportEvent("INITIALIZING", "COMPLETED", 0)
WAITING = body(ImportEvent("INITIALIZING", "INPROGRESS", 0))
GATHERING = body(INITIALIZING, ImportEvent("GATHERING", "INPROGRESS", 0))
COMPLETE = body(INITIALIZING, ImportEvent("GATHERING", "COMPLETED", 2340), ImportEvent("COMPLETE", "COMPLETED", 0))
WHOLE_IMPORT = [WAITING] * 79 + [GATHERING] * 5 + [COMPLETE]
HEADERS = {"content-type": "application/json; charset=utf-8"}


def new_session(now: float = 0.0) -> ImportSession:
    return ImportSession("89708927", CREDENTIALS, now=now)


def unchanged_answer() -> float:
    session, answer = new_session(), Response(200, HEADERS, WAITING)
    session.receive(answer, now=0.1)
    return ratio(lambda: session.receive(answer, now=1.0), lambda: json.loads(WAITING), number=20_000)


def whole_import() -> float:
    answers = [Response(200, HEADERS, data) for data in WHOLE_IMPORT]

    def core() -> None:
        session, now = new_session(), 0.0
        for answer in answers:
            session.next_action(now=now)
            session.sent(now=now)
            session.receive(answer, now=now + 0.15)
            now = getattr(session.next_action(now=now + 0.15), "until", now)

    def hand_written() -> None:
        for data in WHOLE_IMPORT:
            json.loads(data)

    return ratio(core, hand_written, number=100)


def poll_over_loopback() -> tuple[float, float, str]:
    """A whole poll, and its transport alone, against a bare pool request; and what the service saw."""
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin
    assert server.stdout
    port = int(server.stdout.readline())
    base_url = f"http://127.0.0.1:{port}"
    pool = HTTPConnectionPool("127.0.0.1", port)
    headers = {"authorization": CREDENTIALS.basic()}
    request = ImportSession("1126", CREDENTIALS, now=0.0, base_url=base_url).next_action(now=0.0).request
    clock = SystemClock()
    with Urllib3Transport() as transport:
        session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=base_url)

        def poll() -> None:
            now = clock.now()
            session.next_action(now=now)
            answer = transport.send(request, timeout=10.0)
            session.receive(answer, now=clock.now())
            session.next_action(now=now)

        def bare() -> None:
            pool.request("GET", "/events/1126.json", headers=headers, retries=False)

        poll()
        bare()
        whole = ratio(poll, bare, number=300)
        alone = ratio(lambda: transport.send(request, timeout=10.0), bare, number=300)
    pool.close()
    server.stdin.close()
    with server:
        seen = server.stdout.read().strip()
    return whole, alone, seen


SERVER = """
import socket, sys, threading
body = b'{"events": [{"event_type": "INITIALIZING", "status": "INPROGRESS", "value": 0}], "import_id": 1126}'
answer = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n%b" % (len(body), body)
listener = socket.create_server(("127.0.0.1", 0))
counts = []
def serve(connection):
    counts.append(0)
    number, data = len(counts) - 1, b""
    with connection:
        while piece := connection.recv(65536):
            data += piece
            while b"\\r\\n\\r\\n" in data:
                data = data.partition(b"\\r\\n\\r\\n")[2]
                counts[number] += 1
                connection.sendall(answer)
def accept():
    while True:
        threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
print(" ".join(f"{count:,}" for count in counts))
"""


def memory_of_a_session() -> float:
    """Bytes of a live session, its last answer not counted."""
    sessions: list[ImportSession] = []
    answers = [Response(200, HEADERS, GATHERING)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(2_000):
        session = new_session()
        session.receive(answers[0], now=0.1)
        sessions.append(session)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / len(sessions)


def import_time() -> tuple[float, str]:
    def process(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-I", "-c", code], check=True)

    bare, transitions, ours = (
        best(process(code), number=5) for code in ("pass", "import transitions", "import spongewatch")
    )
    code = "import spongewatch, sys; print(*{'urllib3', 'ssl', 'asyncio', 'rich'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return (ours - bare) / (transitions - bare), loaded.stdout.strip() or "none of urllib3, ssl, asyncio, rich"


def row(work: str, aim: str, measured: str) -> None:
    print(f"{work:<62}  {aim:>14}  {measured}")


def main() -> None:
    """Print the table."""
    row("work", "aim (at most)", "measured")
    row("an answer whose bytes are those of the last one / json.loads", "0.3", f"{unchanged_answer():.2f}")
    row("a whole import of 85 polls, core / json.loads on each", "0.6", f"{whole_import():.2f}")
    whole, alone, seen = poll_over_loopback()
    row(
        "a whole poll over loopback, CPU / a bare pool request",
        "1.15",
        f"{whole:.2f} (its transport alone {alone:.2f})",
    )
    row("a live session, memory", "1,024 bytes", f"{memory_of_a_session():,.0f} bytes")
    row("polls of each connection that the service saw", "1 connection", f"{seen} (ours, and the bare pool's)")
    seconds, loaded = import_time()
    row("import spongewatch / import transitions", "2.0", f"{seconds:.2f}; {loaded} loaded")
    print(f"peak memory of this run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
