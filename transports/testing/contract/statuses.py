"""Checks of statuses and headers."""

import gzip
from typing import Final

from ....core._shared import MAX_BODY
from ..hostile_server import HostileServer, drips, echoes, http_response, in_turn, sends
from .memory import little_memory
from .traffic import (
    BODY,
    GOOD,
    PATIENCE,
    PAUSE,
    SHORT,
    assert_own_response,
    framed,
    get,
    numbered,
    pouring,
    serving,
)
from .under_test import AMPLE, Checks, UnderTest

_STATUSES: Final = (
    *("200 OK", "201 Created", "204 No Content", "304 Not Modified"),
    *("400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "407 Proxy Authentication Required"),
    *("409 Conflict", "410 Gone", "418 I'm a teapot", "422 Unprocessable Content", "425 Too Early"),
    *("500 Internal Server Error", "501 Not Implemented", "502 Bad Gateway", "504 Gateway Timeout", "599 Odd"),
)

_INVALID_BODIES: Final = {
    "its body is truncated": ("content-length: 99", b"no"),
    "its chunks are truncated": ("transfer-encoding: chunked", b"2\r\n[]\r\n"),
    "its body is not gzip as labeled": ("content-encoding: gzip", b"not gzip at all"),
    "its gzip lacks its end": ("content-encoding: gzip", gzip.compress(BODY)[:-9]),
    "its content coding is not supported": ("content-encoding: br", b"\x00"),
    "its body is too large": (f"content-length: {MAX_BODY + 1}", bytes(MAX_BODY + 1)),
}
"""Header lines and a body, by description."""


class StatusChecks(Checks):
    """Statuses are returned, whatever follows them."""

    def test_every_status_is_returned(self, transport: UnderTest) -> None:
        """No final status raises, 404 and 500 included; 204 and 304 have no body to wait for (RFC 9112 §6.3)."""
        with serving(*map(_with_status, _STATUSES)) as server:
            for status in _STATUSES:
                response = transport.response(f"the status is {status}", get(server))
                assert response.status == int(status[:3]), f"{status} must be returned, but was {response.status}"

    def test_interim_responses_are_skipped(self, transport: UnderTest) -> None:
        """100, 102 and 103 may precede the final response, which is returned (RFC 9110 §15.2)."""
        interim = b"".join(
            b"HTTP/1.1 %b\r\nlink: </a>; rel=preload\r\n\r\n" % status
            for status in (b"100 Continue", b"102 Processing", b"103 Early Hints", b"103 Early Hints")
        )
        with serving(interim + GOOD, GOOD) as server:
            for _ in range(2):
                response = transport.response("a response after interim ones", get(server))
                returned = (response.status, response.body)
                assert returned == (200, BODY), f"interim responses must be skipped, but {returned} was returned"

    def test_error_statuses_are_returned_without_their_bodies(self, transport: UnderTest) -> None:
        """If the body of a status other than 200 is invalid, the status and the headers are returned without it."""
        for status in ("401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable"):
            for when, (lines, body) in _INVALID_BODIES.items():
                invalid = sends(framed(status, f"retry-after: 7\r\n{lines}", body))
                script = invalid if "truncated" in when else in_turn(invalid, echoes)
                with HostileServer(script, echoes, patience=PATIENCE) as server:
                    self._check_status_alone(transport, status, when, server, AMPLE)

    def test_error_statuses_are_returned_without_late_bodies(self, transport: UnderTest) -> None:
        """If the timeout ends during the body of a status other than 200, it is returned without the body too."""
        for status in ("401 Unauthorized", "429 Too Many Requests"):
            head = framed(status, "retry-after: 7\r\ncontent-length: 9999", b"")
            with HostileServer(drips(head, b" ", PAUSE), echoes, patience=PATIENCE) as server:
                self._check_status_alone(transport, status, "its body drips", server, SHORT)

    @staticmethod
    def _check_status_alone(
        transport: UnderTest, status: str, when: str, server: HostileServer, timeout: float
    ) -> None:
        response = transport.response(f"{status}, and {when}", get(server), timeout)
        returned = (response.status, response.headers.get("retry-after"), len(response.body))
        expected = (int(status[:3]), "7", 0)
        assert returned == expected, (
            f"{status}, and {when}: status, retry-after and body length must be {expected}, but were {returned}"
        )
        assert_own_response(transport.response("the request after it", numbered(server, 7)), 7)

    def test_conflicting_lengths_are_errors(self, transport: UnderTest) -> None:
        """Two different `content-length` headers are of kind protocol, whatever the status (RFC 9112 §6.3)."""
        for status in ("200 OK", "401 Unauthorized"):
            script = sends(framed(status, "content-length: 2\r\ncontent-length: 3", b"[] "))
            with HostileServer(script, patience=PATIENCE) as server:
                transport.error(f"{status} with two lengths", get(server), "protocol")

    def test_header_names_are_in_lower_case(self, transport: UnderTest) -> None:
        """Header names are returned in lower case, values unchanged."""
        headers = {"Retry-After": "7", "DATE": "Sat, 02 Nov 2019 09:14:59 GMT", "x-MiXeD": "As It Is"}
        with serving(http_response(BODY, headers=headers)) as server:
            returned = transport.response("header names in mixed case", get(server)).headers
        for name, value in headers.items():
            found = returned.get(name.lower())
            assert found == value, f"the header {name.lower()} must have the value {value!r}, but had {found!r}"
        others = [name for name in returned if name != name.lower()]
        assert others == [], f"all header names must be in lower case, but these are not: {others}"

    def test_endless_headers_are_aborted(self, transport: UnderTest) -> None:
        """An endless header, or an endless number of headers, is of kind protocol or too-large."""
        for what, piece in (
            ("an endless header", b"y" * 65_536),
            ("an endless number of headers", b"x: y\r\n" * 10_000),
        ):
            with pouring(b"HTTP/1.1 200 OK\r\nx: y\r\nx: ", piece) as server, little_memory(what):
                transport.error(what, get(server), "protocol", "too-large")


def _with_status(status: str) -> bytes:
    match status[:3]:
        case "204":
            return http_response(status=status, headers={"content-length": "", "content-type": ""})
        case "304":
            return http_response(status=status, headers={"content-length": "100"})
        case _:
            return http_response(BODY, status)
