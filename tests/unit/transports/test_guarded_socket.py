import errno
import math
import os
import socket
import ssl
import threading
from contextlib import contextmanager
from time import monotonic
from urllib.parse import urlsplit

import pytest
import trustme

from spongewatch import TransportError
from spongewatch.transports import guarded_socket
from spongewatch.transports.guarded_socket import Allowance, GuardedSocket, GuardedTlsSocket, connected, secured
from spongewatch.transports.testing.hostile_server import HostileServer, nobody

AUTHORITY = trustme.CA()


def silent(talk):
    talk.hang()


def echo(talk):
    while piece := talk.sock.recv(65536):
        talk.send(piece)


def server_tls(*names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names).configure_cert(context)
    return context


def client_tls():
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    context.sslsocket_class = GuardedTlsSocket
    return context


def resolving_to(monkeypatch, *addresses):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)


def test_time_that_is_left_runs_out():
    assert 900 < Allowance(1000, 0).time_left() <= 1000
    with pytest.raises(TransportError, match="timeout: no whole answer within 0 s"):
        Allowance(0, 0).time_left()


@pytest.mark.parametrize("seconds", [-1.0, -math.inf, math.nan])
def test_what_is_no_time_is_none(seconds):
    with pytest.raises(TransportError, match="timeout"):
        Allowance(seconds, 0).time_left()


def test_there_is_no_waiting_longer_than_the_system_can_count():
    with socket.socket() as sock:
        sock.settimeout(Allowance(math.inf, 0).time_left())


def test_bytes_are_counted_to_the_last_one():
    allowance = Allowance(10, 5)
    allowance.take(3)
    allowance.take(2)
    with pytest.raises(TransportError, match="too-large: the answer does not end"):
        allowance.take(1)


def test_what_is_sent_comes_back_and_counts():
    with HostileServer(echo) as server, connected("127.0.0.1", server.port, Allowance(30, 4)) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        sock.sendall(b"abcd")
        with sock.makefile("rb") as file:
            assert file.read(4) == b"abcd"
            sock.sendall(b"e")
            with pytest.raises(TransportError, match="too-large"):
                file.read(1)


def test_each_read_has_only_what_is_left_of_the_whole_time():
    def drip(talk):
        talk.drip(bytes(1_000), 0.02)

    with HostileServer(drip) as server, connected("127.0.0.1", server.port, Allowance(30, 0)) as sock:
        Allowance(0.1, 10_000).used_by(sock)
        start = monotonic()
        with sock.makefile("rb") as file, pytest.raises(TransportError, match="timeout"):
            file.read(1_000)
        assert monotonic() - start < 15  # and not 20, as long as it drips


def test_a_peer_that_takes_nothing_ends_as_a_time_out():
    def deaf(talk):
        talk.wait(60)

    with HostileServer(deaf) as server, connected("127.0.0.1", server.port, Allowance(30, 0)) as sock:
        Allowance(0.1, 0).used_by(sock)
        with pytest.raises(TransportError, match="timeout"):
            sock.sendall(bytes(50_000_000))
        with pytest.raises(TransportError, match="timeout"):
            sock.sendall(b"too late")


def test_a_port_where_nothing_listens_is_refused_and_no_time_out():
    with nobody() as url, pytest.raises(TransportError, match="refused: nothing listens there"):
        connected("127.0.0.1", urlsplit(url).port, Allowance(30, 0))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..example", "x" * 64 + ".example"])
def test_a_name_that_is_not_known_says_so(host):
    with pytest.raises(TransportError, match="dns: the host's name can't be looked up"):
        connected(host, 80, Allowance(30, 0))


def test_an_address_that_can_not_be_reached_is_told_with_the_reason(monkeypatch):
    resolving_to(monkeypatch, ("127.0.0.1", 1))

    def unreachable(*_):
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr("spongewatch.transports.guarded_socket.GuardedSocket.connect", unreachable)
    with pytest.raises(TransportError, match="refused: no connection: No route to host"):
        connected("api.example", 1, Allowance(30, 0))


def test_of_several_addresses_the_first_that_answers_is_taken(monkeypatch):
    with HostileServer(echo) as server, nobody() as url:
        resolving_to(monkeypatch, ("127.0.0.1", urlsplit(url).port), ("127.0.0.1", server.port))
        with connected("api.example", server.port, Allowance(30, 0)) as sock:
            assert sock.getpeername() == ("127.0.0.1", server.port)


def test_an_address_that_swallows_all_packets_leaves_time_for_the_others(monkeypatch):
    shares, connected_to = [], guarded_socket._connected_to

    def noted(address, family, kind, protocol, share, allowance):
        shares.append(share)
        return connected_to(address, family, kind, protocol, share, allowance)

    with HostileServer(echo) as server, socket.socket() as deaf:
        fill = full_backlog(deaf)
        try:
            resolving_to(monkeypatch, deaf.getsockname(), ("127.0.0.1", server.port))
            with monkeypatch.context() as patched:
                patched.setattr(guarded_socket, "_connected_to", noted)
                patched.setattr(guarded_socket, "monotonic", lambda: 0.0)  # or a busy machine would leave none
                with connected("api.example", server.port, Allowance(0.2, 0)) as sock:
                    assert sock.getpeername() == ("127.0.0.1", server.port)
            assert shares == [0.1, 0.2]
            resolving_to(monkeypatch, deaf.getsockname())
            with pytest.raises(TransportError, match="timeout"):
                connected("api.example", 1, Allowance(0.1, 0))
        finally:
            for sock in fill:
                sock.close()


def full_backlog(listener):
    """Connections that nobody accepts, so many that the next one is left without an answer."""
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fill = []
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        fill.append(sock)
    return fill


def test_after_the_handshake_the_limits_still_hold():
    with HostileServer(echo, tls=server_tls("127.0.0.1")) as server:
        plain = connected("127.0.0.1", server.port, Allowance(30, 4))
        with secured(plain, client_tls(), "127.0.0.1") as sock, sock.makefile("rb") as file:
            sock.sendall(b"abcd")
            assert file.read(4) == b"abcd"
            sock.sendall(b"e")
            with pytest.raises(TransportError, match="too-large"):
                file.read(1)


@pytest.mark.parametrize("names", [["127.0.0.2"], ["elsewhere.example"]])
def test_a_certificate_for_another_name_ends_the_handshake(names):
    with HostileServer(silent, tls=server_tls(*names)) as server:
        plain = connected("127.0.0.1", server.port, Allowance(30, 0))
        with pytest.raises(ssl.SSLCertVerificationError):
            secured(plain, client_tls(), "127.0.0.1")
        assert plain.fileno() == -1


def test_a_handshake_that_does_not_end_is_a_time_out():
    with HostileServer(silent) as server:
        plain = connected("127.0.0.1", server.port, Allowance(30, 0))
        Allowance(0.1, 0).used_by(plain)
        with pytest.raises(TransportError, match="timeout"):
            secured(plain, client_tls(), "127.0.0.1")
        assert plain.fileno() == -1


def test_a_handshake_with_what_speaks_no_tls_fails():
    with HostileServer(lambda talk: talk.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        plain = connected("127.0.0.1", server.port, Allowance(30, 0))
        with pytest.raises(ssl.SSLError):
            secured(plain, client_tls(), "127.0.0.1")
        assert plain.fileno() == -1


def test_a_part_of_a_millisecond_is_not_told():
    assert str(Allowance(0.999879, 0).expired()) == "timeout: no whole answer within 1 s"


# Limits that are taken back.


@contextmanager
def at_most(seconds):
    start = monotonic()
    yield
    assert monotonic() - start < seconds


@contextmanager
def revoked_soon(allowance):
    timer = threading.Timer(0.03, allowance.revoke)
    timer.start()
    with pytest.raises(TransportError, match="reset: the request was cut off"):
        yield
    timer.join()


def test_a_read_under_way_is_cut_off():
    with HostileServer(silent) as server, at_most(10):
        allowance = Allowance(60, 10)
        with connected("127.0.0.1", server.port, allowance) as sock, revoked_soon(allowance):
            sock.recv_into(bytearray(1))


def test_a_read_under_way_is_cut_off_over_tls():
    with HostileServer(echo, tls=server_tls("127.0.0.1")) as server, at_most(10):
        allowance = Allowance(60, 10)
        plain = connected("127.0.0.1", server.port, allowance)
        with secured(plain, client_tls(), "127.0.0.1") as sock, revoked_soon(allowance):
            sock.recv_into(bytearray(1))


def test_a_handshake_under_way_is_cut_off():
    with HostileServer(silent) as server, at_most(10):
        allowance = Allowance(60, 10)
        with connected("127.0.0.1", server.port, allowance) as plain, revoked_soon(allowance):
            secured(plain, client_tls(), "127.0.0.1")


def test_a_connection_attempt_under_way_is_cut_off():
    with socket.socket() as listener, at_most(10):
        fill, allowance = full_backlog(listener), Allowance(60, 10)
        with revoked_soon(allowance):
            connected("127.0.0.1", listener.getsockname()[1], allowance).sendall(b"GET")
        for sock in fill:
            sock.close()


def test_what_is_revoked_before_its_use_allows_nothing():
    allowance = Allowance(60, 10)
    allowance.revoke()
    with HostileServer(silent) as server, pytest.raises(TransportError, match="reset: the request was cut off"):
        connected("127.0.0.1", server.port, allowance)


def test_what_is_revoked_after_its_socket_is_closed_does_no_harm():
    with HostileServer(silent) as server:
        allowance = Allowance(60, 10)
        connected("127.0.0.1", server.port, allowance).close()
        allowance.revoke()


def test_what_a_signal_handler_raises_comes_through():
    with HostileServer(silent) as server:
        allowance = Allowance(60, 10)
        with connected("127.0.0.1", server.port, allowance) as sock:

            def interrupted(*_):
                allowance.revoke()
                raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                sock._in_time(interrupted)


def test_what_is_revoked_after_it_has_let_go_leaves_the_socket_to_the_next():
    with HostileServer(echo) as server:
        first, second = Allowance(60, 10), Allowance(60, 10)
        with connected("127.0.0.1", server.port, first) as sock:
            first.let_go()
            second.used_by(sock)
            first.revoke()
            sock.sendall(b"a")
            assert sock.recv_into(bytearray(1)) == 1


def test_a_connection_that_is_left_to_another_process_is_closed_here_and_not_shut_down():
    ours, theirs = socket.socketpair()
    with theirs, GuardedSocket(fileno=os.dup(ours.fileno())) as copy, ours:
        allowance = Allowance(30, 100)
        allowance.leave()
        allowance.used_by(copy)
        allowance.leave()
        allowance.leave()
        assert copy.fileno() == -1
        ours.sendall(b"still there")
        assert theirs.recv(100) == b"still there"
