"""A Celery task that polls an import once, stores the result in one transaction, and queues the next poll."""

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing

from celery import Celery

from spongewatch import PUBLIC_SERVICE, Credentials, Done, Emitted, ImportSession, PollPolicy, Wait
from spongewatch.transports import SystemClock, Urllib3Transport, poll

app = Celery("imports", broker=os.environ.get("CELERY_BROKER_URL", "redis://"))
CREDENTIALS = Credentials(os.environ["CLOUDSPONGE_DOMAIN_KEY"], os.environ["CLOUDSPONGE_DOMAIN_PASSWORD"])
BASE_URL = os.environ.get("CLOUDSPONGE_URL", PUBLIC_SERVICE)
POLICY = PollPolicy(lost_contact_timeout=300)  # longer than a deployment takes
DATABASE = os.environ.get("IMPORTS_DATABASE", "imports.sqlite3")
TRANSPORT = Urllib3Transport()
SCHEMA = """
    CREATE TABLE IF NOT EXISTS imports (id TEXT PRIMARY KEY, session TEXT, due REAL);
    CREATE TABLE IF NOT EXISTS items (import_id TEXT, item TEXT);
"""


def begin(import_id: str) -> None:
    now = SystemClock().now()
    session = ImportSession(import_id, CREDENTIALS, now=now, base_url=BASE_URL, policy=POLICY)
    with closing(sqlite3.connect(DATABASE)) as db, db:
        db.executescript(SCHEMA)
        db.execute("INSERT INTO imports VALUES (?, ?, ?)", (import_id, session.save(), now))
    poll_import.delay(import_id)


@app.task(acks_late=True, reject_on_worker_lost=True, autoretry_for=(sqlite3.Error,), max_retries=None)
def poll_import(import_id: str) -> None:
    clock = SystemClock()  # a new one for each poll: none follows later changes of the machine's time
    with closing(sqlite3.connect(DATABASE)) as db:
        row = Row(db, import_id)
        session = ImportSession.resume(row.saved, CREDENTIALS, now=clock.now(), base_url=BASE_URL)
        try:
            items = poll(session, TRANSPORT, clock=clock, before_sending=lambda: row.store(session, clock.now()))
            due = row.store(session, clock.now(), items)
        except Superseded:
            return
    if due is not None:
        poll_import.apply_async((import_id,), countdown=max(due - clock.now(), 0))


@app.task
def poll_overdue() -> None:
    with closing(sqlite3.connect(DATABASE)) as db:
        for (import_id,) in db.execute("SELECT id FROM imports WHERE due < ?", (SystemClock().now() - 60,)):
            poll_import.delay(import_id)


class Row:
    """An import in the database; it is written only if no other worker has written it since it was read."""

    def __init__(self, db: sqlite3.Connection, import_id: str) -> None:
        self.db, self.import_id = db, import_id
        (self.saved,) = db.execute("SELECT session FROM imports WHERE id = ?", (import_id,)).fetchone()

    def store(self, session: ImportSession, now: float, items: Iterable[Emitted] = ()) -> float | None:
        action = session.next_action(now=now)
        due = None if isinstance(action, Done) else action.until if isinstance(action, Wait) else now
        before, self.saved = self.saved, session.save()
        change = (self.saved, due, self.import_id, before)
        with self.db:  # one transaction
            if not self.db.execute("UPDATE imports SET session=?, due=? WHERE id=? AND session=?", change).rowcount:
                raise Superseded
            lines = [(self.import_id, json.dumps(item.to_json())) for item in items]
            self.db.executemany("INSERT INTO items VALUES (?, ?)", lines)
        return due


class Superseded(Exception):  # noqa: N818 # it is not an error
    """Another worker polls this import and will queue its next poll."""
