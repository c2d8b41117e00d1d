"""A transport on bare sockets that keeps the contract, and variations of it, each with one fault.

`BROKEN` tells for each check of the contract who breaks it. A fault that is made of two things is two variations.
"""

import asyncio
import logging
import math
import netrc
import os
import re
import socket
import ssl
import time
import zlib
from contextlib import suppress
from threading import Lock
from urllib.parse import parse_qsl, urlencode, urlsplit

from spongewatch import LocalProtocolError, Request, Response, TransportError
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports import ResponseBody, as_transport_error

LONGEST = 1_000_000.0


class Connection:
    """Reads lines and bytes until `deadline`; with `each` it has so long for every single read instead."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()
        self.new = True

    def start(self, timeout, patient_in):
        self.timeout = timeout
        self.deadline = time.monotonic() + min(timeout, LONGEST)
        self.patient_in = patient_in
        self.phase = "nothing"
        self.read_in_head = 0

    def more(self):
        left = self.deadline - time.monotonic()
        if self.phase == self.patient_in:
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
                raise TransportError("protocol", "a line does not end")
            if not self.more():
                raise ConnectionError
        if self.phase in ("status line", "headers"):
            self.read_in_head += end
        if self.read_in_head > limit:
            raise TransportError("protocol", "the head does not end")
        return self.take(end + 1).rstrip(b"\r\n")

    def exactly(self, size):
        """Pieces of `size` bytes in all; None is all that comes."""
        while size is None or size > 0:
            if not self.buffer and not self.more():
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


class Sound:
    """What the variations start from."""

    patient_in = ""
    limit_of_head = 65_536
    verifies = True

    def __init__(self):
        self.closed = False
        self.lock = Lock()
        self.idle = {}
        self.used = []

    def send(self, request, *, timeout):
        if self.closed:
            raise LocalProtocolError("the transport is closed")
        return self.once(request, timeout)

    def close(self):
        self.closed = True
        with self.lock:
            for connections in self.idle.values():
                for connection in connections:
                    connection.sock.close()
            self.idle.clear()

    def hang_up(self):
        with self.lock:
            for connection in self.used:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def once(self, request, timeout):
        with as_transport_error(OSError, ValueError):
            return self.exchanged(request, timeout, urlsplit(request.url))

    def exchanged(self, request, timeout, parts):
        connection = self.opened(parts, timeout) if self.wants_a_fresh_one(request) else self.connection(parts, timeout)
        self.used.append(connection)
        again = False
        try:
            connection.start(timeout, self.patient_in)
            connection.sock.sendall(self.head_of(request, parts) + self.body_of(request))
            status, headers = self.head(connection)
            self.most = self.limit_of(request)
            body = self.body(connection, status, headers)
            again = not self.failed and self.goes_on_after(headers)
            return Response(status, headers, body)
        except Exception as error:
            again = self.kept_after(error)
            raise
        finally:
            self.give_back(connection, parts, again)

    def wants_a_fresh_one(self, request):
        return request.method == "POST"

    def body_of(self, request):
        return request.body

    def limit_of(self, request):
        return request.max_body

    def goes_on_after(self, headers):
        return headers.get("connection") != "close" and bool({"content-length", "transfer-encoding"} & {*headers})

    def kept_after(self, error):
        return False

    def connection(self, parts, timeout):
        with self.lock:
            if kept := self.idle.get(parts.netloc):
                return kept.pop()
        return self.opened(parts, timeout)

    def opened(self, parts, timeout):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        sock = socket.create_connection((parts.hostname, port), min(timeout, LONGEST))
        try:
            return Connection(self.secured(sock, parts.hostname) if parts.scheme == "https" else sock)
        except BaseException:
            sock.close()
            raise

    def secured(self, sock, host):
        context = ssl.create_default_context()
        if not self.verifies:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(sock, server_hostname=host)

    def give_back(self, connection, parts, again):
        with self.lock:
            if again and not self.closed:
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
        status = self.status(connection.line(self.limit_of_head))
        connection.phase = "headers"
        headers = {}
        while line := self.header_line(connection):
            name, _, value = line.decode("latin-1").partition(":")
            name = self.header_name(name)
            self.heard(headers, name, value.strip())
        return (status, headers) if not self.interim(status) else self.head(connection)

    def heard(self, headers, name, value):
        if name.lower() == "content-length" and name in headers:
            raise TransportError("protocol", "two lengths")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value

    def interim(self, status):
        return 100 <= status < 200

    def status(self, line):
        version, code, *_ = [*line.split(b" ", 2), b""]
        if version != b"HTTP/1.1" or len(code) != 3:
            raise TransportError("protocol", "the answer is not HTTP")
        return int(code)

    def header_line(self, connection):
        return connection.line(self.limit_of_head)

    def header_name(self, name):
        return name.lower()

    def body(self, connection, status, headers):
        self.failed = False
        if status in (204, 304):
            return b""
        if headers.get("transfer-encoding") == "chunked":
            connection.phase = "chunks"
            pieces = self.chunks(connection)
        else:
            connection.phase = "body"
            length = headers.get("content-length")
            pieces = connection.exactly(None if length is None else int(length))
        return self.joined(pieces, headers, status)

    def chunks(self, connection):
        while size := int(self.chunk_size(connection.line(self.limit_of_head)), 16):
            yield from connection.exactly(size)
            connection.line(self.limit_of_head)
        while connection.line(self.limit_of_head):
            pass

    def chunk_size(self, line):
        return line.partition(b";")[0]

    def joined(self, pieces, headers, status):
        with ResponseBody(status, headers.get("content-encoding"), self.most) as body:
            for piece in pieces:
                body.feed(piece)
        whole = body.finish()
        self.failed = body.dropped
        return whole


class RewritesTheQuery(Sound):
    def target(self, parts):
        return super().target(parts._replace(query=urlencode(parse_qsl(parts.query))))


class PutsItsOwnAccept(Sound):
    def headers_of(self, request, parts):
        return {**super().headers_of(request, parts), "accept": "*/*"}


class ReadsNetrc(Sound):
    def headers_of(self, request, parts):
        headers = super().headers_of(request, parts)
        if login := netrc.netrc(os.environ["NETRC"]).authenticators(parts.hostname):
            headers["authorization"] = f"Basic {login[0]}"
        return headers


class SendsCredentialsTwice(Sound):
    def headers_of(self, request, parts):
        headers = super().headers_of(request, parts)
        if "authorization" in headers:
            headers["Authorization"] = headers["authorization"]
        return headers


class KeepsCookies(Sound):
    cookie = None

    def headers_of(self, request, parts):
        return super().headers_of(request, parts) | ({"cookie": self.cookie} if self.cookie else {})

    def send(self, request, *, timeout):
        response = super().send(request, timeout=timeout)
        self.cookie = response.headers.get("set-cookie")
        return response


class TriesAgain(Sound):
    def send(self, request, *, timeout):
        try:
            return super().send(request, timeout=timeout)
        except TransportError as error:
            if error.kind != "reset" or request.method != "GET":
                raise
        return super().send(request, timeout=timeout)


class TriesAPostAgain(Sound):
    def send(self, request, *, timeout):
        try:
            return super().send(request, timeout=timeout)
        except TransportError as error:
            if error.kind != "reset" or request.method != "POST":
                raise
        return super().send(request, timeout=timeout)


class PostsOnAnIdleConnection(Sound):
    def wants_a_fresh_one(self, request):
        return False


class SendsBodiesAsText(Sound):
    def body_of(self, request):
        return request.body.replace(b"\xff", b"?")


class IgnoresTheLimitOfTheRequest(Sound):
    def limit_of(self, request):
        return MAX_BODY


class TakesAnInterimResponse(Sound):
    def interim(self, status):
        return False


class NeedsABody(Sound):
    def joined(self, pieces, headers, status):
        try:
            return super().joined(pieces, headers, 200)
        except TimeoutError:
            if status == 200:
                raise
        self.failed = True
        return b""


class NeedsABodyInTime(Sound):
    def joined(self, pieces, headers, status):
        late = []
        whole = super().joined(self.noting(pieces, late), headers, status)
        if late:
            raise TimeoutError
        return whole

    def noting(self, pieces, late):
        try:
            yield from pieces
        except TimeoutError:
            late.append(True)
            raise


class KnowsOneCoding(Sound):
    def joined(self, pieces, headers, status):
        coding = headers.get("content-encoding", "").partition(",")[0]
        return super().joined(pieces, {**headers, "content-encoding": coding}, status)


class TakesUtf8ForACoding(Sound):
    def joined(self, pieces, headers, status):
        coding = headers.get("content-encoding", "").replace("utf-8", "br")
        return super().joined(pieces, {**headers, "content-encoding": coding}, status)


class TakesBrotliAsItIs(Sound):
    def joined(self, pieces, headers, status):
        known = status != 200 or headers.get("content-encoding") not in ("br", "zstd")
        return super().joined(pieces, headers if known else {}, status)


class NamesNoCoding(Sound):
    def once(self, request, timeout):
        try:
            return super().once(request, timeout)
        except TransportError as error:
            detail = error.detail.replace("br", "").replace("zstd", "")
            raise TransportError(error.kind, detail, error.permanent) from None


class TakesTheLastLength(Sound):
    def heard(self, headers, name, value):
        if name == "content-length":
            headers[name] = value
        else:
            super().heard(headers, name, value)


class TriesAgainOnAUsedConnection(Sound):
    def exchanged(self, request, timeout, parts):
        used = bool(self.idle.get(parts.netloc))
        try:
            return super().exchanged(request, timeout, parts)
        except ConnectionError:
            if not used or request.method != "GET":
                raise
        return super().exchanged(request, timeout, parts)


class ObeysRetryAfter(Sound):
    def send(self, request, *, timeout):
        response = super().send(request, timeout=timeout)
        if response.headers.get("retry-after") == "0":
            response = super().send(request, timeout=timeout)
        return response


class FollowsRedirects(Sound):
    def send(self, request, *, timeout):
        response = super().send(request, timeout=timeout)
        if location := response.headers.get("location"):
            return super().send(Request("GET", location), timeout=timeout)
        return response


class RaisesForStatus(Sound):
    def send(self, request, *, timeout):
        response = super().send(request, timeout=timeout)
        if response.status == 400:
            raise TransportError("protocol", f"status {response.status}")
        return response


class WaitsForTheBodyOf304(Sound):
    def body(self, connection, status, headers):
        if status == 304:
            connection.deadline = time.monotonic() + 0.05  # in place of the time-out
        return super().body(connection, 200 if status == 304 else status, headers)


class LeavesHeaderNames(Sound):
    def header_name(self, name):
        return name


class TakesBodiesForText(Sound):
    def joined(self, pieces, headers, status):
        return super().joined(pieces, headers, status).decode("utf-8", "replace").encode()


class KnowsNoChunkExtension(Sound):
    def chunk_size(self, line):
        return line


class LosesTheRestOfTheGzip(Sound):
    def joined(self, pieces, headers, status):
        body = super().joined(pieces, headers, status)
        return body[:10] if {"content-encoding", "content-type"} <= {*headers} else body


class StopsAByteTooSoon(Sound):
    def limit_of(self, request):
        return request.max_body - (request.max_body == MAX_BODY)


class StopsTooLate(Sound):
    def joined(self, pieces, headers, status):
        if status == 200 and self.most == MAX_BODY:
            self.most *= 2
        return super().joined(pieces, headers, status)


class CountsTheBodyOnceItIsThere(Sound):
    def joined(self, pieces, headers, status):
        return super().joined([b"".join(pieces)] if status == 200 else pieces, headers, status)


class CountsTheGzipOnceItIsInflated(Sound):
    def joined(self, pieces, headers, status):
        if headers.get("content-encoding") != "gzip" or "content-type" not in headers or status != 200:
            return super().joined(pieces, headers, status)
        stream = zlib.decompressobj(31)
        try:
            body = b"".join(map(stream.decompress, pieces))
        except zlib.error:
            raise TransportError("protocol") from None
        if not stream.eof:
            raise TransportError("protocol")
        return super().joined([body], {}, status)


class ReadsHeadersWithoutEnd(Sound):
    limit_of_head = 10**12


class CannotWaitForLong(Sound):
    def send(self, request, *, timeout):
        if timeout > 1_000_000:
            raise OverflowError("timestamp too large")
        return super().send(request, timeout=timeout)


class WaitsWithoutEnd(Sound):
    patient_in = "nothing"


class LetsTheStatusLineDrip(Sound):
    patient_in = "status line"


class LetsHeadersDrip(Sound):
    patient_in = "headers"


class LetsTheBodyDrip(Sound):
    def body(self, connection, status, headers):
        if status == 200:
            connection.patient_in = "body"
        return super().body(connection, status, headers)


class LetsChunksDrip(Sound):
    patient_in = "chunks"


class KeepsALateConnection(Sound):
    def kept_after(self, error):
        return isinstance(error, TimeoutError)


class KeepsWhatTheServiceEnds(Sound):
    def goes_on_after(self, headers):
        return super().goes_on_after({**headers, "connection": ""})


class Says(Sound):
    """Tells another kind of error than came: `told` for `came`."""

    came, told = "", ""

    def once(self, request, timeout):
        try:
            return super().once(request, timeout)
        except TransportError as error:
            if error.kind != self.came:
                raise
        raise TransportError(self.told)


class SaysTimeoutForRefused(Says):
    came, told = "refused", "timeout"


class SaysRefusedForDns(Says):
    came, told = "dns", "refused"


class SaysProtocolForReset(Sound):
    def exchanged(self, request, timeout, parts):
        try:
            return super().exchanged(request, timeout, parts)
        except ConnectionResetError:
            raise TransportError("protocol") from None


class SaysResetWhereThereIsNoTls(Sound):
    def secured(self, sock, host):
        try:
            return super().secured(sock, host)
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError:
            raise TransportError("reset") from None


class TrustsAnybody(Sound):
    verifies = False


class TriesABadCertificateAgain(Sound):
    def once(self, request, timeout):
        try:
            return super().once(request, timeout)
        except TransportError as error:
            raise TransportError(error.kind, error.detail) from None


class MakesUpAnAnswer(Sound):
    def head(self, connection):
        if not connection.buffer and not connection.more():
            return 502, {}
        return super().head(connection)


class TakesTheEndForTheEndOfTheHead(Sound):
    def head(self, connection):
        self.cut = False
        status, headers = super().head(connection)
        return (status, {"content-length": "0"}) if self.cut else (status, headers)

    def header_line(self, connection):
        try:
            return super().header_line(connection)
        except ConnectionResetError:
            raise
        except ConnectionError:
            self.cut = True
            return b""


class TakesWhatThereIsOfTheBody(Sound):
    def joined(self, pieces, headers, status):
        return super().joined(self.until_it_breaks(pieces) if status == 200 else pieces, headers, status)

    def until_it_breaks(self, pieces):
        try:
            yield from pieces
        except ConnectionResetError:
            raise
        except ConnectionError:
            return


class TakesBadGzipAsItIs(Sound):
    def joined(self, pieces, headers, status):
        if headers.get("content-encoding") != "gzip" or "content-type" not in headers or status != 200:
            return super().joined(pieces, headers, status)
        pieces = [*pieces]
        try:
            return super().joined(pieces, headers, status)
        except TransportError as error:
            if error.kind != "protocol":
                raise
        return b"".join(pieces)


class TakesGzipWithoutItsEnd(Sound):
    def joined(self, pieces, headers, status):
        try:
            return super().joined(pieces, headers, status)
        except TransportError as error:
            if "incomplete" not in error.detail:
                raise
        return b""


class SpeaksHttp09(Sound):
    def head(self, connection):
        if not connection.buffer and not connection.more():
            raise ConnectionError
        if not connection.buffer.startswith(b"H"):
            return 200, {}
        return super().head(connection)


class RaisesAnErrorOfItsOwn(Sound):
    def status(self, line):
        if not line[9:12].isdigit():
            raise KeyError(line)
        return super().status(line)


class TellsTheUrl(Sound):
    def once(self, request, timeout):
        try:
            return super().once(request, timeout)
        except TransportError as error:
            raise TransportError(error.kind, f"{error.detail} from {request.url}", error.permanent) from None


class TellsTheQueryInItsCause(Sound):
    def once(self, request, timeout):
        try:
            return super().once(request, timeout)
        except TransportError as error:
            raise TransportError(error.kind, error.detail, error.permanent) from OSError(urlsplit(request.url).query)


class LogsTheRequest(Sound):
    def head_of(self, request, parts):
        head = super().head_of(request, parts)
        logging.getLogger("broken").debug("sends %s", head)
        return head


class ClosesOnce(Sound):
    def close(self):
        if self.closed:
            raise RuntimeError("already closed")
        super().close()


class SendsAfterItsEnd(Sound):
    def send(self, request, *, timeout):
        closed, self.closed = self.closed, False
        try:
            return super().send(request, timeout=timeout)
        finally:
            if closed:
                self.close()


class RaisesRuntimeErrorAfterItsEnd(Sound):
    def send(self, request, *, timeout):
        if self.closed:
            raise RuntimeError("the transport is closed")
        return super().send(request, timeout=timeout)


class KeepsTheRequestInItself(Sound):
    def send(self, request, *, timeout):
        self.request = request
        time.sleep(0.001)
        return super().send(self.request, timeout=timeout)


class SoundKeeper(Sound):
    """One that knows how long its connections were idle."""

    names_stale = True
    share = 0.8
    margin = 1

    def __init__(self):
        super().__init__()
        self.limits = {}  # of each origin

    def connection(self, parts, timeout):
        with self.lock:
            kept = self.idle.get(parts.netloc, [])
            while kept:
                connection = kept.pop()
                connection.idle_for = time.monotonic() - connection.idle_since
                if connection.idle_for < min(self.limits.get(parts.netloc, math.inf), connection.keep_for):
                    return connection
                connection.sock.close()
        return self.opened(parts, timeout)

    def exchanged(self, request, timeout, parts):
        try:
            return super().exchanged(request, timeout, parts)
        except ConnectionError:
            connection = self.used[-1]
            if connection.new or not self.never_began(connection):
                raise
            self.limits[parts.netloc] = self.share * connection.idle_for
        raise TransportError("stale" if self.names_stale else "reset")

    def opened(self, parts, timeout):
        with as_transport_error(OSError):  # a connection that can't be opened never served
            return super().opened(parts, timeout)

    def never_began(self, connection):
        return connection.phase == "nothing" or not connection.read_in_head

    def give_back(self, connection, parts, again):
        connection.idle_since = time.monotonic()
        super().give_back(connection, parts, again)

    def header_line(self, connection):
        line = super().header_line(connection)
        connection.keep_for = getattr(connection, "keep_for", math.inf)
        if line.lower().startswith(b"keep-alive"):
            connection.keep_for = self.keep_for(line)
        return line

    def keep_for(self, line):
        found = re.search(rb"timeout=([0-9]+)", line)
        return int(found[1]) - self.margin if found else math.inf


class CallsItReset(SoundKeeper):
    names_stale = False


class CallsEverythingStale(SoundKeeper):
    def never_began(self, connection):
        return True


class LearnsNothing(SoundKeeper):
    share = 10.0


class HeedsNoKeepAlive(SoundKeeper):
    margin = 0


class AsyncSound:
    """A sound one for each request, in a thread; its connection is closed when the task is cancelled."""

    def __init__(self):
        self.closed = False

    async def send(self, request, *, timeout):
        if self.closed:
            raise LocalProtocolError("the transport is closed")
        sync = Sound()
        try:
            return await asyncio.to_thread(sync.send, request, timeout=timeout)
        except asyncio.CancelledError:
            self.let_go(sync)
            raise
        finally:
            sync.close()

    def let_go(self, sync):
        sync.hang_up()

    async def close(self):
        self.closed = True


class MixesUpTasks(AsyncSound):
    async def send(self, request, *, timeout):
        self.request = request
        await asyncio.sleep(0)
        return await super().send(self.request, timeout=timeout)


class SetsItselfUpOnTheLoop(AsyncSound):
    ready = False

    async def send(self, request, *, timeout):
        if not self.ready:
            time.sleep(0.165)
            self.ready = True
        return await super().send(request, timeout=timeout)


class TakesCancellingForATimeOut(AsyncSound):
    async def send(self, request, *, timeout):
        try:
            return await super().send(request, timeout=timeout)
        except asyncio.CancelledError:
            raise TransportError("timeout") from None


class LeavesTheConnectionOpen(AsyncSound):
    def let_go(self, sync):
        pass


BROKEN = {
    "test_the_request_is_carried_as_it_is": (RewritesTheQuery, PutsItsOwnAccept),
    "test_no_credentials_but_those_of_the_request_are_sent": (ReadsNetrc, SendsCredentialsTwice),
    "test_a_body_is_sent_byte_for_byte": (SendsBodiesAsText,),
    "test_a_post_is_sent_once_on_a_fresh_connection": (TriesAPostAgain, PostsOnAnIdleConnection),
    "test_the_limit_of_the_request_counts": (IgnoresTheLimitOfTheRequest,),
    "test_interim_responses_are_skipped": (TakesAnInterimResponse,),
    "test_a_status_is_known_without_its_body": (NeedsABody,),
    "test_a_status_is_known_if_its_body_is_late": (NeedsABodyInTime,),
    "test_conflicting_lengths_are_no_response": (TakesTheLastLength,),
    "test_codings_are_undone_in_reverse_order": (KnowsOneCoding, TakesUtf8ForACoding),
    "test_an_unsupported_coding_is_an_error": (TakesBrotliAsItIs, NamesNoCoding),
    "test_no_cookie_is_kept": (KeepsCookies,),
    "test_a_lost_connection_is_not_tried_again": (TriesAgain, TriesAgainOnAUsedConnection),
    "test_a_status_is_not_tried_again": (ObeysRetryAfter,),
    "test_no_redirect_is_followed": (FollowsRedirects,),
    "test_a_status_of_any_kind_is_an_answer": (RaisesForStatus, WaitsForTheBodyOf304),
    "test_header_names_are_in_lower_case": (LeavesHeaderNames,),
    "test_a_body_is_given_byte_for_byte": (TakesBodiesForText,),
    "test_a_chunked_body_is_put_together": (KnowsNoChunkExtension,),
    "test_a_compressed_body_is_unpacked": (LosesTheRestOfTheGzip,),
    "test_a_body_of_the_largest_size_is_taken": (StopsAByteTooSoon,),
    "test_a_larger_body_is_refused": (StopsTooLate,),
    "test_an_endless_body_is_left_early": (CountsTheBodyOnceItIsThere,),
    "test_a_gzip_bomb_is_left_early": (CountsTheGzipOnceItIsInflated,),
    "test_endless_headers_are_left_early": (ReadsHeadersWithoutEnd,),
    "test_a_long_time_out_is_no_mistake": (CannotWaitForLong,),
    "test_the_time_out_holds_where_nothing_comes": (WaitsWithoutEnd,),
    "test_the_time_out_holds_where_the_status_line_drips": (LetsTheStatusLineDrip,),
    "test_the_time_out_holds_where_the_headers_drip": (LetsHeadersDrip,),
    "test_the_time_out_holds_where_the_body_drips": (LetsTheBodyDrip,),
    "test_the_time_out_holds_where_the_chunks_drip": (LetsChunksDrip,),
    "test_a_late_answer_is_not_taken_for_the_next_one": (KeepsALateConnection,),
    "test_a_connection_that_the_service_ends_is_not_used_again": (KeepsWhatTheServiceEnds,),
    "test_a_refused_connection_is_refused": (SaysTimeoutForRefused,),
    "test_a_reset_connection_is_reset": (SaysProtocolForReset,),
    "test_a_name_that_nobody_has_is_dns": (SaysRefusedForDns,),
    "test_a_port_without_tls_is_tls": (SaysResetWhereThereIsNoTls,),
    "test_a_certificate_that_nobody_trusts_is_a_permanent_error": (TrustsAnybody, TriesABadCertificateAgain),
    "test_a_connection_closed_without_an_answer_is_reset": (MakesUpAnAnswer,),
    "test_a_head_that_breaks_off_is_no_answer": (TakesTheEndForTheEndOfTheHead,),
    "test_a_body_that_breaks_off_is_no_answer": (TakesWhatThereIsOfTheBody,),
    "test_bad_gzip_is_no_answer": (TakesBadGzipAsItIs, TakesGzipWithoutItsEnd),
    "test_a_malformed_status_line_is_no_answer": (SpeaksHttp09, RaisesAnErrorOfItsOwn),
    "test_an_error_tells_no_secret": (TellsTheUrl, TellsTheQueryInItsCause),
    "test_credentials_are_not_logged": (LogsTheRequest,),
    "test_it_may_be_closed_twice": (ClosesOnce,),
    "test_once_closed_it_sends_nothing": (SendsAfterItsEnd, RaisesRuntimeErrorAfterItsEnd),
    "test_a_connection_that_ends_as_it_is_used_again_is_stale": (CallsItReset,),
    "test_a_connection_that_never_served_is_not_stale": (CallsEverythingStale,),
    "test_connections_are_not_idle_for_as_long_again": (LearnsNothing,),
    "test_the_keep_alive_header_is_heeded": (HeedsNoKeepAlive,),
    "test_it_is_shared_by_many_threads": (KeepsTheRequestInItself,),
    "test_it_is_shared_by_many_tasks": (MixesUpTasks,),
    "test_the_event_loop_goes_on_meanwhile": (SetsItselfUpOnTheLoop,),
    "test_a_cancelled_send_ends_at_once": (TakesCancellingForATimeOut,),
    "test_a_cancelled_send_closes_its_connection": (LeavesTheConnectionOpen,),
}
"""For each check, the transports that it rejects, and no other check does."""
