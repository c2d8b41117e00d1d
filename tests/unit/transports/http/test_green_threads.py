"""Green threads and other event loops: each works, or is refused before anything is sent. Each needs a process."""

import subprocess
import sys
from textwrap import dedent

import pytest

from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds

SEND = """
from spongewatch import LocalProtocolError, Request
from spongewatch.transports import ThreadedTransport, Urllib3Transport

request = Request("GET", URL)

def send():
    with Urllib3Transport() as transport:
        return transport.send(request, timeout=20).status

async def send_async():
    async with ThreadedTransport(Urllib3Transport()) as transport:
        return (await transport.send(request, timeout=20)).status

def refused(call):
    try:
        call()
    except LocalProtocolError as error:
        print("refused:", error)
    else:
        print("not refused")
"""


def printed(code, url, *needs):
    """The lines that `code` prints in a process of its own; it can `exec(SEND)`."""
    for name in needs:
        pytest.importorskip(name)
    code = f"URL = {url!r}\nSEND = {SEND!r}\n{dedent(code)}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def server():
    with HostileServer(responds(http_response(b"{}"), pause=0.05)) as running:
        yield running


def test_gevent_works_if_it_is_patched_first(server):
    code = """
        from gevent import monkey; monkey.patch_all()
        import gevent
        exec(SEND)
        ticks = []
        def tick():
            while True:
                ticks.append(1)
                gevent.sleep(0.001)
        ticking = gevent.spawn(tick)
        jobs = [gevent.spawn(send) for _ in range(5)]
        gevent.joinall(jobs, raise_error=True)
        ticking.kill()
        print([job.value for job in jobs], len(ticks) > 5)
    """
    assert printed(code, server.url, "gevent") == ["[200, 200, 200, 200, 200] True"]


@pytest.mark.parametrize("loaded", ["spongewatch.transports", "urllib3_transport"])
def test_gevent_that_is_patched_late_is_refused(server, loaded):
    code = f"""
        from spongewatch.transports import wait
        if {loaded!r} == "urllib3_transport":
            from spongewatch.transports import Urllib3Transport
        from gevent import monkey; monkey.patch_all()
        exec(SEND)
        refused(send)
    """
    (line,) = printed(code, server.url, "gevent")
    assert line.startswith("refused: gevent patched the standard library after spongewatch was imported")
    assert server.exchanges == []


@pytest.mark.parametrize("first", [True, False])
def test_eventlet_is_refused_if_it_patched_sockets(server, first):
    patch = "import eventlet; eventlet.monkey_patch()"
    code = f"""
        {patch if first else "import spongewatch.transports"}
        {patch}
        exec(SEND)
        refused(send)
    """
    (line,) = printed(code, server.url, "eventlet")
    assert line.startswith("refused: eventlet's monkey patching is not supported")
    assert server.exchanges == []


def test_eventlet_without_patching_works(server):
    assert printed("import eventlet\nexec(SEND)\nprint(send())", server.url, "eventlet") == ["200"]


def test_a_task_of_trio_is_refused(server):
    code = """
        import trio
        exec(SEND)
        async def main():
            refused(send)
            try:
                await send_async()
            except LocalProtocolError as error:
                print("refused:", error)
        trio.run(main)
    """
    blocking, awaited = printed(code, server.url, "trio")
    assert blocking.startswith("refused: a request would block the event loop of trio")
    assert awaited == "refused: ThreadedTransport needs a running asyncio event loop"
    assert server.exchanges == []


def test_a_thread_of_trio_works(server):
    code = """
        import trio
        exec(SEND)
        print(trio.run(trio.to_thread.run_sync, send))
    """
    assert printed(code, server.url, "trio") == ["200"]


def test_uvloop_works(server):
    code = """
        import uvloop
        exec(SEND)
        print(uvloop.run(send_async()))
    """
    assert printed(code, server.url, "uvloop") == ["200"]


@pytest.mark.parametrize(("backend", "outcome"), [("asyncio", "200"), ("trio", "refused")])
def test_anyio_works_on_asyncio_only(server, backend, outcome):
    code = f"""
        import anyio
        exec(SEND)
        async def main():
            try:
                print(await send_async())
            except LocalProtocolError:
                print("refused")
        anyio.run(main, backend={backend!r})
    """
    assert printed(code, server.url, "anyio", backend) == [outcome]
