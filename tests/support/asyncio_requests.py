"""Requests for tests of `AsyncioTransport` against a `HostileServer`, on the event loops of asyncio and uvloop."""

import asyncio

from spongewatch import Request
from spongewatch.transports.deadline import Deadline
from spongewatch.transports.testing.hostile_server import http_response, responds

try:
    import uvloop
except ImportError:  # on Windows
    uvloop = None

LOOPS = {"asyncio": asyncio.new_event_loop} | ({"uvloop": uvloop.new_event_loop} if uvloop else {})

GOOD = responds(http_response(b"{}"))


def get(server, target="/events/1126.json", **headers):
    return Request("GET", server.url + target, headers)


def post(server):
    return Request("POST", server.url + "/import", {}, b"[]")


def hangs(talk):
    talk.read_request()
    talk.hang()


async def until(holds):
    """Wait until `holds` returns true."""
    while not holds():
        await asyncio.sleep(0.001)


async def error_of(awaitable):
    """Return the message of the exception that is raised, or the result."""
    try:
        return await awaitable
    except Exception as error:
        return str(error)


def results_of(transport, *requests, timeout=30.0, **more):
    """Start the requests; return a list to which their results are added."""
    results = []
    for request in requests:
        transport.start(request, timeout, results.append, **more)
    return results


def timed_out(seconds):
    """Return the message for a request whose timeout was `seconds`."""
    return str(Deadline(seconds).expired())


def connected(transport):
    """Return the open connections."""
    return transport._pool._open


def receive(connection, data):
    """Have a connection receive `data` now, as from the event loop."""
    connection.get_buffer(-1)[: len(data)] = data
    connection.buffer_updated(len(data))
