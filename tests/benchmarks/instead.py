"""Compare `watch` with hand-written loops around `requests` and `urllib3`.

All follow a whole import of 85 polls over real HTTP on this machine, without sleeping between polls. The hand-written
loops are what a reasonable program would contain.
"""

import time
from collections.abc import Callable
from functools import partial

import requests
import urllib3
from loopback import service
from measuring import seconds, table
from service_responses import IMPORT_ID, WHOLE_IMPORT

from spongewatch import Completed, Credentials, ImportSession
from spongewatch.transports import Urllib3Transport, VirtualClock, watch

KEY, PASSWORD = "demo-key", "demo-password"
CREDENTIALS = Credentials(KEY, PASSWORD)
CONTACTS = 2340
TIMEOUT = 900.0


def beside_hand_written_loops() -> str:
    """Measure CPU and wall-clock time for one poll of each loop."""
    with (
        service() as running,
        Urllib3Transport() as transport,
        requests.Session() as http,
        urllib3.PoolManager() as pool,
    ):
        base_url = f"http://127.0.0.1:{running.port}"
        loops: dict[str, Callable[[], object]] = {
            "a loop around `requests.Session`": partial(requests_loop, http, base_url),
            "a loop around `urllib3.PoolManager`": partial(urllib3_loop, pool, base_url),
            "`watch`, with `Urllib3Transport`": partial(ours, transport, base_url),
        }
        for follow in loops.values():
            assert follow() == CONTACTS
        cpu = seconds(*loops.values(), number=1, rounds=25)
        wall = seconds(*loops.values(), number=1, rounds=25, clock=time.perf_counter)
    rows = [
        (name, *(f"{1e6 * taken / len(WHOLE_IMPORT):.0f} µs" for taken in both), f"{both[0] / cpu[1]:.2f}")
        for name, both in zip(loops, zip(cpu, wall, strict=True), strict=True)
    ]
    return table(("a whole import of 85 polls", "CPU a poll", "time a poll", "CPU, relative to `urllib3`"), rows)


def requests_loop(http: requests.Session, base_url: str, sleep: Callable[[float], None] = lambda _: None) -> int:
    contacts = 0
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        response = http.get(f"{base_url}/events/{IMPORT_ID}.json", auth=(KEY, PASSWORD), timeout=10)
        response.raise_for_status()
        for event in response.json()["events"]:
            if event["status"] == "ERROR":
                raise RuntimeError(f"the import failed with code {event['value']}")
            if event["event_type"] == "GATHERING":
                contacts = event["value"]
            if event["event_type"] == "COMPLETE" and event["status"] == "COMPLETED":
                return contacts
        sleep(1.0)
    raise TimeoutError


def urllib3_loop(pool: urllib3.PoolManager, base_url: str, sleep: Callable[[float], None] = lambda _: None) -> int:
    contacts = 0
    headers = urllib3.make_headers(basic_auth=f"{KEY}:{PASSWORD}")
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        response = pool.request("GET", f"{base_url}/events/{IMPORT_ID}.json", headers=headers, timeout=10)
        if response.status != 200:
            raise RuntimeError(f"status {response.status}")
        for event in response.json()["events"]:
            if event["status"] == "ERROR":
                raise RuntimeError(f"the import failed with code {event['value']}")
            if event["event_type"] == "GATHERING":
                contacts = event["value"]
            if event["event_type"] == "COMPLETE" and event["status"] == "COMPLETED":
                return contacts
        sleep(1.0)
    raise TimeoutError


def ours(transport: Urllib3Transport, base_url: str) -> int | None:
    session = ImportSession(IMPORT_ID, CREDENTIALS, now=0.0, base_url=base_url)
    outcome = watch(session, transport, clock=VirtualClock()).run()
    assert isinstance(outcome, Completed)
    return outcome.contact_count


if __name__ == "__main__":
    print(beside_hand_written_loops())
