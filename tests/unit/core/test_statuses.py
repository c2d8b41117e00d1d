import pytest

from spongewatch import Rejected, Response
from spongewatch.core.statuses import Unusable, meaning

AGAIN = "again, when the service asks for it"
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
MEANINGS = [(status, what) for first, last, what in TABLE for status in range(first, last + 1)]


def expected(status, what, delay=None):
    if what == AGAIN:
        return Unusable(f"status {status}", delay)
    if what == "redirect":
        return Rejected("redirect", f"status {status}; redirects are not followed, to protect the credentials")
    return Rejected(what, f"status {status}")


def test_the_table_has_each_status_once():
    assert [status for status, _ in MEANINGS] == [status for status in range(100, 600) if status != 200]


@pytest.mark.parametrize(("status", "what"), MEANINGS)
def test_what_a_status_means(status, what):
    assert meaning(Response(status), not_found_is_early=False) == expected(status, what)


@pytest.mark.parametrize(("status", "what"), MEANINGS)
def test_what_a_status_means_in_the_first_seconds(status, what):
    early = AGAIN if status == 404 else what
    assert meaning(Response(status), not_found_is_early=True) == expected(status, early)


@pytest.mark.parametrize(("status", "what"), MEANINGS)
def test_what_a_status_means_where_the_service_asks_to_wait(status, what):
    asked = AGAIN if status == 403 else what
    response = Response(status, {"retry-after": "7"})
    assert meaning(response, not_found_is_early=False) == expected(status, asked, 7000)


@pytest.mark.parametrize("status", [202, 204, 304, 403, 408, 425, 429, 500, 503, 599])
@pytest.mark.parametrize("asked", ["", "soon", "-1", "Mon, 02 Nov 2026 12:00:00 GMT"])
def test_a_wait_that_can_not_be_read_is_passed_over(status, asked):
    answer = Response(status, {"retry-after": asked})
    assert meaning(answer, not_found_is_early=False) == Unusable(f"status {status}")


def test_an_early_not_found_waits_as_long_as_the_service_asks():
    response = Response(404, {"retry-after": "7"})
    assert meaning(response, not_found_is_early=True) == Unusable("status 404", 7000)


def test_a_date_is_read_against_the_answers_own():
    headers = {"retry-after": "Mon, 02 Nov 2026 12:00:07 GMT", "date": "Mon, 02 Nov 2026 12:00:00 GMT"}
    assert meaning(Response(503, headers), not_found_is_early=False) == Unusable("status 503", 7000)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"error": {"message": "no\\u001b such", "code": 1}}', "application/json"),
        (b'{"error": {"message": "no\\u001b such", "code": 1}}', None),
        ("<error><message>no\u0085 such</message></error>".encode(), "application/xml"),
    ],
)
@pytest.mark.parametrize(("status", "kind"), [(204, Unusable), (503, Unusable), (302, Rejected), (401, Rejected)])
def test_an_error_envelope_gives_its_message(status, kind, body, content_type):
    headers = {} if content_type is None else {"content-type": content_type}
    told = meaning(Response(status, headers, body), not_found_is_early=False)
    assert isinstance(told, kind)
    text = told.reason if isinstance(told, Unusable) else told.detail
    assert text.startswith(f"status {status}: no\\x")
    assert text.isprintable()


def test_the_content_type_of_an_envelope_is_believed():
    response = Response(503, {"content-type": "application/xml"}, b'{"error": "gone"}')
    assert meaning(response, not_found_is_early=False) == Unusable("status 503")


def test_a_message_is_cut():
    body = b'{"error": {"message": "%s"}}' % (b"m" * 500)
    assert meaning(Response(500, {}, body), not_found_is_early=False) == Unusable(f"status 500: {'m' * 200}")


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"{", b"\xff\x00", b"[" * 100_000, b" " * (2 << 20)])
@pytest.mark.parametrize("content_type", ["application/json", "application/xml", "text/html", "\x00"])
def test_a_body_that_is_no_envelope_changes_nothing(body, content_type):
    response = Response(503, {"content-type": content_type}, body)
    assert meaning(response, not_found_is_early=False) == Unusable("status 503")
