import json
from string import ascii_letters, digits
from urllib.parse import parse_qsl, urlsplit

import pytest

from spongewatch import PUBLIC_SERVICE, Credentials, InvalidArgument, InvalidType
from spongewatch.core.endpoint import (
    checked_base_url,
    checked_import_id,
    events_request,
    hidden_url,
    is_import_id,
    is_public_service,
)

PASSWORD = 'p+/%: é"'
CREDENTIALS = Credentials("key &=", PASSWORD)


def request(import_id="1126", credentials=CREDENTIALS, **arguments):
    settings = {"base_url": PUBLIC_SERVICE, "format": "json", "auth": "basic", "echo": None, "insecure_http": False}
    settings.update(arguments)
    return events_request(import_id, credentials, **{**settings, "base_url": hidden_url(settings["base_url"])})


def refusal(**arguments):
    with pytest.raises((InvalidArgument, InvalidType)) as caught:
        request(**arguments)
    assert caught.value.__context__ is None  # a traceback would show it
    return str(caught.value)


@pytest.mark.parametrize("format", ["json", "xml"])
def test_the_request_with_basic_authentication(format):
    made = request(format=format)
    assert (made.method, made.url) == ("GET", f"https://api.cloudsponge.com/events/1126.{format}")
    assert made.headers == {
        "accept": f"application/{format}",
        "cache-control": "no-cache",
        "authorization": CREDENTIALS.basic(),
    }


def test_credentials_are_in_the_query_with_auth_query():
    made = request(auth="query")
    assert made.url == (
        "https://api.cloudsponge.com/events/1126.json?domain_key=key%20%26%3D&domain_password=p%2B%2F%25%3A%20%C3%A9%22"
    )
    assert "authorization" not in made.headers


@pytest.mark.parametrize("auth", ["basic", "query"])
def test_without_credentials_none_are_sent(auth):
    made = request(credentials=None, auth=auth)
    assert made.url == "https://api.cloudsponge.com/events/1126.json"
    assert set(made.headers) == {"accept", "cache-control"}


@pytest.mark.parametrize("echo", ["a b", "&domain_key=x#?/%", "é日\U0001f44b", "line\r\nfeed", " "])
@pytest.mark.parametrize("auth", ["basic", "query"])
def test_an_echo_is_percent_encoded_without_loss(auth, echo):
    url = request(auth=auth, echo=echo).url
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert dict(parse_qsl(urlsplit(url).query))["echo"] == echo


@pytest.mark.parametrize("echo", ["", "\ud800"])
def test_an_invalid_echo_is_refused(echo):
    assert refusal(echo=echo) == "echo must be text of at least one character, without lone surrogates"


@pytest.mark.parametrize("echo", [5, b"x"])
def test_an_echo_must_be_a_str(echo):
    assert refusal(echo=echo) == f"echo must be a str or None, not {type(echo).__name__}"


@pytest.mark.parametrize("value", ["1", "89708927", "a", "-_-", "A" * 64, "10"])
def test_valid_import_ids_are_accepted(value):
    assert is_import_id(value)
    assert request(checked_import_id(value)).url.endswith(f"/events/{value}.json")


@pytest.mark.parametrize(
    "value",
    ["", "0", "01126", "A" * 65, "1126 ", " 1126", "1126\n", "../1126", "a/b", "a.b", "1%2e", "é", "٣"],
)
def test_invalid_import_ids_are_refused(value):
    assert not is_import_id(value)
    with pytest.raises(
        InvalidArgument, match="^import_id must be 1 to 64 letters, digits, dashes and underscores, without"
    ):
        checked_import_id(value)


def test_an_import_id_in_a_url_is_a_str():
    assert not is_import_id(1126)
    assert not is_import_id(None)


def test_characters_of_an_import_id():
    allowed = set(ascii_letters + digits + "_-")
    assert {character for character in map(chr, range(256)) if is_import_id(f"a{character}")} == allowed


def test_the_message_for_an_import_id_is_printable():
    with pytest.raises(InvalidArgument, match=r'not "\\u001b\[2J"$'):
        checked_import_id("\x1b[2J")


@pytest.mark.parametrize("value", ["yaml", "JSON", None, 5])
def test_an_unknown_format_or_auth_is_refused(value):
    assert refusal(format=value) == f"format must be one of json, xml, not {json.dumps(value)}"
    assert refusal(auth=value) == f"auth must be one of basic, query, not {json.dumps(value)}"


@pytest.mark.parametrize(
    ("base_url", "start"),
    [
        ("https://sponge.example", "https://sponge.example"),
        ("https://sponge.example/", "https://sponge.example"),
        ("https://sponge.example:8443/api//", "https://sponge.example:8443/api"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("HTTPS://Sponge.Example", "HTTPS://Sponge.Example"),
        ("https://sponge.example:1/X/", "https://sponge.example:1/X"),
    ],
)
def test_the_request_starts_with_the_base_url(base_url, start):
    assert request(base_url=base_url).url == f"{start}/events/1126.json"


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "sponge-hidden.example",
        "//sponge-hidden.example",
        "ftp://sponge-hidden.example",
        "file:///hidden",
        "https://",
        "https:///hidden",
        "https://:443",
        "https://hidden.example:x",
        "https://hidden.example:0",
        "https://hidden.example:-1",
        "https://hidden.example:65536",
        "https://[::1",
        "https://hid den.example",
        " https://hidden.example",
        "https://hidden.example\n",
        "https://hid\x00den.example",
        "https://hiddén.example",
        "https://api.cloudsponge.com\\hidden",  # URL parsers disagree on its host
    ],
)
def test_an_invalid_base_url_is_refused_and_not_shown(base_url):
    assert refusal(base_url=base_url) == "base_url must be an http or https URL, such as https://api.example.com"


@pytest.mark.parametrize("base_url", [None, 5, b"https://hidden.example"])
def test_a_base_url_must_be_a_str(base_url):
    assert refusal(base_url=base_url) == "base_url must be a str"


@pytest.mark.parametrize("user", ["hidden:secret@", "hidden@", ":secret@", "@", "hidden:@", "a@b:hidden@"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_base_url_with_credentials_is_refused(scheme, user):
    text = refusal(base_url=f"{scheme}://{user}127.0.0.1")
    assert text == "base_url must not contain credentials; pass them as credentials"


@pytest.mark.parametrize("tail", ["?domain_password=hidden", "?", "#hidden", "#", "/?#", "/a?b"])
def test_a_base_url_with_a_query_or_a_fragment_is_refused(tail):
    assert refusal(base_url=f"https://sponge.example{tail}") == ("base_url must not contain a query or a fragment")


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:8080",
        "http://127.0.0.2",
        "http://127.255.255.254",
        "http://[::1]:8080",
        "http://localhost",
        "http://LOCALHOST:8080/api",
        "HTTP://localhost",
    ],
)
def test_plain_http_to_this_machine_is_accepted(base_url):
    assert checked_base_url(base_url, insecure_http=False) == base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "http://hidden.example",
        "HTTP://hidden.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "http://128.0.0.1",
        "http://127.0.0.1.hidden.example",
        "http://127.0.0.1000",
        "http://127...",
        "http://127-0-0-1",
        "http://127a0b0c1",
        "http://localhost.hidden.example",
        "http://hidden-localhost",
        "http://api.cloudsponge.com",
    ],
)
def test_plain_http_to_another_host_needs_insecure_http(base_url):
    text = refusal(base_url=base_url)
    assert text == (
        "base_url must not be plain http, which sends the password unencrypted; use https, or insecure_http=True"
    )
    assert checked_base_url(base_url, insecure_http=True) == base_url
    assert request(base_url=base_url, insecure_http=True).url == f"{base_url}/events/1126.json"


@pytest.mark.parametrize(
    "base_url",
    [
        PUBLIC_SERVICE,
        "https://API.CloudSponge.COM",
        "https://api.cloudsponge.com.",
        "https://api.cloudsponge.com:443/",
        "https://api.cloudsponge.com.:8443/x",
        "HTTP://api.cloudsponge.com",
    ],
)
def test_urls_of_the_public_service_are_recognized(base_url):
    assert is_public_service(base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://cloudsponge.com",
        "https://api.cloudsponge.com.example",
        "https://xapi.cloudsponge.com",
        "http://[::1]",
    ],
)
def test_urls_of_other_services_are_not_the_public_service(base_url):
    assert not is_public_service(base_url)
