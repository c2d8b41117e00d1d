"""Plans of what a service does to those who poll it, good and hostile, mixed, as Hypothesis draws them.

A step is one poll: what it is in words, what the service does, and what that means to the model. Nothing of how the
library comes to its decisions is known here.
"""

import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from answers import growing_answers, odd_rows, unlisted_rows
from drawn_model import IMPORT_ID, SILENCE, Bad, Good, Meaning, NotFound, Refused, Row
from spongewatch import Credentials, ImportEvent
from spongewatch.transports.testing.hostile_server import Conversation, answer

HIDDEN = "7q3z9k"
"""Stands in the password such that no way to spell the rest of it hides this; in no address of an object can it be."""

CREDENTIALS = Credentials("the-key", f'p+/%:"{HIDDEN}-')
PASSWORD, BASIC = CREDENTIALS.domain_password, CREDENTIALS.basic().removeprefix("Basic ")
JSON, XML = "application/json", "application/xml"
NEWS_THAT_MUST_NOT_COUNT = (Row("COMPLETE", "COMPLETED", 77),)
THEN, THREE_SECONDS_LATER = "Sat, 02 Nov 2019 09:14:58 GMT", "Sat, 02 Nov 2019 09:15:01 GMT"
LONGEST_BODY = 1_048_576
ABSENT = object()
PAUSE = 0.003  # seconds between bytes that drip

Play = Callable[[Conversation], None]


@dataclass(frozen=True, repr=False)
class Step:
    """One poll. `keeps`: the connection may be used again; `listens`: there is somebody to connect to."""

    words: str
    means: Meaning
    play: Play = lambda talk: None
    keeps: bool = True
    listens: bool = True

    def __repr__(self) -> str:
        return f"{self.words} -> {self.means}"


@dataclass(frozen=True, repr=False)
class Plan:
    """The steps of a whole watch, the last of them for ever, and how the watch is set up."""

    aim: str
    steps: tuple[Step, ...]
    policy: dict[str, float | None]
    format: str
    auth: str
    by_worker: bool

    def step(self, number: int) -> Step:
        return self.steps[min(number, len(self.steps) - 1)]

    def __repr__(self) -> str:
        how = "a worker that resumes before each poll" if self.by_worker else "a loop"
        lines = [f"meant to end as: {self.aim}; {self.format}, auth {self.auth}, by {how}, {self.policy}:"]
        lines += [f"  {number}. {step!r}" for number, step in enumerate(self.steps, 1)]
        return "\n".join([*lines, "     and that for ever"])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis shows what it found."""
        printer.text(repr(self))


# What a service does on a connection.


def sends(*pieces: bytes, then: Play = lambda talk: None) -> Play:
    def play(talk: Conversation) -> None:
        for piece in pieces:
            talk.send(piece)
        then(talk)

    return play


def hangs_up(talk: Conversation) -> None:
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
        for each in repeat(piece):  # it counts as ended at its start: the client leaves when it has had enough
            talk.sock.sendall(each)

    return play


# Pages of rows, in all the ways in which they can be written.


def json_page(rows: Iterable[Row], blank: object = None, *, as_text: bool = False, **members: object) -> str:
    """A list of events; a row without a value has `blank` for one, or none at all where that is ABSENT."""

    def element(row: Row) -> dict[str, object]:
        number = f" {row.value} " if as_text else row.value
        value = row.odd_value or (blank if row.value is None else number)
        words = {"event_type": row.type, "status": row.status, "description": None}
        return words if value is ABSENT else {**words, "value": value}

    return json.dumps({"events": list(map(element, rows)), "user_id": PASSWORD, "echo": BASIC, **members})


def xml_page(rows: Iterable[Row], *, import_id: str | None = IMPORT_ID, encoding: str = "UTF-8") -> str:
    def element(row: Row) -> str:
        value = row.odd_value or ("" if row.value is None else row.value)
        nil = ' nil="true"' if value == "" else ' type="integer"'
        words = f"<event-type>{escape(row.type)}</event-type><status> {escape(row.status)}\n</status>"
        return f"<event>{words}<value{nil}>{escape(str(value))}</value><unclaimed>true</unclaimed></event>"

    named = "" if import_id is None else f'<import-id type="integer">{import_id}</import-id>'
    events = f'<events type="array">{"".join(map(element, rows))}</events>'
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        f"<eventsResponse>{events}<echo>{escape(BASIC)}</echo>{named}</eventsResponse>"
    )


@st.composite
def pages(draw: st.DrawFn, rows: list[Row]) -> tuple[str, bytes, str | None]:
    """`rows` as some service might write them: in words, as a body, and the content type that it gives."""
    if draw(st.booleans()):
        blank = draw(st.sampled_from([None, "", ABSENT]))
        import_id = draw(st.sampled_from([{"import_id": 1126}, {"import_id": "1126"}, {"import_id": None}, {}]))
        text = json_page(rows, blank, as_text=draw(st.booleans()), **import_id)
        if draw(st.booleans()):
            text = text.replace("{", f'{{"events": {draw(st.sampled_from(["null", "[]", "[5]"]))}, ', 1)
        encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]))
        types = [JSON, "text/json", "Application/Problem+JSON; charset=x", "text/html", "", None]
        return f"JSON in {encoding}", text.encode(encoding), draw(st.sampled_from(types))
    encoding = draw(st.sampled_from(["UTF-8", "UTF-8", "UTF-16", "ISO-8859-1", "US-ASCII"]))
    text = xml_page(rows, import_id=draw(st.sampled_from([IMPORT_ID, None])), encoding=encoding)
    if draw(st.booleans()):
        text = text.replace("<eventsResponse>", "<root><eventsResponse>") + "</root>"
    types = [XML, "text/xml; charset=utf-8", "application/atom+xml", "text/html", "application/octet-stream", None]
    return f"XML in {encoding}", text.encode(encoding), draw(st.sampled_from(types))


# The ways in which a whole answer can travel.


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    chunks = [part for part in (body[:half], body[half:]) if part]
    return b"".join(b"%x;odd=1\r\n%b\r\n" % (len(part), part) for part in chunks) + b"0\r\nx-trailer: y\r\n\r\n"


def travelling(how: str, body: bytes, status: str, headers: dict[str, str]) -> tuple[Play, bool]:
    """What a service does to send a whole answer in this way, and whether the connection may be used again."""
    plain, unnamed = answer(body, status, headers), {**headers, "content-length": ""}
    in_chunks, compressed = {"transfer-encoding": "chunked"}, {"content-encoding": "gzip"}
    match how:
        case "in chunks":
            return sends(answer(chunked(body), status, unnamed | in_chunks)), True
        case "compressed":
            return sends(answer(gzip.compress(body), status, headers | compressed)), True
        case "compressed, in chunks":
            return sends(answer(chunked(gzip.compress(body)), status, unnamed | in_chunks | compressed)), True
        case "in pieces":
            return sends(plain[:9], plain[9:30], plain[30:-1], plain[-1:]), True
        case "slowly":
            return sends(plain[:-1], then=lambda talk: talk.drip(plain[-1:], PAUSE)), True
        case "after a 100":
            return sends(b"HTTP/1.1 100 Continue\r\n\r\n", plain), True
        case "until the end":
            return sends(answer(body, status, unnamed), then=hangs_up), False
        case "as HTTP/1.0":
            return sends(plain.replace(b"HTTP/1.1", b"HTTP/1.0", 1)), False
        case "and hung up":
            return sends(plain, then=hangs_up), False
        case "with connection: close":
            return sends(answer(body, status, {**headers, "connection": "close"})), False
        case "with another answer behind it":
            return sends(plain + answer(json_page(NEWS_THAT_MUST_NOT_COUNT).encode())), False
        case "with a 408 behind it, and hung up":
            return sends(plain + b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n", then=hangs_up), False
        case _:
            return sends(plain), True


TRAVELS = (
    *("in one go", "in one go", "in one go", "in chunks", "compressed", "compressed, in chunks", "in pieces", "slowly"),
    *("after a 100", "until the end", "as HTTP/1.0", "and hung up", "with connection: close"),
    *("with another answer behind it", "with a 408 behind it, and hung up"),
)


def whole(how: str, words: str, means: Meaning, body: bytes, status: str = "200 OK", **headers: str | None) -> Step:
    """A step in which a whole answer comes; underscores in names of headers stand for dashes."""
    named = {name.replace("_", "-"): value or "" for name, value in headers.items()}
    play, keeps = travelling(how, body, status, named)
    return Step(f"{words}, {how}", means, play, keeps)


# Good answers.


def as_row(event: ImportEvent) -> Row:
    return Row(event.type, event.status, event.value, event.odd_value)


def shown(row: Row) -> Row:
    words = [word and word.replace(PASSWORD, "******") for word in (row.type, row.status, row.odd_value)]
    return Row(words[0], words[1], row.value, words[2])


def ends(row: Row) -> bool:
    return row.status == "ERROR" or (row.type, row.status) == ("COMPLETE", "COMPLETED")


SECRET_ROWS = (
    Row(PASSWORD, "INPROGRESS"),
    Row("GATHERING", f"X{PASSWORD}"),
    Row("GATHERING", "INPROGRESS", None, PASSWORD),
)
CONTRARY_ROWS = (
    *(Row("INITIALIZING", "INPROGRESS", 0), Row("INITIALIZING", "COMPLETED", 0), Row("GATHERING", "INPROGRESS", 1)),
    *(Row("GATHERING", "INPROGRESS", 99_999), Row("GATHERING", "COMPLETED", 0), Row("GATHERING", "COMPLETED", None)),
)
SWARM = [Row(f"TYPE-{number:02}", "INPROGRESS", number) for number in range(40)]

more_rows = st.one_of(
    st.lists(unlisted_rows.map(as_row), max_size=2),
    st.lists(odd_rows.map(as_row).filter(lambda row: not ends(row)), max_size=2),
    st.lists(st.sampled_from(CONTRARY_ROWS), min_size=1, max_size=3),
    st.lists(st.sampled_from(SECRET_ROWS), min_size=1, max_size=2),
    st.just(SWARM),
)


@st.composite
def good_steps(draw: st.DrawFn, rows: list[Row], *, of_any_phase: bool = True) -> Step:
    """A good answer of `rows`, often with more of them than it should have, or fewer, or in another order."""
    said = list(rows)
    twist = draw(st.sampled_from(["", "", "shrunken", "doubled", "with more"]))
    if twist == "shrunken" and said and not any(map(ends, said)):
        said.pop(draw(st.integers(0, len(said) - 1)))
    elif twist == "doubled":
        said += said
    elif twist == "with more" and of_any_phase:
        said += draw(more_rows)
    said = draw(st.permutations(said)) if len(said) < 10 and draw(st.booleans()) else said
    written, body, content_type = draw(pages(said))
    words = f"good {twist}".strip() + f", {written} as {content_type}, {', '.join(map(str, said)) or 'no rows'}"
    means = Good(tuple(map(shown, said)))
    return whole(draw(st.sampled_from(TRAVELS)), words, means, body, content_type=content_type)


# Answers that are whole, and of no use.


def refused_bodies() -> list[tuple[str, bytes, str | None, str]]:
    """What a body is in words, the body, its content type, and how the reason starts."""
    page, in_xml = json_page(NEWS_THAT_MUST_NOT_COUNT), xml_page(NEWS_THAT_MUST_NOT_COUNT)
    word, digits = "the response is ", "9" * 5_000
    return [
        ("nothing", b"", JSON, f"{word}empty"),
        ("blanks", b"\xef\xbb\xbf \n", None, f"{word}empty"),
        ("HTML", b"<!DOCTYPE html><p>Down", "text/html", f"{word}an HTML page"),
        ("HTML as JSON", b"<html>Down", JSON, f"{word}an HTML page"),
        ("half a page", page[:-9].encode(), JSON, f"{word}not valid JSON (line "),
        ("null", b"null", JSON, f"{word}null, not an object"),
        ("a list", b"[]", None, f"{word}a list, not an object"),
        ("no events", b"{}", JSON, "the response has no events"),
        ("events that are null", b'{"events": null}', JSON, "the events of the response are null"),
        (
            "a row without status",
            b'{"events": [{"event_type": "COMPLETE"}]}',
            JSON,
            "row 1 of the response has no status",
        ),
        ("a long word", json_page([Row("X" * 65, "ERROR")]).encode(), JSON, "row 1 of the response: event_type has 65"),
        ("a word that is none", json_page([Row("É", "ERROR")]).encode(), JSON, "row 1 of the response: event_type is"),
        ("1,001 rows", json_page(NEWS_THAT_MUST_NOT_COUNT * 1_001).encode(), JSON, "the response has 1,001 rows"),
        ("a long number", page.replace("77", digits).encode(), JSON, f"{word}JSON with a number of too many"),
        ("a JSON bomb", page.replace("77", "[" * 99_999).encode(), JSON, f"{word}JSON that is nested too deeply"),
        ("no UTF-8", page.encode().replace(b"COMPLETE", b"\xff", 1), JSON, f"{word}not valid UTF-8 (byte "),
        ("half of UTF-16", page.encode("utf-16")[:-1], None, f"{word}not "),
        ("half of UTF-32", page.encode("utf-32")[:-3], None, f"{word}not "),
        ("half of XML in UTF-16", in_xml.replace("UTF-8", "UTF-16").encode("utf-16")[:-1], XML, f"{word}not valid XML"),
        ("a DTD", f"<!DOCTYPE a [<!ENTITY b 'c'>]>{in_xml[38:]}".encode(), XML, f"{word}XML with a document type"),
        ("an outer entity", b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", None, f"{word}XML with a document type"),
        ("a code page", in_xml.replace("UTF-8", "cp1252", 1).encode(), XML, f"{word}XML in an encoding other than"),
        ("half of XML", in_xml[:-9].encode(), XML, f"{word}not valid XML: "),
        ("an XML bomb", b"<a>" * 9_999 + b"</a>" * 9_999, XML, f"{word}XML without an eventsResponse"),
        ("an envelope", b'{"error": {"message": "oh no"}}', JSON, "the service returned an error: oh no"),
        ("an envelope in XML", b"<error><message>no</message></error>", XML, "the service returned an error: no"),
        ("a text as envelope", json.dumps({"error": PASSWORD}).encode(), JSON, "the service returned an error: "),
        ("JSON as XML", b" " + page.encode(), XML, f"{word}not valid XML: "),
        ("XML as JSON", in_xml.encode(), JSON, f"{word}not valid JSON (line "),
        (
            "another import's",
            json_page(NEWS_THAT_MUST_NOT_COUNT, import_id=1127).encode(),
            JSON,
            f"{word}about another",
        ),
        (
            "another's in XML",
            xml_page(NEWS_THAT_MUST_NOT_COUNT, import_id="01126").encode(),
            None,
            f"{word}about another",
        ),
        ("a secret as id", json_page((), import_id=PASSWORD).encode(), JSON, f"{word}about another"),
        ("a secret as body", f"{PASSWORD} {BASIC}".encode(), None, f"{word}not JSON"),
    ]


REFUSED_BODIES = refused_bodies()


@st.composite
def refused_pages(draw: st.DrawFn) -> Step:
    words, body, content_type, reason = draw(st.sampled_from(REFUSED_BODIES))
    return whole(draw(st.sampled_from(TRAVELS)), f"200, {words}", Bad(reason), body, content_type=content_type)


MESSAGES = ("not now", "not now", f"not {PASSWORD}", f"not {BASIC}", "")


@st.composite
def said_at(draw: st.DrawFn, status: int) -> tuple[str, str, bytes, str]:
    """What a service writes to a status that is not 200: in words, how the reason starts, the body, and its type."""
    kind = draw(st.sampled_from(["nothing", "JSON", "XML", "HTML", "a page"]))
    message = draw(st.sampled_from(MESSAGES))
    plain = f"status {status}: not " if message else f"status {status}"
    match kind:
        case "JSON":
            error = draw(st.sampled_from([{"message": message, "code": 1}, message]))
            return kind, plain, json.dumps({"error": error}).encode(), JSON
        case "XML":
            text = f"<error><message>{escape(message)}</message><code>1</code></error>"
            return kind, plain, text.encode(), XML
        case "HTML":
            return kind, f"status {status}", f"<html>{PASSWORD}".encode(), "text/html"
        case "a page":
            return kind, f"status {status}", json_page(NEWS_THAT_MUST_NOT_COUNT, import_id=1126).encode(), JSON
        case _:
            return kind, f"status {status}", b"", ""


@st.composite
def refusals(draw: st.DrawFn, status: int, **headers: str) -> tuple[str, Callable[[Meaning], Step]]:
    """How the reason starts, and the step once it is known what it means."""
    written, reason, body, content_type = draw(said_at(status))
    how = draw(st.sampled_from(TRAVELS))
    words = f"{status}, {written}" + "".join(f", {name}: {value}" for name, value in headers.items())
    headers["content_type"] = content_type
    return reason, lambda means: whole(how, words, means, body, f"{status} Indeed", **headers)


ASKED: dict[str | None, float | None] = {
    None: None,
    "0": 0,
    "1": 1,
    "003": 3,
    "2 ": 2,
    "1.5": 1.5,
    "1, 2": 2,
    **dict.fromkeys([" ", "-5", "soon", "Sat, 32 Nov 2019 09:15:01 GMT", PASSWORD]),
}
BUSY = (403, 408, 425, 429, 500, 502, 503, 504, 599)


@st.composite
def busy_steps(draw: st.DrawFn) -> Step:
    status = draw(st.sampled_from(BUSY))
    asked = draw(st.sampled_from([*ASKED, "a date", "a date gone by", "a date alone"]))
    if asked is None and status == 403:
        asked = "soon"
    match asked:
        case None:
            headers, seconds = {}, None
        case "a date":
            headers, seconds = {"retry_after": THREE_SECONDS_LATER, "date": THEN}, 3
        case "a date gone by":
            headers, seconds = {"retry_after": THEN, "date": THREE_SECONDS_LATER}, 0
        case "a date alone":
            headers, seconds = {"retry_after": THREE_SECONDS_LATER}, None
        case _:
            headers, seconds = {"retry_after": asked, "date": "today"}, ASKED[asked]
    reason, step = draw(refusals(status, **headers))
    return step(Bad(reason, seconds))


@st.composite
def steps_that_ask_too_much(draw: st.DrawFn) -> Step:
    headers = {"retry_after": draw(st.sampled_from(["9999", "9" * 400, "Sat, 02 Nov 2030 09:15:01 GMT"])), "date": THEN}
    reason, step = draw(refusals(draw(st.sampled_from(BUSY)), **headers))
    return step(Bad(reason, 10**9))


@st.composite
def nothing_new(draw: st.DrawFn) -> Step:
    status = draw(st.sampled_from([201, 202, 203, 206, 226, 299, 204, 304]))
    asked = draw(st.sampled_from(["1", "1.5", "soon"]))
    if status in (204, 304):
        length = draw(st.sampled_from(["", "content-length: 100\r\n"])) if status == 304 else ""
        head = f"HTTP/1.1 {status} Indeed\r\n{length}retry-after: {asked}\r\n\r\n"
        return Step(f"{status}, {asked}", Bad(f"status {status}", ASKED[asked]), sends(head.encode()))
    reason, step = draw(refusals(status, retry_after=asked))
    return step(Bad(reason, ASKED[asked]))


@st.composite
def not_found_steps(draw: st.DrawFn) -> Step:
    reason, step = draw(refusals(404))
    return step(NotFound(reason))


@st.composite
def rejections(draw: st.DrawFn, why: str) -> Step:
    statuses = {
        "credentials": [401, 401, 403],
        "redirect": [300, 301, 302, 303, 305, 307, 308, 399],
        "unknown-import": [410],
        "request": [400, 402, 405, 407, 409, 418, 422, 451, 499],
    }
    status = draw(st.sampled_from(statuses[why]))
    asks = {} if status == 403 else {"retry_after": "1"}
    detail, step = draw(refusals(status, location=f"http://127.0.0.1:1/?p={PASSWORD}", **asks))
    return step(Refused(why, detail))


# What goes wrong on the network, or is no HTTP.


def torn(words: str, data: bytes, reason: str, then: Play = hangs_up) -> Step:
    return Step(words, Bad(reason), sends(data, then=then) if data else then, keeps=False)


def faults() -> list[Step]:
    page = json_page(NEWS_THAT_MUST_NOT_COUNT).encode()
    squeezed, bomb = gzip.compress(page), gzip.compress(bytes(20_000_000))
    unended = {"content-length": "", "transfer-encoding": "chunked"}
    good, in_chunks = answer(page), answer(chunked(page), headers=unended)
    cut, no_http = "reset: connection closed before the response was complete", "protocol: "
    too_large = "too-large: response body exceeds 1,048,576 bytes"

    def odd(words: str, data: bytes, reason: str = no_http) -> Step:
        return Step(words, Bad(reason), sends(data), keeps=False)

    def coded(coding: str, body: bytes) -> bytes:
        return answer(body, headers={"content-encoding": coding})

    def headed(**headers: str) -> bytes:
        return answer(page, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return [
        Step("nobody listens", Bad("refused: connection refused"), keeps=False, listens=False),
        torn("hangs up in the status line", good[:7], cut),
        torn("hangs up in the head", good[:40], cut),
        torn("hangs up in the body", good[:-20], cut),
        torn("hangs up in a chunk", in_chunks[:-20], cut),
        torn("resets in the body", answer(b" " * 90_000)[:50_000], "reset: ", resets),
        torn("hangs up before the body", good[: -len(page)], cut),
        odd("a torn gzip", coded("gzip", squeezed[:-9]), "protocol: compressed response body is incomplete"),
        odd("no gzip", coded("gzip", page), "protocol: response body does not match its Content-Encoding"),
        odd(
            "gzip and more",
            coded("gzip", squeezed + page),
            "protocol: response body does not match its Content-Encoding",
        ),
        odd("br", coded("br", page), "protocol: unsupported content coding br"),
        odd("a gzip bomb", coded("gzip", bomb), too_large),
        odd("a gzip bomb in chunks", answer(chunked(bomb), headers={"content-encoding": "gzip", **unended}), too_large),
        odd("a large body", answer(b" " * (LONGEST_BODY + 1)), too_large),
        odd("SMTP", b"220 mail.example ESMTP\r\n", "protocol: invalid HTTP response"),
        odd("a secret for HTTP", f"{PASSWORD} {BASIC}\r\n\r\n".encode(), "protocol: invalid HTTP response"),
        odd("status 999", answer(page, "999 Odd"), "protocol: invalid status 999; must be between 100 and 599"),
        odd("no status", good.replace(b"200", b"2xx", 1)),
        odd("two lengths", headed(Content_Length="5"), "protocol: more than one Content-Length or Transfer-Encoding"),
        odd(
            "a length and chunks",
            headed(transfer_encoding="chunked"),
            "protocol: more than one Content-Length or Transfer-Encoding",
        ),
        odd("a negative length", headed(content_length="-5"), "protocol: invalid Content-Length"),
        odd("a secret for a length", headed(content_length=PASSWORD), "protocol: invalid Content-Length"),
        odd(
            "a coding of its own",
            headed(content_length="", transfer_encoding="gzip"),
            "protocol: invalid Content-Length or Transfer-Encoding",
        ),
        odd("a header that is none", good.replace(b"content-type:", b" \x00", 1), "protocol: invalid response header"),
        odd("a chunk of no length", answer(b"zz\r\nzz", headers=unended), ""),
        odd("101", b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", "status 101"),
        Step(
            "an endless header",
            Bad("too-large: response headers"),
            sends(b"HTTP/1.1 200 OK\r\nx: ", then=pouring(b"y" * 9_999)),
            keeps=False,
        ),
        Step(
            "endless headers",
            Bad("too-large: response headers"),
            sends(b"HTTP/1.1 200 OK\r\n", then=pouring(b"x: y\r\n" * 99)),
            keeps=False,
        ),
        Step(
            "an endless body",
            Bad(too_large),
            sends(answer(headers={"content-length": ""}), then=pouring(b" " * 9_999)),
            keeps=False,
        ),
        Step(
            "endless chunks",
            Bad("too-large: "),
            sends(answer(headers=unended), then=pouring(b"400\r\n%b\r\n" % bytes(1024))),
            keeps=False,
        ),
    ]


def silences() -> list[Step]:
    head = b"HTTP/1.1 200 OK\r\n"
    page = answer(json_page(NEWS_THAT_MUST_NOT_COUNT).encode())

    def silent(words: str, play: Play) -> Step:
        return Step(words, SILENCE, play, keeps=False)

    return [
        silent("says nothing", hangs),
        silent("says half a head", sends(page[:30], then=hangs)),
        silent("says half an answer", sends(page[:-20], then=hangs)),
        silent("drips a status line", dripping(b"HTTP/1.1 200 OK")),
        silent("drips a header", sends(head + b"x: ", then=dripping(b"y"))),
        silent("drips headers", sends(head, then=dripping(b"x: y\r\n"))),
        silent("drips a body", sends(answer(headers={"content-length": "5000"}), then=dripping(b" "))),
        silent(
            "drips chunks",
            sends(answer(headers={"content-length": "", "transfer-encoding": "chunked"}), then=dripping(b"1\r\n \r\n")),
        ),
        silent("drips hints", dripping(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ]


FAULTS, SILENCES = faults(), silences()

passing_trouble = st.one_of(
    refused_pages(),
    refused_pages(),
    busy_steps(),
    busy_steps(),
    nothing_new(),
    st.sampled_from(FAULTS),
    st.sampled_from(FAULTS),
    st.sampled_from(FAULTS),
    st.sampled_from(SILENCES),
)

# Whole plans.

AIMS = (
    *("completed", "failed", "abandoned", "consent", "gathering", "total", "lost", "asked too much", "not found"),
    *("credentials", "redirect", "unknown-import", "request"),
)
"""How a watch may be meant to end; it may end sooner, in another way."""

POLICY: dict[str, float | None] = {
    "interval": 1.0,
    "request_timeout": 10.0,
    "consent_timeout": 900.0,
    "gathering_timeout": 600.0,
    "lost_contact_timeout": 300.0,
    "timeout": None,
    "not_found_grace": 10.0,
    "max_delay": 4.0,
}
TIGHT: dict[str, list[dict[str, float | None]]] = {
    "consent": [
        {"consent_timeout": 15.0, "lost_contact_timeout": 8.0},
        {"consent_timeout": 15.0},
        {"consent_timeout": 15.0, "timeout": 15.0},
    ],
    "gathering": [
        {"gathering_timeout": 15.0, "consent_timeout": 20.0, "lost_contact_timeout": 8.0},
        {"gathering_timeout": 15.0, "timeout": 40.0},
    ],
    "total": [
        {"timeout": 15.0, "lost_contact_timeout": 8.0},
        {"timeout": 15.0, "consent_timeout": None, "gathering_timeout": None},
    ],
    "lost": [{"lost_contact_timeout": 18.0}, {"lost_contact_timeout": 18.0, "consent_timeout": None}],
    "not found": [{"not_found_grace": 4.0}, {"not_found_grace": 0.0}],
}
ERROR_TYPES = ("INITIALIZING", "GATHERING", "COMPLETE", "ERROR", "SUBMITTING")


@st.composite
def verdicts(draw: st.DrawFn, aim: str, before: list[Row]) -> list[Row]:
    """The rows of an answer that ends the import."""
    kept = draw(st.sampled_from([before, [], [Row("GATHERING", "COMPLETED", draw(st.integers(0, 3_000)))]]))
    done = Row("COMPLETE", "COMPLETED", draw(st.sampled_from([0, None, 5])))
    if aim == "completed":
        return [*kept, done]
    codes = [514, 516, 774] if aim == "abandoned" else [264, 9999, 0, None, 1]
    failed = Row(draw(st.sampled_from(ERROR_TYPES)), "ERROR", draw(st.sampled_from(codes)))
    again = [Row("COMPLETE", "ERROR", draw(st.sampled_from([0, 264, 514])))]
    return [*kept, failed, *draw(st.sampled_from([[], [], [done], again, [*again, done]]))]


@st.composite
def plans(draw: st.DrawFn, aim: str) -> Plan:
    snapshots = [list(map(as_row, snapshot)) for snapshot in draw(growing_answers())]
    living = [rows for rows in snapshots if not any(map(ends, rows))]
    if aim == "consent":
        living = [
            rows for rows in living if all(row.status == "INPROGRESS" and row.type == "INITIALIZING" for row in rows)
        ]
    if aim == "gathering":
        living.append([Row("GATHERING", "INPROGRESS", draw(st.integers(0, 9)))])
    living = living or [[]]
    steps = draw(st.lists(not_found_steps(), max_size=2)) if draw(st.integers(0, 4)) == 0 else []
    reached = 0
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 9)) < 5:
            reached = min(reached + draw(st.integers(0, 2)), len(living) - 1)
            stale = draw(st.integers(0, reached)) if draw(st.integers(0, 3)) == 0 else reached
            steps.append(draw(good_steps(living[stale], of_any_phase=aim != "consent")))
        else:
            steps.append(draw(passing_trouble))
    steps.append(draw(last_steps(aim, living)))
    policy = POLICY | {
        "max_delay": draw(st.sampled_from([0.5, 0.5, 4.0])),
        "interval": draw(st.sampled_from([1.0, 1.6])),
    }
    policy |= draw(st.sampled_from(TIGHT.get(aim, [{}])))
    form, auth = draw(st.sampled_from(["json", "xml"])), draw(st.sampled_from(["basic", "query"]))
    return Plan(aim, tuple(steps), policy, form, auth, by_worker=draw(st.booleans()))


def last_steps(aim: str, living: list[list[Row]]) -> st.SearchStrategy[Step]:
    match aim:
        case "completed" | "failed" | "abandoned":
            return verdicts(aim, living[-1]).flatmap(good_steps)
        case "consent" | "gathering" | "total":
            return good_steps(living[-1], of_any_phase=aim != "consent")
        case "lost":
            return passing_trouble
        case "asked too much":
            return steps_that_ask_too_much()
        case "not found":
            return not_found_steps()
        case _:
            return rejections(aim)
