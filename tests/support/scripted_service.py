"""Transports with scripted responses on a virtual clock, for tests of the loops."""

import asyncio
import json
import threading

from event_rows import json_body, rows
from spongewatch import Credentials, ImportSession, PollPolicy, Response, TransportError

CREDENTIALS = Credentials("demo-key", 'p+/%: é"')
WAITING = json_body(rows("INITIALIZING INPROGRESS 0"))
GATHERING = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING INPROGRESS 5"))
COMPLETE = json_body(rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 7", "COMPLETE COMPLETED 0"))
BUSY = Response(503)
RESET = TransportError("reset", "after 12 bytes")


class Service:
    """Returns or raises `script` in order, the last entry again and again; bytes are the body of a 200.

    Each request takes `took` seconds of the clock.
    """

    def __init__(self, clock, *script, took=0.25):
        self.clock, self.script, self.took = clock, list(script), took
        self.sent, self.timeouts, self.threads, self.closed = [], [], set(), False

    def send(self, request, *, timeout):
        self.sent.append(self.clock.now())
        self.timeouts.append(timeout)
        self.threads.add(threading.current_thread())
        self.clock.sleep(self.took)
        response = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(response, TransportError):
            raise response
        return response if isinstance(response, Response) else Response(200, {}, response)

    def close(self):
        self.closed = True


class AsyncService:
    """A `Service` for asyncio; the polls whose numbers are in `hanging` get no response."""

    def __init__(self, clock, *script, hanging=()):
        self.service, self.hanging = Service(clock, *script), hanging
        self.aborted, self.hangs = 0, asyncio.Event()

    async def send(self, request, *, timeout):
        await asyncio.sleep(0)
        if len(self.service.sent) + 1 in self.hanging:
            self.service.sent.append(self.service.clock.now())
            self.hangs.set()
            try:
                await asyncio.sleep(60)
            finally:
                self.aborted += 1
        return self.service.send(request, timeout=timeout)

    async def close(self):
        self.service.close()


def new_session(now=0.0, **settings):
    return ImportSession("1126", CREDENTIALS, now=now, policy=PollPolicy(**settings))


def lines(items):
    """The items as `--jsonl` writes them."""
    return [json.dumps(item.to_json()) for item in items]


async def collect(watching):
    return [item async for item in watching]
