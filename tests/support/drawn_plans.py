"""Hypothesis strategies for plans: what a service, good and hostile in turn, does at each poll of a watch.

A step is one poll: a description, what the service does, and what that means to the model (`drawn_model`). The plans
know nothing of the library's decisions.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from drawn_model import SILENCE, Bad, Good, Meaning, NotFound, Refused, Row
from drawn_pages import BASIC, CREDENTIALS, HIDDEN, JSON, PASSWORD, XML, json_page, pages, xml_page
from drawn_responses import (
    FRAMINGS,
    IGNORED_NEWS,
    Play,
    chunked,
    closes,
    dripping,
    framed_as,
    hangs,
    pouring,
    resets,
    sends,
)
from event_rows import growing_rows, odd_rows, unlisted_rows
from spongewatch import ImportEvent
from spongewatch.transports.testing.hostile_server import http_response

__all__ = ["AIMS", "BASIC", "CREDENTIALS", "HIDDEN", "PASSWORD", "Plan", "Step", "plans"]

NOW, THREE_SECONDS_LATER = "Sat, 02 Nov 2019 09:14:58 GMT", "Sat, 02 Nov 2019 09:15:01 GMT"
LONGEST_BODY = 1_048_576


@dataclass(frozen=True, repr=False)
class Step:
    """One poll.

    `keeps` is whether the connection can be reused after it, `listens` whether connections are accepted at all.
    """

    words: str
    means: Meaning
    play: Play = lambda talk: None
    keeps: bool = True
    listens: bool = True

    def __repr__(self) -> str:
        return f"{self.words} -> {self.means}"


@dataclass(frozen=True, repr=False)
class Plan:
    """The steps of a watch, the last of which repeats, and how the watch is set up."""

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
        return "\n".join([*lines, "     and so on"])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print the plan in the reports of Hypothesis."""
        printer.text(repr(self))


def whole(how: str, words: str, means: Meaning, body: bytes, status: str = "200 OK", **headers: str | None) -> Step:
    """Return a step with a complete response; underscores in header names stand for dashes."""
    named = {name.replace("_", "-"): value or "" for name, value in headers.items()}
    play, keeps = framed_as(how, body, status, named)
    return Step(f"{words}, {how}", means, play, keeps)


# Valid responses.


def as_row(event: ImportEvent) -> Row:
    return Row(event.type, event.status, event.value, event.odd_value)


def redacted(row: Row) -> Row:
    words = [word and word.replace(PASSWORD, "******") for word in (row.type, row.status, row.odd_value)]
    return Row(words[0], words[1], row.value, words[2])


def ends_import(row: Row) -> bool:
    return row.status == "ERROR" or (row.type, row.status) == ("COMPLETE", "COMPLETED")


SECRET_ROWS = (
    Row(PASSWORD, "INPROGRESS"),
    Row("GATHERING", f"X{PASSWORD}"),
    Row("GATHERING", "INPROGRESS", None, PASSWORD),
)
STALE_ROWS = (
    *(Row("INITIALIZING", "INPROGRESS", 0), Row("INITIALIZING", "COMPLETED", 0), Row("GATHERING", "INPROGRESS", 1)),
    *(Row("GATHERING", "INPROGRESS", 99_999), Row("GATHERING", "COMPLETED", 0), Row("GATHERING", "COMPLETED", None)),
)
MANY_ROWS = [Row(f"TYPE-{number:02}", "INPROGRESS", number) for number in range(40)]

more_rows = st.one_of(
    st.lists(unlisted_rows.map(as_row), max_size=2),
    st.lists(odd_rows.map(as_row).filter(lambda row: not ends_import(row)), max_size=2),
    st.lists(st.sampled_from(STALE_ROWS), min_size=1, max_size=3),
    st.lists(st.sampled_from(SECRET_ROWS), min_size=1, max_size=2),
    st.just(MANY_ROWS),
)


@st.composite
def good_steps(draw: st.DrawFn, rows: list[Row], *, of_any_phase: bool = True) -> Step:
    """Draw a valid response with `rows`, often with additional, missing or reordered ones."""
    drawn = list(rows)
    twist = draw(st.sampled_from(["", "", "shrunken", "doubled", "with more"]))
    if twist == "shrunken" and drawn and not any(map(ends_import, drawn)):
        drawn.pop(draw(st.integers(0, len(drawn) - 1)))
    elif twist == "doubled":
        drawn += drawn
    elif twist == "with more" and of_any_phase:
        drawn += draw(more_rows)
    drawn = draw(st.permutations(drawn)) if len(drawn) < 10 and draw(st.booleans()) else drawn
    written, body, content_type = draw(pages(drawn))
    words = f"good {twist}".strip() + f", {written} as {content_type}, {', '.join(map(str, drawn)) or 'no rows'}"
    means = Good(tuple(map(redacted, drawn)))
    return whole(draw(st.sampled_from(FRAMINGS)), words, means, body, content_type=content_type)


# Complete responses that a session can't use.


def invalid_bodies() -> list[tuple[str, bytes, str | None, str]]:
    """Return descriptions, bodies, content types, and how the reasons start."""
    page, in_xml = json_page(IGNORED_NEWS), xml_page(IGNORED_NEWS)
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
        ("1,001 rows", json_page(IGNORED_NEWS * 1_001).encode(), JSON, "the response has 1,001 rows"),
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
            json_page(IGNORED_NEWS, import_id=1127).encode(),
            JSON,
            f"{word}about another",
        ),
        (
            "another's in XML",
            xml_page(IGNORED_NEWS, import_id="01126").encode(),
            None,
            f"{word}about another",
        ),
        ("a secret as id", json_page((), import_id=PASSWORD).encode(), JSON, f"{word}about another"),
        ("a secret as body", f"{PASSWORD} {BASIC}".encode(), None, f"{word}not valid JSON"),
    ]


INVALID_BODIES = invalid_bodies()


@st.composite
def invalid_pages(draw: st.DrawFn) -> Step:
    words, body, content_type, reason = draw(st.sampled_from(INVALID_BODIES))
    return whole(draw(st.sampled_from(FRAMINGS)), f"200, {words}", Bad(reason), body, content_type=content_type)


MESSAGES = ("not now", "not now", f"not {PASSWORD}", f"not {BASIC}", "")


@st.composite
def error_bodies(draw: st.DrawFn, status: int) -> tuple[str, str, bytes, str]:
    """Draw the body of an error response: a description, how the reason starts, the body, and its type."""
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
            return kind, f"status {status}", json_page(IGNORED_NEWS, import_id=1126).encode(), JSON
        case _:
            return kind, f"status {status}", b"", ""


@st.composite
def error_steps(draw: st.DrawFn, status: int, **headers: str) -> tuple[str, Callable[[Meaning], Step]]:
    """Draw an error response: how the reason starts, and a function that returns the step with its meaning."""
    written, reason, body, content_type = draw(error_bodies(status))
    how = draw(st.sampled_from(FRAMINGS))
    words = f"{status}, {written}" + "".join(f", {name}: {value}" for name, value in headers.items())
    headers["content_type"] = content_type
    return reason, lambda means: whole(how, words, means, body, f"{status} Indeed", **headers)


RETRY_AFTER: dict[str | None, float | None] = {
    None: None,
    "0": 0,
    "1": 1,
    "003": 3,
    "2 ": 2,
    "1.5": 1.5,
    "1, 2": 2,
    **dict.fromkeys([" ", "-5", "soon", "Sat, 32 Nov 2019 09:15:01 GMT", PASSWORD]),
}
RETRYABLE = (403, 408, 425, 429, 500, 502, 503, 504, 599)


@st.composite
def retryable_steps(draw: st.DrawFn) -> Step:
    status = draw(st.sampled_from(RETRYABLE))
    retry_after = draw(st.sampled_from([*RETRY_AFTER, "a date", "a date gone by", "a date alone"]))
    if retry_after is None and status == 403:
        retry_after = "soon"
    match retry_after:
        case None:
            headers, seconds = {}, None
        case "a date":
            headers, seconds = {"retry_after": THREE_SECONDS_LATER, "date": NOW}, 3
        case "a date gone by":
            headers, seconds = {"retry_after": NOW, "date": THREE_SECONDS_LATER}, 0
        case "a date alone":
            headers, seconds = {"retry_after": THREE_SECONDS_LATER}, None
        case _:
            headers, seconds = {"retry_after": retry_after, "date": "today"}, RETRY_AFTER[retry_after]
    reason, step = draw(error_steps(status, **headers))
    return step(Bad(reason, seconds))


@st.composite
def steps_with_long_retry_after(draw: st.DrawFn) -> Step:
    headers = {"retry_after": draw(st.sampled_from(["9999", "9" * 400, "Sat, 02 Nov 2030 09:15:01 GMT"])), "date": NOW}
    reason, step = draw(error_steps(draw(st.sampled_from(RETRYABLE)), **headers))
    return step(Bad(reason, 10**9))


@st.composite
def steps_without_news(draw: st.DrawFn) -> Step:
    status = draw(st.sampled_from([201, 202, 203, 206, 226, 299, 204, 304]))
    retry_after = draw(st.sampled_from(["1", "1.5", "soon"]))
    if status in (204, 304):
        length = draw(st.sampled_from(["", "content-length: 100\r\n"])) if status == 304 else ""
        head = f"HTTP/1.1 {status} Indeed\r\n{length}retry-after: {retry_after}\r\n\r\n"
        return Step(f"{status}, {retry_after}", Bad(f"status {status}", RETRY_AFTER[retry_after]), sends(head.encode()))
    reason, step = draw(error_steps(status, retry_after=retry_after))
    return step(Bad(reason, RETRY_AFTER[retry_after]))


@st.composite
def not_found_steps(draw: st.DrawFn) -> Step:
    reason, step = draw(error_steps(404))
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
    detail, step = draw(error_steps(status, location=f"http://127.0.0.1:1/?p={PASSWORD}", **asks))
    return step(Refused(why, detail))


# Network errors and invalid HTTP.


def cut_off(words: str, data: bytes, reason: str, then: Play = closes) -> Step:
    return Step(words, Bad(reason), sends(data, then=then) if data else then, keeps=False)


def faults() -> list[Step]:
    page = json_page(IGNORED_NEWS).encode()
    squeezed, bomb = gzip.compress(page), gzip.compress(bytes(20_000_000))
    unended = {"content-length": "", "transfer-encoding": "chunked"}
    good, in_chunks = http_response(page), http_response(chunked(page), headers=unended)
    cut, no_http = "reset: connection closed before the response was complete", "protocol: "
    too_large = "too-large: response body exceeds 1,048,576 bytes"

    def odd(words: str, data: bytes, reason: str = no_http) -> Step:
        return Step(words, Bad(reason), sends(data), keeps=False)

    def coded(coding: str, body: bytes) -> bytes:
        return http_response(body, headers={"content-encoding": coding})

    def headed(**headers: str) -> bytes:
        return http_response(page, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return [
        Step("nothing listens", Bad("refused: connection refused"), keeps=False, listens=False),
        cut_off("closes in the status line", good[:7], cut),
        cut_off("closes in the head", good[:40], cut),
        cut_off("closes in the body", good[:-20], cut),
        cut_off("closes in a chunk", in_chunks[:-20], cut),
        cut_off("resets in the body", http_response(b" " * 90_000)[:50_000], "reset: ", resets),
        cut_off("closes before the body", good[: -len(page)], cut),
        odd("a truncated gzip", coded("gzip", squeezed[:-9]), "protocol: compressed response body is incomplete"),
        odd("no gzip", coded("gzip", page), "protocol: response body does not match its Content-Encoding"),
        odd(
            "gzip and more",
            coded("gzip", squeezed + page),
            "protocol: response body does not match its Content-Encoding",
        ),
        odd("br", coded("br", page), "protocol: unsupported content coding br"),
        odd("a gzip bomb", coded("gzip", bomb), too_large),
        odd(
            "a gzip bomb in chunks",
            http_response(chunked(bomb), headers={"content-encoding": "gzip", **unended}),
            too_large,
        ),
        odd("a large body", http_response(b" " * (LONGEST_BODY + 1)), too_large),
        odd("SMTP", b"220 mail.example ESMTP\r\n", "protocol: invalid HTTP response"),
        odd("a secret for HTTP", f"{PASSWORD} {BASIC}\r\n\r\n".encode(), "protocol: invalid HTTP response"),
        odd("status 999", http_response(page, "999 Odd"), "protocol: invalid status 999; must be between 100 and 599"),
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
        odd("a chunk of no length", http_response(b"zz\r\nzz", headers=unended), ""),
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
            sends(http_response(headers={"content-length": ""}), then=pouring(b" " * 9_999)),
            keeps=False,
        ),
        Step(
            "endless chunks",
            Bad("too-large: "),
            sends(http_response(headers=unended), then=pouring(b"400\r\n%b\r\n" % bytes(1024))),
            keeps=False,
        ),
    ]


def silences() -> list[Step]:
    head = b"HTTP/1.1 200 OK\r\n"
    page = http_response(json_page(IGNORED_NEWS).encode())

    def silent(words: str, play: Play) -> Step:
        return Step(words, SILENCE, play, keeps=False)

    return [
        silent("says nothing", hangs),
        silent("says half a head", sends(page[:30], then=hangs)),
        silent("sends half a response", sends(page[:-20], then=hangs)),
        silent("drips a status line", dripping(b"HTTP/1.1 200 OK")),
        silent("drips a header", sends(head + b"x: ", then=dripping(b"y"))),
        silent("drips headers", sends(head, then=dripping(b"x: y\r\n"))),
        silent("drips a body", sends(http_response(headers={"content-length": "5000"}), then=dripping(b" "))),
        silent(
            "drips chunks",
            sends(
                http_response(headers={"content-length": "", "transfer-encoding": "chunked"}),
                then=dripping(b"1\r\n \r\n"),
            ),
        ),
        silent("drips hints", dripping(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ]


FAULTS, SILENCES = faults(), silences()

passing_failures = st.one_of(
    invalid_pages(),
    invalid_pages(),
    retryable_steps(),
    retryable_steps(),
    steps_without_news(),
    st.sampled_from(FAULTS),
    st.sampled_from(FAULTS),
    st.sampled_from(FAULTS),
    st.sampled_from(SILENCES),
)

# Plans.

AIMS = (
    *("completed", "failed", "abandoned", "consent", "gathering", "total", "lost", "long Retry-After", "not found"),
    *("credentials", "redirect", "unknown-import", "request"),
)
"""How a plan is meant to end the watch, which may end earlier and otherwise."""

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
TIGHT_BUDGETS: dict[str, list[dict[str, float | None]]] = {
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
def final_rows(draw: st.DrawFn, aim: str, before: list[Row]) -> list[Row]:
    """Draw the rows of a response that ends the import."""
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
    snapshots = [list(map(as_row, snapshot)) for snapshot in draw(growing_rows())]
    living = [rows for rows in snapshots if not any(map(ends_import, rows))]
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
            steps.append(draw(passing_failures))
    steps.append(draw(last_steps(aim, living)))
    policy = POLICY | {
        "max_delay": draw(st.sampled_from([0.5, 0.5, 4.0])),
        "interval": draw(st.sampled_from([1.0, 1.6])),
    }
    policy |= draw(st.sampled_from(TIGHT_BUDGETS.get(aim, [{}])))
    form, auth = draw(st.sampled_from(["json", "xml"])), draw(st.sampled_from(["basic", "query"]))
    return Plan(aim, tuple(steps), policy, form, auth, by_worker=draw(st.booleans()))


def last_steps(aim: str, living: list[list[Row]]) -> st.SearchStrategy[Step]:
    match aim:
        case "completed" | "failed" | "abandoned":
            return final_rows(aim, living[-1]).flatmap(good_steps)
        case "consent" | "gathering" | "total":
            return good_steps(living[-1], of_any_phase=aim != "consent")
        case "lost":
            return passing_failures
        case "long Retry-After":
            return steps_with_long_retry_after()
        case "not found":
            return not_found_steps()
        case _:
            return rejections(aim)
