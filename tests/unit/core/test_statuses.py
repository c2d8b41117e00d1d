import pytest

from spongewatch import Rejected, Response
from spongewatch.core.statuses import Unusable, meaning

AGAIN = "retried, after the delay that the service asks for"
TABLE = [
    (100, 199, AGAIN),
    (201, 299, AGAIN),
    (300, 303, "redirect"),
    (304, 304, AGAIN),
    (305, 399, "redirect"),
    (400, 400, "request"),
    (401, 401, "credentials"),
    (402, 402, "request"),
    (403, 403, "credentials"),
    (404, 404, "unknown-import"),
    (405, 407, "request"),
    (408, 408, AGAIN),
    (409, 409, "request"),
    (410, 410, "unknown-import"),
    (411, 424, "request"),
    (425, 425, AGAIN),
    (426, 428, "request"),
    (429, 429, AGAIN),
    (430, 499, "request"),
    (500, 599, AGAIN),
]
RANGES = [pytest.param(range(first, last + 1), what, id=f"{first}-{last}") for first, last, what in TABLE]


def expected(status, what, delay=None):
    if what == AGAIN:
        return Unusable(f"status {status}", delay)
    if what == "redirect":
        return Rejected("redirect", f"status {status}; redirects are not followed, to protect the credentials")
    return Rejected(what, f"status {status}")


def test_the_table_has_each_status_once():
    listed = [status for first, last, _ in TABLE for status in range(first, last + 1)]
    assert listed == [status for status in range(100, 600) if status != 200]


@pytest.mark.parametrize(("statuses", "what"), RANGES)
def test_the_meaning_of_each_status(statuses, what):
    for status in statuses:
        assert meaning(Response(status), "1126", not_found_is_early=False) == expected(status, what)


@pytest.mark.parametrize(("statuses", "what"), RANGES)
def test_the_meaning_of_each_status_while_404_is_early(statuses, what):
    for status in statuses:
        early = AGAIN if status == 404 else what
        assert meaning(Response(status), "1126", not_found_is_early=True) == expected(status, early)


@pytest.mark.parametrize(("statuses", "what"), RANGES)
def test_the_meaning_of_each_status_with_a_retry_after(statuses, what):
    for status in statuses:
        asked = AGAIN if status == 403 else what
        response = Response(status, {"retry-after": "7"})
        assert meaning(response, "1126", not_found_is_early=False) == expected(status, asked, 7000)


@pytest.mark.parametrize("status", [202, 204, 304, 403, 408, 425, 429, 500, 503, 599])
@pytest.mark.parametrize("asked", ["", "soon", "-1", "Mon, 02 Nov 2026 12:00:00 GMT"])
def test_an_invalid_retry_after_is_ignored(status, asked):
    response = Response(status, {"retry-after": asked})
    assert meaning(response, "1126", not_found_is_early=False) == Unusable(f"status {status}")


def test_an_early_404_obeys_retry_after():
    response = Response(404, {"retry-after": "7"})
    assert meaning(response, "1126", not_found_is_early=True) == Unusable("status 404", 7000)


def test_an_http_date_is_measured_from_the_date_header():
    headers = {"retry-after": "Mon, 02 Nov 2026 12:00:07 GMT", "date": "Mon, 02 Nov 2026 12:00:00 GMT"}
    assert meaning(Response(503, headers), "1126", not_found_is_early=False) == Unusable("status 503", 7000)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"error": {"message": "no\\u001b such", "code": 1}}', "application/json"),
        (b'{"error": {"message": "no\\u001b such", "code": 1}}', None),
        ("<error><message>no\u0085 such</message></error>".encode(), "application/xml"),
    ],
)
@pytest.mark.parametrize(("status", "kind"), [(204, Unusable), (503, Unusable), (302, Rejected), (401, Rejected)])
def test_the_message_of_an_envelope_is_in_the_reason(status, kind, body, content_type):
    headers = {} if content_type is None else {"content-type": content_type}
    meant = meaning(Response(status, headers, body), "1126", not_found_is_early=False)
    assert isinstance(meant, kind)
    text = meant.reason if isinstance(meant, Unusable) else meant.detail
    assert text.startswith(f"status {status}: no\\x")
    assert text.isprintable()


def test_the_content_type_decides_the_format_of_an_envelope():
    response = Response(503, {"content-type": "application/xml"}, b'{"error": "gone"}')
    assert meaning(response, "1126", not_found_is_early=False) == Unusable("status 503")


def test_a_message_is_cut():
    body = b'{"error": {"message": "%s"}}' % (b"m" * 500)
    assert meaning(Response(500, {}, body), "1126", not_found_is_early=False) == Unusable(f"status 500: {'m' * 200}")


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"{", b"\xff\x00", b"[" * 100_000, b" " * (2 << 20)])
@pytest.mark.parametrize("content_type", ["application/json", "application/xml", "text/html", "\x00"])
def test_a_body_without_an_envelope_is_ignored(body, content_type):
    response = Response(503, {"content-type": content_type}, body)
    assert meaning(response, "1126", not_found_is_early=False) == Unusable("status 503")
