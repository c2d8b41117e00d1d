"""Checks of closed connections and closed transports."""

from ....core import LocalProtocolError
from ..hostile_server import HostileServer, echoes, http_response, sends
from .traffic import BODY, GOOD, PATIENCE, assert_own_response, get, numbered, serving
from .under_test import Checks, UnderTest, described


class ClosingChecks(Checks):
    """A closed connection is not reused, and a closed transport sends nothing."""

    def test_connections_marked_close_are_not_reused(self, transport: UnderTest) -> None:
        """After a response with `connection: close` the next request uses a new connection (RFC 9112 §9.6)."""
        last = http_response(BODY, headers={"connection": "close"})
        for who, then in (("the server", lambda talk: None), ("the client", lambda talk: talk.hang())):
            with HostileServer(sends(last, then), echoes, patience=PATIENCE) as server:
                transport.response("a response with connection: close", get(server))
                when = f"the request after a response with connection: close, and {who} closes first"
                assert_own_response(transport.response(when, numbered(server, 7)), 7)

    def test_close_can_be_called_twice(self, transport: UnderTest) -> None:
        """A second `close` does nothing."""
        with serving(GOOD) as server:
            transport.response("a request", get(server))
        transport.close()
        try:
            transport.close()
        except Exception as error:
            raise AssertionError(f"a second close must do nothing, but raised {described(error)}") from error

    def test_send_after_close_is_an_error(self, transport: UnderTest) -> None:
        """After `close`, `send` raises `LocalProtocolError` and sends nothing."""
        transport.close()
        with serving(GOOD) as server:
            error = transport.exception(get(server))
        outcome = f"raised {described(error)}" if error else "returned a response"
        assert isinstance(error, LocalProtocolError), f"after close, send must raise LocalProtocolError, but {outcome}"
        assert server.exchanges == [], "after close, nothing must be sent, but the server received a request"
