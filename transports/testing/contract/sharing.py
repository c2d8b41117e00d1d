"""Checks of concurrent requests: threads for synchronous transports, tasks and cancellation for asynchronous ones."""

import asyncio
import math
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from time import monotonic
from typing import Final

from ....core import Response
from ...transport import AsyncTransport
from ..hostile_server import Conversation, HostileServer, echoes, responds, sends
from .traffic import GOOD, PATIENCE, SHORT, assert_own_response, get, numbered
from .under_test import AMPLE, Checks, UnderTest

_TRIES: Final = 5
"""A busy machine may block the event loop once; a transport that blocks it does so every time."""


class ThreadChecks(Checks):
    """Threads can share a transport."""

    def test_threads_can_share_a_transport(self, transport: UnderTest) -> None:
        """Each of 8 threads gets the responses to its own requests."""
        together = Barrier(8)

        def send_ten(thread: int) -> None:
            together.wait()
            for number in range(10 * thread, 10 * thread + 10):
                assert_own_response(transport.response("many threads", numbered(server, number)), number)

        with HostileServer(echoes, patience=PATIENCE) as server, ThreadPoolExecutor(8) as threads:
            list(threads.map(send_ten, range(8)))


class TaskChecks(Checks):
    """Tasks can share a transport, which blocks nothing and can be cancelled."""

    @abstractmethod
    async def make_transport(self) -> AsyncTransport:
        """Return a new transport."""

    def test_tasks_can_share_a_transport(self, transport: UnderTest) -> None:
        """Each of 16 tasks gets the responses to its own requests."""

        async def send_five(task: int) -> None:
            for number in range(5 * task, 5 * task + 5):
                response = await transport.transport.send(numbered(server, number), timeout=AMPLE)
                assert_own_response(response, number)

        async def send_all() -> None:
            await asyncio.gather(*map(send_five, range(16)))

        with HostileServer(echoes, patience=PATIENCE) as server:
            transport.result("many tasks", send_all())

    def test_send_does_not_block_the_event_loop(self, transport: UnderTest) -> None:
        """Other tasks run while `send` waits for a response."""

        async def longest_block() -> float:
            fresh = await self.make_transport()  # to include what a transport does only once
            longest, before = 0.0, monotonic()
            try:
                waiting = asyncio.create_task(fresh.send(get(server), timeout=AMPLE))
                while not waiting.done():
                    await asyncio.sleep(SHORT / 20)
                    now = monotonic()
                    longest, before = max(longest, now - before), now
                await waiting
            finally:
                await fresh.close()
            return longest

        blocks: list[float] = []
        while len(blocks) < _TRIES and min(blocks, default=math.inf) >= 0.75 * SHORT:
            with HostileServer(responds(GOOD, pause=SHORT), patience=PATIENCE) as server:
                blocks.append(transport.result("send waits for a response", longest_block()))
        longest = min(blocks)
        assert longest < 0.75 * SHORT, f"send must not block the event loop, but blocked it for {longest:.2f} s"

    def test_cancelled_sends_end_immediately(self, transport: UnderTest) -> None:
        """A cancelled `send` raises `CancelledError`, and the transport stays usable."""
        with HostileServer(sends(b"", lambda talk: talk.hang()), echoes, patience=PATIENCE) as server:
            task = transport.result("a cancelled send", self._cancelled(transport, server))
            immediately = task.done() and not server.stopping.is_set()
            assert immediately, "a cancelled send must end immediately, but ends only when the server closes"
            outcome = None if task.cancelled() else task.exception() or task.result()
            assert task.cancelled(), f"a cancelled send must raise CancelledError, but ended with {outcome!r}"
            assert_own_response(transport.response("the request after a cancelled one", numbered(server, 7)), 7)

    def test_cancelled_sends_close_their_connections(self, transport: UnderTest) -> None:
        """The server sees that the connection of a cancelled `send` is closed."""
        over = Event()
        closed_by_client: list[bool] = []

        def until_closed(talk: Conversation) -> None:
            try:
                talk.hang()
            finally:  # also if the client resets the connection
                closed_by_client.append(not talk.wait(0))  # otherwise the server was stopped
                over.set()

        async def cancel() -> bool:
            await self._cancelled(transport, server)
            await asyncio.to_thread(over.wait, AMPLE)
            return closed_by_client == [True]

        with HostileServer(sends(b"", until_closed), patience=PATIENCE) as server:
            closed = transport.result("a cancelled send", cancel())
        assert closed, "a cancelled send must close its connection, but it is still open"

    @staticmethod
    async def _cancelled(transport: UnderTest, server: HostileServer) -> asyncio.Task[Response]:
        """Return a task that was cancelled while it waited for a response, once it has ended."""
        task = asyncio.create_task(transport.transport.send(get(server), timeout=AMPLE))
        while not server.exchanges and not task.done():
            await asyncio.sleep(SHORT / 20)
        task.cancel()
        await asyncio.wait([task], timeout=AMPLE)
        return task
