"""Watches of a hostile service over real sockets: how and when they end, and how often they poll."""

import gzip
import json
import os
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import trustme

from event_rows import json_body, rows, triggers
from spongewatch import (
    Completed,
    Credentials,
    Ended,
    ImportSession,
    LostContact,
    PollFailed,
    PollPolicy,
    Rejected,
)
from spongewatch.transports import Urllib3Transport, watch
from spongewatch.transports.testing.hostile_server import (
    HostileServer,
    drips,
    gzip_response,
    http_response,
    pours,
    responds,
    sends,
    unused_url,
)
from steady_clock import SteadyClock

COMMAND = str(Path(sys.executable).parent / "spongewatch")
CREDENTIALS = Credentials("the-key", "the-password")
AUTHORITY = trustme.CA()

WAITING = http_response(json_body(rows("INITIALIZING INPROGRESS 0"), import_id=1126))
GOOD = http_response(json_body(rows("INITIALIZING COMPLETED 0", "GATHERING COMPLETED 2", "COMPLETE COMPLETED 0")))

QUICK = {"interval": 0.03, "request_timeout": 0.06, "lost_contact_timeout": 0.2, "max_delay": 0.05}
PATIENT = {**QUICK, "request_timeout": 30.0, "lost_contact_timeout": 60.0}  # for outcomes decided by a response
LATE = 20.0  # seconds that a busy machine may need beyond all budgets


# Scripts for hostile_server.


def in_turn(*scripts):
    """Play the scripts one after the other on one connection."""

    def play(talk):
        for script in scripts:
            script(talk)

    return play


def again_and_again(script):
    def play(talk):
        while True:
            script(talk)

    return play


def hangs_up(talk):
    talk.sock.close()


def resets(talk):
    talk.reset()


def hangs(talk):
    talk.hang()


def refusal(status, **headers):
    body = json.dumps({"error": {"message": "no", "code": int(status[:3])}}).encode()
    return http_response(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


def xml(text):
    return http_response(text.encode(), headers={"content-type": "application/xml"})


# Checks that apply to every watch.


@contextmanager
def at_most(seconds):
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds + LATE


class Given:
    """A transport that replaces the timeout of some polls, by number."""

    def __init__(self, time_outs):
        self._transport, self._time_outs, self._polls = Urllib3Transport(), time_outs, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._transport.close()

    def send(self, request, *, timeout):
        self._polls += 1
        return self._transport.send(request, timeout=self._time_outs.get(self._polls, timeout))


def watched(url, transport=None, **policy):
    """Return the items of a watch, which ends once, at the end and in time."""
    clock, start = SteadyClock(), time.monotonic()
    session = ImportSession("1126", CREDENTIALS, now=clock.now(), base_url=url, policy=PollPolicy(**(QUICK | policy)))
    with transport or Urllib3Transport() as used:
        items = list(watch(session, used, clock=clock))
    assert [isinstance(item, Ended) for item in items] == [False] * (len(items) - 1) + [True]
    assert time.monotonic() - start < items[-1].at + LATE
    assert items[-1].outcome == session.outcome
    return items


def failed_polls(items):
    return [item for item in items if isinstance(item, PollFailed)]


def gaps(server):
    """Return the seconds from the end of each response, or from its request if it was incomplete, to the next request."""
    return [after.began - (before.ended or before.began) for before, after in pairwise(server.exchanges)]


def assert_floor_held(server, interval=QUICK["interval"]):
    assert all(gap >= interval for gap in gaps(server)), gaps(server)


# Polls that fail and are retried: what the service does -> the reported reason.

CONNECTION_LOST = {
    "reset in mid-body": (sends(http_response(b"x" * 50_000)[:5_000], resets), "reset: connection reset"),
    "truncated status line": (sends(GOOD[:7], hangs_up), "reset: connection closed before the response was complete"),
    "truncated head": (sends(GOOD[:40], hangs_up), "reset: connection closed before the response was complete"),
    "truncated body": (sends(GOOD[:-20], hangs_up), "reset: connection closed before the response was complete"),
    "no response": (sends(b"", hangs), "timeout: no complete response within "),
    "half a response": (sends(GOOD[:-20], hangs), "timeout: no complete response within "),
    "dripping status line": (drips(b"", b"HTTP/1.1 200 OK", 0.01), "timeout: no complete response within "),
    "dripping header": (drips(b"HTTP/1.1 200 OK\r\nx: ", b"y", 0.01), "timeout: no complete response within "),
    "dripping body": (
        drips(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n", b" ", 0.01),
        "timeout: no complete response within ",
    ),
    "gzip bomb": (
        sends(http_response(gzip.compress(bytes(20_000_000)), headers={"content-encoding": "gzip"})),
        "too-large: response body exceeds 1,048,576 bytes",
    ),
    "bad gzip": (
        sends(http_response(b"no gzip", headers={"content-encoding": "gzip"})),
        "protocol: response body does not match its Content-Encoding",
    ),
    "endless header": (pours(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 10_000), "too-large: response headers exceed"),
    "endless body": (
        pours(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000),
        "too-large: response body exceeds 1,048,576 bytes",
    ),
    "no HTTP": (sends(b"220 mail.example ESMTP\r\n"), "protocol: invalid HTTP response"),
}
CONNECTION_KEPT = {
    "204": (sends(b"HTTP/1.1 204 No Content\r\n\r\n"), "status 204"),
    "304": (sends(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n"), "status 304"),
    "403 with Retry-After": (sends(refusal("403 Forbidden", retry_after="0")), "status 403: no"),
    "403 with a malformed Retry-After": (sends(refusal("403 Forbidden", retry_after="in a bit")), "status 403: no"),
    "408": (sends(refusal("408 Request Timeout")), "status 408: no"),
    "429": (sends(refusal("429 Too Many Requests")), "status 429: no"),
    "503": (sends(refusal("503 Service Unavailable")), "status 503: no"),
    "a response about another import": (
        sends(http_response(json_body(rows("COMPLETE COMPLETED 0"), import_id=9999))),
        'the response is about another import, "9999"',
    ),
    "HTML with status 200": (
        sends(http_response(b"<!DOCTYPE html><p>hello", headers={"content-type": "text/html"})),
        "the response is an HTML page, not a list of events",
    ),
    "a DTD": (
        sends(xml('<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><eventsResponse><events/></eventsResponse>')),
        "the response is XML with a document type",
    ),
    "an empty body": (sends(http_response()), "the response is empty"),
    "an envelope with status 200": (
        sends(http_response(b'{"error": {"message": "oh no", "code": 1}}')),
        "the service returned an error: oh no",
    ),
}
TROUBLE = [
    pytest.param(script, reason, kept, id=name)
    for kept, cases in ((False, CONNECTION_LOST), (True, CONNECTION_KEPT))
    for name, (script, reason) in cases.items()
]


@pytest.mark.parametrize(("trouble", "reason", "kept"), TROUBLE)
def test_a_watch_reports_temporary_failures_and_continues(trouble, reason, kept):
    good = responds(GOOD)
    with HostileServer(in_turn(sends(WAITING), trouble, *[good] * kept), good) as server:
        silent = {2: 0.1} if reason.startswith("timeout") else {}
        items = watched(server.url, Given(silent), **PATIENT)
        (failed,) = failed_polls(items)
        assert failed.reason.startswith(reason)
        assert triggers(items) == ["start", "initialize", "gather", "complete"]
        assert items[-1].outcome == Completed(2)
        assert (len(server.exchanges), server.connections) == (3, 1 if kept else 2)
        assert_floor_held(server)


@pytest.mark.parametrize(("trouble", "reason", "kept"), TROUBLE)
def test_persistent_failures_end_with_lost_contact_after_the_budget(trouble, reason, kept):
    trouble = again_and_again(trouble) if kept else trouble
    with HostileServer(in_turn(sends(WAITING), trouble), trouble) as server:
        start, *failed, ended = items = watched(server.url, Given({1: 30.0}), lost_contact_timeout=0.5)
        assert triggers(items) == ["start"]
        assert [item.attempt for item in failed] == list(range(1, len(failed) + 1))
        late = "timeout: no complete response within 0.0"  # any request with little time left may end this way
        assert all(item.reason.startswith((reason, late)) for item in failed)
        assert isinstance(ended.outcome, LostContact)
        assert (
            ended.outcome.detail
            == f"no valid response for 0.5 s (lost_contact_timeout); last failure: {failed[-1].reason}"
        )
        assert ended.at >= start.at + 0.4989  # later if the last poll was overdue and failed
        assert failed
        given_up = sum(item.reason.startswith("timeout") for item in failed) if kept else len(failed) + 1
        assert server.connections <= 1 + given_up
        assert_floor_held(server)


def test_an_unreachable_service_ends_with_lost_contact_after_the_budget():
    with unused_url() as url:
        *failed, ended = watched(url, lost_contact_timeout=0.5)
    assert {item.reason for item in failed} == {"refused: connection refused"}
    assert len(failed) >= 3
    assert all(after.at >= before.retry_at for before, after in pairwise(failed))
    assert isinstance(ended.outcome, LostContact)
    assert ended.at >= 0.5  # later if the last poll was overdue and failed


# Responses that end a watch at once: the response -> the outcome, and the start of its detail.

THE_END = {
    "301": (refusal("301 Moved Permanently", location="/events/1126.json"), "redirect", "status 301: no; redirects"),
    "308": (
        refusal("308 Permanent Redirect"),
        "redirect",
        "status 308: no; redirects are not followed, to protect the credentials",
    ),
    "400": (refusal("400 Bad Request"), "request", "status 400: no"),
    "401": (refusal("401 Unauthorized", www_authenticate="Basic"), "credentials", "status 401: no"),
    "401 with Retry-After": (refusal("401 Unauthorized", retry_after="1"), "credentials", "status 401: no"),
    "403": (refusal("403 Forbidden"), "credentials", "status 403: no"),
    "404 late": (refusal("404 Not Found"), "unknown-import", "status 404: no"),
    "410": (refusal("410 Gone"), "unknown-import", "status 410: no"),
    "418": (refusal("418 I'm a teapot"), "request", "status 418: no"),
}


@pytest.mark.parametrize(
    ("reply", "reason", "detail"), [pytest.param(*case, id=name) for name, case in THE_END.items()]
)
def test_final_responses_end_the_watch_at_once(reply, reason, detail):
    with HostileServer(responds(WAITING, reply)) as server, at_most(0.1):
        items = watched(server.url, **PATIENT, not_found_grace=0)
        assert triggers(items) == ["start"]
        assert isinstance(items[-1].outcome, Rejected)
        assert items[-1].outcome.reason == reason
        assert items[-1].outcome.detail.startswith(detail)
        assert (len(items), len(server.exchanges), server.connections) == (2, 2, 1)
        assert_floor_held(server)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_the_target_of_a_redirect_receives_nothing(status):
    with HostileServer(responds(GOOD)) as other:
        away = refusal(status, location=f"{other.url}/events/1126.json")
        with HostileServer(responds(away)) as server:
            (ended,) = watched(server.url, **PATIENT)
            assert isinstance(ended.outcome, Rejected)
            assert (ended.outcome.reason, len(server.exchanges)) == ("redirect", 1)
        assert (other.connections, other.exchanges) == (0, [])


def test_a_404_is_retried_during_the_grace_period():
    not_there = refusal("404 Not Found")
    with HostileServer(responds(not_there, not_there, GOOD)) as server:
        items = watched(server.url, **PATIENT, not_found_grace=60.0)
        assert [item.reason for item in failed_polls(items)] == ["status 404: no"] * 2
        assert items[-1].outcome == Completed(2)
        assert (len(server.exchanges), server.connections) == (3, 1)
        assert_floor_held(server)


def test_a_404_after_the_grace_period_is_an_unknown_import():
    with HostileServer(responds(refusal("404 Not Found"))) as server, at_most(0.15 + 0.05):
        *failed, ended = watched(server.url, **PATIENT, not_found_grace=0.15)
        assert ended.outcome == Rejected("unknown-import", "status 404: no")
        assert failed
        assert all(item.at < 0.15 for item in failed)
        assert 0.15 <= ended.at <= 0.15 + 0.05 + LATE
        assert server.connections == 1
        assert_floor_held(server)


# Retry-After -> minimum and maximum seconds from the failed poll to the next one.

THEN, A_SECOND_LATER = "Sat, 02 Nov 2019 09:14:59 GMT", "Sat, 02 Nov 2019 09:15:00 GMT"
BACK_OFF = (0.03, 0.045)
ASKED_TO_WAIT = {
    "seconds": ({"retry_after": "1"}, (1.0, 1.0)),
    "a date, by the service's own clock": ({"retry_after": A_SECOND_LATER, "date": THEN}, (1.0, 1.0)),
    "a date without the service's own": ({"retry_after": A_SECOND_LATER}, BACK_OFF),
    "a date gone by": ({"retry_after": THEN, "date": A_SECOND_LATER}, (0.03, 0.03)),
    "none": ({"retry_after": "0"}, (0.03, 0.03)),
    "negative": ({"retry_after": "-5"}, BACK_OFF),
    "a fraction": ({"retry_after": "0.001"}, BACK_OFF),
    "garbage": ({"retry_after": "soon, \xff"}, BACK_OFF),
}


@pytest.mark.parametrize(("headers", "wait"), [pytest.param(*case, id=name) for name, case in ASKED_TO_WAIT.items()])
def test_retry_after_is_obeyed(headers, wait):
    with HostileServer(responds(refusal("429 Too Many Requests", **headers), GOOD)) as server:
        failed, *_, ended = watched(server.url, **PATIENT)
        assert ended.outcome == Completed(2)
        assert wait[0] <= round(failed.retry_at - failed.at, 3) <= wait[1]
        assert wait[0] <= gaps(server)[0] <= wait[1] + LATE
        assert (len(server.exchanges), server.connections) == (2, 1)


@pytest.mark.parametrize("status", ["403 Forbidden", "429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("asked", ["1", "999999", "9" * 400])
def test_a_retry_after_beyond_the_budget_ends_with_lost_contact_at_once(status, asked):
    with HostileServer(responds(refusal(status, retry_after=asked))) as server, at_most(0.1):
        (ended,) = watched(server.url, Given({1: 30.0}), lost_contact_timeout=0.5)
        assert isinstance(ended.outcome, LostContact)
        assert ended.outcome.detail.startswith(f"status {status[:3]}: no; the service asks to wait ")
        assert len(server.exchanges) == 1


def test_a_busy_service_is_polled_less_and_less_often():
    busy = refusal("503 Service Unavailable")
    with HostileServer(responds(busy, busy, busy, busy, GOOD)) as server:
        *items, ended = watched(server.url, **PATIENT | {"max_delay": 0.2})
        waits = [round(item.retry_at - item.at, 3) for item in failed_polls(items)]
        assert len(waits) == 4
        for number, wait in enumerate(waits):
            assert min(0.2, 0.03 * 2**number) <= wait <= min(0.2, 0.045 * 2**number)
        assert all(gap >= wait for gap, wait in zip(gaps(server), waits, strict=True))
        assert ended.outcome == Completed(2)
        assert (len(server.exchanges), server.connections) == (5, 1)


@pytest.mark.parametrize(
    ("budget", "outcome"), [("consent_timeout", "consent"), ("timeout", "total")], ids=["consent", "total"]
)
def test_the_end_of_a_budget_cuts_an_open_request(budget, outcome):
    policy = {"interval": 30.0, "request_timeout": 60.0, "lost_contact_timeout": 90.0}  # no machine is 30 s late
    with HostileServer(sends(b"", hangs)) as server, at_most(0.2):
        *_, ended = watched(server.url, **policy, **{budget: 0.2})
        assert (ended.outcome.name, ended.outcome.reason, ended.at) == ("timed-out", outcome, 0.2)


# Certificates.


def tls(*names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


@pytest.mark.parametrize(
    ("name", "trusted", "detail"),
    [
        ("127.0.0.1", False, "tls: certificate verify failed: "),
        ("127.0.0.2", True, "tls: certificate verify failed: certificate is for another host"),
        ("elsewhere.example", True, "tls: certificate verify failed: certificate is for another host"),
    ],
    ids=["not trusted", "another address", "another name"],
)
def test_a_bad_certificate_ends_with_lost_contact_and_nothing_is_sent(ca_file, name, trusted, detail):
    transport = Urllib3Transport(ca_file=ca_file if trusted else None)
    with HostileServer(responds(GOOD), tls=tls(name)) as server, at_most(0.2):
        (ended,) = watched(server.url, transport, lost_contact_timeout=60.0, request_timeout=30.0)
        assert isinstance(ended.outcome, LostContact)
        assert ended.outcome.detail.startswith(detail)
        assert (server.exchanges, server.connections) == ([], 1)


def test_a_trusted_certificate_takes_one_handshake(ca_file):
    with HostileServer(
        responds(*[WAITING] * 4, gzip_response(GOOD.partition(b"\r\n\r\n")[2])), tls=tls("127.0.0.1")
    ) as server:
        *_, ended = watched(server.url, Urllib3Transport(ca_file=ca_file), **PATIENT)
        assert ended.outcome == Completed(2)
        assert (len(server.exchanges), server.connections) == (5, 1)
        assert_floor_held(server)


# The command line as a process: script -> outcome and exit status.

BY_COMMAND = {
    "truncated body": (sends(GOOD[:-20], hangs_up), ("lost-contact", None), 6),
    "dripping header": (drips(b"HTTP/1.1 200 OK\r\nx: ", b"y", 0.01), ("lost-contact", None), 6),
    "gzip bomb": (gzip_response(bytes(20_000_000)), ("lost-contact", None), 6),
    "HTML with status 200": (http_response(b"<html>hello"), ("lost-contact", None), 6),
    "429, and a wait that is too long": (refusal("429 Busy", retry_after="60"), ("lost-contact", None), 6),
    "redirect": (refusal("302 Found", location="https://elsewhere.example/"), ("rejected", "redirect"), 10),
    "400": (refusal("400 Bad Request"), ("rejected", "request"), 10),
    "401": (refusal("401 Unauthorized"), ("rejected", "credentials"), 7),
    "403": (refusal("403 Forbidden"), ("rejected", "credentials"), 7),
    "410": (refusal("410 Gone"), ("rejected", "unknown-import"), 8),
}


def command(url, *options, **environment):
    """Run `spongewatch watch`; return its exit status, the objects on its standard output, and its standard error."""
    budgets = ["--interval", "0.03", "--request-timeout", "0.06", "--lost-contact-timeout", "0.2"]
    done = subprocess.run(
        [COMMAND, "watch", "1126", "--base-url", url, "--jsonl", *budgets, *options],
        capture_output=True,
        text=True,
        timeout=90,
        env={
            **os.environ,
            "CLOUDSPONGE_DOMAIN_KEY": CREDENTIALS.domain_key,
            "CLOUDSPONGE_DOMAIN_PASSWORD": CREDENTIALS.domain_password,
            **environment,
        },
    )
    emitted = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item["kind"] == "ended" for item in emitted] == [False] * (len(emitted) - 1) + [True]
    return done.returncode, emitted, done.stderr


@pytest.mark.parametrize(
    ("script", "outcome", "status"), [pytest.param(*case, id=name) for name, case in BY_COMMAND.items()]
)
def test_the_command_reports_the_same_and_exits_with_its_status(script, outcome, status):
    play = responds(script) if isinstance(script, bytes) else script
    # On a busy machine, no budget may end before the response arrives.
    budget, options = (0.2, []) if status == 6 else (60, ["--request-timeout", "30", "--lost-contact-timeout", "60"])
    with HostileServer(play) as server, at_most(3):
        code, emitted, err = command(server.url, *options)
        assert (code, err) == (status, "")
        assert (emitted[-1]["outcome"], emitted[-1]["reason"]) == outcome
        assert emitted[-1]["at"] <= budget + LATE  # a late process makes its overdue poll after the budget
        assert {item["kind"] for item in emitted[:-1]} <= {"poll-failed"}
        # If this process pauses, requests queue up and seem to arrive at once, so gaps aren't measured.
        waits = [item["retry_at"] - item["at"] for item in emitted[:-1] if item["retry_at"] is not None]
        assert all(round(wait, 3) >= QUICK["interval"] for wait in waits)


def test_the_command_reports_an_unreachable_service():
    with unused_url() as url:
        code, emitted, err = command(url, "--lost-contact-timeout", "3")
    assert (code, emitted[-1]["outcome"], err) == (6, "lost-contact", "")
    assert emitted[-1]["detail"].endswith("last failure: refused: connection refused")


@pytest.mark.parametrize(
    ("name", "trusted", "status"), [("127.0.0.1", True, 0), ("127.0.0.1", False, 6), ("elsewhere.example", True, 6)]
)
def test_the_command_trusts_only_certificates_of_the_system(ca_file, name, trusted, status):
    with HostileServer(responds(GOOD), tls=tls(name)) as server, at_most(3):
        budgets = ["--request-timeout", "30", "--lost-contact-timeout", "60"]
        code, emitted, err = command(server.url, *budgets, **({"SSL_CERT_FILE": str(ca_file)} if trusted else {}))
        assert (code, err) == (status, "")
        assert len(server.exchanges) == (1 if status == 0 else 0)
        assert status == 0 or emitted[-1]["detail"].startswith("tls: certificate verify failed: ")
