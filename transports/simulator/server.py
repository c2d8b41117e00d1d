"""The HTTP/1.1 server of the simulator, on 127.0.0.1."""

import os
import re
import sys
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedReader
from socket import SHUT_RDWR, socket
from socketserver import ThreadingTCPServer
from threading import Thread
from time import monotonic
from typing import Any, final

from ...core import Response, TransportError
from ...core._shared import printable
from .ledger import Ledger, ServedRequest
from .pages import refusal
from .received import ReceivedRequest
from .service import Service

HOST = "127.0.0.1"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING = {"connection", "content-encoding", "content-length", "keep-alive", "trailer", "transfer-encoding", "upgrade"}
"""Recorded headers about the transfer of a response; the server writes its own."""

_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


@final
class Server(ThreadingTCPServer):
    """A thread for each connection, all of them ended by `stop`.

    `http.server.HTTPServer` looks up its own host name, which may use the network. The threads are daemons, so that an
    open simulator can't keep a program alive; `ThreadingTCPServer` doesn't join daemon threads, so `stop` does.
    """

    allow_reuse_address = True
    request_queue_size = 128  # with the default, 5, a pool of threads that starts at once is refused

    def __init__(self, port: int, service: Service, ledger: Ledger) -> None:
        self.service = service
        self.ledger = ledger
        self._open: dict[Thread, socket] = {}
        self._process = os.getpid()
        self._listener = Thread(target=self.serve_forever, args=(0.02,), name="simulator", daemon=True)
        super().__init__((HOST, port), _Handler)

    def start(self) -> None:
        """Accept connections in a thread of its own."""
        self._listener.start()

    def stop(self) -> None:
        """Close all connections and end all threads; in a forked process, which has none, only close the socket."""
        if os.getpid() == self._process:
            self._stop_threads()
        self.server_close()

    def _stop_threads(self) -> None:
        self.shutdown()
        self._listener.join()
        for thread, connection in self._open.items():
            with suppress(OSError):  # already closed
                connection.shutdown(SHUT_RDWR)
            thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread that `stop` can end."""
        self._open = {thread: connection for thread, connection in self._open.items() if thread.is_alive()}
        thread = Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        thread.start()
        self._open[thread] = request

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that hang up; print any other error, which is a bug in the simulator."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "simulator"
    default_request_version = protocol_version  # http.server's default, 0.9, sends responses without a head
    disable_nagle_algorithm = True  # head and body are two writes; with Nagle the second waits for an ACK

    def setup(self) -> None:
        super().setup()
        assert isinstance(self.server, Server)
        self._service = self.server.service
        self._ledger = self.server.ledger
        self._number = self._ledger.connect()

    def handle_one_request(self) -> None:
        """Respond to the next request, and enter it into the ledger."""
        assert isinstance(self.rfile, BufferedReader)
        if not self.rfile.peek(1):
            self.close_connection = True
            return
        arrived = monotonic()
        self.path = ""
        self._status: int | None = None
        request = object()
        self._ledger.begin(request)
        try:
            super().handle_one_request()
        finally:
            path = self.path.partition("?")[0]
            served = ServedRequest(arrived, monotonic(), self._number, path, self._status)
            self._ledger.finish(request, served)

    def do_GET(self) -> None:
        if "content-length" in self.headers or "transfer-encoding" in self.headers:
            self.close_connection = True  # otherwise the body would be read as the next request
        self._send(self._service.respond(ReceivedRequest.of(self.path, self.headers.get("authorization"))))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse other methods and malformed requests with the service's own error envelope."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        in_xml = ReceivedRequest.of(self.path, None).wants_xml
        self._send(refusal(status, f"{status.phrase}.", in_xml=in_xml))

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def _send(self, response: Response | TransportError) -> None:
        # RFC 9110 §15.2: a status below 200 is interim, so no client can have recorded one as the response.
        if isinstance(response, TransportError) or response.status < 200:
            self.close_connection = True
            return
        body = b"" if response.status in _WITHOUT_BODY else response.body
        self.send_response_only(response.status)
        for name, value in self._headers_of(response, len(body)).items():
            self.send_header(name.title(), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self._status = int(response.status)  # a plain number, not an HTTPStatus

    def _headers_of(self, response: Response, length: int) -> dict[str, str]:
        headers = {"server": self.server_version, "date": self.date_time_string(), "cache-control": "no-store"}
        for name, value in response.headers.items():
            if name not in _FRAMING and _HEADER_NAME.fullmatch(name):
                headers[name] = printable(value).encode("latin-1", "replace").decode("latin-1")
        if response.status not in _WITHOUT_BODY:
            headers["content-length"] = str(length)
        if self.close_connection:
            headers["connection"] = "close"
        return headers
