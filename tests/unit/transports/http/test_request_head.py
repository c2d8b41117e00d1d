import traceback

import pytest

from spongewatch import InvalidArgument, Request, __version__
from spongewatch.core.secret import Secret
from spongewatch.transports.http.origins import Routes
from spongewatch.transports.http.proxies import Proxies
from spongewatch.transports.http.request_head import check_request, request_head


def head(request, proxy=None):
    origin, target = Routes(Proxies(proxy and Secret(proxy), trust_env=False)).find(Secret(request.url))
    check_request(request, target)
    return request_head(request, target, origin)


def test_a_request_is_sent_with_its_headers_and_three_more():
    request = Request("GET", "https://api.example/events/1126.json?echo=a%20b", {"x-odd": "two  blanks, \xe9\t"})
    assert head(request) == (
        b"GET /events/1126.json?echo=a%20b HTTP/1.1\r\nhost: api.example\r\naccept-encoding: gzip\r\n"
        b"user-agent: spongewatch/" + __version__.encode() + b"\r\nx-odd: two  blanks, \xe9\t\r\n\r\n"
    )


def test_headers_of_the_request_replace_those_of_the_transport():
    assert head(Request("GET", "https://api.example/", {"host": "other", "user-agent": "mine"})) == (
        b"GET / HTTP/1.1\r\nhost: other\r\naccept-encoding: gzip\r\nuser-agent: mine\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("GET", b"", None), ("DELETE", b"", None), ("POST", b"", b"0"), ("POST", b"[]", b"2"), ("DELETE", b"[]", b"2")],
)
def test_content_length_is_sent_with_a_body_and_with_post(method, body, length):
    written = head(Request(method, "https://api.example/", {}, body))
    assert (b"\r\ncontent-length: %b\r\n" % length in written) if length else (b"content-length" not in written)


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://api.example/a?b", b"GET http://api.example/a?b HTTP/1.1\r\n"),
        ("http://[2001:db8::1]:8080/", b"GET http://[2001:db8::1]:8080/ HTTP/1.1\r\n"),
        ("https://api.example/a?b", b"GET /a?b HTTP/1.1\r\n"),
    ],
)
def test_a_request_has_the_whole_url_and_the_proxy_password_only_over_http(url, line):
    written = head(Request("GET", url), "http://user:s3cret@proxy.example:3128")
    assert written.startswith(line)
    assert (b"\r\nproxy-authorization: Basic dXNlcjpzM2NyZXQ=\r\n" in written) is url.startswith("http:")


@pytest.mark.parametrize("proxy", ["http://proxy.example:3128", None])
def test_no_proxy_password_is_sent_without_one(proxy):
    assert b"proxy-authorization" not in head(Request("GET", "http://api.example/"), proxy)


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        (Request("", "https://api.example/"), "method"),
        (Request("GET /", "https://api.example/"), "method"),
        (Request("GET\r\nx: y", "https://api.example/"), "method"),
        (Request("GET", "https://api.example/", {"": "s3cret"}), "header name"),
        (Request("GET", "https://api.example/", {"a b": "s3cret"}), "header name"),
        (Request("GET", "https://api.example/", {"a\n": "s3cret"}), "header name"),
        (Request("GET", "https://api.example/", {"a": "s3cret\r\nb: c"}), "header value"),
        (Request("GET", "https://api.example/", {"a": "s3cret\0"}), "header value"),
        (Request("GET", "https://api.example/", {"a": "s3cret\u20ac"}), "header value"),
    ],
)
def test_a_request_that_http_does_not_allow_is_an_invalid_argument_that_does_not_show_it(request_, part):
    with pytest.raises(InvalidArgument, match=f"^request has a {part} that HTTP doesn't allow$") as caught:
        head(request_)
    shown = [
        entry.locals for entry in traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ]
    assert "s3cret" not in str(shown[1:])


def test_a_target_that_http_does_not_allow_is_an_invalid_argument():
    with pytest.raises(InvalidArgument, match="^request has a URL that HTTP doesn't allow$"):
        check_request(Request("GET", "https://api.example/a b"), Secret("/a b"))
