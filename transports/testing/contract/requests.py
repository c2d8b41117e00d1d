"""Checks of the request that a transport sends."""

from ....core import Request
from ..hostile_server import http_response
from .traffic import BASIC, BODY, GOOD, HEADERS, TARGET, exchanges, get, header_values, serving
from .under_test import Checks, UnderTest


class RequestChecks(Checks):
    """The request is sent as it is: by HTTP/1.1, without credentials or cookies of the transport's own.

    The environment of the checks has a netrc file with credentials for the server (`under_test.clean_environment`).
    """

    def test_method_target_and_headers_are_sent_unchanged(self, transport: UnderTest) -> None:
        """The method, the path with its query, and each header arrive as they are in the request."""
        with serving(GOOD) as server:
            transport.response("a request", Request("GET", server.url + TARGET, HEADERS))
            (seen,) = exchanges(server, sends=1)
        line, *lines = seen.head
        assert line == f"GET {TARGET} HTTP/1.1", f"the path and the query must be sent unchanged, but were {line}"
        for name, value in HEADERS.items():
            sent = header_values(lines, name)
            assert sent == [value], f"the header {name} must be sent once, unchanged, but was {sent}"

    def test_request_bodies_are_sent_unchanged(self, transport: UnderTest) -> None:
        """A POST sends the bytes of the body, and their number in `content-length`."""
        for sent in (b"", b'{"a": 1}', bytes(range(256)) * 1_000):
            with serving(GOOD) as server:
                request = Request("POST", server.url + TARGET, {"content-type": "application/json"}, sent)
                transport.response(f"a POST of {len(sent):,} bytes", request)
                (seen,) = exchanges(server, sends=1)
            line = seen.head[0]
            assert line.startswith("POST "), f"the method must be sent unchanged; the request line was {line}"
            same = seen.body == sent
            assert same, f"a body of {len(sent):,} bytes must be sent unchanged; {len(seen.body):,} bytes arrived"

    def test_only_the_credentials_of_the_request_are_sent(self, transport: UnderTest) -> None:
        """`authorization` is sent once, unchanged, and never without being in the request; netrc is ignored."""
        with serving(GOOD) as server:
            transport.response("a request with credentials", get(server, authorization=BASIC))
            transport.response("a request without credentials", get(server))
            given, none = (header_values(seen.head, "authorization") for seen in exchanges(server, sends=2))
        assert given == [BASIC], f"the header authorization must be sent once, unchanged, but was {given}"
        assert none == [], f"a request without credentials must be sent without any, but had {none}"

    def test_cookies_are_not_stored(self, transport: UnderTest) -> None:
        """`set-cookie` has no effect on the next request."""
        with serving(http_response(BODY, headers={"set-cookie": "a=1; path=/"})) as server:
            transport.response("a response that sets a cookie", get(server))
            transport.response("the request after it", get(server))
            cookies = header_values(exchanges(server, sends=2)[1].head, "cookie")
        assert cookies == [], f"cookies must not be sent with the next request, but these were: {cookies}"
