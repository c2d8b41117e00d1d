"""Transports on plain sockets that pass the contract, made of small methods that `broken_transports` overrides."""

import asyncio
import math
import re
import select
import socket
import ssl
import time
from contextlib import suppress
from threading import Lock
from urllib.parse import urlsplit

from spongewatch import LocalProtocolError, Response, TransportError
from spongewatch.transports import ResponseBody, as_transport_error

MAX_TIMEOUT = 1_000_000.0  # seconds; sockets refuse longer ones


class Connection:
    """Reads lines and bytes of a response until the deadline.

    In the phase `per_read_in` the timeout is for each single read instead, which is a fault; for the first byte there is
    no timeout at all then.
    """

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()
        self.new = True

    def start(self, timeout, per_read_in):
        self.timeout = timeout
        self.deadline = time.monotonic() + min(timeout, MAX_TIMEOUT)
        self.per_read_in = per_read_in
        self.phase = "nothing"
        self.read_in_head = 0

    def read(self):
        """Read more bytes into the buffer; return 0 at the end of the stream."""
        left = self.deadline - time.monotonic()
        if self.phase == self.per_read_in:
            left = None if self.phase == "nothing" else self.timeout
        elif left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        piece = self.sock.recv(65_536)
        self.buffer += piece
        if self.phase == "nothing":
            self.phase = "status line"
        return len(piece)

    def line(self, limit):
        start = 0
        while (end := self.buffer.find(b"\n", start)) < 0:
            start = len(self.buffer)
            if start > limit:
                raise TransportError("protocol", "a line is too long")
            if not self.read():
                raise ConnectionError
        if self.phase in ("status line", "headers"):
            self.read_in_head += end
        if self.read_in_head > limit:
            raise TransportError("protocol", "the head is too large")
        return self.take(end + 1).rstrip(b"\r\n")

    def exactly(self, size):
        """Yield `size` bytes in pieces; with None, all bytes up to the end of the stream."""
        while size is None or size > 0:
            if not self.buffer and not self.read():
                if size is None:
                    return
                raise ConnectionError
            piece = self.take(len(self.buffer) if size is None else min(size, len(self.buffer)))
            if size is not None:
                size -= len(piece)
            yield piece

    def take(self, size):
        piece = bytes(self.buffer[:size])
        del self.buffer[:size]
        return piece


class PlainTransport:
    """Passes `TransportContract`."""

    per_read_in = ""
    max_head = 65_536
    verifies = True
    needs_close_notify = False

    def __init__(self):
        self.closed = False
        self.lock = Lock()
        self.idle = {}  # connections by host and port
        self.all_connections = []

    def send(self, request, *, timeout):
        if self.closed:
            raise LocalProtocolError("the transport is closed")
        return self.exchange(request, timeout)

    def close(self):
        self.closed = True
        with self.lock:
            for connections in self.idle.values():
                for connection in connections:
                    connection.sock.close()
            self.idle.clear()

    def shut_down(self):
        with self.lock:
            for connection in self.all_connections:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def exchange(self, request, timeout):
        with as_transport_error(OSError, ValueError):
            return self.exchange_on(request, timeout, urlsplit(request.url))

    def exchange_on(self, request, timeout, parts):
        get_connection = self.connect if self.needs_new_connection(request) else self.connection
        connection = get_connection(parts, timeout)
        self.all_connections.append(connection)
        reusable = False
        try:
            connection.start(timeout, self.per_read_in)
            connection.sock.sendall(self.head_of(request, parts) + self.body_of(request))
            status, headers = self.head(connection)
            self.max_body = self.limit_of(request)
            body = self.body(connection, status, headers)
            reusable = not self.body_failed and self.is_reusable(headers)
            return Response(status, headers, body)
        except Exception as error:
            reusable = self.is_reusable_after(error)
            raise
        finally:
            self.release(connection, parts, reusable)

    def needs_new_connection(self, request):
        return request.method == "POST"

    def body_of(self, request):
        return request.body

    def limit_of(self, request):
        return request.max_body

    def is_reusable(self, headers):
        return headers.get("connection") != "close" and bool({"content-length", "transfer-encoding"} & {*headers})

    def is_reusable_after(self, error):
        return False

    def connection(self, parts, timeout):
        with self.lock:
            if kept := self.idle.get(parts.netloc):
                return kept.pop()
        return self.connect(parts, timeout)

    def connect(self, parts, timeout):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        sock = socket.create_connection((parts.hostname, port), min(timeout, MAX_TIMEOUT))
        try:
            return Connection(self.with_tls(sock, parts.hostname) if parts.scheme == "https" else sock)
        except BaseException:
            sock.close()
            raise

    def with_tls(self, sock, host):
        context = ssl.create_default_context()
        if not self.verifies:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(sock, server_hostname=host, suppress_ragged_eofs=not self.needs_close_notify)

    def release(self, connection, parts, reusable):
        with self.lock:
            if reusable and not self.closed:
                connection.new = False
                self.idle.setdefault(parts.netloc, []).append(connection)
                return
        connection.sock.close()

    def headers_of(self, request, parts):
        length = {} if request.method == "GET" else {"content-length": str(len(request.body))}
        return {"host": parts.netloc, "accept-encoding": "gzip", **length, **request.headers}

    def head_of(self, request, parts):
        lines = [f"{name}: {value}\r\n" for name, value in self.headers_of(request, parts).items()]
        return f"{request.method} {self.target(parts)} HTTP/1.1\r\n{''.join(lines)}\r\n".encode()

    def target(self, parts):
        return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    def head(self, connection):
        while True:
            status = self.status(connection.line(self.max_head))
            connection.phase = "headers"
            headers = {}
            while line := self.header_line(connection):
                name, _, value = line.decode("latin-1").partition(":")
                name = self.header_name(name)
                self.add_header(headers, name, value.strip())
            if not self.is_interim(status):
                return status, headers

    def add_header(self, headers, name, value):
        if name.lower() == "content-length" and name in headers:
            raise TransportError("protocol", "two lengths")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value

    def is_interim(self, status):
        return 100 <= status < 200

    def status(self, line):
        version, code, *_ = [*line.split(b" ", 2), b""]
        if version != b"HTTP/1.1" or len(code) != 3:
            raise TransportError("protocol", "the response is not HTTP")
        return int(code)

    def header_line(self, connection):
        return connection.line(self.max_head)

    def header_name(self, name):
        return name.lower()

    def body(self, connection, status, headers):
        self.body_failed = False
        if status in (204, 304):
            return b""
        if headers.get("transfer-encoding") == "chunked":
            connection.phase = "chunks"
            pieces = self.chunks(connection)
        else:
            connection.phase = "body"
            length = headers.get("content-length")
            pieces = connection.exactly(None if length is None else int(length))
        return self.decode_body(pieces, headers, status)

    def chunks(self, connection):
        while size := int(self.chunk_size(connection.line(self.max_head)), 16):
            yield from connection.exactly(size)
            connection.line(self.max_head)
        while connection.line(self.max_head):
            pass

    def chunk_size(self, line):
        return line.partition(b";")[0]

    def decode_body(self, pieces, headers, status):
        with ResponseBody(status, headers.get("content-encoding"), self.max_body) as body:
            for piece in pieces:
                body.feed(piece)
        whole = body.finish()
        self.body_failed = body.dropped
        return whole


class KeepAliveTransport(PlainTransport):
    """Passes `KeepAliveContract`."""

    reports_stale = True
    share = 0.8
    margin = 1

    def __init__(self):
        super().__init__()
        self.limits = {}  # idle times in seconds by host and port

    def connection(self, parts, timeout):
        with self.lock:
            kept = self.idle.get(parts.netloc, [])
            while kept:
                connection = kept.pop()
                connection.idle_for = time.monotonic() - connection.idle_since
                if connection.idle_for < min(self.limits.get(parts.netloc, math.inf), connection.keep_for):
                    return connection
                connection.sock.close()
        return self.connect(parts, timeout)

    def exchange_on(self, request, timeout, parts):
        try:
            return super().exchange_on(request, timeout, parts)
        except ConnectionError:
            connection = self.all_connections[-1]
            if connection.new or not self.is_unanswered(connection):
                raise
            self.limits[parts.netloc] = self.share * connection.idle_for
        raise TransportError("stale" if self.reports_stale else "reset")

    def connect(self, parts, timeout):
        with as_transport_error(OSError):  # so that `exchange_on` sees only errors of existing connections
            return super().connect(parts, timeout)

    def is_unanswered(self, connection):
        return connection.phase == "nothing" or not connection.read_in_head

    def release(self, connection, parts, reusable):
        connection.idle_since = time.monotonic()
        super().release(connection, parts, reusable)

    def header_line(self, connection):
        line = super().header_line(connection)
        connection.keep_for = getattr(connection, "keep_for", math.inf)
        if line.lower().startswith(b"keep-alive"):
            connection.keep_for = self.keep_for(line)
        return line

    def keep_for(self, line):
        found = re.search(rb"timeout=([0-9]+)", line)
        return int(found[1]) - self.margin if found else math.inf


class FramingTransport(PlainTransport):
    """Passes `FramingContract`."""

    needs_close_notify = True

    def status(self, line):
        found = re.fullmatch(rb"HTTP/1\.([01]) ([1-5][0-9]{2})( .*)?", line)
        if not found:
            raise TransportError("protocol", "the response is not HTTP")
        self.minor_version, self.code = found[1], int(found[2])
        return self.code

    def is_interim(self, status):
        return status != 101 and super().is_interim(status)

    def is_reusable(self, headers):
        if self.code == 101 or (self.minor_version == b"0" and headers.get("connection") != "keep-alive"):
            return False
        return super().is_reusable(headers)

    def release(self, connection, parts, reusable):
        super().release(connection, parts, reusable and not self.has_more(connection))

    def has_more(self, connection):
        return bool(connection.buffer)

    def connection(self, parts, timeout):
        with self.lock:
            kept = self.idle.get(parts.netloc, [])
            while kept:
                connection = kept.pop()
                if not self.has_received(connection):
                    return connection
                connection.sock.close()
        return self.connect(parts, timeout)

    def has_received(self, connection):
        return bool(select.select([connection.sock], [], [], 0)[0])

    def body(self, connection, status, headers):
        self.check_length(headers)
        self.check_coding(headers)
        if status == 101:
            self.body_failed = False
            return b""
        return super().body(connection, status, headers)

    def check_length(self, headers):
        length = headers.get("content-length", "0")
        if not re.fullmatch("[0-9]{1,15}", length) or {"content-length", "transfer-encoding"} <= {*headers}:
            raise TransportError("protocol", "the length is ambiguous")

    def check_coding(self, headers):
        if headers.get("transfer-encoding", "chunked") != "chunked":
            raise TransportError("protocol", "another transfer coding than chunked")

    def chunks(self, connection):
        self.start_counting()
        while size := int(self.chunk_size(self.framing_line(connection)), 16):
            yield from connection.exactly(size)
            self.start_counting()
            if self.framing_line(connection):
                raise TransportError("protocol", "a chunk is longer than its size")
        self.trailers(connection)

    def chunk_size(self, line):
        size = super().chunk_size(line)
        if not re.fullmatch(b"[0-9a-fA-F]{1,8}", size):
            raise TransportError("protocol", "the size of a chunk is invalid")
        return size

    def trailers(self, connection):
        while self.framing_line(connection):
            pass

    def start_counting(self):
        self.framing_bytes = 0

    def framing_line(self, connection):
        line = connection.line(self.max_head)
        self.framing_bytes += len(line)
        if self.framing_bytes > self.max_head:
            raise TransportError("protocol", "too much between chunks")
        return line


class AsyncPlainTransport:
    """Passes `AsyncTransportContract`: a new `PlainTransport` in a thread for each request."""

    def __init__(self):
        self.closed = False

    async def send(self, request, *, timeout):
        if self.closed:
            raise LocalProtocolError("the transport is closed")
        sync = PlainTransport()
        try:
            return await asyncio.to_thread(sync.send, request, timeout=timeout)
        except asyncio.CancelledError:
            self.abort(sync)
            raise
        finally:
            sync.close()

    def abort(self, sync):
        sync.shut_down()

    async def close(self):
        self.closed = True
