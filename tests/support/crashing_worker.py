"""A worker that resumes an import, waits until the next poll, polls once, and stores the emitted items.

    python tests/support/crashing_worker.py STORE BASE_URL

It may be killed at any moment. The items and the session are stored in one atomic write. The session is also stored
before the request is sent; otherwise the next worker would not know of the request and would poll too soon. STORE is an
SQLite database if it ends in `.db`, else a file.

For tests, the worker notes the steps that it reaches, and `nursery` forks workers from a process that has loaded
everything already.
"""

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from time import monotonic

from spongewatch import Credentials, ImportSession, PollPolicy, Wait
from spongewatch.transports import SystemClock, Urllib3Transport, poll

CREDENTIALS = Credentials("demo-key", "demo-password")
POLICY = PollPolicy(interval=0.03, max_delay=0.05, request_timeout=0.5)


class FileStore:
    """Stores the session and all emitted items in one file, which is replaced atomically."""

    def __init__(self, path):
        self.path = Path(path)

    def load(self):
        if not self.path.exists():
            return None, []
        kept = json.loads(self.path.read_text())
        return kept["session"], kept["told"]

    def keep(self, session, news=()):
        written = self.path.with_suffix(".new")
        with written.open("w") as file:
            json.dump({"session": session, "told": [*self.load()[1], *news]}, file)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self.path)


class DatabaseStore:
    """Stores the session and all emitted items in two tables, in one transaction."""

    def __init__(self, path):
        self.path = path

    def load(self):
        with closing(self._connected()) as database:
            kept = database.execute("SELECT saved FROM session").fetchone()
            return kept and kept[0], [json.loads(line) for (line,) in database.execute("SELECT line FROM told")]

    def keep(self, session, news=()):
        with closing(self._connected()) as database, database:
            database.execute("INSERT OR REPLACE INTO session VALUES (1, ?)", [session])
            database.executemany("INSERT INTO told (line) VALUES (?)", [(json.dumps(item),) for item in news])

    def _connected(self):
        database = sqlite3.connect(self.path)
        database.execute("CREATE TABLE IF NOT EXISTS session (one INTEGER PRIMARY KEY, saved TEXT)")
        database.execute("CREATE TABLE IF NOT EXISTS told (number INTEGER PRIMARY KEY, line TEXT)")
        return database


def store_at(path):
    return DatabaseStore(path) if str(path).endswith(".db") else FileStore(path)


def work(store, base_url, note=lambda moment, *more: None, sole_owner=False):
    note("resume")
    clock = SystemClock()
    saved, _ = store.load()
    if saved is None:
        session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=base_url, policy=POLICY)
    else:
        session = ImportSession.resume(saved, CREDENTIALS, now=clock.now(), base_url=base_url, sole_owner=sole_owner)
    action = session.next_action(now=clock.now())
    if isinstance(action, Wait):
        note("wait")
        clock.sleep(action.until - clock.now())

    def keep():
        note("keep")
        store.keep(session.save())
        note("request")

    with Urllib3Transport(connections=1) as transport:
        items = poll(session, transport, clock=clock, before_sending=keep)
    news = [item.to_json() for item in items]
    note("response", news)
    saved = session.save()
    note("hand-over")
    store.keep(saved, news)
    note("end")


def noting(descriptor):
    """Return a function that writes notes into a pipe, where they outlive the process."""

    def note(moment, *more):
        os.write(descriptor, f"{json.dumps([moment, monotonic(), *more])}\n".encode())

    return note


def nursery(descriptor):
    """Fork a worker for each line on standard input, and wait for a second line before its process id can be reused.

    The line contains the store, the base URL, whether to start a new interpreter, and whether it is the sole owner.
    """
    note = noting(descriptor)
    for line in sys.stdin:
        worker = os.fork()
        if worker == 0:
            try:
                note("born", os.getpid())
                path, base_url, fresh, sole_owner = json.loads(line)
                if fresh:
                    arguments = [__file__, path, base_url, str(descriptor), "alone" if sole_owner else "beside others"]
                    os.execv(sys.executable, [sys.executable, *arguments])
                work(store_at(path), base_url, note, sole_owner)
            finally:
                os._exit(0)
        death = os.waitid(os.P_PID, worker, os.WEXITED | os.WNOWAIT)
        note("dead", death.si_code == os.CLD_KILLED)
        sys.stdin.readline()
        os.waitpid(worker, 0)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["nursery", descriptor]:
            nursery(int(descriptor))
        case [path, base_url, descriptor, owner]:
            work(store_at(path), base_url, noting(int(descriptor)), owner == "alone")
        case [path, base_url]:
            work(store_at(path), base_url)
