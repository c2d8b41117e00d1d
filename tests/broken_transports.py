"""A transport on bare sockets that keeps the contract, and variations of it, each with one fault.

`BROKEN` tells for each check of the contract who breaks it. A fault that is made of two things is two variations.
"""

import asyncio
import logging
import netrc
import os
import socket
import ssl
import time
import zlib
from contextlib import suppress
from threading import Lock
from urllib.parse import parse_qsl, urlencode, urlsplit

from spongewatch import MAX_BODY, LocalProtocolError, Request, Response, TransportError
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
    limit = MAX_BODY
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
        connection = self.connection(parts, timeout)
        self.used.append(connection)
        again = False
        try:
            connection.start(timeout, self.patient_in)
            connection.sock.sendall(self.head_of(request, parts))
            status, headers = self.head(connection)
            body = self.body(connection, status, headers)
            again = self.goes_on_after(headers)
            return Response(status, headers, body)
        except Exception as error:
            again = self.kept_after(error)
            raise
        finally:
            self.give_back(connection, parts, again)

    def goes_on_after(self, headers):
        return headers.get("connection") != "close" and bool({"content-length", "transfer-encoding"} & {*headers})

    def kept_after(self, error):
        return False

    def connection(self, parts, timeout):
        with self.lock:
            if kept := self.idle.get(parts.netloc):
                return kept.pop()
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
        return {"host": parts.netloc, "accept-encoding": "gzip", **request.headers}

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
            headers[self.header_name(name)] = value.strip()
        return status, headers

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
        if status in (204, 304):
            return b""
        if headers.get("transfer-encoding") == "chunked":
            connection.phase = "chunks"
            pieces = self.chunks(connection)
        else:
            connection.phase = "body"
            length = headers.get("content-length")
            pieces = connection.exactly(None if length is None else int(length))
        return self.joined(pieces, headers)

    def chunks(self, connection):
        while size := int(self.chunk_size(connection.line(self.limit_of_head)), 16):
            yield from connection.exactly(size)
            connection.line(self.limit_of_head)
        while connection.line(self.limit_of_head):
            pass

    def chunk_size(self, line):
        return line.partition(b";")[0]

    def joined(self, pieces, headers):
        body = AnswerBody(headers.get("content-encoding"), self.limit)
        for piece in pieces:
            body.feed(piece)
        return body.finish()


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
            if error.kind != "reset":
                raise
        return super().send(request, timeout=timeout)


class TriesAgainOnAUsedConnection(Sound):
    def exchanged(self, request, timeout, parts):
        used = bool(self.idle.get(parts.netloc))
        try:
            return super().exchanged(request, timeout, parts)
        except ConnectionError:
            if not used:
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
        if response.status >= 400:
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
    def joined(self, pieces, headers):
        return super().joined(pieces, headers).decode("utf-8", "replace").encode()


class KnowsNoChunkExtension(Sound):
    def chunk_size(self, line):
        return line


class LosesTheRestOfTheGzip(Sound):
    def joined(self, pieces, headers):
        body = super().joined(pieces, headers)
        return body[:10] if "content-encoding" in headers else body


class StopsAByteTooSoon(Sound):
    limit = MAX_BODY - 1


class StopsTooLate(Sound):
    limit = 2 * MAX_BODY


class CountsTheBodyOnceItIsThere(Sound):
    def joined(self, pieces, headers):
        return super().joined([b"".join(pieces)], headers)


class CountsTheGzipOnceItIsInflated(Sound):
    def joined(self, pieces, headers):
        if "content-encoding" not in headers:
            return super().joined(pieces, headers)
        stream = zlib.decompressobj(31)
        try:
            body = b"".join(map(stream.decompress, pieces))
        except zlib.error:
            raise TransportError("protocol") from None
        if not stream.eof:
            raise TransportError("protocol")
        return super().joined([body], {})


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
    patient_in = "body"


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
        if not connection.more():
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
    def joined(self, pieces, headers):
        return super().joined(self.until_it_breaks(pieces), headers)

    def until_it_breaks(self, pieces):
        try:
            yield from pieces
        except ConnectionResetError:
            raise
        except ConnectionError:
            return


class TakesBadGzipAsItIs(Sound):
    def joined(self, pieces, headers):
        if "content-encoding" not in headers:
            return super().joined(pieces, headers)
        pieces = [*pieces]
        try:
            return super().joined(pieces, headers)
        except TransportError as error:
            if error.kind != "protocol":
                raise
        return b"".join(pieces)


class TakesGzipWithoutItsEnd(Sound):
    def joined(self, pieces, headers):
        try:
            return super().joined(pieces, headers)
        except TransportError as error:
            if "too soon" not in error.detail:
                raise
        return b""


class SpeaksHttp09(Sound):
    def head(self, connection):
        if not connection.more():
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
            raise TransportError(error.kind, f"nothing from {request.url}", error.permanent) from None


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
    "test_it_is_shared_by_many_threads": (KeepsTheRequestInItself,),
    "test_it_is_shared_by_many_tasks": (MixesUpTasks,),
    "test_the_event_loop_goes_on_meanwhile": (SetsItselfUpOnTheLoop,),
    "test_a_cancelled_send_ends_at_once": (TakesCancellingForATimeOut,),
    "test_a_cancelled_send_closes_its_connection": (LeavesTheConnectionOpen,),
}
"""For each check, the transports that it rejects, and no other check does."""
