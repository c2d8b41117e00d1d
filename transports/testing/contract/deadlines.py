"""Checks of timeouts, which are for the whole response."""

import math
from threading import Event
from time import monotonic
from typing import Final

from ....core import TransportError
from ..hostile_server import Conversation, HostileServer, Script, drips, http_response, sends
from .traffic import CHUNKED, GOOD, PATIENCE, PAUSE, SHORT, get, numbered, serving
from .under_test import Checks, UnderTest, described

_TRIES: Final = 5
"""A busy machine may be late once; a transport without a working timeout is late every time."""


class DeadlineChecks(Checks):
    """A timeout ends a request on time, however the response arrives."""

    def test_very_long_timeouts_are_accepted(self, transport: UnderTest) -> None:
        """A timeout may be years, or `math.inf`."""
        with serving(GOOD) as server:
            for timeout in (1e10, math.inf):
                transport.response(f"a timeout of {timeout} s", get(server), timeout)

    def test_timeout_without_a_response(self, transport: UnderTest) -> None:
        """If the server sends nothing, the error is of kind timeout, within twice the timeout."""
        assert_times_out(transport, "the server sends nothing", sends(b"", lambda talk: talk.hang()))

    def test_timeout_while_the_status_line_drips(self, transport: UnderTest) -> None:
        """If the status line arrives byte by byte, the timeout is for the response, not for each byte."""
        assert_times_out(transport, "the status line drips", drips(b"HTTP/1.1 200 ", b"OK", PAUSE))

    def test_timeout_while_the_headers_drip(self, transport: UnderTest) -> None:
        """The same for headers."""
        assert_times_out(transport, "the headers drip", drips(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", PAUSE))

    def test_timeout_while_the_body_drips(self, transport: UnderTest) -> None:
        """The same for the body."""
        script = drips(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", b" ", PAUSE)
        assert_times_out(transport, "the body drips", script)

    def test_timeout_while_the_chunks_drip(self, transport: UnderTest) -> None:
        """The same for a body in chunks."""
        assert_times_out(transport, "the chunks drip", drips(CHUNKED, b"1\r\n \r\n", PAUSE))

    def test_late_responses_are_discarded(self, transport: UnderTest) -> None:
        """A response that arrives after its timeout is never returned for the next request."""
        sent = Event()

        def late_at_first(talk: Conversation) -> None:
            while (request := talk.read_request()) is not None:
                if request.startswith(b"GET /7 "):
                    talk.send(http_response(request))
                    continue
                talk.wait(SHORT / 2)
                try:
                    talk.send(http_response(b"late"))
                finally:
                    sent.set()

        with HostileServer(late_at_first, patience=PATIENCE) as server:
            transport.exception(get(server), SHORT / 4)
            sent.wait(PATIENCE / 2)  # times out if the first request was late before it was sent
            returned = transport.response("the request after a late response", numbered(server, 7)).body
        assert returned != b"late", "a response that arrived after its timeout was returned for the next request"


def assert_times_out(transport: UnderTest, when: str, script: Script) -> None:
    """Check that a request that `script` delays ends on time, with the right error."""
    (took, error), tries = _timed(transport, script), 1
    while took >= 2 * SHORT and tries < _TRIES:
        (took, error), tries = _timed(transport, script), tries + 1
    assert took < 2 * SHORT, f"{when}: a timeout of {SHORT} s must end within {2 * SHORT} s, but took {took:.2f} s"
    outcome = f"raised {described(error)}" if error else "returned a response"
    kind = error.kind if isinstance(error, TransportError) else None
    assert kind == "timeout", f"{when}: send must raise a TransportError of kind timeout, but {outcome}"
    assert took > SHORT / 2, f"{when}: a timeout of {SHORT} s must not end early, but took {took:.2f} s"


def _timed(transport: UnderTest, script: Script) -> tuple[float, Exception | None]:
    """Return how long `send` took with a timeout of `SHORT` seconds, and what it raised."""
    with HostileServer(script, patience=2.5 * SHORT) as server:
        start = monotonic()
        error = transport.exception(get(server), SHORT)
        return monotonic() - start, error
