"""Checks for transports that know how long a connection was idle."""

from time import monotonic, sleep

from ..hostile_server import HostileServer, echoes, http_response, in_turn, sends
from .traffic import BODY, GOOD, PATIENCE, PAUSE, assert_own_response, exchanges, get, numbered, serving
from .under_test import Checks, UnderTest


class KeepAliveChecks(Checks):
    """Idle connections that the server closes are reported as stale, and then avoided."""

    def test_idle_connections_that_close_are_stale(self, transport: UnderTest) -> None:
        """If the server closes an idle connection just as it is reused, the kind is stale, and nothing is retried."""
        for how, end in (("closes", lambda talk: None), ("resets", lambda talk: talk.reset())):
            script = in_turn(sends(GOOD), sends(b"", end))
            with HostileServer(script, echoes, patience=PATIENCE) as server:
                transport.response("a response", get(server))
                transport.error(f"the server {how} the idle connection", get(server), "stale")
                exchanges(server, sends=2)
                assert_own_response(transport.response("the request after it", numbered(server, 7)), 7)

    def test_other_connections_that_close_are_not_stale(self, transport: UnderTest) -> None:
        """If a new connection is closed, or a reused one during the response, the kind is not stale."""
        with HostileServer(sends(b""), patience=PATIENCE) as server:
            transport.error("the server closes a new connection", get(server), "reset", "protocol")
        with HostileServer(in_turn(sends(GOOD), sends(GOOD[:20])), patience=PATIENCE) as server:
            transport.response("a response", get(server))
            transport.error("the server closes during a response", get(server), "reset", "protocol")

    def test_stale_idle_times_are_avoided(self, transport: UnderTest) -> None:
        """After a stale connection, none is reused that was idle for 80 % of its idle time, or longer."""
        with HostileServer(in_turn(sends(GOOD), sends(b"")), echoes, patience=PATIENCE) as server:
            start = monotonic()
            transport.response("a response", get(server))
            sleep(PAUSE)
            transport.error("the idle connection is closed", get(server), "stale", "reset")
            at_most = monotonic() - start
            transport.response("the request after it", get(server))
            sleep(at_most)
            transport.response("a request after the same idle time", get(server))
            made = server.connections
        assert made == 3, f"a connection must not be reused after the stale one's idle time; {made} were made"

    def test_keep_alive_header_is_respected(self, transport: UnderTest) -> None:
        """With `Keep-Alive: timeout=N`, a connection is reused if it was idle for less than N - 1 seconds."""
        for value, wanted in (("timeout=1", 2), ("timeout=60, max=100", 1), ("max=100, timeout=1", 2), ("max=100", 1)):
            with serving(http_response(BODY, headers={"keep-alive": value})) as server:
                transport.response("a response", get(server))
                transport.response("the request after it", get(server))
                made = server.connections
            assert made == wanted, f"keep-alive: {value}: two requests must use {wanted} connections, but used {made}"
