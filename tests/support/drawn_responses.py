"""Scripts for the hostile server: ways to send a response, or to fail to."""

import gzip
from collections.abc import Callable
from itertools import repeat

from drawn_model import Row
from drawn_pages import json_page
from spongewatch.transports.testing.hostile_server import Conversation, http_response

Play = Callable[[Conversation], None]
IGNORED_NEWS = (Row("COMPLETE", "COMPLETED", 77),)
"""Rows in responses that a session must not accept."""

PAUSE = 0.003  # seconds between bytes that drip


def sends(*pieces: bytes, then: Play = lambda talk: None) -> Play:
    def play(talk: Conversation) -> None:
        for piece in pieces:
            talk.send(piece)
        then(talk)

    return play


def closes(talk: Conversation) -> None:
    talk.sock.close()


def resets(talk: Conversation) -> None:
    talk.reset()


def hangs(talk: Conversation) -> None:
    talk.hang()


def dripping(piece: bytes) -> Play:
    def play(talk: Conversation) -> None:
        while True:
            talk.drip(piece, PAUSE)

    return play


def pouring(piece: bytes) -> Play:
    def play(talk: Conversation) -> None:
        for each in repeat(piece):  # not `send`, or the exchange would end only when the client gives up
            talk.sock.sendall(each)

    return play


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    chunks = [part for part in (body[:half], body[half:]) if part]
    return b"".join(b"%x;odd=1\r\n%b\r\n" % (len(part), part) for part in chunks) + b"0\r\nx-trailer: y\r\n\r\n"


def framed_as(how: str, body: bytes, status: str, headers: dict[str, str]) -> tuple[Play, bool]:
    """Return a script that sends a complete response in this way, and whether the connection can be reused after it."""
    plain, unnamed = http_response(body, status, headers), {**headers, "content-length": ""}
    in_chunks, compressed = {"transfer-encoding": "chunked"}, {"content-encoding": "gzip"}
    match how:
        case "in chunks":
            return sends(http_response(chunked(body), status, unnamed | in_chunks)), True
        case "compressed":
            return sends(http_response(gzip.compress(body), status, headers | compressed)), True
        case "compressed, in chunks":
            return sends(http_response(chunked(gzip.compress(body)), status, unnamed | in_chunks | compressed)), True
        case "in pieces":
            return sends(plain[:9], plain[9:30], plain[30:-1], plain[-1:]), True
        case "slowly":
            return sends(plain[:-1], then=lambda talk: talk.drip(plain[-1:], PAUSE)), True
        case "after a 100":
            return sends(b"HTTP/1.1 100 Continue\r\n\r\n", plain), True
        case "until the connection closes":
            return sends(http_response(body, status, unnamed), then=closes), False
        case "as HTTP/1.0":
            return sends(plain.replace(b"HTTP/1.1", b"HTTP/1.0", 1)), False
        case "and closed":
            return sends(plain, then=closes), False
        case "with connection: close":
            return sends(http_response(body, status, {**headers, "connection": "close"})), False
        case "followed by another response":
            return sends(plain + http_response(json_page(IGNORED_NEWS).encode())), False
        case "followed by a 408":
            return sends(plain + b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n", then=closes), False
        case _:
            return sends(plain), True


FRAMINGS = (
    *("at once", "at once", "at once", "in chunks", "compressed", "compressed, in chunks", "in pieces", "slowly"),
    *("after a 100", "until the connection closes", "as HTTP/1.0", "and closed", "with connection: close"),
    *("followed by another response", "followed by a 408"),
)
