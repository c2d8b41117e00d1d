"""`Simulator`: a service on this machine that plays a scenario or a recording over real HTTP.

Three parts under it: `_Service` knows what is answered to whom and has no socket; `_Server` and `_Handler`
carry that over HTTP/1.1; `_Ledger` notes what was asked.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedReader
from itertools import chain, repeat
from socket import SHUT_RDWR, socket
from socketserver import ThreadingTCPServer
from sys import float_info
from threading import Condition, Lock, Thread
from time import monotonic
from typing import Any, Self, final
from urllib.parse import parse_qsl, unquote

from ...core import Credentials, LocalProtocolError, RemoteProtocolError, Response, TransportError, decode, is_import_id
from ...core._shared import import_id_text, printable, shown
from ..recordings.recording import Exchange, Recording
from ..unpicklable import Unpicklable
from .pages import json_page, refusal, xml_page
from .scenarios import Rows, Scenario, scenario_named

_HOST = "127.0.0.1"
_DEMO = Credentials("demo-key", "demo-password")
_PATH = re.compile(r"/events/(.+?)(?:\.json|\.xml)?", re.DOTALL)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING = {"connection", "content-encoding", "content-length", "keep-alive", "trailer", "transfer-encoding", "upgrade"}
"""Headers that say how the bytes of an answer travel, which is this server's own business."""

_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
_PATIENCE = 10.0
"""Seconds at the most for which a reader of `requests` waits for those under way."""


@final
@dataclass(frozen=True, slots=True)
class ServedRequest:
    """One request as the simulator saw it.

    `arrived` is when its first byte was there, `answered` when its answer had been sent, or was given up, in
    seconds on `time.monotonic`. `connection` counts from 1; `path` is as it was sent, without the query, which
    may hold secrets, and empty where it could not be read; `status` is None where there was no answer.

    >>> request = ServedRequest(10.0, 10.002, 1, "/events/1126.json", 200)
    >>> request.path, request.status
    ('/events/1126.json', 200)
    """

    arrived: float
    answered: float
    connection: int
    path: str
    status: int | None


@final
class Simulator(Unpicklable):
    """Plays the service's part on 127.0.0.1, in threads of its own, between `start` and `close`.

    It plays `scenario`, a name in `SCENARIOS` or a `Scenario`, for the import `import_id`; its time starts
    at the first poll that is let in, and goes `speed` times as fast as that of `clock`, which gives seconds.
    Or it plays `recording`, one exchange a poll, whatever the time: answers as they were recorded, a dropped
    connection for each recorded error, and at the end the last answer of status 200 again and again. Then
    the import is the one that the recording names, if it names one. A request has to bring `domain_key`
    ("demo-key") and `domain_password` ("demo-password"), as HTTP Basic or as query arguments. `port` 0 is any
    that is free. To close it in a process that is forked off ends nothing in the one that started it.

    Raises `LocalProtocolError` for an argument that can't be used, and `RecordingError`, which is one, for a
    recording that can't be read to its end.

    >>> from http.client import HTTPConnection
    >>> with Simulator("skips") as service:
    ...     login = Credentials(service.domain_key, service.domain_password).basic()
    ...     client = HTTPConnection(service.base_url.removeprefix("http://"))
    ...     client.request("GET", "/events/1126.json", headers={"authorization": login})
    ...     page = decode(client.getresponse().read())
    ...     client.close()
    >>> page.import_id, page.events[-1].type, [request.status for request in service.requests]
    ('1126', 'COMPLETE', [200])
    """

    def __init__(
        self,
        scenario: str | Scenario = "completes",
        *,
        recording: Recording | None = None,
        speed: float = 1.0,
        domain_key: str = _DEMO.domain_key,
        domain_password: str = _DEMO.domain_password,
        import_id: str | int = "1126",
        port: int = 0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._credentials = Credentials(domain_key, domain_password)
        import_id = import_id_text(import_id)
        if not is_import_id(import_id):
            raise LocalProtocolError(f"{shown(import_id)} is no import id such as 1126")
        if not isinstance(speed, int | float) or not 0 < speed <= float_info.max:
            raise LocalProtocolError(f"a speed is a number above 0, such as 20, not {shown(speed)}")
        if type(port) is not int or not 0 <= port <= 65535:
            raise LocalProtocolError(f"a port is a number from 0, which is any, to 65535, not {shown(port)}")
        if recording is None:
            played = scenario if isinstance(scenario, Scenario) else scenario_named(scenario)
            self.import_id, said = import_id, _said_in_time(played, speed, clock)
        else:
            self.import_id, said = _said_on_record(recording, import_id)
        self._service = _Service(self.import_id, self._credentials, said)
        self._ledger = _Ledger()
        self._port = port
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Listen and answer, until `close`.

        Raises `LocalProtocolError` where the port can't be listened at, and at a second call.
        """
        if self._server is not None:
            raise LocalProtocolError("the simulator has been started before")
        try:
            self._server = _Server(self._port, self._service, self._ledger)
        except OSError as error:
            raise LocalProtocolError(f"port {self._port} can't be listened at: {error.strerror}") from None
        self._port = self._server.server_address[1]
        self._server.start()

    def close(self) -> None:
        """End all connections and threads; may be called again, and before `start`."""
        if self._server is not None:
            self._server.stop()

    @property
    def base_url(self) -> str:
        """The URL at which it listens.

        Raises:
            LocalProtocolError: The simulator has not been started.
        """
        if self._server is None:
            raise LocalProtocolError("the simulator has no url before it is started")
        return f"http://{_HOST}:{self._port}"

    @property
    def domain_key(self) -> str:
        """The key that lets a client in."""
        return self._credentials.domain_key

    @property
    def domain_password(self) -> str:
        """The password that lets a client in."""
        return self._credentials.domain_password

    @property
    def requests(self) -> list[ServedRequest]:
        """The requests so far, refused ones too, in the order in which they arrived.

        Those under way are waited for, so that whoever has an answer finds its request here.
        """
        return self._ledger.requests()

    @property
    def connections(self) -> int:
        """How many connections clients have made."""
        return self._ledger.connections


_Said = Rows | Response | TransportError
"""What one poll gets: rows, an answer that is not made of rows, or a dropped connection."""


def _said_in_time(scenario: Scenario, speed: float, clock: Callable[[], float]) -> Iterator[_Said]:
    start = clock()  # a generator's first line runs with its first `next`, at the first poll
    poll = 0
    while True:
        poll += 1
        yield scenario.faults.get(poll) or scenario.rows_at((clock() - start) * speed)


def _said_on_record(recording: Recording, import_id: str) -> tuple[str, Iterator[_Said]]:
    """The import's id, and what is said of it; a recording that breaks off is found here, not while it plays."""
    answers = [entry.answer for entry in recording.entries() if isinstance(entry, Exchange)]
    if not answers:
        raise LocalProtocolError("the recording holds no answer, so there is nothing to play")
    responses = [answer for answer in answers if isinstance(answer, Response)]
    named = (found for response in responses if (found := _import_id_in(response)))
    good = (response for response in reversed(responses) if response.status == HTTPStatus.OK)
    said: Iterator[_Said] = chain(answers, repeat(next(good, answers[-1])))
    return recording.import_id or next(named, import_id), said


def _import_id_in(response: Response) -> str | None:
    try:
        return decode(response.body, response.headers.get("content-type")).import_id
    except RemoteProtocolError:
        return None


@final
class _Service:
    """Answers GET requests; of those with an answer to come, one after the other."""

    def __init__(self, import_id: str, credentials: Credentials, said: Iterator[_Said]) -> None:
        self._import_id = import_id
        self._credentials = credentials
        self._said = said
        self._lock = Lock()

    def answer(self, target: str, authorization: str | None) -> Response | TransportError:
        path, _, query = target.partition("?")
        in_xml = _wants_xml(target)
        match = _PATH.fullmatch(unquote(path))
        arguments = dict(parse_qsl(query, keep_blank_values=True))
        if match is None:
            return refusal(HTTPStatus.NOT_FOUND, "There is no such page.", in_xml=in_xml)
        if not self._admits(arguments, authorization):
            return refusal(
                HTTPStatus.UNAUTHORIZED,
                "The domain key and the password do not belong together.",
                in_xml=_wants_xml(target),
            )
        if match[1] != self._import_id:
            return refusal(HTTPStatus.NOT_FOUND, "There is no such import.", in_xml=in_xml)
        with self._lock:
            said = next(self._said)
        if not isinstance(said, tuple):
            return said
        page = xml_page if in_xml else json_page
        return page(said, self._import_id, arguments.get("echo"))

    def _admits(self, arguments: Mapping[str, str], authorization: str | None) -> bool:
        expected = self._credentials
        if authorization is None:
            pair = (arguments.get("domain_key"), arguments.get("domain_password"))
            return pair == (expected.domain_key, expected.domain_password)
        scheme, _, token = authorization.partition(" ")
        return f"{scheme.title()} {token.strip()}" == expected.basic()


def _wants_xml(target: str) -> bool:
    return target.partition("?")[0].endswith(".xml")


@final
class _Ledger:
    """Notes connections and requests, from many threads."""

    def __init__(self) -> None:
        self.connections = 0
        self._changed = Condition()
        self._requests: list[ServedRequest] = []
        self._under_way: set[object] = set()

    def connected(self) -> int:
        """The number of a new connection."""
        with self._changed:
            self.connections += 1
            return self.connections

    def arrived(self, request: object) -> None:
        with self._changed:
            self._under_way.add(request)

    def answered(self, request: object, served: ServedRequest) -> None:
        with self._changed:
            self._under_way.discard(request)
            self._requests.append(served)
            self._changed.notify_all()

    def requests(self) -> list[ServedRequest]:
        with self._changed:
            under_way = set(self._under_way)
            self._changed.wait_for(lambda: under_way.isdisjoint(self._under_way), _PATIENCE)
            return sorted(self._requests, key=lambda request: request.arrived)


@final
class _Server(ThreadingTCPServer):
    """A thread for each connection, all of them ended by `stop`.

    The server of `http.server` itself looks its own name up, which may ask the network; and no server of the
    standard library waits for daemon threads, without which a simulator left open would keep a program alive.
    """

    allow_reuse_address = True
    request_queue_size = 128  # of the default, 5, a pool of threads that starts at once would be refused

    def __init__(self, port: int, service: _Service, ledger: _Ledger) -> None:
        self.service = service
        self.ledger = ledger
        self._open: dict[Thread, socket] = {}
        self._process = os.getpid()
        self._listener = Thread(target=self.serve_forever, args=(0.02,), name="simulator", daemon=True)
        super().__init__((_HOST, port), _Handler)

    def start(self) -> None:
        self._listener.start()

    def stop(self) -> None:
        if os.getpid() == self._process:  # in one that was forked there are no threads, and the connections are not its
            self._stop_threads()
        self.server_close()

    def _stop_threads(self) -> None:
        self.shutdown()
        self._listener.join()
        for thread, connection in self._open.items():
            with suppress(OSError):  # it may be closed by now
                connection.shutdown(SHUT_RDWR)
            thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open = {thread: connection for thread, connection in self._open.items() if thread.is_alive()}
        thread = Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        thread.start()
        self._open[thread] = request

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away; anything else is a fault of our own, and shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "simulator"
    default_request_version = protocol_version  # the standard library's own, 0.9, knows answers without a head
    disable_nagle_algorithm = True  # head and body are two writes, and the second must not wait for the client

    def setup(self) -> None:
        super().setup()
        assert isinstance(self.server, _Server)
        self._service = self.server.service
        self._ledger = self.server.ledger
        self._number = self._ledger.connected()

    def handle_one_request(self) -> None:
        """Answer the next request, and note when it came and when it was answered."""
        assert isinstance(self.rfile, BufferedReader)
        if not self.rfile.peek(1):
            self.close_connection = True
            return
        arrived = monotonic()
        self.path = ""
        self._status: int | None = None
        request = object()
        self._ledger.arrived(request)
        try:
            super().handle_one_request()
        finally:
            path = self.path.partition("?")[0]
            served = ServedRequest(arrived, monotonic(), self._number, path, self._status)
            self._ledger.answered(request, served)

    def do_GET(self) -> None:
        if "content-length" in self.headers or "transfer-encoding" in self.headers:
            self.close_connection = True  # or a body would be read as the next request
        self._send(self._service.answer(self.path, self.headers.get("authorization")))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no GET, and what the standard library can't read, in the service's own form."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        self._send(refusal(status, f"{status.phrase}.", in_xml=_wants_xml(self.path)))

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def _send(self, answer: Response | TransportError) -> None:
        # A status under 200 is never the last word of an answer: nobody could have recorded one.
        if isinstance(answer, TransportError) or answer.status < 200:
            self.close_connection = True
            return
        body = b"" if answer.status in _WITHOUT_BODY else answer.body
        self.send_response_only(answer.status)
        for name, value in self._headers_of(answer, len(body)).items():
            self.send_header(name.title(), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self._status = int(answer.status)  # no member of an enumeration

    def _headers_of(self, answer: Response, length: int) -> dict[str, str]:
        headers = {"server": self.server_version, "date": self.date_time_string(), "cache-control": "no-store"}
        for name, value in answer.headers.items():
            if name not in _FRAMING and _HEADER_NAME.fullmatch(name):
                headers[name] = printable(value).encode("latin-1", "replace").decode("latin-1")
        if answer.status not in _WITHOUT_BODY:
            headers["content-length"] = str(length)
        if self.close_connection:
            headers["connection"] = "close"
        return headers
