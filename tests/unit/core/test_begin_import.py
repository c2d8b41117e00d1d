"""Step 1: the request that begins an import, and what is read in its response."""

import json
import traceback
from urllib.parse import parse_qs

import pytest

from spongewatch import (
    BegunImport,
    Credentials,
    InvalidArgument,
    InvalidType,
    RemoteProtocolError,
    Response,
    ServiceError,
    begin_request,
    read_begun,
)

CREDENTIALS = Credentials("demo-key", "demo-password")
CONSENT = "https://api.cloudsponge.com/n/VTGHPM3"


def response(status=200, /, **members):
    return Response(status, {}, json.dumps(members).encode())


def sent(request):
    return {name: value[0] for name, value in parse_qs(request.body.decode(), keep_blank_values=True).items()}


def test_an_import_with_consent_is_a_form_encoded_post():
    request = begin_request(
        "gmail", CREDENTIALS, include=["mailing_address"], redirect_url="https://app.example/back?a=b", user_id="4 2"
    )
    assert (request.method, str(request.url)) == ("POST", "https://api.cloudsponge.com/begin_import/user_consent.json")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"] == CREDENTIALS.basic()
    assert sent(request) == {
        "service": "gmail",
        "include": "mailing_address",
        "redirect_url": "https://app.example/back?a=b",
        "user_id": "4 2",
    }


def test_an_import_with_a_password_goes_to_another_path():
    request = begin_request("plaxo", CREDENTIALS, username="mira", password="pass & word", echo="ü")
    assert str(request.url) == "https://api.cloudsponge.com/begin_import/import.json"
    assert sent(request) == {"service": "plaxo", "username": "mira", "password": "pass & word", "echo": "ü"}


def test_credentials_may_be_form_fields():
    request = begin_request("gmail", CREDENTIALS, auth="query")
    assert "authorization" not in request.headers
    assert "?" not in request.url
    assert sent(request) == {"service": "gmail", "domain_key": "demo-key", "domain_password": "demo-password"}


def test_without_credentials_none_are_sent():
    assert "authorization" not in begin_request("gmail", None).headers


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"service": ""}, InvalidArgument, "service must not be empty"),
        ({"service": 5}, InvalidType, "service must be a str, not int"),
        ({"service": None}, InvalidType, "service must be a str, not None"),
        ({"username": "mira"}, InvalidArgument, "username and password must be given together"),
        ({"password": "secret"}, InvalidArgument, "username and password must be given together"),
        ({"username": "mira", "password": b"secret"}, InvalidType, "password must be a str, not bytes"),
        ({"username": "mira", "password": ""}, InvalidArgument, "password must not be empty"),
        (
            {"username": "m", "password": "s", "redirect_url": "https://a.example"},
            InvalidArgument,
            "redirect_url can't",
        ),
        ({"user_id": 42}, InvalidType, "user_id must be a str, not int"),
        ({"echo": "\ud800"}, InvalidArgument, "echo must be text that UTF-8 can encode"),
        ({"include": 5}, InvalidType, "include must be a str or an iterable of str"),
        ({"include": [5]}, InvalidType, "include must be a str or an iterable of str"),
        ({"base_url": "http://api.example"}, Exception, "http"),
        ({"auth": "digest"}, InvalidArgument, "auth must be "),
    ],
)
def test_an_argument_that_cant_be_used_is_named(arguments, error, named):
    with pytest.raises(error, match=named):
        begin_request(**{"service": "plaxo", "credentials": CREDENTIALS} | arguments)


def test_a_refused_argument_shows_no_password_in_any_local_variable():
    with pytest.raises(InvalidArgument) as caught:
        begin_request("plaxo", CREDENTIALS, username="mira@example.com", password="hunter22!", echo="")
    summary = traceback.StackSummary.extract(traceback.walk_tb(caught.tb), capture_locals=True)
    [ours] = [frame.locals for frame in summary if frame.name == "begin_request"]
    assert "hunter22!" not in str(ours)
    assert "mira@example.com" not in str(ours)


def test_the_response_names_the_import_and_its_consent_page():
    begun = read_begun(response(status="success", import_id=89708927, url=CONSENT, user_id="42", echo=None))
    assert begun == BegunImport("89708927", CONSENT, "42", None)
    assert repr(begun) == "BegunImport(import_id='89708927')"


def test_an_import_with_a_password_has_no_consent_page():
    assert read_begun(response(import_id=7, url=CONSENT), needs_consent=False) == BegunImport("7")


def test_the_id_of_an_older_response_is_read_too():
    assert read_begun(response(id="89709297"), needs_consent=False).import_id == "89709297"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.cloudsponge.com/n/V",
        "javascript:alert(1)",
        "https://",
        "https:///n/V",
        "https://api.cloudsponge.com@evil.example/",
        "https://api.cloudsponge.com\\@evil.example/",
        "https://api.cloudsponge.com/n/ V",
        "https://api.cloudsponge.com/n/V\n",
        "--new-window",
        "file:///etc/passwd",
        "",
        5,
        ["https://api.cloudsponge.com/n/V"],
    ],
)
def test_a_consent_url_that_is_no_https_url_is_refused_and_not_shown(url):
    with pytest.raises(RemoteProtocolError, match="the consent URL of import 7 is not an https URL") as caught:
        read_begun(response(import_id=7, url=url))
    assert "evil" not in str(caught.value)


def test_a_consent_page_on_this_machine_may_be_http():
    assert read_begun(response(import_id=7, url="http://127.0.0.1:8740/n/7")).consent_url == "http://127.0.0.1:8740/n/7"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not valid JSON"),
        (b"<html>", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "no usable import_id"),
        (b'{"import_id": true}', "no usable import_id"),
        (b'{"import_id": -1}', "no usable import_id"),
        (b'{"import_id": "../../x"}', "no usable import_id"),
        (b'{"import_id": 7}', "no consent URL for import 7"),
        (b" " * (1024 * 1024 + 1), "more than"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff", "UTF-8"),
        (b'{"import_id": ' + b"9" * 5000 + b"}", "too many digits"),
    ],
)
def test_a_body_that_is_no_begun_import_is_a_protocol_error(body, problem):
    with pytest.raises(RemoteProtocolError, match=problem):
        read_begun(Response(200, {}, body))


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "request"), (401, "credentials"), (403, "credentials"), (404, "request"), (302, "request")]
    + [(status, "unavailable") for status in (204, 304, 408, 425, 429, 500, 503)],
)
def test_a_status_says_why_the_service_refused(status, reason):
    with pytest.raises(ServiceError) as caught:
        read_begun(Response(status))
    assert (caught.value.reason, caught.value.status, caught.value.code) == (reason, status, None)


@pytest.mark.parametrize(
    "refused",
    [
        response(400, error={"message": "unknown service", "code": 261}),
        response(200, error={"message": "unknown service.", "code": 261}),
        response(200, status="failure", error={"message": "unknown service", "code": 261}),
    ],
)
def test_the_services_message_and_code_are_in_the_error(refused):
    with pytest.raises(ServiceError, match=r"unknown service; check the name of the service.*code 261") as caught:
        read_begun(refused)
    assert (caught.value.reason, caught.value.code) == ("request", 261)


def test_a_failure_without_a_message_is_reported():
    with pytest.raises(ServiceError, match="the service refused to begin the import; check"):
        read_begun(response(status="failure"))


def test_secrets_in_the_services_message_are_removed():
    with pytest.raises(ServiceError) as caught:
        read_begun(response(401, error="no hunter22! and no p%26ssword"), secrets=["hunter22!", "p&ssword"])
    assert "no ****** and no ******" in str(caught.value)


def test_a_secret_is_removed_before_a_long_message_is_cut():
    with pytest.raises(ServiceError) as caught:
        read_begun(response(401, error=195 * "x" + "hunter22!"), secrets=["hunter22!"])
    assert "hunte" not in str(caught.value)


def test_an_error_body_of_any_kind_is_survived():
    for body in (b"<html>", b"\xff", b"[" * 100_000, b" " * (1024 * 1024 + 1), b'{"error": {"code": "x"}}'):
        with pytest.raises(ServiceError):
            read_begun(Response(500, {}, body))
