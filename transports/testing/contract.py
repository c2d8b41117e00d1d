"""The contract of transports as a suite for pytest: inherit it, and it holds a transport of yours to all of it.

Each check is one test. It plays a service on 127.0.0.1 that behaves well or badly, and says what it wanted and
what came instead. The checks are written once: an asynchronous transport is driven as an ordinary one, each of
its calls on an event loop that the check has for itself, so no plugin is needed.
"""

import asyncio
import gzip
import logging
import math
import ssl
import traceback
import tracemalloc
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from itertools import chain, repeat
from pathlib import Path
from threading import Barrier, Event
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, Self, TypeVar, final

import pytest

from ...core import Credentials, LocalProtocolError, Request, Response, TransportError
from ...core._shared import MAX_BODY
from ..transport import AsyncTransport, Transport
from .hostile_server import (
    Conversation,
    Exchange,
    HostileServer,
    Script,
    answer,
    drips,
    echoes,
    in_turn,
    keeps_answering,
    nobody,
    pours,
    says,
)

_T = TypeVar("_T")

_AMPLE: Final = 30.0
"""Seconds for what has to come; a busy machine, or one that is suspended for a moment, is no fault."""

_PATIENCE: Final = 3.0
"""Seconds after which a service hangs up on whoever still waits: a time-out that does not hold is then told."""

_SHORT: Final = 0.2
_PAUSE: Final = 0.02
_TRIES: Final = 5
"""A machine is late now and then; a transport that is, is so each time."""

_MUCH: Final = 8 * MAX_BODY
"""Bytes of memory; whoever takes more for an answer has not left it early."""

_ENDLESS: Final = 32 * MAX_BODY
"""Bytes that stand for an answer without an end: one that is read to its end does no harm then."""

_BODY: Final = b'{"events": []}'
_GOOD: Final = answer(_BODY)
_TARGET: Final = "/api/events/1126.json?echo=a%20b%26c&domain_key=the-key&domain_password=hush%2B%C3%A9%3D"
_HEADERS: Final = {"accept": "application/json", "cache-control": "no-cache", "x-odd": "two  blanks, and a comma"}
_PASSWORD: Final = "hush-hush-7f3a"  # noqa: S105 # it opens nothing
_BASIC: Final = Credentials("the-key", _PASSWORD).basic()

_STATUSES: Final = (
    *("200 OK", "201 Created", "204 No Content", "304 Not Modified"),
    *("400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "407 Proxy Authentication Required"),
    *("409 Conflict", "410 Gone", "418 I'm a teapot", "422 Unprocessable Content", "425 Too Early"),
    *("500 Internal Server Error", "501 Not Implemented", "502 Bad Gateway", "504 Gateway Timeout", "599 Odd"),
)
_ASK_AGAIN: Final = ("408 Request Timeout", "429 Too Many Requests", "503 Service Unavailable")
_REDIRECTS: Final = ("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect")
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

_UNFINISHED: Final = "make_transport gives the transport that is held to the contract; define it in your class"


@final
class _Driven:
    """A transport of either kind as the checks use it: `run` gives what a call of it comes to.

    `when` says, in words for the author of the transport, what the service does meanwhile.
    """

    def __init__(self, transport: Any, run: Callable[[Any], Any]) -> None:
        self.transport = transport
        self.run = run
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._closed:
            self.close()

    def close(self) -> None:
        self._closed = True
        self.run(self.transport.close())

    def send(self, request: Request, timeout: float = _AMPLE) -> Response:
        response = self.run(self.transport.send(request, timeout=timeout))
        assert isinstance(response, Response), f"send gives a spongewatch.Response, not {type(response).__name__}"
        return response

    def answer(self, when: str, request: Request, timeout: float = _AMPLE) -> Response:
        """The answer; whatever else comes of it fails the check."""
        try:
            return self.send(request, timeout)
        except Exception as error:
            raise AssertionError(f"{when}: send gives the answer, but it raised {_named(error)}") from error

    def error(self, when: str, request: Request, *kinds: str, timeout: float = _AMPLE) -> TransportError:
        """The error, which is of one of `kinds`; whatever else comes fails the check."""
        wanted = f"{when}: send raises a TransportError of kind {' or '.join(kinds)}"
        try:
            response = self.send(request, timeout)
        except TransportError as error:
            failure = error
        except Exception as error:
            raise AssertionError(f"{wanted}, but it raised {_named(error)}") from error
        else:
            raise AssertionError(f"{wanted}, but it gave an answer, {response} with {len(response.body):,} bytes")
        assert failure.kind in kinds, f"{wanted}, but its kind was {failure.kind} ({failure})"
        return failure

    def come_through(self, when: str, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """What a coroutine around the transport comes to; an error fails the check."""
        try:
            result: _T = self.run(coroutine)
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{when}: nothing is raised, but there was {_named(error)}") from error
        return result

    def anything(self, request: Request, timeout: float = _AMPLE) -> Exception | None:
        """The error, if one comes; another check is for what has to come."""
        try:
            self.send(request, timeout)
        except Exception as error:
            return error
        return None


class _Contract(ABC):
    """The checks for transports of both kinds."""

    @abstractmethod
    def _driven(self) -> AbstractContextManager[_Driven]:
        """A new transport, closed at the end."""

    @pytest.fixture
    def transport(self, tmp_path: Path) -> Iterator[_Driven]:
        """What a check holds to the contract."""
        with _surroundings(tmp_path), self._driven() as driven:
            yield driven

    # What is sent.

    def test_the_request_is_carried_as_it_is(self, transport: _Driven) -> None:
        """The method, the path with its query and each header arrive as they were given."""
        with _service(_GOOD) as server:
            transport.answer("a request", Request("GET", server.url + _TARGET, _HEADERS))
            (seen,) = _seen(server, sends=1)
        line, *lines = seen.head
        assert line == f"GET {_TARGET} HTTP/1.1", f"the path and the query are sent as given; they came as {line}"
        for name, value in _HEADERS.items():
            sent = _values(lines, name)
            assert sent == [value], f"the header {name} is sent once, as it was given; it was sent as {sent}"

    def test_a_body_is_sent_byte_for_byte(self, transport: _Driven) -> None:
        """A POST carries the body of the request, whatever its bytes, and states its length."""
        for sent in (b"", b'{"a": 1}', bytes(range(256)) * 1_000):
            with _service(_GOOD) as server:
                request = Request("POST", server.url + _TARGET, {"content-type": "application/json"}, sent)
                transport.answer(f"a POST of {len(sent):,} bytes", request)
                (seen,) = _seen(server, sends=1)
            line = seen.head[0]
            assert line.startswith("POST "), f"the method is sent as given; the request line was {line}"
            same = seen.body == sent
            assert same, f"a body of {len(sent):,} bytes is sent byte for byte; {len(seen.body):,} bytes arrived"

    def test_a_post_is_sent_once_on_a_fresh_connection(self, transport: _Driven) -> None:
        """A POST never uses an idle connection, and is not repeated if its connection is lost."""
        with _service(_GOOD) as server:
            transport.answer("a GET", _get(server))
            transport.answer("a POST after it", _post(server))
            transport.answer("a second POST", _post(server))
            made = server.connections
        assert made == 3, f"each POST has a connection of its own; a GET and two POSTs took {made} connections"
        with HostileServer(says(_GOOD), says(b""), patience=_PATIENCE) as server:
            transport.answer("a GET", _get(server))
            transport.anything(_post(server))
            _seen(server, sends=2)

    def test_no_credentials_but_those_of_the_request_are_sent(self, transport: _Driven) -> None:
        """`authorization` arrives once and unaltered, and not at all where none was given; netrc is passed over."""
        with _service(_GOOD) as server:
            transport.answer("a request with credentials", _get(server, authorization=_BASIC))
            transport.answer("a request without credentials", _get(server))
            with_some, without = (_values(seen.head, "authorization") for seen in _seen(server, sends=2))
        assert with_some == [_BASIC], f"the header authorization is sent once, unaltered; it was sent as {with_some}"
        assert without == [], f"a request without credentials is sent without any; these came along: {without}"

    def test_no_cookie_is_kept(self, transport: _Driven) -> None:
        """What `set-cookie` asks for is not sent with the next request."""
        with _service(answer(_BODY, headers={"set-cookie": "a=1; path=/"})) as server:
            transport.answer("an answer that sets a cookie", _get(server))
            transport.answer("the request after it", _get(server))
            cookies = _values(_seen(server, sends=2)[1].head, "cookie")
        assert cookies == [], f"a cookie is not sent with the next request; these were: {cookies}"

    def test_a_lost_connection_is_not_tried_again(self, transport: _Driven) -> None:
        """A request is sent once, even where its connection, new or used before, is lost without an answer."""
        with HostileServer(says(b""), patience=_PATIENCE) as server:
            transport.anything(_get(server))
            _seen(server, sends=1)
        with HostileServer(in_turn(says(_GOOD), says(b"")), says(b""), patience=_PATIENCE) as server:
            transport.answer("an answer", _get(server))
            transport.anything(_get(server))
            _seen(server, sends=2)

    def test_a_status_is_not_tried_again(self, transport: _Driven) -> None:
        """A request is sent once, even where the answer is 408, 429 or 503 with `retry-after`."""
        with _service(*(answer(_BODY, status, {"retry-after": "0"}) for status in _ASK_AGAIN)) as server:
            for number, _ in enumerate(_ASK_AGAIN, start=1):
                transport.anything(_get(server))
                _seen(server, sends=number)

    def test_no_redirect_is_followed(self, transport: _Driven) -> None:
        """301, 302, 303, 307 and 308 are answers, and what `location` names receives nothing."""
        with _service(_GOOD) as other:
            location = f"{other.url}/elsewhere"
            with _service(*(answer(_BODY, status, {"location": location}) for status in _REDIRECTS)) as server:
                for status in _REDIRECTS:
                    response = transport.answer(f"a redirect, {status}", _get(server, authorization=_BASIC))
                    assert other.exchanges == [], f"a redirect, {status}, is not followed, but it was"
                    assert response.status == int(status[:3]), f"{status} came as {response.status}"
                    given = response.headers.get("location")
                    assert given == location, f"a redirect, {status}, is given with its location, not {given}"

    # What is given back.

    def test_a_status_of_any_kind_is_an_answer(self, transport: _Driven) -> None:
        """A status, 404 and 500 too, is given back and not raised; 204 and 304 have no body to wait for."""
        with _service(*map(_of_status, _STATUSES)) as server:
            for status in _STATUSES:
                response = transport.answer(f"the status is {status}", _get(server))
                assert response.status == int(status[:3]), f"the status {status} came as {response.status}"

    def test_interim_responses_are_skipped(self, transport: _Driven) -> None:
        """100, 102 and 103 precede the final response (RFC 9110 §15.2), which is the one to give back."""
        hints = b"".join(
            b"HTTP/1.1 %b\r\nlink: </a>; rel=preload\r\n\r\n" % status
            for status in (b"100 Continue", b"102 Processing", b"103 Early Hints", b"103 Early Hints")
        )
        with _service(hints + _GOOD, _GOOD) as server:
            for _ in range(2):
                response = transport.answer("a response after interim ones", _get(server))
                came = (response.status, response.body)
                assert came == (200, _BODY), f"interim responses are skipped, but {came} was given"

    def test_a_status_is_known_without_its_body(self, transport: _Driven) -> None:
        """A status other than 200 is given back if its body fails, with its headers and an empty body."""
        for status in ("401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable"):
            for when, (lines, body) in _BAD_BODIES.items():
                bad = _lines(status, f"retry-after: 7\r\n{lines}", body)
                script = says(bad) if "off" in when else in_turn(says(bad), echoes)
                with HostileServer(script, echoes, patience=_PATIENCE) as server:
                    self._assert_known(transport, status, when, server, _AMPLE)

    def test_a_status_is_known_if_its_body_is_late(self, transport: _Driven) -> None:
        """The same if the timeout ends while the body arrives."""
        for status in ("401 Unauthorized", "429 Too Many Requests"):
            head = _lines(status, "retry-after: 7\r\ncontent-length: 9999", b"")
            with HostileServer(drips(head, b" ", _PAUSE), echoes, patience=_PATIENCE) as server:
                self._assert_known(transport, status, "its body drips", server, _SHORT)

    @staticmethod
    def _assert_known(transport: _Driven, status: str, when: str, server: HostileServer, timeout: float) -> None:
        response = transport.answer(f"{status}, and {when}", _get(server), timeout)
        came = (response.status, response.headers.get("retry-after"), len(response.body))
        wanted = (int(status[:3]), "7", 0)
        assert came == wanted, f"{status}, and {when}: status, retry-after and length are {wanted}, but came as {came}"
        _assert_its_own(transport.answer("the request after it", _numbered(server, 7)), 7)

    def test_conflicting_lengths_are_no_response(self, transport: _Driven) -> None:
        """Two lengths that differ leave open where the body ends: kind protocol, whatever the status."""
        for status in ("200 OK", "401 Unauthorized"):
            script = says(_lines(status, "content-length: 2\r\ncontent-length: 3", b"[] "))
            with HostileServer(script, patience=_PATIENCE) as server:
                transport.error(f"{status} with two lengths", _get(server), "protocol")

    def test_header_names_are_in_lower_case(self, transport: _Driven) -> None:
        """However the service spells them; the values are given as they are."""
        headers = {"Retry-After": "7", "DATE": "Sat, 02 Nov 2019 09:14:59 GMT", "x-MiXeD": "As It Is"}
        with _service(answer(_BODY, headers=headers)) as server:
            given = transport.answer("headers in all cases", _get(server)).headers
        for name, value in headers.items():
            there = given.get(name.lower())
            assert there == value, f"the header {name} is given as {name.lower()}, with its value; it was {there!r}"
        others = [name for name in given if name != name.lower()]
        assert others == [], f"all names of headers are in lower case, and these are not: {others}"

    def test_a_body_is_given_byte_for_byte(self, transport: _Driven) -> None:
        """Whatever its bytes and its declared charset, empty too, and where it ends with the connection."""
        bodies = (b"", b"\x00\xff\xfe\x00", "\ufeffé\r\n\r".encode(), bytes(range(256)) * 300)
        for content_type in ("application/json", "text/html; charset=utf-16"):
            with _service(*(answer(body, headers={"content-type": content_type}) for body in bodies)) as server:
                for body in bodies:
                    given = transport.answer(f"a body of {len(body)} bytes, {content_type}", _get(server)).body
                    _assert_same_bytes(given, body)
        with HostileServer(says(b"HTTP/1.1 200 OK\r\n\r\n" + bodies[-1]), patience=_PATIENCE) as server:
            given = transport.answer("a body that ends with the connection", _get(server)).body
        _assert_same_bytes(given, bodies[-1])

    def test_a_chunked_body_is_put_together(self, transport: _Driven) -> None:
        """A body in chunks is given without what frames them."""
        chunks = b"e;odd=1\r\n" + _BODY + b"\r\n1\r\n\x00\r\n0\r\nx-trailer: 1\r\n\r\n"
        with _service(_CHUNKED + chunks) as server:
            given = transport.answer("a body in chunks", _get(server)).body
        assert given == _BODY + b"\x00", f"a body in chunks is put together; it was given as {given!r}"

    def test_a_compressed_body_is_unpacked(self, transport: _Driven) -> None:
        """A transport that asks for gzip gives what was in it."""

        def as_asked(talk: Conversation) -> None:
            while (request := talk.read_request()) is not None:
                talk.send(_packed(gzip.compress(_BODY)) if _asks_for_gzip(request) else _GOOD)

        with HostileServer(as_asked, patience=_PATIENCE) as server:
            given = transport.answer("a body in gzip, if it was asked for", _get(server)).body
        assert given == _BODY, f"a body in gzip is given unpacked; it was given as {given!r}"

    def test_codings_are_undone_in_reverse_order(self, transport: _Driven) -> None:
        """Codings that are listed, over two headers too, are undone; a label that is no coding means identity."""
        once, twice = gzip.compress(_BODY), gzip.compress(gzip.compress(_BODY))
        for lines, packed in {
            "content-encoding: identity, gzip": once,
            "content-encoding: gzip, utf-8": once,
            "content-encoding: gzip\r\ncontent-encoding: identity": once,
            "content-encoding: gzip, gzip": twice,
            "content-encoding: gzip\r\ncontent-encoding: gzip": twice,
            "content-encoding: utf-8": _BODY,
            "content-encoding: none": _BODY,
            "content-encoding: gzip": gzip.compress(_BODY[:5]) + gzip.compress(_BODY[5:]),  # RFC 1952: two members
        }.items():
            with _service(_lines("200 OK", lines, packed)) as server:
                given = transport.answer(f"a body with {lines!r}", _get(server)).body
            assert given == _BODY, f"a body with {lines!r} is decoded; it was given as {given!r}"

    def test_an_unsupported_coding_is_an_error(self, transport: _Driven) -> None:
        """A real coding that was not asked for is of kind protocol, and the error names it."""
        for coding in ("br", "zstd"):
            with _service(_lines("200 OK", f"content-encoding: {coding}", b"\x0b\x02\x80[]\x03")) as server:
                error = transport.error(f"a body in {coding}", _get(server), "protocol")
            assert coding in error.detail, f"a body in {coding}: the error names the coding, but it says {error}"

    def test_a_body_of_the_largest_size_is_taken(self, transport: _Driven) -> None:
        """A body may have `MAX_BODY` bytes."""
        body = bytes(MAX_BODY)
        with _service(answer(body)) as server:
            given = transport.answer(f"a body of MAX_BODY, {MAX_BODY:,} bytes", _get(server)).body
        _assert_same_bytes(given, body)

    def test_the_limit_of_the_request_counts(self, transport: _Driven) -> None:
        """`Request.max_body` bounds the body, after decoding, and may be larger than `MAX_BODY`."""
        for limit in (0, 9, MAX_BODY + 1):
            with _service(answer(bytes(limit)), answer(bytes(limit + 1))) as server:
                request = Request("GET", server.url, max_body=limit)
                given = transport.answer(f"a body of max_body, {limit:,} bytes", request).body
                _assert_same_bytes(given, bytes(limit))
                transport.error(f"a body of max_body + 1, {limit + 1:,} bytes", request, "too-large")

    def test_a_larger_body_is_refused(self, transport: _Driven) -> None:
        """A body of `MAX_BODY` + 1 bytes, in one piece or in chunks, is too large."""
        body = bytes(MAX_BODY + 1)
        with _service(answer(body)) as server:
            transport.error("a body of MAX_BODY + 1 bytes", _get(server), "too-large")
        with _service(_CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)) as server:
            transport.error("a body of MAX_BODY + 1 bytes, in chunks", _get(server), "too-large")

    def test_an_endless_body_is_left_early(self, transport: _Driven) -> None:
        """A body without an end, in chunks or not, is too large, and is not kept until that is known."""
        piece = bytes(65_536)
        with _pouring(b"HTTP/1.1 200 OK\r\n\r\n", piece) as server, _little_memory("a body without an end"):
            transport.error("a body without an end", _get(server), "too-large")
        chunk = b"%x\r\n%b\r\n" % (len(piece), piece)
        with _pouring(_CHUNKED, chunk) as server, _little_memory("chunks without an end"):
            transport.error("chunks without an end", _get(server), "too-large")

    def test_a_gzip_bomb_is_left_early(self, transport: _Driven) -> None:
        """A small body that inflates without end is too large, or of kind protocol if gzip was not asked for."""
        with _service(_bomb()) as server, _little_memory("a gzip bomb"):
            error = transport.error("a gzip bomb", _get(server), "too-large", "protocol")
            asked = _asks_for_gzip(_seen(server, sends=1)[0].request)
        assert error.kind == "too-large" or not asked, f"a gzip bomb, and gzip was asked for: too-large, not {error}"

    def test_endless_headers_are_left_early(self, transport: _Driven) -> None:
        """One header without an end, or headers without one, are of kind protocol or too-large."""
        for what, piece in (
            ("a header without an end", b"y" * 65_536),
            ("headers without an end", b"x: y\r\n" * 10_000),
        ):
            with _pouring(b"HTTP/1.1 200 OK\r\nx: y\r\nx: ", piece) as server, _little_memory(what):
                transport.error(what, _get(server), "protocol", "too-large")

    # How long it takes.

    def test_a_long_time_out_is_no_mistake(self, transport: _Driven) -> None:
        """A time-out may be years, or `math.inf`."""
        with _service(_GOOD) as server:
            for timeout in (1e10, math.inf):
                transport.answer(f"a time-out of {timeout} s", _get(server), timeout)

    def test_the_time_out_holds_where_nothing_comes(self, transport: _Driven) -> None:
        """Where the service says nothing, the error is of kind timeout, within twice its length."""
        _times_out(transport, "the service says nothing", says(b"", lambda talk: talk.hang()))

    def test_the_time_out_holds_where_the_status_line_drips(self, transport: _Driven) -> None:
        """Where the status line comes a byte at a time, the time-out is for the answer, not for each byte."""
        _times_out(transport, "the status line drips", drips(b"HTTP/1.1 200 ", b"OK", _PAUSE))

    def test_the_time_out_holds_where_the_headers_drip(self, transport: _Driven) -> None:
        """The same for headers."""
        _times_out(transport, "the headers drip", drips(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", _PAUSE))

    def test_the_time_out_holds_where_the_body_drips(self, transport: _Driven) -> None:
        """The same for the body."""
        _times_out(transport, "the body drips", drips(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", b" ", _PAUSE))

    def test_the_time_out_holds_where_the_chunks_drip(self, transport: _Driven) -> None:
        """The same for a body in chunks."""
        _times_out(transport, "the chunks drip", drips(_CHUNKED, b"1\r\n \r\n", _PAUSE))

    def test_a_late_answer_is_not_taken_for_the_next_one(self, transport: _Driven) -> None:
        """An answer that comes after its time-out is never given to the next request."""
        said = Event()

        def late_at_first(talk: Conversation) -> None:
            while (request := talk.read_request()) is not None:
                if request.startswith(b"GET /7 "):
                    talk.send(answer(request))
                    continue
                talk.wait(_SHORT / 2)
                try:
                    talk.send(answer(b"late"))
                finally:
                    said.set()

        with HostileServer(late_at_first, patience=_PATIENCE) as server:
            transport.anything(_get(server), _SHORT / 4)
            said.wait(_PATIENCE / 2)  # or the first request was late before it left
            given = transport.answer("the request after a late answer", _numbered(server, 7)).body
        assert given != b"late", "an answer that came too late was given to the next request"

    def test_a_connection_that_the_service_ends_is_not_used_again(self, transport: _Driven) -> None:
        """After an answer with `connection: close` the next send gives its own, whoever hangs up first."""
        last = answer(_BODY, headers={"connection": "close"})
        for who, then in (("the service", lambda talk: None), ("the client", lambda talk: talk.hang())):
            with HostileServer(says(last, then), echoes, patience=_PATIENCE) as server:
                transport.answer("an answer that says connection: close", _get(server))
                when = f"the request after an answer that says connection: close, and {who} hangs up"
                _assert_its_own(transport.answer(when, _numbered(server, 7)), 7)

    # What becomes of no answer.

    def test_a_refused_connection_is_refused(self, transport: _Driven) -> None:
        """Where nothing listens, the kind is refused."""
        with nobody() as url:
            transport.error("nothing listens there", Request("GET", url + _TARGET), "refused")

    def test_a_reset_connection_is_reset(self, transport: _Driven) -> None:
        """Where the connection is reset before an answer comes, the kind is reset."""
        with HostileServer(says(b"", lambda talk: talk.reset()), patience=_PATIENCE) as server:
            transport.error("the connection is reset", _get(server), "reset")

    def test_a_name_that_nobody_has_is_dns(self, transport: _Driven) -> None:
        """Where the host's name can't be looked up, the kind is dns."""
        unknown = Request("GET", "http://nobody.invalid" + _TARGET)  # RFC 6761 keeps it free
        transport.error("nobody has the host's name", unknown, "dns")

    def test_a_port_without_tls_is_tls(self, transport: _Driven) -> None:
        """Where https meets a service that speaks no TLS, the kind is tls."""

        def speaks_http(talk: Conversation) -> None:
            talk.sock.recv(65_536)
            talk.send(answer(status="400 Bad Request"))
            talk.hang()

        with HostileServer(speaks_http, patience=_PATIENCE) as server:
            url = server.url.replace("http:", "https:")
            transport.error("the service speaks no TLS", Request("GET", url + _TARGET), "tls")

    def test_a_certificate_that_nobody_trusts_is_a_permanent_error(self, transport: _Driven) -> None:
        """A certificate that is not trusted is of kind tls and `permanent`, and the service sees no request."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(__file__).with_name("untrusted.pem"))
        with HostileServer(says(_GOOD), tls=context, patience=_PATIENCE) as server:
            error = transport.error("the certificate is not trusted", _get(server, authorization=_BASIC), "tls")
        assert error.permanent, "the certificate is not trusted: the error is permanent, but this one is not"
        assert server.exchanges == [], "the certificate is not trusted: the service sees no request, but it saw one"

    def test_a_connection_closed_without_an_answer_is_reset(self, transport: _Driven) -> None:
        """Where the service hangs up without an answer, the kind is reset, or protocol."""
        with HostileServer(says(b""), patience=_PATIENCE) as server:
            transport.error("the service hangs up without an answer", _get(server), "reset", "protocol")

    def test_a_head_that_breaks_off_is_no_answer(self, transport: _Driven) -> None:
        """Where the headers break off, the kind is reset, or protocol."""
        with HostileServer(says(b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\ncontent-"), patience=_PATIENCE) as server:
            transport.error("the headers break off", _get(server), "reset", "protocol")

    def test_a_body_that_breaks_off_is_no_answer(self, transport: _Driven) -> None:
        """Where the body breaks off, in chunks or not, or by a reset, the kind is reset, or protocol."""
        broken = {
            "the body breaks off": says(_GOOD[:-1]),
            "the chunks break off": says(_CHUNKED + b"2\r\n[]\r\n"),
            "the connection is reset in the body": says(_GOOD[:-1], lambda talk: talk.reset()),
        }
        for when, script in broken.items():
            with HostileServer(script, patience=_PATIENCE) as server:
                transport.error(when, _get(server), "reset", "protocol")

    def test_bad_gzip_is_no_answer(self, transport: _Driven) -> None:
        """Where a body is not the gzip that it says it is, or lacks its end, the kind is protocol."""
        with _service(_packed(b"no gzip at all")) as server:
            transport.error("the body is not the gzip that it says", _get(server), "protocol")
        with _service(_packed(gzip.compress(_BODY)[:-9])) as server:
            transport.error("the gzip of the body lacks its end", _get(server), "protocol")

    def test_a_malformed_status_line_is_no_answer(self, transport: _Driven) -> None:
        """Where the answer is not HTTP, the kind is protocol."""
        for line in (b"220 mail.example ESMTP\r\n", b"HTTP/1.1 OK\r\n\r\n"):
            with HostileServer(says(line), patience=_PATIENCE) as server:
                transport.error(f"the answer starts with {line!r}", _get(server), "protocol")

    # What is told of it.

    def test_an_error_tells_no_secret(self, transport: _Driven) -> None:
        """Neither the error nor what led to it names the path, the query or a header of the request."""
        with nobody() as url:
            _assert_nothing_told(transport, "nothing listens there", url)
        for when, script in _TROUBLE.items():
            with HostileServer(script, patience=_PATIENCE) as server:
                _assert_nothing_told(transport, when, server.url)

    def test_credentials_are_not_logged(self, transport: _Driven, caplog: pytest.LogCaptureFixture) -> None:
        """No logger tells the value of `authorization`, not at DEBUG either, whatever becomes of the request."""
        with caplog.at_level(logging.DEBUG):
            for script in (says(_GOOD), *_TROUBLE.values()):
                with HostileServer(script, patience=_PATIENCE) as server:
                    transport.anything(_get(server, authorization=_BASIC), _SHORT / 2)
        for secret in (_PASSWORD, _BASIC.split()[1]):
            lines = [line for line in caplog.text.splitlines() if secret in line]
            assert lines == [], f"the credentials of a request are in no log, but they are in {lines}"

    # How it ends.

    def test_it_may_be_closed_twice(self, transport: _Driven) -> None:
        """`close` may be called again."""
        with _service(_GOOD) as server:
            transport.answer("a request", _get(server))
        transport.close()
        try:
            transport.close()
        except Exception as error:
            raise AssertionError(f"close may be called again, but then it raised {_named(error)}") from error

    def test_once_closed_it_sends_nothing(self, transport: _Driven) -> None:
        """After `close`, `send` raises `LocalProtocolError`."""
        transport.close()
        with _service(_GOOD) as server:
            error = transport.anything(_get(server))
        came = f"it raised {_named(error)}" if error else "an answer came"
        assert isinstance(error, LocalProtocolError), f"after close, send raises LocalProtocolError, but {came}"
        assert server.exchanges == [], "after close, nothing is sent, but the service saw a request"


class TransportContract(_Contract):
    """Inherit it in a class whose name starts with `Test`, and pytest holds your transport to the contract.

    Each check makes transports of its own and closes them. The proxy variables are taken out of the environment,
    and `NETRC` names a file with other credentials; what loads them is told so. A check that yours can't keep is
    left out by setting its name to None in your class.

    >>> from spongewatch.transports import Urllib3Transport
    >>> class TestMine(TransportContract):
    ...     def make_transport(self) -> Transport:
    ...         return Urllib3Transport()
    """

    def make_transport(self) -> Transport:
        """A new transport, set up as you would have it used."""
        raise NotImplementedError(_UNFINISHED)  # were it abstract, pytest would pass over the class without a word

    def test_it_is_shared_by_many_threads(self, transport: _Driven) -> None:
        """Each of 8 threads gets the answers to its own requests."""
        together = Barrier(8)

        def ten(thread: int) -> None:
            together.wait()
            for number in range(10 * thread, 10 * thread + 10):
                _assert_its_own(transport.answer("many threads", _numbered(server, number)), number)

        with HostileServer(echoes, patience=_PATIENCE) as server, ThreadPoolExecutor(8) as threads:
            list(threads.map(ten, range(8)))

    @contextmanager
    def _driven(self) -> Iterator[_Driven]:
        with _Driven(self.make_transport(), lambda given: given) as driven:
            yield driven


class AsyncTransportContract(_Contract):
    """The same for an asynchronous transport, and what asyncio wants besides.

    `make_transport` runs on the event loop on which the transport is used and closed.

    >>> from spongewatch.transports import AsyncTransport
    >>> class Constant:
    ...     async def send(self, request: Request, *, timeout: float) -> Response:
    ...         return Response(200)
    ...     async def close(self) -> None: ...
    >>> class TestMine(AsyncTransportContract):
    ...     async def make_transport(self) -> AsyncTransport:
    ...         return Constant()
    """

    async def make_transport(self) -> AsyncTransport:
        """A new transport, set up as you would have it used."""
        raise NotImplementedError(_UNFINISHED)

    def test_it_is_shared_by_many_tasks(self, transport: _Driven) -> None:
        """Each of 16 tasks gets the answers to its own requests."""

        async def five(task: int) -> None:
            for number in range(5 * task, 5 * task + 5):
                response = await transport.transport.send(_numbered(server, number), timeout=_AMPLE)
                _assert_its_own(response, number)

        async def all_of_them() -> None:
            await asyncio.gather(*map(five, range(16)))

        with HostileServer(echoes, patience=_PATIENCE) as server:
            transport.come_through("many tasks", all_of_them())

    def test_the_event_loop_goes_on_meanwhile(self, transport: _Driven) -> None:
        """Other tasks run while an answer is waited for."""

        async def longest_standstill() -> float:
            anew = await self.make_transport()  # what it does once and for all, it does each time here
            longest, before = 0.0, monotonic()
            try:
                waiting = asyncio.create_task(anew.send(_get(server), timeout=_AMPLE))
                while not waiting.done():
                    await asyncio.sleep(_SHORT / 20)
                    now = monotonic()
                    longest, before = max(longest, now - before), now
                await waiting
            finally:
                await anew.close()
            return longest

        standstills: list[float] = []
        while len(standstills) < _TRIES and min(standstills, default=math.inf) >= 0.75 * _SHORT:
            with HostileServer(keeps_answering(_GOOD, pause=_SHORT), patience=_PATIENCE) as server:
                standstills.append(transport.come_through("the answer is waited for", longest_standstill()))
        longest = min(standstills)
        assert longest < 0.75 * _SHORT, f"other tasks run while an answer is waited for, but not for {longest:.2f} s"

    def test_a_cancelled_send_ends_at_once(self, transport: _Driven) -> None:
        """`CancelledError` is let through, and the transport goes on to serve others."""
        with HostileServer(says(b"", lambda talk: talk.hang()), echoes, patience=_PATIENCE) as server:
            task = transport.come_through("a cancelled send", self._cancelled(transport, server))
            at_once = task.done() and not server.stopping.is_set()
            assert at_once, "a cancelled send ends at once, but it goes on until the service hangs up"
            came = None if task.cancelled() else task.exception() or task.result()
            assert task.cancelled(), f"a cancelled send ends with CancelledError, but it ended with {came!r}"
            _assert_its_own(transport.answer("the request after a cancelled one", _numbered(server, 7)), 7)

    def test_a_cancelled_send_closes_its_connection(self, transport: _Driven) -> None:
        """The service sees that nobody waits for its answer any more."""
        over = Event()
        by_the_client: list[bool] = []

        def until_it_hangs_up(talk: Conversation) -> None:
            try:
                talk.hang()
            finally:  # a client may reset the connection as well
                by_the_client.append(not talk.wait(0))  # else the service was stopped
                over.set()

        async def cancelled() -> bool:
            await self._cancelled(transport, server)
            await asyncio.to_thread(over.wait, _AMPLE)
            return by_the_client == [True]

        with HostileServer(says(b"", until_it_hangs_up), patience=_PATIENCE) as server:
            closed = transport.come_through("a cancelled send", cancelled())
        assert closed, "a cancelled send closes its connection, but it is still open"

    @staticmethod
    async def _cancelled(transport: _Driven, server: HostileServer) -> asyncio.Task[Response]:
        """A send that was cancelled while it waited for its answer; it has had the time to end."""
        task = asyncio.create_task(transport.transport.send(_get(server), timeout=_AMPLE))
        while not server.exchanges and not task.done():
            await asyncio.sleep(_SHORT / 20)
        task.cancel()
        await asyncio.wait([task], timeout=_AMPLE)
        return task

    @contextmanager
    def _driven(self) -> Iterator[_Driven]:
        with asyncio.Runner() as runner, _Driven(runner.run(self.make_transport()), runner.run) as driven:
            yield driven


class _KeepAlive(_Contract):
    """The checks for transports that know how long a connection was idle."""

    def test_a_connection_that_ends_as_it_is_used_again_is_stale(self, transport: _Driven) -> None:
        """If the service closes an idle connection as a request arrives, the kind is stale, and nothing is repeated."""
        for how, ends in (("closes", lambda talk: None), ("resets", lambda talk: talk.reset())):
            script = in_turn(says(_GOOD), says(b"", ends))
            with HostileServer(script, echoes, patience=_PATIENCE) as server:
                transport.answer("a response", _get(server))
                transport.error(f"the service {how} the idle connection", _get(server), "stale")
                _seen(server, sends=2)
                _assert_its_own(transport.answer("the request after it", _numbered(server, 7)), 7)

    def test_a_connection_that_never_served_is_not_stale(self, transport: _Driven) -> None:
        """If the service closes a new connection without a response, or a used one within it, the kind is not stale."""
        with HostileServer(says(b""), patience=_PATIENCE) as server:
            transport.error("the service closes a new connection", _get(server), "reset", "protocol")
        with HostileServer(in_turn(says(_GOOD), says(_GOOD[:20])), patience=_PATIENCE) as server:
            transport.answer("a response", _get(server))
            transport.error("the service closes within a response", _get(server), "reset", "protocol")

    def test_connections_are_not_idle_for_as_long_again(self, transport: _Driven) -> None:
        """After a stale connection, none is used again that was idle for 80 % as long, or longer."""
        with HostileServer(in_turn(says(_GOOD), says(b"")), echoes, patience=_PATIENCE) as server:
            start = monotonic()
            transport.answer("a response", _get(server))
            sleep(_PAUSE)
            transport.error("the idle connection ends", _get(server), "stale", "reset")
            at_most = monotonic() - start
            transport.answer("the request after it", _get(server))
            sleep(at_most)
            transport.answer("a request after as long", _get(server))
            made = server.connections
        assert made == 3, f"a connection idle for as long as the one that ended is not used again; {made} were made"

    def test_the_keep_alive_header_is_heeded(self, transport: _Driven) -> None:
        """With `Keep-Alive: timeout=N` a connection is used again while it is idle for less than N - 1 seconds."""
        for value, wanted in (("timeout=1", 2), ("timeout=60, max=100", 1), ("max=100, timeout=1", 2), ("max=100", 1)):
            with _service(answer(_BODY, headers={"keep-alive": value})) as server:
                transport.answer("a response", _get(server))
                transport.answer("the request after it", _get(server))
                made = server.connections
            assert made == wanted, f"keep-alive: {value}: two requests take {wanted} connections, but took {made}"


class KeepAliveContract(_KeepAlive, TransportContract):
    """`TransportContract`, and what a transport promises that knows how long its connections were idle.

    >>> from spongewatch.transports import Urllib3Transport
    >>> class TestMine(KeepAliveContract):
    ...     def make_transport(self) -> Transport:
    ...         return Urllib3Transport()
    """


class AsyncKeepAliveContract(_KeepAlive, AsyncTransportContract):
    """The same for an asynchronous transport.

    >>> from spongewatch.transports import AsyncTransport, ThreadedTransport, Urllib3Transport
    >>> class TestMine(AsyncKeepAliveContract):
    ...     async def make_transport(self) -> AsyncTransport:
    ...         return ThreadedTransport(Urllib3Transport())
    """


@contextmanager
def _surroundings(folder: Path) -> Iterator[None]:
    """An environment without proxies, for loopback is meant, and with a netrc that nobody should read."""
    netrc = folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in _PROXIES:
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        patch.setenv("NETRC", str(netrc))
        yield


# What the service does.

_CHUNKED: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


def _service(*answers: bytes) -> HostileServer:
    """Gives one answer to each request, whatever its connection, and the last again and again."""
    given = chain(answers, repeat(answers[-1]))

    def script(talk: Conversation) -> None:
        while talk.read_request() is not None:
            talk.send(next(given))

    return HostileServer(script, patience=_PATIENCE)


def _pouring(start: bytes, piece: bytes) -> HostileServer:
    return HostileServer(pours(start, piece, _ENDLESS // len(piece)), patience=_PATIENCE)


def _of_status(status: str) -> bytes:
    match status[:3]:
        case "204":
            return answer(status=status, headers={"content-length": "", "content-type": ""})
        case "304":
            return answer(status=status, headers={"content-length": "100"})
        case _:
            return answer(_BODY, status)


def _lines(status: str, lines: str, body: bytes) -> bytes:
    """A response with these header lines, and a `content-length` unless they say how the body is framed."""
    framed = "content-length" in lines or "transfer-encoding" in lines
    length = "" if framed else f"content-length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{lines}\r\n{length}\r\n".encode() + body


_BAD_BODIES: Final = {
    "its body breaks off": ("content-length: 99", b"no"),
    "its chunks break off": ("transfer-encoding: chunked", b"2\r\n[]\r\n"),
    "its body is not the gzip that it says": ("content-encoding: gzip", b"no gzip at all"),
    "the gzip of its body lacks its end": ("content-encoding: gzip", gzip.compress(_BODY)[:-9]),
    "its body is in a coding that is not supported": ("content-encoding: br", b"\x00"),
    "its body is too large": (f"content-length: {MAX_BODY + 1}", bytes(MAX_BODY + 1)),
}


def _packed(body: bytes) -> bytes:
    return answer(body, headers={"content-encoding": "gzip"})


@cache
def _bomb() -> bytes:
    return _packed(gzip.compress(bytes(_ENDLESS), compresslevel=1))


_TROUBLE: Final = {
    "the service hangs up": says(b""),
    "the answer is not HTTP": says(b"220 mail.example ESMTP\r\n"),
    "the body breaks off": says(_GOOD[:-1]),
    "the body is not the gzip that it says": says(_packed(b"no gzip at all")),
    "the service says nothing": says(b"", lambda talk: talk.hang()),
}


# What is asked of it, and how it is seen.


def _get(server: HostileServer, **headers: str) -> Request:
    return Request("GET", server.url + _TARGET, headers)


def _post(server: HostileServer) -> Request:
    return Request("POST", server.url + _TARGET, body=b"[]")


def _numbered(server: HostileServer, number: int) -> Request:
    return Request("GET", f"{server.url}/{number}", {"x-number": str(number)})


def _seen(server: HostileServer, sends: int) -> list[Exchange]:
    """The requests, one for each send."""
    seen = len(server.exchanges)
    assert seen == sends, f"each send is one request, whatever comes of it; {sends} came as {seen}"
    return server.exchanges


def _assert_same_bytes(given: bytes, wanted: bytes) -> None:
    same = given == wanted  # pytest would take its time to show how a megabyte differs
    assert same, f"a body of {len(wanted):,} bytes is given byte for byte, but what came, {len(given):,} bytes, differs"


def _assert_its_own(response: Response, number: int) -> None:
    line, *lines = response.body.decode("latin-1").split("\r\n")
    asked = (line.split()[1], _values(lines, "x-number"))
    assert asked == (f"/{number}", [str(number)]), f"request {number} gets its own answer, not that to {asked}"


def _values(lines: list[str], name: str) -> list[str]:
    """The values of a header, as often as it stands among the lines of a head."""
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for found, _, value in pairs if found.lower() == name]


def _asks_for_gzip(request: bytes) -> bool:
    return any("gzip" in value for value in _values(request.decode("latin-1").split("\r\n"), "accept-encoding"))


def _assert_nothing_told(transport: _Driven, when: str, url: str) -> None:
    path, query = "/api/events/1126.json", f"domain_key=the-key&domain_password={_PASSWORD}"
    headers = {**_HEADERS, "authorization": _BASIC}
    error = transport.anything(Request("GET", f"{url}{path}?{query}", headers), _SHORT / 2)
    said = f"{error} {error!r}"
    assert "://" not in said, f"{when}: the error names no url, but it says {said}"
    trace = "".join(traceback.format_exception(error))
    for secret in (path, query, _PASSWORD, _BASIC.split()[1], _HEADERS["x-odd"]):
        assert secret not in said + trace, f"{when}: the error and its traceback do not tell {secret!r}:\n{trace}"


def _times_out(transport: _Driven, when: str, script: Script) -> None:
    (took, error), tries = _timed(transport, script), 1
    while took >= 2 * _SHORT and tries < _TRIES:
        (took, error), tries = _timed(transport, script), tries + 1
    assert took < 2 * _SHORT, (
        f"{when}: a time-out of {_SHORT} s is over within {2 * _SHORT} s, but it took {took:.2f} s"
    )
    came = f"it raised {_named(error)}" if error else "an answer came"
    kind = error.kind if isinstance(error, TransportError) else None
    assert kind == "timeout", f"{when}: send raises a TransportError of kind timeout, but {came}"
    assert took > _SHORT / 2, f"{when}: a time-out of {_SHORT} s takes as long, but it was over after {took:.2f} s"


def _timed(transport: _Driven, script: Script) -> tuple[float, Exception | None]:
    """How long `send` took with a time-out of `_SHORT` seconds, and what it raised."""
    with HostileServer(script, patience=2.5 * _SHORT) as server:
        start = monotonic()
        error = transport.anything(_get(server), _SHORT)
        return monotonic() - start, error


@contextmanager
def _little_memory(what: str) -> Iterator[None]:
    """What runs inside takes little memory at any moment, that of the service included."""
    traced_before = tracemalloc.is_tracing()
    tracemalloc.start()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not traced_before:
            tracemalloc.stop()
    taken = (peak - before) / MAX_BODY
    assert peak - before < _MUCH, f"{what} is left early, but {taken:.0f} times MAX_BODY was taken for it"


def _named(error: Exception) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}: {error}"
