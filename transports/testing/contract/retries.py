"""Checks that a transport sends each request exactly once."""

from typing import Final

from ..hostile_server import HostileServer, http_response, in_turn, sends
from .traffic import BASIC, BODY, GOOD, PATIENCE, exchanges, get, post, serving
from .under_test import Checks, UnderTest

_RETRIED_BY_MANY: Final = ("408 Request Timeout", "429 Too Many Requests", "503 Service Unavailable")
_REDIRECTS: Final = ("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect")


class RetryChecks(Checks):
    """Retries and redirects are up to the session."""

    def test_lost_connections_are_not_retried(self, transport: UnderTest) -> None:
        """A request is sent once, even if its connection, new or reused, is closed without a response."""
        with HostileServer(sends(b""), patience=PATIENCE) as server:
            transport.exception(get(server))
            exchanges(server, sends=1)
        with HostileServer(in_turn(sends(GOOD), sends(b"")), sends(b""), patience=PATIENCE) as server:
            transport.response("a GET", get(server))
            transport.exception(get(server))
            exchanges(server, sends=2)

    def test_posts_are_sent_once_on_new_connections(self, transport: UnderTest) -> None:
        """A POST never uses an idle connection, and is not retried if its connection is closed."""
        with serving(GOOD) as server:
            transport.response("a GET", get(server))
            transport.response("a POST after it", post(server))
            transport.response("a second POST", post(server))
            made = server.connections
        assert made == 3, f"each POST must use a new connection; a GET and two POSTs used {made} connections"
        with HostileServer(sends(GOOD), sends(b""), patience=PATIENCE) as server:
            transport.response("a GET", get(server))
            transport.exception(post(server))
            exchanges(server, sends=2)

    def test_statuses_are_not_retried(self, transport: UnderTest) -> None:
        """A request is sent once, even if the response is 408, 429 or 503 with `retry-after`."""
        with serving(*(http_response(BODY, status, {"retry-after": "0"}) for status in _RETRIED_BY_MANY)) as server:
            for number, _ in enumerate(_RETRIED_BY_MANY, start=1):
                transport.exception(get(server))
                exchanges(server, sends=number)

    def test_redirects_are_not_followed(self, transport: UnderTest) -> None:
        """301, 302, 303, 307 and 308 are returned, and no request is sent to `location`."""
        with serving(GOOD) as other:
            location = f"{other.url}/elsewhere"
            responses = [http_response(BODY, status, {"location": location}) for status in _REDIRECTS]
            with serving(*responses) as server:
                for status in _REDIRECTS:
                    response = transport.response(f"a redirect, {status}", get(server, authorization=BASIC))
                    assert other.exchanges == [], f"a redirect, {status}, must not be followed, but was"
                    assert response.status == int(status[:3]), f"{status} must be returned, but was {response.status}"
                    returned = response.headers.get("location")
                    assert returned == location, f"{status}: location must be {location}, but was {returned}"
