"""A transport that threads and processes share: waiting for a turn, interrupting, closing, forking."""

import threading
import time

import pytest

from http_requests import ask, at_most, failure, tls
from spongewatch import LocalProtocolError, Request, TransportError
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.forking import reset_all
from spongewatch.transports.testing.hostile_server import HostileServer, http_response, responds, sends


def in_threads(count, work):
    results = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_64_threads_share_four_connections():
    with (
        HostileServer(responds(http_response(b"{}"), pause=0.002)) as server,
        Urllib3Transport(connections=4) as shared,
    ):
        bodies = in_threads(64, lambda: [ask(shared, server, timeout=60).body for _ in range(3)])
        assert bodies == [[b"{}"] * 3] * 64
        assert server.connections <= 4
        assert len(server.exchanges) == 192


def test_a_request_without_a_free_connection_times_out():
    over = threading.Event()
    with (
        HostileServer(sends(b"", lambda talk: over.wait(60))) as server,
        Urllib3Transport(connections=1) as shared,
    ):
        first = threading.Thread(target=failure, args=(shared, server))
        first.start()
        while not server.exchanges:
            time.sleep(0.002)
        assert str(failure(shared, server, timeout=0.05)) == "timeout: all connections were in use by other requests"
        over.set()
        first.join()


# Interrupting


def test_interrupt_aborts_one_request_and_no_other():
    interrupted = threading.Event()

    def script(talk):
        talk.read_request()
        interrupted.wait(60)
        talk.send(http_response())

    with HostileServer(script) as server, Urllib3Transport() as transport:
        ends = {}

        def run(sending):
            try:
                ends[sending] = sending.run().status
            except TransportError as error:
                ends[sending] = str(error)

        requests = [transport.sending(Request("GET", server.url), timeout=30) for _ in range(2)]
        threads = [threading.Thread(target=run, args=[sending]) for sending in requests]
        for thread in threads:
            thread.start()
        while len(server.exchanges) < 2:
            time.sleep(0.001)
        requests[0].interrupt()
        interrupted.set()
        for thread in threads:
            thread.join()
        assert [ends[sending] for sending in requests] == ["reset: the request was aborted", 200]


def test_a_request_that_is_interrupted_before_it_runs_is_not_sent():
    with HostileServer(responds(http_response())) as server, Urllib3Transport() as transport:
        sending = transport.sending(Request("GET", server.url), timeout=30)
        sending.interrupt()
        with pytest.raises(TransportError, match="^reset: the request was aborted$"):
            sending.run()
        assert server.exchanges == []


def test_interrupting_a_finished_request_leaves_its_connection_open():
    with HostileServer(responds(http_response())) as server, Urllib3Transport() as transport:
        sending = transport.sending(Request("GET", server.url), timeout=30)
        sending.run()
        sending.interrupt()
        assert ask(transport, server).status == 200
        assert server.connections == 1


def test_close_aborts_open_requests_and_refuses_waiting_ones():
    started = threading.Semaphore(0)

    def never_responds(talk):
        talk.read_request()
        started.release()
        talk.hang()

    with HostileServer(never_responds) as server, at_most(10), Urllib3Transport(connections=2) as transport:
        ends = []

        def send():
            try:
                ask(transport, server, timeout=60)
            except (TransportError, LocalProtocolError) as error:
                ends.append(str(error))

        threads = [threading.Thread(target=send) for _ in range(3)]
        for thread in threads:
            thread.start()
        started.acquire()
        started.acquire()
        transport.close()
        for thread in threads:
            thread.join()
    assert sorted(ends) == ["reset: the request was aborted"] * 2 + ["the transport is closed"]


# Forking


def forks_during_a_request():
    """A script that resets everything as a forked process does, and an event that says that it is done.

    In a forked process only one thread exists; here the others must not continue before the event.
    """
    done = threading.Event()

    def forks(talk):
        talk.read_request()
        reset_all()
        done.set()

    return forks, done


def test_a_forked_process_uses_new_connections_and_open_requests_fail(transport):
    forks, done = forks_during_a_request()

    with HostileServer(responds(http_response(b"1")), forks, responds(http_response(b"2"))) as server:
        ask(transport, server)
        reset_all()
        failure(transport, server, timeout=30)
        done.wait()
        assert [ask(transport, server).body for _ in range(2)] == [b"2", b"2"]
        assert server.connections == 3


def test_a_process_that_was_forked_during_a_request_over_tls_refuses_tls(ca_file):
    forks, done = forks_during_a_request()

    with (
        HostileServer(forks, responds(http_response()), tls=tls("127.0.0.1")) as server,
        HostileServer(responds(http_response(b"plain"))) as plain,
        Urllib3Transport(ca_file=ca_file) as transport,
    ):
        failure(transport, server, timeout=30)
        done.wait()
        for _ in range(2):
            with pytest.raises(LocalProtocolError, match="^this process was forked during requests over TLS"):
                ask(transport, server)
            reset_all()
        assert ask(transport, plain).body == b"plain"
        assert server.connections == 1


def test_a_request_that_was_not_sent_before_a_fork_can_be_sent_after_it(transport):
    with HostileServer(responds(http_response(b"{}"))) as server:
        sending = transport.sending(Request("GET", server.url), timeout=30)
        sending.close_in_child()
        assert sending.run().body == b"{}"
