"""Which requests of a file are read, in which order, and what is removed from their responses."""

from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import pytest

from event_rows import json_body, rows
from spongewatch import Credentials, PollPolicy, Response, TransportError
from spongewatch.core.exchange import MAX_BODY
from spongewatch.transports import RecordingError
from spongewatch.transports.recordings.foreign.captured import Captured
from spongewatch.transports.recordings.foreign.request import CapturedRequest, CapturedResponse, EntryError

PATH = Path("browser.har")
URL = "http://a/events/7"
PASSWORD = "sesame p+/%: é"
LOGIN = Credentials("key", PASSWORD).basic()
EVENTS = Response(200, {}, json_body(rows("GATHERING INPROGRESS 5")))
PAGE = Response(200, {"content-type": "text/html"}, b"<!doctype html><title>private</title>")
ENVELOPE = b'{"error": {"message": "busy", "code": 1}}'


def poll(sent=None, took=0.0, response=EVENTS, *, url=URL, extra=0, missing="", location="", **recorded):
    read = CapturedResponse(response, sent, took, location, missing, extra)
    return CapturedRequest({"method": "GET", "url": url, **recorded}, lambda: read)


def odd(url=URL):
    def refuse():
        raise EntryError("is odd")

    return CapturedRequest({"url": url}, refuse)


def captured(*requests, import_id=None, **arguments):
    return Captured(PATH, requests, import_id, word="entry", **arguments)


def exchanges(*requests, **arguments):
    return list(captured(*requests, **arguments).entries())


def times(*requests, **arguments):
    return [(exchange.sent, exchange.received) for exchange in exchanges(*requests, **arguments)]


def statuses(*requests, **arguments):
    return [getattr(exchange.response, "status", None) for exchange in exchanges(*requests, **arguments)]


def problem_of(*requests, **arguments):
    with pytest.raises(RecordingError) as caught:
        captured(*requests, **arguments)
    assert str(caught.value).startswith("browser.har: ")
    assert str(caught.value).isprintable()
    return caught.value.problem


@pytest.mark.parametrize(
    "url",
    [
        "https://api.cloudsponge.com/events/7",
        "https://api.cloudsponge.com/events/7.json",
        "https://api.cloudsponge.com/events/7.json?callback=jq1&_=2",
        "https://api.cloudsponge.com/events.json/7",
        "https://api.cloudsponge.com/events.xml/7?domain_key=k",
        "https://api.cloudsponge.com/EVENTS/7.XML",
        "http://127.0.0.1:8080/events/7.xml?echo=1&_=2#top",
        "https://www.example.com/cs/events/7/",
        "https://www.example.com/cs/events/7.json//",
        "https://www.example.com/cs//events//7;jsessionid=0A1B.node1",
        "/proxy/v1/events/7.json",
        "events/7",
        "api.cloudsponge.com/events/7",
        "https://user@host/a/events/7",
        "https://[KEY]:[PASSWORD]@api.cloudsponge.com/events/7",
        "https://<KEY>:<PASSWORD>@api.cloudsponge.com/events/7",
        'https://<%= ENV["A/B"] %>:<%= ENV.fetch("C", "?#/@") %>@api.cloudsponge.com/events/7.json',
        "https://{{ key }}:{{ a/b }}@api.cloudsponge.com/events/7",
        "https://${KEY}:%{a/b}@api.cloudsponge.com/events/7",
        "http://[/events/7",
    ],
)
@pytest.mark.parametrize("method", ["GET", "get", ":get", b"GET", None])
def test_polls_are_recognized_by_their_paths(url, method):
    assert captured(poll(url=url, method=method)).import_id == "7"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", URL),
        ("OPTIONS", URL),
        (7, URL),
        ("GET", None),
        ("GET", 7),
        ("GET", ""),
        ("GET", "http://a/contacts/7.json"),
        ("GET", "http://a/contacts.json/7"),
        ("GET", "http://a/events/"),
        ("GET", "http://a/events.json"),
        ("GET", "http://a/events/.json"),
        ("GET", "http://a/events/7/contacts"),
        ("GET", "http://a/events/7.csv"),
        ("GET", "http://a/myevents/7"),
        ("GET", "http://a/events/0"),
        ("GET", "http://a/events/" + "7" * 65),
        ("GET", "http://a/?q=/events/7"),
        ("GET", "http://a/#/events/7"),
        ("GET", "http://events/7"),
    ],
)
def test_other_requests_are_not_read(method, url):
    other = CapturedRequest({"method": method, "url": url}, odd().read)
    assert statuses(other, poll()) == [200]
    assert problem_of(other) == "contains no poll of an import (GET .../events/ID)"


def test_one_of_several_imports_must_be_chosen():
    both = [poll(url="http://a/events/8", response=Response(500, {}, ENVELOPE)), poll()]
    assert statuses(*both, import_id="7") == [200]
    assert captured(*both, import_id="8").import_id == "8"
    assert problem_of(*both) == "contains polls of 2 imports: 8, 7; choose one with --import-id"
    assert problem_of(*both, import_id="9") == "contains no poll of import 9, only of 8, 7"


def test_the_first_of_many_imports_are_listed():
    many = [poll(url=f"http://a/events/{number}") for number in range(1, 40)]
    listed = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 29 more"
    assert problem_of(*many) == f"contains polls of 39 imports: {listed}; choose one with --import-id"


@pytest.mark.parametrize(
    "response",
    [
        PAGE,
        Response(404, {}, b"<html>not here, Ada</html>"),
        Response(404, {}, b'{"error": "no such gala"}'),
        Response(200, {}, b'{"events": [{"title": "gala"}]}'),
        Response(200, {}, b"gala({})"),
        Response(200, {}, b""),
        Response(302),
        Response(304),
        TransportError("reset"),
    ],
)
def test_a_page_of_another_site_is_not_an_import(response):
    page = poll(response=response, url="https://www.example.com/events/summer-gala")
    assert captured(page, poll()).import_id == "7"
    assert captured(poll(), page).import_id == "7"
    for import_id in (None, "summer-gala"):
        assert problem_of(page, import_id=import_id) == (
            "contains no response of the service: GET .../events/summer-gala returned neither events nor its error"
        )


def test_a_page_of_another_site_with_the_same_id_is_dropped():
    page = poll(response=PAGE, url="https://www.example.com/calendar/events/7")
    missing = poll(response=Response(404, {}, b"<title>private</title>"), url="https://www.example.com/events/7")
    found = exchanges(page, poll(), missing, poll(response=Response(503, {}, b"<h1>maintenance</h1>")))
    assert [(exchange.response.status, exchange.response.body) for exchange in found] == [
        (200, EVENTS.body),
        (404, b""),
        (503, b"<h1>maintenance</h1>"),
    ]


@pytest.mark.parametrize(
    "envelope",
    [
        ENVELOPE,
        b'{"status": 401, "error": {"code": 401, "message": "no"}}',
        b"<error><message>no</message></error>",
        b'<?xml version="1.0"?><response><error><code>1</code><message>no</message></error></response>',
    ],
)
def test_an_error_of_the_service_identifies_an_import(envelope):
    assert statuses(poll(response=Response(401, {}, envelope))) == [401]


@pytest.mark.parametrize(
    "request_to_the_service",
    [
        {"url": "https://api.cloudsponge.com/events/7"},
        {"url": "https://cloudsponge.com:443/events/7"},
        {"headers": {"authorization": LOGIN}},
        {"url": URL + "?domain_password=sesame"},
    ],
)
def test_requests_to_the_service_identify_an_import(request_to_the_service):
    failed = poll(response=TransportError("refused"), **request_to_the_service)
    rejected = poll(response=Response(401, {}, b"HTTP Basic: Access denied."), **request_to_the_service)
    first, second = exchanges(failed, rejected)
    assert first.response.kind == "refused"
    assert second.response == Response(401)
    page = poll(response=PAGE, **request_to_the_service)
    assert problem_of(failed, page).startswith("contains no response of the service: GET .../events/7 returned")


def test_a_body_of_the_service_takes_precedence_over_the_host():
    site = poll(url="https://staging.example/events/gala", response=Response(401), headers={"authorization": LOGIN})
    assert captured(site, poll()).import_id == "7"
    assert captured(site, poll(), import_id="gala").import_id == "gala"


def test_problems_of_other_imports_are_ignored():
    assert statuses(odd("http://a/events/8"), poll()) == [200]
    assert statuses(odd("http://a/events/8"), poll(), import_id="7") == [200]


def test_problems_are_reported_with_the_number_of_the_entry():
    other = poll(url="http://a/")
    assert problem_of(other, poll(), odd()) == "entry 3: is odd"
    assert problem_of(other, odd()) == "entry 2: is odd"
    assert problem_of(poll(missing="lacks bodies", response=TransportError("protocol"))) == "lacks bodies"


def test_followed_redirects_are_dropped():
    old = "http://old.example/events/7"
    redirected = poll(10.0, 0.1, Response(301), url=old, location="https://A:443/events/7")
    again = poll(10.2, 0.1, Response(302), url="https://a/events/7", location="/v2/events/7.json")
    final = poll(10.5, 0.25, url="https://a/v2/events/7.json?_=1")
    assert times(redirected, again, final) == [(0.0, 0.75)]
    assert statuses(redirected, again, final, redirected, again, final) == [200, 200]
    assert statuses(redirected, again, final, redirected) == [200, 301]


@pytest.mark.parametrize(
    ("status", "location", "target", "is_followed"),
    [
        (302, "http://a/b/events/7.json", "http://a/b/events/7.json", True),
        (302, "//A/b/events/7/", "http://a/b/events/7/", True),
        (303, "7.json?x=1", "http://a/events/7.json?domain_key=k", True),
        (308, "http://k:p@a:80/events/7/", "http://a/events/7/", True),
        (307, "https://a/events/7", "https://a/events/7", True),
        (307, "", "https://a/events/7", True),
        (307, "", "http://a/events/7", False),
        (302, "http://b/events/7", "https://b/events/7", True),
        (302, "http://a/login", "http://a/events/7", False),
        (302, "https://a/events/7", "http://a/events/7", False),
        (304, "http://a/events/7.json", "http://a/events/7.json", False),
        (404, "http://a/events/7.json", "http://a/events/7.json", False),
    ],
)
def test_a_redirect_was_followed_if_the_next_poll_has_its_target(status, location, target, is_followed):
    redirect = poll(response=Response(status), url="http://a/events/7?domain_key=k", location=location)
    assert statuses(redirect, poll(url=target)) == ([200] if is_followed else [status, 200])


def test_times_count_from_the_first_poll_in_milliseconds():
    assert times(poll(1793610847.2504, 0.1236), poll(1793610848.5, 0.25)) == [(0.0, 0.124), (1.25, 1.5)]


def test_polls_without_times_are_an_interval_apart():
    assert times(poll(), poll(), poll()) == [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]
    assert times(poll(), poll(100), poll(), poll(103.5)) == [(0.0, 0.0), (0.0, 0.0), (1.0, 1.0), (3.5, 3.5)]
    assert times(poll(took=0.5), poll(took=2.5), poll()) == [(0.0, 0.5), (1.0, 3.5), (3.5, 3.5)]


def test_times_never_decrease():
    assert times(poll(10), poll(12), poll(9), poll(11), poll(13)) == [(n, n) for n in (0.0, 2.0, 2.0, 2.0, 3.0)]


def test_polls_can_be_sorted_by_time():
    requests = [poll(12, response=Response(503)), poll(10), poll(12, response=Response(504))]
    assert statuses(*requests) == [503, 200, 504]
    assert statuses(*requests, by_time=True) == [200, 503, 504]
    assert times(*requests, by_time=True) == [(0.0, 0.0), (2.0, 2.0), (2.0, 2.0)]
    assert statuses(*requests, poll(), by_time=True) == [503, 200, 504, 200]


@pytest.mark.parametrize(("sent", "took"), [(1e9 + 11, 0), (10, 1e9 + 1)])
def test_times_out_of_range_are_refused(sent, took):
    assert problem_of(poll(10), poll(sent, took)).startswith("entry 2: its times are out of range: ")


def test_budgets_are_unlimited():
    assert captured(poll()).policy == PollPolicy.from_json({})


def query(password):
    return "http://a/events/7?domain_key=key&domain_password=" + "".join(f"%{byte:02x}" for byte in password.encode())


ENCODED = query(PASSWORD).partition("=")[2].partition("=")[2]
PLAIN = "sesame-1234"
JSON = '{"import": {"domain_password": "sesame-1234", "x": 1}}'
MULTIPART = '--b\r\nContent-Disposition: form-data; name="domain_password"\r\nContent-Type: text/plain\r\n\r\nsesame-1234\r\n--b--'
SENDERS = [
    (PASSWORD, {"headers": {"Authorization": LOGIN}}),
    (PASSWORD, {"headers": [{"name": "authorization", "value": "  basic   " + LOGIN.removeprefix("Basic ")}]}),
    (PASSWORD, {"headers": {"AUTHORIZATION": ["", LOGIN, "Bearer x"]}}),
    (PASSWORD, {"headers": [["Authorization", [LOGIN]]]}),
    (PASSWORD, {"headers": ["Accept", "*/*", "Authorization", LOGIN]}),
    (PASSWORD, {"headers": ["Accept: */*", f"Authorization: {LOGIN}"]}),
    (PASSWORD, {"headers": f"Accept: */*\r\nAuthorization: {LOGIN}\r\n"}),
    (PASSWORD, {"headers": {b"Authorization": LOGIN.encode()}}),
    (PASSWORD, {"headers": [{"Authorization": LOGIN}]}),
    (PASSWORD, {"headers": [{"key": "Authorization", "values": [LOGIN]}]}),
    (PASSWORD, {"RequestHeaders": {"Authorization": LOGIN}}),
    (PASSWORD, {"headers": {"Proxy-Authorization": LOGIN}}),
    (PASSWORD, {"headers": {"Authorization": "Basic " + b64encode(f"key:{PASSWORD}".encode("latin-1")).decode()}}),
    (PASSWORD, {"headers": {"A": "x", "authorization": LOGIN.rstrip("=")}}),
    ("~~>?~~>?ÿ", {"headers": {"authorization": "Basic " + urlsafe_b64encode("k:~~>?~~>?ÿ".encode()).decode()}}),
    ("b****d-token", {"headers": {"authorization": "Basic b****d-token"}}),
    (PASSWORD, {"url": query(PASSWORD)}),
    (PASSWORD, {"url": query(PASSWORD) + "#top"}),
    (PASSWORD, {"url": "http://a/events/7?domain_key=key&domain_password=sesame+p%2B%2F%25%3A+%E9"}),
    (PASSWORD, {"url": "http://a/events/7?domain_key=key&domain%5Fpassword=sesame p+%2F%25%3A%20é"}),
    (PASSWORD, {"url": "http://key:sesame%20p+%2F%25%3A%20%C3%A9@a/events/7"}),
    (PASSWORD, {"url": "http://key:sesame%20p+%2F%25%3A%20%E9@a/events/7"}),
    (PASSWORD, {"queryString": [{"name": "domain_password", "value": PASSWORD}]}),
    (PASSWORD, {"queryString": [{"name": "domain_password", "value": ENCODED}]}),
    (PASSWORD, {"queryString": {"domain_password": [PASSWORD]}}),
    (PLAIN, {"headers": {"X-Domain-Password": PLAIN}}),
    (PLAIN, {"headers": ["Accept", "*/*", "X-Domain-Password", PLAIN]}),
    (PLAIN, {"headers": {"Referer": f"https://site.example/?domain_password={PLAIN}"}}),
    (PLAIN, {"postData": {"text": f"domain_key=key&domain_password={PLAIN}"}}),
    (PLAIN, {"postData": {"text": f"import%5Bdomain_password%5D={PLAIN}&x"}}),
    (PLAIN, {"postData": {"params": [{"name": "domain_password", "value": PLAIN}]}}),
    (PLAIN, {"post_fields": {"domain_password": PLAIN}}),
    (PLAIN, {"form": {"domain_password": [PLAIN]}}),
    (PLAIN, {"body": f"domain_password={PLAIN}".encode()}),
    (PLAIN, {"body": {"base64_string": b64encode(f"domain_password={PLAIN}".encode()).decode() + "\n"}}),
    (PLAIN, {"body": JSON}),
    ('se"same', {"body": '{"domainPassword": "se\\"same"}'}),
    ("sesame\\x", {"body": '{"domain_password": "sesame\\x"}'}),
    (PLAIN, {"body": MULTIPART}),
    ("sesame&12", {"body": "<a><domain-password type='x'>sesame&amp;12</domain-password></a>"}),
]


@pytest.mark.parametrize(("password", "recorded"), SENDERS)
def test_passwords_in_polls_are_removed_from_all_responses(password, recorded):
    echoes = Response(200, {"content-type": f"text/{password}"}, json_body([], echo=password))
    failed = TransportError("reset", f"after {password}")
    first, second, _ = exchanges(poll(response=echoes), poll(response=failed), poll(**recorded))
    assert password not in str(dict(first.response.headers))
    assert json_body([], echo=password) != first.response.body
    assert first.response.body.startswith(b'{"events": [], "echo": "')
    assert password not in second.response.detail


@pytest.mark.parametrize(("password", "recorded"), [sender for sender in SENDERS if sender[0] == PLAIN])
def test_passwords_in_other_requests_are_removed(password, recorded):
    echoes = Response(200, {}, json_body([], echo=password))
    other = CapturedRequest({"method": "POST", "url": "http://a/begin_import", **recorded}, odd().read)
    (exchange,) = exchanges(poll(response=echoes), other)
    assert password.encode() not in exchange.response.body


def test_passwords_in_headers_of_other_requests_to_the_host_are_removed():
    echoes = Response(200, {}, json_body([], echo=PASSWORD))
    begun = CapturedRequest(
        {"method": "POST", "url": "http://A:80/begin", "headers": {"authorization": LOGIN}}, odd().read
    )
    (exchange,) = exchanges(poll(response=echoes), begun)
    assert exchange.response.body != echoes.body
    elsewhere = CapturedRequest({"url": "http://b/", "headers": {"authorization": LOGIN}}, odd().read)
    (exchange,) = exchanges(poll(response=echoes), elsewhere)
    assert exchange.response == echoes


@pytest.mark.parametrize(
    "headers",
    [None, {"authorization": "Basic"}, {"authorization": "Bearer sesame-1234"}, {"authorization": "Basic c2VzYW1l"}],
)
def test_without_a_password_nothing_is_removed(headers):
    echoes = Response(200, {}, json_body([], echo="c2VzYW1l sesame-1234"))
    (exchange,) = exchanges(poll(response=echoes, headers=headers))
    assert exchange.response == echoes


def test_too_long_or_too_many_passwords_are_refused():
    problem = "entry 2: its credentials have more than 256 characters"
    assert problem_of(poll(), poll(url=query("x" * 300))) == problem
    passwords = [poll(url=query(f"password-{number}")) for number in range(3)]
    assert problem_of(*passwords) == "entry 3: it is beyond the limit of 2 different passwords"
    others = [CapturedRequest({"body": f"domain_password=password-{n}"}, odd().read) for n in range(9)]
    assert problem_of(poll(), *others) == "entry 10: it is beyond the limit of 8 different passwords"
    assert statuses(poll(), CapturedRequest({"body": "domain_password=" + "x" * 300}, odd().read)) == [200]


def test_several_encodings_of_a_password_count_once():
    both = {"queryString": [{"name": "domain_password", "value": ENCODED}], "headers": {"authorization": LOGIN}}
    assert statuses(poll(url=query(PASSWORD), **both), poll(url=query("another"))) == [200, 200]


def test_very_long_urls_are_refused():
    long = f"{URL}?{'a&' * 5000}"
    for response in (EVENTS, Response(401)):
        polls = [poll(url=long, response=response)] * 2
        assert problem_of(*polls) == "entry 1: its URL has more than 8,192 characters"


def test_the_total_size_of_bodies_is_limited():
    large = poll(response=Response(200, {}, b"x" * MAX_BODY))
    first = poll(response=Response(200, {}, b"<error><message>"))
    assert len(statuses(first, *[large] * 7)) == 8
    assert problem_of(first, *[large] * 8) == "entry 9: the bodies up to this one have more than 8,388,608 bytes"
    assert problem_of(first, large, max_bodies=1000) == "entry 2: the bodies up to this one have more than 1,000 bytes"


def test_dropped_bodies_count():
    light = [poll(), *[poll(response=TransportError("reset"))] * 50]
    heavy = poll(response=TransportError("too-large"), extra=MAX_BODY)
    assert len(exchanges(*light, *[heavy] * 7)) == 58
    assert problem_of(*light, *[heavy] * 9) == "entry 59: the bodies up to this one have more than 8,388,608 bytes"


def test_decompressed_bodies_of_candidates_count():
    pages = [poll(response=Response(200, {}, b"x" * MAX_BODY), url=f"http://a/events/page{n}") for n in range(20)]
    assert statuses(*pages, poll()) == [200]
    inflated = [poll(response=page.read().response, url=page.url, extra=MAX_BODY) for page in pages]
    assert statuses(*inflated[:8], poll()) == [200]
    assert problem_of(*inflated) == "entry 9: the bodies up to this one have more than 8,388,608 bytes"


def test_bodies_count_with_their_size_before_redaction():
    heavy = poll(response=Response(200, {}, b"sesame-1234" * (MAX_BODY // 11)), url=query("sesame-1234"))
    assert problem_of(poll(), *[heavy] * 9).endswith("the bodies up to this one have more than 8,388,608 bytes")
