"""Transports with one fault each in how they parse responses; they are added to `BROKEN`."""

import re
from contextlib import suppress

from broken_transports import BROKEN, rejected_by
from plain_transports import FramingTransport
from spongewatch import TransportError

__all__ = ["BROKEN"]


@rejected_by("test_other_protocols_are_errors")
class AcceptsHttp2(FramingTransport):
    def status(self, line):
        return super().status(line.replace(b"HTTP/2.0", b"HTTP/1.1"))


@rejected_by("test_invalid_statuses_are_errors")
class TruncatesLongStatuses(FramingTransport):
    def status(self, line):
        return super().status(re.sub(rb"( [0-9]{3})[0-9]+", rb"\1", line))


@rejected_by("test_interim_responses_are_limited")
class LimitsEachInterimResponse(FramingTransport):
    def header_line(self, connection):
        line = super().header_line(connection)
        if not line:
            connection.read_in_head = 0
        return line


@rejected_by("test_ambiguous_lengths_are_errors")
class AcceptsSignedLengths(FramingTransport):
    def check_length(self, headers):
        pass


@rejected_by("test_other_transfer_codings_are_errors")
class IgnoresOtherTransferCodings(FramingTransport):
    def check_coding(self, headers):
        pass


@rejected_by("test_invalid_chunks_are_errors")
class IgnoresSignsOfChunkSizes(FramingTransport):
    def chunk_size(self, line):
        return super().chunk_size(line.lstrip(b"-"))


@rejected_by("test_chunks_without_an_end_are_errors")
class AcceptsTruncatedTrailers(FramingTransport):
    def trailers(self, connection):
        with suppress(ConnectionError):
            super().trailers(connection)


@rejected_by("test_trailers_are_ignored")
class AddsTrailersToTheHeaders(FramingTransport):
    def body(self, connection, status, headers):
        self.headers = headers
        return super().body(connection, status, headers)

    def trailers(self, connection):
        while line := self.framing_line(connection):
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()


@rejected_by("test_responses_without_a_body_end_after_their_headers")
class WaitsForChunksAfter204(FramingTransport):
    def body(self, connection, status, headers):
        chunked = "transfer-encoding" in headers
        return super().body(connection, 200 if chunked and status in (204, 304) else status, headers)


@rejected_by("test_a_reset_does_not_end_a_body")
class AcceptsBodiesEndedByAReset(FramingTransport):
    def decode_body(self, pieces, headers, status):
        framed = {"content-length", "transfer-encoding"} & {*headers}
        return super().decode_body(pieces if framed else self.until_reset(pieces), headers, status)

    def until_reset(self, pieces):
        with suppress(ConnectionResetError):
            yield from pieces


@rejected_by("test_truncated_tls_streams_are_errors")
class AcceptsAMissingCloseNotify(FramingTransport):
    needs_close_notify = False


@rejected_by("test_headers_of_64_kib_are_the_limit")
class RejectsManyHeaders(FramingTransport):
    def add_header(self, headers, name, value):
        if len(headers) == 100:
            raise TransportError("protocol", "more than 100 headers")
        super().add_header(headers, name, value)


@rejected_by("test_bytes_between_chunks_are_limited")
class LimitsEachTrailer(FramingTransport):
    def framing_line(self, connection):
        self.start_counting()
        return super().framing_line(connection)


@rejected_by("test_bytes_after_a_response_are_not_the_next_one")
class ReadsBytesAfterAResponseAsTheNextOne(FramingTransport):
    def has_more(self, connection):
        return False


@rejected_by("test_bytes_on_an_idle_connection_are_not_the_next_response")
class ReadsBytesOnAnIdleConnectionAsTheNextResponse(FramingTransport):
    def has_received(self, connection):
        return False


@rejected_by("test_connections_are_not_reused_after_101")
class ReusesConnectionsAfter101(FramingTransport):
    def is_reusable(self, headers):
        return self.code == 101 or super().is_reusable(headers)


@rejected_by("test_http_1_0_connections_need_keep_alive_to_be_reused")
class ReusesConnectionsOfHttp10(FramingTransport):
    def is_reusable(self, headers):
        self.minor_version = b"1"
        return super().is_reusable(headers)
