import os
import traceback
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import Url

from spongewatch import InvalidArgument, InvalidType
from spongewatch.core.secret import Secret
from spongewatch.transports import Urllib3Transport
from spongewatch.transports.http.proxies import Proxies, Proxy

URL = "http://proxy.example:3128"


def proxy_host(environment, host="api.example", scheme="https", port=443, proxy=None):
    """The host of the proxy, or None."""
    found = proxies(environment, proxy).proxy_for(scheme, host, port)
    return found and found.host


def proxies(environment, proxy=None):
    """The proxies that a process with this environment uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", environment)
        return Proxies(proxy if proxy is None else Secret(proxy))


def at(host):
    return f"http://{host}:3128"


def test_without_variables_there_is_no_proxy():
    assert proxy_host({}) is None
    assert proxy_host({"no_proxy": "*"}) is None
    assert proxy_host({"ftp_proxy": URL, "PROXY": URL}) is None


@pytest.mark.parametrize(
    ("environment", "over_https", "over_http"),
    [
        ({"https_proxy": at("a")}, "a", None),
        ({"http_proxy": at("a")}, None, "a"),
        ({"https_proxy": at("a"), "http_proxy": at("b")}, "a", "b"),
        ({"all_proxy": at("a")}, "a", "a"),
        ({"all_proxy": at("a"), "https_proxy": at("b")}, "b", "a"),
        ({"HTTPS_PROXY": at("a"), "HTTP_PROXY": at("b")}, "a", "b"),
        ({"ALL_PROXY": at("a")}, "a", "a"),
        ({"https_proxy": at("a"), "HTTPS_PROXY": at("b")}, "a", None),
        ({"all_proxy": at("a"), "ALL_PROXY": at("b")}, "a", "a"),
        ({"https_proxy": "", "HTTPS_PROXY": at("b")}, None, None),
        ({"all_proxy": "", "ALL_PROXY": at("b")}, None, None),
    ],
)
def test_the_variable_of_the_scheme_precedes_all_proxy_and_lower_case_precedes_upper(
    environment, over_https, over_http
):
    assert proxy_host(environment) == over_https
    assert proxy_host(environment, scheme="http", port=80) == over_http


def test_http_proxy_in_upper_case_is_ignored_in_a_cgi_script():
    cgi = {"REQUEST_METHOD": "GET"}
    assert proxy_host({**cgi, "HTTP_PROXY": URL}, scheme="http") is None
    assert proxy_host({**cgi, "HTTP_PROXY": URL, "all_proxy": at("a")}, scheme="http") == "a"
    assert proxy_host({**cgi, "http_proxy": URL}, scheme="http") == "proxy.example"
    assert proxy_host({**cgi, "HTTPS_PROXY": URL}) == "proxy.example"


def test_the_environment_is_read_once():
    environment = {"https_proxy": URL}
    found = proxies(environment)
    environment.clear()
    assert found.proxy_for("https", "api.example", 443) == Proxy("proxy.example", 3128)


@pytest.mark.parametrize(
    ("no_proxy", "host"),
    [
        ("*", "api.example"),
        ("api.example", "api.example"),
        ("example", "api.example"),
        (".example", "api.example"),
        (".api.example", "api.example"),
        ("api.example", "api.example."),
        ("other.example,api.example", "api.example"),
        ("other.example ,\n api.example ,", "api.example"),
        ("api.example:443", "api.example"),
        ("example:443", "api.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:443", "192.0.2.7"),
        ("192.0.2.0/24", "192.0.2.7"),
        ("7", "7"),
        ("192.0.2.9/24", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8:0::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:db8::/32", "2001:db8::7"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_hosts_that_no_proxy_matches_have_no_proxy(no_proxy, host):
    assert proxy_host({"https_proxy": URL, "no_proxy": no_proxy}, host) is None
    assert proxy_host({"all_proxy": URL, "NO_PROXY": no_proxy}, host) is None


@pytest.mark.parametrize(
    ("no_proxy", "host"),
    [
        ("", "api.example"),
        (" , ", "api.example"),
        (".", "api.example"),
        ("pi.example", "api.example"),
        ("www.api.example", "api.example"),
        ("api", "api.example"),
        ("api.example:80", "api.example"),
        ("api.example:443443", "api.example"),
        ("https://api.example", "api.example"),
        ("192.0.2.7:80", "192.0.2.7"),
        ("192.0.2.0/99", "192.0.2.7"),
        ("192.0.2.0/24", "api.example"),
        ("192.0.3.0/24", "192.0.2.7"),
        ("::/0", "192.0.2.7"),
        ("[2001:db8::7]:80", "2001:db8::7"),
        ("7", "192.0.2.7"),
        ("2.7", "192.0.2.7"),
        (":7", "2001:db8::7"),
        ("bücher.example", "bucher.example"),
        ("bü cher.example", "xn--bcher-kva.example"),
        ("-ü.example", "xn--bcher-kva.example"),
    ],
)
def test_hosts_that_no_proxy_does_not_match_have_the_proxy(no_proxy, host):
    assert proxy_host({"https_proxy": URL, "no_proxy": no_proxy}, host) == "proxy.example"


def test_no_proxy_in_lower_case_precedes_upper_case():
    assert proxy_host({"https_proxy": URL, "no_proxy": "", "NO_PROXY": "*"}) == "proxy.example"


OTHER_SPELLINGS = [
    "localhost.",
    "127.0.0.1.",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "0.0.0.0",
    "0",
    "::",
    "::ffff:0.0.0.0",
]
"""Other spellings of this machine."""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", *OTHER_SPELLINGS])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_this_machine_never_has_a_proxy(host, scheme):
    assert proxy_host({"all_proxy": URL}, host, scheme) is None
    assert proxy_host({}, host, scheme, proxy=URL) is None


@pytest.mark.parametrize(
    "host", ["127.0.0.1.example", "localhost.example", "notlocalhost", "128.0.0.1", "::2", "128.1", "::ffff:10.0.0.1"]
)
def test_similar_hosts_are_not_this_machine(host):
    assert proxy_host({"all_proxy": URL}, host) == "proxy.example"


@pytest.mark.parametrize("environment", [{}, {"https_proxy": at("a")}, {"https_proxy": "socks5://a", "no_proxy": "*"}])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_argument_applies_to_all_hosts_and_replaces_the_environment(environment, scheme):
    assert proxy_host(environment, scheme=scheme, proxy=URL) == "proxy.example"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://proxy.example:3128", "proxy.example", 3128),
        ("http://proxy.example:3128/", "proxy.example", 3128),
        ("http://proxy.example", "proxy.example", 80),
        ("HTTP://Proxy.Example", "proxy.example", 80),
        ("proxy.example:3128", "proxy.example", 3128),
        ("localhost:3128", "localhost", 3128),
        ("proxy", "proxy", 80),
        (" http://127.0.0.1:3128\n", "127.0.0.1", 3128),
        ("http://[::1]:3128", "::1", 3128),
        ("[2001:db8::7]", "2001:db8::7", 80),
    ],
)
def test_the_url_of_a_proxy_is_parsed(url, host, port):
    assert proxies({"https_proxy": url}).proxy_for("https", "api.example", 443) == Proxy(host, port)


@pytest.mark.parametrize(
    ("info", "pair"),
    [
        ("user:password", "user:password"),
        ("user", "user:"),
        ("user:", "user:"),
        (":password", ":password"),
        ("us%3Aer:p%2B%2F%25%3A%20%C3%A9", "us:er:p+/%: é"),
        ("user:p:w", "user:p:w"),
        ("user:pä@ss", "user:pä@ss"),
    ],
)
@pytest.mark.parametrize("start", ["http://", ""])
def test_user_and_password_are_in_a_header_but_not_in_the_repr(start, info, pair):
    proxy = proxies({}, f"{start}{info}@proxy.example:3128").proxy_for("https", "api.example", 443)
    scheme, _, encoded = proxy.authorization.partition(" ")
    assert (scheme, b64decode(encoded).decode()) == ("Basic", pair)
    assert repr(proxy) == "Proxy(host='proxy.example', port=3128)"


UNUSABLE = [
    "socks5://user:s3cret@proxy.example:1080",
    "socks4a://s3cret",
    "https://user:s3cret@proxy.example",
    "://s3cret",
    "http://",
    "http://user:s3cret@",
    "http://:s3cret@:80",
    "http://user:s3cret@proxy.example:0",
    "http://user:s3cret@proxy.example:99999",
    "http://user:s3cret@pro xy",
    "http://user:s3cret/@proxy.example",
    "http://user#s3cret@proxy.example",
    "http://proxy.example/s3cret",
    "http://proxy.example?s3cret",
    "http://[s3cret",
    "s3cret\0",
]


@pytest.mark.parametrize("url", UNUSABLE)
@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_an_unusable_variable_is_named_without_its_value_when_it_applies(name, url):
    found = proxies({name: url, "no_proxy": "intern.example"})
    assert found.proxy_for("https", "localhost", 443) is None
    assert found.proxy_for("https", "intern.example", 443) is None
    with pytest.raises(InvalidArgument, match=f"^{name.lower()} must be the URL of an HTTP proxy") as caught:
        found.proxy_for("https", "api.example", 443)
    assert shows_no_secret(caught.value)


@pytest.mark.parametrize("url", [3128, b"http://s3cret", object()])
def test_proxy_must_be_a_str(url):
    with pytest.raises(InvalidType, match="^proxy must be a str, not ") as caught:
        Urllib3Transport(proxy=url)
    assert shows_no_secret(caught.value)


@pytest.mark.parametrize("url", [*UNUSABLE, ""])
def test_an_unusable_argument_is_refused_without_its_value(url):
    with pytest.raises(InvalidArgument, match="^proxy must be the URL of an HTTP proxy") as caught:
        Urllib3Transport(proxy=url)
    assert shows_no_secret(caught.value)


@pytest.mark.parametrize("host", ["pro xy", "s3cret\0", "s3cret\r", "pr\u00f6xy"])
def test_a_host_that_http_does_not_allow_is_refused_even_if_urllib3_accepts_it(monkeypatch, host):
    read = Url("http", host=host, path="/")  # what most versions return
    monkeypatch.setattr("spongewatch.transports.http.proxies.parse_url", lambda _: read)
    with pytest.raises(InvalidArgument, match="^proxy must be the URL of an HTTP proxy") as caught:
        proxies({}, "http://s3cret")
    assert shows_no_secret(caught.value)


def shows_no_secret(error):
    text = "".join(traceback.TracebackException.from_exception(error).format_exception_only()) + str(error)
    return "s3cret" not in text and "\n" not in str(error) and error.__context__ is None


TEXTS = (
    st.text(max_size=30) | st.text("htpsock5:/@[]%.#?a0 \n", max_size=30) | st.from_regex(r"\w*://\S*", fullmatch=True)
)


@given(TEXTS, TEXTS, st.sampled_from(["api.example", "192.0.2.7", "2001:db8::7"]))
def test_no_value_of_the_variables_raises_anything_else(url, no_proxy, host):
    try:
        proxies({"https_proxy": url, "no_proxy": no_proxy}).proxy_for("https", host, 443)
    except InvalidArgument as error:
        assert str(error).startswith("https_proxy must be the URL of an HTTP proxy")
