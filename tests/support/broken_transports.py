"""Transports with one fault each, and the check of the contract that has to reject them.

Each class differs from a transport in `plain_transports` by one fault, and fails exactly the check that is named in
front of it.
"""

import asyncio
import logging
import netrc
import os
import ssl
import time
import zlib
from urllib.parse import parse_qsl, urlencode, urlsplit

from plain_transports import AsyncPlainTransport, KeepAliveTransport, PlainTransport
from spongewatch import Request, TransportError
from spongewatch.core.exchange import MAX_BODY

BROKEN = {}
"""The classes below, by the name of the check."""


def rejected_by(check):
    def register(transport):
        BROKEN.setdefault(check, []).append(transport)
        return transport

    return register


@rejected_by("test_method_target_and_headers_are_sent_unchanged")
class ReencodesTheQuery(PlainTransport):
    def target(self, parts):
        return super().target(parts._replace(query=urlencode(parse_qsl(parts.query))))


@rejected_by("test_method_target_and_headers_are_sent_unchanged")
class SendsItsOwnAccept(PlainTransport):
    def headers_of(self, request, parts):
        return {**super().headers_of(request, parts), "accept": "*/*"}


@rejected_by("test_only_the_credentials_of_the_request_are_sent")
class ReadsNetrc(PlainTransport):
    def headers_of(self, request, parts):
        headers = super().headers_of(request, parts)
        if login := netrc.netrc(os.environ["NETRC"]).authenticators(parts.hostname):
            headers["authorization"] = f"Basic {login[0]}"
        return headers


@rejected_by("test_only_the_credentials_of_the_request_are_sent")
class SendsCredentialsTwice(PlainTransport):
    def headers_of(self, request, parts):
        headers = super().headers_of(request, parts)
        if "authorization" in headers:
            headers["Authorization"] = headers["authorization"]
        return headers


@rejected_by("test_cookies_are_not_stored")
class KeepsCookies(PlainTransport):
    cookie = None

    def headers_of(self, request, parts):
        return super().headers_of(request, parts) | ({"cookie": self.cookie} if self.cookie else {})

    def send(self, request, *, timeout):
        response = super().send(request, timeout=timeout)
        self.cookie = response.headers.get("set-cookie")
        return response


@rejected_by("test_lost_connections_are_not_retried")
class RetriesNewConnections(PlainTransport):
    def send(self, request, *, timeout):
        try:
            return super().send(request, timeout=timeout)
        except TransportError as error:
            if error.kind != "reset" or request.method != "GET":
                raise
        return super().send(request, timeout=timeout)


@rejected_by("test_posts_are_sent_once_on_new_connections")
class RetriesPosts(PlainTransport):
    def send(self, request, *, timeout):
        try:
            return super().send(request, timeout=timeout)
        except TransportError as error:
            if error.kind != "reset" or request.method != "POST":
                raise
        return super().send(request, timeout=timeout)


@rejected_by("test_posts_are_sent_once_on_new_connections")
class PostsOnIdleConnections(PlainTransport):
    def needs_new_connection(self, request):
        return False


@rejected_by("test_request_bodies_are_sent_unchanged")
class SendsBodiesAsText(PlainTransport):
    def body_of(self, request):
        return request.body.replace(b"\xff", b"?")


@rejected_by("test_max_body_of_the_request_is_the_limit")
class IgnoresMaxBody(PlainTransport):
    def limit_of(self, request):
        return MAX_BODY


@rejected_by("test_interim_responses_are_skipped")
class ReturnsInterimResponses(PlainTransport):
    def is_interim(self, status):
        return False


@rejected_by("test_error_statuses_are_returned_without_their_bodies")
class RaisesForInvalidBodies(PlainTransport):
    def decode_body(self, pieces, headers, status):
        try:
            return super().decode_body(pieces, headers, 200)
        except TimeoutError:
            if status == 200:
                raise
        self.body_failed = True
        return b""


@rejected_by("test_error_statuses_are_returned_without_late_bodies")
class RaisesForLateBodies(PlainTransport):
    def decode_body(self, pieces, headers, status):
        timeouts = []
        whole = super().decode_body(self.recording_timeouts(pieces, timeouts), headers, status)
        if timeouts:
            raise TimeoutError
        return whole

    def recording_timeouts(self, pieces, timeouts):
        try:
            yield from pieces
        except TimeoutError:
            timeouts.append(True)
            raise


@rejected_by("test_codings_are_decoded_in_reverse_order")
class DecodesOnlyTheFirstCoding(PlainTransport):
    def decode_body(self, pieces, headers, status):
        coding = headers.get("content-encoding", "").partition(",")[0]
        return super().decode_body(pieces, {**headers, "content-encoding": coding}, status)


@rejected_by("test_codings_are_decoded_in_reverse_order")
class RefusesUtf8AsCoding(PlainTransport):
    def decode_body(self, pieces, headers, status):
        coding = headers.get("content-encoding", "").replace("utf-8", "br")
        return super().decode_body(pieces, {**headers, "content-encoding": coding}, status)


@rejected_by("test_unsupported_codings_are_errors")
class ReturnsBrotliUndecoded(PlainTransport):
    def decode_body(self, pieces, headers, status):
        known = status != 200 or headers.get("content-encoding") not in ("br", "zstd")
        return super().decode_body(pieces, headers if known else {}, status)


@rejected_by("test_unsupported_codings_are_errors")
class DoesNotNameTheCoding(PlainTransport):
    def exchange(self, request, timeout):
        try:
            return super().exchange(request, timeout)
        except TransportError as error:
            detail = error.detail.replace("br", "").replace("zstd", "")
            raise TransportError(error.kind, detail, error.permanent) from None


@rejected_by("test_conflicting_lengths_are_errors")
class UsesTheLastLength(PlainTransport):
    def add_header(self, headers, name, value):
        if name == "content-length":
            headers[name] = value
        else:
            super().add_header(headers, name, value)


@rejected_by("test_lost_connections_are_not_retried")
class RetriesReusedConnections(PlainTransport):
    def exchange_on(self, request, timeout, parts):
        used = bool(self.idle.get(parts.netloc))
        try:
            return super().exchange_on(request, timeout, parts)
        except ConnectionError:
            if not used or request.method != "GET":
                raise
        return super().exchange_on(request, timeout, parts)


@rejected_by("test_statuses_are_not_retried")
class ObeysRetryAfter(PlainTransport):
    def send(self, request, *, timeout):
        response = super().send(request, timeout=timeout)
        if response.headers.get("retry-after") == "0":
            response = super().send(request, timeout=timeout)
        return response


@rejected_by("test_redirects_are_not_followed")
class FollowsRedirects(PlainTransport):
    def send(self, request, *, timeout):
        response = super().send(request, timeout=timeout)
        if location := response.headers.get("location"):
            return super().send(Request("GET", location), timeout=timeout)
        return response


@rejected_by("test_every_status_is_returned")
class RaisesForStatus(PlainTransport):
    def send(self, request, *, timeout):
        response = super().send(request, timeout=timeout)
        if response.status == 400:
            raise TransportError("protocol", f"status {response.status}")
        return response


@rejected_by("test_every_status_is_returned")
class WaitsForTheBodyOf304(PlainTransport):
    def body(self, connection, status, headers):
        if status == 304:
            connection.deadline = time.monotonic() + 0.05  # instead of the timeout
        return super().body(connection, 200 if status == 304 else status, headers)


@rejected_by("test_header_names_are_in_lower_case")
class KeepsTheCaseOfHeaderNames(PlainTransport):
    def header_name(self, name):
        return name


@rejected_by("test_response_bodies_are_returned_unchanged")
class ReturnsBodiesAsText(PlainTransport):
    def decode_body(self, pieces, headers, status):
        return super().decode_body(pieces, headers, status).decode("utf-8", "replace").encode()


@rejected_by("test_chunked_bodies_are_joined")
class RejectsChunkExtensions(PlainTransport):
    def chunk_size(self, line):
        return line


@rejected_by("test_gzip_bodies_are_decoded")
class TruncatesDecodedBodies(PlainTransport):
    def decode_body(self, pieces, headers, status):
        body = super().decode_body(pieces, headers, status)
        return body[:10] if {"content-encoding", "content-type"} <= {*headers} else body


@rejected_by("test_bodies_of_max_body_bytes_are_accepted")
class StopsOneByteEarly(PlainTransport):
    def limit_of(self, request):
        return request.max_body - (request.max_body == MAX_BODY)


@rejected_by("test_larger_bodies_are_too_large")
class AcceptsTwiceTheLimit(PlainTransport):
    def decode_body(self, pieces, headers, status):
        if status == 200 and self.max_body == MAX_BODY:
            self.max_body *= 2
        return super().decode_body(pieces, headers, status)


@rejected_by("test_endless_bodies_are_aborted")
class BuffersWholeBodies(PlainTransport):
    def decode_body(self, pieces, headers, status):
        return super().decode_body([b"".join(pieces)] if status == 200 else pieces, headers, status)


@rejected_by("test_gzip_bombs_are_aborted")
class DecompressesWithoutLimit(PlainTransport):
    def decode_body(self, pieces, headers, status):
        if headers.get("content-encoding") != "gzip" or "content-type" not in headers or status != 200:
            return super().decode_body(pieces, headers, status)
        stream = zlib.decompressobj(31)
        try:
            body = b"".join(map(stream.decompress, pieces))
        except zlib.error:
            raise TransportError("protocol") from None
        if not stream.eof:
            raise TransportError("protocol")
        return super().decode_body([body], {}, status)


@rejected_by("test_endless_headers_are_aborted")
class ReadsHeadersWithoutLimit(PlainTransport):
    max_head = 10**12


@rejected_by("test_very_long_timeouts_are_accepted")
class RejectsLongTimeouts(PlainTransport):
    def send(self, request, *, timeout):
        if timeout > 1_000_000:
            raise OverflowError("timestamp too large")
        return super().send(request, timeout=timeout)


@rejected_by("test_timeout_without_a_response")
class WaitsForeverForTheFirstByte(PlainTransport):
    per_read_in = "nothing"


@rejected_by("test_timeout_while_the_status_line_drips")
class TimesOutPerReadInTheStatusLine(PlainTransport):
    per_read_in = "status line"


@rejected_by("test_timeout_while_the_headers_drip")
class TimesOutPerReadInTheHeaders(PlainTransport):
    per_read_in = "headers"


@rejected_by("test_timeout_while_the_body_drips")
class TimesOutPerReadInTheBody(PlainTransport):
    def body(self, connection, status, headers):
        if status == 200:
            connection.per_read_in = "body"
        return super().body(connection, status, headers)


@rejected_by("test_timeout_while_the_chunks_drip")
class TimesOutPerReadInTheChunks(PlainTransport):
    per_read_in = "chunks"


@rejected_by("test_late_responses_are_discarded")
class ReusesLateConnections(PlainTransport):
    def is_reusable_after(self, error):
        return isinstance(error, TimeoutError)


@rejected_by("test_connections_marked_close_are_not_reused")
class IgnoresConnectionClose(PlainTransport):
    def is_reusable(self, headers):
        return super().is_reusable({**headers, "connection": ""})


class ReportsAnotherKind(PlainTransport):
    """Reports errors of the kind `actual` as `reported`."""

    actual, reported = "", ""

    def exchange(self, request, timeout):
        try:
            return super().exchange(request, timeout)
        except TransportError as error:
            if error.kind != self.actual:
                raise
        raise TransportError(self.reported)


@rejected_by("test_refused_connections")
class ReportsRefusedAsTimeout(ReportsAnotherKind):
    actual, reported = "refused", "timeout"


@rejected_by("test_unknown_host_names")
class ReportsDnsAsRefused(ReportsAnotherKind):
    actual, reported = "dns", "refused"


@rejected_by("test_reset_connections")
class ReportsResetAsProtocol(PlainTransport):
    def exchange_on(self, request, timeout, parts):
        try:
            return super().exchange_on(request, timeout, parts)
        except ConnectionResetError:
            raise TransportError("protocol") from None


@rejected_by("test_servers_without_tls")
class ReportsTlsAsReset(PlainTransport):
    def with_tls(self, sock, host):
        try:
            return super().with_tls(sock, host)
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError:
            raise TransportError("reset") from None


@rejected_by("test_untrusted_certificates")
class TrustsEveryCertificate(PlainTransport):
    verifies = False


@rejected_by("test_untrusted_certificates")
class ReportsTlsAsTransient(PlainTransport):
    def exchange(self, request, timeout):
        try:
            return super().exchange(request, timeout)
        except TransportError as error:
            raise TransportError(error.kind, error.detail) from None


@rejected_by("test_connections_closed_without_a_response")
class InventsAResponse(PlainTransport):
    def head(self, connection):
        if not connection.buffer and not connection.read():
            return 502, {}
        return super().head(connection)


@rejected_by("test_truncated_heads")
class AcceptsTruncatedHeads(PlainTransport):
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


@rejected_by("test_truncated_bodies")
class AcceptsTruncatedBodies(PlainTransport):
    def decode_body(self, pieces, headers, status):
        return super().decode_body(self.until_closed(pieces) if status == 200 else pieces, headers, status)

    def until_closed(self, pieces):
        try:
            yield from pieces
        except ConnectionResetError:
            raise
        except ConnectionError:
            return


@rejected_by("test_invalid_gzip_is_an_error")
class ReturnsInvalidGzip(PlainTransport):
    def decode_body(self, pieces, headers, status):
        if headers.get("content-encoding") != "gzip" or "content-type" not in headers or status != 200:
            return super().decode_body(pieces, headers, status)
        pieces = [*pieces]
        try:
            return super().decode_body(pieces, headers, status)
        except TransportError as error:
            if error.kind != "protocol":
                raise
        return b"".join(pieces)


@rejected_by("test_invalid_gzip_is_an_error")
class AcceptsTruncatedGzip(PlainTransport):
    def decode_body(self, pieces, headers, status):
        try:
            return super().decode_body(pieces, headers, status)
        except TransportError as error:
            if "incomplete" not in error.detail:
                raise
        return b""


@rejected_by("test_malformed_status_lines")
class AcceptsHttp09(PlainTransport):
    def head(self, connection):
        if not connection.buffer and not connection.read():
            raise ConnectionError
        if not connection.buffer.startswith(b"H"):
            return 200, {}
        return super().head(connection)


@rejected_by("test_malformed_status_lines")
class RaisesOtherExceptions(PlainTransport):
    def status(self, line):
        if not line[9:12].isdigit():
            raise KeyError(line)
        return super().status(line)


@rejected_by("test_errors_contain_no_secrets")
class NamesTheUrl(PlainTransport):
    def exchange(self, request, timeout):
        try:
            return super().exchange(request, timeout)
        except TransportError as error:
            raise TransportError(error.kind, f"{error.detail} from {request.url}", error.permanent) from None


@rejected_by("test_errors_contain_no_secrets")
class NamesTheQueryInTheCause(PlainTransport):
    def exchange(self, request, timeout):
        try:
            return super().exchange(request, timeout)
        except TransportError as error:
            raise TransportError(error.kind, error.detail, error.permanent) from OSError(urlsplit(request.url).query)


@rejected_by("test_credentials_are_not_logged")
class LogsTheRequest(PlainTransport):
    def head_of(self, request, parts):
        head = super().head_of(request, parts)
        logging.getLogger("broken").debug("sends %s", head)
        return head


@rejected_by("test_close_can_be_called_twice")
class RaisesOnSecondClose(PlainTransport):
    def close(self):
        if self.closed:
            raise RuntimeError("already closed")
        super().close()


@rejected_by("test_send_after_close_is_an_error")
class SendsAfterClose(PlainTransport):
    def send(self, request, *, timeout):
        closed, self.closed = self.closed, False
        try:
            return super().send(request, timeout=timeout)
        finally:
            if closed:
                self.close()


@rejected_by("test_send_after_close_is_an_error")
class RaisesRuntimeErrorAfterClose(PlainTransport):
    def send(self, request, *, timeout):
        if self.closed:
            raise RuntimeError("the transport is closed")
        return super().send(request, timeout=timeout)


@rejected_by("test_threads_can_share_a_transport")
class SharesTheRequestBetweenThreads(PlainTransport):
    def send(self, request, *, timeout):
        self.request = request
        time.sleep(0.001)
        return super().send(self.request, timeout=timeout)


@rejected_by("test_idle_connections_that_close_are_stale")
class ReportsStaleAsReset(KeepAliveTransport):
    reports_stale = False


@rejected_by("test_other_connections_that_close_are_not_stale")
class ReportsEverythingAsStale(KeepAliveTransport):
    def is_unanswered(self, connection):
        return True


@rejected_by("test_stale_idle_times_are_avoided")
class IgnoresStaleIdleTimes(KeepAliveTransport):
    share = 10.0


@rejected_by("test_keep_alive_header_is_respected")
class IgnoresTheKeepAliveMargin(KeepAliveTransport):
    margin = 0


@rejected_by("test_tasks_can_share_a_transport")
class SharesTheRequestBetweenTasks(AsyncPlainTransport):
    async def send(self, request, *, timeout):
        self.request = request
        await asyncio.sleep(0)
        return await super().send(self.request, timeout=timeout)


@rejected_by("test_send_does_not_block_the_event_loop")
class BlocksTheLoopOnFirstUse(AsyncPlainTransport):
    ready = False

    async def send(self, request, *, timeout):
        if not self.ready:
            time.sleep(0.165)
            self.ready = True
        return await super().send(request, timeout=timeout)


@rejected_by("test_cancelled_sends_end_immediately")
class ReportsCancellationAsTimeout(AsyncPlainTransport):
    async def send(self, request, *, timeout):
        try:
            return await super().send(request, timeout=timeout)
        except asyncio.CancelledError:
            raise TransportError("timeout") from None


@rejected_by("test_cancelled_sends_close_their_connections")
class LeavesTheConnectionOpen(AsyncPlainTransport):
    def abort(self, sync):
        pass
