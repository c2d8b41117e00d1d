"""Many sessions in threads, and one transport shared by many threads."""

import json
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from itertools import product

from event_rows import json_body, rows
from leftovers import nothing_left
from spongewatch import (
    Credentials,
    ImportSession,
    LocalProtocolError,
    PollPolicy,
    Request,
    Response,
    TransportError,
)
from spongewatch.transports import SCENARIOS, Urllib3Transport, VirtualClock, watch
from spongewatch.transports.simulator.pages import json_page, xml_page
from spongewatch.transports.testing import HandlerTransport
from spongewatch.transports.testing.hostile_server import HostileServer, echoes, http_response

FORMATS = {"json": json_page, "xml": xml_page}


@contextmanager
def switching_often():
    """Make Python switch between threads fifty times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def at_once(works):
    """Run each function in its own thread, starting all at once, and return the results."""
    results = {}
    start = threading.Barrier(len(works))

    def run(number, work):
        start.wait()
        results[number] = work()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(len(works))]


def output_of(scenario, format, number):
    """Return all items and saved sessions of one watch as text.

    Each watch has its own id, password, echo and timeout, and the service echoes the password.
    """
    clock = VirtualClock()
    password = f"password-{number}"
    polls = 0

    def service(request):
        nonlocal polls
        polls += 1
        moment = clock.now()
        clock.sleep(number / 100)
        if said := SCENARIOS[scenario].faults.get(polls):
            if isinstance(said, TransportError):
                raise TransportError(said.kind, f"{said.detail}: {password}")
            return Response(said.status, said.headers, b'{"error": {"message": "%s"}}' % password.encode())
        return FORMATS[format](SCENARIOS[scenario].rows_at(moment), str(1000 + number), f"echo {password}")

    session = ImportSession(
        str(1000 + number),
        Credentials("key", password),
        now=0.0,
        format=format,
        echo=f"echo {number}",
        policy=PollPolicy(timeout=8.0 + number / 10),
    )
    lines = []
    for item in watch(session, HandlerTransport(service), clock=clock):
        lines += [json.dumps(item.to_json()), session.save()]
    return "\n".join(lines)


def test_sessions_in_many_threads_emit_what_each_emits_alone():
    kinds = [*product(SCENARIOS, FORMATS)] * 2
    works = [partial(output_of, *kind, number) for number, kind in enumerate(kinds)]
    alone = [work() for work in works]
    assert len(set(alone)) == len(works) == 36
    assert not any(f"password-{number}" in text for number, text in enumerate(alone))
    with switching_often():
        assert at_once(works) == alone


def test_64_threads_get_their_own_responses_over_four_connections():
    def ask(transport, server, number):
        bodies = []
        for turn in range(5):
            target = f"/events/{number}.json?turn={turn}"
            bodies.append(transport.send(Request("GET", server.url + target), timeout=30).body.split(b" ")[1])
        return bodies

    with HostileServer(echoes) as server, Urllib3Transport(connections=4) as transport, switching_often():
        got = at_once([partial(ask, transport, server, number) for number in range(64)])
        assert server.connections <= 4
    assert got == [[f"/events/{number}.json?turn={turn}".encode() for turn in range(5)] for number in range(64)]


def test_closing_ends_the_requests_of_64_threads_and_leaves_nothing_behind():
    def use(transport, server, begun):
        """Send requests until one fails, and return its error."""
        page = json_body(rows("GATHERING INPROGRESS 5"))
        while True:
            try:
                assert transport.send(Request("GET", server.url), timeout=30).body == page
                begun.release()
            except (LocalProtocolError, TransportError) as error:
                return str(error)

    def responds_slowly(talk):
        while talk.read_request() is not None:
            talk.wait(0.001)
            talk.send(http_response(json_body(rows("GATHERING INPROGRESS 5"))))

    for connections in (1, 8, 64):
        begun = threading.Semaphore(0)
        with (
            nothing_left(),
            HostileServer(responds_slowly) as server,
            Urllib3Transport(connections=connections) as transport,
        ):

            def close(transport=transport, begun=begun):
                for _ in range(40):
                    begun.acquire()
                start = time.monotonic()
                transport.close()
                return time.monotonic() - start

            ends = at_once([partial(use, transport, server, begun) for _ in range(64)] + [close])
            assert ends.pop() < 10
            assert set(ends) <= {"the transport is closed", "reset: the request was aborted"}
            assert server.connections <= connections
