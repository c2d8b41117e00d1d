"""Kill a worker at any moment: each item is stored exactly once, and the floor holds.

The service goes on only after its items are stored, so every item has to be stored.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import accumulate, chain, pairwise

import pytest

import crashing_worker
from crashing_worker import CREDENTIALS, POLICY, store_at, work
from event_rows import json_body, rows
from spongewatch import ImportMachine, ImportSession
from spongewatch.transports import SystemClock, Urllib3Transport, poll
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "proof"
RUNS = 200 if THOROUGH else 5
FRESH = 4 if THOROUGH else 12  # in every fifth run, one worker in so many is started by a new interpreter
SCRIPT = crashing_worker.__file__

CONSENTED = "INITIALIZING COMPLETED 0"
UNLISTED = "SUBMITTING INPROGRESS 50"
GATHERED = [CONSENTED, "GATHERING COMPLETED 12", UNLISTED]
BEGINNING = [
    rows("INITIALIZING INPROGRESS 0"),
    rows(CONSENTED, "GATHERING INPROGRESS 5"),
    rows(CONSENTED, "GATHERING INPROGRESS 9", UNLISTED),
]
ENDINGS = [
    [rows(*GATHERED), rows(*GATHERED, "COMPLETE COMPLETED 0")],
    [rows(CONSENTED, "GATHERING ERROR 264", UNLISTED, "COMPLETE COMPLETED 0")],
]

MOMENTS = {  # of a worker's life, and the seconds that each may take on a busy machine
    "born": 0.001,
    "resume": 0.005,
    "wait": 0.03,
    "keep": 0.02,
    "request": 0.02,
    "response": 0.0005,
    "hand-over": 0.03,
    "end": 0.001,
}


class Nursery:
    """Starts workers, and kills them."""

    def __init__(self):
        read, self.write = os.pipe()
        self.notes = os.fdopen(read)
        arguments = [sys.executable, SCRIPT, "nursery", str(self.write)]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, text=True, pass_fds=[self.write])

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        os.close(self.write)
        self.notes.close()

    def life(self, path, base_url, *, fresh, sole_owner, killed_at, delay):
        """Run a worker, kill it `delay` seconds after it reaches `killed_at`, and return what it noted at each moment."""
        print(json.dumps([str(path), base_url, fresh, sole_owner]), file=self.process.stdin, flush=True)
        life = {"fresh": fresh}
        while "dead" not in life:
            moment, *noted = json.loads(self.notes.readline())
            life[moment] = noted
            if moment == killed_at:
                time.sleep(delay)
                os.kill(life["born"][1], signal.SIGKILL)  # it may have ended
        print(file=self.process.stdin, flush=True)
        return life


@pytest.fixture(scope="module")
def nursery():
    made = Nursery()
    yield made
    made.close()


class Tally:
    """Totals of all runs: kills by moment, repeated items, and the shortest gap between polls."""

    def __init__(self):
        self.kills = Counter()
        self.lives = self.polls = self.lost_hand_overs = self.repeated = 0
        self.gaps = []


@pytest.fixture(scope="module")
def tally():
    return Tally()


def items_without_crashes(snapshots):
    machine = ImportMachine("1126")
    return [[without_time(item.to_json()) for item in machine.feed(snapshot)] for snapshot in snapshots]


def without_time(item):
    return {name: value for name, value in item.items() if name != "at"}


def news_in(items):
    return [without_time(item) for item in items if item["kind"] in ("transition", "anomaly")]


def service_of(snapshots, store, drawn):
    """Return a snapshot until its items are in the store; sometimes respond late or with an error."""
    ends = list(accumulate(map(len, items_without_crashes(snapshots))))

    def script(talk):
        while talk.read_request() is not None:
            handed_over = len(news_in(store.load()[1]))
            snapshot = next(
                (rows for rows, end in zip(snapshots, ends, strict=True) if handed_over < end), snapshots[-1]
            )
            talk.wait(drawn.choice([0, 0, 0.003]))
            match drawn.randrange(12):
                case 0:
                    talk.send(http_response(status="503 Service Unavailable"))
                case 1:
                    talk.send(b"")  # records when the response ended
                    talk.reset()
                case _:
                    talk.send(http_response(json_body(snapshot, import_id=1126)))

    return script


def drawn_life(nursery, path, base_url, drawn, fresh, sole_owner):
    moment = drawn.choice([*MOMENTS, "never", "never"])
    longest = 0.3 if fresh and moment == "born" else MOMENTS.get(moment, 0)
    delay = longest * drawn.random() ** 2
    return nursery.life(path, base_url, fresh=fresh, sole_owner=sole_owner, killed_at=moment, delay=delay)


def check_hand_over(before, after, life, tally):
    """All items of this worker are in the store, or none if it died before its write."""
    stored = life["response"][1] if "response" in life else []
    assert after[: len(before)] == before
    handed_over = after[len(before) :]
    if handed_over or "end" in life:
        assert handed_over == stored
    if stored and "hand-over" not in life:
        assert not handed_over
    if stored and not handed_over:
        assert was_killed(life)
        tally.lost_hand_overs += 1
        tally.repeated += len(stored)


def gaps_between(exchanges, lives):
    """Return the seconds from the end of each response, or of its worker, to the next request."""
    asked = [(life["request"][0], life["dead"][0]) for life in lives if "request" in life]
    for before, after in pairwise(exchanges):
        asked_at, death = max((asked_at, death) for asked_at, death in asked if asked_at <= before.began)
        end = min(death, before.ended or death, asked_at + POLICY.request_timeout)
        yield after.began - end


def was_killed(life):
    return life["dead"][1]


def last_moment(life):
    noted = [moment for moment in MOMENTS if moment in life]
    return f"fresh: {noted[-1]}" if life["fresh"] else noted[-1]


@pytest.mark.parametrize("seed", range(RUNS))
def test_killed_workers_lose_and_repeat_nothing_and_keep_the_floor(seed, tmp_path, nursery, tally):
    drawn = random.Random(seed)
    store = store_at(tmp_path / drawn.choice(["import.json", "import.db"]))
    snapshots = BEGINNING + ENDINGS[seed % len(ENDINGS)]
    lives = []
    stored = []
    with HostileServer(service_of(snapshots, store, random.Random(seed))) as server:
        while not stored or stored[-1]["kind"] != "ended":
            fresh = seed % 5 == 0 and len(lives) % FRESH == 3
            life = drawn_life(nursery, store.path, server.url, drawn, fresh, sole_owner=seed % 3 != 2)
            lives.append(life)
            before, stored = stored, store.load()[1]
            check_hand_over(before, stored, life, tally)
            tally.lives += 1
            tally.kills[last_moment(life)] += was_killed(life)
    assert news_in(stored) == [*chain.from_iterable(items_without_crashes(snapshots))]
    assert [item["kind"] for item in stored].count("ended") == 1
    gaps = [*gaps_between(server.exchanges, lives)]
    assert min(gaps) >= POLICY.interval
    tally.gaps += gaps
    tally.polls += len(server.exchanges)


def test_a_delayed_request_keeps_the_floor_beside_another_worker(tmp_path):
    """A second worker resumes the session while the first request is being sent."""
    store = store_at(tmp_path / "import.json")
    rival_sends = threading.Event()
    snapshot = json_body(rows("INITIALIZING INPROGRESS 0"), import_id=1126)

    def keep_and_stall():
        store.keep(session.save())
        rival.start()
        rival_sends.wait(POLICY.request_timeout * 0.6)

    def note(moment, *more):
        if moment == "request":
            rival_sends.set()

    with HostileServer(responds(http_response(snapshot))) as server, Urllib3Transport() as transport:
        rival = threading.Thread(target=work, args=(store, server.url, note))
        clock = SystemClock()
        session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=server.url, policy=POLICY)
        poll(session, transport, clock=clock, before_sending=keep_and_stall)
        rival.join()
    assert len(server.exchanges) >= 1
    assert min((after.began - before.ended for before, after in pairwise(server.exchanges)), default=1) >= 0.03


@pytest.mark.skipif(not THOROUGH, reason="it takes many kills to meet each moment")
def test_workers_were_killed_at_every_moment(tally, capsys):
    with capsys.disabled():
        print(f"\n{RUNS} imports, {tally.lives:,} workers, {tally.polls:,} polls, {tally.kills.total():,} kills")
        for moment, count in sorted(tally.kills.items()):
            print(f"{count:7,} {moment}")
        print(f"{tally.lost_hand_overs:,} hand-overs not reached, {tally.repeated:,} items repeated")
        print(f"{min(tally.gaps) * 1000:.1f} ms between two polls at the least, of {POLICY.interval * 1000:g}")
    assert all(tally.kills[moment] for moment in MOMENTS)
